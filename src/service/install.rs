//! Installing: from whatever stands there to a daemon that answers and comes back.
//!
//! Every step looks before it acts, so a second run finds nothing to do and a run after one that was
//! killed goes on where that one ended.

use super::{
    launchers::{
        self,
        launcher::{Kind, Launcher, Registration},
    },
    lifecycle::halt,
    report::{Outcome, Report},
    settings,
    state::port_trouble,
    system::{
        artefact::Standing,
        executor::Executor,
        probe::{Answer, Identity},
        runtime_file,
    },
    target::{InstallTarget, System},
    verify::{VERSION, is_home, verify},
};
use crate::error::{Error, Result};

/// What the user wishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InstallRequest {
    /// A scheduled task in place of the Run value.
    pub task: bool,
    /// The settings were changed, so a daemon that runs has to start anew.
    pub restart: bool,
}

/// Installs the daemon, starts it and waits until it answers.
pub fn install(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    request: InstallRequest,
) -> Result<Report> {
    settings::refuse_wrong_user(target)?;
    settings::ensure(target, executor)?;
    let answer = executor.ask();
    if let Some(trouble) = port_trouble(target, executor, &answer) {
        return Err(trouble);
    }
    let mut refusals = Vec::new();
    for launcher in candidates(target, executor, request) {
        match launcher.open(target, executor) {
            Err(error @ (Error::Usage(_) | Error::Config(_))) => return Err(error),
            Err(error) => refusals.push((launcher.kind(), error)),
            Ok(()) => match put(target, executor, launcher.as_ref(), &answer, request) {
                Err(Refused::By(error)) => refusals.push((launcher.kind(), error)),
                Err(Refused::Failed(error)) => return Err(error),
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

/// Why a way did not work out.
enum Refused {
    /// The system refused to register it: another way may do.
    By(Error),
    /// Nothing else would do better.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn explain(executor: &mut Executor<'_>, refusals: &[(Kind, Error)], chosen: Kind) {
    for (kind, error) in refusals {
        executor.note(format!(
            "no {}, but a {}: {error}",
            kind.title(),
            chosen.title()
        ));
    }
    if chosen == Kind::Autostart {
        executor.note(
            "the daemon runs in the background now and nothing brings it back after a crash; \
             in the foreground it runs with: cleudocodebot daemon",
        );
    }
}

/// The ways to try, in order. What is there already is kept, unless another is wished for.
fn candidates(
    target: &InstallTarget,
    executor: &Executor<'_>,
    request: InstallRequest,
) -> Vec<Box<dyn Launcher>> {
    let mut ways = launchers::all(target);
    if target.system != System::Windows {
        return ways;
    }
    let keeps_task = || {
        let known = |kind: Kind| {
            let launcher = ways.iter().find(|launcher| launcher.kind() == kind);
            launcher.is_some_and(|launcher| launcher.registration(target, executor).is_ours())
        };
        known(Kind::Task) && !known(Kind::RunKey)
    };
    if request.task || keeps_task() {
        ways.rotate_right(1);
    } else {
        ways.retain(|launcher| launcher.kind() != Kind::Task);
    }
    ways
}

fn put(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    answer: &Answer,
    request: InstallRequest,
) -> Result<Report, Refused> {
    for artefact in &launcher.artefacts(target)? {
        executor.may_write(artefact)?;
    }
    refuse_to_displace(target, executor, launcher)?;
    let done_before = executor.changes().len();
    let running = match answer {
        Answer::Ours(identity) if is_home(target, &identity.home) => Some(identity),
        _ => None,
    };
    let fresh = place(target, executor, launcher)?;
    if launcher.registering_starts() {
        make_room(target, executor, launcher, running)?;
    }
    let registered = register(target, executor, launcher, fresh)?;
    remove_others(target, executor, launcher.kind())?;
    let is_well = running.is_some_and(|identity| serves(target, executor, launcher, identity));
    let changed = fresh || registered || executor.mode.force || request.restart;
    if is_well && !changed {
        let outcome = if executor.changes().len() > done_before {
            Outcome::Repaired
        } else {
            Outcome::AlreadyInstalled
        };
        return Ok(Report::of(outcome, launcher.kind(), running.cloned()));
    }
    if executor.mode.dry {
        launcher.start(target, executor)?;
        return Ok(Report::of(Outcome::Planned, launcher.kind(), None));
    }
    let identity = begin(target, executor, launcher, running, registered)?;
    Ok(Report::of(
        Outcome::Installed,
        launcher.kind(),
        Some(identity),
    ))
}

/// There is room for one daemon a user; another home's must not vanish by accident.
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

/// Writes the files, with the daemon at rest where that matters. True where one was not as it should.
fn place(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
) -> Result<bool> {
    let artefacts = launcher.artefacts(target)?;
    let mut differs = false;
    for artefact in &artefacts {
        differs |= artefact.standing()? != Standing::Same;
    }
    for (from, to) in launcher.copies(target) {
        differs |= executor.differs(&from, &to)?;
    }
    if differs && launcher.must_rest_to_change() {
        halt(target, executor, Some(launcher))?;
    }
    for (from, to) in launcher.copies(target) {
        executor.copy(&from, &to)?;
    }
    for artefact in &artefacts {
        executor.write(artefact)?;
    }
    Ok(differs)
}

/// Whether something had to be registered.
fn register(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    fresh: bool,
) -> Result<bool, Refused> {
    let wanted = match launcher.registration(target, executor) {
        Registration::Complete => fresh || executor.mode.force,
        Registration::SwitchedOff(by) if !executor.mode.force => {
            executor.note(format!(
                "you switched the entry off in {by}, so it does not start at log-on; \
                 on again: {}",
                target.command("install --force")
            ));
            false
        }
        _ => true,
    };
    if wanted {
        launcher.register(target, executor).map_err(Refused::By)?;
    }
    Ok(wanted)
}

/// Only one way is left installed.
fn remove_others(target: &InstallTarget, executor: &mut Executor<'_>, chosen: Kind) -> Result<()> {
    let ways = launchers::all(target);
    let kept: Vec<_> = ways
        .iter()
        .filter(|launcher| launcher.kind() == chosen)
        .map(|launcher| launcher.artefacts(target))
        .collect::<Result<Vec<_>>>()?
        .concat();
    for other in ways.iter().filter(|launcher| launcher.kind() != chosen) {
        if !other.registration(target, executor).is_ours() {
            continue;
        }
        other.unregister(target, executor)?;
        for artefact in other.artefacts(target)? {
            if kept.iter().all(|kept| kept.path != artefact.path) {
                executor.take_back(&artefact)?;
            }
        }
    }
    Ok(())
}

/// Whether the daemon that answers needs nothing: right version and port, and started by
/// this way where that can be told.
fn serves(
    target: &InstallTarget,
    executor: &Executor<'_>,
    launcher: &dyn Launcher,
    identity: &Identity,
) -> bool {
    let watches = matches!(
        launcher.kind(),
        Kind::UserUnit | Kind::MachineUnit | Kind::LaunchAgent
    );
    let started_here = !watches || launcher.condition(target, executor).pid == Some(identity.pid);
    let where_it_should = identity.address == executor.world.probe.address();
    identity.version == VERSION && started_here && where_it_should
}

/// Starts the daemon, in place of one that runs from elsewhere.
fn begin(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    running: Option<&Identity>,
    registered: bool,
) -> Result<Identity> {
    if !(registered && launcher.registering_starts()) {
        make_room(target, executor, launcher, running)?;
        launcher.start(target, executor)?;
    }
    verify(
        target,
        executor,
        launcher,
        running.map(|identity| identity.pid),
    )
}

/// Ends a daemon that was not started by this way: a home has room for one.
fn make_room(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
    running: Option<&Identity>,
) -> Result<()> {
    let watched = launcher.condition(target, executor).pid;
    let is_other = running.is_some_and(|identity| watched != Some(identity.pid));
    if runtime_file::is_held(&target.home)? && (watched.is_none() || is_other) {
        halt(target, executor, None)?;
    }
    Ok(())
}
