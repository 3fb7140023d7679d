//! What a client subscribes to: an event's name, a prefix of names, or one conversation's messages.

use std::{fmt, str::FromStr};

use super::describe::{EVENTS, event};
use crate::{message::Message, phone};

/// Events about one conversation, which a topic may single out.
const OF_CONVERSATIONS: [&str; 11] = [
    event::MESSAGE_RECEIVED.as_str(),
    event::MESSAGE_STATUS.as_str(),
    event::MESSAGE_EDITED.as_str(),
    event::MESSAGE_DELETED.as_str(),
    event::MESSAGE_MEDIA.as_str(),
    event::CONVERSATION_READ.as_str(),
    event::CONVERSATION_CHANGED.as_str(),
    event::TYPING.as_str(),
    event::AGENT_DELTA.as_str(),
    event::AGENT_STATUS.as_str(),
    event::AGENT_HANDOVER.as_str(),
];

/// `message.status`, `message.*`, `*`, and for what is about a conversation `message.*@CHANNEL` or
/// `message.*@CHANNEL/PEER`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topic {
    pattern: String,
    channel: Option<String>,
    peer: Option<String>,
}

impl Topic {
    /// Whether it covers an event of this name that is about no conversation.
    pub fn covers(&self, event: &str) -> bool {
        self.channel.is_none() && self.names(event)
    }

    /// Whether it covers an event of this name about this message.
    pub fn covers_message(&self, event: &str, message: &Message) -> bool {
        self.covers_conversation(event, &message.channel, &message.peer)
    }

    /// Whether it covers an event of this name about this conversation.
    pub fn covers_conversation(&self, event: &str, channel: &str, peer: &str) -> bool {
        let of_channel = self.channel.as_ref().is_none_or(|known| known == channel);
        let of_peer = self.peer.as_ref().is_none_or(|known| known == peer);
        of_channel && of_peer && self.names(event)
    }

    /// Whether this topic names the one conversation with `peer` on `channel` and covers the messages
    /// sent to it.
    pub fn singles_out(&self, channel: &str, peer: &str) -> bool {
        self.conversation() == Some((channel, peer)) && self.names(event::MESSAGE_STATUS.as_str())
    }

    /// Channel and peer of the one conversation it is about, where it names one.
    pub fn conversation(&self) -> Option<(&str, &str)> {
        self.channel.as_deref().zip(self.peer.as_deref())
    }

    /// Whether stored events (`message.*`) can match.
    pub fn wants_messages(&self) -> bool {
        let mut names = OF_CONVERSATIONS.iter();
        names.any(|name| name.starts_with("message.") && self.names(name))
    }

    fn names(&self, event: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(prefix) => event.starts_with(prefix),
            None => self.pattern == event,
        }
    }

    /// Whether it may cover an event that the table has under this name; `*` stands for what clients choose.
    pub fn may_be(&self, described: &str) -> bool {
        match described.strip_suffix('*') {
            Some(prefix) => {
                let own = self.pattern.trim_end_matches('*');
                own.starts_with(prefix) || prefix.starts_with(own) && self.pattern.ends_with('*')
            }
            None => self.names(described),
        }
    }

    /// Whether some event of the table can have this name.
    fn is_possible(&self) -> bool {
        let prefix = self.pattern.strip_suffix('*').unwrap_or(&self.pattern);
        prefix.starts_with("app.") || EVENTS.iter().any(|event| self.names(event.name))
    }
}

impl FromStr for Topic {
    type Err = String;

    /// Refuses what no event can match, with the reason: a misspelt topic would otherwise just never
    /// bring an event.
    fn from_str(text: &str) -> Result<Self, String> {
        let (pattern, scope) = text
            .split_once('@')
            .map_or((text, None), |(pattern, scope)| (pattern, Some(scope)));
        let (channel, peer) = match scope {
            None => (None, None),
            Some(scope) => match scope.split_once('/') {
                None => (Some(scope.to_owned()), None),
                Some((channel, peer)) => {
                    (Some(channel.to_owned()), Some(phone::peer(channel, peer)))
                }
            },
        };
        if channel.as_deref() == Some("") || peer.as_deref() == Some("") {
            return Err(format!(
                "topic {text:?} has nothing behind @ or /; write message.*@CHANNEL/PEER"
            ));
        }
        let topic = Self {
            pattern: pattern.to_owned(),
            channel,
            peer,
        };
        if topic.pattern.trim_end_matches('*').contains('*') || topic.pattern.ends_with("**") {
            return Err(format!("topic {text:?} has a * that is not at its end"));
        }
        let has_channel = OF_CONVERSATIONS.iter().any(|event| topic.names(event));
        if topic.channel.is_some() && !has_channel {
            return Err(format!(
                "topic {text:?}: only {} have a channel",
                OF_CONVERSATIONS.join(", ")
            ));
        }
        if !topic.is_possible() {
            return Err(format!(
                "no event matches topic {text:?}; describe lists them"
            ));
        }
        Ok(topic)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)?;
        if let Some(channel) = &self.channel {
            write!(f, "@{channel}")?;
        }
        if let Some(peer) = &self.peer {
            write!(f, "/{peer}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(text: &str) -> Topic {
        text.parse().unwrap_or_else(|why| panic!("{why}"))
    }

    #[test]
    fn names_prefixes_and_everything_match() {
        assert!(topic("message.status").covers("message.status"));
        assert!(!topic("message.status").covers("message.received"));
        assert!(topic("message.*").covers("message.received"));
        assert!(topic("*").covers("log"));
        assert!(
            topic("app.*").covers("app.orders") && !topic("app.orders").covers("app.orders.eu")
        );
        assert!(!topic("message.*@webchat").covers("message.received"));
        let read = topic("conversation.read@webchat/ana");
        assert!(read.covers_conversation("conversation.read", "webchat", "ana"));
        assert!(!read.covers_conversation("conversation.read", "webchat", "bia"));
        assert!(!read.covers_conversation("message.status", "webchat", "ana"));
        assert!(topic("c*").covers_conversation("conversation.read", "webchat", "bia"));
    }

    #[test]
    fn a_topic_no_event_can_match_is_refused_with_the_reason() {
        for wrong in [
            "mesage.*",
            "",
            "a*b",
            "**",
            "message.*@",
            "message.*@webchat/",
            "log@webchat",
            "shutdownx",
        ] {
            assert!(wrong.parse::<Topic>().is_err(), "{wrong}");
        }
        for fine in [
            "*",
            "m*",
            "app.",
            "app.x",
            "message.*@webchat/a/b@c",
            "conversation.*@webchat",
            "lagged",
        ] {
            assert_eq!(topic(fine).to_string(), fine);
        }
    }
}
