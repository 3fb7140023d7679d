//! One call that brings a message or a part of it out.

use serde_json::{Value, json};

use crate::integrations::support::{files::outgoing::OutgoingFile, split::Measure};

/// Longest text, in UTF-16 code units.
pub(super) const MAX_TEXT: usize = 4096;

/// Longest caption, in UTF-16 code units.
pub(super) const MAX_CAPTION: usize = 1024;

/// A kept file that goes with a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Upload {
    /// The field of the form that it is in.
    pub(super) field: String,
    pub(super) file: OutgoingFile,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) method: &'static str,
    /// Its parameters but for those that say where it goes.
    pub(super) body: Value,
    /// The text that says the same where Telegram cannot use the address of the file: the caption and the
    /// address. So nothing is lost, and who gets it can open the file by themselves.
    pub(super) instead: Option<String>,
    /// Kept files that go with it.
    pub(super) uploads: Vec<Upload>,
}

impl Step {
    pub(super) fn new(method: &'static str, body: Value) -> Self {
        Self {
            method,
            body,
            instead: None,
            uploads: Vec::new(),
        }
    }

    /// A call with kept files.
    pub(super) fn with_uploads(method: &'static str, body: Value, uploads: Vec<Upload>) -> Self {
        Self {
            uploads,
            ..Self::new(method, body)
        }
    }

    /// The same file as a document, where it is one file and is none yet: Telegram takes any as that.
    pub(super) fn as_document(&self) -> Option<Self> {
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
