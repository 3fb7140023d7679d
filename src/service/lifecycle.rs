//! Starting, stopping and restarting an installed daemon.

use std::time::Duration;

use super::{
    launchers::{self, launcher::Launcher},
    report::{Outcome, Report},
    settings,
    state::port_trouble,
    system::{
        command::SystemCommand,
        executor::Executor,
        probe::{Answer, Identity},
        runtime_file::{self, RuntimeFile},
    },
    target::{InstallTarget, System},
    verify::{is_home, verify},
};
use crate::error::{Error, Result};

/// How often the end of the daemon is looked for.
const LOOKS: u32 = 200;

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Starts the installed daemon and waits until it answers.
pub fn start(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<Report> {
    settings::refuse_wrong_user(target)?;
    let launcher = installed(target, executor)?;
    let answer = executor.ask();
    if let Some(identity) = own(target, &answer) {
        let report = Report::of(Outcome::AlreadyRunning, launcher.kind(), Some(identity));
        return Ok(report);
    }
    if let Some(trouble) = port_trouble(target, executor, &answer) {
        return Err(trouble);
    }
    begin(target, executor, launcher.as_ref(), None, Outcome::Started)
}

/// Stops the daemon, installed or not, and waits until it has gone.
pub fn stop(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<Report> {
    settings::refuse_wrong_user(target)?;
    let launcher = find(target, executor);
    let stopped = halt(target, executor, launcher.as_deref())?;
    let outcome = if stopped {
        Outcome::Stopped
    } else {
        Outcome::NotRunning
    };
    Ok(Report {
        outcome,
        kind: launcher.map(|launcher| launcher.kind()),
        identity: None,
    })
}

/// Starts the installed daemon anew.
pub fn restart(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<Report> {
    settings::refuse_wrong_user(target)?;
    let launcher = installed(target, executor)?;
    let answer = executor.ask();
    let former = own(target, &answer).map(|identity| identity.pid);
    if former.is_none()
        && let Some(trouble) = port_trouble(target, executor, &answer)
    {
        return Err(trouble);
    }
    let watched = launcher.condition(target, executor).pid;
    if watched.is_none() || watched != former {
        halt(target, executor, Some(launcher.as_ref()))?;
    }
    begin(
        target,
        executor,
        launcher.as_ref(),
        former,
        Outcome::Restarted,
    )
}

fn begin(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    former: Option<u32>,
    outcome: Outcome,
) -> Result<Report> {
    launcher.start(target, executor)?;
    if executor.mode.dry {
        return Ok(Report::of(Outcome::Planned, launcher.kind(), None));
    }
    let identity = verify(target, executor, launcher, former)?;
    Ok(Report::of(outcome, launcher.kind(), Some(identity)))
}

/// The way that is registered.
pub(super) fn find(target: &InstallTarget, executor: &Executor<'_>) -> Option<Box<dyn Launcher>> {
    let mut ways = launchers::all(target).into_iter();
    ways.find(|launcher| launcher.registration(target, executor).is_ours())
}

fn installed(target: &InstallTarget, executor: &Executor<'_>) -> Result<Box<dyn Launcher>> {
    find(target, executor).ok_or_else(|| {
        Error::Failed(format!(
            "the daemon is not installed; run: {}, or in the foreground: cleudocodebot daemon",
            target.command("install")
        ))
    })
}

/// The daemon of this home folder, where that is who answers.
fn own(target: &InstallTarget, answer: &Answer) -> Option<Identity> {
    match answer {
        Answer::Ours(identity) if is_home(target, &identity.home) => Some(identity.clone()),
        _ => None,
    }
}

/// Stops whatever daemon has this home folder, and whoever would bring it back. True where there was
/// one.
pub(super) fn halt(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: Option<&dyn Launcher>,
) -> Result<bool> {
    let mut stopped = false;
    if let Some(launcher) = launcher
        && launcher.condition(target, executor).active
    {
        launcher.stop(target, executor)?;
        stopped = true;
    }
    let held = runtime_file::is_held(&target.home)?;
    if held && !(stopped && executor.mode.dry) {
        let agreed = own(target, &executor.ask()).is_some() && executor.shut_down();
        stopped = true;
        if !agreed && target.system != System::Windows {
            end_process(target, executor)?;
        }
    }
    if let Some(launcher) = launcher
        && target.system == System::Windows
    {
        launcher.stop(target, executor)?;
    }
    await_end(target, executor)?;
    Ok(stopped)
}

/// A daemon that does not know our token has to be told by the system.
fn end_process(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    let Some(note) = RuntimeFile::read(&target.home) else {
        return Ok(());
    };
    executor.demand(&SystemCommand::changes("kill", [&note.pid.to_string()]))
}

fn await_end(target: &InstallTarget, executor: &Executor<'_>) -> Result<()> {
    if executor.mode.dry {
        return Ok(());
    }
    for _ in 0..LOOKS {
        if !runtime_file::is_held(&target.home)? {
            return Ok(());
        }
        (executor.world.pause)(LOOK);
    }
    let pid = RuntimeFile::read(&target.home)
        .map_or_else(String::new, |note| format!(" (pid {})", note.pid));
    Err(Error::Failed(format!(
        "the daemon of {}{pid} does not end within {} s; see its log: {}",
        target.home.display(),
        (LOOK * LOOKS).as_secs(),
        target.logs().join("daemon.log").display()
    )))
}
