//! What a message is (<https://docs.discord.com/developers/resources/message#message-object>): by its type, and for
//! what people write by what is in it.
//!
//! | there is | becomes |
//! |---|---|
//! | `content` | `text`, with names for the ids in it; `meta.format` where it has signs of markdown |
//! | `attachments` | `image`, `video`, `audio`, `voice` or `document`; several are a list |
//! | `sticker_items`, `stickers` | `sticker` |
//! | `poll` | `poll` |
//! | `message_snapshots` | what was forwarded, as if it had been written, with `meta.forwarded` |
//! | `embeds` (rich ones), `components`, `activity`, `shared_client_theme` | `text`, in words |
//! | type 3 | `call` |
//! | the other types of the service itself | `system`, the type's name as event |
//! | a type that is newer, or nothing at all | `unsupported` |
//!
//! Other events: a reaction becomes `reaction`, a vote `vote`.

mod files;
mod rich;
mod system;
mod words;

use serde_json::{Map, Value};

pub(super) use self::words::readable;
use self::{files::Files, system::SYSTEM};
use crate::message::{Content, Kind, content::file_text, text_at};

/// Types of messages that people write: plain ones, replies, and what commands of apps make.
const WRITTEN: [u64; 4] = [0, REPLY, 20, 23];

/// An answer to another message.
pub(super) const REPLY: u64 = 19;

/// A call in a private channel.
const CALL: u64 = 3;

/// Fields that say something about a message and are none by themselves.
const ABOUT: [&str; 29] = [
    "id",
    "channel_id",
    "channel_type",
    "author",
    "timestamp",
    "edited_timestamp",
    "tts",
    "mention_everyone",
    "mentions",
    "mention_roles",
    "mention_channels",
    "reactions",
    "nonce",
    "pinned",
    "webhook_id",
    "type",
    "application",
    "application_id",
    "flags",
    "message_reference",
    "referenced_message",
    "interaction_metadata",
    "interaction",
    "thread",
    "position",
    "resolved",
    "guild_id",
    "member",
    "lobby_member",
];

/// Fields with what it says.
const CONTENTS: [&str; 11] = [
    "content",
    "attachments",
    "sticker_items",
    "stickers",
    "poll",
    "message_snapshots",
    "embeds",
    "components",
    "activity",
    "shared_client_theme",
    "call",
];

/// Fields of one type of message alone.
const OF_SYSTEM: [&str; 2] = ["role_subscription_data", "purchase_notification"];

/// What a message without any content is called; a newer kind comes so.
const NOTHING: &str = "message without content";

/// What one message says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) content: Option<Value>,
    pub(super) media: Option<Value>,
    /// What `meta` has of it besides.
    pub(super) meta: Map<String, Value>,
    /// Whether a person typed the text: a command is looked for nowhere else.
    pub(super) is_typed: bool,
    /// The name of what no rule knows.
    pub(super) unknown: Option<String>,
}

impl From<Content> for Reading {
    fn from(content: Content) -> Self {
        Self {
            kind: content.kind(),
            text: content.text(),
            content: Some(content.json()),
            ..Self::default()
        }
    }
}

/// What a message says; `channel` is the one it is in.
pub(super) fn read(message: &Value, channel: u64) -> Reading {
    let kind = message["type"].as_u64().unwrap_or_default();
    if kind == CALL {
        return call(message).into();
    }
    if WRITTEN.contains(&kind) {
        return written(message, channel);
    }
    match SYSTEM.iter().find(|(number, _)| *number == kind) {
        Some((_, event)) => system::content(event, message).into(),
        None => unsupported(format!("message type {kind}"), message),
    }
}

