//! What authors did to messages after they were stored.

use serde_json::{Value, json};

use super::{ANA, ME, Stage, jid};
use crate::message::Kind;

#[tokio::test]
async fn an_edit_changes_the_message_however_it_comes() {
    let edit = |id: &str, message: Value| json!({"key": {"id": id, "remoteJid": jid(ME), "fromMe": true}, "type": "MESSAGE_EDIT", "editedMessage": message});
    let stage = Stage::new("*");
    stage.message("A", json!({"conversation": "/zap"})).await;
    let before = stage.stored().len();
    for (number, text) in ["one", "two", "three", "four"].iter().enumerate() {
        let new = json!({"ephemeralMessage": {"message": {"extendedTextMessage": {"text": text}}}});
        let (event, data) = match number {
            0 => ("MESSAGES_EDITED", edit("A", new)),
            1 => ("messages.edited", json!([edit("A", new)])),
            2 => {
                let update = json!({"keyId": "A", "remoteJid": jid(ANA), "fromMe": false,
                    "status": "SERVER_ACK", "message": {"editedMessage": {"message": new}}});
                ("messages.update", update)
            }
            _ => {
                let inside = json!({"message": {"protocolMessage": edit("A", new)}});
                let data = json!({"key": {"id": "Z", "remoteJid": jid(ANA)},
                    "message": {"editedMessage": inside}});
                ("messages.upsert", data)
            }
        };
        stage.post(event, data).await;
        let first = stage.stored().remove(0);
        assert_eq!(
            (first.text.as_str(), first.edits.len()),
            (*text, number + 1)
        );
    }
    assert_eq!(
        stage.stored().len(),
        before,
        "no command of an edit is obeyed"
    );
}

#[tokio::test]
async fn an_edited_caption_stays_with_its_picture() {
    let stage = Stage::new("*");
    stage
        .message(
            "A",
            json!({"imageMessage": {"caption": "old", "mimetype": "image/png"}}),
        )
        .await;
    let new = json!({"key": {"id": "A"}, "type": 14, "editedMessage": {"imageMessage": {"caption": "new"}}});
    stage.post("messages.edited", new).await;
    let image = stage.only();
    assert_eq!((image.kind, image.text.as_str()), (Kind::Image, "new"));
    assert!(image.media.is_some());
}

#[tokio::test]
async fn an_edit_of_what_is_not_known_is_stored_where_it_is_told_whose_it_is() {
    let stage = Stage::new("*");
    let edit = |id: &str, remote: String, own: bool| json!({"key": {"id": id, "remoteJid": remote, "fromMe": own}, "type": 14, "editedMessage": {"conversation": "/zap x"}});
    // As its author sees it, the other side is ourselves: whose it is nobody knows.
    stage
        .post("messages.edited", edit("A", jid(ME), true))
        .await;
    assert!(stage.stored().is_empty());
    stage
        .post("messages.edited", edit("A", jid(ANA), false))
        .await;
    stage
        .post("messages.edited", edit("B", jid(ANA), true))
        .await;
    stage
        .post("messages.edited", edit("C", "1@g.us".to_owned(), true))
        .await;
    let all = stage.stored();
    assert_eq!(all.len(), 3, "and none is obeyed: {all:?}");
    for one in &all {
        assert_eq!(one.meta.as_ref().expect("kept")["edited"], true);
    }
    let own: Vec<_> = all
        .iter()
        .map(|one| one.meta.as_ref().expect("kept")["own"] == true)
        .collect();
    assert_eq!(own, [false, true, false]);
}

#[tokio::test]
async fn a_deletion_is_believed_where_it_is_one() {
    for (event, data) in [
        (
            "messages.delete",
            json!({"id": "A", "remoteJid": jid(ANA), "status": "DELETED"}),
        ),
        ("messages.delete", json!([{"keyId": "A"}])),
        (
            "messages.delete",
            json!({"id": "cm5x-of-the-database", "key": {"id": "A"}}),
        ),
        (
            "messages.edited",
            json!({"key": {"id": "A"}, "type": "REVOKE"}),
        ),
        (
            "messages.upsert",
            json!({"key": {"id": "R", "remoteJid": jid(ANA)},
            "message": {"protocolMessage": {"type": 0, "key": {"id": "A"}}}}),
        ),
    ] {
        let stage = Stage::new("*");
        stage.message("A", json!({"conversation": "oops"})).await;
        let update =
            json!({"keyId": "A", "remoteJid": jid(ANA), "fromMe": false, "status": "DELETED"});
        stage.post("messages.update", update).await;
        assert_eq!(stage.only().deleted_ms, None, "that says nothing");
        stage.post(event, data.clone()).await;
        assert!(stage.only().deleted_ms.is_some(), "{data}");
    }
}

#[tokio::test]
async fn what_an_older_version_stored_is_found() {
    let stage = Stage::new("*");
    let inbound = crate::store::Inbound {
        channel: super::NAME.to_owned(),
        peer: ANA.to_owned(),
        text: "before the update".to_owned(),
        dedup_key: Some(format!("{}:A", jid(ANA))),
        ..crate::store::Inbound::default()
    };
    stage
        .store
        .receive(inbound)
        .expect("room")
        .await
        .expect("stored");
    stage
        .post("messages.delete", json!({"id": "A", "remoteJid": jid(ANA)}))
        .await;
    assert!(stage.only().deleted_ms.is_some());
}
