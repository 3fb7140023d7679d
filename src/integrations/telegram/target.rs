//! Where a message goes and where one came from: a chat, a topic of it, a chat of a business account.
//! And what messages are called there.
//!
//! A peer is `CHAT`, `CHAT/TOPIC` (a topic of a forum), `CHAT/direct:TOPIC` (one person's direct messages
//! to a channel) or `business:CONNECTION:CHAT`, and a message is `CHAT:NUMBER`.

use std::fmt;

use serde_json::{Value, json};

use crate::message::text_at;

/// What other programs write in front of a chat.
const PREFIXES: [&str; 6] = ["telegram:", "tg:", "group:", "channel:", "chat:", "user:"];

/// The general topic of a forum. The server sends no number for it and knows none: what names it is
/// refused with "message thread not found" (github.com/tdlib/telegram-bot-api/issues/798).
const GENERAL: i64 = 1;

/// Ids of supergroups and channels begin here, downwards. What is above is a group that may become one
/// (`get_supergroup_chat_id` in the server's `Client.cpp`).
const SUPERGROUPS: i64 = -1_000_000_000_000;

/// What the numbers of messages begin with that only one member of a group sees.
pub(super) const EPHEMERAL: &str = "ephemeral-";

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// An id, or `@name` of a public chat.
    pub(super) chat: String,
    pub(super) topic: Option<Topic>,
    /// The connection to a business account whose chat it is.
    pub(super) business: Option<String>,
}

/// A part of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// A topic of a forum.
    Forum(i64),
    /// The direct messages of one person to a channel.
    Direct(i64),
}

impl Target {
    /// Reads a peer in any spelling; what is not understood is taken for a chat.
    pub(super) fn parse(peer: &str) -> Self {
        let mut rest = peer.trim();
        while let Some(bare) = PREFIXES.iter().find_map(|prefix| strip(rest, prefix)) {
            rest = bare;
        }
        let (business, rest) = match strip(rest, "business:").and_then(|rest| rest.split_once(':'))
        {
            Some((connection, chat)) => (Some(connection.to_owned()), chat),
            None => (None, rest),
        };
        let parts = rest.split_once(":topic:").or_else(|| rest.split_once('/'));
        let with_topic = parts.and_then(|(chat, topic)| Some((chat, Topic::parse(topic)?)));
        let (chat, topic) = match with_topic {
            Some((chat, topic)) => (chat, Some(topic)),
            None => (rest, None),
        };
        Self {
            chat: chat.to_owned(),
            topic: topic.filter(|topic| *topic != Topic::Forum(GENERAL)),
            business,
        }
    }

    /// Where a message was written. Answers to each other have a `message_thread_id` too: only with
    /// `is_topic_message` it is a topic's (github.com/tdlib/telegram-bot-api/issues/447).
    pub(super) fn of_message(message: &Value) -> Option<Self> {
        let thread = message["message_thread_id"].as_i64();
        let forum = thread.filter(|_| message["is_topic_message"] == true);
        let direct = message["direct_messages_topic"]["topic_id"].as_i64();
        let topic = forum.map(Topic::Forum).or(direct.map(Topic::Direct));
        Some(Self {
            chat: message["chat"]["id"].as_i64()?.to_string(),
            topic: topic.filter(|topic| *topic != Topic::Forum(GENERAL)),
            business: text_at(message, "business_connection_id").map(str::to_owned),
        })
    }

    /// The chat without the topic: what the names of its messages begin with.
    pub(super) fn chat_name(&self) -> String {
        match &self.business {
            Some(connection) => format!("business:{connection}:{}", self.chat),
            None => self.chat.clone(),
        }
    }

    /// The name of a message there.
    pub(super) fn name_of(&self, number: &str) -> String {
        format!("{}:{number}", self.chat_name())
    }

    /// Whether it is a chat with one person and the bot, where a stranger may ask to be let in.
    pub(super) fn is_private(&self) -> bool {
        self.business.is_none() && self.chat.parse::<i64>().is_ok_and(|id| id > 0)
    }

    /// Whether it may have got another id: groups become supergroups, nothing else moves.
    pub(super) fn may_have_moved(&self) -> bool {
        let id = self.chat.parse::<i64>();
        id.is_ok_and(|id| id < 0 && id > SUPERGROUPS)
    }

    /// Fills in the parameters that say where a call goes
    /// (<https://core.telegram.org/bots/api#sendmessage>).
    pub(super) fn address(&self, body: &mut Value) {
        body["chat_id"] = self
            .chat
            .parse::<i64>()
            .map_or_else(|_| json!(self.chat), |id| json!(id));
        match self.topic {
            Some(Topic::Forum(topic)) => body["message_thread_id"] = json!(topic),
            Some(Topic::Direct(topic)) => body["direct_messages_topic_id"] = json!(topic),
            None => {}
        }
        if let Some(connection) = &self.business {
            body["business_connection_id"] = json!(connection);
        }
    }
}

