//! Every type of message that Meta has becomes something.

use serde_json::{Value, json};

use super::{ANA, Stage, of, text};
use crate::{log::LogLevel, message::Kind};

/// Meta's types, with a sub-type behind a slash, what one has at least, and what it becomes: those of
/// <https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages>,
/// of pywa's `MessageType` and of whatsapp-api-js' `ServerMessageTypes`, and the values of
/// `unsupported.type`, should one come by itself.
const TYPES: &[(&str, &str, Kind)] = &[
    ("text", r#"{"body": "hi"}"#, Kind::Text),
    ("image", FILE, Kind::Image),
    ("video", FILE, Kind::Video),
    ("gif", FILE, Kind::Video),
    ("audio", FILE, Kind::Audio),
    ("audio", r#"{"id": "1", "voice": true}"#, Kind::Voice),
    ("document", FILE, Kind::Document),
    ("sticker", FILE, Kind::Sticker),
    (
        "location",
        r#"{"latitude": 1, "longitude": "2.5"}"#,
        Kind::Location,
    ),
    (
        "contacts",
        r#"[{"name": {"formatted_name": "Bia"}}]"#,
        Kind::Contact,
    ),
    (
        "contacts",
        r#"[{"vcard": "FN:Bia", "phones": [{"phone": "1"}]}]"#,
        Kind::Contact,
    ),
    (
        "interactive",
        r#"{"type": "button_reply", "button_reply": {"id": "y", "title": "Yes"}}"#,
        Kind::Choice,
    ),
    (
        "interactive",
        r#"{"type": "list_reply", "list_reply": {"id": "y", "title": "Yes"}}"#,
        Kind::Choice,
    ),
    (
        "interactive",
        r#"{"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}"#,
        Kind::Choice,
    ),
    (
        "interactive",
        r#"{"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}"#,
        Kind::Choice,
    ),
    (
        "interactive",
        r#"{"type": "product", "product": {"product_retailer_id": "p"}}"#,
        Kind::Choice,
    ),
    (
        "interactive",
        r#"{"type": "button_reply"}"#,
        Kind::Unsupported,
    ),
    (
        "button",
        r#"{"text": "Stop", "payload": "stop"}"#,
        Kind::Choice,
    ),
    (
        "order",
        r#"{"product_items": [{"product_retailer_id": "p"}]}"#,
        Kind::Order,
    ),
    (
        "reaction",
        r#"{"message_id": "wamid.Q", "emoji": "👍"}"#,
        Kind::Reaction,
    ),
    ("reaction", r#"{"message_id": "wamid.Q"}"#, Kind::Reaction),
    (
        "reaction",
        r#"{"message_id": "wamid.Q", "emoji": ""}"#,
        Kind::Reaction,
    ),
    (
        "system",
        r#"{"type": "user_changed_number", "wa_id": "5522"}"#,
        Kind::System,
    ),
    (
        "system",
        r#"{"type": "customer_changed_number", "new_wa_id": "5522"}"#,
        Kind::System,
    ),
    (
        "system",
        r#"{"type": "user_changed_user_id", "user_id": "BR.2"}"#,
        Kind::System,
    ),
    (
        "system",
        r#"{"type": "customer_identity_changed"}"#,
        Kind::System,
    ),
    ("system", r#"{"body": "something new"}"#, Kind::System),
    ("request_welcome", "null", Kind::System),
    (
        "edit",
        r#"{"original_message_id": "wamid.never.edit", "message": {"type": "text", "text": {"body": "b"}}}"#,
        Kind::Text,
    ),
    ("edit", "null", Kind::Unsupported),
    (
        "revoke",
        r#"{"original_message_id": "wamid.never.revoke"}"#,
        Kind::System,
    ),
    ("revoke", "null", Kind::Unsupported),
    (
        "unsupported",
        r#"{"type": "poll_creation"}"#,
        Kind::Unsupported,
    ),
    ("unsupported", "null", Kind::Unsupported),
    ("unknown", "null", Kind::Unsupported),
    ("errors", "null", Kind::Unsupported),
    ("ephemeral", "{}", Kind::Unsupported),
    ("group_invite", "{}", Kind::Unsupported),
    ("hsm", "{}", Kind::Unsupported),
    ("keep_in_chat", "{}", Kind::Unsupported),
    ("link_preview", "{}", Kind::Unsupported),
    ("list", "{}", Kind::Unsupported),
    ("media_placeholder", "{}", Kind::Unsupported),
    ("pin", "{}", Kind::Unsupported),
    ("poll_creation", "{}", Kind::Unsupported),
    ("poll_update", "{}", Kind::Unsupported),
    ("product", "{}", Kind::Unsupported),
    ("of_next_year", r#"{"new": true}"#, Kind::Unsupported),
];

const FILE: &str = r#"{"id": "1", "mime_type": "a/b", "sha256": "c="}"#;

#[tokio::test]
async fn nothing_that_a_person_sends_vanishes() {
    let stage = Stage::new("*");
    for (number, (name, body, kind)) in TYPES.iter().enumerate() {
        let mut message = of(name, serde_json::from_str(body).expect("JSON"));
        message["id"] = json!(format!("wamid.{number}"));
        let what = "a message of a type without a rule was kept";
        let told = stage.said(LogLevel::Debug, what);
        for _ in 0..2 {
            assert_eq!(stage.write(json!([message])).await, 200, "{message}");
        }
        let all = stage.stored();
        assert_eq!(all.len(), number + 1, "{message}");
        assert_eq!(all[number].kind, *kind, "{message}");
        assert!(!all[number].text.is_empty(), "{message}");
        let is_told = stage.said(LogLevel::Debug, what) > told;
        assert_eq!(is_told, *kind == Kind::Unsupported, "{message}");
    }
}

/// Such as one that came too late, or was tapped twice: then `errors` says why.
#[tokio::test]
async fn nor_does_one_that_lacks_what_its_type_has() {
    let stage = Stage::new("*");
    let empty = [Value::Null, json!({}), json!([]), json!("x"), json!(7)];
    let all = TYPES
        .iter()
        .flat_map(|(name, ..)| empty.iter().map(move |body| (name, body)));
    for (number, (name, body)) in all.enumerate() {
        let mut message = of(name, body.clone());
        message["id"] = json!(format!("wamid.{number}"));
        message["errors"] = json!([{"code": 131_060, "title": "Unavailable",
            "error_data": {"details": "This message is currently unavailable."}}]);
        assert_eq!(stage.write(json!([message])).await, 200, "{message}");
        let kept = stage.stored();
        assert_eq!(kept.len(), number + 1, "{message}");
        assert_eq!(
            kept[number].meta.as_ref().expect("meta")["error"],
            "Unavailable (code 131060): This message is currently unavailable."
        );
    }
}

async fn kept(message: Value) -> crate::message::Message {
    let stage = Stage::new("*");
    assert_eq!(stage.write(json!([message])).await, 200);
    stage.only()
}

#[tokio::test]
async fn what_a_message_says_is_kept_in_one_shape() {
    let place = json!({"latitude": "-23.5505", "longitude": -46.6333, "name": "Praça da Sé", "address": ""});
    let items = json!([{"product_retailer_id": "sku", "quantity": "2", "item_price": 9.5, "currency": "BRL"}]);
    let slot = json!({"id": "slot-1", "title": "Morning", "description": "8-12h"});
    let flow = json!({"name": "flow", "body": "Sent", "response_json": "{\"city\":\"Recife\"}"});
    let raw = json!({"response_json": "not json"});
    let calls =
        json!({"response": "reject", "is_permanent": false, "response_source": "user_action"});
    for (kind, body, content, text) in [
        (
            "location",
            place,
            json!({"lat": -23.5505, "lng": -46.6333, "name": "Praça da Sé"}),
            "[location] Praça da Sé, -23.5505, -46.6333",
        ),
        (
            "interactive",
            json!({"type": "list_reply", "list_reply": slot}),
            slot.clone(),
            "Morning",
        ),
        (
            "interactive",
            json!({"type": "nfm_reply", "nfm_reply": flow}),
            json!({"id": "flow", "title": "Sent", "values": {"city": "Recife"}}),
            "[answers] {\"city\":\"Recife\"}",
        ),
        (
            "interactive",
            json!({"type": "nfm_reply", "nfm_reply": raw}),
            json!({"id": "", "title": "", "values": "not json"}),
            "[answers] \"not json\"",
        ),
        (
            "interactive",
            json!({"type": "call_permission_reply", "call_permission_reply": calls}),
            json!({"id": "reject", "title": "calls refused", "values": calls}),
            "calls refused",
        ),
        (
            "button",
            json!({"text": "Stop", "payload": "p"}),
            json!({"id": "p", "title": "Stop"}),
            "Stop",
        ),
        (
            "order",
            json!({"text": "quick", "product_items": items}),
            json!({"note": "quick", "items": [{"id": "sku", "quantity": 2, "price": 9.5, "currency": "BRL"}]}),
            "[order] quick: 2 × sku 9.50 BRL",
        ),
        (
            "reaction",
            json!({"message_id": "wamid.Q"}),
            json!({"to": "wamid.Q", "emoji": ""}),
            "[reaction removed]",
        ),
        (
            "unsupported",
            json!({"type": "poll"}),
            json!({"type": "poll"}),
            "[unsupported message]",
        ),
    ] {
        let message = kept(of(kind, body)).await;
        assert_eq!(message.content.as_ref(), Some(&content));
        assert_eq!(message.text, text);
    }
}

#[tokio::test]
async fn files_say_what_they_are_and_keep_their_caption() {
    let file = |more: Value| {
        let mut body = json!({"id": "9", "mime_type": "a/b", "sha256": "c=", "url": "https://example.invalid"});
        let more = more.as_object().expect("fields").clone();
        body.as_object_mut().expect("fields").extend(more);
        body
    };
    for (kind, body, media, text) in [
        (
            "document",
            file(json!({"filename": "may.pdf"})),
            json!({"kind": "document", "id": "9", "mime": "a/b", "name": "may.pdf"}),
            "[document] may.pdf",
        ),
        (
            "image",
            file(json!({"caption": "look"})),
            json!({"kind": "image", "id": "9", "mime": "a/b"}),
            "look",
        ),
        (
            "sticker",
            file(json!({"animated": true})),
            json!({"kind": "image", "id": "9", "mime": "a/b"}),
            "[sticker]",
        ),
        (
            "audio",
            file(json!({"voice": true, "caption": ""})),
            json!({"kind": "audio", "id": "9", "mime": "a/b"}),
            "[voice]",
        ),
    ] {
        let message = kept(of(kind, body)).await;
        let mut media: Value = media;
        media["state"] = json!("fetching");
        assert_eq!(message.media, Some(media));
        assert_eq!(message.text, text);
    }
}

#[tokio::test]
async fn a_context_is_an_answer_only_where_it_names_a_message() {
    let mut message = text("wamid.1", "hi");
    message["context"] = json!({"from": "5511900000000", "id": "wamid.Q",
        "referred_product": {"catalog_id": "c", "product_retailer_id": "p"}});
    let answer = kept(message.clone()).await;
    assert_eq!(answer.reply_to.as_deref(), Some("wamid.Q"));
    let meta = answer.meta.expect("meta");
    assert_eq!(meta["referred_product"]["product_retailer_id"], "p");
    message["context"] = json!({"forwarded": false, "frequently_forwarded": true, "id": ""});
    message["referral"] =
        json!({"source_url": "https://example.invalid/ad", "headline": "Cakes", "ctwa_clid": "x"});
    let forwarded = kept(message).await;
    assert_eq!(forwarded.reply_to, None);
    assert_eq!(
        forwarded.meta.expect("meta"),
        json!({"id": "wamid.1", "name": "Ana Lima", "forwarded": true, "frequently_forwarded": true,
            "referral": {"source_url": "https://example.invalid/ad", "headline": "Cakes"}})
    );
    assert_eq!(forwarded.peer, ANA);
}
