//! One call of a service: what is asked, within which limits, and what came of it.

use std::{fmt, time::Duration};

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::Value;

use super::json::read_json;
use crate::body::Multipart;

/// How long the parts of a call may take, and how much may come.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// Until the connection is open, TLS included.
    pub connect: Duration,
    /// From sending the whole request to the head of the answer.
    pub first_byte: Duration,
    /// For the body of an answer that is collected, or read as it comes.
    pub body: Duration,
    /// For each `MIN_PROGRESS` bytes of a file, on its way up or down: it may take as long as its size
    /// needs, and no longer. Of an answer that is read as it comes, for each piece.
    pub stall: Duration,
    /// Longest body of an answer, in bytes.
    pub max_bytes: usize,
}

/// A file that moves by less than this in `HttpLimits::stall` does not move.
pub(super) const MIN_PROGRESS: u64 = 16 * 1024;

/// A service passes a file on before it answers: this much a second at least.
const PASSED_ON_A_SECOND: u64 = 256 * 1024;

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            body: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            max_bytes: 4 << 20,
        }
    }
}

impl HttpLimits {
    /// For a call that brings a file of so many bytes up, or has the service bring one.
    pub fn for_file(bytes: u64) -> Self {
        Self {
            first_byte: Duration::from_secs(60 + bytes / PASSED_ON_A_SECOND),
            ..Self::default()
        }
    }
}

/// One call.
pub struct HttpCall<'a> {
    /// Its method.
    pub method: Method,
    /// Path and query, appended to the base URL.
    pub path: &'a str,
    /// Additional headers, treated as sensitive.
    pub headers: &'a [(&'static str, &'a str)],
    /// What is sent.
    pub body: HttpBody<'a>,
    /// Its time and size limits.
    pub limits: HttpLimits,
}

/// The value of the header `Authorization` for a key, where there is one.
pub fn bearer(key: Option<&str>) -> Option<String> {
    key.map(|key| format!("Bearer {key}"))
}

/// The body of a request.
pub enum HttpBody<'a> {
    /// None.
    Empty,
    /// JSON; none if it is null.
    Json(&'a Value),
    /// A text that is JSON, sent as it is.
    JsonText(String),
    /// Bytes of no type that we know.
    Bytes(Bytes),
    /// Fields and files.
    Form(Multipart),
}

/// What a service may ask us to wait at most.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The wait that a service asks for, within reason.
pub fn retry_after(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER)
}

/// The answer of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// `Retry-After`, if it was given in seconds; see [`retry_after`].
    pub retry_after: Option<Duration>,
    /// Its head.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl HttpAnswer {
    /// An answer without headers.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            retry_after: None,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    /// A header, where it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> Value {
        read_json(&self.body).unwrap_or(Value::Null)
    }
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// The request was not sent, or not all of its file, so that nothing can have come of it.
    NotSent(String),
    /// The request may have been sent; no complete answer came.
    NoAnswer(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) | Self::NoAnswer(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn half_an_emoji_in_one_name_leaves_the_answer_what_it_is() {
        let answer = HttpAnswer::new(200, r#"[{"subject":"Fam\ud83d"},{"subject":"Vila"}]"#);
        let read = json!([{"subject": "Fam\u{fffd}"}, {"subject": "Vila"}]);
        assert_eq!(answer.json(), read);
        assert_eq!(HttpAnswer::new(200, "<html>").json(), Value::Null);
    }
}
