//! What a message is, by which of its fields is there (<https://core.telegram.org/bots/api#message>, as of
//! Bot API 10.2).
//!
//! | field | becomes |
//! |---|---|
//! | `text` | `text`, with the addresses of its links; what is formatted in `meta.spans` |
//! | `rich_message` | `text`, flattened |
//! | `photo`, `live_photo` | `image` |
//! | `video`, `video_note`, `animation` | `video` |
//! | `voice` | `voice` |
//! | `audio` | `audio` |
//! | `document` | `document` |
//! | `sticker` | `sticker`, its emoji in `media.emoji` |
//! | `paid_media` | `image` or `video`; `text` where nothing was paid for yet |
//! | `location`, `venue` | `location` |
//! | `contact` | `contact`, with what its vCard adds |
//! | `poll` | `poll` |
//! | `invoice`, `successful_payment` | `order` |
//! | `users_shared`, `chat_shared`, `web_app_data` | `choice` |
//! | `dice`, `game`, `story`, `checklist`, `giveaway`, `giveaway_winners` | `text`, in words |
//! | `new_chat_members` and the other service messages | `system`, the field's name as event |
//! | any other, one that cannot be read, or none at all | `unsupported` |
//!
//! Other updates: a tapped button (`callback_query`) becomes `choice`, `poll_answer` `vote`,
//! `message_reaction` `reaction`, `my_chat_member` `system`.

mod addressed;
mod contents;
mod entities;
mod files;
mod money;
mod rich;
mod service;
mod words;

use serde_json::Value;

use self::entities::{mentions, styled, with_links};
use super::said::Said;
use crate::message::{Content, text_at};

pub(super) use self::{addressed::is_addressed, contents::options};

/// Reads the value of a field, where there is something in it.
type Reader = fn(&Value) -> Option<Said>;

/// Fields with a content, in the order they are looked for: a `venue` has its `location` beside it.
const CONTENTS: [(&str, Reader); 16] = [
    ("rich_message", |value| rich::text(value).map(Said::typed)),
    ("venue", |value| contents::venue(value).map(Said::from)),
    ("location", |value| {
        contents::location(value).map(Said::from)
    }),
    ("contact", |value| contents::contact(value).map(Said::from)),
    ("poll", poll),
    ("invoice", |value| money::invoice(value).map(Said::from)),
    ("successful_payment", |value| {
        money::paid(value).map(Said::from)
    }),
    ("users_shared", |value| {
        contents::users_shared(value).map(Said::from)
    }),
    ("chat_shared", |value| {
        contents::chat_shared(value).map(Said::from)
    }),
    ("web_app_data", |value| {
        contents::web_app_data(value).map(Said::from)
    }),
    ("dice", words::dice),
    ("story", words::story),
    ("game", words::game),
    ("checklist", words::checklist),
    ("giveaway", words::giveaway),
    ("giveaway_winners", words::giveaway_winners),
];

/// Fields that say something about a message and are none by themselves. The last line has those that
/// servers before 7.0 sent.
const ABOUT: [&str; 48] = [
    "message_id",
    "message_thread_id",
    "direct_messages_topic",
    "from",
    "sender_chat",
    "sender_boost_count",
    "sender_business_bot",
    "sender_tag",
    "receiver_user",
    "ephemeral_message_id",
    "date",
    "guest_query_id",
    "business_connection_id",
    "chat",
    "forward_origin",
    "is_topic_message",
    "is_automatic_forward",
    "reply_to_message",
    "external_reply",
    "quote",
    "reply_to_story",
    "reply_to_checklist_task_id",
    "reply_to_poll_option_id",
    "via_bot",
    "guest_bot_caller_user",
    "guest_bot_caller_chat",
    "edit_date",
    "has_protected_content",
    "is_from_offline",
    "is_paid_post",
    "media_group_id",
    "author_signature",
    "paid_star_count",
    "entities",
    "link_preview_options",
    "suggested_post_info",
    "effect_id",
    "caption_entities",
    "show_caption_above_media",
    "has_media_spoiler",
    "reply_markup",
    "caption",
    "forward_from",
    "forward_from_chat",
    "forward_from_message_id",
    "forward_signature",
    "forward_sender_name",
    "forward_date",
];

/// What a message without any content is called; a newer kind that an older server does not know comes
/// so.
const NOTHING: &str = "message without content";

fn has(message: &Value, field: &str) -> bool {
    message.get(field).is_some_and(|value| !value.is_null())
}

/// What a message says; the error is the name of what no rule knows.
pub(super) fn said(message: &Value) -> Result<Said, String> {
    if let Some(text) = text_at(message, "text") {
        let entities = &message["entities"];
        let said = Said::typed(with_links(text, entities));
        return Ok(marked(said, text, entities));
    }
    if let Some((field, kind)) = files::FIELDS
        .into_iter()
        .find(|(field, _)| has(message, field))
    {
        let said = files::said(field, kind, message).ok_or(field)?;
        let caption = text_at(message, "caption").unwrap_or_default();
        return Ok(marked(said, caption, &message["caption_entities"]));
    }
    if let Some((field, read)) = CONTENTS.into_iter().find(|(field, _)| has(message, field)) {
        return read(&message[field]).ok_or_else(|| field.to_owned());
    }
    if let Some(event) = service::FIELDS
        .into_iter()
        .find(|event| has(message, event))
    {
        return service::content(event, message)
            .map(Said::from)
            .ok_or_else(|| event.to_owned());
    }
    Err(unknown(message))
}

/// A message that no rule knows: its caption, where it has one, is kept all the same.
pub(super) fn unsupported(service_type: &str, message: &Value) -> Said {
    let said = Said::from(Content::Unsupported {
        service_type: service_type.to_owned(),
    });
    match files::caption(message) {
        Some(text) => Said { text, ..said },
        None => said,
    }
}

/// The same with what Telegram tells of its words: who is meant, what is formatted.
fn marked(mut said: Said, text: &str, entities: &Value) -> Said {
    if let Some(people) = mentions(text, entities) {
        said = said.with("mentions", people);
    }
    match styled(text, entities) {
        Some(spans) => said.with("spans", spans),
        None => said,
    }
}

fn poll(value: &Value) -> Option<Said> {
    let said = Said::from(contents::poll(value)?);
    Some(match text_at(value, "id") {
        Some(id) => said.with("poll", id.into()),
        None => said,
    })
}

/// The name of the field that is new to us: rather one with something in it than a mere flag.
fn unknown(message: &Value) -> String {
    let fields = message.as_object().into_iter().flatten();
    let new = fields.filter(|(field, _)| !ABOUT.contains(&field.as_str()));
    let new = new.max_by_key(|(_, value)| value.is_object() || value.is_array());
    new.map_or_else(|| NOTHING.to_owned(), |(field, _)| field.clone())
}
