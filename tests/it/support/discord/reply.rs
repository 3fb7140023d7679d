//! Answers of the REST API.

use serde_json::Value;

/// An answer of the REST API.
#[derive(Debug, Clone)]
pub(crate) struct DiscordReply {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) body: String,
    /// The message is made all the same, and the connection ends in the place of the answer.
    pub(super) is_lost: bool,
}

impl DiscordReply {
    pub(crate) fn new(status: u16, body: impl Into<Value>) -> Self {
        let body: Value = body.into();
        Self::text(status, &body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: String::new(),
            body: body.to_owned(),
            is_lost: false,
        }
    }

    /// The same with a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers = format!("{}{name}: {value}\r\n", self.headers);
        self
    }

    /// What is asked is done, and its answer is lost.
    pub(crate) fn lost() -> Self {
        Self {
            is_lost: true,
            ..Self::text(200, "")
        }
    }
}
