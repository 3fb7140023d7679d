//! Every field and every type of a message, one by one: none yields nothing.

use serde_json::{Value, json};

use super::stage::{ANA, DIRECT, ME, Stage, message};
use crate::{
    integrations::discord::kinds::read,
    message::{Kind, media::files},
};

/// The fields of a message that say something, and what becomes of each. A line is `FIELD | KIND | TEXT | VALUE`, a
/// line end in the text `\n`.
const FIELDS: &str = include_str!("fields.txt");

/// All fields of the message object, as the documentation has them
/// (<https://docs.discord.com/developers/resources/message#message-object-message-structure> at c98d64b), those that
/// the gateway adds, and those that only the specification of the API has.
const DOCUMENTED: [&str; 42] = [
    "id",
    "channel_id",
    "author",
    "content",
    "timestamp",
    "edited_timestamp",
    "tts",
    "mention_everyone",
    "mentions",
    "mention_roles",
    "mention_channels",
    "attachments",
    "embeds",
    "reactions",
    "nonce",
    "pinned",
    "webhook_id",
    "type",
    "activity",
    "application",
    "application_id",
    "flags",
    "message_reference",
    "message_snapshots",
    "referenced_message",
    "interaction_metadata",
    "interaction",
    "thread",
    "components",
    "sticker_items",
    "stickers",
    "position",
    "role_subscription_data",
    "resolved",
    "poll",
    "call",
    "shared_client_theme",
    "guild_id",
    "member",
    "channel_type",
    "purchase_notification",
    "lobby_member",
];

/// All types of messages, by their numbers.
const TYPES: [u64; 37] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    27, 28, 29, 31, 32, 36, 37, 38, 39, 44, 46,
];

#[test]
fn every_field_of_a_message_says_something_or_is_known_to_say_nothing() {
    for line in FIELDS.lines() {
        let parts: Vec<&str> = line.splitn(4, " | ").collect();
        let [field, kind, text, value] = parts[..] else {
            panic!("{line}");
        };
        assert!(DOCUMENTED.contains(&field), "{field}");
        let value: Value = serde_json::from_str(value).expect("JSON");
        let said = read(&message(3, &json!({field: value})), 420);
        let expected = (kind.parse(), text.replace("\\n", "\n"));
        assert_eq!((Ok(said.kind), said.text), expected, "{field}");
        assert_eq!(said.media.is_some(), said.kind.is_file(), "{field}");
        assert_eq!(said.unknown, None, "{field}");
    }
    // What is known is never taken for a newer kind.
    for field in DOCUMENTED {
        let mut one = json!({"type": 0});
        one[field] = if field == "type" { json!(0) } else { json!({}) };
        let unknown = read(&one, 420).unknown;
        let unknown = unknown.filter(|unknown| unknown != "message without content");
        assert_eq!(unknown, None, "{field}");
    }
}

#[test]
fn every_type_of_a_message_says_something() {
    for number in TYPES {
        let said = read(&message(3, &json!({"type": number, "content": "x"})), 420);
        assert_ne!(said.kind, Kind::Unsupported, "{number}");
        assert!(!said.text.trim().is_empty(), "{number}");
        if said.kind == Kind::System {
            assert!(!said.is_typed, "{number} is no command");
        }
    }
    for (fields, name) in [
        (json!({"type": 99, "content": "x"}), "message type 99"),
        (json!({"hologram": {"id": 1}}), "hologram"),
        (json!({}), "message without content"),
    ] {
        let said = read(&message(3, &fields), 420);
        assert_eq!(said.unknown.as_deref(), Some(name));
        assert_eq!(said.kind, Kind::Unsupported, "{name}");
        assert_eq!(said.content, Some(json!({"type": name})), "{name}");
    }
}

#[test]
fn the_service_speaks_in_words() {
    let author = json!({"id": "1", "username": "ana"});
    for (fields, words) in [
        (json!({"type": 7}), "[system] Ana joined"),
        (
            json!({"type": 4, "content": "cakes"}),
            "[system] the channel is called cakes",
        ),
        (
            json!({"type": 10}),
            "[system] Ana boosted the server, which has level 2 now",
        ),
        (
            json!({"type": 1, "mentions": [{"id": "2", "username": "bia"}]}),
            "[system] bia was added by Ana",
        ),
        (
            json!({"type": 46, "embeds": [{"type": "poll_result", "fields": [
                {"name": "poll_question_text", "value": "Pizza?"}, {"name": "victor_answer_votes", "value": "2"},
                {"name": "total_votes", "value": "3"}, {"name": "victor_answer_text", "value": "yes"}]}]}),
            "[system] the poll Pizza? ended: yes with 2 of 3 votes",
        ),
    ] {
        assert_eq!(read(&message(3, &fields), 420).text, words);
    }
    let pinned = json!({"type": 6, "author": author, "message_reference": {"channel_id": "420", "message_id": "7"}});
    let pinned = read(&message(3, &pinned), 420);
    assert_eq!(pinned.content.expect("there")["message"], "420:7");
}

