//! What becomes of messages later: edits, deletions, reactions, receipts.

use serde_json::{Value, json};

use super::{ANA, ANA_JID, ANA_LID, Stage, text, upsert};
use crate::support::{assert_field, assert_fields, event_where, message};

fn key(id: &str) -> Value {
    json!({"id": id, "remoteJid": ANA_JID, "fromMe": false})
}

/// Every way in which an edit comes.
fn edits(id: &str, words: &str) -> Vec<(&'static str, &'static str, Value)> {
    let new = json!({"conversation": words});
    let protocol = |kind: Value| json!({"key": key(id), "type": kind, "editedMessage": new});
    vec![
        (
            "an event of its own",
            "messages.edited",
            protocol(json!("MESSAGE_EDIT")),
        ),
        (
            "the same by its number",
            "MESSAGES_EDITED",
            protocol(json!(14)),
        ),
        (
            "in a message",
            "messages.upsert",
            upsert(
                "EDIT1",
                ANA_JID,
                &json!({"protocolMessage": protocol(json!("MESSAGE_EDIT"))}),
            ),
        ),
        (
            "in a wrapped message",
            "messages.upsert",
            upsert(
                "EDIT2",
                ANA_JID,
                &json!({"editedMessage": {"message": {"protocolMessage": protocol(json!(14))}}}),
            ),
        ),
    ]
}

#[tokio::test]
async fn an_edit_changes_the_message_it_concerns() {
    let mut stage = Stage::open().await;
    let mut listener = stage.daemon.listener(&["message.edited"]).await;
    for (number, (row, event, data)) in edits("E1", "see you at 8").into_iter().enumerate() {
        let (id, words) = (format!("E1-{number}"), format!("see you at 8 ({number})"));
        let data = data
            .to_string()
            .replace("\"E1\"", &format!("\"{id}\""))
            .replace("see you at 8", &words);
        stage.post("messages.upsert", &text(&id, ANA_JID, "see you at 7"));
        stage.post(event, &serde_json::from_str(&data).expect("JSON"));
        let stored = stage.stored(ANA).await;
        assert_eq!(stored.len(), number + 1, "{row}: {stored:?}");
        let newest = stored.last().expect("one");
        assert_fields(
            newest,
            &json!({"text": words, "edits.0.text": "see you at 7"}),
        );
        let told = event_where(&mut listener, |event| event["text"] == words).await;
        assert_field(&told, "message_id", newest["message_id"].clone());
    }
}

/// Nothing is obeyed twice, and an edit is never a command.
#[tokio::test]
async fn an_edited_command_is_not_obeyed() {
    let mut stage = Stage::open().await;
    stage.post(
        "messages.upsert",
        &text("C", ANA_JID, "/zap 5521900001111 hello"),
    );
    let sent = stage.fake.saw("/message/sendText/Cleudocode").body;
    assert_field(&sent, "text", "hello");
    for (_, event, data) in edits("C", "/zap 5521900001111 hello!") {
        stage.post(event, &data);
    }
    for (_, event, data) in edits("never seen", "/zap 5521900001111 hello?") {
        stage.post(event, &data);
    }
    stage.send("491510000001", json!({"text": "the end"})).await;
    let mut told = Vec::new();
    while told.last().is_none_or(|text| text != "the end") {
        told.push(stage.fake.saw("/message/sendText/Cleudocode").body["text"].take());
    }
    let zaps: Vec<_> = told
        .iter()
        .filter(|text| text.as_str().is_some_and(|text| text.starts_with("hello")))
        .collect();
    assert!(zaps.is_empty(), "{told:?}");
}

