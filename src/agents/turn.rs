//! A turn as an agent gets it: the payload of the event `agent.turn`.

use serde_json::Value;

use crate::message::text_at;

/// What to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Its id.
    pub id: String,
    /// The same for all turns of a conversation until that begins anew.
    pub session: String,
    /// What was said in a recording.
    pub transcript: Option<String>,
    /// Who wrote it, where that is not the other side of the conversation.
    pub sender: Option<String>,
    /// What they wrote.
    pub message: String,
    /// What it is, such as `text` or `voice`.
    pub kind: String,
    /// How often it was offered, this time included.
    pub attempt: u64,
    /// All of it, as it came.
    pub json: Value,
}

impl Turn {
    /// Reads the payload; `None` where it names no turn or no session that is safe as a file name.
    pub fn parse(json: Value) -> Option<Self> {
        let text = |name: &str| text_at(&json, name).map(str::to_owned);
        let session = text("session").filter(|session| is_session(session))?;
        Some(Self {
            id: text("turn_id")?,
            session,
            transcript: text("transcript"),
            sender: text("sender").filter(|_| json["group"] == true),
            message: text("message").unwrap_or_default(),
            kind: text("kind").unwrap_or_else(|| "text".to_owned()),
            attempt: json["attempt"].as_u64().unwrap_or(1),
            json,
        })
    }

    /// Where it is answered; `None` over HTTP.
    pub fn channel(&self) -> Option<&str> {
        text_at(&self.json, "channel")
    }

    /// The other side; `None` over HTTP.
    pub fn peer(&self) -> Option<&str> {
        text_at(&self.json, "peer")
    }

    /// Where it is answered, and the other side; `None` over HTTP.
    pub fn conversation(&self) -> Option<(&str, &str)> {
        self.channel().zip(self.peer())
    }

    /// The files that came with it.
    pub fn files(&self) -> &[Value] {
        crate::message::media::files(self.json.get("media"))
    }

    /// What to ask the action `history` for what came earlier.
    pub fn history(&self) -> Option<&Value> {
        self.json
            .get("history")
            .filter(|history| history.is_object())
    }

    /// The whole conversation, where it came over HTTP.
    pub fn prompt(&self) -> Option<&[Value]> {
        self.json.get("prompt")?.as_array().map(Vec::as_slice)
    }

    /// What is to be answered, in words: what they wrote, or said, or that it is a picture.
    pub fn text(&self) -> String {
        said(
            self.sender.as_deref(),
            &self.message,
            self.transcript.as_deref(),
            &self.kind,
        )
    }
}

/// A message in words for a model.
pub(super) fn said(
    sender: Option<&str>,
    text: &str,
    transcript: Option<&str>,
    kind: &str,
) -> String {
    let heard = transcript.filter(|heard| !heard.is_empty() && *heard != text);
    let texts = Some(text)
        .filter(|text| !text.is_empty())
        .into_iter()
        .chain(heard);
    let mut words = texts.collect::<Vec<_>>().join("\n");
    if words.is_empty() && kind != "text" {
        words = format!("[{kind}]");
    }
    match sender {
        Some(sender) if !words.is_empty() => format!("{sender}: {words}"),
        _ => words,
    }
}

/// Whether a session may be the name of a file: letters, digits, `.`, `_` and `-`, a letter or digit at both
/// ends.
fn is_session(text: &str) -> bool {
    let is_end = |byte: &u8| byte.is_ascii_alphanumeric();
    let bytes = text.as_bytes();
    let may_hold = |byte: &u8| is_end(byte) || b"._-".contains(byte);
    bytes.len() <= 200
        && bytes.first().is_some_and(is_end)
        && bytes.last().is_some_and(is_end)
        && bytes.iter().all(may_hold)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn turn(more: &Value) -> Option<Turn> {
        let mut all = json!({"turn_id": "t-1", "session": "webchat.ana", "message": "hi",
            "kind": "text", "attempt": 1, "group": false});
        let more = more.as_object().cloned().expect("an object");
        all.as_object_mut().expect("an object").extend(more);
        Turn::parse(all)
    }

    #[test]
    fn a_session_that_could_lead_elsewhere_is_no_turn() {
        assert!(turn(&json!({})).is_some());
        for wrong in ["", "..", "../a", "a/b", "a.", "-a", "a b", "é", "a\0b"] {
            assert!(turn(&json!({"session": wrong})).is_none(), "{wrong}");
        }
        assert!(turn(&json!({"session": "x".repeat(201)})).is_none());
    }

    #[test]
    fn a_turn_is_told_in_words() {
        let words = |more: &Value| turn(more).expect("a turn").text();
        assert_eq!(words(&json!({})), "hi");
        assert_eq!(words(&json!({"message": "", "kind": "image"})), "[image]");
        assert_eq!(
            words(&json!({"message": "", "kind": "voice", "transcript": "olá"})),
            "olá"
        );
        assert_eq!(
            words(&json!({"group": true, "sender": "Ana"})),
            "Ana: hi",
            "who wrote it matters in a group"
        );
        assert_eq!(words(&json!({"sender": "Ana"})), "hi");
    }
}
