//! Which revision of the protocol a request is written in, by its envelope and its headers, and whether
//! those agree (revision 2026-07-28, "Transports", "Protocol version header" and "Standard request headers").
//!
//! Proxies route by the headers, so a request whose headers say one thing and whose body another is refused
//! before anything is done. Requests of older revisions are taken by any date before the stateless one.

use std::borrow::Cow;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{
    message::Request,
    rpc::{Era, HEADER_MISMATCH, INVALID_PARAMS, RpcError, UNSUPPORTED_REVISION},
};

/// The revision without a handshake.
pub(super) const STATELESS: &str = "2026-07-28";

/// Those with one, the newest first.
pub(super) const WITH_HANDSHAKE: [&str; 4] =
    ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// The one that knows batches. It is also assumed where no header says which.
const WITH_BATCHES: &str = "2025-03-26";

/// What each request of the stateless era says of itself and of who asks.
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";

/// The headers of a request that repeat what is in its body; `Err` where one is there twice.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::gateway) struct RevisionHeaders<'a> {
    /// `MCP-Protocol-Version`.
    pub(in crate::gateway) version: Option<&'a str>,
    /// `Mcp-Method`.
    pub(in crate::gateway) method: Option<&'a str>,
    /// `Mcp-Name`.
    pub(in crate::gateway) name: Option<&'a str>,
    /// Whether one of these stands there twice.
    pub(in crate::gateway) twice: bool,
}

impl RevisionHeaders<'_> {
    /// Whether they name the stateless era.
    pub(in crate::gateway) fn is_stateless(&self) -> bool {
        self.version.is_some_and(|version| !is_older(version))
    }
}

/// Whether a client that writes these headers may send several messages at once.
pub(super) fn accepts_batches(headers: RevisionHeaders<'_>) -> bool {
    headers
        .version
        .is_none_or(|version| version == WITH_BATCHES)
}

/// Whether it names a revision with a handshake: one we know, or any date before the stateless one.
/// A client that goes with the times writes dates that no list has.
fn is_older(version: &str) -> bool {
    let is_date = version.len() == STATELESS.len()
        && version
            .bytes()
            .zip(STATELESS.bytes())
            .all(|(byte, known)| byte.is_ascii_digit() == known.is_ascii_digit());
    is_date && version < STATELESS
}

/// The era of a request, or why it is refused.
pub(super) fn era(request: &Request<'_>, headers: RevisionHeaders<'_>) -> Result<Era, RpcError> {
    let is_stateless = request.meta(VERSION_KEY).is_some()
        || headers.is_stateless()
        || request.method == "server/discover";
    if !is_stateless {
        return Ok(Era::Handshake);
    }
    let version = envelope(request)?;
    check_headers(request, version, headers)?;
    let Some(version) = version.as_str() else {
        let text = format!("params._meta[{VERSION_KEY:?}] must be a string");
        return Err(RpcError::new(INVALID_PARAMS, text));
    };
    if version == STATELESS {
        return Ok(Era::Stateless);
    }
    Err(RpcError {
        data: Some(json!({"supported": [STATELESS], "requested": version})),
        ..RpcError::new(UNSUPPORTED_REVISION, "Unsupported protocol version")
    })
}

/// The version that the envelope of a stateless request names, where that is whole.
fn envelope<'r>(request: &'r Request<'_>) -> Result<&'r Value, RpcError> {
    let missing = |key: &str| {
        let text = format!(
            "params._meta must be an object with {key:?}: each request of {STATELESS} says who asks"
        );
        RpcError::new(INVALID_PARAMS, text)
    };
    let version = request
        .meta(VERSION_KEY)
        .ok_or_else(|| missing(VERSION_KEY))?;
    request
        .meta(CAPABILITIES_KEY)
        .ok_or_else(|| missing(CAPABILITIES_KEY))?;
    Ok(version)
}

