//! Why the store could not carry out a request.
//!
//! Not here: the error codes of the wire that they become.

use std::fmt;

use crate::{
    message::State,
    protocol::error_code::{ErrorCode, Fault},
};

/// Why a request was not carried out. Nothing of a refused request is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// Too many requests wait to be written, or (without the feature `store`) too many messages to be
    /// sent. Try again later.
    QueueFull,
    /// No message has this id, or it is older than the history kept.
    NotFound,
    /// The message is in a state in which this cannot be done.
    WrongState(State),
    /// The idempotency key was used within its seven days for a message with other content.
    Conflict,
    /// A part of the message that becomes a key is too long.
    TooLong {
        /// Which part, by its name on the wire.
        field: &'static str,
        /// How many bytes it may have.
        limit: usize,
    },
    /// The storage does not work at the moment: what the system said. Nothing is acknowledged until
    /// it works again. Whether this request was stored is not known.
    Failing(String),
    /// A stored row cannot be read: which one, and what is wrong with it.
    Corrupt(String),
    /// No index answers this query: what was asked, and how to ask instead.
    InvalidQuery(String),
    /// A bug. Only this request was dropped, and nothing of it was stored.
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
                "messages cannot be stored at the moment ({why}); free space or repair the disk, it is tried again by itself"
            ),
            Self::Corrupt(what) => write!(
                f,
                "the message file is damaged: {what}; restore it from a backup, or move it away to start empty"
            ),
            Self::InvalidQuery(what) => f.write_str(what),
            Self::Internal(what) => write!(f, "the store failed on this request: {what}"),
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
