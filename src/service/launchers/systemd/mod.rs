//! systemd: a unit of the user's manager or of the machine's.

mod quote;
mod session;
pub(super) mod unit;

use std::path::{Path, PathBuf};

pub use self::session::is_lingering;
use super::{
    launcher::{Launcher, LauncherKind, Registration, SupervisorStatus, registration_in_file},
    program,
};
use crate::{
    error::{Error, Result},
    service::{
        system::{
            artefact::{self, Artefact, ArtefactState},
            command::{CommandOutcome, SystemCommand},
            executor::Executor,
        },
        target::{InstallTarget, MACHINE_HOME, Scope},
    },
};

/// The unit's name.
const UNIT: &str = "cleudocodebot.service";

/// The name of the state folder below `/var/lib`, and of the account.
const NAME: &str = "cleudocodebot";

/// The daemon's exit code for a configuration error, after which systemd does not restart it.
const CONFIG_ERROR: i32 = 78;

/// A unit of the manager of this scope, which is the scope of the install target.
pub(super) struct SystemdUnit(pub(super) Scope);

impl SystemdUnit {
    fn path(target: &InstallTarget) -> PathBuf {
        let folder = match target.scope {
            Scope::User => target.folders.config.join("systemd/user"),
            Scope::Machine => target.folders.root.join("etc/systemd/system"),
        };
        folder.join(UNIT)
    }

    /// The program that the unit starts. The sandbox of the machine's daemon hides home folders, so a
    /// program that may be in one is copied.
    fn program(target: &InstallTarget) -> PathBuf {
        let is_below = |folder: &str| target.program.starts_with(folder);
        if target.scope == Scope::User {
            return program::kept(target);
        }
        if ["/usr", "/opt", "/bin", "/nix", "/gnu"]
            .into_iter()
            .any(is_below)
        {
            return target.program.clone();
        }
        target
            .folders
            .root
            .join("usr/local/lib")
            .join(NAME)
            .join(NAME)
    }

    fn query<const N: usize>(target: &InstallTarget, args: [&str; N]) -> SystemCommand {
        session::addressed(target, SystemCommand::read_only("systemctl", args))
    }

    fn command<const N: usize>(target: &InstallTarget, args: [&str; N]) -> SystemCommand {
        session::addressed(target, SystemCommand::modifying("systemctl", args))
    }

    /// The properties of the unit. Unlike the output of `systemctl status` they are not translated.
    fn show(target: &InstallTarget, executor: &Executor<'_>) -> UnitProperties {
        const WANTED: &str = "--property=LoadState,ActiveState,MainPID,Result,ExecMainStatus,\
                              ExecMainCode,NeedDaemonReload";
        UnitProperties(executor.query(&Self::query(target, ["show", UNIT, WANTED])))
    }
}

/// The output of `systemctl show`: lines of `Name=value`.
struct UnitProperties(CommandOutcome);

impl UnitProperties {
    fn get(&self, name: &str) -> Option<String> {
        let text = self.0.text();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.map(str::to_owned)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).as_deref() == Some(value)
    }
}

impl Launcher for SystemdUnit {
    fn kind(&self) -> LauncherKind {
        match self.0 {
            Scope::User => LauncherKind::UserUnit,
            Scope::Machine => LauncherKind::MachineUnit,
        }
    }

    fn artefacts(&self, target: &InstallTarget) -> Result<Vec<Artefact>> {
        let program = Self::program(target);
        let program = InstallTarget::text(&program)?;
        let home = InstallTarget::text(&target.home)?;
        let text = match target.scope {
            Scope::User => unit::user(program, home),
            Scope::Machine => unit::system(program, home, NAME),
        };
        Ok(vec![Artefact::text(Self::path(target), &text)])
    }

    fn copies(&self, target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
        let program = Self::program(target);
        if program == target.program {
            return Vec::new();
        }
        vec![(target.program.clone(), program)]
    }

    fn check_available(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        match target.scope {
            Scope::User => session::check_available(target, executor),
            Scope::Machine => check_machine(target, executor),
        }
    }

    fn registration(&self, target: &InstallTarget, executor: &Executor<'_>) -> Registration {
        let Ok(home) = InstallTarget::text(&target.home) else {
            return Registration::None;
        };
        let registration = registration_in_file(&Self::path(target), &[unit::home_marker(home)]);
        if registration != Registration::Complete {
            return registration;
        }
        if !executor
            .query(&Self::query(target, ["is-enabled", "--quiet", UNIT]))
            .succeeded()
        {
            return Registration::Different("the unit is not enabled".to_owned());
        }
        if Self::show(target, executor).is("NeedDaemonReload", "yes") {
            return Registration::Different("systemd has not reloaded the changed unit".to_owned());
        }
        Registration::Complete
    }

