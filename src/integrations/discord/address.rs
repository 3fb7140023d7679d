//! Where a message goes and where one came from: a channel, a thread of it, a person. And what messages are
//! called there.
//!
//! A peer is `CHANNEL`, `CHANNEL/THREAD` or `user:USER` (direct messages), each a snowflake
//! (<https://docs.discord.com/developers/reference#snowflakes>). A message is `CHANNEL:MESSAGE`, where the channel
//! is the thread's for those in threads.

use std::fmt;

/// What other programs write in front of a channel.
const CHANNEL_PREFIXES: [&str; 4] = ["discord:", "channel:", "thread:", "group:"];

/// What is written in front of a person.
const USER_PREFIXES: [&str; 3] = ["user:", "dm:", "discord:user:"];

/// Hosts of links to channels, with what the test clients have in front.
const HOSTS: [&str; 2] = ["discord.com", "discordapp.com"];

/// What is expected where an address is none.
const EXPECTED: &str = "a channel (its numeric id, CHANNEL/THREAD, or its link https://discord.com/channels/…) or a \
                        person (user:ID)";

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Address {
    /// A channel, and a thread of it.
    Channel(u64, Option<u64>),
    /// The direct messages with a person.
    User(u64),
}

impl Address {
    /// Reads a peer in any spelling; the error says what is expected.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        Self::read(text.trim()).ok_or_else(|| EXPECTED.to_owned())
    }

    fn read(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('<') {
            return Self::pasted(inner.strip_suffix('>')?);
        }
        if let Some(rest) = text.strip_prefix("https://") {
            return Self::linked(rest);
        }
        if let Some(id) = USER_PREFIXES.iter().find_map(|prefix| strip(text, prefix)) {
            return snowflake(id.trim_start_matches('@')).map(Self::User);
        }
        if let Some(rest) = CHANNEL_PREFIXES
            .iter()
            .find_map(|prefix| strip(text, prefix))
        {
            return Self::read(rest);
        }
        match text.split_once('/') {
            Some((channel, thread)) => {
                Some(Self::Channel(snowflake(channel)?, Some(snowflake(thread)?)))
            }
            None => Some(Self::Channel(snowflake(text)?, None)),
        }
    }

    /// `<#CHANNEL>`, `<@USER>` and `<@!USER>` (<https://docs.discord.com/developers/reference#message-formatting>).
    fn pasted(inner: &str) -> Option<Self> {
        if let Some(channel) = inner.strip_prefix('#') {
            return Some(Self::Channel(snowflake(channel)?, None));
        }
        let user = inner.strip_prefix('@')?.trim_start_matches('!');
        snowflake(user).map(Self::User)
    }

    /// `discord.com/channels/SERVER/CHANNEL`, perhaps with a message behind it. A thread's link names the thread
    /// in the place of the channel: it is reached by that id too.
    fn linked(rest: &str) -> Option<Self> {
        let mut parts = rest.split(['/', '?']);
        let host = parts.next()?;
        let is_theirs = HOSTS.iter().any(|known| {
            host == *known
                || host
                    .strip_suffix(known)
                    .is_some_and(|sub| sub.ends_with('.'))
        });
        if !is_theirs || parts.next()? != "channels" {
            return None;
        }
        let _server = parts.next()?;
        Some(Self::Channel(snowflake(parts.next()?)?, None))
    }
}

impl fmt::Display for Address {
    /// The peer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(channel, None) => write!(f, "{channel}"),
            Self::Channel(channel, Some(thread)) => write!(f, "{channel}/{thread}"),
            Self::User(user) => write!(f, "user:{user}"),
        }
    }
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| text[prefix.len()..].trim_start())
}

/// An id: a number of 64 bits, written in digits alone. 0 is none.
pub(super) fn snowflake(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

/// The id in a field.
pub(super) fn id_at(json: &serde_json::Value, field: &str) -> Option<u64> {
    snowflake(json[field].as_str()?)
}

/// What a message is called.
pub(super) fn name_of(channel: u64, message: u64) -> String {
    format!("{channel}:{message}")
}

/// The channel and the id of a message, by its name.
pub(super) fn split_name(name: &str) -> Option<(u64, u64)> {
    let (channel, message) = name.split_once(':')?;
    Some((snowflake(channel)?, snowflake(message)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_place_is_understood() {
        for (spelling, peer) in [
            ("42", "42"),
            (" 42/43 ", "42/43"),
            ("discord:42", "42"),
            ("channel: 42", "42"),
            ("<#42>", "42"),
            ("<@7>", "user:7"),
            ("<@!7>", "user:7"),
            ("user:7", "user:7"),
            ("USER:7", "user:7"),
            ("discord:user:7", "user:7"),
            ("https://discord.com/channels/1/42", "42"),
            ("https://discord.com/channels/1/42/9?x=y", "42"),
            ("https://ptb.discord.com/channels/@me/42", "42"),
        ] {
            let address = Address::parse(spelling).map(|address| address.to_string());
            assert_eq!(address.as_deref(), Ok(peer), "{spelling}");
        }
        for wrong in [
            "",
            "ana",
            "@ana",
            "-1",
            "0",
            "042",
            "42/",
            "/42",
            "42/x",
            "<42>",
            "<@42",
            "user:ana",
            "https://evil.example/channels/1/42",
            "https://discord.com.evil.example/channels/1/42",
            "https://discord.com/invite/42",
            "99999999999999999999999",
        ] {
            let refused = Address::parse(wrong).expect_err(wrong);
            assert!(refused.contains("CHANNEL/THREAD"), "{refused}");
        }
    }

    #[test]
    fn a_name_says_where_its_message_is() {
        assert_eq!(split_name(&name_of(42, 43)), Some((42, 43)));
        for wrong in ["42", "42:", ":42", "a:b", "m-17"] {
            assert_eq!(split_name(wrong), None, "{wrong}");
        }
    }
}
