//! Questions of pi's extensions, put to the owner. Each must be answered, if only by cancelling it: a dialog
//! blocks its run for ever, and an abort does not end it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{agents::Question, message::text_at};

/// How long the owner has, unless the extension wants it sooner.
const PATIENCE: Duration = Duration::from_secs(300);

/// The answers to a yes-or-no question.
const YES: &str = "Yes";
const NO: &str = "No";

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dialog {
    /// Its id.
    pub(super) id: String,
    kind: Kind,
    text: String,
    options: Vec<String>,
    timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Select,
    Confirm,
    Input,
}

impl Dialog {
    /// Reads an `extension_ui_request`; `None` for those that want no answer.
    pub(super) fn of(json: &Value) -> Option<Self> {
        let kind = match json["method"].as_str()? {
            "select" => Kind::Select,
            "confirm" => Kind::Confirm,
            "input" | "editor" => Kind::Input,
            _ => return None,
        };
        let texts = ["title", "message"].into_iter();
        let texts: Vec<&str> = texts.filter_map(|name| text_at(json, name)).collect();
        let options = match kind {
            Kind::Select => {
                let options = json["options"].as_array().into_iter().flatten();
                options
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            }
            Kind::Confirm => vec![YES.to_owned(), NO.to_owned()],
            Kind::Input => Vec::new(),
        };
        let wanted = json["timeout"].as_u64().map(Duration::from_millis);
        Some(Self {
            id: text_at(json, "id")?.to_owned(),
            kind,
            text: texts.join("\n"),
            options,
            timeout: wanted
                .unwrap_or(PATIENCE)
                .clamp(Duration::from_millis(1), PATIENCE),
        })
    }

    /// As the gateway puts it to the owner.
    pub(super) fn question(&self) -> Question {
        Question {
            text: format!("pi: {}", self.text),
            options: self.options.clone(),
            timeout: self.timeout,
        }
    }

    /// What pi is told.
    pub(super) fn response(&self, answer: Option<&str>) -> Value {
        let Some(answer) = answer else {
            return cancelled(&self.id);
        };
        let is = |option: &str| option.eq_ignore_ascii_case(answer.trim());
        let mut response = json!({"type": "extension_ui_response", "id": self.id});
        match self.kind {
            Kind::Input => response["value"] = json!(answer),
            Kind::Confirm => response["confirmed"] = json!(is(YES)),
            Kind::Select => match self.options.iter().find(|option| is(option)) {
                Some(option) => response["value"] = json!(option),
                None => return cancelled(&self.id),
            },
        }
        response
    }
}

/// The response that answers a dialog with nothing.
pub(super) fn cancelled(id: &str) -> Value {
    json!({"type": "extension_ui_response", "id": id, "cancelled": true})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_becomes_a_question_and_its_answer_a_response() {
        let asked = json!({"type": "extension_ui_request", "id": "u-1", "method": "select",
            "title": "Dangerous command: rm", "options": ["Allow", "Block"], "timeout": 10_000});
        let dialog = Dialog::of(&asked).expect("a question");
        let question = dialog.question();
        assert_eq!(question.text, "pi: Dangerous command: rm");
        assert_eq!(question.options, ["Allow", "Block"]);
        assert_eq!(question.timeout, Duration::from_secs(10));
        assert_eq!(dialog.response(Some(" block"))["value"], "Block");
        for none in [Some("maybe"), None] {
            assert_eq!(dialog.response(none), cancelled("u-1"));
        }
    }

    #[test]
    fn confirmations_and_texts_are_answered_in_kind_and_notices_not_at_all() {
        let of = |method: &str| Dialog::of(&json!({"id": "u", "method": method, "title": "Sure?"}));
        let confirm = of("confirm").expect("a question");
        assert_eq!(confirm.response(Some("yes"))["confirmed"], true);
        assert_eq!(confirm.response(Some("whatever"))["confirmed"], false);
        let input = of("input").expect("a question");
        assert_eq!(input.response(Some("a b"))["value"], "a b");
        assert_eq!(input.question().timeout, PATIENCE);
        for quiet in [
            "notify",
            "setStatus",
            "setTitle",
            "setWidget",
            "set_editor_text",
        ] {
            assert_eq!(of(quiet), None);
        }
    }
}
