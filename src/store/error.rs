//! What the store answers when it cannot do what was asked.

use std::fmt;

use crate::{
    message::State,
    protocol::error_code::{ErrorCode, Fault},
};

/// Why a request was not carried out. Nothing of a refused request is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// Too much waits to be written, or (without the `store` feature) to be sent. Try again later.
    QueueFull,
    /// No message has this id, or it is older than the history kept.
    NotFound,
    /// The message stands in a state from which this cannot be done.
    WrongState(State),
    /// The idempotency key was used within its seven days for a message with other content.
    Conflict,
    /// A part of the message that is an index key is longer than an index should hold.
    TooLong {
        /// Which part, as the wire calls it.
        field: &'static str,
        /// How many bytes it may have.
        limit: usize,
    },
    /// The storage does not work at the moment: what the system said. Nothing is acknowledged
    /// until it works again; whether this request was kept is not known.
    Failing(String),
    /// A stored row cannot be read: which one, and what is wrong with it.
    Corrupt(String),
    /// The query asks for something no index answers: what, and how to ask instead.
    InvalidQuery(String),
    /// A bug: this request alone was dropped, and nothing of it was kept.
    Internal(String),
    /// The store was closed.
    Closed,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueueFull => f.write_str("too many messages are waiting; try again in a moment"),
            Self::NotFound => f.write_str("no message has this id (any more)"),
            Self::WrongState(state) => write!(f, "the message is already {state}"),
            Self::Conflict => f.write_str(
                "this idempotency key belongs to a message with other content; use a new key",
            ),
            Self::TooLong { field, limit } => {
                write!(f, "{field} is longer than {limit} bytes; shorten it")
            }
            Self::Failing(why) => write!(
                f,
                "messages cannot be stored at the moment ({why}); free space or mend the disk, it is tried again by itself"
            ),
            Self::Corrupt(what) => write!(
                f,
                "the message file is damaged: {what}; restore it from a backup, or move it away to start empty"
            ),
            Self::InvalidQuery(what) => f.write_str(what),
            Self::Internal(what) => write!(f, "the store stumbled over this request: {what}"),
            Self::Closed => f.write_str("the store is closed; the daemon is stopping"),
        }
    }
}

impl std::error::Error for StoreError {}

/// What a failure of the store is on the wire.
impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::QueueFull => Self::new(ErrorCode::QueueFull, text).retry_after(200),
            StoreError::NotFound => Self::new(ErrorCode::NotFound, text),
            StoreError::Conflict | StoreError::WrongState(_) => {
                Self::new(ErrorCode::Conflict, text)
            }
            StoreError::Failing(_) => Self::new(ErrorCode::Internal, text).retry_after(1000),
            StoreError::InvalidQuery(_) | StoreError::TooLong { .. } => {
                Self::new(ErrorCode::BadPayload, text)
            }
            StoreError::Closed => Self::new(ErrorCode::ShuttingDown, text),
            StoreError::Corrupt(_) | StoreError::Internal(_) => {
                Self::new(ErrorCode::Internal, text)
            }
        }
    }
}
