//! The kinds of settings, each with its parser.

use std::path::{Path, PathBuf};

use super::{
    addresses, agents,
    base_url::BaseUrl,
    delays::Delays,
    expected::Expected,
    fetch_rule::FetchRule,
    pace::Pace,
    reach,
    wait::wait,
    webhook::{WebhookSecret, WebhookUrl},
};
use crate::{
    calendar::{Hours, Zone},
    clock::parse_span,
    config::models::ollama_base,
    language::Language,
    log::{LogFormat, LogLevel},
    phone::Country,
};

/// Shortest token of the owner's own choosing: shorter ones are guessed.
pub const LEAST_TOKEN_CHARS: usize = 16;

/// Shortest token with which the gateway may be exposed to a network.
pub const SAFE_TOKEN_CHARS: usize = 32;

/// The kinds of settings. Each parses its text or says what it expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An absolute path, or one that begins with `~/`.
    Folder,
    /// An IP address to listen on, or `localhost`.
    Host,
    /// A secret that fits in an HTTP header.
    Token,
    /// Web origins, separated by commas; may be empty.
    Origins,
    /// Host names with or without a port, separated by commas; may be empty.
    Hosts,
    /// A whole number in a range.
    Number {
        /// The smallest accepted.
        least: u64,
        /// The greatest accepted.
        most: u64,
    },
    /// Days to keep something: 0 for ever, otherwise at least `least`.
    Days {
        /// The smallest accepted besides 0.
        least: u64,
    },
    /// A language that people are answered in.
    Language,
    /// A country of the table in `phone`.
    Country,
    /// A time zone by its name; may be empty.
    Zone,
    /// Waits, separated by commas.
    Delays,
    /// The base URL of a service.
    Service,
    /// What `OLLAMA_HOST` may hold; may be empty.
    OllamaHost,
    /// The address under which other devices reach the gateway.
    PublicUrl,
    /// The path of a file, absolute or relative to the home folder.
    File,
    /// Any text of one line.
    Text,
    /// Any text, of several lines too.
    Lines,
    /// Who may write: entries with commas, semicolons or line ends between.
    AllowList,
    /// A [`LogLevel`].
    Level,
    /// A [`LogFormat`].
    Format,
    /// A [`FetchRule`].
    FetchRule,
    /// One wait.
    Wait,
    /// The hours of a week in which something is allowed; may be empty.
    Hours,
    /// The gap between two messages; may be empty.
    Pace,
    /// A number of days such as `14d`; may be empty.
    DayCount,
    /// One of some words; may be empty.
    OneOf(&'static [&'static str]),
    /// Names of agents, separated by commas.
    AgentNames,
    /// Which conversations go to which agent.
    AgentRoutes,
    /// Conversations by channel and peer, with wildcards.
    Patterns,
    /// One conversation, by channel and peer.
    Conversation,
    /// Where a person is reached: `mailto:` or `https:`; may be empty.
    Contact,
    /// What a model is told in which conversations.
    AgentPrompts,
    /// Names of variables, separated by commas.
    VariableNames,
    /// A [`WebhookUrl`]; may be empty.
    WebhookUrl,
    /// A [`WebhookSecret`].
    WebhookSecret,
}

/// A hundred years. For longer, use 0.
pub(super) const MAX_DAYS: u64 = 36_500;

