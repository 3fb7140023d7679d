//! The hand of an installation: every file it writes and every command it runs goes through here, is
//! written down, and is left undone in a dry run.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    artefact::{Artefact, Standing},
    command::{Effect, Launch, Outcome, Runner, SystemCommand},
    probe::{Answer, GatewayProbe},
};
use crate::{
    error::{Error, Result},
    fs as files, random,
};

/// What an installation reaches the world through.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Runs commands.
    pub runner: &'a dyn Runner,
    /// Asks the gateway.
    pub probe: &'a dyn GatewayProbe,
    /// Waits.
    pub pause: &'a dyn Fn(Duration),
    /// Shows a person how it goes on.
    pub progress: &'a dyn Fn(&str),
}

/// How thorough to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mode {
    /// Change nothing, only tell.
    pub dry: bool,
    /// Replace files that are not ours and restart what runs.
    pub force: bool,
}

/// One thing that was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A file was written, and with what where that is no secret.
    Wrote(PathBuf, Option<String>),
    /// A file was moved aside.
    BackedUp(PathBuf, PathBuf),
    /// A program was copied.
    Copied(PathBuf, PathBuf),
    /// A file or folder was removed.
    Removed(PathBuf),
    /// A command was run.
    Ran(String),
    /// A command was run and did not succeed, which was expected to happen.
    Failed(String, String),
    /// A process was started in the background.
    Launched(String),
    /// The gateway was asked for something.
    Asked(&'static str),
}

/// Does what it is told and keeps account of it.
pub struct Executor<'a> {
    /// What it reaches the world through.
    pub world: World<'a>,
    /// How thorough it is.
    pub mode: Mode,
    changes: Vec<Change>,
    notes: Vec<String>,
}

