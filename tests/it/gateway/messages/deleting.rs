//! What was sent is taken back, as clients see it.

use serde_json::{Value, json};

use crate::support::{
    Daemon, Gateway, Scratch, Shared, assert_field, event_where, program, refusal, run,
};

/// A message to a visitor who is there.
async fn sent(daemon: &Gateway, peer: &str) -> Value {
    let mut client = daemon.client().await;
    let sent = json!({"channel": "webchat", "to": peer, "text": "hushed-text", "wait": true});
    let sent = client.call("send", &sent).await.expect("an outcome");
    assert_field(&sent, "state", "sent");
    sent["message_id"].clone()
}

#[tokio::test]
async fn sent_message_is_taken_back_once_and_stays_in_the_archive() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    let topics = [
        "message.status@webchat/delete-ana",
        "message.deleted@webchat/delete-ana",
    ];
    let mut ana = daemon.listener(&topics).await;
    let id = sent(&daemon, "delete-ana").await;
    let asked = json!({"message_id": id});
    let deleted = client.call("delete", &asked).await.expect("deleted");
    assert_field(&deleted, "message_id", id.clone());
    let event = event_where(&mut ana, |event| !event["deleted_ms"].is_null()).await;
    assert_field(&event, "message_id", id);
    assert_field(&event, "deleted_ms", deleted["deleted_ms"].clone());
    let again = client.call("delete", &asked).await.expect("known");
    assert_eq!(again, deleted);
    let kept = client.call("message", &asked).await.expect("kept");
    assert_field(&kept["message"], "text", "hushed-text");
    let integrations = client.call("integrations", &json!({})).await;
    let integrations = integrations.expect("a list")["integrations"].clone();
    let webchat = |one: &&Value| one["name"] == "webchat";
    let webchat = integrations.as_array().expect("rows").iter().find(webchat);
    assert_field(webchat.expect("webchat"), "deletes", true);
}

#[tokio::test]
async fn what_was_not_sent_from_here_cannot_be_taken_back() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    let queued = json!({"channel": "webchat", "to": "delete-bia", "text": "x"});
    let queued = client.call("send", &queued).await.expect("queued")["message_id"].clone();
    let received = json!({"channel": "webchat", "peer": "delete-bia", "text": "x"});
    let received = client.call("receive", &received).await.expect("taken")["message_id"].clone();
    for (id, hint) in [(&queued, "cancel"), (&received, "came in")] {
        let asked = json!({"message_id": id});
        let fault = client.call("delete", &asked).await.expect_err("refused");
        assert!(fault.to_string().contains(hint), "{fault}");
    }
    let cancelled = json!({"message_id": queued});
    client.call("cancel", &cancelled).await.expect("cancelled");
    assert_eq!(refusal(&mut client, "delete", cancelled).await, "conflict");
    let unknown = json!({"message_id": "m-999999"});
    assert_eq!(refusal(&mut client, "delete", unknown).await, "not_found");
}

#[tokio::test]
async fn command_takes_messages_back() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let _ana = daemon.listener(&["message.status@webchat/ana"]).await;
    let id = sent(&daemon, "ana").await;
    let id = id.as_str().expect("an id");
    let (code, shown, _) = run(program(&home.0, &["message", "delete", id]));
    assert_eq!((code, shown.trim()), (0, format!("deleted {id}").as_str()));
    let (code, _, told) = run(program(&home.0, &["message", "delete", "m-999"]));
    assert!(code == 1 && told.contains("not_found"), "{told}");
    let (code, _, told) = run(program(&home.0, &["message", "shred", id]));
    assert!(code == 2 && told.contains("delete, send"), "{told}");
}
