//! What a client may send: the triple, its shorthands, and JSON-RPC, read into one kind of `Call`.
//!
//! Reading borrows from the text and builds nothing of the payload.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{
    envelope::{Envelope, kind_of, string},
    error_code::{ErrorCode, Fault},
    jsonrpc,
    reply::AskerRef,
    scan,
};

/// How a call was written, and so how its answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `{"type","action","payload"}`.
    Triple,
    /// JSON-RPC 2.0.
    JsonRpc,
}

/// One command to be done.
#[derive(Debug)]
pub struct Call<'a> {
    /// How it was written.
    pub dialect: Dialect,
    /// Its name, not yet looked up.
    pub action: Cow<'a, str>,
    /// Its arguments; `None` where none were sent.
    pub payload: Option<&'a RawValue>,
    /// The JSON text of its id, echoed as it came.
    pub id: Option<&'a str>,
    /// False for a JSON-RPC notification.
    pub wants_answer: bool,
}

impl Call<'_> {
    /// Who to answer.
    pub fn asker(&self) -> AskerRef<'_> {
        AskerRef {
            dialect: self.dialect,
            action: &self.action,
            id: self.id,
        }
    }
}

/// A frame that holds no command we can do, with what is known for the answer.
#[derive(Debug)]
pub struct Unreadable<'a> {
    /// How to answer.
    pub dialect: Dialect,
    /// The action's name where it could be read.
    pub action: Option<Cow<'a, str>>,
    /// The JSON text of its id where it could be read.
    pub id: Option<&'a str>,
    /// Whether nothing of a command was seen: the triple answers with an `error` event.
    pub no_object: bool,
    /// False for a JSON-RPC notification, which is never answered (§4.1).
    pub wants_answer: bool,
    /// What is wrong.
    pub fault: Fault,
}

/// Everything a text message can be.
#[derive(Debug)]
pub enum Incoming<'a> {
    /// The bare text `ping`.
    BarePing,
    /// `{"type":"ping"}`, answered by `{"type":"pong"}`.
    TypedPing {
        /// The JSON text of its id.
        id: Option<&'a str>,
        /// What to echo.
        payload: Option<&'a RawValue>,
    },
    /// One command.
    Call(Call<'a>),
    /// A JSON-RPC batch (never empty), answered by one array.
    Batch(Vec<Result<Call<'a>, Unreadable<'a>>>),
    /// No command.
    Unreadable(Unreadable<'a>),
}

/// Reads one text message. `fallback` is the dialect of an answer to what is not even an object.
pub fn read(text: &str, max_depth: usize, fallback: Dialect) -> Incoming<'_> {
    let trimmed = text.trim_ascii();
    if trimmed == "ping" {
        return Incoming::BarePing;
    }
    let beyond = |fault| Incoming::Unreadable(Unreadable::beyond(fallback, fault));
    if let Err(fault) = scan::check(trimmed, max_depth) {
        return beyond(fault);
    }
    if trimmed.starts_with('[') {
        return jsonrpc::read_batch(trimmed);
    }
    match Envelope::parse(trimmed) {
        Err(fault) => beyond(fault),
        Ok(envelope) if envelope.jsonrpc.is_some() => match jsonrpc::call(&envelope) {
            Ok(call) => Incoming::Call(call),
            Err(unreadable) => Incoming::Unreadable(unreadable),
        },
        Ok(envelope) => match triple(&envelope) {
            Ok(incoming) => incoming,
            Err(fault) => Incoming::Unreadable(Unreadable::of_triple(&envelope, fault)),
        },
    }
}

impl<'a> Unreadable<'a> {
    /// Text in which no object was seen.
    pub(super) fn beyond(dialect: Dialect, fault: Fault) -> Self {
        Self {
            dialect,
            action: None,
            id: None,
            no_object: true,
            wants_answer: true,
            fault,
        }
    }

    fn of_triple(envelope: &Envelope<'a>, fault: Fault) -> Self {
        let id = envelope.id.filter(|raw| is_id(raw)).map(RawValue::get);
        let action = envelope.action.and_then(string);
        Self {
            dialect: Dialect::Triple,
            action,
            id,
            no_object: false,
            wants_answer: true,
            fault,
        }
    }
}

fn triple<'a>(envelope: &Envelope<'a>) -> Result<Incoming<'a>, Fault> {
    if let Some(name) = envelope.twice {
        return Err(bad_frame(format!("the field \"{name}\" stands twice")));
    }
    let kind = text_field("type", envelope.kind)?;
    let payload = payload_object(&kind, envelope.payload)?;
    let id = envelope
        .id
        .map(|raw| {
            if is_id(raw) {
                Ok(raw.get())
            } else {
                Err(bad_id(raw))
            }
        })
        .transpose()?;
    match &*kind {
        "command" => {
            let action = text_field("action", envelope.action)?;
            Ok(Incoming::Call(Call {
                dialect: Dialect::Triple,
                action,
                payload,
                id,
                wants_answer: true,
            }))
        }
        "ping" => Ok(Incoming::TypedPing { id, payload }),
        other => Err(Fault::new(
            ErrorCode::UnknownType,
            format!("type {other:?} is not one a client sends; expected \"command\" or \"ping\""),
        )),
    }
}