fn check_headers(
    request: &Request<'_>,
    version: &Value,
    headers: RevisionHeaders<'_>,
) -> Result<(), RpcError> {
    let mismatch = |text: String| Err(RpcError::new(HEADER_MISMATCH, text));
    if headers.twice {
        return mismatch(
            "MCP-Protocol-Version, Mcp-Method and Mcp-Name stand once each".to_owned(),
        );
    }
    if headers.version.is_none() || headers.version != version.as_str() {
        return mismatch(format!(
            "the header MCP-Protocol-Version must be there and name the version of params._meta, {version}"
        ));
    }
    if headers.method != Some(&*request.method) {
        return mismatch(format!(
            "the header Mcp-Method must be there and name the method of the body, {:?}",
            request.method
        ));
    }
    let Some(field) = name_field(&request.method) else {
        return Ok(());
    };
    let Some(name) = request.params.get(field).filter(|name| !name.is_null()) else {
        return Ok(());
    };
    if headers.name.and_then(decoded).as_deref() != name.as_str() || !name.is_string() {
        return mismatch(format!(
            "the header Mcp-Name must be there and repeat params.{field} of the body"
        ));
    }
    Ok(())
}

/// The parameter that `Mcp-Name` repeats, for methods that have one.
fn name_field(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        _ => None,
    }
}

/// What a header says that may be written `=?base64?…?=`, as what is no visible ASCII must be.
fn decoded(value: &str) -> Option<Cow<'_, str>> {
    let inner = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    let Some(inner) = inner else {
        return Some(Cow::Borrowed(value));
    };
    let bytes = BASE64.decode(inner.as_bytes()).ok()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn request(method: &'static str, mut params: Value, version: &Value) -> Request<'static> {
        params["_meta"] = json!({VERSION_KEY: version, CAPABILITIES_KEY: {}});
        let Value::Object(params) = params else {
            panic!("no object")
        };
        Request {
            id: Some("1"),
            method: Cow::Borrowed(method),
            params,
        }
    }

    fn headers<'a>(version: &'a str, method: &'a str, name: &'a str) -> RevisionHeaders<'a> {
        RevisionHeaders {
            version: Some(version),
            method: Some(method),
            name: Some(name).filter(|name| !name.is_empty()),
            twice: false,
        }
    }

    fn code(request: &Request<'_>, headers: RevisionHeaders<'_>) -> i32 {
        era(request, headers).expect_err("refused").code
    }

    #[test]
    fn a_name_may_come_in_base64() {
        let call = request("tools/call", json!({"name": "ação"}), &json!(STATELESS));
        let fine = headers(STATELESS, "tools/call", "=?base64?YcOnw6Nv?=");
        assert_eq!(era(&call, fine), Ok(Era::Stateless));
        for wrong in ["", "=?base64?YQ==?=", "=?base64?***?=", "acao"] {
            let headers = headers(STATELESS, "tools/call", wrong);
            assert_eq!(code(&call, headers), HEADER_MISMATCH, "{wrong}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused_before_its_version_is_judged() {
        let list = request("tools/list", json!({}), &json!("2030-01-01"));
        let unknown = headers("2030-01-01", "tools/list", "");
        let error = era(&list, unknown).expect_err("unknown");
        assert_eq!(error.code, UNSUPPORTED_REVISION);
        let expected = json!({"supported": [STATELESS], "requested": "2030-01-01"});
        assert_eq!(error.data, Some(expected));
        for wrong in [
            RevisionHeaders::default(),
            headers(STATELESS, "tools/list", ""),
            headers("2030-01-01", "tools/call", ""),
            RevisionHeaders {
                twice: true,
                ..unknown
            },
        ] {
            assert_eq!(code(&list, wrong), HEADER_MISMATCH, "{wrong:?}");
        }
        let number = request("tools/list", json!({}), &json!(7));
        assert_eq!(code(&number, unknown), HEADER_MISMATCH);
    }

    #[test]
    fn any_older_date_is_taken_and_batches_are_where_one_revision_knew_them() {
        let plain = Request {
            id: Some("1"),
            method: Cow::Borrowed("tools/list"),
            params: serde_json::Map::new(),
        };
        for (version, batches) in [
            (None, true),
            (Some("2025-03-26"), true),
            (Some("2024-11-05"), false),
            (Some("2025-11-25"), false),
            (Some("2026-01-01"), false),
        ] {
            let headers = RevisionHeaders {
                version,
                ..RevisionHeaders::default()
            };
            assert_eq!(era(&plain, headers), Ok(Era::Handshake), "{version:?}");
            assert_eq!(accepts_batches(headers), batches, "{version:?}");
        }
        for newer in [STATELESS, "2030-01-01", "latest", ""] {
            let headers = headers(newer, "tools/list", "");
            assert_eq!(code(&plain, headers), INVALID_PARAMS, "{newer}");
        }
    }
}
