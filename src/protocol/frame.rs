//! Reads one text message of a client: the triple and its shorthands here, JSON-RPC in `jsonrpc`.
//!
//! Reading borrows from the text and builds nothing of the payload.

use std::borrow::Cow;

use super::{
    call::{Call, ClientMessage, Unreadable},
    dialect::Dialect,
    envelope::{Envelope, bad_frame, kind_of, string},
    error_code::{ErrorCode, Fault},
    jsonrpc, scan,
};

/// Reads one text message: a batch where it is an array, JSON-RPC where it says so, else the triple.
/// `fallback` is the dialect of an answer to what is not even an object. A byte order mark in front
/// is left out, as a JSON reader may (RFC 8259, section 8.1).
pub fn read(text: &str, max_depth: usize, fallback: Dialect) -> ClientMessage<'_> {
    let text = text.trim_start_matches('\u{feff}');
    // The whitespace of JSON (RFC 8259, section 2), which has no form feed.
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
    if trimmed == "ping" {
        return ClientMessage::BarePing;
    }
    let unreadable = |fault| ClientMessage::Unreadable(Unreadable::without_object(fallback, fault));
    if trimmed.starts_with('[') {
        return match scan::check(trimmed, max_depth) {
            Ok(()) => jsonrpc::read_batch(trimmed),
            Err(excess) => unreadable(excess.into()),
        };
    }
    match Envelope::read(trimmed, max_depth) {
        Err(fault) => unreadable(fault),
        Ok(envelope) if envelope.jsonrpc.is_some() => match jsonrpc::call(&envelope) {
            Ok(call) => ClientMessage::Call(call),
            Err(unreadable) => ClientMessage::Unreadable(unreadable),
        },
        Ok(envelope) => match triple(&envelope) {
            Ok(incoming) => incoming,
            Err(fault) => ClientMessage::Unreadable(unreadable_triple(&envelope, fault)),
        },
    }
}

fn unreadable_triple<'a>(envelope: &Envelope<'a>, fault: Fault) -> Unreadable<'a> {
    Unreadable {
        dialect: Dialect::Triple,
        action: envelope.action.and_then(string),
        id: envelope.id.filter(|id| is_id(id)),
        no_object: false,
        wants_answer: true,
        fault,
    }
}

fn triple<'a>(envelope: &Envelope<'a>) -> Result<ClientMessage<'a>, Fault> {
    if let Some(fault) = &envelope.out_of_range {
        return Err(Fault::clone(fault));
    }
    if let Some(name) = envelope.twice {
        return Err(bad_frame(format!("the field \"{name}\" stands twice")));
    }
    let kind = text_field("type", envelope.kind)?;
    let payload = payload_object(&kind, envelope.payload)?;
    let id = envelope
        .id
        .map(|id| if is_id(id) { Ok(id) } else { Err(bad_id(id)) })
        .transpose()?;
    match &*kind {
        "command" => {
            let action = text_field("action", envelope.action)?;
            Ok(ClientMessage::Call(Call {
                dialect: Dialect::Triple,
                action,
                payload,
                id,
                wants_answer: true,
            }))
        }
        "ping" => Ok(ClientMessage::TypedPing { id, payload }),
        other => Err(Fault::new(
            ErrorCode::UnknownType,
            format!("type {other:?} is not one a client sends; expected \"command\" or \"ping\""),
        )),
    }
}

fn text_field<'a>(name: &str, json: Option<&'a str>) -> Result<Cow<'a, str>, Fault> {
    let json = json.ok_or_else(|| {
        bad_frame(format!(
            "the field \"{name}\" is missing; expected a string"
        ))
    })?;
    string(json).ok_or_else(|| wrong_type(name, "a string", json))
}

/// A ping echoes anything; a command's payload is an object (null counts as left out).
fn payload_object<'a>(kind: &str, json: Option<&'a str>) -> Result<Option<&'a str>, Fault> {
    match json {
        Some("null") if kind == "command" => Ok(None),
        Some(json) if kind == "command" && !json.starts_with('{') => {
            Err(wrong_type("payload", "an object", json))
        }
        other => Ok(other),
    }
}

/// A string or an integer.
fn is_id(json: &str) -> bool {
    let digits = json.strip_prefix('-').unwrap_or(json);
    json.starts_with('"') || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn bad_id(json: &str) -> Fault {
    wrong_type("id", "a string or an integer", json)
}

fn wrong_type(name: &str, expected: &str, json: &str) -> Fault {
    let came = kind_of(json);
    bad_frame(format!(
        "the field \"{name}\" must be {expected}, not {came}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (ErrorCode, Option<String>) {
        match read(text, 64, Dialect::Triple) {
            ClientMessage::Unreadable(unreadable) => {
                (unreadable.fault.code, unreadable.id.map(str::to_owned))
            }
            other => panic!("{text} was read as {other:?}"),
        }
    }

    #[test]
    fn only_the_whitespace_of_json_may_stand_around_a_message() {
        let read = |text: &'static str| read(text, 64, Dialect::Triple);
        assert!(matches!(read(" \t\r\n[1] \n"), ClientMessage::Batch(_)));
        for text in ["[1]\u{c}", "\u{c}{\"type\":\"ping\"}"] {
            assert_eq!(fault(text).0, ErrorCode::BadJson, "{text:?}");
        }
    }

    #[test]
    fn a_command_is_borrowed_whole() {
        let text = r#" {"id":"a","type":"command","x":[{}],"action":"ping","payload":{"n":1}} "#;
        let ClientMessage::Call(call) = read(text, 64, Dialect::Triple) else {
            panic!("no call")
        };
        assert_eq!((&*call.action, call.id), ("ping", Some("\"a\"")));
        assert_eq!(call.payload, Some(r#"{"n":1}"#));
        assert!(matches!(call.action, Cow::Borrowed(_)));
    }

    #[test]
    fn shorthands_are_known() {
        assert!(matches!(
            read("ping", 64, Dialect::Triple),
            ClientMessage::BarePing
        ));
        let ClientMessage::TypedPing { id, payload } = read(
            r#"{"type":"ping","payload":[1],"id":3}"#,
            64,
            Dialect::Triple,
        ) else {
            panic!("no ping")
        };
        assert_eq!((id, payload), (Some("3"), Some("[1]")));
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
                (BadFrame, id.clone()),
            ),
            (
                r#"{"type":"command","action":"a","payload":{"n":-1e400},"id":1}"#,
                (BadJson, id.clone()),
            ),
            (
                r#"{"jsonrpc":"2.0","method":"a","params":{"n":[1e400]},"id":1}"#,
                (BadJson, id),
            ),
            (r#"{"id":1,"n":1e400"#, (BadJson, None)),
            (
                r#"{"type":"command","action":"a","payload":{"n":1e400}}"#,
                (BadJson, None),
            ),
        ] {
            assert_eq!(fault(text), expected, "{text}");
        }
    }
}
