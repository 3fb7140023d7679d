//! The journal of an update in the home folder: how far it has come, so that whoever comes after a kill can finish
//! or undo it. Each step is on the disk before what it names is begun.
//!
//! Not here: what the steps do (`super`), undoing them (`undo`).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{
    error::{Error, Result},
    fs,
};

/// The journal's name in the home folder.
const FILE: &str = "update.json";

/// Held while an update runs.
const LOCK: &str = "update.lock";

/// A step that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// The new program lies beside the old one; nothing else was touched.
    Staged,
    /// The daemon is stopped and the store being copied.
    Copying,
    /// The program is being replaced.
    Swapping,
    /// The new program may have run.
    Started,
    /// The old program, and the store if it was copied, are being put back.
    Undoing,
}

impl Step {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Staged, "staged"),
        (Self::Copying, "copying"),
        (Self::Swapping, "swapping"),
        (Self::Started, "started"),
        (Self::Undoing, "undoing"),
    ];

    fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(step, _)| *step == self);
        found.map_or("undoing", |(_, name)| name)
    }

    fn parse(text: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text);
        found.map(|(step, _)| *step)
    }
}

/// An update that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) step: Step,
    /// The version before.
    pub(super) from: String,
    /// The new version.
    pub(super) to: String,
    /// The program that is replaced.
    pub(super) program: PathBuf,
    /// SHA-256 of the new one.
    pub(super) sha256: String,
    /// Whether the store was copied, since the new program changes its schema.
    pub(super) copies_store: bool,
    /// Whether the new program may have written to the store.
    pub(super) has_run: bool,
    /// How often the new program started without anybody watching.
    pub(super) starts: u64,
}

impl Journal {
    /// Reads the journal of a home folder; `None` where no update is under way.
    pub(super) fn read(home: &Path) -> Result<Option<Self>> {
        let path = path(home);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file("read the file", &path)(error)),
        };
        let fields: Value = serde_json::from_str(&text).unwrap_or_default();
        Self::of(&fields).map(Some).ok_or_else(|| {
            Error::Failed(format!(
                "{} is not a journal of an update; if the daemon runs as it should, remove it",
                path.display()
            ))
        })
    }

    fn of(fields: &Value) -> Option<Self> {
        let text = |name: &str| fields[name].as_str().map(str::to_owned);
        Some(Self {
            step: Step::parse(fields["step"].as_str()?)?,
            from: text("from")?,
            to: text("to")?,
            program: PathBuf::from(text("program")?),
            sha256: text("sha256")?,
            copies_store: fields["copies_store"].as_bool()?,
            has_run: fields["has_run"].as_bool()?,
            starts: fields["starts"].as_u64()?,
        })
    }

    /// Writes it, durably.
    pub(super) fn write(&self, home: &Path) -> Result<()> {
        let fields = json!({"step": self.step.as_str(), "from": self.from, "to": self.to,
            "program": self.program.display().to_string(), "sha256": self.sha256,
            "copies_store": self.copies_store, "has_run": self.has_run, "starts": self.starts});
        fs::write_atomic(&path(home), format!("{fields}\n").as_bytes())
    }

    /// Writes it with another step.
    pub(super) fn go_on(&mut self, home: &Path, step: Step) -> Result<()> {
        self.step = step;
        self.has_run |= step == Step::Started;
        self.write(home)
    }

    /// Ends it: from here on nothing is undone.
    pub(super) fn end(home: &Path) -> Result<()> {
        let path = path(home);
        fs::remove_if_there(&path)
            .and_then(|()| fs::sync_folder_of(&path))
            .map_err(Error::file("remove", &path))
    }
}

/// Where the journal is.
pub(super) fn path(home: &Path) -> PathBuf {
    home.join(FILE)
}

/// The files of updates in a home folder.
pub(in crate::service) fn leftovers(home: &Path) -> [PathBuf; 2] {
    [path(home), home.join(LOCK)]
}

/// Whether there ever was an update in this home folder.
pub(super) fn was_locked(home: &Path) -> bool {
    home.join(LOCK).exists()
}

/// Takes the lock of updates; `None` while another process has it.
pub(super) fn lock(home: &Path) -> Result<Option<fs::Lock>> {
    fs::Lock::try_take(&home.join(LOCK))
}
