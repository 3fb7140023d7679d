//! What a message of any kind says, before it is known who wrote it and where.

use serde_json::{Map, Value};

use crate::message::{Content, Kind, content::file_text};

/// What one message says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) content: Option<Value>,
    pub(super) media: Option<Value>,
    /// What `meta` has of it besides.
    pub(super) meta: Map<String, Value>,
    /// Whether a person typed the text: a command is looked for nowhere else.
    pub(super) is_typed: bool,
}

impl Said {
    /// Words that a person typed.
    pub(super) fn typed(text: String) -> Self {
        Self {
            text,
            is_typed: true,
            ..Self::default()
        }
    }

    /// What has no shape of its own here, in words: `[LABEL] WORDS`.
    pub(super) fn words(label: &str, words: &str) -> Self {
        let text = format!("[{label}] {words}").trim_end().to_owned();
        Self {
            text,
            ..Self::default()
        }
    }

    /// A file, with its caption where it has one.
    pub(super) fn file(kind: Kind, media: Value, caption: Option<String>) -> Self {
        let name = media["name"].as_str();
        Self {
            kind,
            is_typed: caption.is_some(),
            text: caption.unwrap_or_else(|| file_text(kind, name)),
            media: Some(media),
            ..Self::default()
        }
    }

    /// The same with one more field of `meta`.
    pub(super) fn with(mut self, key: &str, value: Value) -> Self {
        self.meta.insert(key.to_owned(), value);
        self
    }
}

impl From<Content> for Said {
    fn from(content: Content) -> Self {
        Self {
            kind: content.kind(),
            text: content.text(),
            content: Some(content.json()),
            ..Self::default()
        }
    }
}
