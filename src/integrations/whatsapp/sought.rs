//! What a message that may have been sent looks like where a server's messages are searched. No calls.

use serde_json::Value;

use super::steps::{Step, What};
use crate::message::text_at;

/// How far ahead of the clock of `WhatsApp` ours may be, in seconds: a message that seems older than
/// our wish to send it may still be it. Our own of the same text are kept out by their names.
const CLOCKS_APART: i64 = 120;

/// A message of our own account as a server's search finds it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundMessage {
    pub name: String,
    /// As the protocol has it.
    pub content: Value,
    /// When it was sent, in seconds; `None` where that is not told.
    pub seconds: Option<i64>,
}

/// What a message that may have been sent looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sought<'a> {
    /// This text.
    Text(&'a str),
    /// A file: the field of its message, and its caption, empty for none. Its bytes are not known there:
    /// pictures, voice notes and stickers are converted.
    File(&'static str, &'a str),
}

impl<'a> Sought<'a> {
    /// What a step leaves behind; `None` where that cannot be told from others.
    pub(super) fn of(step: &'a Step<'_>) -> Option<Self> {
        match &step.what {
            What::Text(text) => Some(Self::Text(text)),
            What::File(file) => Some(Self::File(file.form.field(), &file.caption)),
            _ => None,
        }
    }

    fn is(&self, content: &Value) -> bool {
        match self {
            Self::Text(text) => {
                let theirs = text_at(content, "conversation");
                theirs.or(text_at(&content["extendedTextMessage"], "text")) == Some(text)
            }
            Self::File(field, caption) => {
                // Evolution opens this wrapper where it stores, and its older versions do not.
                let wrapped = &content["documentWithCaptionMessage"]["message"];
                let file = [content, wrapped].map(|content| &content[*field]);
                let mut files = file.into_iter().filter(|file| file.is_object());
                files.any(|file| text_at(file, "caption").unwrap_or_default() == *caption)
            }
        }
    }
}

/// The names of the messages found that look like this and were sent since then, in seconds, as far as
/// clocks tell.
pub(super) fn names_of(found: &[FoundMessage], sought: &Sought<'_>, since: u64) -> Vec<String> {
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    let since = since.saturating_sub(CLOCKS_APART);
    let ours = found
        .iter()
        .filter(|one| sought.is(&one.content) && one.seconds >= Some(since));
    ours.map(|one| one.name.clone()).collect()
}
