//! Saving what can be read of a damaged file into a new one. The damaged file is kept under another
//! name, and the new one takes its place only when it is complete.
//!
//! Messages, their changes and what authors changed of them are copied as they are: with their numbers,
//! keys and times. Everything that follows from them, such as the index, is made anew. Rows that the
//! trees of the file no longer lead to are looked for in every page.
//!
//! Here: the order of it, and the report. `rows` collects, `rebuild` makes the rest.

mod media;
mod rebuild;
mod rows;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    backend::{
        Backend,
        redb::{DamagedFile, Redb, marker_of},
    },
    error::StoreError,
    schema,
};
use crate::{
    clock::Utc,
    error::{Error, Result},
    fs,
};

/// What was saved, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Where the damaged file is now.
    pub kept_as: PathBuf,
    /// Whether the trees of the damaged file led to its rows; else they were looked for in its pages.
    pub has_trees: bool,
    /// Whether those trees are of the commit before the last, as those of the last cannot be opened.
    pub is_older: bool,
    /// Messages saved.
    pub messages: u64,
    /// Changes of their states saved.
    pub changes: u64,
    /// Rows of whatever kind that are there but are not what was stored.
    pub unreadable_rows: u64,
    /// Messages known to have been there whose row cannot be read.
    pub lost: BTreeSet<u64>,
    /// Outgoing messages that may have been sent or not, since their last state cannot be read. They
    /// are marked as failed, so that none is sent twice.
    pub uncertain: BTreeSet<u64>,
    /// How many sequence numbers have no event.
    pub missing_events: u64,
}

/// Saves what can be read of this file. Nobody else may use it meanwhile.
pub fn salvage(path: &Path, now_ms: u64) -> Result<Salvaged> {
    let damaged = DamagedFile::open(path)?;
    let unfinished = fs::beside(path, ".salvaged");
    fs::remove_if_there(&unfinished).map_err(Error::file("remove", &unfinished))?;
    let mut report = Salvaged {
        has_trees: damaged.has_trees(),
        is_older: damaged.has_trees() && !damaged.is_current(),
        kept_as: aside(path, now_ms),
        ..Salvaged::default()
    };
    let new = Redb::open(&unfinished)?;
    schema::open(&new, now_ms).map_err(|why| why.error_for(&unfinished))?;
    let filled = rows::copy(&damaged, &new, &mut report)
        .and_then(|source| rebuild::rebuild(&new, &source, now_ms, &mut report))
        .and_then(|()| rows::find_lost(&damaged, &new, &mut report));
    new.close();
    drop(new);
    if let Err(error) = filled {
        let _ = std::fs::remove_file(&unfinished);
        return Err(Error::Failed(format!(
            "cannot save {}: {error}; it was left as it is",
            path.display()
        )));
    }
    drop(damaged);
    keep_aside(path, &report.kept_as)?;
    fs::rename_lasting(&unfinished, path)?;
    let marker = marker_of(path);
    fs::remove_if_there(&marker).map_err(Error::file("remove", &marker))?;
    Ok(report)
}

/// A name that no other damaged file has.
fn aside(path: &Path, now_ms: u64) -> PathBuf {
    let moment: String = Utc(now_ms).to_string();
    let moment: String = moment.chars().filter(char::is_ascii_alphanumeric).collect();
    let names = (0..).map(|count| match count {
        0 => fs::beside(path, &format!(".damaged-{moment}")),
        count => fs::beside(path, &format!(".damaged-{moment}-{count}")),
    });
    let mut free = names.filter(|name| !name.exists());
    free.next().unwrap_or_else(|| fs::beside(path, ".damaged"))
}

/// Gives the damaged file its second name before the new one takes the first, so that a crash in
/// between never leaves the place empty. Where a file cannot have two names it is copied.
fn keep_aside(path: &Path, aside: &Path) -> Result<()> {
    let real = std::fs::canonicalize(path).map_err(Error::file("find", path))?;
    if std::fs::hard_link(&real, aside).is_ok() {
        return Ok(());
    }
    fs::create_private_file(aside)?;
    std::fs::copy(&real, aside)
        .map(drop)
        .map_err(Error::file("copy the damaged file to", aside))
}

/// How many rows one transaction writes.
const SLICE: usize = 1_000;

/// Writes into the new store.
fn write(
    new: &dyn Backend,
    mut work: impl FnMut(&mut dyn super::backend::Rows) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    new.transact(&mut |rows| work(rows).map(|()| true))
}
