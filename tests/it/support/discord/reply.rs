//! Answers of the REST API.

use std::time::Duration;

use serde_json::Value;

use crate::support::fake::Reply;

/// An answer of the REST API.
#[derive(Debug, Clone)]
pub(crate) struct DiscordReply {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) body: String,
    pub(super) fate: Fate,
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is said in the place of what was asked.
    Said,
    /// What is asked is done, and its own answer is said.
    Done,
    /// What is asked is done, and the connection ends in the place of the answer.
    Lost,
    /// Nothing is said for this long, then the connection ends; done or not.
    Silent(Duration, bool),
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
            fate: Fate::Said,
        }
    }

    /// The same with a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers = format!("{}{name}: {value}\r\n", self.headers);
        self
    }

    /// What is asked is done, and its answer is lost.
    pub(crate) fn lost() -> Self {
        Self::of(Fate::Lost)
    }

    /// Nothing is said for this long, and then the connection ends. What is asked is done, or is not.
    #[cfg_attr(
        not(feature = "store"),
        allow(
            dead_code,
            reason = "only the chaos test uses it, and that needs the store"
        )
    )]
    pub(crate) fn silence(time: Duration, is_done: bool) -> Self {
        Self::of(Fate::Silent(time, is_done))
    }

    pub(super) fn of(fate: Fate) -> Self {
        Self {
            fate,
            ..Self::text(200, "")
        }
    }

    /// Whether what is asked is done first.
    pub(super) fn is_done(&self) -> bool {
        !matches!(self.fate, Fate::Said | Fate::Silent(_, false))
    }

    pub(super) fn into_reply(self) -> Reply {
        match self.fate {
            Fate::Said | Fate::Done => Reply::Whole(self.status, self.headers, self.body),
            Fate::Lost => Reply::End,
            Fate::Silent(time, _) => Reply::Silence(time),
        }
    }
}
