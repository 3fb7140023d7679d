//! What every launcher has in common: the trait, and what a launcher reports.
//!
//! A launcher knows its files and its commands. In which sequence they are used is decided in
//! `install`, `uninstall` and `lifecycle`.

use std::path::{Path, PathBuf};

use crate::{
    error::Result,
    service::{
        system::{artefact::Artefact, executor::Executor},
        target::InstallTarget,
    },
};

/// The kinds of launchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LauncherKind {
    /// A unit of the user's systemd.
    UserUnit,
    /// A unit of the machine's systemd.
    MachineUnit,
    /// An autostart entry of a freedesktop.org desktop.
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

/// How a launcher is registered with the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// It is not.
    None,
    /// Completely.
    Complete,
    /// For the daemon of another home folder. Each launcher has one entry for each user.
    Elsewhere,
    /// Not as this program would register it, and in what it differs.
    Different(String),
    /// Completely, but the user switched the entry off, and where.
    SwitchedOff(String),
}

/// What the supervisor (systemd, launchd, `daemon.bat`) reports about the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SupervisorStatus {
    /// Whether it runs the daemon, or is about to.
    pub active: bool,
    /// The process that it supervises.
    pub pid: Option<u32>,
    /// The exit code of the previous run.
    pub last_exit: Option<i32>,
    /// Why it has stopped restarting the daemon.
    pub gave_up: Option<String>,
}

/// Something that starts the daemon at log-on or at boot.
pub(in crate::service) trait Launcher {
    /// Which one it is.
    fn kind(&self) -> LauncherKind;

    /// Its files, as they should be.
    fn artefacts(&self, target: &InstallTarget) -> Result<Vec<Artefact>>;

    /// Programs that it needs a copy of: source and destination.
    fn copies(&self, _target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
        Vec::new()
    }

    /// Checks that it can be used on this system; the error says what is missing.
    ///
    /// [`Error::Usage`](crate::error::Error) and `Error::Config` mean that no other launcher can be
    /// used either.
    fn check_available(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;

    /// Whether the daemon has to be stopped before its files change.
    fn must_stop_to_change(&self) -> bool {
        false
    }

    /// How it is registered.
    fn registration(&self, target: &InstallTarget, executor: &Executor<'_>) -> Registration;

    /// Registers it; the files have been written. The error says what was refused.
    fn register(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;

    /// Whether [`Self::register`] starts the daemon as well.
    fn registering_starts(&self) -> bool {
        false
    }

    /// Unregisters it; the files are removed afterwards.
    fn unregister(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;

    /// Tells the system that the files have been removed.
    fn after_removal(&self, _target: &InstallTarget, _executor: &mut Executor<'_>) {}

    /// What the supervisor reports about the daemon.
    fn status(&self, target: &InstallTarget, executor: &Executor<'_>) -> SupervisorStatus;

    /// What the daemon printed while its own log was not open: the reason why it did not start.
    fn last_output(&self, target: &InstallTarget, executor: &Executor<'_>) -> String;

    /// Starts the daemon, or restarts it.
    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;

    /// Stops the daemon, where asking it over the socket does not, and keeps the supervisor from
    /// restarting it before the next log-on.
    fn stop(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()>;
}

impl Registration {
    /// Whether the registration is for this home, even if it is incomplete.
    pub fn is_ours(&self) -> bool {
        !matches!(self, Self::None | Self::Elsewhere)
    }
}

/// The registration of a launcher that consists of a file: complete if the file has one of
/// `home_markers`, which are the texts that name this home and no other.
pub(super) fn registration_in_file(path: &Path, home_markers: &[String]) -> Registration {
    match std::fs::read(path) {
        Err(_) => Registration::None,
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            if home_markers.iter().any(|marker| text.contains(marker)) {
                return Registration::Complete;
            }
            Registration::Elsewhere
        }
    }
}

/// The text of a log, or nothing where it cannot be read.
pub(super) fn read_log(path: &Path) -> String {
    std::fs::read(path).map_or_else(
        |_| String::new(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

impl LauncherKind {
    /// The identifier in JSON.
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

    /// The name in messages.
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

    /// Whether its supervisor knows the pid of the daemon.
    pub(in crate::service) fn knows_pid(self) -> bool {
        matches!(self, Self::UserUnit | Self::MachineUnit | Self::LaunchAgent)
    }

    /// When it starts the daemon. With `lingers` the user's systemd runs from boot on.
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
