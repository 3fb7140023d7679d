//! Starting, stopping and restarting an installed daemon.

use std::time::Duration;

use super::{
    launchers::{self, launcher::Launcher},
    port_conflict::port_error,
    report::{ServiceOutcome, ServiceReport},
    settings,
    system::{
        command::SystemCommand,
        executor::Executor,
        platform::System,
        runtime_file::{self, RuntimeFile},
    },
    target::InstallTarget,
    verify::verify,
};
use crate::error::{Error, Result};

/// How often to check whether the daemon has ended before giving up.
const CHECKS: u32 = 200;

/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts the installed daemon and waits until it answers.
pub fn start(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<ServiceReport> {
    settings::refuse_wrong_user(target)?;
    let launcher = installed_launcher(target, executor)?;
    let answer = executor.ask_gateway();
    if let Some(identity) = target.own_daemon(&answer) {
        return Ok(ServiceReport::of(
            ServiceOutcome::AlreadyRunning,
            launcher.kind(),
            Some(identity.clone()),
        ));
    }
    if let Some(error) = port_error(target, executor, &answer) {
        return Err(error);
    }
    start_and_verify(
        target,
        executor,
        launcher.as_ref(),
        None,
        ServiceOutcome::Started,
    )
}

/// Stops the daemon, installed or not, and waits until it has ended.
pub fn stop(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<ServiceReport> {
    settings::refuse_wrong_user(target)?;
    let launcher = find_launcher(target, executor);
    let stopped = stop_daemon(target, executor, launcher.as_deref())?;
    let outcome = if stopped {
        ServiceOutcome::Stopped
    } else {
        ServiceOutcome::NotRunning
    };
    Ok(ServiceReport {
        outcome,
        kind: launcher.map(|launcher| launcher.kind()),
        identity: None,
    })
}

/// Restarts the installed daemon, or starts it where it does not run.
pub fn restart(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<ServiceReport> {
    settings::refuse_wrong_user(target)?;
    let launcher = installed_launcher(target, executor)?;
    let answer = executor.ask_gateway();
    let former = target.own_daemon(&answer).map(|identity| identity.pid);
    if former.is_none()
        && let Some(error) = port_error(target, executor, &answer)
    {
        return Err(error);
    }
    // A supervisor restarts its own process by itself; any other has to be stopped first.
    let supervised = launcher.status(target, executor).pid;
    if supervised.is_none() || supervised != former {
        stop_daemon(target, executor, Some(launcher.as_ref()))?;
    }
    start_and_verify(
        target,
        executor,
        launcher.as_ref(),
        former,
        ServiceOutcome::Restarted,
    )
}

fn start_and_verify(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    former: Option<u32>,
    outcome: ServiceOutcome,
) -> Result<ServiceReport> {
    launcher.start(target, executor)?;
    if executor.mode.dry {
        return Ok(ServiceReport::of(
            ServiceOutcome::Planned,
            launcher.kind(),
            None,
        ));
    }
    let identity = verify(target, executor, launcher, former)?;
    Ok(ServiceReport::of(outcome, launcher.kind(), Some(identity)))
}

/// The launcher that is registered for this home.
pub(super) fn find_launcher(
    target: &InstallTarget,
    executor: &Executor<'_>,
) -> Option<Box<dyn Launcher>> {
    let mut launchers = launchers::all(target).into_iter();
    launchers.find(|launcher| launcher.registration(target, executor).is_ours())
}

fn installed_launcher(
    target: &InstallTarget,
    executor: &Executor<'_>,
) -> Result<Box<dyn Launcher>> {
    find_launcher(target, executor).ok_or_else(|| {
        Error::Failed(format!(
            "the daemon is not installed; run: {}, or in the foreground: cleudocodebot daemon",
            target.command("install")
        ))
    })
}

/// Stops the daemon of this home, whoever started it, and the supervisor that would restart it.
/// Returns whether one was running.
pub(super) fn stop_daemon(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: Option<&dyn Launcher>,
) -> Result<bool> {
    let mut stopped = false;
    // Through the supervisor first, so that it does not start the daemon again.
    if let Some(launcher) = launcher
        && launcher.status(target, executor).active
    {
        launcher.stop(target, executor)?;
        stopped = true;
    }
    // A daemon that still holds the home was not started by the supervisor. A dry run has not stopped
    // anything, so there the lock says nothing any more.
    let is_held = runtime_file::is_held(&target.home)?;
    if is_held && !(stopped && executor.mode.dry) {
        let answer = executor.ask_gateway();
        let agreed = target.own_daemon(&answer).is_some() && executor.ask_to_stop();
        stopped = true;
        if !agreed && target.system != System::Windows {
            send_sigterm(target, executor)?;
        }
    }
    // On Windows the supervisor is a batch file without a status of its own: stopping it covers the
    // time between two runs of the daemon, and kills a daemon that did not agree to stop.
    if let Some(launcher) = launcher
        && target.system == System::Windows
    {
        launcher.stop(target, executor)?;
    }
    await_end(target, executor)?;
    Ok(stopped)
}

/// For a daemon that does not accept our token and so cannot be asked.
fn send_sigterm(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    let Some(daemon) = RuntimeFile::read(&target.home) else {
        return Ok(());
    };
    executor.run(&SystemCommand::modifying("kill", [&daemon.pid.to_string()]))
}

fn await_end(target: &InstallTarget, executor: &Executor<'_>) -> Result<()> {
    if executor.mode.dry {
        return Ok(());
    }
    for _ in 0..CHECKS {
        if !runtime_file::is_held(&target.home)? {
            return Ok(());
        }
        (executor.world.pause)(PAUSE);
    }
    let pid = RuntimeFile::read(&target.home)
        .map_or_else(String::new, |daemon| format!(" (pid {})", daemon.pid));
    Err(Error::Failed(format!(
        "the daemon of {}{pid} did not end within {} s; see its log: {}",
        target.home.display(),
        (PAUSE * CHECKS).as_secs(),
        target.logs().join("daemon.log").display()
    )))
}
