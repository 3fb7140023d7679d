//! launchd: an agent of the user who installs it.

pub(super) mod plist;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use super::launcher::{
    Launcher, LauncherKind, Registration, SupervisorStatus, registration_in_file,
};
use crate::{
    config::Environment,
    error::{Error, Result},
    service::{
        system::{
            artefact::Artefact,
            command::{CommandOutcome, SystemCommand},
            executor::Executor,
        },
        target::InstallTarget,
    },
};

/// The agent's name.
pub const LABEL: &str = "com.cleudocodebot.daemon";

/// Where launchd puts what the agent says.
const LOG: &str = "launchd.log";

/// `EIO`: launchd answers so while it still takes down the agent's former self.
const STILL_BUSY: i32 = 5;

/// How often a busy launchd is asked again, and how often a stopped agent is looked for.
const LOOKS: u32 = 60;

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Whether launchd started this process as the agent.
pub fn started_us(environment: &Environment) -> bool {
    environment.get("XPC_SERVICE_NAME") == Some(LABEL)
}

/// Longest file of what the daemon says outside of its own log, in bytes.
const MAX_LOG: u64 = 1 << 20;

/// Empties the file that launchd keeps open for the agent, when it has become long. A file with another
/// name would go on growing, because launchd does not look.
pub fn trim_log(home: &Path) {
    let log = home.join("logs").join(LOG);
    let file = std::fs::OpenOptions::new().write(true).open(log);
    if let Ok(file) = file
        && file.metadata().is_ok_and(|data| data.len() > MAX_LOG)
    {
        let _ = file.set_len(0);
    }
}

/// launchd never gives up on a process that fails, so one that no restart can mend says why and ends
/// as if it had succeeded.
pub fn as_it_understands(ended: Result<()>) -> Result<()> {
    match ended {
        Err(Error::Config(why)) => {
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

    /// `gui/501` where the user sits in front of the machine, `user/501` over SSH.
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

    fn target(target: &InstallTarget, executor: &Executor<'_>) -> String {
        format!("{}/{LABEL}", Self::domain(target, executor))
    }

    fn print(target: &InstallTarget, executor: &Executor<'_>) -> CommandOutcome {
        let agent = Self::target(target, executor);
        executor.query(&SystemCommand::read_only("launchctl", ["print", &agent]))
    }

    /// Loads the agent, which starts it: it runs at load.
    fn load(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        let (domain, path) = (Self::domain(target, executor), Self::path(target));
        let command = SystemCommand::modifying(
            "launchctl",
            ["bootstrap", &domain, InstallTarget::text(&path)?],
        );
        let mut outcome = executor.try_run(&command);
        for _ in 1..LOOKS {
            if !matches!(outcome, CommandOutcome::Exited { code, .. } if code == STILL_BUSY) {
                break;
            }
            (executor.world.pause)(LOOK);
            outcome = executor.try_run(&command);
        }
        if outcome.succeeded() {
            return Ok(());
        }
        let complaint = outcome.failure();
        Err(Error::Failed(format!("`{command}` failed: {complaint}")))
    }

    /// Unloads the agent and waits until it has gone.
    fn unload(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        if !Self::print(target, executor).succeeded() {
            return Ok(());
        }
        let agent = Self::target(target, executor);
        let command = SystemCommand::modifying("launchctl", ["bootout", &agent]);
        let outcome = executor.try_run(&command);
        for _ in 0..LOOKS {
            if executor.mode.dry || !Self::print(target, executor).succeeded() {
                return Ok(());
            }
            (executor.world.pause)(LOOK);
        }
        let complaint = outcome.failure();
        Err(Error::Failed(format!(
            "the agent does not go away after `{command}`: {complaint}"
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
            InstallTarget::text(&target.program)?,
            InstallTarget::text(&target.home)?,
            InstallTarget::text(&log)?,
        );
        Ok(vec![Artefact::text(Self::path(target), &text)])
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

    /// launchd keeps a copy of what it loaded, so a file that changed must be loaded again.
    fn must_stop_to_change(&self) -> bool {
        true
    }

    fn registration(&self, target: &InstallTarget, executor: &Executor<'_>) -> Registration {
        let Ok(home) = InstallTarget::text(&target.home) else {
            return Registration::None;
        };
        let standing = registration_in_file(&Self::path(target), &[plist::names_home(home)]);
        if standing != Registration::Complete {
            return standing;
        }
        if Self::print(target, executor).succeeded() {
            return Registration::Complete;
        }
        Registration::Different("launchd has not loaded the agent".to_owned())
    }

    /// `bootstrap` refuses an agent that was switched off once, so it is switched on first.
    fn register(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        let agent = Self::target(target, executor);
        executor.run(&SystemCommand::modifying("launchctl", ["enable", &agent]))?;
        Self::unload(target, executor)?;
        Self::load(target, executor)
    }

    fn unregister(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        Self::unload(target, executor)
    }

    /// `launchctl print` is for people and changes; its two lines here only inform.
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
            // As in `78: EX_CONFIG`.
            last_exit: value("last exit code")
                .and_then(|code| code.split(':').next()?.trim().parse().ok()),
            gave_up: None,
        }
    }

    /// It runs at load.
    fn registering_starts(&self) -> bool {
        true
    }

    fn start(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        if !Self::print(target, executor).succeeded() {
            return Self::load(target, executor);
        }
        let agent = Self::target(target, executor);
        executor.run(&SystemCommand::modifying(
            "launchctl",
            ["kickstart", "-k", &agent],
        ))
    }

    /// What is unloaded does not come back before the next log-on, when launchd loads the file.
    fn stop(&self, target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
        Self::unload(target, executor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn an_error_of_the_settings_ends_as_launchd_understands() {
        assert!(as_it_understands(Err(Error::Config("no port".to_owned()))).is_ok());
        assert!(as_it_understands(Err(Error::Restart)).is_err());
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
