//! What may come next on a command line: from the table of commands, and, where the word is a channel, a
//! person, an id or a name, from the running daemon.
//!
//! - `line` says what kind of word is wanted, from the words before it; it is pure.
//! - `usage` reads the usage lines of the table, so that help and completion cannot differ.
//! - `table` knows the words that need no daemon, `gateway` asks one.
//!
//! Not here: the scripts of the shells (`commands::about::completions`), which only pass words on.

mod gateway;
mod line;
mod table;
mod usage;

pub(crate) use self::{
    gateway::{AT_ONCE, ask},
    line::{CommandLine, Proposal, Wanted, read},
    table::{commands, known, options},
};

/// A word that may come next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What is put on the line.
    pub word: String,
    /// What it is, for shells that show that.
    pub about: String,
}

impl Candidate {
    pub(crate) fn new(word: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            word: word.into(),
            about: about.into(),
        }
    }
}

/// A kind of word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordKind {
    Action,
    Agent,
    Channel,
    Command,
    ConfigKey,
    /// `KEY=VALUE`.
    Setting,
    Event,
    Integration,
    /// The id of a client's key.
    Key,
    Media,
    Message,
    /// A message that waits or failed.
    Outgoing,
    PairingCode,
    Peer,
    Role,
    Schedule,
    Turn,
}

impl WordKind {
    /// The kind that a name in a usage line or behind an option stands for, as `CHANNEL`. None where nothing
    /// can be proposed.
    pub(crate) fn of(command: &str, label: &str) -> Option<Self> {
        Some(match (command, label) {
            ("send" | "message", "KEY") | ("chat", _) => return None,
            (_, "CHANNEL" | "CHANNEL,...") => Self::Channel,
            (_, "PEER" | "SENDER") => Self::Peer,
            (_, "COMMAND") => Self::Command,
            (_, "KEY=VALUE") => Self::Setting,
            (_, "TOPIC,…") => Self::Event,
            (_, "ROLE") => Self::Role,
            ("outbox", "ID") => Self::Outgoing,
            ("media", "ID") => Self::Media,
            (_, "ID" | "MESSAGE") => Self::Message,
            (_, "TURN") => Self::Turn,
            ("call", "ACTION") => Self::Action,
            ("config", "KEY") => Self::ConfigKey,
            ("keys", "KEY") => Self::Key,
            ("pairing", "CODE") => Self::PairingCode,
            ("integrations", "NAME") => Self::Integration,
            ("agents", "NAME") => Self::Agent,
            ("schedule", "NAME") => Self::Schedule,
            _ => return None,
        })
    }
}
