//! What a client posts: a request, a notification, an answer to something we never ask, or a batch.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::rpc::{INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, RpcError};
use crate::protocol::{
    call::{Call, ClientMessage, Unreadable},
    dialect::Dialect,
    error_code::{ErrorCode, Fault},
    frame,
};

/// A request, or what wants no answer.
#[derive(Debug)]
pub(super) struct Request<'a> {
    /// The JSON text of its id; `None` where no answer is wanted.
    pub(super) id: Option<&'a str>,
    /// Its method.
    pub(super) method: Cow<'a, str>,
    /// Its parameters; none and an empty object are the same.
    pub(super) params: Map<String, Value>,
}

impl Request<'_> {
    /// What the stateless era says with each request of who asks.
    pub(super) fn meta(&self, key: &str) -> Option<&Value> {
        self.params.get("_meta")?.get(key)
    }

    /// A parameter that is a string.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name).and_then(Value::as_str)
    }
}

/// What is no message, with what is known for its answer.
#[derive(Debug)]
pub(super) struct NoMessage<'a> {
    /// The JSON text of its id where it could be read.
    pub(super) id: Option<&'a str>,
    /// What is wrong.
    pub(super) error: RpcError,
}

/// One message.
pub(super) type Element<'a> = Result<Request<'a>, NoMessage<'a>>;

/// A body.
#[derive(Debug)]
pub(super) enum Incoming<'a> {
    /// One message.
    One(Element<'a>),
    /// A batch, never empty.
    Batch(Vec<Element<'a>>),
}

/// Reads a body nested at most `max_depth` deep.
pub(super) fn read(text: &str, max_depth: usize) -> Incoming<'_> {
    match frame::read(text, max_depth, Dialect::JsonRpc) {
        ClientMessage::Call(call) => Incoming::One(request(call)),
        ClientMessage::Unreadable(unreadable) => Incoming::One(unread(unreadable, text)),
        ClientMessage::Batch(elements) => {
            let elements = elements.into_iter().map(|element| match element {
                Ok(call) => request(call),
                Err(unreadable) => Err(refused(unreadable)),
            });
            Incoming::Batch(elements.collect())
        }
        ClientMessage::BarePing | ClientMessage::TypedPing { .. } => {
            Incoming::One(Err(NoMessage {
                id: None,
                error: RpcError::new(INVALID_REQUEST, "\"jsonrpc\" must be the string \"2.0\""),
            }))
        }
    }
}

fn request(call: Call<'_>) -> Element<'_> {
    let id = call.id.filter(|id| *id != "null");
    let no = |code, message: &str| NoMessage {
        id,
        error: RpcError::new(code, message),
    };
    if call.dialect != Dialect::JsonRpc {
        let text = "\"jsonrpc\" must be the string \"2.0\"";
        return Err(no(INVALID_REQUEST, text));
    }
    if call.wants_answer && id.is_none() {
        let text = "\"id\" must be a string or a whole number, not null";
        return Err(no(INVALID_REQUEST, text));
    }
    let params = match call.payload.map(serde_json::from_str) {
        None => Map::new(),
        Some(Ok(params)) => params,
        Some(Err(error)) => return Err(no(INVALID_PARAMS, &format!("params: {error}"))),
    };
    Ok(Request {
        id,
        method: call.action,
        params,
    })
}

/// An answer has no method. We ask nothing, so it is taken as a notification is: for nothing.
fn unread<'a>(unreadable: Unreadable<'a>, text: &str) -> Element<'a> {
    let is_answer = !unreadable.no_object
        && serde_json::from_str::<Map<String, Value>>(text).is_ok_and(|object| {
            let has = |name| object.contains_key(name);
            !has("method") && (has("result") || has("error"))
        });
    if is_answer || !unreadable.wants_answer {
        return Ok(Request {
            id: None,
            method: Cow::Borrowed(""),
            params: Map::new(),
        });
    }
    Err(refused(unreadable))
}

fn refused(unreadable: Unreadable<'_>) -> NoMessage<'_> {
    let Fault { code, message, .. } = unreadable.fault;
    let code = match code {
        ErrorCode::BadJson => PARSE_ERROR,
        ErrorCode::BadPayload => INVALID_PARAMS,
        _ => INVALID_REQUEST,
    };
    NoMessage {
        id: unreadable.id,
        error: RpcError::new(code, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Element<'_> {
        match read(text, 64) {
            Incoming::One(element) => element,
            Incoming::Batch(_) => panic!("a batch: {text}"),
        }
    }

    #[test]
    fn requests_keep_their_id_as_it_was_written() {
        for (id, expected) in [
            ("0", "0"),
            ("\"a\"", "\"a\""),
            ("12345678901234567890123", "12345678901234567890123"),
        ] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            assert_eq!(one(&text).expect("a request").id, Some(expected));
        }
    }

    #[test]
    fn what_wants_no_answer_has_no_id() {
        for text in [
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#,
        ] {
            assert!(one(text).expect("fine").id.is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_message_is_told_by_its_code() {
        for (text, code) in [
            ("", PARSE_ERROR),
            ("{", PARSE_ERROR),
            ("nonsense", PARSE_ERROR),
            ("ping", INVALID_REQUEST),
            ("7", INVALID_REQUEST),
            ("[]", INVALID_REQUEST),
            (r#"{"type":"ping"}"#, INVALID_REQUEST),
            (r#"{"type":"command","action":"status"}"#, INVALID_REQUEST),
            (
                r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
                INVALID_REQUEST,
            ),
            (
                r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
                INVALID_REQUEST,
            ),
            (
                r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
                INVALID_REQUEST,
            ),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, INVALID_REQUEST),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#,
                INVALID_PARAMS,
            ),
        ] {
            assert_eq!(one(text).expect_err(text).error.code, code, "{text}");
        }
    }
}