impl Kind {
    /// Validates a text.
    pub fn check(self, text: &str) -> Result<(), Expected> {
        match self {
            Self::Folder => folder(text, None).map(drop),
            Self::Host => addresses::host(text).map(drop),
            Self::Token => token(text).map(drop),
            Self::Origins => addresses::origins(text).map(drop),
            Self::Hosts => addresses::hosts(text).map(drop),
            Self::Number { .. } | Self::Days { .. } => self.number(text).map(drop),
            Self::Language => language(text).map(drop),
            Self::Country => country(text).map(drop),
            Self::Zone => zone(text).map(drop),
            Self::Delays => Delays::parse(text).map(drop),
            Self::Service => BaseUrl::parse(text).map(drop),
            Self::OllamaHost => ollama_host(text),
            Self::PublicUrl | Self::File | Self::WebhookUrl if text.is_empty() => Ok(()),
            Self::PublicUrl => reach::public_url(text).map(drop),
            Self::File => reach::file(text).map(drop),
            Self::AllowList => allow_list(text),
            Self::Text => line(text),
            Self::Lines => lines(text),
            Self::Level => level(text).map(drop),
            Self::Format => format(text).map(drop),
            Self::FetchRule => fetch_rule(text).map(drop),
            Self::Wait => wait(text).map(drop),
            Self::Hours => Hours::parse(text).map(drop),
            Self::Pace => Pace::parse(text).map(drop),
            Self::DayCount => day_count(text),
            Self::OneOf(words) if text.is_empty() || words.contains(&text) => Ok(()),
            Self::OneOf(words) => Err(one_of(words)),
            Self::AgentNames => agents::names(text).map(drop),
            Self::AgentRoutes => agents::routes(text).map(drop),
            Self::Patterns => agents::patterns(text).map(drop),
            Self::Conversation => agents::conversation(text).map(drop),
            Self::Contact => contact(text),
            Self::AgentPrompts => agents::prompts(text).map(drop),
            Self::VariableNames => agents::variables(text).map(drop),
            Self::WebhookUrl => WebhookUrl::parse(text).map(drop),
            Self::WebhookSecret => WebhookSecret::parse(text).map(drop),
        }
    }

    /// Whether the empty text is a value (an empty list) rather than unset.
    pub fn has_empty_value(self) -> bool {
        matches!(self, Self::Origins | Self::Hosts)
    }

    /// The number in a text of a numeric kind.
    pub fn number(self, text: &str) -> Result<u64, Expected> {
        let (range, expected) = match self {
            Self::Number { least, most } => (
                least..=most,
                format!("a whole number from {least} to {most}"),
            ),
            Self::Days { least } => (
                least..=MAX_DAYS,
                format!("0 (for ever) or a whole number from {least} to {MAX_DAYS}"),
            ),
            _ => return Err("a setting that is a number".to_owned()),
        };
        let for_ever = |n: u64| n == 0 && matches!(self, Self::Days { .. });
        // `u64::from_str` accepts a plus sign, which we do not.
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = text
            .parse()
            .ok()
            .filter(|n| digits && (range.contains(n) || for_ever(*n)));
        number.ok_or(expected)
    }
}

/// Parses a folder; `user` is the value of `~`, if known.
pub(in crate::config) fn folder(text: &str, user: Option<&Path>) -> Result<PathBuf, Expected> {
    let below_user = text
        .strip_prefix('~')
        .filter(|rest| rest.is_empty() || rest.starts_with(['/', std::path::MAIN_SEPARATOR]));
    let folder = match below_user {
        Some(rest) => user.map(|user| user.join(rest.trim_start_matches(['/', '\\']))),
        None => Some(PathBuf::from(text)),
    };
    let expected = "an absolute path, or one that begins with ~/ in a known home folder";
    folder
        .filter(|folder| folder.is_absolute())
        .ok_or_else(|| expected.to_owned())
}

/// Parses a token that fits in an `Authorization: Bearer` header.
pub(in crate::config) fn token(text: &str) -> Result<String, Expected> {
    let fits = (1..=1024).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        Ok(text.to_owned())
    } else {
        Err("1 to 1024 visible ASCII characters without spaces".to_owned())
    }
}

/// Parses a language; `None` if the text is empty.
pub(in crate::config) fn language(text: &str) -> Result<Option<Language>, Expected> {
    if text.is_empty() {
        return Ok(None);
    }
    let tags = || one_of(Language::ALL.map(|(_, tag)| tag));
    Language::of_tag(text).map(Some).ok_or_else(tags)
}

/// Parses a country; `None` if the text is empty.
pub(in crate::config) fn country(text: &str) -> Result<Option<Country>, Expected> {
    if text.is_empty() {
        return Ok(None);
    }
    let names = || Country::names().collect::<Vec<_>>().join(", ");
    text.parse()
        .map(Some)
        .map_err(|()| format!("a country: one of {}; or nothing", names()))
}

/// Parses a time zone; that of this machine if the text is empty.
pub(in crate::config) fn zone(text: &str) -> Result<Zone, Expected> {
    if text.is_empty() {
        return Ok(Zone::system());
    }
    Zone::named(text)
}

fn day_count(text: &str) -> Result<(), Expected> {
    let days = parse_span(text).filter(|_| text == "0" || text.ends_with('d'));
    let is_some = days.is_some_and(|days| days.as_secs() <= MAX_DAYS * 86_400);
    if text.is_empty() || is_some {
        Ok(())
    } else {
        Err("a number of days such as 14d".to_owned())
    }
}

