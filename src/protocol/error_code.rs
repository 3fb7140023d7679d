//! One row per error: its name on the triple, its JSON-RPC number, its HTTP status. And the close
//! codes of the socket.

use serde_json::{Value, json};

/// Every error a command can be answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each row of the table below documents its code"
)]
pub enum ErrorCode {
    BadJson,
    BadFrame,
    UnknownType,
    UnknownAction,
    BadPayload,
    Internal,
    Unauthorized,
    RateLimited,
    TooLarge,
    BinaryUnsupported,
    UnknownChannel,
    ChannelUnavailable,
    NotFound,
    Conflict,
    QueueFull,
    ShuttingDown,
    Forbidden,
}

/// The names and numbers of one code.
#[derive(Debug)]
pub struct ErrorRow {
    /// The code.
    pub code: ErrorCode,
    /// Its name in the triple's `code`.
    pub name: &'static str,
    /// Its number in JSON-RPC's `error.code` (JSON-RPC 2.0 §5.1; -32000 to -32099 are ours).
    pub number: i32,
    /// The status of `POST /rpc`.
    pub http: u16,
    /// When it is sent.
    pub meaning: &'static str,
}

macro_rules! rows {
    ($($code:ident $name:literal $number:literal $http:literal $meaning:literal;)*) => {
        /// The table, in the order of `ErrorCode`.
        pub const ROWS: &[ErrorRow] = &[$(ErrorRow {
            code: ErrorCode::$code, name: $name, number: $number, http: $http, meaning: $meaning,
        }),*];
    };
}

rows! {
    BadJson "bad_json" -32700 400 "not JSON, nested too deep, or a number out of range";
    BadFrame "bad_frame" -32600 400 "not an object, a field of the wrong type, or a field twice";
    UnknownType "unknown_type" -32002 400 "a type other than command or ping";
    UnknownAction "unknown_action" -32601 404 "no such action; describe lists them";
    BadPayload "bad_payload" -32602 400 "a field of the payload is missing or wrong; the text says which";
    Internal "internal" -32603 500 "a fault of the gateway; its log says more";
    Unauthorized "unauthorized" -32001 401 "no or a wrong token";
    RateLimited "rate_limited" -32003 429 "too many; retry_after_ms says when to come back";
    TooLarge "too_large" -32004 413 "a message over its limit";
    BinaryUnsupported "binary_unsupported" -32005 415 "a binary message; send text";
    UnknownChannel "unknown_channel" -32006 404 "no integration of that name; integrations lists them";
    ChannelUnavailable "channel_unavailable" -32007 503 "the integration cannot do that now";
    NotFound "not_found" -32008 404 "no such message";
    Conflict "conflict" -32009 409 "the same idempotency_key with other content, or a state that forbids it";
    QueueFull "queue_full" -32010 503 "too much is waiting for the disk; come back after retry_after_ms";
    ShuttingDown "shutting_down" -32011 503 "the daemon is stopping";
    Forbidden "forbidden" -32012 403 "not with this key; the text says which role or limit is in the way";
}

impl ErrorCode {
    /// This code's row.
    pub fn row(self) -> &'static ErrorRow {
        &ROWS[self as usize]
    }

    /// The name in the triple's `code`.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }
}

/// Why a command was not done: a code, a sentence, and what a program may want to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Which row of the table.
    pub code: ErrorCode,
    /// What, where, and what to do.
    pub message: String,
    /// More for a program, such as the field's name.
    pub details: Option<Value>,
    /// When another try may help.
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// What failed on our side.
    pub fn internal(why: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, why)
    }

    /// A fault without details.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
            retry_after_ms: None,
        }
    }

    /// Adds details for a program.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Says when another try may help.
    #[must_use]
    pub fn retry_after(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The triple's error payload: `{"code","message","details"?,"retry_after_ms"?}`.
    pub fn payload(&self) -> Value {
        let mut payload = json!({"code": self.code.as_str(), "message": self.message});
        if let Some(details) = &self.details {
            payload["details"] = details.clone();
        }
        if let Some(ms) = self.retry_after_ms {
            payload["retry_after_ms"] = json!(ms);
        }
        payload
    }
}

/// Close codes the gateway sends (RFC 6455 §7.4; 4000 to 4999 are ours).
pub mod close {
    /// The daemon goes down.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer broke RFC 6455.
    pub const PROTOCOL: u16 = 1002;
    /// Text that is not UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// A message over its limit.
    pub const TOO_LARGE: u16 = 1009;
    /// A fault of the gateway.
    pub const INTERNAL: u16 = 1011;
    /// The gateway needed the room for others.
    pub const TRY_AGAIN_LATER: u16 = 1013;
    /// Not authenticated in time, or a command before authentication.
    pub const UNAUTHORIZED: u16 = 4401;
    /// Its key was revoked, or expired.
    pub const FORBIDDEN: u16 = 4403;
    /// The client does not read: its queue is full, or its heartbeat stopped.
    pub const SLOW_CONSUMER: u16 = 4408;
    /// Another client announced the channel whose bridge this one was.
    pub const REPLACED: u16 = 4409;
    /// Too many failed authentications from this address.
    pub const RATE_LIMITED: u16 = 4429;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_stands_in_its_own_row_once() {
        for (i, row) in ROWS.iter().enumerate() {
            assert_eq!(row.code as usize, i, "{}", row.name);
        }
        let names: HashSet<_> = ROWS.iter().map(|row| row.name).collect();
        let numbers: HashSet<_> = ROWS.iter().map(|row| row.number).collect();
        assert_eq!((names.len(), numbers.len()), (ROWS.len(), ROWS.len()));
        assert_eq!(ROWS.len(), ErrorCode::Forbidden as usize + 1);
    }
}
