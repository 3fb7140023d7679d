//! What a message says: one table of all fields of the protocol's `Message`, the wrappers opened, and
//! every kind of content read.
//!
//! The fields are those of `Message` in the `WAProto` of Baileys 7.0.0-rc.9, which Evolution 2.3.6 to 2.4 uses:
//! <https://github.com/WhiskeySockets/Baileys/blob/v7.0.0-rc.9/WAProto/WAProto.proto>. What each becomes:
//!
//! | field | becomes |
//! |---|---|
//! | `conversation`, `extendedTextMessage` | text |
//! | `imageMessage`; `videoMessage`, `ptvMessage`; `documentMessage` | image; video; document, with caption and file name |
//! | `audioMessage` | voice where it was recorded (`ptt`), else audio |
//! | `stickerMessage`, `lottieStickerMessage`, `stickerPackMessage` | sticker |
//! | `locationMessage`, `liveLocationMessage` | location |
//! | `contactMessage`, `contactsArrayMessage` | contact |
//! | `pollCreationMessage`, V2 to V5; `pollResultSnapshotMessage`, V3 | poll |
//! | `pollUpdateMessage` | vote, with its options where Evolution could decrypt them |
//! | `listResponseMessage`, `buttonsResponseMessage`, `templateButtonReplyMessage`, `interactiveResponseMessage` | choice |
//! | `orderMessage`, `productMessage`, `invoiceMessage` | order |
//! | `reactionMessage`, `statusStickerInteractionMessage` | reaction; without an emoji: taken back |
//! | `call`, `bcallMessage`, `callLogMesssage`, `scheduledCallCreationMessage`, `scheduledCallEditMessage` | call |
//! | `listMessage`, `buttonsMessage`, `templateMessage`, `interactiveMessage`, `highlyStructuredMessage`, `eventMessage`, `groupInviteMessage`, both invitations to a newsletter, `richResponseMessage`, `questionResponseMessage`, `statusQuestionAnswerMessage`, `statusQuotedMessage` | text: all their words |
//! | `protocolMessage` | an edit or a deletion of the message it names; a setting: system; the rest: nothing |
//! | `pinInChatMessage`, `keepInChatMessage`, `albumMessage`, all about payments, `requestPhoneNumberMessage`, `statusNotificationMessage`, an edit that cannot be read (`secretEncryptedMessage`) | system |
//! | `encReactionMessage`, `encCommentMessage`, `encEventResponseMessage`, `placeholderMessage`, `chat`, any other field, a message without any | unsupported, with the field's name |
//! | `ephemeralMessage`, the three of view-once, `documentWithCaptionMessage`, `editedMessage`, `deviceSentMessage`, `associatedChildMessage` (of an album), `commentMessage`, the other wrappers and whatever else has a `message` inside | what is inside |
//! | keys and syncing (`senderKeyDistributionMessage`, `messageContextInfo`, …) | nothing |

mod answers;
mod files;
mod number;
mod places;
mod protocol;
mod system;
mod table;
mod words;

use serde_json::{Value, json};

use self::table::{Rule, rule};
use crate::message::{Content, Kind, text_at};

pub(super) use self::{number::whole, protocol::read_protocol};
#[cfg(test)]
pub(super) use self::{protocol::PROTOCOL_TYPES, table::FIELDS};

/// How many wrappers are opened, one inside the other: as many as Baileys opens
/// (`src/Utils/messages.ts`, `normalizeMessageContent`).
const MAX_WRAPPERS: usize = 5;

/// What Evolution puts beside the content: the file itself, where it put the file, and what was said in
/// it (`whatsapp.baileys.service.ts`).
const OF_EVOLUTION: [&str; 3] = ["base64", "mediaUrl", "speechToText"];

/// What a body of `message` comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    /// Something to be stored.
    Said(Box<Said>),
    /// Another message says this now: the one of this name, else the one it came with.
    Edited(Option<String>, Box<Said>),
    /// The message of this name was deleted.
    Deleted(String),
    /// Nothing that anyone said: the field, for whoever looks into the log.
    Nothing(String),
}