#[tokio::test]
async fn a_deleted_message_stays_and_is_marked() {
    let mut stage = Stage::open().await;
    let mut listener = stage.daemon.listener(&["message.deleted"]).await;
    let gone = |id: &str| json!({"id": id, "keyId": id, "remoteJid": ANA_JID, "fromMe": false, "status": "DELETED"});
    let revoked = |kind: Value| json!({"protocolMessage": {"key": key("D4"), "type": kind}});
    for (id, event, data) in [
        ("D1", "messages.delete", gone("D1")),
        ("D2", "MESSAGES_DELETE", gone("D2")),
        (
            "D4",
            "messages.upsert",
            upsert("R", ANA_JID, &revoked(json!("REVOKE"))),
        ),
        (
            "D5",
            "messages.delete",
            json!({"key": key("D5"), "status": "DELETED"}),
        ),
    ] {
        stage.post("messages.upsert", &text(id, ANA_JID, &format!("oops {id}")));
        stage.post(event, &data);
        let told = event_where(&mut listener, |event| event["text"] == format!("oops {id}")).await;
        assert!(told["deleted_ms"].is_u64(), "{told}");
    }
    // Older versions say so of whatever has no status, so that is not believed.
    stage.post("messages.upsert", &text("D3", ANA_JID, "still here"));
    stage.post("messages.update", &gone("D3"));
    let kept = stage.stored(ANA).await.pop().expect("one");
    assert_fields(&kept, &json!({"text": "still here", "deleted_ms": null}));
    // By its number, and twice.
    stage.post("messages.upsert", &text("D6", ANA_JID, "oops D6"));
    let mut data = revoked(json!(0));
    data["protocolMessage"]["key"]["id"] = json!("D6");
    stage.post("messages.upsert", &upsert("R6", ANA_JID, &data));
    stage.post("messages.delete", &gone("D6"));
    let mut stored = stage.stored(ANA).await;
    assert_eq!(stored.len(), 6, "{stored:?}");
    stored.retain(|one| one["text"] != "still here");
    for message in stored {
        assert!(
            message["deleted_ms"].is_u64()
                && message["text"]
                    .as_str()
                    .is_some_and(|text| text.starts_with("oops")),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_reaction_says_on_what_and_when_it_is_taken_back() {
    let mut stage = Stage::open().await;
    stage.post("messages.upsert", &text("X1", ANA_JID, "hi"));
    let reaction = |id: &str, emoji: &str| {
        upsert(
            id,
            ANA_JID,
            &json!({"reactionMessage": {"key": {"id": "X1"}, "text": emoji}}),
        )
    };
    stage.post("messages.upsert", &reaction("X2", "👍"));
    stage.post("messages.upsert", &reaction("X3", ""));
    let stored = stage.stored(ANA).await;
    assert_eq!(stored.len(), 3, "{stored:?}");
    assert_fields(
        &stored[1],
        &json!({"kind": "reaction", "text": "👍", "content": {"to": "X1", "emoji": "👍"}}),
    );
    assert_fields(
        &stored[2],
        &json!({"kind": "reaction", "text": "[reaction removed]", "content": {"to": "X1", "emoji": ""}}),
    );
}

/// Receipts by words and by numbers, by the number and by the hidden id.
#[tokio::test]
async fn receipts_are_read_in_every_spelling() {
    let mut stage = Stage::open().await;
    let mut receipts = 0;
    for (jid, delivered, read) in [
        (ANA_JID, json!("DELIVERY_ACK"), json!("READ")),
        (ANA_JID, json!(3), json!(4)),
        (ANA_LID, json!("DELIVERY_ACK"), json!("PLAYED")),
        (ANA_LID, json!(3), json!(5)),
    ] {
        let sent = stage.send(ANA, json!({"text": "hi"})).await;
        receipts += 1;
        for (status, state) in [(json!(1), "sent"), (delivered, "delivered"), (read, "read")] {
            let data = json!({"keyId": format!("3EB0{receipts}"), "remoteJid": jid, "fromMe": true, "status": status});
            stage.post("messages.update", &data);
            let seen = message(&mut stage.client, &sent["message_id"]).await;
            assert_field(&seen, "state", state);
        }
    }
}
