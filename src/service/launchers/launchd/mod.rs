//! launchd: a launch agent of the user who installs it.

pub(super) mod plist;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use self::plist::LABEL;
use super::{
    launcher::{
        Launcher, LauncherKind, Registration, SupervisorStatus, read_log, registration_in_file,
    },
    program,
};
use crate::{
    config::Environment,
    error::{Error, Result},
    log::printable_lines,
    service::{
        system::{
            artefact::Artefact,
            command::{CommandOutcome, SystemCommand},
            executor::Executor,
        },
        target::InstallTarget,
    },
};

/// The file that launchd writes the agent's standard error to.
const LOG: &str = "launchd.log";

/// `EIO`: what `bootstrap` exits with while launchd is still unloading the previous instance.
const STILL_UNLOADING: i32 = 5;

/// How often to try to load the agent, and to check whether it is unloaded.
const ATTEMPTS: u32 = 60;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// Whether launchd started this process as the agent.
pub fn started_us(environment: &Environment) -> bool {
    environment.get("XPC_SERVICE_NAME") == Some(LABEL)
}

/// The size of that file, in bytes, above which the daemon empties it.
const MAX_LOG: u64 = 1 << 20;

/// Empties the file that launchd writes standard error to, if it is too long. Renaming it would not
/// help: launchd keeps it open and would go on writing to it.
pub fn trim_log(home: &Path) {
    let log = home.join("logs").join(LOG);
    let file = std::fs::OpenOptions::new().write(true).open(log);
    if let Ok(file) = file
        && file.metadata().is_ok_and(|data| data.len() > MAX_LOG)
    {
        let _ = file.set_len(0);
    }
}

/// The result that the daemon ends with under launchd. launchd restarts a process that fails without
/// end, so after a configuration error, which a restart does not repair, the daemon prints the error
/// and exits with success.
pub fn exit_result(ended: Result<()>) -> Result<()> {
    match ended {
        Err(Error::Config(why)) => {
            let why = printable_lines(&why);
            let _ = writeln!(std::io::stderr(), "cleudocodebot: not started: {why}");
            Ok(())
        }
        ended => ended,
    }
}

/// An agent in `~/Library/LaunchAgents`.
pub(super) struct LaunchAgent;

impl LaunchAgent {
    fn path(target: &InstallTarget) -> PathBuf {
        let name = format!("{LABEL}.plist");
        target.folders.user.join("Library/LaunchAgents").join(name)
    }

    /// `gui/501` if the user has a desktop session, else (over SSH) `user/501`.
    fn domain(target: &InstallTarget, executor: &Executor<'_>) -> String {
        let uid = target.account.uid.unwrap_or_default();
        let gui = format!("gui/{uid}");
        if executor
            .query(&SystemCommand::read_only("launchctl", ["print", &gui]))
            .succeeded()
        {
            return gui;
        }
        format!("user/{uid}")
    }

    fn service_target(target: &InstallTarget, executor: &Executor<'_>) -> String {
        format!("{}/{LABEL}", Self::domain(target, executor))
    }

    fn print(target: &InstallTarget, executor: &Executor<'_>) -> CommandOutcome {
        let agent = Self::service_target(target, executor);
        executor.query(&SystemCommand::read_only("launchctl", ["print", &agent]))
    }

    /// Loads the agent, which starts it as well (`RunAtLoad`).
    fn load(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        let (domain, path) = (Self::domain(target, executor), Self::path(target));
        let command = SystemCommand::modifying(
            "launchctl",
            ["bootstrap", &domain, InstallTarget::text(&path)?],
        );
        let mut outcome = executor.try_run(&command);
        for _ in 1..ATTEMPTS {
            if !matches!(outcome, CommandOutcome::Exited { code, .. } if code == STILL_UNLOADING) {
                break;
            }
            (executor.world.pause)(PAUSE);
            outcome = executor.try_run(&command);
        }
        if outcome.succeeded() {
            return Ok(());
        }
        let complaint = outcome.failure();
        Err(Error::Failed(format!("`{command}` failed: {complaint}")))
    }

    /// Unloads the agent, and waits for that.
    fn unload(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        if !Self::print(target, executor).succeeded() {
            return Ok(());
        }
        let agent = Self::service_target(target, executor);
        let command = SystemCommand::modifying("launchctl", ["bootout", &agent]);
        let outcome = executor.try_run(&command);
        for _ in 0..ATTEMPTS {
            if executor.mode.dry || !Self::print(target, executor).succeeded() {
                return Ok(());
            }
            (executor.world.pause)(PAUSE);
        }
        let complaint = outcome.failure();
        Err(Error::Failed(format!(
            "the agent is still loaded after `{command}`: {complaint}"
        )))
    }
}