impl<'a> Executor<'a> {
    /// A hand that has done nothing yet.
    pub fn new(world: World<'a>, mode: Mode) -> Self {
        Self {
            world,
            mode,
            changes: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Everything done so far.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Everything a person should hear.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Keeps something a person should hear, once.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Writes down what was done elsewhere.
    pub fn did(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Runs a command that changes nothing, in a dry run as well.
    pub fn look(&self, command: &SystemCommand) -> Outcome {
        debug_assert_eq!(command.effect, Effect::Looks, "{command}");
        self.world.runner.run(command)
    }

    /// Runs a command that may fail.
    pub fn attempt(&mut self, command: &SystemCommand) -> Outcome {
        debug_assert_eq!(command.effect, Effect::Changes, "{command}");
        if self.mode.dry {
            self.changes.push(Change::Ran(command.to_string()));
            return Outcome::Exited {
                code: 0,
                stdout: Vec::new(),
                stderr: Vec::new(),
            };
        }
        let outcome = self.world.runner.run(command);
        self.changes.push(if outcome.succeeded() {
            Change::Ran(command.to_string())
        } else {
            Change::Failed(command.to_string(), outcome.complaint())
        });
        outcome
    }

    /// Runs a command that must succeed.
    pub fn demand(&mut self, command: &SystemCommand) -> Result<()> {
        let outcome = self.attempt(command);
        if outcome.succeeded() {
            return Ok(());
        }
        let complaint = outcome.complaint();
        Err(Error::Failed(format!("`{command}` failed: {complaint}")))
    }

    /// Starts a process and leaves it alone.
    pub fn launch(&mut self, launch: &Launch) -> Result<Option<u32>> {
        self.changes.push(Change::Launched(launch.to_string()));
        if self.mode.dry {
            return Ok(None);
        }
        self.world.runner.launch(launch).map(Some)
    }

    /// Asks the gateway to stop; whether it agreed.
    pub fn shut_down(&mut self) -> bool {
        self.changes.push(Change::Asked("stop"));
        self.mode.dry || self.world.probe.shut_down().is_ok()
    }

    /// Who answers on the port.
    pub fn ask(&self) -> Answer {
        self.world.probe.ask()
    }

    /// Refuses to go on where a file stands that is not ours to replace.
    pub fn may_write(&self, artefact: &Artefact) -> Result<()> {
        let path = artefact.path.display();
        let what = match artefact.standing()? {
            Standing::Foreign => "was not written by cleudocodebot",
            Standing::Edited => "was changed by hand",
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

    /// Makes a file what it shall be. True where it was not.
    pub fn write(&mut self, artefact: &Artefact) -> Result<bool> {
        self.sweep_beside(&artefact.path);
        let standing = artefact.standing()?;
        if standing == Standing::Same {
            return Ok(false);
        }
        self.may_write(artefact)?;
        if matches!(standing, Standing::Foreign | Standing::Edited) {
            self.back_up(artefact)?;
        }
        self.changes
            .push(Change::Wrote(artefact.path.clone(), Some(artefact.shown())));
        if !self.mode.dry {
            create_parent(&artefact.path)?;
            files::write_atomic_readable(&artefact.path, &artefact.bytes)?;
        }
        Ok(true)
    }

    /// Removes what a run that was killed left half-written beside the file.
    fn sweep_beside(&mut self, path: &Path) {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return;
        };
        if self.mode.dry {
            return;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if files::is_temporary_for(&entry.file_name(), name) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn back_up(&mut self, artefact: &Artefact) -> Result<()> {
        let (from, to) = (&artefact.path, &artefact.backup);
        self.changes
            .push(Change::BackedUp(from.clone(), to.clone()));
        if self.mode.dry {
            return Ok(());
        }
        create_parent(to)?;
        fs::rename(from, to).map_err(Error::file("move aside", from))
    }

    /// Takes back a file of ours. One that was changed by hand is kept as backup, a foreign one is
    /// left; both are said.
    pub fn take_back(&mut self, artefact: &Artefact) -> Result<()> {
        self.sweep_beside(&artefact.path);
        match artefact.standing()? {
            Standing::Missing => Ok(()),
            Standing::Same | Standing::Outdated => self.remove(&artefact.path),
            Standing::Edited => {
                let (path, backup) = (artefact.path.display(), artefact.backup.display());
                self.note(format!("{path} was changed by hand; kept as {backup}"));
                self.back_up(artefact)
            }
            Standing::Foreign => {
                let path = artefact.path.display();
                self.note(format!(
                    "{path} was not written by cleudocodebot and is left"
                ));
                Ok(())
            }
        }
    }

    /// Copies a program where it is not the same already. True where it was not.
    pub fn copy(&mut self, from: &Path, to: &Path) -> Result<bool> {
        if same_content(from, to)? {
            return Ok(false);
        }
        self.changes
            .push(Change::Copied(from.to_owned(), to.to_owned()));
        if !self.mode.dry {
            create_parent(to)?;
            files::copy_program(from, to).or_else(|error| {
                // Windows does not replace a program that runs, but lets it be moved.
                set_aside(to).map_err(|_| error)?;
                files::copy_program(from, to)
            })?;
        }
        Ok(true)
    }

    /// Whether one is not the same as the other.
    pub fn differs(&self, from: &Path, to: &Path) -> Result<bool> {
        same_content(from, to).map(|same| !same)
    }

    /// Removes a file, where there is one.
    pub fn remove(&mut self, path: &Path) -> Result<()> {
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        if self.mode.dry {
            self.changes.push(Change::Removed(path.to_owned()));
            return Ok(());
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::file("remove", path)(error));
            }
            _ => self.changes.push(Change::Removed(path.to_owned())),
        }
        Ok(())
    }

    /// Removes a folder that holds nothing (any more).
    pub fn remove_empty_folder(&mut self, path: &Path) {
        if !self.mode.dry && fs::remove_dir(path).is_ok() {
            self.changes.push(Change::Removed(path.to_owned()));
        }
    }

    /// Removes a folder and everything in it.
    pub fn remove_folder(&mut self, path: &Path) -> Result<()> {
        if !path.is_dir() {
            return Ok(());
        }
        self.changes.push(Change::Removed(path.to_owned()));
        if self.mode.dry {
            return Ok(());
        }
        fs::remove_dir_all(path).map_err(Error::file("remove", path))
    }
}

/// Moves a program to the folder of temporary files, and tells where it is now.
pub(in crate::service) fn set_aside(program: &Path) -> io::Result<PathBuf> {
    let name = random::hex(&random::bytes::<6>());
    let aside = std::env::temp_dir().join(format!("cleudocodebot-{name}.old"));
    fs::rename(program, &aside)?;
    Ok(aside)
}

fn create_parent(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(Error::file("create the folder", folder))
}

/// Both are read whole: programs of a few megabytes.
fn same_content(one: &Path, other: &Path) -> Result<bool> {
    let length = |path: &Path| fs::metadata(path).map(|metadata| metadata.len()).ok();
    if length(other).is_none() || length(one) != length(other) {
        return Ok(false);
    }
    let read = |path: &Path| fs::read(path).map_err(Error::file("read", path));
    Ok(read(one)? == read(other)?)
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrote(path, _) => write!(f, "write   {}", path.display()),
            Self::BackedUp(from, to) => write!(f, "keep    {} as {}", from.display(), to.display()),
            Self::Copied(from, to) => write!(f, "copy    {} to {}", from.display(), to.display()),
            Self::Removed(path) => write!(f, "remove  {}", path.display()),
            Self::Ran(command) => write!(f, "run     {command}"),
            Self::Failed(command, why) => write!(f, "run     {command} ({why})"),
            Self::Launched(command) => write!(f, "start   {command}"),
            Self::Asked(what) => write!(f, "ask     the daemon to {what}"),
        }
    }
}

impl Change {
    /// As in JSON.
    pub fn json(&self) -> Value {
        match self {
            Self::Wrote(path, text) => json!({"did": "write", "path": path.display().to_string(),
                "text": text}),
            Self::BackedUp(from, to) => json!({"did": "keep", "path": from.display().to_string(),
                "as": to.display().to_string()}),
            Self::Copied(from, to) => json!({"did": "copy", "from": from.display().to_string(),
                "path": to.display().to_string()}),
            Self::Removed(path) => json!({"did": "remove", "path": path.display().to_string()}),
            Self::Ran(command) => json!({"did": "run", "command": command}),
            Self::Failed(command, why) => {
                json!({"did": "run", "command": command, "failed": why})
            }
            Self::Launched(command) => json!({"did": "start", "command": command}),
            Self::Asked(what) => json!({"did": "ask", "what": what}),
        }
    }
}
