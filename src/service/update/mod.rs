//! Updating: another program takes the place of this one, and if it does not work, this one comes back, store and
//! all.
//!
//! 1. The new program is written beside the old one and asked for its version and schema.
//! 2. The daemon is stopped. If the schema changes, the store is copied.
//! 3. The old program is kept beside, the new one takes its place: by one rename, except on Windows, where the
//!    old one has to be moved first.
//! 4. The daemon is started and watched (`watch`).
//! 5. Then what was kept is removed; or, at the first thing that fails, everything is put back (`undo`).
//!
//! The `journal` has each step on disk before it begins. A command that is killed is followed by the next start
//! of the daemon, which undoes what was not finished, or counts its own starts and undoes at the fourth, or
//! confirms itself after a while. Only a program that is killed before it can read the journal is beyond that:
//! `cleudocodebot-former update --undo` puts it back.
//!
//! Not here: where the new program comes from and whether it is genuine (`cli`).

mod facts;
mod journal;
mod place;
mod undo;
mod watch;

use std::{path::Path, time::Duration};

pub(super) use self::journal::leftovers;
use self::{
    facts::ProgramFacts,
    journal::{Journal, Step},
};
pub use self::{
    place::sha256,
    undo::{Settled, confirm, settle},
};
use super::{
    launchers::launcher::Launcher,
    lifecycle::{find_launcher, stop_daemon},
    report::{ServiceOutcome, ServiceReport},
    settings,
    system::{change::SystemChange, executor::Executor, files},
    target::InstallTarget,
    verify::{VERSION, verify},
};
use crate::{
    error::{Error, Result},
    fs, store,
};

/// How long a new program is watched after it was ready, unless told.
pub const WATCH: Duration = Duration::from_secs(75);

/// What is to take the place of this program.
#[derive(Debug, Clone, Copy)]
pub struct UpdateRequest<'r> {
    /// The new program.
    pub program: &'r [u8],
    /// How long it is watched after it was ready.
    pub watch: Duration,
}

/// Replaces the program of the daemon and restarts that.
pub fn update(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    request: UpdateRequest<'_>,
) -> Result<ServiceReport> {
    settings::refuse_wrong_user(target)?;
    let launcher = find_launcher(target, executor);
    let program = place::program(target, launcher.as_deref());
    if !executor.mode.force {
        place::refuse_managed(&program)?;
    }
    if executor.mode.dry {
        executor.record(SystemChange::Wrote(program, None));
        return Ok(report(ServiceOutcome::Planned, launcher.as_deref()));
    }
    fs::create_private_dir(&target.home)?;
    let _lock = lock(target)?;
    if let Some(mut left) = Journal::read(&target.home)? {
        stop_daemon(target, executor, launcher.as_deref())?;
        undo::put_back(&target.home, &mut left)?;
    }
    let update = Update::stage(target, executor, &program, request)?;
    update.run(executor, launcher.as_deref(), request.watch)
}

/// Puts the old program back after an update whose command was killed.
pub fn put_back(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<ServiceReport> {
    settings::refuse_wrong_user(target)?;
    let launcher = find_launcher(target, executor);
    let _lock = lock(target)?;
    let Some(mut journal) = Journal::read(&target.home)? else {
        return Err(Error::Failed("no update is under way".to_owned()));
    };
    stop_daemon(target, executor, launcher.as_deref())?;
    undo::put_back(&target.home, &mut journal)?;
    let identity = match launcher.as_deref() {
        Some(launcher) => {
            launcher.start(target, executor)?;
            Some(verify(target, executor, launcher, None)?)
        }
        None => None,
    };
    Ok(ServiceReport {
        identity,
        ..report(ServiceOutcome::PutBack, launcher.as_deref())
    })
}

fn lock(target: &InstallTarget) -> Result<fs::Lock> {
    journal::lock(&target.home)?.ok_or_else(|| {
        Error::Failed("another update is under way; wait until it is done".to_owned())
    })
}

fn report(outcome: ServiceOutcome, launcher: Option<&dyn Launcher>) -> ServiceReport {
    ServiceReport {
        outcome,
        kind: launcher.map(Launcher::kind),
        identity: None,
    }
}

/// An update whose new program lies beside the old one and runs here.
struct Update<'t> {
    target: &'t InstallTarget,
    journal: Journal,
}

impl<'t> Update<'t> {
    /// Writes the new program beside the old one and asks it who it is. If that fails, nothing was changed.
    fn stage(
        target: &'t InstallTarget,
        executor: &Executor<'_>,
        program: &Path,
        request: UpdateRequest<'_>,
    ) -> Result<Self> {
        let staged = place::staged(program);
        (executor.world.progress)("checking the new program …");
        files::remove_set_aside(program);
        fs::write_program(&staged, request.program)?;
        let facts = ProgramFacts::ask(executor, &staged).and_then(|facts| {
            facts.check()?;
            Ok(facts)
        });
        let facts = facts.inspect_err(|_| drop(fs::remove_if_there(&staged)))?;
        let journal = Journal {
            step: Step::Staged,
            from: VERSION.to_owned(),
            to: facts.version.clone(),
            program: program.to_owned(),
            sha256: sha256(request.program),
            copies_store: facts.changes_store() && target.home.join(store::FILE).is_file(),
            has_run: false,
            starts: 0,
        };
        journal
            .write(&target.home)
            .inspect_err(|_| drop(fs::remove_if_there(&staged)))?;
        Ok(Self { target, journal })
    }

