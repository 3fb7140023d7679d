//! The calls that bring a message out, as JSON (<https://core.telegram.org/bots/api#available-methods>).

use serde_json::{Value, json};

use super::reactions::listed;
use crate::{
    integrations::{
        DeliveryError,
        support::split::{Measure, split},
    },
    message::{Kind, Message, text_at},
};

/// Longest text, in UTF-16 code units.
const MAX_TEXT: usize = 4096;

/// Longest caption, in UTF-16 code units.
const MAX_CAPTION: usize = 1024;

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) method: &'static str,
    /// Its parameters but for those that say where it goes.
    pub(super) body: Value,
    /// The text that says the same where Telegram cannot use the address of the file: the caption and the
    /// address. So nothing is lost, and who gets it can open the file by themselves.
    pub(super) instead: Option<String>,
}

impl Step {
    fn new(method: &'static str, body: Value) -> Self {
        Self {
            method,
            body,
            instead: None,
        }
    }

    /// The same without one of its parameters.
    pub(super) fn without(mut self, parameter: &str) -> Self {
        if let Some(parameters) = self.body.as_object_mut() {
            parameters.remove(parameter);
        }
        self
    }

    /// A text.
    pub(super) fn text(text: &str) -> Self {
        Self::new("sendMessage", json!({"text": text}))
    }

    /// The call that tells a text with the file's address instead of the file, where it has not been tried
    /// and there is room for both. It answers what the file would have answered.
    pub(super) fn as_text(&self) -> Option<Self> {
        let text = self.instead.as_deref()?;
        let mut step = Self::text(text);
        if let Some(reply) = self.body.get("reply_parameters") {
            step.body["reply_parameters"] = reply.clone();
        }
        (Measure::Utf16.of(text) <= MAX_TEXT).then_some(step)
    }
}

/// The message that is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) number: i64,
    /// Its chat, where it is not known to be the one it is sent to.
    pub(super) chat: Option<String>,
}

/// Whether it is an emoji for another message.
pub(super) fn is_reaction(message: &Message) -> bool {
    let meta = message.meta.as_ref();
    meta.is_some_and(|meta| meta.get("reaction").is_some())
}

/// The calls for a message, in order.
pub(super) fn steps(
    message: &Message,
    answered: Option<&Answered>,
) -> Result<Vec<Step>, DeliveryError> {
    if is_reaction(message) {
        return reaction(message, answered).map(|step| vec![step]);
    }
    let mut text = message.text.as_str();
    let mut steps = Vec::new();
    if let Some(media) = &message.media {
        steps.push(file(message.kind, media, &mut text));
    }
    if !text.trim().is_empty() {
        let parts = split(text, MAX_TEXT, Measure::Utf16);
        steps.extend(parts.iter().map(|part| Step::text(part)));
    }
    let Some(first) = steps.first_mut() else {
        let text = "there is nothing to send: Telegram takes no text of white space alone";
        return Err(DeliveryError::Permanent(text.to_owned()));
    };
    if let Some(answered) = answered {
        let mut reply = json!({"message_id": answered.number, "allow_sending_without_reply": true});
        if let Some(chat) = &answered.chat {
            reply["chat_id"] = json!(chat);
        }
        first.body["reply_parameters"] = reply;
    }
    Ok(steps)
}

/// <https://core.telegram.org/bots/api#setmessagereaction>; without an emoji it is taken back.
fn reaction(message: &Message, answered: Option<&Answered>) -> Result<Step, DeliveryError> {
    let Some(answered) = answered else {
        let text = "a reaction needs the message it is for (reply_to), and Telegram does not know that one";
        return Err(DeliveryError::Permanent(text.to_owned()));
    };
    let emoji = listed(&message.text);
    let reaction = match emoji.as_str() {
        "" => json!([]),
        emoji => json!([{"type": "emoji", "emoji": emoji}]),
    };
    let body = json!({"message_id": answered.number, "reaction": reaction});
    Ok(Step::new("setMessageReaction", body))
}

/// The call that sends a file by its address, with as much of the text as goes with it.
fn file(kind: Kind, media: &Value, text: &mut &str) -> Step {
    let (method, field) = method(kind, media);
    let url = text_at(media, "url").unwrap_or_default();
    let mut step = Step::new(method, json!({field: url}));
    let takes_caption = method != "sendSticker" && Measure::Utf16.of(text) <= MAX_CAPTION;
    step.instead = Some(if takes_caption && !text.trim().is_empty() {
        let caption = std::mem::take(text);
        step.body["caption"] = json!(caption);
        format!("{caption}\n{url}")
    } else {
        url.to_owned()
    });
    step
}

/// How a file is sent. A voice message is OGG, an animation a GIF, a sticker by its address WEBP
/// (<https://core.telegram.org/bots/api#sending-files>); the file's type tells, else the end of its
/// address.
fn method(kind: Kind, media: &Value) -> (&'static str, &'static str) {
    let mime = text_at(media, "mime")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mime = mime.split(';').next().unwrap_or_default().trim();
    let url = text_at(media, "url")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let is = |types: &[&str], ends: &[&str]| {
        types.contains(&mime) || (mime.is_empty() && ends.iter().any(|end| path.ends_with(end)))
    };
    match media["kind"].as_str() {
        Some("image") if kind == Kind::Sticker && is(&["image/webp"], &[".webp"]) => {
            ("sendSticker", "sticker")
        }
        Some("image") if is(&["image/gif"], &[".gif"]) => ("sendAnimation", "animation"),
        Some("image") => ("sendPhoto", "photo"),
        Some("video") => ("sendVideo", "video"),
        Some("audio")
            if kind == Kind::Voice
                || is(&["audio/ogg", "audio/opus"], &[".ogg", ".oga", ".opus"]) =>
        {
            ("sendVoice", "voice")
        }
        Some("audio") => ("sendAudio", "audio"),
        _ => ("sendDocument", "document"),
    }
}
