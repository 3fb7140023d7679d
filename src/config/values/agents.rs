//! The names of agents, and the conversations that settings route by.

use super::expected::Expected;
use crate::message::Pattern;

/// The name in `AGENT_ROUTES` that stands for no agent at all.
pub(in crate::config) const NOBODY: &str = "none";

/// Names with a meaning of their own: nobody, and whoever is first (in `/v1/models`).
const RESERVED: [&str; 2] = [NOBODY, "default"];

/// Longest name of an agent, in bytes.
const MAX_AGENT_NAME: usize = 64;

/// Whether an agent may be called so: lower case letters, digits, `.`, `_` and `-`, not the last three
/// in front.
pub fn is_agent_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let may_follow = |byte: u8| is_plain(byte) || b"._-".contains(&byte);
    (1..=MAX_AGENT_NAME).contains(&name.len())
        && name.bytes().next().is_some_and(is_plain)
        && name.bytes().all(may_follow)
        && !RESERVED.contains(&name)
}

/// A row of `AGENT_ROUTES`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Which conversations.
    pub pattern: Pattern,
    /// The agent they go to; `None` for nobody.
    pub agent: Option<String>,
}

/// The entries of a list with commas, semicolons or line ends between.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    let entries = text.split([',', ';', '\n', '\r']).map(str::trim);
    entries.filter(|entry| !entry.is_empty())
}

/// Parses the names of agents, each once.
pub(in crate::config) fn names(text: &str) -> Result<Vec<String>, Expected> {
    let mut names: Vec<String> = Vec::new();
    for name in entries(text) {
        if !is_agent_name(name) {
            return Err(format!(
                "names of agents separated by commas, each of a-z, 0-9, . _ - and at most {MAX_AGENT_NAME} \
                 characters (and not {NOBODY}), such as pi,openai"
            ));
        }
        if names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Parses routes.
pub(in crate::config) fn routes(text: &str) -> Result<Vec<Route>, Expected> {
    let route = |entry: &str| {
        let (pattern, agent) = entry.rsplit_once('=')?;
        let agent = agent.trim();
        let is_known = agent == NOBODY || is_agent_name(agent);
        Some(Route {
            pattern: Pattern::parse(pattern.trim()).filter(|_| is_known)?,
            agent: (agent != NOBODY).then(|| agent.to_owned()),
        })
    };
    let expected = || {
        format!(
            "CHANNEL/PEER=AGENT separated by commas, with * for any and {NOBODY} for nobody, \
             such as telegram/*=pi,whatsapp/*@g.us={NOBODY}"
        )
    };
    entries(text)
        .map(|entry| route(entry).ok_or_else(expected))
        .collect()
}

/// A row of `AGENT_PROMPTS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptRoute {
    /// Which conversations.
    pub pattern: Pattern,
    /// What a model is told there, or `@FILE`.
    pub text: String,
}

/// Longest list of prompts, in bytes: those that are longer are in files.
const MAX_PROMPTS: usize = 65_536;

/// Parses what models are told in which conversations. Commas are of the texts.
pub(in crate::config) fn prompts(text: &str) -> Result<Vec<PromptRoute>, Expected> {
    let expected = || {
        "CHANNEL/PEER=TEXT or CHANNEL/PEER=@FILE separated by semicolons or line ends, with * for any, \
         such as telegram/*=Be brief;whatsapp/*@g.us=@groups.md (a text with either in it: in a file)"
            .to_owned()
    };
    if text.len() > MAX_PROMPTS || text.contains('\0') {
        return Err(expected());
    }
    let route = |entry: &str| {
        let (pattern, text) = entry.split_once('=')?;
        let text = text.trim();
        Some(PromptRoute {
            pattern: Pattern::parse(pattern.trim()).filter(|_| !text.is_empty())?,
            text: text.to_owned(),
        })
    };
    let entries = text.split([';', '\n', '\r']).map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty());
    entries
        .map(|entry| route(entry).ok_or_else(expected))
        .collect()
}

/// Parses names of variables.
pub(in crate::config) fn variables(text: &str) -> Result<Vec<String>, Expected> {
    let is_fine = |name: &str| !name.contains(|c: char| c == '=' || c.is_control() || c == ' ');
    let name = |name: &str| {
        is_fine(name)
            .then(|| name.to_owned())
            .ok_or_else(|| "names of variables separated by commas, such as LANG,TZ".to_owned())
    };
    entries(text).map(name).collect()
}

/// Parses patterns of conversations.
pub(in crate::config) fn patterns(text: &str) -> Result<Vec<Pattern>, Expected> {
    let expected =
        || "CHANNEL/PEER separated by commas, with * for any, such as telegram/-100123".to_owned();
    entries(text)
        .map(|entry| Pattern::parse(entry).ok_or_else(expected))
        .collect()
}

/// Parses one conversation: its channel and its peer.
pub(in crate::config) fn conversation(text: &str) -> Result<Option<(String, String)>, Expected> {
    if text.is_empty() {
        return Ok(None);
    }
    let whole = text.contains('/') && !text.contains('*');
    let pattern = Pattern::parse(text.trim()).filter(|_| whole);
    let expected = || "one conversation, CHANNEL/PEER, such as telegram/42".to_owned();
    let pattern = pattern.ok_or_else(expected)?;
    Ok(Some(pattern.into_parts()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_leniently_and_refused_with_the_form() {
        let read = routes(" telegram/*=pi;\nwhatsapp/+55 11 98765-4321 = none,webchat=echo ");
        let read = read.expect("routes");
        assert!(read[0].pattern.covers("telegram", "42"));
        assert!(!read[0].pattern.covers("telegram-2", "42"));
        assert!(read[1].pattern.covers("whatsapp", "5511987654321"));
        assert_eq!(read[1].agent, None);
        assert!(read[2].pattern.covers("webchat", "anyone"));
        assert_eq!(routes(""), Ok(Vec::new()));
        for wrong in [
            "telegram/*",
            "=pi",
            "telegram/=pi",
            "telegram/*=Pi",
            "a/b=x y",
        ] {
            assert!(routes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_plain_and_come_once() {
        assert_eq!(names("pi, openai,pi").map(|all| all.len()), Ok(2));
        for wrong in ["none", "Pi", ".a", "a b", &"a".repeat(65)] {
            assert!(names(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_owner_is_one_conversation() {
        let owner = Some(("telegram".to_owned(), "42".to_owned()));
        assert_eq!(conversation("telegram/42"), Ok(owner));
        assert_eq!(conversation(""), Ok(None));
        for wrong in ["telegram", "telegram/*", "/42"] {
            assert!(conversation(wrong).is_err(), "{wrong}");
        }
    }
}
