//! Every field of a message, one by one: none yields nothing.

use serde_json::{Value, json};

use super::stage::{Stage, message};
use crate::{
    integrations::telegram::{inbound, who::Author},
    message::Kind,
    store::Inbound,
};

/// A message with these fields, as it is stored.
fn read(fields: Value) -> Inbound {
    let me = Author::default();
    let received = inbound::message("telegram", &message(3, &fields), &json!(1), &me);
    received.expect("kept").inbound
}

/// The fields of `Message` that are a content or an event, and what becomes of each: all of Bot API 10.2 of
/// 2026-07-14 (<https://core.telegram.org/bots/api#message>), in its order. A line is
/// `FIELD | KIND | TEXT | VALUE`, a line end in the text `\n`.
const FIELDS: &str = include_str!("fields.txt");

#[test]
fn every_field_of_a_message_says_something() {
    // 24 contents but for the caption, which is none without a file, and 54 events.
    assert_eq!(FIELDS.lines().count(), 77);
    for line in FIELDS.lines() {
        let parts: Vec<&str> = line.splitn(4, " | ").collect();
        let [field, kind, text, value] = parts[..] else {
            panic!("{line}");
        };
        let (kind, text) = (kind.parse(), text.replace("\\n", "\n"));
        let value: Value = serde_json::from_str(value).expect("JSON");
        let stored = read(json!({field: value}));
        assert_eq!((Ok(stored.kind), stored.text), (kind, text), "{field}");
        let is_file = stored.kind.is_file();
        let is_plain = stored.kind == Kind::Text || is_file;
        assert_eq!(stored.content.is_none(), is_plain, "{field}");
        assert_eq!(stored.media.is_some(), is_file, "{field}");
        if stored.kind == Kind::System {
            assert_eq!(stored.content.expect("there")["event"], field);
        }
    }
}

#[test]
fn what_no_rule_knows_is_kept_with_its_name() {
    for (fields, service_type, text) in [
        (
            json!({"hologram": {"id": 1}}),
            "hologram",
            "[unsupported message]",
        ),
        (
            json!({"hologram": {"id": 1}, "is_bright": true, "caption": "look"}),
            "hologram",
            "look",
        ),
        (
            json!({}),
            "message without content",
            "[unsupported message]",
        ),
        // Known by name, and nothing in it that can be read.
        (
            json!({"location": {"latitude": 91, "longitude": 0}}),
            "location",
            "[unsupported message]",
        ),
        (json!({"photo": []}), "photo", "[unsupported message]"),
        (
            json!({"video": {"file_id": ""}}),
            "video",
            "[unsupported message]",
        ),
        (json!({"text": ""}), "text", "[unsupported message]"),
    ] {
        let stored = read(fields.clone());
        assert_eq!(
            (stored.kind, stored.text.as_str()),
            (Kind::Unsupported, text),
            "{fields}"
        );
        assert_eq!(stored.content, Some(json!({"type": service_type})));
    }
}

#[tokio::test]
async fn an_unknown_kind_is_said_once_at_debug() {
    let stage = Stage::new("*").await;
    stage
        .message(3, json!({"hologram": {"secret": "beam"}}))
        .await;
    assert_eq!(stage.only().kind, Kind::Unsupported);
    stage
        .take(json!({"update_id": 4, "new_update": {"id": 1}}))
        .await;
    let lines = stage.log.last(10, crate::log::LogLevel::Debug);
    let lines: Vec<String> = lines.iter().map(crate::log::LogLine::text).collect();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("hologram") && !line.contains("beam")),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.contains("new_update")),
        "{lines:?}"
    );
}

#[test]
fn fields_that_come_together_are_one_message() {
    let mp4 = json!({"file_id": "a", "mime_type": "video/mp4", "file_name": "cat.mp4"});
    let stored = read(json!({"animation": {"file_id": "a"}, "document": mp4}));
    assert_eq!(
        stored.media,
        Some(json!({"kind": "video", "id": "a", "mime": "video/mp4", "name": "cat.mp4"}))
    );
    let place = json!({"latitude": 1, "longitude": 2});
    let stored = read(json!({"venue": {"location": place, "title": "Cafe"}, "location": place}));
    assert_eq!(
        stored.content,
        Some(json!({"lat": 1.0, "lng": 2.0, "name": "Cafe"}))
    );
    let live =
        json!({"photo": [{"file_id": "s"}, {"file_id": "p"}], "live_photo": {"file_id": "v"}});
    let stored = read(live);
    assert_eq!(stored.media, Some(json!({"kind": "image", "id": "p"})));
    assert_eq!(
        stored.meta.map(|meta| meta["live_photo"].clone()),
        Some(json!("v"))
    );
    let live = read(json!({"live_photo": {"file_id": "v"}}));
    assert_eq!(live.kind, Kind::Video);
}

#[test]
fn captions_keep_the_addresses_of_their_links() {
    let stored = read(json!({"photo": [{"file_id": "p"}], "caption": "see here",
        "caption_entities": [{"type": "text_link", "offset": 4, "length": 4, "url": "https://a.example"}]}));
    assert_eq!(stored.text, "see here (https://a.example)");
    assert_eq!(stored.kind, Kind::Image);
}

#[test]
fn media_that_must_be_paid_for_say_so() {
    let preview =
        json!({"star_count": 5, "paid_media": [{"type": "preview"}, {"type": "preview"}]});
    let stored = read(json!({"paid_media": preview, "caption": "buy"}));
    assert_eq!(
        (stored.kind, stored.text.as_str()),
        (Kind::Text, "[paid media] 5 ⭐ buy")
    );
    let meta = stored.meta.expect("there");
    assert_eq!(
        (&meta["paid_stars"], &meta["paid_files"]),
        (&json!(5), &json!(2))
    );
}

#[test]
fn contents_have_the_shape_of_all_services() {
    let live = read(json!({"location": {"latitude": 1.5, "longitude": 2.5, "live_period": 60}}));
    assert_eq!(
        live.content,
        Some(json!({"lat": 1.5, "lng": 2.5, "live": true}))
    );
    let contact = read(
        json!({"contact": {"phone_number": "55 1", "first_name": "Bia", "last_name": "Reis",
        "vcard": "TEL:+55 2\nEMAIL:b@a.example"}}),
    );
    let person =
        json!([{"name": "Bia Reis", "phones": ["55 1", "+55 2"], "emails": ["b@a.example"]}]);
    assert_eq!(contact.content, Some(person));
    let app = read(json!({"web_app_data": {"data": "{\"size\":2}", "button_text": "Order"}}));
    assert_eq!(
        app.content,
        Some(json!({"id": "{\"size\":2}", "title": "Order", "values": {"size": 2}}))
    );
    let shared = read(json!({"users_shared": {"request_id": 7, "users": [{"user_id": 9}]}}));
    assert_eq!(
        shared.content,
        Some(json!({"id": "7", "title": "9", "values": {"users": [{"id": 9, "name": "9"}]}}))
    );
    let joined = read(json!({"new_chat_members": [{"id": 42, "first_name": "Ana"}]}));
    assert_eq!(joined.text, "[system] Ana joined");
    let members = json!([{"id": 42, "name": "Ana"}]);
    assert_eq!(
        joined.content,
        Some(json!({"event": "new_chat_members", "members": members}))
    );
}