/// What a message says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    pub kind: Kind,
    /// The text to be stored, never empty.
    pub text: String,
    /// What its author wrote of that, as far as something we send could read the same: a text, a
    /// caption, an emoji.
    pub words: String,
    /// Whether a person typed that: nothing else holds a command.
    pub typed: bool,
    pub content: Option<Value>,
    /// What is known of its file, where it is one.
    pub file: Option<File>,
    /// The message it is about.
    pub about: Option<String>,
    /// Whether it was forwarded.
    pub forwarded: bool,
}

/// What is known of a file besides its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct File {
    pub mime: Option<String>,
    pub name: Option<String>,
    pub bytes: Option<u64>,
    pub width: Option<u64>,
    pub height: Option<u64>,
    pub seconds: Option<u64>,
    /// Whether it is a round video.
    pub round: bool,
}

impl Said {
    /// A text, where there is any.
    fn text(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.trim().is_empty()).then(|| Self {
            words: text.clone(),
            text,
            ..Self::default()
        })
    }

    /// A content with its rendering.
    pub(super) fn of(content: &Content) -> Self {
        let text = content.text();
        Self {
            kind: content.kind(),
            words: text.clone(),
            text,
            content: Some(content.json()),
            ..Self::default()
        }
    }

    /// The service telling of something.
    fn system(event: &str, words: impl Into<String>, details: Value) -> Self {
        Self::of(&Content::System {
            event: event.to_owned(),
            words: words.into(),
            details: match details {
                Value::Object(details) => details,
                _ => serde_json::Map::new(),
            },
        })
    }

    /// What no rule knows.
    fn unsupported(service_type: &str) -> Self {
        Self::of(&Content::Unsupported {
            service_type: service_type.to_owned(),
        })
    }

    /// The same, about the message of this key, where there is one.
    fn about(mut self, key: &Value) -> Self {
        let name = text_at(key, "id").map(str::to_owned);
        self.about = self.about.or(name);
        self
    }

    /// Its file as it is stored; the name is that of the message.
    pub(super) fn media(&self, name: &str, url: Option<&str>) -> Option<Value> {
        let file = self.file.as_ref()?;
        let mut media = json!({"kind": self.kind.media_kind(), "id": name});
        let known = [
            ("mime", file.mime.as_deref()),
            ("name", file.name.as_deref()),
            ("url", url),
        ];
        for (field, text) in known {
            if let Some(text) = text {
                media[field] = json!(text);
            }
        }
        let measured = [
            ("bytes", file.bytes),
            ("width", file.width),
            ("height", file.height),
            ("seconds", file.seconds),
        ];
        // What the service does not know is 0.
        for (field, number) in measured {
            if let Some(number @ 1..) = number {
                media[field] = json!(number);
            }
        }
        if file.round {
            media["round"] = json!(true);
        }
        Some(media)
    }

    /// The service's own name of what no rule knows.
    pub(super) fn service_type(&self) -> Option<&str> {
        let content = self.content.as_ref();
        content.filter(|_| self.kind == Kind::Unsupported)?["type"].as_str()
    }
}

/// What a `message` says; `hint` is what the service calls one whose content it did not get.
pub(super) fn read(message: &Value, hint: Option<&str>) -> Body {
    let mut inside = message;
    let mut edited = false;
    let (mut about, mut outer) = (None, None);
    for depth in 0..=MAX_WRAPPERS {
        let Some((field, value)) = content_of(inside) else {
            return empty(inside, outer.or(hint));
        };
        let read = match rule(field, value) {
            Rule::Is(read) => read(value),
            Rule::Says(read) => read(value).unwrap_or_else(|| unreadable(field, value)),
            Rule::Protocol => return protocol::read_protocol(value),
            Rule::Wrapper if depth < MAX_WRAPPERS && value["message"].is_object() => {
                edited |= field == "editedMessage";
                about = about.or_else(|| text_at(&value["targetMessageKey"], "id"));
                (inside, outer) = (&value["message"], Some(field));
                continue;
            }
            Rule::Wrapper | Rule::Plumbing => Said::unsupported(field),
        };
        let said = Box::new(finished(read, inside, value, about));
        return if edited {
            Body::Edited(None, said)
        } else {
            Body::Said(said)
        };
    }
    said(Said::unsupported("message"))
}

