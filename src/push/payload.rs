//! What a push says of a message, as the page's service worker reads it.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::subscription::Receiver;
use crate::{
    log::printable,
    message::{Direction, Kind, Message, MessageId, text_at},
    percent,
};

/// Longest text of a push before it is encrypted, in bytes. Services take 4,096 with all that encryption adds
/// (RFC 8030 §7.2, RFC 8291 §4).
pub const MAX_PAYLOAD: usize = 3 * 1024;

/// Characters of a text that are shown.
const MAX_WORDS: usize = 120;

/// Characters of a name that are shown: names are chosen by strangers.
const MAX_NAME: usize = 64;

/// Bytes of a topic before they are written in base64url, of which it may have 32 digits (RFC 8030 §5.4).
const TOPIC: usize = 24;

/// A message that came in, as far as a push may tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushNews {
    /// The channel.
    pub channel: String,
    /// The conversation.
    pub peer: String,
    /// The message.
    pub message_id: MessageId,
    /// When it was stored, ms since 1970.
    pub created_ms: u64,
    /// Its kind.
    pub kind: Kind,
    /// Whether it is an answer to the user of the page, and no message of a peer.
    pub is_answer: bool,
    /// Who wrote it, in a group.
    sender: Option<String>,
    /// The name that came with it, where the peer itself wrote it; of an answer, the agent's.
    name: Option<String>,
    /// Its first words.
    text: String,
}

/// What is known of the conversation, and what its receiver wants.
#[derive(Debug, Clone, Default)]
pub struct About<'a> {
    /// What the conversation is called.
    pub name: Option<&'a str>,
    /// Its unread messages.
    pub unread: Option<usize>,
    /// Messages that this push stands for.
    pub count: u32,
    /// The language of the device.
    pub language: Option<&'a str>,
    /// Whether words are shown.
    pub preview: bool,
}

impl PushNews {
    /// What there is to tell of a message.
    pub fn of(message: &Message) -> Self {
        let in_meta = |name| message.meta.as_ref().and_then(|meta| text_at(meta, name));
        let is_answer = message.direction == Direction::Out;
        let writer = if is_answer { "agent" } else { "name" };
        let writer = in_meta(writer).map(|name| shown(name, MAX_NAME));
        let sender = message.sender.as_ref();
        let sender = sender.filter(|sender| **sender != message.peer);
        let (sender, name) = match sender {
            Some(sender) => (
                Some(writer.unwrap_or_else(|| shown(sender, MAX_NAME))),
                None,
            ),
            None => (None, writer),
        };
        Self {
            channel: message.channel.clone(),
            peer: message.peer.clone(),
            message_id: message.id,
            created_ms: message.created_ms,
            kind: message.kind,
            is_answer,
            sender,
            name,
            text: shown(&message.text, MAX_WORDS),
        }
    }

    /// The text of a push, as JSON of at most [`MAX_PAYLOAD`] bytes.
    pub fn payload(&self, about: &About<'_>) -> Vec<u8> {
        let called = about.name.map(|name| shown(name, MAX_NAME));
        // The page's own conversation is called by who answers there.
        let name = self.name.as_ref().filter(|_| self.is_answer);
        let name = name.or(called.as_ref()).or(self.name.as_ref());
        let name = name.map_or_else(|| shown(&self.peer, MAX_NAME), Clone::clone);
        let mut json = json!({"channel": self.channel, "peer": self.peer, "name": name,
            "kind": self.kind.as_str(), "message_id": self.message_id.to_string(),
            "count": about.count, "created_ms": self.created_ms, "open": self.place()});
        let text = Some(&self.text).filter(|text| about.preview && !text.is_empty());
        for (field, value) in [
            ("sender", self.sender.as_deref()),
            ("text", text.map(String::as_str)),
            ("lang", about.language),
        ] {
            if let Some(value) = value {
                json[field] = json!(value);
            }
        }
        if let Some(unread) = about.unread {
            json["unread"] = json!(unread);
        }
        fitted(json)
    }

    /// Where the page opens the conversation, behind its own address.
    fn place(&self) -> String {
        let part = |text: &str| percent::encode(text, b"");
        format!("#chat/{}/{}", part(&self.channel), part(&self.peer))
    }
}

/// Leaves out what can be missed, as far as is needed: names and peers of the longest kind are rare.
fn fitted(mut json: Value) -> Vec<u8> {
    for field in ["text", "sender", "open"] {
        let text = json.to_string();
        if text.len() <= MAX_PAYLOAD {
            return text.into_bytes();
        }
        if let Some(fields) = json.as_object_mut() {
            fields.remove(field);
        }
    }
    json.to_string().into_bytes()
}

/// The first words of a text on one line, with nothing in them that could pass for something else on a screen.
fn shown(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = printable(&line);
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most - 1).collect();
    // Between two words, if the last one is not as long as all the others.
    let end = cut.rfind(' ').filter(|end| *end > cut.len() / 2);
    format!("{}…", cut[..end.unwrap_or(cut.len())].trim_end())
}

