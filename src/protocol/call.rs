//! What a text message of a client can be: a command, a batch of them, a ping, or nothing that can be
//! done. And who asked, so that the answer can be addressed.
//!
//! Only the types; `frame` and `jsonrpc` read them, `reply` writes what they are answered.

use std::borrow::Cow;

use super::{dialect::Dialect, error_code::Fault};

/// One command to be done.
#[derive(Debug)]
pub struct Call<'a> {
    /// How it was written.
    pub dialect: Dialect,
    /// Its name, not yet looked up.
    pub action: Cow<'a, str>,
    /// The JSON text of its arguments; `None` where none were sent.
    pub payload: Option<&'a str>,
    /// The JSON text of its id, echoed as it came.
    pub id: Option<&'a str>,
    /// False for a JSON-RPC notification.
    pub wants_answer: bool,
}

impl Call<'_> {
    /// Who to answer.
    pub fn asker(&self) -> AskerRef<'_> {
        AskerRef {
            dialect: self.dialect,
            action: &self.action,
            id: self.id,
        }
    }
}

/// A frame that holds no command we can do, with what is known for the answer.
#[derive(Debug)]
pub struct Unreadable<'a> {
    /// How to answer.
    pub dialect: Dialect,
    /// The action's name where it could be read.
    pub action: Option<Cow<'a, str>>,
    /// The JSON text of its id where it could be read.
    pub id: Option<&'a str>,
    /// Whether nothing of a command was seen: the triple answers with an `error` event.
    pub no_object: bool,
    /// False for a JSON-RPC notification, which is never answered (§4.1).
    pub wants_answer: bool,
    /// What is wrong.
    pub fault: Fault,
}

/// Everything a text message can be.
#[derive(Debug)]
pub enum ClientMessage<'a> {
    /// The bare text `ping`.
    BarePing,
    /// `{"type":"ping"}`, answered by `{"type":"pong"}`.
    TypedPing {
        /// The JSON text of its id.
        id: Option<&'a str>,
        /// The JSON text to echo.
        payload: Option<&'a str>,
    },
    /// One command.
    Call(Call<'a>),
    /// A JSON-RPC batch (never empty), answered by one array.
    Batch(Vec<Result<Call<'a>, Unreadable<'a>>>),
    /// No command.
    Unreadable(Unreadable<'a>),
}

impl Unreadable<'_> {
    /// Text in which no object was seen.
    pub(super) fn without_object(dialect: Dialect, fault: Fault) -> Self {
        Self {
            dialect,
            action: None,
            id: None,
            no_object: true,
            wants_answer: true,
            fault,
        }
    }
}

/// Who asked, so that the answer can say so: a `Call` without its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// How to write.
    pub dialect: Dialect,
    /// The action as it was asked for.
    pub action: String,
    /// The JSON text of the id.
    pub id: Option<String>,
}

/// The same, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct AskerRef<'a> {
    /// How to write.
    pub dialect: Dialect,
    /// The action as it was asked for.
    pub action: &'a str,
    /// The JSON text of the id.
    pub id: Option<&'a str>,
}

impl Asker {
    /// Borrows it.
    pub fn as_ref(&self) -> AskerRef<'_> {
        AskerRef {
            dialect: self.dialect,
            action: &self.action,
            id: self.id.as_deref(),
        }
    }
}

impl AskerRef<'_> {
    /// Keeps it for an answer that comes later.
    pub fn to_owned(self) -> Asker {
        Asker {
            dialect: self.dialect,
            action: self.action.to_owned(),
            id: self.id.map(str::to_owned),
        }
    }
}