/// What no rule knows, or is encrypted for the phone alone; the message it is about is told all the same.
fn unreadable(field: &str, value: &Value) -> Said {
    let mut keys = ["targetMessageKey", "eventCreationMessageKey"].into_iter();
    let said = Said::unsupported(field);
    match keys.find(|key| value[*key].is_object()) {
        Some(key) => said.about(&value[key]),
        None => said,
    }
}

fn said(said: Said) -> Body {
    Body::Said(Box::new(said))
}

/// The field that holds the content: not Evolution's own, not plumbing, not empty. Of several, a file
/// comes before the words beside it, what is known before what is not.
fn content_of(message: &Value) -> Option<(&str, &Value)> {
    let fields = message.as_object()?.iter();
    let there = fields
        .map(|(field, value)| (field.as_str(), value))
        .filter(|(field, value)| !is_absent(field, value));
    there
        .filter_map(|(field, value)| Some((rank(field, value)?, field, value)))
        .min_by_key(|(rank, ..)| *rank)
        .map(|(_, field, value)| (field, value))
}

fn is_absent(field: &str, value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("") || OF_EVOLUTION.contains(&field)
}

fn rank(field: &str, value: &Value) -> Option<(u8, usize)> {
    let place = table::FIELDS.iter().position(|(name, _)| *name == field);
    let class = match rule(field, value) {
        Rule::Plumbing => return None,
        Rule::Says(_) if place.is_none() => 4,
        Rule::Says(_) if words::PLAIN.contains(&field) => 1,
        Rule::Says(_) | Rule::Is(_) => 0,
        Rule::Protocol => 2,
        Rule::Wrapper => 3,
    };
    Some((class, place.unwrap_or(table::FIELDS.len())))
}

/// A body without content. A phone newer than the protocol that the service knows sends one with
/// nothing left in it but `messageContextInfo`: somebody said something. Of keys alone that is not so.
fn empty(message: &Value, hint: Option<&str>) -> Body {
    let mut fields = message.as_object().into_iter().flatten();
    let key = fields.find(|(field, value)| {
        let is_context = field.as_str() == "messageContextInfo";
        !is_context && !is_absent(field, value)
    });
    match key.filter(|(field, value)| matches!(rule(field, value), Rule::Plumbing)) {
        Some((field, _)) => Body::Nothing(field.clone()),
        None => said(Said::unsupported(hint.unwrap_or("empty"))),
    }
}

/// What belongs to any content: the words beside it, what it answers, whether it was forwarded.
fn finished(mut said: Said, inside: &Value, value: &Value, about: Option<&str>) -> Said {
    let beside = words::beside(inside).filter(|_| said.kind != Kind::Text);
    if let Some(words) = beside.filter(|_| said.file.is_none() || said.words.is_empty()) {
        words.clone_into(&mut said.text);
        words.clone_into(&mut said.words);
        said.typed = true;
    }
    let context = &value["contextInfo"];
    let told = about.or_else(|| text_at(context, "stanzaId"));
    if let Some(told) = told {
        said.about.get_or_insert_with(|| told.to_owned());
    }
    said.forwarded = is_forwarded(context);
    said
}

/// Whether the context of a content says that it was forwarded.
pub(super) fn is_forwarded(context: &Value) -> bool {
    context["isForwarded"] == true || whole(&context["forwardingScore"]).is_some_and(|n| n > 0)
}
