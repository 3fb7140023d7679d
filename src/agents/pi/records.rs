//! What pi says over RPC, as far as it matters here (its documentation: rpc.md, rpc-commands.md, json.md,
//! rpc-extension-ui.md of `@earendil-works/pi-coding-agent` 1.5).

use serde_json::Value;

use super::dialog::Dialog;
use crate::{
    http_client::read_json,
    message::{take_at, text_at},
};

/// One line of pi.
#[derive(Debug, PartialEq)]
pub(super) enum Record {
    /// The answer to a command.
    Response(Response),
    /// The next piece of an answer.
    Delta(String),
    /// A message of the model, whole.
    Said(Said),
    /// A run has ended, for good or ill: how, [`Said`] tells.
    Settled,
    /// A question that blocks the run.
    Dialog(Dialog),
    /// Anything else: a sign of life.
    Other,
}

/// The answer to a command. They come in any order.
#[derive(Debug, PartialEq)]
pub(super) struct Response {
    pub(super) id: String,
    /// What came of it; the error says why nothing did.
    pub(super) outcome: Result<Value, String>,
}

/// A message of the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    /// `stop`, `length`, `toolUse`, `error` or `aborted`.
    pub(super) stop: String,
    pub(super) error: Option<String>,
}

/// Lines that are long and say nothing to us are not even parsed.
const SKIPPED: [&str; 5] = [
    r#"{"type":"tool_execution_"#,
    r#"{"type":"agent_end""#,
    r#"{"type":"turn_"#,
    r#"{"type":"message_start""#,
    r#"{"type":"queue_update""#,
];

impl Record {
    /// Reads a line. What is no JSON is a sign of life like what is not known.
    pub(super) fn parse(line: &[u8]) -> Self {
        if SKIPPED
            .iter()
            .any(|begin| line.starts_with(begin.as_bytes()))
        {
            return Self::Other;
        }
        let Ok(json) = read_json::<Value>(line) else {
            return Self::Other;
        };
        match json["type"].as_str() {
            Some("response") => Self::Response(response(json)),
            Some("message_update") => delta(&json["assistantMessageEvent"]),
            Some("message_end") => match Said::of(&json["message"]) {
                Some(said) => Self::Said(said),
                None => Self::Other,
            },
            Some("agent_settled") => Self::Settled,
            Some("extension_ui_request") => match Dialog::of(&json) {
                Some(dialog) => Self::Dialog(dialog),
                None => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

fn response(mut json: Value) -> Response {
    let outcome = if json["success"] == true {
        Ok(take_at(&mut json, "data"))
    } else {
        Err(text_at(&json, "error")
            .unwrap_or("no reason given")
            .to_owned())
    };
    Response {
        id: text_at(&json, "id").unwrap_or_default().to_owned(),
        outcome,
    }
}

fn delta(event: &Value) -> Record {
    match (event["type"].as_str(), text_at(event, "delta")) {
        (Some("text_delta"), Some(text)) => Record::Delta(text.to_owned()),
        _ => Record::Other,
    }
}

impl Said {
    /// Reads a message; `None` where it is not the model's.
    pub(super) fn of(message: &Value) -> Option<Self> {
        if message["role"] != "assistant" {
            return None;
        }
        let parts = message["content"].as_array()?;
        let texts = parts.iter().filter(|part| part["type"] == "text");
        Some(Self {
            text: texts.filter_map(|part| text_at(part, "text")).collect(),
            stop: text_at(message, "stopReason")
                .unwrap_or_default()
                .to_owned(),
            error: text_at(message, "errorMessage").map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_of_a_run_are_read() {
        let read = |line: &str| Record::parse(line.as_bytes());
        assert_eq!(
            read(
                r#"{"id":"2","type":"response","command":"prompt","success":true,"data":{"disposition":"started"}}"#
            ),
            Record::Response(Response {
                id: "2".to_owned(),
                outcome: Ok(serde_json::json!({"disposition": "started"})),
            })
        );
        let refused = read(r#"{"type":"response","command":"parse","success":false,"error":"no"}"#);
        assert!(matches!(
            refused,
            Record::Response(Response {
                outcome: Err(_),
                ..
            })
        ));
        assert_eq!(
            read(
                r#"{"type":"message_update","usage":{},"assistantMessageEvent":{"type":"text_delta","contentIndex":0,"delta":"You "}}"#
            ),
            Record::Delta("You ".to_owned())
        );
        assert_eq!(
            read(
                r#"{"type":"message_end","message":{"role":"assistant","content":[{"type":"thinking","thinking":"x"},{"type":"text","text":"hi"}],"stopReason":"stop"}}"#
            ),
            Record::Said(Said {
                text: "hi".to_owned(),
                stop: "stop".to_owned(),
                error: None
            })
        );
        assert_eq!(
            read(
                r#"{"type":"message_end","message":{"role":"user","content":[{"type":"text","text":"hi"}]}}"#
            ),
            Record::Other
        );
        assert_eq!(
            read(r#"{"type":"agent_settled","aborted":false}"#),
            Record::Settled
        );
        for other in [
            "",
            "not JSON",
            r#"{"type":"agent_end","messages":[]"#,
            r#"{"type":"new"}"#,
        ] {
            assert_eq!(read(other), Record::Other, "{other}");
        }
    }
}
