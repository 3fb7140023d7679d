//! The backups that the daemon makes by itself: the settings of the group `BACKUP_*`.
//!
//! A wrong value is a warning and counts as unset. Not here: making them (`daemon`).

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    clock::parse_span,
    config::{
        keys::backups::{DIR, EVERY, KEEP},
        lookup::Lookup,
    },
};

/// The typed settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSettings {
    /// The folder. Absolute.
    pub folder: PathBuf,
    /// The time between two backups.
    pub every: Duration,
    /// How many are kept.
    pub keep: usize,
}

impl BackupSettings {
    /// Reads the settings; `None` where none are to be made.
    pub(in crate::config) fn read(lookup: &Lookup, home: &Path) -> Option<Self> {
        let folder = lookup.text(DIR)?;
        let folder = match folder.strip_prefix("~/") {
            Some(rest) => std::env::home_dir()?.join(rest),
            None => home.join(folder),
        };
        let every = parse_span(lookup.valid_text(EVERY)).filter(|every| !every.is_zero())?;
        let keep = lookup.valid_text(KEEP).parse().unwrap_or(1);
        Some(Self {
            folder,
            every,
            keep,
        })
    }
}
