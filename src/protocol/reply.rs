//! What the gateway sends: responses, errors and events, written in the dialect of the one who reads.
//!
//! Every response and every event passes here once, so here a debug build holds its payload to the
//! description.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    call::AskerRef,
    describe::{self, EventName, event},
    dialect::Dialect,
    error_code::Fault,
};

/// A text as a JSON string, quotes and all.
pub fn push_string(out: &mut String, text: &str) {
    let plain = text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

/// A number in decimal. `fmt` does the same and takes three times as long, for padding nobody asks for.
pub fn push_number(out: &mut String, mut number: u64) {
    const LONGEST: usize = 20;
    let mut digits = [b'0'; LONGEST];
    let mut at = LONGEST;
    while at == LONGEST || number > 0 {
        at -= 1;
        let [digit, ..] = (number % 10).to_le_bytes();
        digits[at] += digit;
        number /= 10;
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// Opens the object of an answer: all that stands before its payload.
fn open(out: &mut String, asker: AskerRef<'_>, kind: &str) {
    match asker.dialect {
        Dialect::Triple => {
            out.push_str("{\"type\":\"");
            out.push_str(kind);
            out.push_str("\",\"action\":");
            push_string(out, asker.action);
            if let Some(id) = asker.id {
                out.push_str(",\"id\":");
                out.push_str(id);
            }
        }
        Dialect::JsonRpc => {
            out.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
            out.push_str(asker.id.unwrap_or("null"));
        }
    }
}

/// Writes a response around `payload`, which writes one JSON value.
pub fn response(out: &mut String, asker: AskerRef<'_>, payload: impl FnOnce(&mut String)) {
    open(out, asker, "response");
    out.push_str(match asker.dialect {
        Dialect::Triple => ",\"payload\":",
        Dialect::JsonRpc => ",\"result\":",
    });
    push_response_payload(out, asker.action, payload);
    out.push('}');
}

/// Writes the answer to `{"type":"ping"}`.
pub fn pong(out: &mut String, id: Option<&str>, payload: impl FnOnce(&mut String)) {
    let asker = AskerRef {
        dialect: Dialect::Triple,
        action: "ping",
        id,
    };
    open(out, asker, "pong");
    out.push_str(",\"payload\":");
    push_response_payload(out, asker.action, payload);
    out.push('}');
}

fn push_response_payload(out: &mut String, action: &str, payload: impl FnOnce(&mut String)) {
    let start = out.len();
    payload(out);
    debug_assert_eq!(
        describe::response_mismatch(action, &out[start..]),
        None,
        "the response of {action} is not as described"
    );
}

/// Writes an error.
pub fn error(out: &mut String, asker: AskerRef<'_>, fault: &Fault) {
    open(out, asker, "error");
    match asker.dialect {
        Dialect::Triple => {
            let _ = write!(out, ",\"payload\":{}}}", fault.payload());
        }
        Dialect::JsonRpc => {
            let _ = write!(
                out,
                ",\"error\":{{\"code\":{},\"message\":",
                fault.code.row().number
            );
            push_string(out, &fault.message);
            let _ = write!(out, ",\"data\":{}}}}}", fault.payload());
        }
    }
}

/// Writes an event around `payload`, which writes one JSON value.
pub fn event(
    out: &mut String,
    dialect: Dialect,
    name: EventName<'_>,
    payload: impl FnOnce(&mut String),
) {
    let (open, before_payload) = match dialect {
        Dialect::Triple => ("{\"type\":\"event\",\"action\":", ",\"payload\":"),
        Dialect::JsonRpc => ("{\"jsonrpc\":\"2.0\",\"method\":", ",\"params\":"),
    };
    out.push_str(open);
    push_string(out, name.as_str());
    out.push_str(before_payload);
    let start = out.len();
    payload(out);
    debug_assert_eq!(
        describe::event_mismatch(name, &out[start..]),
        None,
        "the event {name} is not as described"
    );
    out.push('}');
}

/// Writes the `error` event: a message that held no id to answer to. JSON-RPC answers such with a
/// null id instead (§5).
pub fn unreadable(out: &mut String, dialect: Dialect, fault: &Fault) {
    match dialect {
        Dialect::Triple => self::event(out, dialect, event::ERROR, |out| {
            out.push_str(&fault.payload().to_string());
        }),
        Dialect::JsonRpc => error(
            out,
            AskerRef {
                dialect,
                action: "",
                id: None,
            },
            fault,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::error_code::ErrorCode;

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 9, 10, 1_795_387_053_123, u64::MAX] {
            let mut out = String::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string());
        }
    }

    #[test]
    fn both_dialects_are_written_as_documented() {
        let mut out = String::new();
        let asker = AskerRef {
            dialect: Dialect::Triple,
            action: "ping",
            id: Some("7"),
        };
        response(&mut out, asker, |out| {
            out.push_str(r#"{"pong":true,"time_ms":1}"#);
        });
        assert_eq!(
            out,
            r#"{"type":"response","action":"ping","id":7,"payload":{"pong":true,"time_ms":1}}"#
        );

        let rpc = AskerRef {
            dialect: Dialect::JsonRpc,
            ..asker
        };
        let fault = Fault::new(ErrorCode::NotFound, "no \"x\"").with_details(Value::from(1));
        out.clear();
        error(&mut out, rpc, &fault);
        assert_eq!(
            out,
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32008,"message":"no \"x\"","data":{"code":"not_found","details":1,"message":"no \"x\""}}}"#
        );

        out.clear();
        let name = EventName::app("app.x").expect("a topic of clients");
        super::event(&mut out, Dialect::JsonRpc, name, |out| out.push('1'));
        assert_eq!(out, r#"{"jsonrpc":"2.0","method":"app.x","params":1}"#);
    }

    #[test]
    fn strings_are_escaped_where_they_must_be() {
        for text in ["plain ö", "q\"", "b\\", "n\n", "\u{1}", ""] {
            let mut out = String::new();
            push_string(&mut out, text);
            assert_eq!(
                serde_json::from_str::<String>(&out).expect("a string"),
                text
            );
        }
    }
}
