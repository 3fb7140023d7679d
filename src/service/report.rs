//! The result of a procedure, as a line for people and as JSON for scripts.

use serde_json::{Value, json};

use super::{
    launchers::launcher::LauncherKind,
    system::{change::SystemChange, executor::Executor, probe::DaemonIdentity},
};
use crate::language::Translator;

/// How a procedure ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceOutcome {
    /// The daemon was installed and answers.
    Installed,
    /// Everything was as it should be.
    AlreadyInstalled,
    /// Files or registration were repaired; the daemon was not touched.
    Repaired,
    /// Settings were written, and nothing was installed.
    Configured,
    /// The settings were as they should be, and nothing was installed.
    Unchanged,
    /// A dry run: nothing was changed.
    Planned,
    /// The daemon was removed.
    Uninstalled,
    /// There was nothing to remove.
    NotInstalled,
    /// The daemon was started.
    Started,
    /// The daemon was running already.
    AlreadyRunning,
    /// The daemon was stopped.
    Stopped,
    /// The daemon was not running.
    NotRunning,
    /// The daemon was restarted.
    Restarted,
    /// Another program took the place of this one.
    Updated,
    /// The program before is in its place again.
    PutBack,
}

/// The result of a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceReport {
    /// How the procedure ended.
    pub outcome: ServiceOutcome,
    /// The launcher that was used.
    pub kind: Option<LauncherKind>,
    /// The daemon that answers, where the procedure waited for it.
    pub identity: Option<DaemonIdentity>,
}

impl ServiceOutcome {
    /// The words for it. In JSON they are joined by `_`.
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
            Self::Updated => "updated",
            Self::PutBack => "put back",
        }
    }
}

impl ServiceReport {
    pub(super) fn of(
        outcome: ServiceOutcome,
        kind: LauncherKind,
        identity: Option<DaemonIdentity>,
    ) -> Self {
        Self {
            outcome,
            kind: Some(kind),
            identity,
        }
    }

    /// One line: outcome, launcher and process.
    pub fn line(&self, translator: Translator) -> String {
        let how = self
            .kind
            .map(|kind| format!(" ({})", translator.word(kind.title())));
        let who = self.identity.as_ref().map_or_else(String::new, |identity| {
            format!(", pid {}, version {}", identity.pid, identity.version)
        });
        let outcome = translator.word(self.outcome.as_str());
        let how = how.unwrap_or_default();
        format!("{outcome}{how}{}", translator.sentence(&who))
    }

    /// The report and all changes as `--json` prints them. The key `way` names the launcher.
    pub fn json(&self, executor: &Executor<'_>) -> Value {
        let done: Vec<Value> = executor.changes().iter().map(SystemChange::json).collect();
        json!({
            "outcome": self.outcome.as_str().replace(' ', "_"),
            "way": self.kind.map(LauncherKind::as_str),
            "pid": self.identity.as_ref().map(|identity| identity.pid),
            "version": self.identity.as_ref().map(|identity| identity.version.as_str()),
            "started_ms": self.identity.as_ref().map(|identity| identity.started_ms),
            "done": done,
            "notes": executor.notes(),
        })
    }
}
