//! Who answers: the settings of the group `AGENT*`, read for the dispatcher of turns.
//!
//! A wrong value is a warning and counts as unset; it never keeps the daemon from starting. Not here: how
//! the agents in the box reach their models.

use std::time::Duration;

use super::{
    key::{Key, key, number},
    lookup::Lookup,
    values::{self, Kind, Pattern, Route},
};

/// Agents in order of preference.
pub const AGENT: &str = "AGENT";
/// Which conversations go to which agent.
pub const AGENT_ROUTES: &str = "AGENT_ROUTES";

const GROUPS: &str = "AGENT_GROUPS";
const OWNER: &str = "AGENT_OWNER";
const GATHER: &str = "AGENT_GATHER";
const HANDOVER: &str = "AGENT_HANDOVER";
const RATE: &str = "AGENT_RATE";
const DAILY: &str = "AGENT_DAILY";
const APOLOGY: &str = "AGENT_APOLOGY";
const READY_TIMEOUT: &str = "AGENT_READY_TIMEOUT";
const FIRST_TIMEOUT: &str = "AGENT_FIRST_TIMEOUT";
const IDLE_TIMEOUT: &str = "AGENT_IDLE_TIMEOUT";
const TIMEOUT: &str = "AGENT_TIMEOUT";

/// The keys, in the order of `.env.example`.
pub(super) const KEYS: &[Key] = &[
    key(
        AGENT,
        "",
        Kind::AgentNames,
        "Who answers: pi, openai, exec or echo, which the daemon starts, or the name of a client; the next ones, behind commas, where the first fails. Empty: nobody.",
    ),
    key(
        AGENT_ROUTES,
        "",
        Kind::AgentRoutes,
        "Other agents for some conversations: CHANNEL/PEER=AGENT separated by commas, * for any, first match; none is nobody.",
    ),
    key(
        GROUPS,
        "",
        Kind::Patterns,
        "Groups in which agents answer every message: CHANNEL/PEER separated by commas, * for any; in others only what mentions or answers us.",
    ),
    key(
        OWNER,
        "",
        Kind::Conversation,
        "Your own conversation, CHANNEL/PEER, where agents ask you questions; empty is the page's own.",
    ),
    key(
        GATHER,
        "1.5s",
        Kind::Wait,
        "Quiet before messages that came together are answered as one.",
    ),
    key(
        HANDOVER,
        "30m",
        Kind::Wait,
        "How long agents keep quiet in a conversation after you wrote there yourself; 0 is not at all.",
    ),
    key(
        RATE,
        "10",
        number(1, 1_000_000),
        "Answers a minute in one conversation; what is beyond is gathered.",
    ),
    key(
        DAILY,
        "500",
        number(1, 100_000),
        "Answers within 24 hours in all; what is beyond fails.",
    ),
    key(
        APOLOGY,
        "",
        Kind::Text,
        "What is sent where every agent failed; empty sends nothing.",
    ),
    key(
        READY_TIMEOUT,
        "30s",
        Kind::Wait,
        "How long an agent that is not connected is waited for before the next one is asked.",
    ),
    key(
        FIRST_TIMEOUT,
        "2m",
        Kind::Wait,
        "How long an agent may take for the first piece of an answer.",
    ),
    key(
        IDLE_TIMEOUT,
        "2m",
        Kind::Wait,
        "How long an agent may be silent between two pieces of an answer.",
    ),
    key(
        TIMEOUT,
        "10m",
        Kind::Wait,
        "How long an answer may take in all.",
    ),
];

/// The typed settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSettings {
    /// The default agent and those that follow it where it fails.
    pub agents: Vec<String>,
    /// Exceptions, the first match counts.
    pub routes: Vec<Route>,
    /// Groups in which every message is for the agent.
    pub groups: Vec<Pattern>,
    /// Channel and peer where questions go; `None` for the page's own conversation.
    pub owner: Option<(String, String)>,
    /// Quiet before a turn begins.
    pub gather: Duration,
    /// How long a person's message holds a conversation.
    pub handover: Duration,
    /// Turns a minute and conversation.
    pub rate: usize,
    /// Turns within 24 hours.
    pub daily: usize,
    /// What is sent where all agents failed.
    pub apology: Option<String>,
    /// The deadlines of a turn.
    pub deadlines: Deadlines,
}

/// How long each stage of a turn may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Until the agent is connected.
    pub ready: Duration,
    /// From the offer to the first sign of life.
    pub first: Duration,
    /// From one sign of life to the next.
    pub idle: Duration,
    /// From the offer to the end.
    pub whole: Duration,
}

