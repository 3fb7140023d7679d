//! What a model is told to be, in each conversation.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::ModelSettings;
use crate::{
    config::{
        keys::models::{PROMPTS, SYSTEM_PROMPT},
        values::{self, Expected},
    },
    message::Pattern,
};

/// Longest file of a system prompt, in bytes.
const MAX_PROMPT: u64 = 256 * 1024;

/// The system prompts, files read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompts {
    /// The one of every conversation that has none of its own.
    pub usual: Option<String>,
    /// Those of some conversations; the first match counts.
    routes: Vec<(Pattern, String)>,
}

impl Prompts {
    /// One for every conversation.
    pub fn everywhere(text: impl Into<String>) -> Self {
        Self {
            usual: Some(text.into()),
            routes: Vec::new(),
        }
    }

    /// Others for some conversations, as in `AGENT_PROMPTS`, but no files.
    pub fn with_routes(mut self, routes: &str) -> Result<Self, Expected> {
        let routes = values::agent_prompts(routes)?.into_iter();
        self.routes = routes.map(|route| (route.pattern, route.text)).collect();
        Ok(self)
    }

    /// Reads the files that the settings name; the error says which cannot be read.
    pub(super) fn read(settings: &ModelSettings, home: &Path) -> Result<Self, String> {
        let usual = settings.system_prompt.as_deref();
        let usual = usual.map(|value| text_of(SYSTEM_PROMPT, value, home));
        let routes = settings.prompts.iter().map(|route| {
            let text = text_of(PROMPTS, &route.text, home)?;
            Ok((route.pattern.clone(), text))
        });
        Ok(Self {
            usual: usual.transpose()?,
            routes: routes.collect::<Result<_, String>>()?,
        })
    }

    /// Which of [`routes`](Self::routes) a conversation has; `None` for the usual one.
    pub fn route_of(&self, channel: &str, peer: &str) -> Option<usize> {
        let covers = |(pattern, _): &(Pattern, String)| pattern.covers(channel, peer);
        self.routes.iter().position(covers)
    }

    /// The prompt of a conversation: of channel and peer, or of none, over HTTP.
    pub fn of(&self, conversation: Option<(&str, &str)>) -> Option<&str> {
        let route = conversation.and_then(|(channel, peer)| self.route_of(channel, peer));
        match route {
            Some(route) => Some(&self.routes[route].1),
            None => self.usual.as_deref(),
        }
    }

    /// The prompts of some conversations, in their order.
    pub fn routes(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|(_, text)| text.as_str())
    }
}

/// A text, or what is in the file behind an `@`.
fn text_of(key: &str, value: &str, home: &Path) -> Result<String, String> {
    let Some(file) = value.strip_prefix('@') else {
        return Ok(value.to_owned());
    };
    let path: PathBuf = home.join(file.trim());
    let shown = path.display();
    let unreadable = |error| format!("{key}: cannot read {shown}: {error}");
    let about = fs::metadata(&path).map_err(unreadable)?;
    if about.len() > MAX_PROMPT {
        return Err(format!("{key}: {shown} has more than {MAX_PROMPT} bytes"));
    }
    fs::read_to_string(&path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{models::check, tests::lookup},
        fs::scratch::Scratch,
    };

    fn read(folder: &Scratch, pairs: &[(&str, &str)]) -> Result<Prompts, String> {
        ModelSettings::read(&lookup(folder, pairs)).system_prompts(folder.path())
    }

    #[test]
    fn a_system_prompt_may_be_in_a_file() {
        let folder = Scratch::new();
        let kind = read(&folder, &[(SYSTEM_PROMPT, "be kind")]);
        assert_eq!(kind, Ok(Prompts::everywhere("be kind")));
        let in_file = [(SYSTEM_PROMPT, "@prompt.md")];
        let missing = read(&folder, &in_file).expect_err("missing");
        assert!(missing.contains("prompt.md"), "{missing}");
        fs::write(folder.path().join("prompt.md"), "be brief\n").expect("written");
        let brief = read(&folder, &in_file);
        assert_eq!(brief, Ok(Prompts::everywhere("be brief\n")));
    }

    #[test]
    fn the_first_route_that_matches_counts_and_a_conversation_without_has_the_usual_one() {
        let folder = Scratch::new();
        fs::write(folder.path().join("groups.md"), "a, b; c\nd").expect("written");
        let routes = "telegram/42 = be a butler, with a = sign; telegram/*=be formal\n\
                      whatsapp/*@g.us=@groups.md";
        let prompts = read(&folder, &[(SYSTEM_PROMPT, "be kind"), (PROMPTS, routes)]);
        let prompts = prompts.expect("read");
        let of = |channel, peer| prompts.of(Some((channel, peer))).expect("a prompt");
        assert_eq!(of("telegram", "42"), "be a butler, with a = sign");
        assert_eq!(of("telegram", "43"), "be formal");
        assert_eq!(of("whatsapp", "1@g.us"), "a, b; c\nd");
        assert_eq!(of("whatsapp", "55"), "be kind");
        assert_eq!(prompts.of(None), Some("be kind"));
    }

    #[test]
    fn a_prompt_that_cannot_be_read_is_named_and_never_left_out() {
        let folder = Scratch::new();
        let missing = read(&folder, &[(PROMPTS, "webchat=@no.md")]).expect_err("missing");
        assert!(
            missing.contains(PROMPTS) && missing.contains("no.md"),
            "{missing}"
        );
        for wrong in ["webchat", "webchat/=be", "=be", "webchat=", "a=be; kind"] {
            let refused = check(&lookup(&folder, &[(PROMPTS, wrong)])).expect_err(wrong);
            assert!(refused.to_string().contains("@FILE"), "{refused}");
        }
    }
}
