//! `POST /send/CHANNEL/PEER`: what curl posts becomes a message, within the rights of its key.

use std::process::Command;

use serde_json::{Value, json};

use crate::gateway::media::DOT;
use crate::support::{Daemon, Gateway, Scratch, Shared, assert_field};

/// Posts a body with these header lines and the token; status and answer.
fn post(gateway: &Gateway, path: &str, headers: &[&str], body: &str) -> (u16, Value) {
    let authorization = gateway.authorization();
    let lines: Vec<&str> = headers
        .iter()
        .copied()
        .chain([authorization.trim_end()])
        .collect();
    let (status, answer) = gateway.post(path, &lines.join("\r\n"), body);
    (status, serde_json::from_str(&answer).unwrap_or_default())
}

fn called(gateway: &Gateway, action: &str, payload: &Value) -> Value {
    let command = json!({"type": "command", "action": action, "id": 1, "payload": payload});
    let (_, mut answer) = gateway.rpc(&command.to_string());
    assert_eq!(answer["type"], "response", "{action}: {answer}");
    answer["payload"].take()
}

fn message(gateway: &Gateway, answer: &Value) -> Value {
    let id = json!({"message_id": answer["message_id"]});
    called(gateway, "message", &id)["message"].take()
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

#[test]
fn a_body_is_the_text_whatever_curl_calls_it() {
    let daemon = Shared::daemon();
    for (peer, headers, body) in [
        ("a", &[FORM][..], "Backup done & fine=1"),
        (
            "b%20c",
            &["Content-Type: text/plain"],
            "Backup done & fine=1\n",
        ),
        ("d/e", &[], "Backup done & fine=1\r\n"),
    ] {
        let (status, answer) = post(&daemon, &format!("/send/webchat/{peer}"), headers, body);
        assert_eq!(status, 202, "{answer}");
        let message = message(&daemon, &answer);
        assert_field(&message, "text", "Backup done & fine=1");
        assert_field(&message, "peer", peer.replace("%20", " "));
    }
}

#[test]
fn json_is_the_payload_of_send_and_headers_fill_it() {
    let daemon = Shared::daemon();
    let json = "Content-Type: application/json";
    let first = json!({"text": "once", "reply_to": "m-1"}).to_string();
    let path = "/send/webchat/json";
    let headers = [json, "Idempotency-Key: send-it-once"];
    let (status, answer) = post(&daemon, path, &headers, &first);
    assert_eq!(
        (status, &answer["duplicate"]),
        (202, &json!(false)),
        "{answer}"
    );
    assert_field(&message(&daemon, &answer), "reply_to", "m-1");
    let (status, again) = post(&daemon, path, &headers, &first);
    assert_eq!((status, &again["message_id"]), (200, &answer["message_id"]));
    for (body, why) in [
        (r#"{"text":"x","to":"somebody else"}"#, "another \"to\""),
        ("[]", "JSON object"),
        ("{", "not JSON"),
        (r#"{"text":7}"#, "\"text\""),
        ("{}", "text"),
    ] {
        let (status, refusal) = post(&daemon, path, &[json], body);
        assert_eq!(status, 400, "{body}: {refusal}");
        let told = refusal["message"].as_str().unwrap_or_default();
        assert!(told.contains(why), "{body}: {told}");
    }
}

#[test]
fn a_name_makes_the_body_a_file_and_a_caption_goes_with_it() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let picture = home.0.join("dot.png");
    std::fs::write(&picture, DOT).expect("written");
    let url = format!("http://{}/send/webchat/file", daemon.address);
    let output = Command::new("curl")
        .args(["-sS", "--data-binary", &format!("@{}", picture.display())])
        .args(["-H", daemon.authorization().trim_end()])
        .args(["-H", "Filename: ponto é.png", "-H", "Caption: olá", &url])
        .output();
    let Ok(output) = output else {
        eprintln!("curl is not installed: nothing was checked");
        return;
    };
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let message = message(&daemon, &answer);
    assert_field(&message, "text", "olá");
    assert_field(&message["media"], "name", "ponto é.png");
    assert_field(&message["media"], "mime", "image/png");
    assert_field(&message["media"], "bytes", DOT.len());
}

#[test]
fn what_cannot_be_sent_is_refused_with_the_reason() {
    let daemon = Shared::daemon();
    for (path, headers, body, status, why) in [
        ("/send/fax/ana", &[][..], "x", 404, "fax"),
        ("/send/webchat", &[], "x", 404, "/send/CHANNEL/PEER"),
        ("/send/webchat/ana", &[], "", 400, "text"),
        (
            "/send/webchat/ana",
            &["Content-Type: multipart/form-data; boundary=x"],
            "x",
            415,
            "--data-binary",
        ),
        (
            "/send/webchat/ana",
            &["Filename: a", "Filename: b"],
            "x",
            400,
            "twice",
        ),
        (
            "/send/webchat/ana",
            &["Origin: https://evil.example"],
            "x",
            403,
            "rigin",
        ),
    ] {
        let (came, answer) = post(&daemon, path, headers, body);
        assert_eq!(came, status, "{path} {headers:?}: {answer}");
        let told = answer["message"].as_str().unwrap_or_default();
        assert!(told.contains(why), "{path}: {told}");
    }
    let (status, _) = daemon.post("/send/webchat/ana", "Content-Type: text/plain", "x");
    assert_eq!(status, 401, "without a token");
    let (status, ..) = daemon.get("GET", "/send/webchat/ana", &daemon.authorization());
    assert_eq!(status, 405);
}

#[test]
fn a_key_for_one_peer_sends_there_and_nowhere_else() {
    let daemon = Shared::daemon();
    let key = |role: &str| {
        let payload = json!({"name": format!("{role} of the cron job"), "role": role, "peers": ["webchat/ana"]});
        Gateway {
            token: called(&daemon, "key.add", &payload)["token"]
                .as_str()
                .expect("a token")
                .to_owned(),
            ..(*daemon).clone()
        }
    };
    let sender = key("send");
    assert_eq!(post(&sender, "/send/webchat/ana", &[FORM], "done").0, 202);
    for headers in [&[FORM][..], &["Filename: a.bin"]] {
        let (status, answer) = post(&sender, "/send/webchat/bia", headers, "done");
        assert_eq!(status, 403, "{answer}");
        let told = answer["message"].as_str().unwrap_or_default();
        assert!(told.contains("limited to webchat/ana"), "{told}");
    }
    let (status, answer) = post(&key("read"), "/send/webchat/ana", &[FORM], "done");
    let told = answer["message"].as_str().unwrap_or_default();
    assert_eq!(status, 403, "{answer}");
    assert!(told.contains("needs a key of role send"), "{told}");
}
