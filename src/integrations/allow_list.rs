//! Who may write to a channel, by its `*_ALLOW_FROM`.
//!
//! Entries are read leniently: with the quotes and brackets of a JSON list, separated by `;`, with the
//! service's name in front (`telegram:42`).

use crate::{
    config::services,
    phone::{self, Country},
};

/// Who may write, by the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowList {
    /// Everyone.
    All,
    /// The names listed here, and everyone who was paired.
    Listed(Vec<String>),
}

/// Characters stripped from both ends of an entry.
const WRAPPERS: [char; 8] = ['[', ']', '"', '\'', '“', '”', '<', '>'];

/// Prefixes stripped from an entry.
const PREFIXES: [&str; 12] = [
    "telegram:",
    "tg:",
    "whatsapp:",
    "wa:",
    "discord:",
    "channel:",
    "guild:",
    "user:",
    "chat:",
    "group:",
    "tel:",
    "id:",
];

impl AllowList {
    /// Reads the list of a channel.
    pub fn read(channel: &str, text: &str, country: Option<Country>) -> Self {
        let names: Vec<String> = entries(text)
            .map(|entry| named(channel, entry, country).unwrap_or_else(|| entry.to_owned()))
            .collect();
        if names.iter().any(|name| name == "*") {
            Self::All
        } else {
            Self::Listed(names)
        }
    }

    /// A warning for each entry that can never match anybody.
    pub fn warnings(channel: &str, key: &str, text: &str, country: Option<Country>) -> Vec<String> {
        let useless = entries(text).filter(|entry| named(channel, entry, country).is_none());
        useless
            .map(|entry| format!("{key}: {entry:?} can never match; {}", expected(channel)))
            .collect()
    }

    /// Whether the list has this name, normalised by [`plain`].
    pub fn holds(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(names) => names.iter().any(|listed| listed == name),
        }
    }
}

/// An address in the form that names are compared in: no leading `+`, user names in lower case,
/// numbers in one spelling.
pub fn plain(channel: &str, name: &str) -> String {
    if services::DISCORD.channels.contains(&channel) {
        // A person is listed by the same id in a server and in direct messages.
        return name.strip_prefix("user:").unwrap_or(name).to_owned();
    }
    let name = name.strip_prefix('+').unwrap_or(name);
    if name.starts_with('@') {
        return name.to_lowercase();
    }
    phone::peer(channel, name)
}

/// The peer of the conversation with this person alone, whose name is normalised by [`plain`].
pub fn private_peer(channel: &str, name: &str) -> String {
    if services::DISCORD.channels.contains(&channel) {
        return format!("user:{name}");
    }
    name.to_owned()
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split([',', ';', '\n', '\r']);
    let pieces = pieces
        .map(|piece| piece.trim_matches(|c: char| c.is_whitespace() || WRAPPERS.contains(&c)));
    let pieces = pieces.map(|piece| {
        let matches = |prefix: &&&str| {
            let head = piece.get(..prefix.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        let found = PREFIXES.iter().find(matches);
        piece[found.map_or(0, |prefix| prefix.len())..].trim()
    });
    pieces.filter(|piece| !piece.is_empty())
}

/// The name that an entry means on this channel; `None` if nobody there can have it.
fn named(channel: &str, entry: &str, country: Option<Country>) -> Option<String> {
    if entry == "*" {
        return Some("*".to_owned());
    }
    if services::TELEGRAM.channels.contains(&channel) {
        let topic_of = entry.split_once('/').map_or(entry, |(chat, _)| chat);
        let is_id = topic_of
            .strip_prefix('+')
            .unwrap_or(topic_of)
            .parse::<i64>()
            .is_ok();
        let user = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let is_user = entry
            .strip_prefix('@')
            .is_some_and(|name| name.len() > 2 && user(name));
        return (is_id || is_user).then(|| plain(channel, entry));
    }
    if services::DISCORD.channels.contains(&channel) {
        // `<@42>` and `<#42>` are what is pasted from there.
        let entry = entry.trim_start_matches(['@', '!', '#']);
        let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        return entry.split('/').all(is_id).then(|| entry.to_owned());
    }
    if phone::CHANNELS.contains(&channel) {
        let whole = phone::written(channel, entry, country).ok();
        // Keep short numbers as written: lists made before numbers were checked may have them.
        let digits = entry.trim_start_matches('+');
        let short = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        return whole.or_else(|| short.then(|| plain(channel, entry)));
    }
    Some(plain(channel, entry))
}

fn expected(channel: &str) -> &'static str {
    if phone::CHANNELS.contains(&channel) {
        "write a number with the code of its country, as 5511987654321, or the address of a group"
    } else if services::DISCORD.channels.contains(&channel) {
        "write the numeric id of a user, a channel or a server (in Discord: Settings, Advanced, Developer Mode; then Copy ID)"
    } else {
        "write a numeric id of a user or chat, as 42 or -1001234567890, or @username"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(channel: &str, list: &str, name: &str) -> bool {
        AllowList::read(channel, list, None).holds(&plain(channel, name))
    }

    #[test]
    fn lists_hold_the_names_in_them_and_a_star_holds_all() {
        let list = " +5511, 42 ,+55 11 98765-4321,554888887777";
        for name in ["5511@s.whatsapp.net", "42", "551187654321", "5548988887777"] {
            assert!(holds("whatsapp", list, name), "{name}");
        }
        for name in ["4", "", "5511987654322"] {
            assert!(!holds("whatsapp", list, name), "{name}");
        }
        assert!(holds("telegram", "+42", "42"));
        assert!(holds("telegram", "1,*", "anyone"));
        assert!(!holds("telegram", "", "anyone"));
    }

    #[test]
    fn entries_are_read_leniently() {
        for list in [
            "[\"42\"]",
            "42;43",
            "telegram:42",
            "tg:42 , 7",
            "'42'",
            "“42”",
            "1\n42",
            "User:42",
        ] {
            assert!(holds("telegram", list, "42"), "{list}");
        }
        assert!(holds("telegram", "@AnaLima", "@analima"));
        assert!(holds("telegram", "-100123/55", "-100123/55"));
        let brazil = "BR".parse().ok();
        let list = AllowList::read("whatsapp", "(11) 98765-4321", brazil);
        assert!(list.holds("5511987654321"));
        assert!(holds("whatsapp", "7@lid,1203@g.us", "1203@g.us"));
    }

    #[test]
    fn entries_that_match_nobody_get_a_warning() {
        let warnings = |channel: &str, text: &str| AllowList::warnings(channel, "KEY", text, None);
        assert_eq!(
            warnings("telegram", "42, @analima, -100123, *, [\"7\"]"),
            [""; 0]
        );
        assert_eq!(
            warnings("whatsapp", "5511987654321, 7@lid, 1@g.us, *"),
            [""; 0]
        );
        let told = warnings("telegram", "Ana Lima,42");
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("KEY: \"Ana Lima\"") && told[0].contains("@username"));
        assert!(warnings("whatsapp", "ana")[0].contains("5511987654321"));
    }
}
