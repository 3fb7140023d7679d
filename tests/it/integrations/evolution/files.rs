//! Files through the daemon: one that comes in is fetched apart from its message, one that is sent is
//! uploaded, and one that the service cannot bring says why.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::setup::{EvolutionSetup, post};
use crate::support::{Daemon, assert_field, event_where, fake::Reply, history};

const PEER: &str = "551133334444@s.whatsapp.net";

/// A message with a document as the service posts it.
fn document(id: &str) -> Value {
    let document = json!({"mimetype": "text/plain", "fileName": "a.txt", "fileLength": "11"});
    json!({"event": "messages.upsert", "instance": "Cleudocode", "data": {
        "key": {"id": id, "remoteJid": PEER, "fromMe": false},
        "message": {"documentMessage": document}}})
}

/// A service that answers the question for a file like this.
fn serving(status: u16, answer: Value) -> EvolutionSetup {
    EvolutionSetup::serving(json!([]), move |request| {
        if request.path == "/chat/getBase64FromMediaMessage/Cleudocode" {
            return Reply::Json(status, answer.clone());
        }
        Reply::Json(201, json!({"key": {"id": "3EB0"}}))
    })
}

fn content(daemon: &Daemon, id: &str) -> (u16, String) {
    let path = format!("/media/{id}");
    let (status, _, body) = daemon.get("GET", &path, &daemon.authorization());
    (status, body)
}

#[tokio::test]
async fn a_file_that_comes_in_is_fetched_and_handed_out() {
    let answer = json!({"mediaType": "documentMessage", "fileName": "a.txt", "mimetype": "text/plain",
        "size": {"fileLength": "11"}, "base64": BASE64.encode(b"hello world"), "buffer": null});
    let setup = serving(201, answer);
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.listener(&["message.media"]).await;
    assert_eq!(post(&daemon, &document("A1"), &secret), 200);
    let event = event_where(&mut client, |payload| payload["media"]["state"] == "ready").await;
    assert_field(&event["media"], "name", "a.txt");
    let id = event["media"]["media_id"].as_str().expect("an id");
    assert_eq!(content(&daemon, id), (200, "hello world".to_owned()));
}

#[tokio::test]
async fn a_file_that_the_service_cannot_bring_says_why_and_is_not_asked_for_where_that_is_set() {
    let refusal = json!({"status": 400, "error": "Bad Request",
        "response": {"message": ["The message is not of the media type"]}});
    let setup = serving(400, refusal);
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.listener(&["message.media"]).await;
    assert_eq!(post(&daemon, &document("A1"), &secret), 200);
    let event = event_where(&mut client, |payload| payload["media"]["state"] == "failed").await;
    let why = event["media"]["error"].as_str().unwrap_or_default();
    assert!(why.contains("not of the media type"), "{why}");

    let (daemon, secret) = {
        drop(daemon);
        setup.daemon_with(&[("WHATSAPP_MEDIA", "images")])
    };
    assert_eq!(post(&daemon, &document("A2"), &secret), 200);
    let mut client = daemon.client().await;
    let messages = history(&mut client, "whatsapp").await;
    let last = messages.last().expect("a message");
    assert_field(&last["media"], "state", Value::Null);
}

#[tokio::test]
async fn a_file_that_is_sent_is_uploaded() {
    let setup = serving(400, json!({}));
    let (daemon, _) = setup.daemon();
    let mut client = daemon.client().await;
    let media =
        json!({"data": BASE64.encode(b"hello world"), "name": "a.txt", "mime": "text/plain"});
    let payload = json!({"channel": "whatsapp", "to": "+551133334444", "text": "look", "media": media,
        "wait": true});
    let sent = client.call("send", &payload).await.expect("sent");
    assert_field(&sent, "state", "sent");
    let upload = setup.fake.saw("/message/sendMedia/Cleudocode");
    let head = upload.head.to_ascii_lowercase();
    assert!(
        head.contains("content-type: multipart/form-data; boundary="),
        "{head}"
    );
    assert!(!head.contains("transfer-encoding"), "{head}");
}
