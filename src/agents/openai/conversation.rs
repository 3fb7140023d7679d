//! What a model is asked: the system prompt, what was said before, the turn itself.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::{
    agents::{CallError, Reply, Turn, turn::said},
    client::files,
    config::models::Prompts,
    error::Error,
    message::{is_ours, media::transcript, text_at},
};

/// Messages of the history that are looked at.
const MAX_MESSAGES: u64 = 200;

/// Pictures of one turn that are shown.
const MAX_PICTURES: usize = 4;

/// Longest picture, in bytes.
const MAX_PICTURE: u64 = 8 << 20;

/// How a conversation is put to a model.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// What it is told to be.
    pub(super) prompts: Prompts,
    /// Characters of history.
    pub(super) history: usize,
    /// Whether pictures are shown.
    pub(super) vision: bool,
}

impl Memory {
    /// The messages for a turn.
    pub(super) async fn messages(
        &self,
        turn: &Turn,
        reply: &Reply,
    ) -> Result<Vec<Value>, CallError> {
        if let Some(prompt) = turn.prompt() {
            return Ok(prompt.to_vec());
        }
        let earlier = self.earlier(turn, reply).await?;
        let system = self.prompts.of(turn.conversation());
        let mut system = system.unwrap_or_default().to_owned();
        let mut messages = Vec::new();
        // Templates of some models take no conversation that an assistant begins.
        let begin = earlier.iter().position(|(role, _)| *role == USER);
        let (unasked, asked) = earlier.split_at(begin.unwrap_or(earlier.len()));
        for (_, text) in unasked {
            system.push_str("\n\nYou wrote to them before:\n");
            system.push_str(text);
        }
        if !system.trim().is_empty() {
            messages.push(json!({"role": "system", "content": system.trim()}));
        }
        let last = (USER, turn.text());
        for (role, text) in merged(asked.iter().cloned().chain([last])) {
            messages.push(json!({"role": role, "content": text}));
        }
        if self.vision {
            show_pictures(&mut messages, turn, reply).await;
        }
        Ok(messages)
    }

    /// What was said before, oldest first, as far as it fits.
    async fn earlier(&self, turn: &Turn, reply: &Reply) -> Result<Vec<(Role, String)>, CallError> {
        let (Some(history), 1..) = (turn.history(), self.history) else {
            return Ok(Vec::new());
        };
        let mut payload = history.clone();
        payload["limit"] = json!(MAX_MESSAGES);
        let mut answer = reply.call("history", payload).await?;
        let Value::Array(mut messages) = answer["messages"].take() else {
            return Ok(Vec::new());
        };
        // Of this turn itself, and of what came since, nothing is earlier.
        let own = turn.json["messages"].as_array();
        messages.retain(|message| own.is_none_or(|own| !own.contains(&message["message_id"])));
        let is_group = turn.json["group"] == true;
        let mut left = self.history;
        let mut kept = Vec::new();
        for (role, text) in messages.iter().rev().filter_map(|one| told(one, is_group)) {
            let length = text.chars().count();
            if length > left {
                break;
            }
            left -= length;
            kept.push((role, text));
        }
        kept.reverse();
        Ok(kept)
    }
}

type Role = &'static str;

const USER: Role = "user";
const ASSISTANT: Role = "assistant";

/// A stored message in words; `None` for what never reached anyone, or says nothing.
fn told(message: &Value, is_group: bool) -> Option<(Role, String)> {
    let role = if is_ours(message) { ASSISTANT } else { USER };
    let is_gone = message.get("deleted_ms").is_some();
    let state = text_at(message, "state").unwrap_or_default();
    // A command is for the gateway, whoever wrote it.
    let is_command = message["meta"]["command"].is_string();
    if is_gone || is_command || matches!(state, "failed" | "cancelled") {
        return None;
    }
    let sender = text_at(message, "sender").filter(|_| is_group && role == USER);
    let text = said(
        sender,
        text_at(message, "text").unwrap_or_default(),
        transcript(message.get("media")).as_deref(),
        text_at(message, "kind").unwrap_or("text"),
    );
    Some((role, text)).filter(|(_, text)| !text.is_empty())
}