fn text_field<'a>(name: &str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, Fault> {
    let raw = raw.ok_or_else(|| {
        bad_frame(format!(
            "the field \"{name}\" is missing; expected a string"
        ))
    })?;
    string(raw).ok_or_else(|| wrong_type(name, "a string", raw))
}

/// A ping echoes anything; a command's payload is an object (null counts as left out).
fn payload_object<'a>(
    kind: &str,
    raw: Option<&'a RawValue>,
) -> Result<Option<&'a RawValue>, Fault> {
    match raw {
        Some(raw) if kind == "command" && raw.get() == "null" => Ok(None),
        Some(raw) if kind == "command" && !raw.get().starts_with('{') => {
            Err(wrong_type("payload", "an object", raw))
        }
        other => Ok(other),
    }
}

/// A string or an integer.
fn is_id(raw: &RawValue) -> bool {
    let text = raw.get();
    let digits = text.strip_prefix('-').unwrap_or(text);
    text.starts_with('"') || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn bad_id(raw: &RawValue) -> Fault {
    wrong_type("id", "a string or an integer", raw)
}

fn wrong_type(name: &str, expected: &str, raw: &RawValue) -> Fault {
    bad_frame(format!(
        "the field \"{name}\" must be {expected}, not {}",
        kind_of(raw.get())
    ))
}

pub(super) fn bad_frame(message: String) -> Fault {
    Fault::new(ErrorCode::BadFrame, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (ErrorCode, Option<String>) {
        match read(text, 64, Dialect::Triple) {
            Incoming::Unreadable(unreadable) => {
                (unreadable.fault.code, unreadable.id.map(str::to_owned))
            }
            other => panic!("{text} was read as {other:?}"),
        }
    }

    #[test]
    fn a_command_is_borrowed_whole() {
        let text = r#" {"id":"a","type":"command","x":[{}],"action":"ping","payload":{"n":1}} "#;
        let Incoming::Call(call) = read(text, 64, Dialect::Triple) else {
            panic!("no call")
        };
        assert_eq!((&*call.action, call.id), ("ping", Some("\"a\"")));
        assert_eq!(call.payload.map(RawValue::get), Some(r#"{"n":1}"#));
        assert!(matches!(call.action, Cow::Borrowed(_)));
    }

    #[test]
    fn shorthands_are_known() {
        assert!(matches!(
            read("ping", 64, Dialect::Triple),
            Incoming::BarePing
        ));
        let Incoming::TypedPing { id, payload } = read(
            r#"{"type":"ping","payload":[1],"id":3}"#,
            64,
            Dialect::Triple,
        ) else {
            panic!("no ping")
        };
        assert_eq!((id, payload.map(RawValue::get)), (Some("3"), Some("[1]")));
    }

    #[test]
    fn each_wrong_frame_has_its_code_and_keeps_a_legible_id() {
        use ErrorCode::{BadFrame, BadJson, UnknownType};
        let id = Some("1".to_owned());
        for (text, expected) in [
            ("", (BadJson, None)),
            ("{", (BadJson, None)),
            ("{}x", (BadJson, None)),
            ("12", (BadFrame, None)),
            ("\"ping\"", (BadFrame, None)),
            ("{}", (BadFrame, None)),
            (r#"{"id":1}"#, (BadFrame, id.clone())),
            (r#"{"id":1,"type":7}"#, (BadFrame, id.clone())),
            (r#"{"id":1,"type":"command"}"#, (BadFrame, id.clone())),
            (
                r#"{"id":1,"type":"command","action":{}}"#,
                (BadFrame, id.clone()),
            ),
            (
                r#"{"id":1,"type":"command","action":"a","payload":[]}"#,
                (BadFrame, id.clone()),
            ),
            (
                r#"{"id":1.5,"type":"command","action":"a"}"#,
                (BadFrame, None),
            ),
            (
                r#"{"id":null,"type":"command","action":"a"}"#,
                (BadFrame, None),
            ),
            (
                r#"{"id":1,"type":"response","action":"a"}"#,
                (UnknownType, id.clone()),
            ),
            (
                r#"{"id":1,"type":"command","action":"a","id":2}"#,
                (BadFrame, id.clone()),
            ),
            (
                r#"{"id":1,"type":"command","action":"a","t\u0079pe":"x"}"#,
                (BadFrame, id),
            ),
            (
                r#"{"type":"command","action":"a","payload":{"n":1e400}}"#,
                (BadJson, None),
            ),
        ] {
            assert_eq!(fault(text), expected, "{text}");
        }
    }
}