impl AgentSettings {
    /// Reads the settings; a wrong value counts as the default.
    pub fn read(lookup: &Lookup) -> Self {
        let listed = |name| lookup.valid_text(name);
        Self {
            agents: values::agent_names(listed(AGENT)).unwrap_or_default(),
            routes: values::agent_routes(listed(AGENT_ROUTES)).unwrap_or_default(),
            groups: values::patterns(listed(GROUPS)).unwrap_or_default(),
            owner: values::conversation(listed(OWNER)).unwrap_or_default(),
            gather: wait(lookup, GATHER),
            handover: wait(lookup, HANDOVER),
            rate: count(lookup, RATE),
            daily: count(lookup, DAILY),
            apology: Some(listed(APOLOGY).to_owned()).filter(|text| !text.is_empty()),
            deadlines: Deadlines {
                ready: wait(lookup, READY_TIMEOUT),
                first: wait(lookup, FIRST_TIMEOUT),
                idle: wait(lookup, IDLE_TIMEOUT),
                whole: wait(lookup, TIMEOUT),
            },
        }
    }

    /// Whether any conversation has an agent.
    pub fn is_any(&self) -> bool {
        self.named().next().is_some()
    }

    /// Every agent that the settings name, each once, the default ones first.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let of_routes = self.routes.iter().filter_map(|route| route.agent.as_ref());
        let mut seen: Vec<&str> = Vec::new();
        let all = self.agents.iter().chain(of_routes).map(String::as_str);
        all.filter(move |name| {
            let is_new = !seen.contains(name);
            if is_new {
                seen.push(name);
            }
            is_new
        })
    }

    /// The agents of a conversation in the order in which they are asked; empty where nobody answers.
    /// The default ones follow the agent of a route.
    pub fn agents_of(&self, channel: &str, peer: &str) -> Vec<String> {
        let covers = |route: &&Route| route.pattern.covers(channel, peer);
        let Some(route) = self.routes.iter().find(covers) else {
            return self.agents.clone();
        };
        let Some(first) = &route.agent else {
            return Vec::new();
        };
        let others = self.agents.iter().filter(|name| *name != first);
        std::iter::once(first).chain(others).cloned().collect()
    }

    /// Whether agents answer every message of this group.
    pub fn is_open_group(&self, channel: &str, peer: &str) -> bool {
        let mut groups = self.groups.iter();
        groups.any(|pattern| pattern.covers(channel, peer))
    }
}

impl Default for AgentSettings {
    /// As where nothing is set.
    fn default() -> Self {
        Self::read(&Lookup::default())
    }
}

fn wait(lookup: &Lookup, name: &str) -> Duration {
    values::wait(lookup.valid_text(name)).unwrap_or_default()
}

fn count(lookup: &Lookup, name: &str) -> usize {
    let number = lookup.valid_text(name).parse();
    number.unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Overrides, look_up, scratch::Scratch};

    fn settings(pairs: &[(&str, &str)]) -> AgentSettings {
        let folder = Scratch::new();
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let overrides = Overrides {
            home: Some(folder.path().to_owned()),
            settings: pairs.collect(),
            ..Overrides::default()
        };
        let lookup = look_up(&overrides, &Environment::default()).expect("read");
        AgentSettings::read(&lookup)
    }

    #[test]
    fn nothing_set_is_nobody_with_the_usual_deadlines() {
        let unset = AgentSettings::default();
        assert!(!unset.is_any() && unset.agents_of("webchat", "ana").is_empty());
        assert_eq!(unset.gather, Duration::from_millis(1500));
        assert_eq!(unset.deadlines.whole, Duration::from_secs(600));
        assert_eq!((unset.rate, unset.daily), (10, 500));
        assert_eq!(unset.apology, None);
    }

    #[test]
    fn a_route_comes_first_and_the_default_agents_follow_it() {
        let set = settings(&[
            (AGENT, "pi,openai"),
            (
                AGENT_ROUTES,
                "telegram/9=none,telegram/*=openai,webchat=echo",
            ),
        ]);
        let named: Vec<&str> = set.named().collect();
        assert_eq!(named, ["pi", "openai", "echo"]);
        let of = |channel, peer| set.agents_of(channel, peer).join(",");
        assert_eq!(of("telegram", "9"), "");
        assert_eq!(of("telegram", "8"), "openai,pi");
        assert_eq!(of("webchat", "ana"), "echo,pi,openai");
        assert_eq!(of("whatsapp", "55"), "pi,openai");
    }

    #[test]
    fn a_wrong_value_counts_as_the_default() {
        let set = settings(&[(AGENT, "No Such"), (GATHER, "soon"), (RATE, "-1")]);
        assert_eq!(set, AgentSettings::default());
    }
}
