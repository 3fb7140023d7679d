//! The executor: every file that a procedure writes and every command that it runs goes through here,
//! is recorded, and is skipped in a dry run.

use std::{fs, path::Path, time::Duration};

use super::{
    artefact::{Artefact, ArtefactState},
    change::SystemChange,
    command::{CommandEffect, CommandOutcome, CommandRunner, Launch, SystemCommand},
    files,
    probe::{GatewayAnswer, GatewayProbe},
};
use crate::{
    error::{Error, Result},
    fs::remove_if_there,
};

/// What an executor acts through; tests pass their own.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Runs commands.
    pub runner: &'a dyn CommandRunner,
    /// Asks the gateway.
    pub probe: &'a dyn GatewayProbe,
    /// Sleeps.
    pub pause: &'a dyn Fn(Duration),
    /// Shows the user a line while a procedure waits.
    pub progress: &'a dyn Fn(&str),
}

/// How an executor treats what it is told to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExecutorMode {
    /// Record every change and make none.
    pub dry: bool,
    /// Replace files that we did not write, and restart what runs.
    pub force: bool,
}

/// Makes changes to the machine and records them.
pub struct Executor<'a> {
    /// What it acts through.
    pub world: World<'a>,
    /// How it treats what it is told to do.
    pub mode: ExecutorMode,
    changes: Vec<SystemChange>,
    notes: Vec<String>,
}

