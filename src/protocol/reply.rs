//! What the gateway sends: answers, errors and events, written in the dialect of the one who reads.

use std::fmt::Write as _;

use serde_json::Value;

use super::{error_code::Fault, frame::Dialect};

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

/// Who asked, so that the answer can say so: a `Call` without its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// How to write.
    pub dialect: Dialect,
    /// The action as it was asked for.
    pub action: String,
    /// The JSON text of the id.
    pub id: Option<String>,
}

/// The same, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct AskerRef<'a> {
    /// How to write.
    pub dialect: Dialect,
    /// The action as it was asked for.
    pub action: &'a str,
    /// The JSON text of the id.
    pub id: Option<&'a str>,
}

impl Asker {
    /// Borrows it.
    pub fn as_ref(&self) -> AskerRef<'_> {
        AskerRef {
            dialect: self.dialect,
            action: &self.action,
            id: self.id.as_deref(),
        }
    }
}

impl AskerRef<'_> {
    /// Keeps it for an answer that comes later.
    pub fn to_owned(self) -> Asker {
        Asker {
            dialect: self.dialect,
            action: self.action.to_owned(),
            id: self.id.map(str::to_owned),
        }
    }

    fn open(self, out: &mut String, kind: &str) {
        match self.dialect {
            Dialect::Triple => {
                out.push_str("{\"type\":\"");
                out.push_str(kind);
                out.push_str("\",\"action\":");
                push_string(out, self.action);
                if let Some(id) = self.id {
                    out.push_str(",\"id\":");
                    out.push_str(id);
                }
            }
            Dialect::JsonRpc => {
                out.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
                out.push_str(self.id.unwrap_or("null"));
            }
        }
    }
}

/// Writes a response around `payload`, which writes one JSON value.
pub fn response(out: &mut String, asker: AskerRef<'_>, payload: impl FnOnce(&mut String)) {
    asker.open(out, "response");
    out.push_str(match asker.dialect {
        Dialect::Triple => ",\"payload\":",
        Dialect::JsonRpc => ",\"result\":",
    });
    payload(out);
    out.push('}');
}

/// Writes the answer to `{"type":"ping"}`.
pub fn pong(out: &mut String, id: Option<&str>, payload: impl FnOnce(&mut String)) {
    AskerRef {
        dialect: Dialect::Triple,
        action: "ping",
        id,
    }
    .open(out, "pong");
    out.push_str(",\"payload\":");
    payload(out);
    out.push('}');
}

/// Writes an error.
pub fn error(out: &mut String, asker: AskerRef<'_>, fault: &Fault) {
    asker.open(out, "error");
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
pub fn event(out: &mut String, dialect: Dialect, name: &str, payload: impl FnOnce(&mut String)) {
    let (open, before_payload) = match dialect {
        Dialect::Triple => ("{\"type\":\"event\",\"action\":", ",\"payload\":"),
        Dialect::JsonRpc => ("{\"jsonrpc\":\"2.0\",\"method\":", ",\"params\":"),
    };
    out.push_str(open);
    push_string(out, name);
    out.push_str(before_payload);
    payload(out);
    out.push('}');
}

/// Writes the `error` event: a message that held no id to answer to. JSON-RPC answers such with a
/// null id instead (§5).
pub fn unreadable(out: &mut String, dialect: Dialect, fault: &Fault) {
    match dialect {
        Dialect::Triple => event(out, dialect, "error", |out| {
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
    fn both_dialects_are_written_as_documented() {
        let mut out = String::new();
        let asker = AskerRef {
            dialect: Dialect::Triple,
            action: "ping",
            id: Some("7"),
        };
        response(&mut out, asker, |out| out.push_str("{}"));
        assert_eq!(
            out,
            r#"{"type":"response","action":"ping","id":7,"payload":{}}"#
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
        event(&mut out, Dialect::JsonRpc, "app.x", |out| out.push('1'));
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
