//! Conversations as settings and keys name them: by patterns, and by sets of channels and patterns.

use std::fmt;

use crate::phone;

/// Conversations by channel and peer; `*` in either stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    channel: String,
    peer: String,
    /// A star is a star: the peer was not written by whoever chose the pattern.
    is_literal: bool,
}

impl Pattern {
    /// Whether the conversation is one of them.
    pub fn covers(&self, channel: &str, peer: &str) -> bool {
        if self.is_literal {
            return self.channel == channel && self.peer == peer;
        }
        glob(&self.channel, channel) && glob(&self.peer, peer)
    }

    /// This one conversation, whatever stars its names have.
    pub fn literal(channel: &str, peer: &str) -> Self {
        Self {
            channel: channel.to_owned(),
            peer: peer.to_owned(),
            is_literal: true,
        }
    }

    /// `CHANNEL/PEER`; a channel alone stands for all its conversations.
    pub fn parse(text: &str) -> Option<Self> {
        let (channel, peer) = text.split_once('/').unwrap_or((text, "*"));
        let (channel, peer) = (channel.trim(), peer.trim());
        if channel.is_empty() || peer.is_empty() || text.chars().any(char::is_control) {
            return None;
        }
        let peer = if peer.contains('*') {
            peer.to_owned()
        } else {
            phone::peer(channel, peer)
        };
        Some(Self {
            channel: channel.to_lowercase(),
            peer,
            is_literal: false,
        })
    }

    /// Whether it may name conversations of this channel.
    pub fn covers_channel(&self, channel: &str) -> bool {
        if self.is_literal {
            return self.channel == channel;
        }
        glob(&self.channel, channel)
    }

    /// The channel and the peer as they were written.
    pub fn into_parts(self) -> (String, String) {
        (self.channel, self.peer)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.channel, self.peer)
    }
}

/// Whether `text` is `pattern`, in which each `*` stands for any number of characters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Some of all conversations: those of certain channels, and of certain patterns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationSet {
    /// Only of these channels; empty for all.
    pub channels: Vec<String>,
    /// Only those that one of these covers; empty for all.
    pub peers: Vec<Pattern>,
}

impl ConversationSet {
    /// Only this conversation, whatever stars its names have.
    pub fn one(channel: &str, peer: &str) -> Self {
        Self {
            channels: vec![channel.to_owned()],
            peers: vec![Pattern::literal(channel, peer)],
        }
    }

    /// Whether it leaves none out.
    pub fn is_everything(&self) -> bool {
        self.channels.is_empty() && self.peers.is_empty()
    }

    /// Whether the conversation is one of them.
    pub fn covers(&self, channel: &str, peer: &str) -> bool {
        let of_peers = || self.peers.iter().any(|one| one.covers(channel, peer));
        self.names(channel) && (self.peers.is_empty() || of_peers())
    }

    /// Whether conversations of this channel may be among them.
    pub fn covers_channel(&self, channel: &str) -> bool {
        let of_peers = || self.peers.iter().any(|one| one.covers_channel(channel));
        self.names(channel) && (self.peers.is_empty() || of_peers())
    }

    fn names(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.iter().any(|name| name == channel)
    }
}

impl fmt::Display for ConversationSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peers = self.peers.iter().map(ToString::to_string);
        let channels = self.channels.iter().cloned();
        let all: Vec<String> = if self.peers.is_empty() {
            channels.collect()
        } else {
            peers.collect()
        };
        if all.is_empty() {
            return f.write_str("all conversations");
        }
        f.write_str(&all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_wherever_it_is() {
        for (pattern, text, covers) in [
            ("*", "", true),
            ("a*", "abc", true),
            ("*@g.us", "1@g.us", true),
            ("*@g.us", "1@g.us.x", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "acb", false),
            ("aa*aa", "aaa", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("é*", "éa", true),
        ] {
            assert_eq!(glob(pattern, text), covers, "{pattern} {text}");
        }
    }

    #[test]
    fn a_set_is_of_channels_and_of_patterns_and_needs_both() {
        let set = |channels: &[&str], peers: &[&str]| ConversationSet {
            channels: channels.iter().map(|&name| name.to_owned()).collect(),
            peers: peers
                .iter()
                .map(|text| Pattern::parse(text).expect("a pattern"))
                .collect(),
        };
        let everything = set(&[], &[]);
        assert!(everything.is_everything() && everything.covers("telegram", "42"));
        let channel = set(&["telegram"], &[]);
        assert!(channel.covers("telegram", "42") && !channel.covers("webchat", "42"));
        let one = set(&[], &["whatsapp/+55 11 98765-4321"]);
        assert!(one.covers("whatsapp", "5511987654321") && !one.covers("whatsapp", "1"));
        assert!(one.covers_channel("whatsapp") && !one.covers_channel("telegram"));
        let starred = ConversationSet::one("webchat", "*");
        assert!(starred.covers("webchat", "*") && !starred.covers("webchat", "ana"));
        let both = set(&["telegram"], &["*/42"]);
        assert!(both.covers("telegram", "42"));
        assert!(!both.covers("telegram", "43") && !both.covers("webchat", "42"));
        assert!(!both.covers_channel("webchat"));
    }
}
