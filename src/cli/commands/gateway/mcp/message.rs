//! One message as the gateway must be told of it over HTTP: the headers that repeat what is in its body
//! (revision 2026-07-28, "Standard request headers"), and what is answered where the gateway cannot.

use data_encoding::BASE64;
use serde_json::{Value, json};

/// A message of the client.
#[derive(Debug)]
pub(super) struct Message {
    /// Its text, as it came.
    pub(super) text: String,
    /// Its id, where it wants an answer.
    pub(super) id: Option<Value>,
    /// Headers that say what its body does.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The request that the client wants no answer to any more.
    pub(super) cancels: Option<Value>,
}

/// Reads a line; `None` for one without anything in it.
pub(super) fn read(line: &str) -> Result<Option<Message>, String> {
    let text = line.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let mut body: Value =
        serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let headers = headers(&body);
    let is_cancelled = body["method"] == "notifications/cancelled";
    let cancels = is_cancelled.then(|| body["params"]["requestId"].clone());
    let id = body.get_mut("id").map(Value::take);
    Ok(Some(Message {
        text: text.to_owned(),
        id,
        headers,
        cancels,
    }))
}

/// What the stateless era writes into headers; older requests have none.
fn headers(body: &Value) -> Vec<(&'static str, String)> {
    let params = &body["params"];
    let version = &params["_meta"]["io.modelcontextprotocol/protocolVersion"];
    let (Some(version), Some(method)) = (version.as_str(), body["method"].as_str()) else {
        return Vec::new();
    };
    let mut headers = vec![
        ("mcp-protocol-version", encoded(version)),
        ("mcp-method", encoded(method)),
    ];
    let name = match method {
        "tools/call" | "prompts/get" => &params["name"],
        "resources/read" => &params["uri"],
        _ => &Value::Null,
    };
    headers.extend(name.as_str().map(|name| ("mcp-name", encoded(name))));
    headers
}

/// A value as it may stand in a header: in base64 where it is not plain.
fn encoded(value: &str) -> String {
    let is_visible = |byte: u8| (b' '..=b'~').contains(&byte);
    let is_plain = value.bytes().all(is_visible) && value.trim() == value;
    if is_plain && !value.starts_with("=?base64?") {
        return value.to_owned();
    }
    format!("=?base64?{}?=", BASE64.encode(value.as_bytes()))
}

impl Message {
    /// The notification that nobody wants the answer to this request any more.
    pub(super) fn giving_up(id: &Value) -> Self {
        let body = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
        Self {
            text: body.to_string(),
            id: None,
            headers: Vec::new(),
            cancels: None,
        }
    }

    /// The answer that there is none; nothing where none is wanted.
    pub(super) fn error(&self, why: &str) -> Option<String> {
        let id = self.id.as_ref()?;
        Some(error(id, -32603, why))
    }
}

/// The answer to what is no message.
pub(super) fn unreadable(why: &str) -> String {
    error(&Value::Null, -32700, why)
}

fn error(id: &Value, code: i32, why: &str) -> String {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": why}}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &Value) -> Message {
        let message = read(&format!("{body}\r\n")).expect("JSON");
        message.expect("a message")
    }

    #[test]
    fn headers_repeat_what_a_stateless_request_says() {
        let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28"});
        let call = json!({"jsonrpc": "2.0", "id": 0, "method": "tools/call", "params": {"name": "ação", "_meta": meta}});
        let expected = [
            ("mcp-protocol-version", "2026-07-28".to_owned()),
            ("mcp-method", "tools/call".to_owned()),
            ("mcp-name", "=?base64?YcOnw6Nv?=".to_owned()),
        ];
        let call = message(&call);
        assert_eq!((call.headers, call.id), (expected.into(), Some(json!(0))));
        let old =
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "send"}});
        assert_eq!(message(&old).headers, []);
    }

    #[test]
    fn values_that_are_not_plain_are_in_base64() {
        for (value, expected) in [
            ("send_message", "send_message"),
            ("a b", "a b"),
            ("", ""),
            (" a", "=?base64?IGE=?="),
            ("a\nb", "=?base64?YQpi?="),
            ("=?base64?YQ==?=", "=?base64?PT9iYXNlNjQ/WVE9PT89?="),
        ] {
            assert_eq!(encoded(value), expected, "{value:?}");
        }
    }

    #[test]
    fn an_error_goes_only_to_who_asked() {
        let request = message(&json!({"jsonrpc": "2.0", "id": "a", "method": "ping"}));
        let error: Value =
            serde_json::from_str(&request.error("no").expect("asked")).expect("JSON");
        assert_eq!(
            (&error["id"], &error["error"]["message"]),
            (&json!("a"), &json!("no"))
        );
        let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
        let notification = message(&cancelled);
        assert_eq!(notification.cancels, Some(json!(7)));
        assert_eq!(notification.error("no"), None);
        let odd = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": "x"});
        assert_eq!(message(&odd).cancels, Some(Value::Null));
        assert!(read(" \n").expect("fine").is_none());
        assert!(read("{").is_err());
    }
}
