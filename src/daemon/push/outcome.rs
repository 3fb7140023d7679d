//! What came of an attempt, and what the answers of a push service mean.

use std::time::Duration;

use crate::http_client::{HttpAnswer, HttpError};

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The service took it.
    Sent,
    /// There was nothing to tell any more.
    Skipped,
    /// The service no longer knows the device.
    Gone,
    /// The key whose subscription it is has ended.
    Orphaned,
    /// The service takes none that is so long.
    TooLarge,
    /// The service wants to be asked later, after this long if it said so.
    Busy(Option<Duration>),
    /// The service does not take our signature.
    Denied(String),
    /// The service does not take this push.
    Refused(String),
    /// The service was not reached, or is in trouble.
    Failed(String),
}

impl Outcome {
    /// Why an attempt failed, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        match self {
            Self::Sent | Self::Skipped | Self::Gone | Self::Orphaned => None,
            Self::TooLarge => Some("the push service takes none that is so long".to_owned()),
            Self::Busy(_) => Some("the push service wants to be asked later".to_owned()),
            Self::Denied(why) | Self::Refused(why) | Self::Failed(why) => Some(why.clone()),
        }
    }
}

/// What an answer means (RFC 8030 §5, §7.3, §8.4; RFC 8292 §4.2). What the service says in words is
/// not shown: it may name the address.
pub(super) fn outcome(answer: Result<HttpAnswer, HttpError>, host: &str) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let why = || format!("{host} answered {}", answer.status);
    match answer.status {
        200..=299 => Outcome::Sent,
        404 | 410 => Outcome::Gone,
        413 => Outcome::TooLarge,
        429 | 503 => Outcome::Busy(answer.retry_after),
        401 | 403 => Outcome::Denied(why()),
        408 | 500..=599 => Outcome::Failed(why()),
        _ => Outcome::Refused(why()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, wait: Option<u64>) -> Outcome {
        let answer = HttpAnswer {
            retry_after: wait.map(Duration::from_secs),
            ..HttpAnswer::new(status, "a text")
        };
        outcome(Ok(answer), "push.example")
    }

    #[test]
    fn each_answer_means_something() {
        for status in [200, 201, 202, 204] {
            assert_eq!(answered(status, None), Outcome::Sent, "{status}");
        }
        assert_eq!(answered(404, None), Outcome::Gone);
        assert_eq!(answered(410, None), Outcome::Gone);
        assert_eq!(answered(413, None), Outcome::TooLarge);
        let wait = Some(Duration::from_secs(7));
        assert_eq!(answered(429, Some(7)), Outcome::Busy(wait));
        assert_eq!(answered(503, None), Outcome::Busy(None));
        let why = |status| format!("push.example answered {status}");
        assert_eq!(answered(403, None), Outcome::Denied(why(403)));
        assert_eq!(answered(400, None), Outcome::Refused(why(400)));
        assert_eq!(answered(307, None), Outcome::Refused(why(307)));
        assert_eq!(answered(500, None), Outcome::Failed(why(500)));
        let silent = Err(HttpError::NoAnswer("push.example broke".to_owned()));
        let failed = Outcome::Failed("push.example broke".to_owned());
        assert_eq!(outcome(silent, "push.example"), failed);
    }
}
