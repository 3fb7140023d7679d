//! Who answers: the settings of the group `AGENT*`, read for the dispatcher of turns.
//!
//! A wrong value is a warning and never keeps the daemon from starting. Not here: how
//! the agents in the box reach their models.

use std::time::Duration;

pub use super::keys::agents::{AGENT, AGENT_ROUTES};
use super::{
    keys::agents::{
        APOLOGY, DAILY, FIRST_TIMEOUT, GATHER, GROUPS, GUIDE, HANDOVER, IDLE_TIMEOUT, OWNER, RATE,
        READY_TIMEOUT, TIMEOUT,
    },
    lookup::Lookup,
    values::{self, Route},
};
use crate::{message::Pattern, suggest::near_miss};

/// The agents in the box, which the daemon starts by itself.
pub const IN_THE_BOX: [&str; 4] = ["pi", "openai", "exec", "echo"];

/// The agent in the box that a name nearly is: what may as well be the name of a client of the user's.
pub fn nearest_in_the_box(name: &str) -> Option<&'static str> {
    // The others are so short that much is one letter away.
    near_miss(name, ["openai", "exec"].into_iter())
}

/// The keys that say who answers whom.
pub(super) const WHO_ANSWERS: [&str; 4] = [AGENT, AGENT_ROUTES, GROUPS, OWNER];

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

/// Whether the guide answers while no agent is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuideSettings {
    /// Whether it does.
    pub is_on: bool,
}

impl GuideSettings {
    /// Reads the setting.
    pub fn read(lookup: &Lookup) -> Self {
        Self {
            is_on: lookup.valid_text(GUIDE) != "0",
        }
    }
}

impl AgentSettings {
    /// Reads the settings. Where it is not clear who answers whom, nobody does: an exception that cannot be
    /// read must not be ignored. Any other wrong value counts as the default.
    pub fn read(lookup: &Lookup) -> Self {
        let listed = |name| lookup.valid_text(name);
        let is_clear = !WHO_ANSWERS.iter().any(|name| lookup.is_wrong(name));
        let who = |name| if is_clear { listed(name) } else { "" };
        Self {
            agents: values::agent_names(who(AGENT)).unwrap_or_default(),
            routes: values::agent_routes(who(AGENT_ROUTES)).unwrap_or_default(),
            groups: values::patterns(listed(GROUPS)).unwrap_or_default(),
            owner: values::conversation(listed(OWNER)).unwrap_or_default(),
            gather: wait(lookup, GATHER),
            handover: wait(lookup, HANDOVER),
            rate: count(lookup, RATE),
            daily: count(lookup, DAILY),
            apology: Some(listed(APOLOGY).to_owned()).filter(|text| !text.is_empty()),
            deadlines: Deadlines {
                ready: wait(lookup, READY_TIMEOUT),
                first: limit(lookup, FIRST_TIMEOUT),
                idle: limit(lookup, IDLE_TIMEOUT),
                whole: limit(lookup, TIMEOUT),
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

/// What stands for no limit: the longest wait that can be set.
const NO_LIMIT: Duration = Duration::from_secs(7 * 24 * 3600);

/// A wait that 0 does not limit.
fn limit(lookup: &Lookup, name: &str) -> Duration {
    Some(wait(lookup, name))
        .filter(|wait| !wait.is_zero())
        .unwrap_or(NO_LIMIT)
}

fn count(lookup: &Lookup, name: &str) -> usize {
    let number = lookup.valid_text(name).parse();
    number.unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Environment, Overrides, look_up},
        fs::scratch::Scratch,
    };

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
    fn a_wrong_value_counts_as_the_default_but_nobody_answers_where_it_is_about_who_does() {
        let set = settings(&[(GATHER, "soon"), (RATE, "-1")]);
        assert_eq!(set, AgentSettings::default());
        for wrong in [
            (AGENT_ROUTES, "webchat/a=none,webchat/b"),
            (GROUPS, "/"),
            (OWNER, "x"),
        ] {
            let set = settings(&[(AGENT, "pi"), wrong]);
            assert!(!set.is_any(), "{wrong:?}");
        }
    }

    #[test]
    fn a_stage_without_a_limit_has_a_week() {
        let set = settings(&[(TIMEOUT, "0"), (FIRST_TIMEOUT, "0"), (IDLE_TIMEOUT, "0")]);
        let Deadlines {
            first, idle, whole, ..
        } = set.deadlines;
        assert_eq!([first, idle, whole], [NO_LIMIT; 3]);
    }
}
