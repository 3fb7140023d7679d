//! The answer of a model as it comes: the text so far, and how it ended.

use serde_json::Value;

use super::thoughts::Thoughts;
use crate::{http_client::read_json, message::text_at};

/// One answer of a model.
#[derive(Debug, Default)]
pub(super) struct Completion {
    /// The text so far, without thoughts.
    pub text: String,
    /// Why it ended, once it did.
    pub finish: Option<String>,
    /// It wants a tool called.
    pub wants_tools: bool,
    thoughts: Thoughts,
}

/// What one event brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More text; may be empty, where the model thinks.
    Text(String),
    /// The end.
    Done,
    /// An error, in the service's words.
    Error(String),
    /// Something that no model says.
    Garbage,
}

impl Completion {
    /// Takes the data of one event.
    pub(super) fn take(&mut self, data: &str) -> Step {
        if data.trim() == "[DONE]" {
            return Step::Done;
        }
        let Ok(event) = read_json::<Value>(data) else {
            return Step::Garbage;
        };
        if let Some(why) = error_of(&event) {
            return Step::Error(why);
        }
        // Usage alone comes without choices.
        let Some(choice) = event["choices"].get(0) else {
            return if event.is_object() {
                Step::Text(String::new())
            } else {
                Step::Garbage
            };
        };
        if let Some(finish) = text_at(choice, "finish_reason") {
            self.finish = Some(finish.to_owned());
        }
        // A service that does not stream answers with the whole message.
        let part = if choice["delta"].is_object() {
            &choice["delta"]
        } else {
            &choice["message"]
        };
        let calls = part["tool_calls"].as_array();
        self.wants_tools |= calls.is_some_and(|calls| !calls.is_empty());
        let said = text_at(part, "content").or_else(|| text_at(part, "refusal"));
        let text = self.thoughts.without(said.unwrap_or_default());
        self.text.push_str(&text);
        Step::Text(text)
    }

    /// Takes what the thoughts held back at the end.
    pub(super) fn finish(&mut self) -> String {
        let held = self.thoughts.rest();
        self.text.push_str(&held);
        held
    }
}

/// The error in an answer, if it is one: an object with a message, or a text.
pub(super) fn error_of(answer: &Value) -> Option<String> {
    let error = answer.get("error").filter(|error| !error.is_null())?;
    let said = text_at(error, "message").or_else(|| error.as_str());
    Some(said.map_or_else(|| error.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(events: &[&str]) -> (Completion, Vec<Step>) {
        let mut completion = Completion::default();
        let steps = events.iter().map(|data| completion.take(data)).collect();
        (completion, steps)
    }

    #[test]
    fn pieces_add_up_and_the_end_is_known() {
        let (completion, steps) = all(&[
            r#"{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"content":"olá "}}]}"#,
            r#"{"choices":[{"delta":{"content":"Ana"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"total_tokens":7}}"#,
            "[DONE]",
        ]);
        assert_eq!(completion.text, "olá Ana");
        assert_eq!(completion.finish.as_deref(), Some("stop"));
        assert_eq!(steps[4], Step::Done);
    }

    #[test]
    fn an_answer_that_is_not_streamed_counts() {
        let whole = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
        assert_eq!(all(&[whole]).0.text, "hi");
    }

    #[test]
    fn errors_and_nonsense_are_told_apart() {
        let error = |text: &str| Step::Error(text.to_owned());
        let (_, steps) = all(&[
            r#"{"error":{"message":"out of memory","code":500}}"#,
            r#"{"error":"gone"}"#,
            r#"{"error":{"x":1}}"#,
            "<html>",
            "[1]",
        ]);
        assert_eq!(
            steps,
            [
                error("out of memory"),
                error("gone"),
                error(r#"{"x":1}"#),
                Step::Garbage,
                Step::Garbage
            ]
        );
    }

    #[test]
    fn calls_of_tools_are_noticed() {
        let call =
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]},"finish_reason":"tool_calls"}]}"#;
        let (completion, _) = all(&[call]);
        assert!(completion.wants_tools && completion.text.is_empty());
    }
}