impl<'a> Executor<'a> {
    /// An executor without any changes so far.
    pub fn new(world: World<'a>, mode: ExecutorMode) -> Self {
        Self {
            world,
            mode,
            changes: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// All changes so far, oldest first.
    pub fn changes(&self) -> &[SystemChange] {
        &self.changes
    }

    /// What the user should read after the procedure.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds a note for the user, unless it is there already.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Records a change that the caller made without the executor.
    pub fn record(&mut self, change: SystemChange) {
        self.changes.push(change);
    }

    /// Runs a read-only command, in a dry run as well.
    pub fn query(&self, command: &SystemCommand) -> CommandOutcome {
        debug_assert_eq!(command.effect, CommandEffect::ReadOnly, "{command}");
        self.world.runner.run(command)
    }

    /// Runs a command that may fail.
    pub fn try_run(&mut self, command: &SystemCommand) -> CommandOutcome {
        debug_assert_eq!(command.effect, CommandEffect::Modifies, "{command}");
        if self.mode.dry {
            self.changes.push(SystemChange::Ran(command.to_string()));
            return CommandOutcome::Exited {
                code: 0,
                stdout: Vec::new(),
                stderr: Vec::new(),
            };
        }
        let outcome = self.world.runner.run(command);
        self.changes.push(if outcome.succeeded() {
            SystemChange::Ran(command.to_string())
        } else {
            SystemChange::Failed(command.to_string(), outcome.failure())
        });
        outcome
    }

    /// Runs a command that must succeed.
    pub fn run(&mut self, command: &SystemCommand) -> Result<()> {
        let outcome = self.try_run(command);
        if outcome.succeeded() {
            return Ok(());
        }
        Err(Error::Failed(format!(
            "`{command}` failed: {}",
            outcome.failure()
        )))
    }

    /// Starts a process that outlives this one; `None` in a dry run.
    pub fn launch(&mut self, launch: &Launch) -> Result<Option<u32>> {
        self.changes
            .push(SystemChange::Launched(launch.to_string()));
        if self.mode.dry {
            return Ok(None);
        }
        self.world.runner.launch(launch).map(Some)
    }

    /// Asks the gateway to stop; whether it agreed.
    pub fn ask_to_stop(&mut self) -> bool {
        self.changes.push(SystemChange::Asked("stop"));
        self.mode.dry || self.world.probe.shut_down().is_ok()
    }

    /// Asks who answers on the port.
    pub fn ask_gateway(&self) -> GatewayAnswer {
        self.world.probe.ask()
    }

    /// Fails where [`Self::write`] would replace a file that is not ours or was edited.
    pub fn check_overwrite(&self, artefact: &Artefact) -> Result<()> {
        let path = artefact.path.display();
        let what = match artefact.state()? {
            ArtefactState::Foreign => "was not written by cleudocodebot",
            ArtefactState::Edited => "was changed by hand",
            _ => return Ok(()),
        };
        if self.mode.force {
            return Ok(());
        }
        let backup = artefact.backup.display();
        Err(Error::Config(format!(
            "{path} {what} and is left alone; --force keeps it as {backup} and writes it anew"
        )))
    }

    /// Writes a file unless it has these bytes already.
    pub fn write(&mut self, artefact: &Artefact) -> Result<()> {
        self.remove_temporary_files(&artefact.path);
        let state = artefact.state()?;
        if state == ArtefactState::Same {
            return Ok(());
        }
        self.check_overwrite(artefact)?;
        if matches!(state, ArtefactState::Foreign | ArtefactState::Edited) {
            self.back_up(artefact)?;
        }
        self.changes.push(SystemChange::Wrote(
            artefact.path.clone(),
            Some(artefact.shown()),
        ));
        if self.mode.dry {
            return Ok(());
        }
        files::create_parent(&artefact.path)?;
        crate::fs::write_atomic_readable(&artefact.path, &artefact.bytes)
    }

    /// Removes what a run that was killed left half-written beside the file.
    fn remove_temporary_files(&self, path: &Path) {
        if let (false, Some(folder), Some(name)) = (self.mode.dry, path.parent(), path.file_name())
        {
            crate::fs::remove_temporary_files(folder, Some(name), |_| true);
        }
    }

    fn back_up(&mut self, artefact: &Artefact) -> Result<()> {
        let (from, to) = (&artefact.path, &artefact.backup);
        self.changes
            .push(SystemChange::BackedUp(from.clone(), to.clone()));
        if self.mode.dry {
            return Ok(());
        }
        files::create_parent(to)?;
        fs::rename(from, to).map_err(Error::file("move aside", from))
    }

    /// Removes a file that we wrote. One that was edited since is kept as backup, one that we did not
    /// write is left in place; the notes say so.
    pub fn remove_artefact(&mut self, artefact: &Artefact) -> Result<()> {
        self.remove_temporary_files(&artefact.path);
        match artefact.state()? {
            ArtefactState::Missing => Ok(()),
            ArtefactState::Same | ArtefactState::Outdated => self.remove(&artefact.path),
            ArtefactState::Edited => {
                let (path, backup) = (artefact.path.display(), artefact.backup.display());
                self.note(format!("{path} was changed by hand; kept as {backup}"));
                self.back_up(artefact)
            }
            ArtefactState::Foreign => {
                let path = artefact.path.display();
                self.note(format!(
                    "{path} was not written by cleudocodebot and is left"
                ));
                Ok(())
            }
        }
    }

    /// Copies a program unless the same bytes are there already.
    pub fn copy(&mut self, from: &Path, to: &Path) -> Result<()> {
        if files::have_same_content(from, to)? {
            return Ok(());
        }
        self.changes
            .push(SystemChange::Copied(from.to_owned(), to.to_owned()));
        if self.mode.dry {
            return Ok(());
        }
        files::copy_program(from, to)
    }

    /// Makes a link to a program, where there is none to it and nothing of the user's own. Whether it did.
    pub fn link(&mut self, to: &Path, link: &Path) -> Result<bool> {
        if link.symlink_metadata().is_ok() {
            if !fs::read_link(link).is_ok_and(|found| found == to) {
                let link = link.display();
                self.note(format!("{link} is another program and stays as it is"));
            }
            return Ok(false);
        }
        self.changes
            .push(SystemChange::Linked(link.to_owned(), to.to_owned()));
        if !self.mode.dry {
            files::link_program(to, link)?;
        }
        Ok(true)
    }

    /// Removes a file if it exists.
    pub fn remove(&mut self, path: &Path) -> Result<()> {
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        if self.mode.dry {
            self.changes.push(SystemChange::Removed(path.to_owned()));
            return Ok(());
        }
        remove_if_there(path).map_err(Error::file("remove", path))?;
        self.changes.push(SystemChange::Removed(path.to_owned()));
        Ok(())
    }

    /// Removes a folder if it is empty.
    pub fn remove_empty_folder(&mut self, path: &Path) {
        if !self.mode.dry && fs::remove_dir(path).is_ok() {
            self.changes.push(SystemChange::Removed(path.to_owned()));
        }
    }

    /// Removes a folder and everything in it.
    pub fn remove_folder(&mut self, path: &Path) -> Result<()> {
        if !path.is_dir() {
            return Ok(());
        }
        self.changes.push(SystemChange::Removed(path.to_owned()));
        if self.mode.dry {
            return Ok(());
        }
        fs::remove_dir_all(path).map_err(Error::file("remove", path))
    }
}