/// The topic of a conversation (RFC 8030 §5.4): of those that were not delivered yet, the service keeps only the
/// newest push of a topic. It knows no conversation by it: the browser's secret is hashed with its name.
pub fn topic(receiver: &Receiver, channel: &str, peer: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(receiver.auth);
    hash.update(channel);
    hash.update([0]);
    hash.update(peer);
    BASE64URL_NOPAD.encode(&hash.finalize()[..TOPIC])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Message {
        Message {
            text: text.to_owned(),
            ..Message::sample("telegram", "42")
        }
    }

    fn payload(message: &Message, about: &About<'_>) -> Value {
        let payload = PushNews::of(message).payload(about);
        assert!(payload.len() <= MAX_PAYLOAD, "{}", payload.len());
        serde_json::from_slice(&payload).expect("JSON")
    }

    #[test]
    fn it_says_who_what_and_where_to_open_it() {
        let about = About {
            name: Some("Ana"),
            unread: Some(5),
            count: 2,
            language: Some("pt-BR"),
            preview: true,
        };
        let told = payload(&said("oi,\n tudo bem?"), &about);
        let expected = json!({"channel": "telegram", "peer": "42", "name": "Ana", "kind": "text",
            "text": "oi, tudo bem?", "message_id": "m-1", "created_ms": 1, "count": 2, "unread": 5,
            "lang": "pt-BR", "open": "#chat/telegram/42"});
        assert_eq!(told, expected);
    }

    #[test]
    fn without_a_preview_nothing_of_the_text_is_said() {
        let told = payload(&said("segredo"), &About::default());
        assert_eq!(told["text"], Value::Null);
        assert!(!told.to_string().contains("segredo"), "{told}");
    }

    #[test]
    fn in_a_group_it_names_the_group_and_who_wrote() {
        let mut message = said("oi");
        message.sender = Some("55".to_owned());
        message.meta = Some(json!({"name": "Bia", "group": "Família"}));
        let about = About {
            name: Some("Família"),
            ..About::default()
        };
        let told = payload(&message, &about);
        assert_eq!(
            (&told["name"], &told["sender"]),
            (&json!("Família"), &json!("Bia"))
        );
        message.meta = None;
        let told = payload(&message, &About::default());
        assert_eq!(
            (&told["name"], &told["sender"]),
            (&json!("42"), &json!("55"))
        );
    }

    #[test]
    fn an_answer_of_an_agent_is_named_after_it() {
        let mut message = said("pronto");
        message.direction = Direction::Out;
        message.meta = Some(json!({"agent": "pi"}));
        let about = About {
            name: Some("visitor"),
            ..About::default()
        };
        assert_eq!(payload(&message, &about)["name"], "pi");
    }

    #[test]
    fn texts_are_cut_between_words_and_show_nothing_that_misleads() {
        let about = About {
            preview: true,
            ..About::default()
        };
        let long = "palavra ".repeat(100);
        let told = payload(&said(&long), &about);
        let text = told["text"].as_str().expect("a text");
        assert!(
            text.chars().count() <= MAX_WORDS && text.ends_with("palavra…"),
            "{text}"
        );
        let endless = payload(&said(&"é".repeat(500)), &about);
        let text = endless["text"].as_str().expect("a text");
        assert_eq!(text.chars().count(), MAX_WORDS);
        let told = payload(&said("a\u{202e}b\u{1b}[2Jc"), &about).to_string();
        assert!(
            !told.contains('\u{202e}') && !told.contains("\\u001b"),
            "{told}"
        );
    }

    #[test]
    fn the_longest_names_fit_too() {
        let long = "\"".repeat(256);
        let mut message = Message {
            text: "\"".repeat(500),
            ..Message::sample(&long, &long)
        };
        message.sender = Some("😀".repeat(64));
        let about = About {
            name: Some(&long),
            language: Some("pt-BR"),
            preview: true,
            ..About::default()
        };
        let told = payload(&message, &about);
        assert_eq!(told["peer"], long);
    }

    #[test]
    fn a_conversation_is_opened_at_an_escaped_place() {
        let message = Message::sample("web chat", "a/b#ç");
        let told = payload(&message, &About::default());
        assert_eq!(told["open"], "#chat/web%20chat/a%2Fb%23%C3%A7");
    }

    #[test]
    fn a_topic_is_of_one_conversation_and_of_one_browser() {
        let receiver = |secret| Receiver {
            public: [4; 65],
            auth: [secret; 16],
        };
        let topic_of = |secret, peer| topic(&receiver(secret), "telegram", peer);
        assert_eq!(topic_of(1, "42"), topic_of(1, "42"));
        assert_ne!(topic_of(1, "42"), topic_of(1, "43"));
        assert_ne!(topic_of(1, "42"), topic_of(2, "42"));
        assert_ne!(
            topic(&receiver(1), "a", "bc"),
            topic(&receiver(1), "ab", "c")
        );
        assert_eq!(topic_of(1, "42").len(), 32);
    }
}