/// What somebody wrote.
fn written(message: &Value, channel: u64) -> Reading {
    let forwarded = message["message_snapshots"]
        .as_array()
        .into_iter()
        .flatten();
    let forwarded: Vec<&Value> = forwarded.map(|snapshot| &snapshot["message"]).collect();
    let all = || std::iter::once(message).chain(forwarded.iter().copied());
    let typed = readable(
        text_at(message, "content").unwrap_or_default(),
        &message["mentions"],
    );
    let mut texts = vec![typed.clone()];
    let snapshots = forwarded.iter();
    texts.extend(snapshots.map(|one| {
        readable(
            text_at(one, "content").unwrap_or_default(),
            &one["mentions"],
        )
    }));
    texts.extend(all().flat_map(rich::words));
    texts.retain(|text| !text.trim().is_empty());
    let text = texts.join("\n");
    let files = Files::of(all(), message, channel);
    let mut reading = match (poll(&message["poll"]), files.kind()) {
        (Some(poll), _) => Reading::from(poll),
        (None, Some(kind)) => Reading {
            kind,
            text: files.text(kind),
            media: Some(files.json()),
            ..Reading::default()
        },
        (None, None) if text.is_empty() => return unsupported(unknown(message), message),
        (None, None) => Reading::default(),
    };
    if !text.is_empty() {
        reading.text = match reading.kind {
            Kind::Poll => format!("{text}\n{}", reading.text),
            _ => text,
        };
    }
    reading.is_typed = !typed.is_empty() && forwarded.is_empty();
    if has_signs(&reading.text) && reading.content.is_none() && !texts.is_empty() {
        reading
            .meta
            .insert("format".to_owned(), crate::message::MARKDOWN.into());
    }
    if !forwarded.is_empty() {
        reading.meta.insert("forwarded".to_owned(), true.into());
    }
    reading
}

/// Whether a text has signs that may format it (<https://docs.discord.com/developers/reference#message-formatting>).
fn has_signs(text: &str) -> bool {
    text.contains(['*', '_', '~', '`', '>', '#', '[', '\\'])
}

/// <https://docs.discord.com/developers/resources/poll#poll-object>
fn poll(poll: &Value) -> Option<Content> {
    let answers = poll["answers"].as_array()?.iter();
    Some(Content::Poll {
        question: text_at(&poll["question"], "text")?.to_owned(),
        options: answers
            .map(|answer| option(&answer["poll_media"]))
            .collect(),
    })
}

/// <https://docs.discord.com/developers/resources/poll#poll-media-object>
fn option(media: &Value) -> String {
    let emoji = text_at(&media["emoji"], "name");
    let words = [emoji, text_at(media, "text")];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// <https://docs.discord.com/developers/resources/message#message-call-object>
fn call(message: &Value) -> Content {
    let ended = text_at(&message["call"], "ended_timestamp");
    Content::Call {
        video: false,
        outcome: Some(if ended.is_some() { "ended" } else { "started" }.to_owned()),
        seconds: None,
    }
}

/// An emoji, by its name where the service has no character for it.
pub(super) fn emoji(emoji: &Value) -> String {
    let name = text_at(emoji, "name").unwrap_or("emoji");
    if emoji["id"].is_string() {
        format!(":{name}:")
    } else {
        name.to_owned()
    }
}

/// A message that no rule knows: its text, where it has one, is kept all the same.
fn unsupported(name: String, message: &Value) -> Reading {
    let content = Content::Unsupported {
        service_type: name.clone(),
    };
    let mut reading = Reading::from(content);
    if let Some(text) = text_at(message, "content") {
        reading.text = readable(text, &message["mentions"]);
    }
    reading.unknown = Some(name);
    reading
}

/// The name of the field that is new to us.
fn unknown(message: &Value) -> String {
    let fields = message.as_object().into_iter().flatten();
    let known = |field: &str| {
        [&ABOUT[..], &CONTENTS, &OF_SYSTEM]
            .iter()
            .any(|fields| fields.contains(&field))
    };
    let new = fields.filter(|(field, value)| !known(field) && !value.is_null());
    let new = new.max_by_key(|(_, value)| value.is_object() || value.is_array());
    new.map_or_else(|| NOTHING.to_owned(), |(field, _)| field.clone())
}

/// The text of a file without words.
fn of_file(kind: Kind, name: Option<&str>) -> String {
    file_text(kind, name)
}
