//! The calls that bring a message out, as JSON (<https://core.telegram.org/bots/api#available-methods>).

use serde_json::{Value, json};

mod format;
mod step;

pub(super) use self::step::{MAX_CAPTION, Step, Upload};

use self::step::MAX_TEXT;
use super::{files::uploads, reactions::listed};
use crate::{
    integrations::{
        DeliveryError,
        support::{
            files::outgoing::Outgoing,
            markup::Markup,
            split::{Measure, split},
        },
    },
    media::probe::essence,
    message::{Kind, Message, media::files, text_at},
};

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
    all: &[Outgoing],
    answered: Option<&Answered>,
) -> Result<Vec<Step>, DeliveryError> {
    if is_reaction(message) {
        return reaction(message, answered).map(|step| vec![step]);
    }
    let markup = Markup::of(message);
    let mut text = markup
        .as_ref()
        .map_or(message.text.as_str(), |markup| markup.text.as_str());
    let mut steps = Vec::new();
    let files = files(message.media.as_ref());
    let kept: Option<Vec<_>> = all.iter().map(Outgoing::kept).collect();
    if let Some(kept) = kept {
        let is_round = files.iter().map(|file| file["round"] == true);
        let kept: Vec<_> = kept.into_iter().zip(is_round).collect();
        steps = uploads(&kept, &mut text)?;
    } else {
        for (at, (media, file)) in files.iter().zip(all).enumerate() {
            // The text is below the first.
            let mut rest = "";
            let text = if at == 0 { &mut text } else { &mut rest };
            match file {
                Outgoing::Kept(file) => {
                    steps.extend(uploads(&[(file, media["round"] == true)], text)?);
                }
                Outgoing::ByAddress(kind) => steps.push(by_address(*kind, media, text)),
            }
        }
    }
    if let Some(markup) = &markup {
        if text.is_empty() {
            for step in &mut steps {
                format::set_caption(step, markup);
            }
        } else {
            let parts = markup.split(MAX_TEXT, Measure::Utf16);
            steps.extend(parts.iter().map(format::text));
        }
    } else if !text.trim().is_empty() {
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
fn by_address(kind: Kind, media: &Value, text: &mut &str) -> Step {
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
    let mime = essence(&mime);
    let url = text_at(media, "url")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let is = |types: &[&str], ends: &[&str]| {
        types.contains(&mime) || (mime.is_empty() && ends.iter().any(|end| path.ends_with(end)))
    };
    let is_ogg = || is(&["audio/ogg", "audio/opus"], &[".ogg", ".oga", ".opus"]);
    match kind {
        Kind::Sticker if is(&["image/webp"], &[".webp"]) => ("sendSticker", "sticker"),
        Kind::Image if is(&["image/gif"], &[".gif"]) => ("sendAnimation", "animation"),
        Kind::Image | Kind::Sticker => ("sendPhoto", "photo"),
        Kind::Video => ("sendVideo", "video"),
        Kind::Voice => ("sendVoice", "voice"),
        Kind::Audio if is_ogg() => ("sendVoice", "voice"),
        Kind::Audio => ("sendAudio", "audio"),
        _ => ("sendDocument", "document"),
    }
}
