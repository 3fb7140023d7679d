//! Errors as clients of `OpenAI` know them (platform.openai.com/docs/guides/error-codes): a type that says what
//! kind of thing went wrong, and a code for programs where there is one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::protocol::error_code::{ErrorCode, Fault};

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct ApiError {
    /// The HTTP status.
    pub(in crate::gateway) status: u16,
    /// What is wrong and what to do.
    pub(in crate::gateway) message: String,
    /// The parameter that is wrong.
    pub(in crate::gateway) param: Option<String>,
    /// For programs.
    pub(in crate::gateway) code: Option<&'static str>,
    /// When to try again.
    pub(in crate::gateway) retry_after: Option<Duration>,
}

impl ApiError {
    /// An error of this status.
    pub(in crate::gateway) fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            param: None,
            code: None,
            retry_after: None,
        }
    }

    /// A parameter is not as it must be.
    pub(super) fn of_param(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..Self::new(400, message)
        }
    }

    /// As on the wire.
    pub(in crate::gateway) fn json(&self) -> Value {
        let kind = match self.status {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        json!({"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}})
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        let status = match fault.code {
            ErrorCode::BadPayload => 400,
            other => other.row().http,
        };
        Self {
            retry_after: fault.retry_after_ms.map(Duration::from_millis),
            code: Some(fault.code.as_str()),
            ..Self::new(status, fault.message)
        }
    }
}
