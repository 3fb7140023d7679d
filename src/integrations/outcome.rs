//! How an integration and its deliveries fare, and so what may be done next.

use std::time::Duration;

use super::support::redact;

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// Something that another try may mend, not before this time where one is given.
    Failed(String, Option<Duration>),
    /// The service refused the credentials: only the user can mend that.
    Refused(String),
}

/// What an integration says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It works, as far as it knows.
    Working,
    /// It cannot work now, and why.
    Impaired(String),
}

/// How far a message came by one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// The service took it and knows it by these names, by which its receipts come.
    Sent(Vec<String>),
    /// The peer has it.
    Delivered,
}

/// Why a delivery failed, and so what may be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryError {
    /// It was not sent; another try may help, not before this time where one is given.
    Transient(String, Option<Duration>),
    /// It was not sent and never will be.
    Permanent(String),
    /// The service refused our credentials: nothing can be sent before the user mends them.
    Unauthorized(String),
    /// The request left and no answer came.
    Unknown(String),
    /// The peer cannot be reached (any more); it waits until `can_reach` says otherwise. However
    /// often this happens, the message is not given up.
    Away,
    /// The request left, and its end before any answer was our doing: nobody knows, and nobody is to
    /// blame. It is tried again however often this happens.
    Interrupted(String),
}

impl DeliveryError {
    /// The same without what it quotes of the message, for errors are logged.
    #[must_use]
    pub fn without(self, text: &str) -> Self {
        let redacted = |why: String| redact::without_text(&why, text);
        match self {
            Self::Transient(why, earliest) => Self::Transient(redacted(why), earliest),
            Self::Permanent(why) => Self::Permanent(redacted(why)),
            Self::Unauthorized(why) => Self::Unauthorized(redacted(why)),
            Self::Unknown(why) => Self::Unknown(redacted(why)),
            Self::Away => Self::Away,
            Self::Interrupted(why) => Self::Interrupted(redacted(why)),
        }
    }
}

/// What a service says about an attempt that got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReconcileResult {
    /// It cannot tell.
    Unknown,
    /// It did not answer that either; to be asked again, not before this time where one is given.
    Unasked(String, Option<Duration>),
    /// It never got the message.
    NotSent,
    /// It has it.
    Sent(Accepted),
}
