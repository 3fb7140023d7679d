//! What every way of being started at log-on (or at boot) has in common, and which ways there are.
//!
//! A way knows its files and its commands; the order in which they are used is the business of
//! `install`, `uninstall` and `power`.

use std::path::PathBuf;

use crate::{
    error::Result,
    service::{
        system::{artefact::Artefact, executor::Executor},
        target::InstallTarget,
    },
};

/// A way of being started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A unit of the user's systemd.
    UserUnit,
    /// A unit of the machine's systemd.
    MachineUnit,
    /// An entry that desktops of freedesktop.org start.
    Autostart,
    /// A launch agent of macOS.
    LaunchAgent,
    /// A value below `Run` in the registry.
    RunKey,
    /// A batch file in the Start-up folder.
    StartupFolder,
    /// A task of the Task Scheduler.
    Task,
}

/// What the system knows of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// Nothing.
    None,
    /// All of it, as it should.
    Complete,
    /// The daemon of another home folder: there is room for one only.
    Elsewhere,
    /// Something, but not what this program would register.
    Different(String),
    /// All of it, and the user switched it off.
    SwitchedOff(String),
}

/// What whoever starts the daemon says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Whether it holds that the daemon runs.
    pub active: bool,
    /// The process it watches.
    pub pid: Option<u32>,
    /// The exit code of the run before.
    pub last_exit: Option<i32>,
    /// Why it will not start the daemon again by itself.
    pub gave_up: Option<String>,
}

/// A way of being started.
pub(in crate::service) trait Launcher {
    /// Which one it is.
    fn kind(&self) -> Kind;

    /// Its files, each as it shall be.
    fn artefacts(&self, target: &InstallTarget) -> Result<Vec<Artefact>>;

    /// Programs that it needs in a place of their own: from where, to where.
    fn copies(&self, _site: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
        Vec::new()
    }

    /// Makes sure that the way is open on this system; the error says what is missing.
    fn open(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;

    /// Whether files must not change under a daemon that runs.
    fn must_rest_to_change(&self) -> bool {
        false
    }

    /// What the system knows.
    fn registration(&self, target: &InstallTarget, executor: &Executor<'_>) -> Registration;

    /// Makes the system know; the files stand already. The error says what was refused.
    fn register(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;

    /// Whether that also starts the daemon.
    fn registering_starts(&self) -> bool {
        false
    }

    /// Makes the system forget; the files go afterwards.
    fn unregister(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;

    /// Lets the system notice that the files have gone.
    fn forget(&self, _site: &InstallTarget, _hand: &mut Executor<'_>) {}

    /// What the system says of the daemon.
    fn condition(&self, target: &InstallTarget, executor: &Executor<'_>) -> Condition;

    /// Starts the daemon, or starts it anew.
    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;

    /// Stops the daemon as far as that is not done by asking it, and keeps it from coming back before
    /// the next log-on.
    fn stop(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;
}

impl Registration {
    /// Whether this home's daemon is what is registered, however well.
    pub fn is_ours(&self) -> bool {
        !matches!(self, Self::None | Self::Elsewhere)
    }
}

/// Whether a file stands there, and starts the daemon of the home that one of `words` names in it.
pub(in crate::service) fn by_file(path: &std::path::Path, words: &[String]) -> Registration {
    match std::fs::read(path) {
        Err(_) => Registration::None,
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            if words.iter().any(|words| text.contains(words)) {
                return Registration::Complete;
            }
            Registration::Elsewhere
        }
    }
}

impl Kind {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserUnit => "systemd-user",
            Self::MachineUnit => "systemd-system",
            Self::Autostart => "xdg-autostart",
            Self::LaunchAgent => "launchd",
            Self::RunKey => "run-key",
            Self::StartupFolder => "startup-folder",
            Self::Task => "scheduled-task",
        }
    }

    /// What a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::UserUnit => "systemd user unit",
            Self::MachineUnit => "systemd system unit",
            Self::Autostart => "desktop autostart entry",
            Self::LaunchAgent => "launch agent",
            Self::RunKey => "Run value in the registry",
            Self::StartupFolder => "Start-up folder entry",
            Self::Task => "scheduled task",
        }
    }

    /// When it starts the daemon; a user's systemd may outlive the session (`lingers`).
    pub fn moment(self, lingers: bool) -> &'static str {
        match self {
            Self::MachineUnit => "when the machine starts",
            Self::UserUnit if lingers => "when the machine starts",
            Self::UserUnit => "when you log on, and ends when you log out",
            Self::Autostart => "when you log on to a desktop",
            _ => "when you log on",
        }
    }
}
