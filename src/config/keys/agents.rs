//! Keys of who answers.
//!
//! Not here: reading them (`config::agents`).

use crate::config::{
    key::{Key, key, number},
    values::Kind,
};

/// Agents in order of preference.
pub const AGENT: &str = "AGENT";
/// Which conversations go to which agent.
pub const AGENT_ROUTES: &str = "AGENT_ROUTES";
pub(in crate::config) const GUIDE: &str = "GUIDE";
pub(in crate::config) const GROUPS: &str = "AGENT_GROUPS";
pub(in crate::config) const OWNER: &str = "AGENT_OWNER";
pub(in crate::config) const GATHER: &str = "AGENT_GATHER";
pub(in crate::config) const HANDOVER: &str = "AGENT_HANDOVER";
pub(in crate::config) const RATE: &str = "AGENT_RATE";
pub(in crate::config) const DAILY: &str = "AGENT_DAILY";
pub(in crate::config) const APOLOGY: &str = "AGENT_APOLOGY";
pub(in crate::config) const READY_TIMEOUT: &str = "AGENT_READY_TIMEOUT";
pub(in crate::config) const FIRST_TIMEOUT: &str = "AGENT_FIRST_TIMEOUT";
pub(in crate::config) const IDLE_TIMEOUT: &str = "AGENT_IDLE_TIMEOUT";
pub(in crate::config) const TIMEOUT: &str = "AGENT_TIMEOUT";

/// The keys, in the order of `.env.example`.
pub(in crate::config) const KEYS: &[Key] = &[
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
        GUIDE,
        "1",
        number(0, 1),
        "Whether a short guide answers in the page's own conversation while no agent is set; 0 is silence.",
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
        "How long an agent may take for the first piece of an answer; 0 is no limit.",
    ),
    key(
        IDLE_TIMEOUT,
        "2m",
        Kind::Wait,
        "How long an agent may be silent between two pieces of an answer; 0 is no limit.",
    ),
    key(
        TIMEOUT,
        "10m",
        Kind::Wait,
        "How long an answer may take in all; 0 is no limit.",
    ),
];
