//! What came of a request, for people and for scripts.

use serde_json::{Value, json};

use super::{
    launchers::launcher::Kind,
    system::{
        executor::{Change, Executor},
        probe::Identity,
    },
};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The daemon was installed and answers.
    Installed,
    /// Everything was as it should be.
    AlreadyInstalled,
    /// Something beside the daemon was put right.
    Repaired,
    /// Settings were written, and nothing was installed.
    Configured,
    /// The settings were as they should be, and nothing was installed.
    Unchanged,
    /// Nothing was done, all of it was told.
    Planned,
    /// The daemon was removed.
    Uninstalled,
    /// There was nothing to remove.
    NotInstalled,
    /// The daemon runs now.
    Started,
    /// The daemon ran before.
    AlreadyRunning,
    /// The daemon has gone.
    Stopped,
    /// The daemon did not run.
    NotRunning,
    /// The daemon runs anew.
    Restarted,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The way of starting it is about.
    pub kind: Option<Kind>,
    /// The daemon that answers now.
    pub identity: Option<Identity>,
}

impl Outcome {
    /// The words for it; scripts see them with `_` between.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::AlreadyInstalled => "already installed",
            Self::Repaired => "repaired",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Planned => "planned",
            Self::Uninstalled => "uninstalled",
            Self::NotInstalled => "not installed",
            Self::Started => "started",
            Self::AlreadyRunning => "already running",
            Self::Stopped => "stopped",
            Self::NotRunning => "not running",
            Self::Restarted => "restarted",
        }
    }
}

impl Report {
    pub(super) fn of(outcome: Outcome, kind: Kind, identity: Option<Identity>) -> Self {
        Self {
            outcome,
            kind: Some(kind),
            identity,
        }
    }

    /// One line: what, how, and which process.
    pub fn line(&self) -> String {
        let how = self
            .kind
            .map_or_else(String::new, |kind| format!(" ({})", kind.title()));
        let who = self.identity.as_ref().map_or_else(String::new, |identity| {
            format!(", pid {}, version {}", identity.pid, identity.version)
        });
        format!("{}{how}{who}", self.outcome.as_str())
    }

    /// All of it as one value.
    pub fn json(&self, executor: &Executor<'_>) -> Value {
        let done: Vec<Value> = executor.changes().iter().map(Change::json).collect();
        json!({
            "outcome": self.outcome.as_str().replace(' ', "_"),
            "way": self.kind.map(Kind::as_str),
            "pid": self.identity.as_ref().map(|identity| identity.pid),
            "version": self.identity.as_ref().map(|identity| identity.version.as_str()),
            "started_ms": self.identity.as_ref().map(|identity| identity.started_ms),
            "done": done,
            "notes": executor.notes(),
        })
    }
}