#[tokio::test]
async fn several_files_are_a_list_and_a_recorded_note_is_one() {
    let stage = Stage::new("*").await;
    let file = |id: &str, mime: &str| json!({"id": id, "filename": format!("{id}.x"), "content_type": mime, "size": 3});
    let fields = json!({"content": "**see**", "attachments": [file("7", "image/png"), file("8", "video/mp4")]});
    stage.take("MESSAGE_CREATE", message(3, &fields)).await;
    let stored = stage.only();
    assert_eq!(
        (stored.kind, stored.text.as_str()),
        (Kind::Image, "**see**")
    );
    let ids: Vec<_> = files(stored.media.as_ref())
        .iter()
        .map(|file| file["id"].clone())
        .collect();
    assert_eq!(ids, [json!("420:3:7"), json!("420:3:8")]);
    assert_eq!(stored.meta.expect("there")["format"], "markdown");
    let note = json!({"flags": 1 << 13, "attachments": [{"id": "9", "filename": "voice-message.ogg", "size": 3,
        "content_type": "audio/ogg", "duration_secs": 2.4, "waveform": "AAAA"}]});
    let said = read(&message(4, &note), 420);
    assert_eq!(said.kind, Kind::Voice);
    assert_eq!(said.media.expect("there")["seconds"], 3);
}

#[tokio::test]
async fn commands_are_what_people_typed_and_never_what_was_passed_on() {
    let stage = Stage::new("*").await;
    for (id, fields) in [
        (3, json!({"content": format!("<@{ME}> /zap x")})),
        (
            4,
            json!({"message_snapshots": [{"message": {"content": "/zap x"}}]}),
        ),
        (
            5,
            json!({"content": "/zap x", "author": {"id": ANA, "username": "a", "bot": true}}),
        ),
    ] {
        stage.take("MESSAGE_CREATE", message(id, &fields)).await;
    }
    let answers = stage
        .stored()
        .into_iter()
        .filter(|message| message.direction == crate::message::Direction::Out);
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    let heard = stage.stored();
    assert_eq!(heard[0].peer, format!("user:{ANA}"));
    assert_eq!(heard[0].sender, None);
    let marks: Vec<_> = heard
        .iter()
        .filter_map(|one| one.meta.as_ref())
        .map(|meta| meta["bot"] == true)
        .collect();
    assert!(marks.contains(&true), "{marks:?}");
}

#[tokio::test]
async fn of_a_server_little_is_kept_and_its_own_role_is_the_bots_name() {
    let stage = Stage::new("*").await;
    let guild = json!({"id": "5", "name": "Acme", "roles": [{"id": "50", "tags": {"bot_id": "1"}},
        {"id": "51", "tags": {"bot_id": ME.to_string()}}], "channels": [{"id": DIRECT, "name": "x"}]});
    stage.take("GUILD_CREATE", guild).await;
    let fields = json!({"content": "<@&51> hi", "mention_roles": ["51"], "guild_id": "5", "channel_id": "421", "channel_type": 0});
    stage.take("MESSAGE_CREATE", message(3, &fields)).await;
    let meta = stage.only().meta.expect("there");
    assert_eq!(
        (&meta["mentioned"], &meta["group"]),
        (&json!(true), &json!("Acme"))
    );
    stage.take("GUILD_DELETE", json!({"id": "5"})).await;
    let fields = json!({"content": "<@&51> hi", "mention_roles": ["51"], "guild_id": "5", "channel_id": "421", "channel_type": 0});
    stage.take("MESSAGE_CREATE", message(4, &fields)).await;
    let last = stage.stored().pop().expect("there").meta.expect("there");
    assert_eq!(
        (&last["mentioned"], &last["group"]),
        (&Value::Null, &json!("421"))
    );
}

#[tokio::test]
async fn a_channel_that_is_never_told_of_holds_nothing_up_for_ever() {
    let stage = Stage::new("*").await;
    let fields = json!({"content": "hi", "guild_id": "5", "channel_id": "421", "channel_type": 11});
    let event = message(3, &fields).to_string();
    let me = crate::integrations::discord::who::Me {
        id: ME,
        name: "shop".to_owned(),
    };
    for _ in 0..4 {
        stage.answers(
            500,
            json!({"message": "500: Internal Server Error", "code": 0}),
        );
        let taken = stage
            .discord
            .receiver
            .take("MESSAGE_CREATE", &event, "s:1", &me);
        assert!(taken.await.is_err(), "it is repeated");
        assert!(stage.stored().is_empty());
    }
    stage.answers(
        500,
        json!({"message": "500: Internal Server Error", "code": 0}),
    );
    stage.take("MESSAGE_CREATE", message(3, &fields)).await;
    assert_eq!(stage.only().peer, "421");
}
