//! Answers of JSON-RPC 2.0 as this protocol writes them, with its error codes. The codes from -32020 on are
//! those of revision 2026-07-28, "Error codes".

use serde_json::{Value, json};

/// Not JSON.
pub(super) const PARSE_ERROR: i32 = -32700;
/// JSON, but no message.
pub(super) const INVALID_REQUEST: i32 = -32600;
/// No such method.
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
/// Parameters that are missing or wrong.
pub(super) const INVALID_PARAMS: i32 = -32602;
/// A fault of ours.
pub(super) const INTERNAL_ERROR: i32 = -32603;
/// Up to 2025-11-25: no such resource.
pub(super) const RESOURCE_NOT_FOUND: i32 = -32002;
/// A header and the body say different things.
pub(super) const HEADER_MISMATCH: i32 = -32020;
/// A revision that is not spoken here.
pub(super) const UNSUPPORTED_REVISION: i32 = -32022;

/// How requests and results are shaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// `initialize` first: up to 2025-11-25.
    Handshake,
    /// Each request for itself: 2026-07-28.
    Stateless,
}

/// An error of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RpcError {
    /// Which.
    pub(super) code: i32,
    /// What is wrong and what to do.
    pub(super) message: String,
    /// More for a program.
    pub(super) data: Option<Value>,
}

impl RpcError {
    pub(super) fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }
}

/// An error as a message. Without an id it is about what could not be read.
pub(super) fn error_text(id: Option<&str>, error: &RpcError) -> String {
    let mut body = json!({"code": error.code, "message": error.message});
    if let Some(data) = &error.data {
        body["data"] = data.clone();
    }
    let id = id.unwrap_or("null");
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{body}}}")
}

/// A result as a message. The stateless era has in each that it is complete, and how long one may be kept.
pub(super) fn result_text(id: &str, era: Era, mut result: Value, ttl_ms: Option<u64>) -> String {
    if era == Era::Stateless {
        result["resultType"] = json!("complete");
        if let Some(ttl_ms) = ttl_ms {
            result["ttlMs"] = json!(ttl_ms);
            result["cacheScope"] = json!("private");
        }
    }
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}")
}
