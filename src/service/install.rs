//! Installing: from whatever is there to a daemon that answers and is started again at log-on.
//!
//! Every step looks before it changes anything, so a second run has nothing to do, and a run after one
//! that was killed completes it.

use super::{
    launchers::{
        self,
        launcher::{Launcher, LauncherKind, Registration},
        program,
    },
    lifecycle::stop_daemon,
    port_conflict::port_error,
    report::{ServiceOutcome, ServiceReport},
    settings,
    system::{
        artefact::ArtefactState,
        executor::Executor,
        files,
        platform::System,
        probe::{DaemonIdentity, GatewayAnswer},
        runtime_file,
    },
    target::InstallTarget,
    verify::{VERSION, verify},
};
use crate::error::{Error, Result};

/// What the user asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InstallRequest {
    /// A scheduled task in place of the Run value.
    pub task: bool,
    /// The settings were changed, so a running daemon has to be restarted.
    pub restart: bool,
}

/// Installs the daemon, starts it and waits until it answers.
///
/// Tries the launchers one after the other, because some cannot be known to work before they are
/// registered: a policy may refuse a Run value, and a user's systemd may not be running.
pub fn install(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    request: InstallRequest,
) -> Result<ServiceReport> {
    settings::refuse_wrong_user(target)?;
    settings::ensure(target, executor)?;
    let answer = executor.ask_gateway();
    if let Some(error) = port_error(target, executor, &answer) {
        return Err(error);
    }
    let mut refusals = Vec::new();
    for launcher in candidates(target, executor, request) {
        match launcher.check_available(target, executor) {
            // No other launcher would get along with these settings either.
            Err(error @ (Error::Usage(_) | Error::Config(_))) => return Err(error),
            Err(error) => refusals.push((launcher.kind(), error)),
            Ok(()) => match install_with(target, executor, launcher.as_ref(), &answer, request) {
                Err(AttemptError::Refused(error)) => refusals.push((launcher.kind(), error)),
                Err(AttemptError::Fatal(error)) => return Err(error),
                Ok(report) => {
                    explain(executor, &refusals, launcher.kind());
                    return Ok(report);
                }
            },
        }
    }
    let reasons: Vec<_> = refusals
        .iter()
        .map(|(kind, error)| format!("{}: {error}", kind.title()))
        .collect();
    Err(Error::Failed(format!(
        "the daemon cannot be installed here: {}; in the foreground it runs with: cleudocodebot daemon",
        reasons.join("; ")
    )))
}

/// Why the installation with one launcher failed.
enum AttemptError {
    /// The system refused the registration: another launcher may work.
    Refused(Error),
    /// Another launcher would fail as well.
    Fatal(Error),
}

