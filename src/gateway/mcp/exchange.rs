//! What methods and tools get of whoever asks, and what they give back.

use serde_json::Value;

use super::{
    OnSent,
    message::Request,
    rpc::{Era, INVALID_PARAMS, RpcError},
};
use crate::gateway::permissions::Access;

/// Who asks, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    /// How results are shaped.
    pub(super) era: Era,
    /// The JSON text of the request's id.
    pub(super) id: &'a str,
    /// The beginning of our addresses, as the client reaches them: scheme, host and port.
    pub(super) base: &'a str,
    /// Whose place among the messages it goes on from, unless a call says otherwise.
    pub(super) reader: Option<&'a str>,
    /// What it may do.
    pub(super) access: &'a Access,
}

/// A result.
pub(super) struct Done {
    /// The JSON object.
    pub(super) result: Value,
    /// For how long it may be kept; `None` for what cannot be kept.
    pub(super) ttl_ms: Option<u64>,
    /// What is to be done once it is sent.
    pub(super) on_sent: Option<OnSent>,
}

impl Done {
    /// What is true only now.
    pub(super) fn now(result: Value) -> Self {
        Self {
            result,
            ttl_ms: None,
            on_sent: None,
        }
    }

    /// What may be kept for this long.
    pub(super) fn kept(result: Value, ttl_ms: u64) -> Self {
        Self {
            ttl_ms: Some(ttl_ms),
            ..Self::now(result)
        }
    }
}

/// What a tool did.
pub(super) struct Called {
    /// The JSON object of its answer.
    pub(super) answer: Value,
    /// What the model gets to see besides.
    pub(super) more: Vec<Value>,
    /// What is to be done once it is sent.
    pub(super) on_sent: Option<OnSent>,
}

impl From<Value> for Called {
    fn from(answer: Value) -> Self {
        Self {
            answer,
            more: Vec::new(),
            on_sent: None,
        }
    }
}

/// A parameter that is a string and must be there.
pub(super) fn needed<'r>(request: &'r Request<'_>, name: &str) -> Result<&'r str, RpcError> {
    request.text(name).ok_or_else(|| {
        let text = format!("params.{name} must be a string");
        RpcError::new(INVALID_PARAMS, text)
    })
}
