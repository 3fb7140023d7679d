//! The types of a description: an action, an event, the fields of their payloads, and the kinds of
//! values these hold, with the one check of a value against its kind.
//!
//! The descriptions themselves are in `actions`, `events` and `fields`.

use std::borrow::Cow;

use serde_json::Value;

use crate::{message::media::MAX_FILES, protocol::role::Least};

/// Longest name, in bytes.
pub const MAX_NAME: usize = 256;

/// Most names in one array.
pub const MAX_NAMES: usize = 64;

/// Most targets of one message.
pub const MAX_TARGETS: usize = 256;

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Any string.
    Text,
    /// A string of 1 to 256 bytes without control characters.
    Name,
    /// A whole number in this range.
    Integer(u64, u64),
    /// A whole number, or a string as `Name`: where to go on.
    Since,
    /// `true` or `false`.
    Boolean,
    /// As `Name`, or an array of up to 256 of them.
    Targets,
    /// An object.
    Object,
    /// An object or an array of 1 to 10 objects: the files of a message.
    Files,
    /// An array of strings, each as `Name`, 1 to 64 of them.
    Names,
    /// An array of strings.
    Texts,
    /// An array of objects.
    Objects,
    /// Any JSON value.
    Any,
}

/// One field of a payload.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// Its key.
    pub name: &'static str,
    /// What it may hold.
    pub kind: FieldKind,
    /// False where it may be left out.
    pub required: bool,
    /// One line of text.
    pub summary: &'static str,
}

/// One action and the shape of both its payloads.
#[derive(Debug)]
pub struct ActionSpec {
    /// Its name.
    pub name: &'static str,
    /// Older names that stay accepted.
    pub aliases: &'static [&'static str],
    /// One line of text.
    pub summary: &'static str,
    /// What the client sends.
    pub request: &'static [FieldSpec],
    /// What the gateway answers.
    pub response: &'static [FieldSpec],
}

/// One event and the shape of its payload.
#[derive(Debug)]
pub struct EventSpec {
    /// Its name; `*` stands for what the publisher chose.
    pub name: &'static str,
    /// One line of text.
    pub summary: &'static str,
    /// What it carries.
    pub payload: &'static [FieldSpec],
    /// Who may hear it.
    pub least: Least,
}

impl FieldKind {
    /// What a field must be, with its article.
    pub fn expectation(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Text => "a string",
            Self::Name => "a string of 1 to 256 bytes without control characters",
            Self::Integer(low, high) => {
                return Cow::Owned(format!("a whole number from {low} to {high}"));
            }
            Self::Since => {
                "a whole number, or a string of 1 to 256 bytes without control characters"
            }
            Self::Boolean => "true or false",
            Self::Object => "an object",
            Self::Files => "an object or an array of 1 to 10 objects",
            Self::Names => "an array of 1 to 64 strings",
            Self::Targets => {
                "a string of 1 to 256 bytes without control characters, or an array of 1 to 256 of them"
            }
            Self::Texts => "an array of strings",
            Self::Objects => "an array of objects",
            Self::Any => "any JSON value",
        })
    }

    /// Whether a field of this kind may hold `value`.
    pub fn fits(self, value: &Value) -> bool {
        let all =
            |fits: fn(&Value) -> bool| value.as_array().is_some_and(|all| all.iter().all(fits));
        match self {
            Self::Text => value.is_string(),
            Self::Name => is_name(value),
            Self::Integer(low, high) => value.as_u64().is_some_and(|n| (low..=high).contains(&n)),
            Self::Since => value.is_u64() || is_name(value),
            Self::Boolean => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Files => {
                let count = value.as_array().map_or(0, Vec::len);
                value.is_object() || (1..=MAX_FILES).contains(&count) && all(Value::is_object)
            }
            Self::Names => {
                let count = value.as_array().map_or(0, Vec::len);
                (1..=MAX_NAMES).contains(&count) && all(is_name)
            }
            Self::Targets => {
                let count = value.as_array().map_or(0, Vec::len);
                is_name(value) || (1..=MAX_TARGETS).contains(&count) && all(is_name)
            }
            Self::Texts => all(Value::is_string),
            Self::Objects => all(Value::is_object),
            Self::Any => true,
        }
    }
}

fn is_name(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control)
    })
}