impl fmt::Display for Target {
    /// The peer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chat_name())?;
        match self.topic {
            Some(Topic::Forum(topic)) => write!(f, "/{topic}"),
            Some(Topic::Direct(topic)) => write!(f, "/direct:{topic}"),
            None => Ok(()),
        }
    }
}

impl Topic {
    /// Its number in the chat.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Forum(number) | Self::Direct(number) => number,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("direct:") {
            Some(number) => number.parse().ok().map(Self::Direct),
            None => text.parse().ok().map(Self::Forum),
        }
    }
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| text[prefix.len()..].trim_start())
}

/// The number of a message in its chat. Ephemeral messages, which only one member of a group sees, have
/// 0 there and an id of their own (since 10.2).
pub(super) fn number_of(message: &Value) -> Option<String> {
    match message["message_id"].as_i64()? {
        0 => message["ephemeral_message_id"]
            .as_i64()
            .map(|id| format!("{EPHEMERAL}{id}")),
        id => Some(id.to_string()),
    }
}

/// A name of a message as chat and number; the chat is left out where only a number was given.
pub(super) fn split_name(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once(':') {
        Some((chat, number)) => (Some(chat), number),
        None => (None, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_place_is_understood() {
        for (spelling, peer) in [
            ("42", "42"),
            (" telegram:42 ", "42"),
            ("TG:group:-1003786508776", "-1003786508776"),
            ("group: -100378", "-100378"),
            ("-100378:topic:285", "-100378/285"),
            ("telegram:-100378/285", "-100378/285"),
            ("-100378/1", "-100378"),
            ("-100378/direct:7", "-100378/direct:7"),
            ("@choir", "@choir"),
            ("@choir/5", "@choir/5"),
            ("business:c_1:42", "business:c_1:42"),
            ("whatever/else", "whatever/else"),
            ("é:", "é:"),
        ] {
            let target = Target::parse(spelling);
            assert_eq!(target.to_string(), peer, "{spelling}");
            assert_eq!(Target::parse(peer), target, "{spelling}");
        }
    }

    #[test]
    fn only_topics_are_topics() {
        let of = |more: Value| {
            let mut message = json!({"chat": {"id": -1001}});
            for (key, value) in more.as_object().expect("fields") {
                message[key] = value.clone();
            }
            Target::of_message(&message).map(|target| target.to_string())
        };
        for (more, peer) in [
            (json!({}), "-1001"),
            (
                json!({"message_thread_id": 55, "is_topic_message": true}),
                "-1001/55",
            ),
            (json!({"message_thread_id": 55}), "-1001"),
            (
                json!({"message_thread_id": 1, "is_topic_message": true}),
                "-1001",
            ),
            (
                json!({"direct_messages_topic": {"topic_id": 7}}),
                "-1001/direct:7",
            ),
            (json!({"business_connection_id": "c"}), "business:c:-1001"),
        ] {
            assert_eq!(of(more.clone()).as_deref(), Some(peer), "{more}");
        }
        assert_eq!(Target::of_message(&json!({"chat": {}})), None);
    }

    #[test]
    fn calls_say_where_they_go() {
        for (peer, expected) in [
            ("42", json!({"chat_id": 42})),
            ("@choir", json!({"chat_id": "@choir"})),
            (
                "-1001/55",
                json!({"chat_id": -1001, "message_thread_id": 55}),
            ),
            (
                "-1001/direct:7",
                json!({"chat_id": -1001, "direct_messages_topic_id": 7}),
            ),
            (
                "business:c:42",
                json!({"chat_id": 42, "business_connection_id": "c"}),
            ),
        ] {
            let mut body = json!({});
            Target::parse(peer).address(&mut body);
            assert_eq!(body, expected);
        }
    }

    #[test]
    fn names_have_chat_and_number() {
        assert_eq!(split_name("-5:3"), (Some("-5"), "3"));
        assert_eq!(split_name("3"), (None, "3"));
        let name = Target::parse("business:c:42").name_of("3");
        assert_eq!(split_name(&name), (Some("business:c:42"), "3"));
        for (message, number) in [
            (json!({"message_id": 3}), Some("3")),
            (
                json!({"message_id": 0, "ephemeral_message_id": 9}),
                Some("ephemeral-9"),
            ),
            (json!({"message_id": 0}), None),
        ] {
            assert_eq!(number_of(&message).as_deref(), number);
        }
        for (peer, moves, private) in [
            ("-4123", true, false),
            ("-1001557912345", false, false),
            ("42", false, true),
            ("@a", false, false),
        ] {
            let target = Target::parse(peer);
            assert_eq!(
                (target.may_have_moved(), target.is_private()),
                (moves, private),
                "{peer}"
            );
        }
    }
}