    /// Does the rest, and undoes all of it where a part fails.
    fn run(
        mut self,
        executor: &mut Executor<'_>,
        launcher: Option<&dyn Launcher>,
        watch: Duration,
    ) -> Result<ServiceReport> {
        let done = self.replace(executor, launcher);
        let done = done.and_then(|was_running| {
            if let Some(launcher) = launcher {
                return self.start(executor, launcher, watch).map(Some);
            }
            if was_running {
                executor.note("the daemon is not installed: start it again as you did before");
            }
            Ok(None)
        });
        let identity = match done {
            Ok(identity) => identity,
            Err(why) => return Err(self.undo(executor, launcher, &why)),
        };
        undo::keep(&self.target.home, &self.journal)?;
        Ok(ServiceReport {
            identity,
            ..report(ServiceOutcome::Updated, launcher)
        })
    }

    /// Stops the daemon and puts the new program in place; whether the daemon ran.
    fn replace(
        &mut self,
        executor: &mut Executor<'_>,
        launcher: Option<&dyn Launcher>,
    ) -> Result<bool> {
        let home = &self.target.home;
        self.journal.go_on(home, Step::Copying)?;
        (executor.world.progress)("stopping the daemon …");
        let was_running = stop_daemon(self.target, executor, launcher)?;
        if self.journal.copies_store {
            (executor.world.progress)("copying the message file …");
            copy_store(home)?;
        }
        self.journal.go_on(home, Step::Swapping)?;
        (executor.world.progress)("replacing the program …");
        swap(&self.journal.program)?;
        executor.record(SystemChange::Wrote(self.journal.program.clone(), None));
        Ok(was_running)
    }

    fn start(
        &mut self,
        executor: &mut Executor<'_>,
        launcher: &dyn Launcher,
        watch: Duration,
    ) -> Result<super::system::probe::DaemonIdentity> {
        let target = self.target;
        self.journal.go_on(&target.home, Step::Started)?;
        (executor.world.progress)("starting the new program …");
        launcher.start(target, executor)?;
        let identity = watch::until_ready(target, executor, &self.journal.to);
        let identity = identity.map_err(Error::Failed)?;
        (executor.world.progress)(&format!(
            "version {} is ready; watching it for {} s …",
            identity.version,
            watch.as_secs()
        ));
        watch::stays(target, executor, &identity, watch).map_err(Error::Failed)?;
        Ok(identity)
    }

    /// Puts everything back and starts the old daemon; the error says why, and how that went.
    fn undo(
        &mut self,
        executor: &mut Executor<'_>,
        launcher: Option<&dyn Launcher>,
        why: &Error,
    ) -> Error {
        let (target, to) = (self.target, self.journal.to.clone());
        (executor.world.progress)("putting the old program back …");
        let has_kept = self.journal.copies_store && self.journal.has_run;
        let undone = stop_daemon(target, executor, launcher)
            .and_then(|_| undo::put_back(&target.home, &mut self.journal))
            .and_then(|()| match launcher {
                Some(launcher) => launcher
                    .start(target, executor)
                    .and_then(|()| verify(target, executor, launcher, None).map(drop)),
                None => Ok(()),
            });
        let kept = place::store_of(&target.home.join(store::FILE), &to);
        let kept = if has_kept && kept.is_file() {
            format!("; what it wrote meanwhile is in {}", kept.display())
        } else {
            String::new()
        };
        Error::Failed(match undone {
            Ok(()) => format!(
                "version {to} was not put in place: {why}; version {VERSION} is there as before{kept}"
            ),
            Err(error) => format!(
                "version {to} was not put in place: {why}; putting version {VERSION} back failed too: {error}; \
                 next: {}",
                target.command("update --undo")
            ),
        })
    }
}

/// Copies the store, durably; the daemon is stopped.
fn copy_store(home: &Path) -> Result<()> {
    let store = home.join(store::FILE);
    let copy = place::store_copy(&store);
    fs::create_private_file(&copy)?;
    std::fs::copy(&store, &copy)
        .and_then(|_| std::fs::File::options().write(true).open(&copy)?.sync_all())
        .and_then(|()| fs::sync_folder_of(&copy))
        // The old program needs what room there is to go on.
        .inspect_err(|_| drop(fs::remove_if_there(&copy)))
        .map_err(Error::file("copy the message file to", &copy))
}

/// Keeps the old program beside and puts the new one in its place.
fn swap(program: &Path) -> Result<()> {
    let (staged, former) = (place::staged(program), place::former(program));
    if cfg!(windows) {
        // Its file may be that of this command, which can be renamed but not replaced.
        fs::remove_if_there(&former)
            .or_else(|_| files::set_aside(&former).map(drop))
            .and_then(|()| std::fs::rename(program, &former))
            .map_err(Error::file("move aside", program))?;
    } else {
        fs::copy_program(program, &former)?;
    }
    std::fs::rename(&staged, program)
        .and_then(|()| fs::sync_folder_of(program))
        .map_err(Error::file("replace", program))
}
