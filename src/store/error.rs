//! Why the store could not carry out a request.
//!
//! Not here: the error codes of the wire that they become.

use std::fmt;

use serde_json::json;

use crate::{
    message::{MediaId, State, TurnState},
    protocol::error_code::{ErrorCode, Fault},
};

/// What to do about a damaged file.
pub const SALVAGE_ADVICE: &str =
    "stop the daemon and run: cleudocodebot store salvage (or restore the file from a backup)";

/// How long to wait before a full disk is tried again.
const FULL_RETRY_MS: u64 = 1000;

/// Why a request was not carried out. Nothing of a refused request is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// Too many requests wait to be written, or (without the feature `store`) too many messages to be
    /// sent. Try again later.
    QueueFull,
    /// No message has this id, or it is older than the history kept.
    NotFound,
    /// No file with this id is kept.
    NoSuchFile(MediaId),
    /// The message is in a state in which this cannot be done.
    WrongState(State),
    /// The turn is in a state in which this cannot be done.
    WrongTurnState(TurnState),
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
    /// The disk is full, as the system says. Nothing is acknowledged until there is space.
    DiskFull {
        /// What the system said.
        why: String,
        /// Whether this request may have been stored all the same.
        may_be_stored: bool,
    },
    /// The store has reached the size it may have, in bytes. Nothing was stored.
    LimitReached(u64),
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
            Self::NoSuchFile(id) => write!(
                f,
                "no file is kept as {id} (any more); hand it in again with POST /media"
            ),
            Self::WrongState(State::Sending) => f.write_str("the message is being sent already"),
            Self::WrongState(state) => write!(f, "the message is already {state}"),
            Self::WrongTurnState(state) => write!(f, "the turn is already {state}"),
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
            Self::DiskFull { why, may_be_stored } => {
                let stored = if *may_be_stored {
                    "this may have been stored or not: repeat it with the same idempotency_key"
                } else {
                    "this was not stored"
                };
                write!(
                    f,
                    "the disk of the message file is full ({why}); {stored}; free space, it is tried again by itself"
                )
            }
            Self::LimitReached(limit) => write!(
                f,
                "the message file has reached {limit} bytes; this was not stored; raise CLEUDOCODEBOT_MAX_STORE_BYTES or keep history for fewer days"
            ),
            Self::Corrupt(what) => {
                write!(f, "the message file is damaged: {what}; {SALVAGE_ADVICE}")
            }
            Self::InvalidQuery(what) => f.write_str(what),
            Self::Internal(what) => write!(f, "the store failed on this request: {what}"),
            Self::Closed => f.write_str("the store is closed; the daemon is stopping"),
        }
    }
}

impl std::error::Error for StoreError {}

impl StoreError {
    /// Whether the storage failed, so that nothing can be stored until it works again.
    pub(in crate::store) fn is_of_storage(&self) -> bool {
        matches!(self, Self::Failing(_) | Self::DiskFull { .. })
    }

    /// Whether the same request may succeed later.
    pub fn passes(&self) -> bool {
        self.is_of_storage() || matches!(self, Self::QueueFull | Self::LimitReached(_))
    }

    /// The same failure for a request that never reached the storage.
    pub(in crate::store) fn not_tried(self) -> Self {
        match self {
            Self::DiskFull { why, .. } => Self::DiskFull {
                why,
                may_be_stored: false,
            },
            other => other,
        }
    }
}

/// What a failure of the store is on the wire.
impl StoreError {
    /// What it is on the wire, with a text that says more than its own: what could not be kept.
    pub fn fault(self, text: String) -> Fault {
        match self {
            Self::QueueFull => Fault::new(ErrorCode::QueueFull, text).retry_after(200),
            Self::DiskFull { may_be_stored, .. } => {
                let details = json!({"may_be_stored": may_be_stored});
                Fault::new(ErrorCode::QueueFull, text)
                    .with_details(details)
                    .retry_after(FULL_RETRY_MS)
            }
            Self::LimitReached(_) => Fault::new(ErrorCode::QueueFull, text)
                .with_details(json!({"may_be_stored": false}))
                .retry_after(FULL_RETRY_MS),
            Self::NotFound | Self::NoSuchFile(_) => Fault::new(ErrorCode::NotFound, text),
            Self::Conflict | Self::WrongState(_) | Self::WrongTurnState(_) => {
                Fault::new(ErrorCode::Conflict, text)
            }
            Self::Failing(_) => Fault::new(ErrorCode::Internal, text).retry_after(1000),
            Self::InvalidQuery(_) | Self::TooLong { .. } => Fault::new(ErrorCode::BadPayload, text),
            Self::Closed => Fault::new(ErrorCode::ShuttingDown, text),
            Self::Corrupt(_) | Self::Internal(_) => Fault::new(ErrorCode::Internal, text),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        error.fault(text)
    }
}
