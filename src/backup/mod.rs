//! Backups: everything that a home holds, of one moment, as an archive that `tar` reads. Made while the daemon runs or
//! while it does not, read back, and put into an empty home.
//!
//! An archive begins with `manifest.json`, which says what follows; then the rows of the store, some thousand a file,
//! the kept files, and what else the home folder has; `end.json` comes last and has a checksum of all before it, so that
//! one that is cut off or damaged is known as such.
//!
//! - `write`: making one. `read`: reading one from front to back. `restore`: making a home of it.
//! - `stream`: one that is read while it is made. `paced`: leaves the machine to others. `kept`: what is known of the last one.
//!
//! Not here: the archive itself (`tar`), the rows (`store`).

mod digest;
mod kept;
mod paced;
mod parts;
mod read;
mod restore;
mod stream;
#[cfg(test)]
mod tests;
mod write;

use std::{fmt, io};

pub use self::{
    kept::{LastBackup, write_last},
    paced::Unhurried,
    parts::Manifest,
    read::{is_backup, verify},
    restore::{ASIDE, Restored, is_occupied, restore},
    stream::{BackupStream, CheckedWriter},
    write::{BackupSource, write_backup},
};
use crate::store::StoreError;

/// What a backup holds, as far as it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// What was said of it at its beginning.
    pub manifest: Manifest,
    /// Rows of the store.
    pub rows: u64,
    /// Kept files.
    pub files: u64,
    /// Kept files whose row was there and whose bytes were not.
    pub missing: u64,
    /// All of it, in bytes.
    pub bytes: u64,
}

/// Why a backup was not made, or cannot be used.
#[derive(Debug)]
pub enum BackupError {
    /// It could not be written: the disk is full, or whoever reads it has gone.
    Write(io::Error),
    /// It could not be read.
    Read(io::Error),
    /// It is not what was written: cut off or changed.
    Damaged(String),
    /// A newer version of this program made it: what that says of itself.
    Newer(String),
    /// The store cannot be read, or be made.
    Store(StoreError),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(error) => write!(f, "the backup cannot be written: {error}"),
            Self::Read(error) => write!(f, "the backup cannot be read: {error}"),
            Self::Damaged(what) => write!(f, "the backup is damaged ({what}); take another one"),
            Self::Newer(what) => write!(
                f,
                "the backup was made by a newer version of this program ({what}); install that version to use it"
            ),
            Self::Store(error) => write!(f, "{error}"),
        }
    }
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a failed read means: the archive itself says where it is wrong.
fn reading(error: io::Error) -> BackupError {
    if is_about_content(&error) {
        BackupError::Damaged(error.to_string())
    } else {
        BackupError::Read(error)
    }
}

/// Whether a read failed because of what was read, not of where it is.
fn is_about_content(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}
