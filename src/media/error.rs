//! Why a file cannot be taken, read or removed, and what it is on the wire.

use std::{fmt, io};

#[cfg(feature = "nats")]
use super::not_fetched::NotFetched;
use crate::{
    error::is_disk_full,
    message::MediaId,
    protocol::error_code::{ErrorCode, Fault},
    store::StoreError,
};

/// How long to wait before there may be room again, in ms.
const ROOM_RETRY_MS: u64 = 10_000;

/// Why something with a kept file failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaError {
    /// No file is kept under this id.
    Unknown(MediaId),
    /// The file of this row is gone from the folder, or another.
    Gone(MediaId),
    /// It has more bytes than this.
    TooLarge(u64),
    /// All files together would have more bytes than this, and messages refer to all there are.
    QuotaReached(u64),
    /// The disk is full; nothing of the file is kept.
    DiskFull(String),
    /// The folder cannot be written or read.
    Disk(String),
    /// Too many files come in at once.
    Busy,
    /// No file may be removed for now: a backup copies them.
    Held,
    /// It has no bytes at all.
    Empty,
    /// The bytes that came are not those that were announced.
    Different,
    /// It is on another machine of the cluster, and not here yet.
    #[cfg(feature = "nats")]
    Elsewhere(MediaId, NotFetched),
    /// Its row could not be stored or read.
    Store(StoreError),
}

impl MediaError {
    /// Whether the same may succeed later.
    pub fn passes(&self) -> bool {
        match self {
            Self::QuotaReached(_) | Self::DiskFull(_) | Self::Disk(_) | Self::Busy | Self::Held => {
                true
            }
            Self::Store(error) => error.passes(),
            // A machine that is off may come back.
            #[cfg(feature = "nats")]
            Self::Elsewhere(..) => true,
            _ => false,
        }
    }
}

impl fmt::Display for MediaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => StoreError::NoSuchFile(*id).fmt(f),
            Self::Gone(id) => write!(
                f,
                "the file {id} is no longer whole in the folder media; put it back from a backup, or hand it in again"
            ),
            Self::TooLarge(limit) => write!(
                f,
                "a file may have {limit} bytes at most (CLEUDOCODEBOT_MAX_MEDIA_BYTES)"
            ),
            Self::QuotaReached(quota) => write!(
                f,
                "the kept files have reached {quota} bytes and messages refer to all of them; raise CLEUDOCODEBOT_MEDIA_QUOTA or keep history for fewer days"
            ),
            Self::DiskFull(why) => write!(
                f,
                "the disk is full ({why}); nothing of the file was kept; free space and send it again"
            ),
            Self::Disk(why) => write!(
                f,
                "the folder media in the home folder cannot be used ({why}); see to its disk and its permissions, and try again"
            ),
            Self::Busy => f.write_str("too many files come in at once; try again in a moment"),
            Self::Held => f.write_str(
                "a backup is being made, which needs every file; try again once it is done",
            ),
            Self::Empty => f.write_str("the file is empty; no service takes one without bytes"),
            Self::Different => f.write_str(
                "the bytes that came are not those that were announced (SHA-256 differs)",
            ),
            #[cfg(feature = "nats")]
            Self::Elsewhere(id, why) => why.tell(*id, f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MediaError {}

impl From<StoreError> for MediaError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchFile(id) => Self::Unknown(id),
            other => Self::Store(other),
        }
    }
}

impl From<io::Error> for MediaError {
    fn from(error: io::Error) -> Self {
        if is_disk_full(&error) {
            Self::DiskFull(error.to_string())
        } else {
            Self::Disk(error.to_string())
        }
    }
}

impl From<MediaError> for Fault {
    fn from(error: MediaError) -> Self {
        let text = error.to_string();
        match error {
            MediaError::Unknown(_) | MediaError::Gone(_) => Self::new(ErrorCode::NotFound, text),
            MediaError::TooLarge(_) => Self::new(ErrorCode::TooLarge, text),
            MediaError::QuotaReached(_) | MediaError::DiskFull(_) => {
                Self::new(ErrorCode::QueueFull, text).retry_after(ROOM_RETRY_MS)
            }
            MediaError::Busy => Self::new(ErrorCode::QueueFull, text).retry_after(1000),
            MediaError::Held => Self::new(ErrorCode::Conflict, text).retry_after(ROOM_RETRY_MS),
            MediaError::Disk(_) => Self::new(ErrorCode::Internal, text).retry_after(1000),
            MediaError::Empty | MediaError::Different => Self::new(ErrorCode::BadPayload, text),
            #[cfg(feature = "nats")]
            MediaError::Elsewhere(_, NotFetched::Nowhere) => Self::new(ErrorCode::NotFound, text),
            #[cfg(feature = "nats")]
            MediaError::Elsewhere(..) => {
                Self::new(ErrorCode::ChannelUnavailable, text).retry_after(ROOM_RETRY_MS)
            }
            MediaError::Store(error) => Self::from(error),
        }
    }
}