/// Messages of one side that follow each other as one: templates of some models take turns only.
fn merged(messages: impl Iterator<Item = (Role, String)>) -> Vec<(Role, String)> {
    let mut out: Vec<(Role, String)> = Vec::new();
    for (role, text) in messages {
        match out.last_mut() {
            Some((last, whole)) if *last == role => {
                whole.push('\n');
                whole.push_str(&text);
            }
            _ => out.push((role, text)),
        }
    }
    out
}

/// Puts the pictures of a turn into its last message. One that cannot be had is left out: the text says
/// that there is one.
async fn show_pictures(messages: &mut [Value], turn: &Turn, reply: &Reply) {
    let mut parts = Vec::new();
    for (mime, bytes) in pictures(turn, reply).await {
        let url = format!("data:{mime};base64,{}", BASE64.encode(&bytes));
        parts.push(json!({"type": "image_url", "image_url": {"url": url}}));
    }
    if let (Some(last), false) = (messages.last_mut(), parts.is_empty()) {
        let text = json!({"type": "text", "text": last["content"]});
        parts.insert(0, text);
        last["content"] = Value::Array(parts);
    }
}

/// The pictures of a turn that can be had, each with its type.
pub(in crate::agents) async fn pictures(turn: &Turn, reply: &Reply) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let files = turn.files().iter();
    let pictures = files.filter_map(|file| {
        let mime = text_at(file, "mime").filter(|mime| mime.starts_with("image/"))?;
        Some((text_at(file, "media_id")?, mime))
    });
    for (id, mime) in pictures.take(MAX_PICTURES) {
        let begin = |about: &files::Download| {
            let fits = about.bytes <= MAX_PICTURE;
            let capacity = usize::try_from(about.bytes).unwrap_or(0);
            fits.then(|| Vec::with_capacity(capacity))
                .ok_or_else(|| Error::Failed("the picture is too large".to_owned()))
        };
        let mut progress = |_, _| {};
        if let Ok(bytes) = files::download(reply.endpoint(), id, begin, &mut progress).await {
            found.push((mime.to_owned(), bytes));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_messages_are_told_by_their_direction() {
        let message = |direction: &str, text: &str| json!({"direction": direction, "text": text, "state": "received", "sender": "Ana"});
        assert_eq!(
            told(&message("in", "hi"), false),
            Some((USER, "hi".to_owned()))
        );
        assert_eq!(
            told(&message("in", "hi"), true),
            Some((USER, "Ana: hi".to_owned()))
        );
        assert_eq!(
            told(&message("out", "yes"), true),
            Some((ASSISTANT, "yes".to_owned()))
        );
        let mut own = message("in", "me, on the phone");
        own["meta"] = json!({"own": true});
        let ours = (ASSISTANT, "me, on the phone".to_owned());
        assert_eq!(told(&own, true), Some(ours));
        for own in [true, false] {
            let mut command = message("in", "/pause");
            command["meta"] = json!({"own": own, "command": "pause"});
            assert_eq!(told(&command, false), None, "it is for the gateway");
        }
        let mut gone = message("out", "oops");
        gone["state"] = json!("failed");
        assert_eq!(told(&gone, false), None);
        let mut voice = message("in", "");
        voice["kind"] = json!("voice");
        assert_eq!(told(&voice, false), Some((USER, "[voice]".to_owned())));
    }

    #[test]
    fn both_sides_take_turns() {
        let said = [(USER, "a"), (USER, "b"), (ASSISTANT, "c"), (USER, "d")];
        let whole = merged(said.map(|(role, text)| (role, text.to_owned())).into_iter());
        let texts: Vec<&str> = whole.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["a\nb", "c", "d"]);
    }
}
