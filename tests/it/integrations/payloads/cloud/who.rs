//! Whose a message is: numbers, user ids without one, groups, what the user writes on the phone.

use serde_json::json;

use super::{ANA, ANA_ID, GROUP, Stage, contact, text};
use crate::support::{assert_field, assert_fields};

/// A user with a user name has no number, only an id.
#[tokio::test]
async fn a_user_without_a_number_is_answered_by_the_id() {
    let mut stage = Stage::open().await;
    let contact =
        json!({"profile": {"name": "Ana Lima", "username": "ana.lima"}, "user_id": ANA_ID});
    let message = json!({"from_user_id": ANA_ID, "from": "", "id": "wamid.1", "timestamp": "1780000000", "type": "text", "text": {"body": "hello, no number"}});
    stage.post(&[(
        "messages",
        json!({"contacts": [contact], "messages": [message]}),
    )]);
    let stored = stage.stored(ANA_ID).await;
    assert_fields(
        &stored[0],
        &json!({"peer": ANA_ID, "text": "hello, no number", "meta.name": "Ana Lima"}),
    );
    let sent = stage.send(ANA_ID, json!({"text": "hello"})).await;
    assert_field(&sent, "state", "sent");
    let body = stage.fake.saw("/messages").body;
    let named = if body["recipient"].is_null() {
        &body["to"]
    } else {
        &body["recipient"]
    };
    assert_eq!(named, ANA_ID, "{body}");
}

/// Once both are known, they are one person.
#[tokio::test]
async fn a_user_id_beside_a_number_is_the_same_person() {
    let mut stage = Stage::open().await;
    let both = json!({"profile": {"name": "Ana Lima"}, "wa_id": ANA, "user_id": ANA_ID});
    let mut first = text("wamid.1", "with my number");
    first["from_user_id"] = json!(ANA_ID);
    let second = json!({"from_user_id": ANA_ID, "id": "wamid.2", "type": "text", "text": {"body": "without"}});
    stage.post(&[("messages", json!({"contacts": [both], "messages": [first]}))]);
    stage.post(&[(
        "messages",
        json!({"contacts": [{"user_id": ANA_ID}], "messages": [second]}),
    )]);
    assert_eq!(stage.peers().await, [ANA]);
    assert_eq!(stage.stored(ANA).await.len(), 2);
}

#[tokio::test]
async fn a_group_is_the_peer_and_a_person_the_sender() {
    let mut stage = Stage::open().await;
    let mut message = text("wamid.1", "what do you all think?");
    message["group_id"] = json!(GROUP);
    stage.messages(&json!([message]));
    assert_eq!(stage.peers().await, [GROUP]);
    let stored = stage.stored(GROUP).await;
    assert_fields(&stored[0], &json!({"peer": GROUP, "sender": ANA}));
    stage.send(GROUP, json!({"text": "good"})).await;
    let body = stage.fake.saw("/messages").body;
    assert_fields(&body, &json!({"to": GROUP, "recipient_type": "group"}));
}

/// What the user writes on the phone is their own, whoever the other side is, and no command.
#[tokio::test]
async fn what_the_phone_sends_is_kept_as_own() {
    let mut stage = Stage::open().await;
    let echo = |id: &str, body: &str| json!({"from": "5511900000000", "to": ANA, "id": id, "timestamp": "1780000000", "type": "text", "text": {"body": body}});
    let echoes = json!({"message_echoes": [echo("wamid.E", "I am on my way"), echo("wamid.F", "/zap 5521900001111 hi")]});
    stage.post(&[("smb_message_echoes", echoes)]);
    let stored = stage.stored(ANA).await;
    assert_eq!(stored.len(), 2, "{stored:?}");
    assert_fields(
        &stored[0],
        &json!({"peer": ANA, "text": "I am on my way", "meta.own": true}),
    );
    assert!(stage.fake.never_saw("/messages"));
}

#[tokio::test]
async fn a_new_number_goes_on_with_the_conversation() {
    let mut stage = Stage::open().await;
    let now = "5521900001111";
    let system = json!({"from": ANA, "id": "wamid.2", "timestamp": "1780000000", "type": "system", "system":
        {"body": "Ana changed from 5511987654321 to 5521900001111", "wa_id": now, "type": "user_changed_number"}});
    stage.messages(&json!([text("wamid.1", "my old number"), system]));
    let mut after = text("wamid.3", "my new number");
    after["from"] = json!(now);
    stage.post(&[(
        "messages",
        json!({"contacts": [contact(now)], "messages": [after]}),
    )]);
    let stored = stage.stored(now).await;
    let of_system = stored.iter().find(|one| one["kind"] == "system");
    assert!(
        of_system.is_some_and(|one| one["text"].as_str().is_some_and(|text| text.contains(now))),
        "{stored:?}"
    );
    assert!(
        stored.iter().any(|one| one["text"] == "my new number"),
        "{stored:?}"
    );
    // What is sent to the old number follows.
    stage.send(ANA, json!({"text": "hello"})).await;
    assert_field(&stage.fake.saw("/messages").body, "to", now);
}

#[tokio::test]
async fn a_list_may_hold_the_number_or_the_id() {
    for allowed in [ANA, ANA_ID, "+55 11 98765-4321"] {
        let fake = crate::support::services::cloud(|_| crate::support::services::cloud_accepted());
        let mut stage = Stage::on(fake, &[("WHATSAPP_CLOUD_ALLOW_FROM", allowed)]).await;
        let both = json!({"profile": {"name": "Ana Lima"}, "wa_id": ANA, "user_id": ANA_ID});
        let mut message = text("wamid.1", "hi");
        message["from_user_id"] = json!(ANA_ID);
        stage.post(&[(
            "messages",
            json!({"contacts": [both], "messages": [message]}),
        )]);
        assert_eq!(stage.stored(ANA).await.len(), 1, "{allowed}");
    }
}
