//! Every type of message that Meta's reference has.

use serde_json::json;

use super::{ANA, Stage, text};
use crate::support::{assert_field, assert_fields, event_where};

#[tokio::test]
async fn words_and_files_are_kept() {
    let rows = vec![
        (
            "a text",
            json!({"type": "text", "text": {"body": "hello"}}),
            json!({"kind": null, "text": "hello"}),
        ),
        (
            "a text from an advertisement",
            json!({"type": "text", "text": {"body": "I saw your ad"}, "referral":
                {"source_url": "https://example.invalid/ad", "headline": "Cakes", "body": "20% off"}}),
            json!({"text": "I saw your ad", "reply_to": null, "meta.referral.headline": "Cakes"}),
        ),
        (
            "a forward",
            json!({"type": "text", "text": {"body": "fwd"}, "context": {"forwarded": true}}),
            json!({"text": "fwd", "reply_to": null, "meta.forwarded": true}),
        ),
        (
            "an answer",
            json!({"type": "text", "text": {"body": "yes"}, "context": {"from": "5511900000000", "id": "wamid.Q"}}),
            json!({"text": "yes", "reply_to": "wamid.Q"}),
        ),
        (
            "an image",
            json!({"type": "image", "image": {"id": "77", "mime_type": "image/jpeg", "sha256": "x", "caption": "look"}}),
            json!({"kind": "image", "text": "look", "media.kind": "image", "media.id": "77", "media.mime": "image/jpeg"}),
        ),
        (
            "an image with an empty caption",
            json!({"type": "image", "image": {"id": "77", "mime_type": "image/jpeg", "caption": ""}}),
            json!({"kind": "image", "text": "[image]"}),
        ),
        (
            "a film",
            json!({"type": "video", "video": {"id": "78", "mime_type": "video/mp4"}}),
            json!({"kind": "video"}),
        ),
        (
            "a voice message",
            json!({"type": "audio", "audio": {"id": "79", "mime_type": "audio/ogg; codecs=opus", "voice": true}}),
            json!({"kind": "voice", "text": "[voice]", "media.kind": "audio"}),
        ),
        (
            "music",
            json!({"type": "audio", "audio": {"id": "80", "mime_type": "audio/mpeg", "voice": false}}),
            json!({"kind": "audio"}),
        ),
        (
            "a document",
            json!({"type": "document", "document": {"id": "81", "filename": "may.pdf", "mime_type": "application/pdf"}}),
            json!({"kind": "document", "text~": "may.pdf", "media.name": "may.pdf"}),
        ),
        (
            "a sticker",
            json!({"type": "sticker", "sticker": {"id": "82", "mime_type": "image/webp", "animated": false}}),
            json!({"kind": "sticker", "text": "[sticker]"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

#[tokio::test]
async fn what_has_no_words_is_kept_in_words() {
    let rows = vec![
        (
            "a place",
            json!({"type": "location", "location": {"latitude": -23.55, "longitude": -46.63, "name": "Cafe Girassol", "address": "Rua Inventada 10"}}),
            json!({"kind": "location", "text": "[location] Cafe Girassol, Rua Inventada 10, -23.55, -46.63",
                "content": {"lat": -23.55, "lng": -46.63, "name": "Cafe Girassol", "address": "Rua Inventada 10"}}),
        ),
        (
            "a place with its numbers as texts",
            json!({"type": "location", "location": {"latitude": "1.5", "longitude": "2.5"}}),
            json!({"kind": "location", "content.lat": 1.5}),
        ),
        (
            "people",
            json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Bia Souza", "first_name": "Bia"},
                "phones": [{"phone": "+55 21 90000-1111", "wa_id": "5521900001111", "type": "CELL"}], "emails": [{"email": "bia@example.invalid"}]}]}),
            json!({"kind": "contact", "text~": "[contact] Bia Souza +55 21 90000-1111",
                "content": [{"name": "Bia Souza", "phones": ["+55 21 90000-1111"], "emails": ["bia@example.invalid"]}]}),
        ),
        (
            "people without a name",
            json!({"type": "contacts", "contacts": [{"phones": [{"phone": "+55 21 90000-1111"}]}, {"name": {}}]}),
            json!({"kind": "contact", "content.0.phones": ["+55 21 90000-1111"]}),
        ),
        (
            "a button",
            json!({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes, please"}},
                "context": {"from": "5511900000000", "id": "wamid.Q"}}),
            json!({"kind": "choice", "text": "Yes, please", "content": {"id": "yes", "title": "Yes, please"}, "reply_to": "wamid.Q"}),
        ),
        (
            "a row of a list",
            json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "slot-1", "title": "Morning", "description": "8-12h"}}}),
            json!({"kind": "choice", "text": "Morning", "content": {"id": "slot-1", "title": "Morning", "description": "8-12h"}}),
        ),
        (
            "a form",
            json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{\"city\":\"Recife\"}"}}}),
            json!({"kind": "choice", "text~": "Recife", "content.values": {"city": "Recife"}}),
        ),
        (
            "a form whose answers are no JSON",
            json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{"}}}),
            json!({"kind": "choice"}),
        ),
        (
            "a quick reply of a template",
            json!({"type": "button", "button": {"payload": "stop", "text": "Stop"}}),
            json!({"kind": "choice", "text": "Stop", "content.id": "stop"}),
        ),
        (
            "an order",
            json!({"type": "order", "order": {"catalog_id": "c", "text": "for Sunday", "product_items":
                [{"product_retailer_id": "cake-1", "quantity": 2, "item_price": 29.9, "currency": "BRL"}]}}),
            json!({"kind": "order", "text~": "for Sunday", "content.items":
                [{"id": "cake-1", "quantity": 2, "price": 29.9, "currency": "BRL"}]}),
        ),
        (
            "a reaction",
            json!({"type": "reaction", "reaction": {"message_id": "wamid.Q", "emoji": "👍"}}),
            json!({"kind": "reaction", "text": "👍", "content": {"to": "wamid.Q", "emoji": "👍"}}),
        ),
        (
            "a reaction taken back",
            json!({"type": "reaction", "reaction": {"message_id": "wamid.Q"}}),
            json!({"kind": "reaction", "text": "[reaction removed]", "content": {"to": "wamid.Q", "emoji": ""}}),
        ),
        (
            "a reaction taken back with an empty emoji",
            json!({"type": "reaction", "reaction": {"message_id": "wamid.Q", "emoji": ""}}),
            json!({"kind": "reaction", "content.emoji": ""}),
        ),
        (
            "whoever opens the chat",
            json!({"type": "request_welcome"}),
            json!({"kind": "system"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

#[tokio::test]
async fn what_meta_cannot_show_is_told() {
    let errors = json!([{"code": 131_051, "title": "Unsupported message type", "details": "Message type is not currently supported"}]);
    let rows = vec![
        (
            "unknown",
            json!({"type": "unknown", "errors": errors}),
            json!({"kind": "unsupported", "text": "[unsupported message]", "content.type": "unknown"}),
        ),
        (
            "unsupported, with the type",
            json!({"type": "unsupported", "unsupported": {"type": "poll"}, "errors": errors}),
            json!({"kind": "unsupported", "content.type": "poll"}),
        ),
        (
            "a newer type",
            json!({"type": "hologram", "hologram": {"id": "1"}}),
            json!({"kind": "unsupported", "content.type": "hologram"}),
        ),
        ("no type", json!({}), json!({"kind": "unsupported"})),
        (
            "a type without its content",
            json!({"type": "image"}),
            json!({"kind": "unsupported", "content.type": "image"}),
        ),
        (
            "a newer answer",
            json!({"type": "interactive", "interactive": {"type": "hologram_reply", "hologram_reply": {"id": "h"}}}),
            json!({"kind": "choice", "content.id": "h"}),
        ),
        (
            "an answer without anything",
            json!({"type": "interactive", "errors": errors}),
            json!({"kind": "unsupported"}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

/// Edits and deletions name the message they concern.
#[tokio::test]
async fn edits_and_deletions_change_their_message() {
    let mut stage = Stage::open().await;
    let mut listener = stage
        .daemon
        .listener(&["message.edited", "message.deleted"])
        .await;
    let edit = json!({"from": ANA, "id": "wamid.2", "type": "edit", "edit": {"original_message_id": "wamid.1",
        "message": {"type": "text", "text": {"body": "see you at 8"}}}});
    let revoke = json!({"from": ANA, "id": "wamid.3", "type": "revoke", "revoke": {"original_message_id": "wamid.1"}});
    stage.messages(&json!([text("wamid.1", "see you at 7"), edit]));
    let told = event_where(&mut listener, |event| event["text"] == "see you at 8").await;
    assert_field(&told, "deleted_ms", json!(null));
    stage.messages(&json!([revoke]));
    event_where(&mut listener, |event| event["deleted_ms"].is_u64()).await;
    let stored = stage.stored(ANA).await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_fields(
        &stored[0],
        &json!({"text": "see you at 8", "edits.0.text": "see you at 7"}),
    );
    assert!(stored[0]["deleted_ms"].is_u64(), "{stored:?}");
}

#[tokio::test]
async fn calls_are_told_and_break_nothing() {
    let mut stage = Stage::open().await;
    let call = |event: &str| json!({"calls": [{"id": "wacid.1", "from": ANA, "to": "5511900000000", "event": event, "status": "FAILED", "direction": "USER_INITIATED"}]});
    stage.post(&[("calls", call("terminate"))]);
    stage.post(&[(
        "messages",
        json!({"errors": [{"code": 131_000, "title": "Something went wrong"}]}),
    )]);
    let stored = stage.stored(ANA).await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_fields(
        &stored[0],
        &json!({"kind": "call", "content.outcome": "missed", "text": "[call] missed"}),
    );
}

/// One body brings several changes; what cannot be read in one hides nothing of the others.
#[tokio::test]
async fn a_broken_change_does_not_hide_the_others() {
    let mut stage = Stage::open().await;
    stage.post(&[
        ("messages", json!({"messages": "none"})),
        ("messages", json!({"messages": [7, null, {"id": "wamid.0"}], "statuses": {}, "contacts": 5})),
        ("hologram", json!({"anything": true})),
        ("account_update", json!({"event": "VERIFIED_ACCOUNT"})),
        ("messages", json!({"messages": [text("wamid.9", "after all")], "statuses": [{"id": "x", "status": "hologram"}]})),
    ]);
    let stored = stage.stored(ANA).await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert_field(&stored[0], "text", "after all");
}
