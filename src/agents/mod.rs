//! The agents in the box: clients of the gateway that answer turns. `runner` connects one to the gateway,
//! `echo`, `exec`, `openai` and `pi` are what answers. Each runs in a process of its own, on any machine;
//! the daemon starts those that the settings name.
//!
//! Not here: whose turn it is, and what becomes of an answer (`daemon`), the settings (`config::models`).

pub mod echo;
pub mod exec;
pub mod journal;
pub mod memory;
pub mod openai;
pub mod pi;
mod quote;
mod reply;
pub mod runner;
pub mod survey;
mod turn;

use std::{pin::Pin, time::Duration};

use serde_json::Value;

pub use self::{
    reply::{CallError, Question, Reply},
    turn::Turn,
};

/// A future behind a pointer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Longest answer, in bytes; what is longer is cut or refused. Services split what is longer than theirs.
pub const MAX_ANSWER_BYTES: usize = 128 * 1024;

/// Something that answers turns, several at a time.
pub trait Agent: Send + Sync + 'static {
    /// Answers one turn. Dropping the future aborts it: nothing it started may stay behind.
    fn answer<'a>(
        &'a self,
        turn: &'a Turn,
        reply: &'a Reply,
    ) -> BoxFuture<'a, Result<Answer, Failure>>;

    /// Ends what outlives a turn, within a few seconds. No turn runs any more.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// What a turn is answered with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The text; empty for none.
    pub text: String,
    /// Whether it is written in markdown, as models write.
    pub is_markdown: bool,
    /// Files, as in the action `send`.
    pub media: Option<Value>,
}

impl Answer {
    /// An answer of text alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// What a model wrote.
    pub fn markdown(text: impl Into<String>) -> Self {
        Self {
            is_markdown: true,
            ..Self::text(text)
        }
    }
}

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Nothing came of it, and another attempt may succeed.
    Transient,
    /// Another attempt fails the same way.
    Permanent,
    /// Something may have come of it.
    Unknown,
}

impl Certainty {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a turn has no answer. The text is shown to the user and logged: no secret, nothing that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, and what to do about it.
    pub error: String,
    /// Whether trying again may help.
    pub certainty: Certainty,
    /// Not before this time.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Another attempt may succeed.
    pub fn transient(error: impl Into<String>) -> Self {
        Self::new(error, Certainty::Transient)
    }

    /// Another attempt fails the same way.
    pub fn permanent(error: impl Into<String>) -> Self {
        Self::new(error, Certainty::Permanent)
    }

    /// Something may have come of it.
    pub fn unknown(error: impl Into<String>) -> Self {
        Self::new(error, Certainty::Unknown)
    }

    fn new(error: impl Into<String>, certainty: Certainty) -> Self {
        Self {
            error: error.into(),
            certainty,
            retry_after: None,
        }
    }
}