impl Launcher for LaunchAgent {
    fn kind(&self) -> LauncherKind {
        LauncherKind::LaunchAgent
    }

    fn artefacts(&self, target: &InstallTarget) -> Result<Vec<Artefact>> {
        let log = target.logs().join(LOG);
        let text = plist::plist(
            InstallTarget::text(&program::kept(target))?,
            InstallTarget::text(&target.home)?,
            InstallTarget::text(&log)?,
        );
        Ok(vec![Artefact::text(Self::path(target), &text)])
    }

    fn copies(&self, target: &InstallTarget) -> Vec<(PathBuf, PathBuf)> {
        program::copies(target)
    }

    fn check_available(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        let uid = target.account.uid.unwrap_or_default();
        let command = SystemCommand::read_only("launchctl", ["print", &format!("user/{uid}")]);
        match executor.query(&command) {
            outcome if outcome.succeeded() => Ok(()),
            outcome => Err(Error::Failed(format!(
                "launchd cannot be reached: `{command}`: {}",
                outcome.failure()
            ))),
        }
    }

    /// launchd keeps what it loaded: a changed file has to be unloaded and loaded again.
    fn must_stop_to_change(&self) -> bool {
        true
    }

    fn registration(&self, target: &InstallTarget, executor: &Executor<'_>) -> Registration {
        let Ok(home) = InstallTarget::text(&target.home) else {
            return Registration::None;
        };
        let registration = registration_in_file(&Self::path(target), &[plist::home_marker(home)]);
        if registration != Registration::Complete {
            return registration;
        }
        if Self::print(target, executor).succeeded() {
            return Registration::Complete;
        }
        Registration::Different("launchd has not loaded the agent".to_owned())
    }

    /// `bootstrap` refuses an agent that was disabled at any time, so it is enabled first.
    fn register(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        let agent = Self::service_target(target, executor);
        executor.run(&SystemCommand::modifying("launchctl", ["enable", &agent]))?;
        Self::unload(target, executor)?;
        Self::load(target, executor)
    }

    fn unregister(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        Self::unload(target, executor)
    }

    /// The format of `launchctl print` may change with any version, so where nothing can be parsed the
    /// status is just unknown.
    fn status(&self, target: &InstallTarget, executor: &Executor<'_>) -> SupervisorStatus {
        let text = Self::print(target, executor).text();
        let value = |name: &str| {
            let mut lines = text.lines().map(str::trim);
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
        };
        let pid = value("pid").and_then(|pid| pid.parse().ok());
        SupervisorStatus {
            active: pid.is_some(),
            pid,
            // As in `last exit code = 78: EX_CONFIG`.
            last_exit: value("last exit code")
                .and_then(|code| code.split(':').next()?.trim().parse().ok()),
            gave_up: None,
        }
    }

    fn last_output(&self, target: &InstallTarget, _executor: &Executor<'_>) -> String {
        read_log(&target.logs().join(LOG))
    }

    /// Loading starts it (`RunAtLoad`).
    fn registering_starts(&self) -> bool {
        true
    }

    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        if !Self::print(target, executor).succeeded() {
            return Self::load(target, executor);
        }
        let agent = Self::service_target(target, executor);
        executor.run(&SystemCommand::modifying(
            "launchctl",
            ["kickstart", "-k", &agent],
        ))
    }

    /// An unloaded agent is not restarted before launchd loads the file at the next log-on.
    fn stop(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        Self::unload(target, executor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn a_configuration_error_ends_with_success_under_launchd() {
        assert!(exit_result(Err(Error::Config("no port".to_owned()))).is_ok());
        assert!(exit_result(Err(Error::Restart)).is_err());
        let started = |name| started_us(&Environment::from_pairs([("XPC_SERVICE_NAME", name)]));
        assert!(started(LABEL) && !started("0"));
    }

    #[test]
    fn only_a_long_log_is_emptied() {
        let home = std::env::temp_dir().join(format!("cleudocodebot-launchd-{}", random::token()));
        let log = home.join("logs").join(LOG);
        std::fs::create_dir_all(home.join("logs")).expect("made");
        let size = || std::fs::metadata(&log).expect("there").len();
        for (bytes, left) in [(10, 10), (MAX_LOG + 1, 0)] {
            let text = vec![b'x'; usize::try_from(bytes).expect("small")];
            std::fs::write(&log, text).expect("written");
            trim_log(&home);
            assert_eq!(size(), left);
        }
        std::fs::remove_dir_all(home).expect("removed");
    }
}
