//! One call that brings a message or a part of it out.

use serde_json::{Value, json};

use crate::integrations::support::{files::outgoing::OutgoingFile, split::Measure};

/// Longest text, in UTF-16 code units.
pub(in super::super) const MAX_TEXT: usize = 4096;

/// Longest caption, in UTF-16 code units.
pub(in super::super) const MAX_CAPTION: usize = 1024;

/// The fields that formatting is in: that of a text, that of a caption.
pub(in super::super) const FORMATTING: [&str; 2] = ["entities", "caption_entities"];

/// A kept file that goes with a call.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Upload {
    /// The field of the form that it is in.
    pub(in super::super) field: String,
    pub(in super::super) file: OutgoingFile,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Step {
    pub(in super::super) method: &'static str,
    /// Its parameters but for those that say where it goes.
    pub(in super::super) body: Value,
    /// The text that says the same where Telegram cannot use the address of the file: the caption and the
    /// address. So nothing is lost, and who gets it can open the file by themselves.
    pub(in super::super) instead: Option<String>,
    /// Kept files that go with it.
    pub(in super::super) uploads: Vec<Upload>,
}

impl Step {
    pub(in super::super) fn new(method: &'static str, body: Value) -> Self {
        Self {
            method,
            body,
            instead: None,
            uploads: Vec::new(),
        }
    }

    /// A call with kept files.
    pub(in super::super) fn with_uploads(
        method: &'static str,
        body: Value,
        uploads: Vec<Upload>,
    ) -> Self {
        Self {
            uploads,
            ..Self::new(method, body)
        }
    }

    /// The same file as a document, where it is one file and is none yet: Telegram takes any as that.
    pub(in super::super) fn as_document(&self) -> Option<Self> {
        let [upload] = self.uploads.as_slice() else {
            return None;
        };
        let upload = Upload {
            field: "document".to_owned(),
            ..upload.clone()
        };
        let mut body = json!({"disable_content_type_detection": true});
        for kept in ["caption", "reply_parameters"] {
            if let Some(value) = self.body.get(kept) {
                body[kept] = value.clone();
            }
        }
        let step = Self::with_uploads("sendDocument", body, vec![upload]);
        (self.method != step.method).then_some(step)
    }

    /// Whether it has formatting.
    pub(in super::super) fn is_formatted(&self) -> bool {
        self.parts()
            .any(|part| FORMATTING.iter().any(|field| part.get(field).is_some()))
    }

    /// The same with the words alone.
    pub(in super::super) fn unformatted(mut self) -> Self {
        let files = self.body.get_mut("media").and_then(Value::as_array_mut);
        for part in files.into_iter().flatten() {
            for field in FORMATTING {
                drop(part.as_object_mut().and_then(|part| part.remove(field)));
            }
        }
        let [text, caption] = FORMATTING;
        self.without(text).without(caption)
    }

    /// Its parameters, and those of each file of an album.
    fn parts(&self) -> impl Iterator<Item = &Value> {
        let files = self.body.get("media").and_then(Value::as_array);
        std::iter::once(&self.body).chain(files.into_iter().flatten())
    }

    /// The same without one of its parameters.
    pub(in super::super) fn without(mut self, parameter: &str) -> Self {
        if let Some(parameters) = self.body.as_object_mut() {
            parameters.remove(parameter);
        }
        self
    }

    /// A text.
    pub(in super::super) fn text(text: &str) -> Self {
        Self::new("sendMessage", json!({"text": text}))
    }

    /// The call that tells a text with the file's address instead of the file, where it has not been tried
    /// and there is room for both. It answers what the file would have answered.
    pub(in super::super) fn as_text(&self) -> Option<Self> {
        let text = self.instead.as_deref()?;
        let mut step = Self::text(text);
        if let Some(reply) = self.body.get("reply_parameters") {
            step.body["reply_parameters"] = reply.clone();
        }
        (Measure::Utf16.of(text) <= MAX_TEXT).then_some(step)
    }
}
