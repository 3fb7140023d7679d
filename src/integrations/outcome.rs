//! The results of runs, deliveries and reconciliations. Each variant says what may be done next.

use std::time::Duration;

use crate::{http_client::HttpError, media::MediaError, redact};

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// A restart may help, after this long at the earliest.
    Failed(String, Option<Duration>),
    /// The service refused the credentials: only the user can fix that.
    Refused(String),
}

/// Why a channel cannot send although its service answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong.
    pub why: String,
    /// What the user can do about it, if anything.
    pub advice: Option<String>,
}

impl Trouble {
    /// A trouble with advice.
    pub fn new(why: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            advice: Some(advice.into()),
        }
    }
}

/// How far a successful delivery brought a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// The service accepted it, under these ids, which its receipts refer to.
    Sent(Vec<String>),
    /// The peer has it.
    Delivered,
}

/// Why a delivery failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryError {
    /// Not sent; a retry may help, after this long at the earliest.
    Transient(String, Option<Duration>),
    /// Not sent, and a retry cannot help.
    Permanent(String),
    /// The service refused our credentials: nothing can be sent until the user fixes them.
    Unauthorized(String),
    /// The request was sent and no answer came.
    Unknown(String),
    /// Not sent, because the whole channel cannot send now. The message waits until it can, and no
    /// attempt counts.
    Channel(Trouble),
    /// Not sent, because the peer cannot be reached. The message waits for `can_reach`, and no attempt
    /// counts, however often this happens.
    Away,
    /// The request was sent, and we cut it off before the answer. The outcome is unknown, but it is no
    /// failure of the service: retried without limit.
    Interrupted(String),
}

impl DeliveryError {
    /// The same without quotes of the message's text, because errors are logged.
    #[must_use]
    pub fn without(self, text: &str) -> Self {
        let redacted = |why: String| redact::without_text(&why, text);
        match self {
            Self::Transient(why, earliest) => Self::Transient(redacted(why), earliest),
            Self::Permanent(why) => Self::Permanent(redacted(why)),
            Self::Unauthorized(why) => Self::Unauthorized(redacted(why)),
            Self::Unknown(why) => Self::Unknown(redacted(why)),
            Self::Channel(trouble) => Self::Channel(Trouble {
                why: redacted(trouble.why),
                advice: trouble.advice,
            }),
            Self::Away => Self::Away,
            Self::Interrupted(why) => Self::Interrupted(redacted(why)),
        }
    }
}

impl From<HttpError> for DeliveryError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::NotSent(why) => Self::Transient(why, None),
            HttpError::NoAnswer(why) => Self::Unknown(why),
        }
    }
}

/// What a service says about an attempt that got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReconcileResult {
    /// The service has no way to tell.
    Unknown,
    /// The service did not answer this question either; ask again, after this long at the earliest.
    Unasked(String, Option<Duration>),
    /// It never received the message.
    NotSent,
    /// It accepted the message.
    Sent(Accepted),
}

/// What a service said of a file that was fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its type.
    pub mime: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// What the SHA-256 of its bytes should be.
    pub sha256: Option<[u8; 32]>,
}

/// Why a file was not fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// A retry may help, after this long at the earliest.
    Transient(String, Option<Duration>),
    /// A retry cannot help.
    Permanent(String),
    /// The whole channel cannot fetch now. The file waits until its state changes, and no attempt counts.
    Channel(String),
    /// The service refused our credentials: nothing can be fetched until the user fixes them.
    Unauthorized(String),
    /// It could not be kept.
    Media(MediaError),
}

impl From<MediaError> for FetchError {
    fn from(error: MediaError) -> Self {
        Self::Media(error)
    }
}
