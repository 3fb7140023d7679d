//! Answers as clients read them: one object, or chunks of it, each an event of a stream (HTML, "Server-sent
//! events"). What was used is not known here; where a client insists on being told, it is told nothing was.

use bytes::Bytes;
use serde_json::{Value, json};

use super::error::ApiError;
use crate::{clock, gateway::control::AgentAnswer, message::media::files, random};

/// What all chunks of an answer say of it.
#[derive(Debug, Clone)]
pub(super) struct AnswerHead {
    id: String,
    created: u64,
    /// The agent that answers.
    pub(super) model: String,
    base: String,
    include_usage: bool,
}

impl AnswerHead {
    /// Of an answer that begins now.
    pub(super) fn new(model: &str, base: &str, include_usage: bool) -> Self {
        Self {
            id: format!("chatcmpl-{}", &random::token()[..24]),
            created: clock::now_ms() / 1000,
            model: model.to_owned(),
            base: base.to_owned(),
            include_usage,
        }
    }

    /// The whole answer.
    pub(super) fn whole(&self, answer: &AgentAnswer) -> Value {
        let message = json!({"role": "assistant", "content": self.text(answer), "refusal": null});
        json!({"id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"}]})
    }

    /// The text of an answer; files are their addresses.
    pub(super) fn text(&self, answer: &AgentAnswer) -> String {
        let mut text = answer.text.clone();
        for file in files(answer.media.as_ref()) {
            let address = match (file["media_id"].as_str(), file["url"].as_str()) {
                (Some(id), _) => format!("{}/media/{id}", self.base),
                (None, Some(url)) => url.to_owned(),
                (None, None) => continue,
            };
            let separator = if text.is_empty() { "" } else { "\n" };
            text.push_str(separator);
            text.push_str(&address);
        }
        text
    }

    /// The chunk that says who speaks.
    pub(super) fn begin(&self, out: &mut String) {
        self.chunk(
            out,
            &json!({"role": "assistant", "content": ""}),
            &Value::Null,
        );
    }

    /// A chunk with the next piece.
    pub(super) fn piece(&self, out: &mut String, text: &str) {
        if !text.is_empty() {
            self.chunk(out, &json!({"content": text}), &Value::Null);
        }
    }

    /// The last chunks.
    pub(super) fn end(&self, out: &mut String) {
        self.chunk(out, &json!({}), &json!("stop"));
        if self.include_usage {
            let usage = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
            let mut last = self.envelope(&json!([]));
            last["usage"] = usage;
            event(out, &last.to_string());
        }
        event(out, "[DONE]");
    }

    fn envelope(&self, choices: &Value) -> Value {
        json!({"id": self.id, "object": "chat.completion.chunk", "created": self.created,
            "model": self.model, "choices": choices})
    }

    fn chunk(&self, out: &mut String, delta: &Value, finish_reason: &Value) {
        let choice =
            json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason});
        event(out, &self.envelope(&json!([choice])).to_string());
    }
}

/// An error in the middle of a stream, which ends it.
pub(super) fn error(out: &mut String, error: &ApiError) {
    event(out, &error.json().to_string());
}

/// A line that means nothing, so that whoever is in between sees that the stream lives.
pub(super) fn sign_of_life() -> Bytes {
    Bytes::from_static(b": waiting\n\n")
}

fn event(out: &mut String, data: &str) {
    out.push_str("data: ");
    out.push_str(data);
    out.push_str("\n\n");
}