fn contact(text: &str) -> Result<(), Expected> {
    let is_mail = |address: &str| {
        let parts = address.split_once('@');
        parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
    };
    let is_plain = text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic());
    let is_known = match text.strip_prefix("mailto:") {
        Some(address) => is_mail(address),
        None => text.starts_with("https://") && BaseUrl::parse(text).is_ok(),
    };
    if text.is_empty() || is_plain && is_known {
        Ok(())
    } else {
        Err("mailto: with an address, or an https address, of at most 256 characters".to_owned())
    }
}

fn allow_list(text: &str) -> Result<(), Expected> {
    let is_separator = |c: char| matches!(c, '\n' | '\r' | '\t');
    if text.len() <= 65_536 && !text.chars().any(|c| c.is_control() && !is_separator(c)) {
        Ok(())
    } else {
        Err("entries with commas between, at most 65536 bytes".to_owned())
    }
}

fn lines(text: &str) -> Result<(), Expected> {
    if text.len() <= 65_536 && !text.contains('\0') {
        Ok(())
    } else {
        Err("at most 65536 bytes".to_owned())
    }
}

fn line(text: &str) -> Result<(), Expected> {
    if text.len() <= 4096 && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err("one line of at most 4096 bytes".to_owned())
    }
}

pub(in crate::config) fn level(text: &str) -> Result<LogLevel, Expected> {
    text.parse()
        .map_err(|()| one_of(LogLevel::ALL.map(LogLevel::as_str)))
}

pub(in crate::config) fn format(text: &str) -> Result<LogFormat, Expected> {
    text.parse()
        .map_err(|()| one_of(LogFormat::ALL.map(LogFormat::as_str)))
}

fn fetch_rule(text: &str) -> Result<FetchRule, Expected> {
    text.parse()
        .map_err(|()| one_of(FetchRule::ALL.map(FetchRule::as_str)))
}

fn ollama_host(text: &str) -> Result<(), Expected> {
    let base = ollama_base(text, "");
    base.map(drop)
        .ok_or_else(|| "an address such as http://127.0.0.1:11434".to_owned())
}

fn one_of(words: impl AsRef<[&'static str]>) -> Expected {
    format!("one of {}", words.as_ref().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollama_is_named_as_ollama_itself_takes_it() {
        for fine in [
            "",
            "box",
            "0.0.0.0",
            "box:1",
            "[::1]",
            "https://box/ollama/",
        ] {
            assert_eq!(Kind::OllamaHost.check(fine), Ok(()), "{fine}");
        }
        for wrong in ["htp://box", "not a url", "http://", "box:port", "box:70000"] {
            assert!(Kind::OllamaHost.check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_digits_in_their_range() {
        let port = Kind::Number { least: 0, most: 9 };
        assert_eq!((port.number("0"), port.number("9")), (Ok(0), Ok(9)));
        for wrong in ["", "10", "-1", "+1", "1.0", "0x1", " 1", "1e0", "٣"] {
            assert!(port.check(wrong).is_err(), "{wrong}");
        }
        assert!(Kind::Level.number("1").is_err());
    }

    #[test]
    fn days_are_for_ever_or_long_enough() {
        let days = Kind::Days { least: 7 };
        assert!(["0", "7", "36500"].iter().all(|n| days.check(n).is_ok()));
        assert!(["1", "6", "36501"].iter().all(|n| days.check(n).is_err()));
    }

    #[test]
    fn tokens_fit_in_a_header() {
        assert!(Kind::Token.check("a~/+=").is_ok());
        for wrong in ["", "a b", "a\n", "ä", &"x".repeat(1025)] {
            assert!(Kind::Token.check(wrong).is_err(), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn folders_are_absolute_or_below_the_users_own() {
        let user = Some(Path::new("/home/a"));
        let read = |text: &str| folder(text, user);
        assert_eq!(read("~/b"), Ok(PathBuf::from("/home/a/b")));
        assert_eq!(read("~"), Ok(PathBuf::from("/home/a/")));
        assert_eq!(read("/c"), Ok(PathBuf::from("/c")));
        assert!(["", "b", "./b", "~b/c"].iter().all(|t| read(t).is_err()));
        assert!(folder("~/b", None).is_err());
    }
}