    fn register(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        executor.run(&Self::command(target, ["daemon-reload"]))?;
        executor.run(&Self::command(target, ["enable", "--quiet", UNIT]))?;
        if target.scope == Scope::User {
            session::enable_lingering(target, executor);
        }
        Ok(())
    }

    fn unregister(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        if Self::path(target).exists() {
            executor.try_run(&Self::command(target, ["disable", "--quiet", UNIT]));
        }
        Ok(())
    }

    fn after_removal(&self, target: &InstallTarget, executor: &mut Executor<'_>) {
        executor.try_run(&Self::command(target, ["daemon-reload"]));
        executor.try_run(&Self::command(target, ["reset-failed", UNIT]));
    }

    fn status(&self, target: &InstallTarget, executor: &Executor<'_>) -> SupervisorStatus {
        let show = Self::show(target, executor);
        let exited = show.get("ExecMainCode").is_some_and(|code| code != "0");
        let last_exit: Option<i32> = show.number("ExecMainStatus").filter(|_| exited);
        let failed = show.is("ActiveState", "failed");
        let why = || match show.get("Result").as_deref() {
            _ if last_exit == Some(CONFIG_ERROR) => "its settings are wrong".to_owned(),
            // After any other exit code systemd restarts it until the start limit.
            result => format!(
                "it failed too often in a row (systemd: {})",
                result.unwrap_or("failed")
            ),
        };
        SupervisorStatus {
            // Also while it is about to start it again, or waits until it is ready.
            active: ["active", "activating", "reloading"]
                .iter()
                .any(|state| show.is("ActiveState", state)),
            pid: show.number("MainPID").filter(|pid| *pid != 0),
            last_exit,
            gave_up: failed.then(why),
        }
    }

    fn last_output(&self, target: &InstallTarget, executor: &Executor<'_>) -> String {
        let unit = match target.scope {
            Scope::User => "--user-unit=cleudocodebot.service",
            Scope::Machine => "--unit=cleudocodebot.service",
        };
        let command = SystemCommand::read_only(
            "journalctl",
            [unit, "--lines=6", "--output=cat", "--no-pager", "--quiet"],
        );
        executor.query(&command).text()
    }

    /// `restart` starts a stopped unit as well, but refuses one that has reached its start limit: before, or by
    /// this very start, where a program that ended at once was just replaced.
    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        let (reset, restart) = (
            Self::command(target, ["reset-failed", UNIT]),
            Self::command(target, ["restart", UNIT]),
        );
        if self.status(target, executor).gave_up.is_some() {
            executor.try_run(&reset);
        }
        executor.run(&restart).or_else(|error| {
            if !Self::show(target, executor).is("Result", "start-limit-hit") {
                return Err(error);
            }
            executor.try_run(&reset);
            executor.run(&restart)
        })
    }

    fn stop(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        executor.run(&Self::command(target, ["stop", UNIT]))
    }
}

/// Whether root runs this on a machine where a machine's daemon is installed.
pub fn is_of_the_machine() -> bool {
    let unit = Path::new("/etc/systemd/system").join(UNIT);
    is_root()
        && matches!(
            artefact::origin_of(&unit),
            Ok(ArtefactState::Outdated | ArtefactState::Edited)
        )
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Why systemd cannot be asked, if so.
pub(in crate::service) fn unreachable(
    target: &InstallTarget,
    executor: &Executor<'_>,
) -> Option<String> {
    let error = session::check_booted(target)
        .and_then(|()| check_answers(target, executor))
        .err()?;
    Some(error.to_string())
}

fn check_answers(target: &InstallTarget, executor: &Executor<'_>) -> Result<()> {
    let answer = executor.query(&SystemdUnit::query(target, ["show-environment"]));
    if answer.succeeded() {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "systemd cannot be reached: systemctl: {}",
        answer.failure()
    )))
}

fn check_machine(target: &InstallTarget, executor: &Executor<'_>) -> Result<()> {
    if target.home != target.folders.root.join(&MACHINE_HOME[1..]) {
        return Err(Error::Usage(format!(
            "a daemon of the machine keeps its home in {MACHINE_HOME}; leave out --home"
        )));
    }
    session::check_booted(target)?;
    check_answers(target, executor)
}