impl From<Error> for AttemptError {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

/// Notes for the user why it became this launcher.
fn explain(executor: &mut Executor<'_>, refusals: &[(LauncherKind, Error)], chosen: LauncherKind) {
    for (kind, error) in refusals {
        executor.note(format!(
            "no {}, but a {}: {error}",
            kind.title(),
            chosen.title()
        ));
    }
    if chosen == LauncherKind::Autostart {
        executor.note(
            "the daemon runs in the background now and nothing brings it back after a crash; \
             in the foreground it runs with: cleudocodebot daemon",
        );
    }
}

/// The launchers to try, the preferred one first. On Windows a scheduled task is used only if the user
/// asks for it now or did so at an earlier installation.
fn candidates(
    target: &InstallTarget,
    executor: &Executor<'_>,
    request: InstallRequest,
) -> Vec<Box<dyn Launcher>> {
    let mut launchers = launchers::all(target);
    if target.system != System::Windows {
        return launchers;
    }
    let is_installed_as_task = || {
        let is_ours = |kind: LauncherKind| {
            let launcher = launchers.iter().find(|launcher| launcher.kind() == kind);
            launcher.is_some_and(|launcher| launcher.registration(target, executor).is_ours())
        };
        is_ours(LauncherKind::Task) && !is_ours(LauncherKind::RunKey)
    };
    if request.task || is_installed_as_task() {
        // The task is the last in the list; the others remain as fallback.
        launchers.rotate_right(1);
    } else {
        launchers.retain(|launcher| launcher.kind() != LauncherKind::Task);
    }
    launchers
}

/// Installs with this launcher: files, registration, start, verification, each only where needed.
fn install_with(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    answer: &GatewayAnswer,
    request: InstallRequest,
) -> Result<ServiceReport, AttemptError> {
    // Everything that may be refused comes before the first change.
    for artefact in &launcher.artefacts(target)? {
        executor.check_overwrite(artefact)?;
    }
    refuse_to_displace(target, executor, launcher)?;
    let changes_before = executor.changes().len();
    let running = target.own_daemon(answer);
    let wrote_files = write_files(target, executor, launcher)?;
    if launcher.registering_starts() {
        stop_unsupervised(target, executor, launcher, running)?;
    }
    let registered = register(target, executor, launcher, wrote_files)?;
    unregister_others(target, executor, launcher.kind())?;
    let is_well = running.is_some_and(|identity| is_current(target, executor, launcher, identity));
    let changed = wrote_files || registered || executor.mode.force || request.restart;
    if is_well && !changed {
        let outcome = if executor.changes().len() > changes_before {
            ServiceOutcome::Repaired
        } else {
            ServiceOutcome::AlreadyInstalled
        };
        return Ok(ServiceReport::of(
            outcome,
            launcher.kind(),
            running.cloned(),
        ));
    }
    if executor.mode.dry {
        launcher.start(target, executor)?;
        return Ok(ServiceReport::of(
            ServiceOutcome::Planned,
            launcher.kind(),
            None,
        ));
    }
    let identity = start_and_verify(target, executor, launcher, running, registered)?;
    Ok(ServiceReport::of(
        ServiceOutcome::Installed,
        launcher.kind(),
        Some(identity),
    ))
}

/// Each launcher has one entry for each user, so the daemon of another home would silently lose its.
fn refuse_to_displace(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
) -> Result<()> {
    if executor.mode.force || launcher.registration(target, executor) != Registration::Elsewhere {
        return Ok(());
    }
    Err(Error::Config(format!(
        "a daemon of another home is installed already (as a {}), and there is room for one: \
         uninstall that, or take its place with --force",
        launcher.kind().title()
    )))
}

/// Writes the files, after stopping the daemon where the launcher needs that. Returns whether any file
/// was missing or different.
fn write_files(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
) -> Result<bool> {
    let artefacts = launcher.artefacts(target)?;
    let mut differs = false;
    for artefact in &artefacts {
        differs |= artefact.state()? != ArtefactState::Same;
    }
    for (from, to) in launcher.copies(target) {
        differs |= !files::have_same_content(&from, &to)?;
    }
    if differs && launcher.must_stop_to_change() {
        stop_daemon(target, executor, Some(launcher))?;
    }
    for (from, to) in launcher.copies(target) {
        executor.copy(&from, &to)?;
    }
    for artefact in &artefacts {
        executor.write(artefact)?;
    }
    program::publish(target, executor)?;
    Ok(differs)
}

/// Registers the launcher unless it is registered already. Returns whether it did.
fn register(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    wrote_files: bool,
) -> Result<bool, AttemptError> {
    let is_needed = match launcher.registration(target, executor) {
        Registration::Complete => wrote_files || executor.mode.force,
        Registration::SwitchedOff(by) if !executor.mode.force => {
            executor.note(format!(
                "you switched the entry off in {by}, so it does not start at log-on; \
                 to switch it on again: {}",
                target.command("install --force")
            ));
            false
        }
        _ => true,
    };
    if is_needed {
        launcher
            .register(target, executor)
            .map_err(AttemptError::Refused)?;
    }
    Ok(is_needed)
}

/// Removes every other launcher of this home: two would start two daemons.
fn unregister_others(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    chosen: LauncherKind,
) -> Result<()> {
    let launchers = launchers::all(target);
    // Launchers share files: all of Windows have `daemon.bat`.
    let kept: Vec<_> = launchers
        .iter()
        .filter(|launcher| launcher.kind() == chosen)
        .map(|launcher| launcher.artefacts(target))
        .collect::<Result<Vec<_>>>()?
        .concat();
    for other in launchers
        .iter()
        .filter(|launcher| launcher.kind() != chosen)
    {
        if !other.registration(target, executor).is_ours() {
            continue;
        }
        other.unregister(target, executor)?;
        for artefact in other.artefacts(target)? {
            if kept.iter().all(|kept| kept.path != artefact.path) {
                executor.remove_artefact(&artefact)?;
            }
        }
    }
    Ok(())
}

/// Whether the running daemon may stay: it has this version and the address of the settings, and was
/// started by this launcher as far as the launcher knows the process.
fn is_current(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
    identity: &DaemonIdentity,
) -> bool {
    let is_supervised =
        !launcher.kind().knows_pid() || launcher.status(target, executor).pid == Some(identity.pid);
    let has_address = identity.address == executor.world.probe.address();
    identity.version == VERSION && is_supervised && has_address
}

/// Starts the daemon in place of the running one, and waits until it answers.
fn start_and_verify(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    running: Option<&DaemonIdentity>,
    registered: bool,
) -> Result<DaemonIdentity> {
    if !(registered && launcher.registering_starts()) {
        stop_unsupervised(target, executor, launcher, running)?;
        launcher.start(target, executor)?;
    }
    let former = running.map(|identity| identity.pid);
    verify(target, executor, launcher, former)
}

/// Stops a daemon that this launcher did not start: it holds the lock on the home folder, so the one
/// that the launcher starts would give up.
fn stop_unsupervised(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    running: Option<&DaemonIdentity>,
) -> Result<()> {
    let supervised = launcher.status(target, executor).pid;
    let is_other = running.is_some_and(|identity| supervised != Some(identity.pid));
    if runtime_file::is_held(&target.home)? && (supervised.is_none() || is_other) {
        stop_daemon(target, executor, None)?;
    }
    Ok(())
}
