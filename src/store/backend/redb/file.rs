//! Creating the redb file, checking that it is ours and whole, and the errors of one that cannot be
//! used.
//!
//! Not here: what may stand in its place (`place`), reopening it after a failure (`super`).

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use ::redb::{
    Builder, Database, DatabaseError, ReadableDatabase as _, StorageBackend, StorageError,
    TableHandle as _,
};

use super::{
    disk::{OpenedFile, StoreFile},
    overlay::Overlay,
    rows::definition,
    upgrade::mark_sealed,
};
use crate::{
    error::{Error, Result},
    fs,
    store::{backend::Table, error::SALVAGE_ADVICE},
};

/// The page cache. The system caches the file anyway: eight times as much made writes no faster and
/// only the resident memory grew.
const CACHE_BYTES: usize = 1024 * 1024;

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Creates the file under another name first: otherwise a crash could leave one that is neither empty
/// nor a database, and that we could not tell from a file of another program.
pub(super) fn create(path: &Path) -> Result<()> {
    let unfinished = fs::beside(path, ".new");
    let created = create_at(&unfinished, path);
    if created.is_err() {
        // On a full disk: leave nothing half behind.
        let _ = std::fs::remove_file(&unfinished);
    }
    created
}

fn create_at(unfinished: &PathBuf, path: &Path) -> Result<()> {
    fs::create_private_file(unfinished)?;
    let initialised = builder().create(unfinished).map_err(::redb::Error::from);
    initialised
        .and_then(|database| create_tables(&database))
        .map_err(|error| Error::Failed(format!("cannot make {}: {error}", path.display())))?;
    fs::rename_lasting(unfinished, path)
}

/// Makes the missing tables. In a new file, where all are missing, every row will be sealed.
fn create_tables(database: &Database) -> Result<(), ::redb::Error> {
    let transaction = database.begin_write()?;
    let is_new = transaction.list_tables()?.next().is_none();
    for table in Table::ALL {
        transaction.open_table(definition(table))?;
    }
    if is_new {
        let marked = mark_sealed(&transaction);
        marked.map_err(|error| ::redb::Error::Io(io::Error::other(error)))?;
    }
    Ok(transaction.commit()?)
}

/// Adds the tables that older versions of ours lack.
pub(super) fn add_missing_tables(path: &Path, database: &Database) -> Result<()> {
    if missing_tables(path, database)? {
        create_tables(database)
            .map_err(|error| Error::Failed(format!("cannot add to {}: {error}", path.display())))?;
    }
    Ok(())
}

/// Whether tables are missing that older versions lacked. Refuses a redb file of another program.
fn missing_tables(path: &Path, database: &Database) -> Result<bool> {
    let names = || -> Result<Vec<String>, ::redb::Error> {
        let transaction = database.begin_read()?;
        let tables = transaction.list_tables()?;
        Ok(tables.map(|table| table.name().to_owned()).collect())
    };
    let names = names().map_err(|_| damaged(path, "its tables cannot be listed"))?;
    let is_there = |table: Table| names.iter().any(|name| *name == table.name());
    let mut missing = Table::ALL.into_iter().filter(|table| !is_there(*table));
    match missing.next() {
        None => Ok(false),
        Some(
            Table::Marks
            | Table::Tails
            | Table::Revisions
            | Table::Aliases
            | Table::Times
            | Table::Media
            | Table::Fetches
            | Table::Turns
            | Table::Sessions
            | Table::Positions
            | Table::AccessKeys
            | Table::PushSubscriptions
            | Table::Flags
            | Table::Scheduled
            | Table::Schedules
            | Table::Pauses
            | Table::Quotas
            | Table::GroupNames
            | Table::WordSegments
            | Table::WordBlocks,
        ) => Ok(true),
        Some(_) => Err(not_ours(path, "a database of another program")),
    }
}

/// Reads the whole file and checks every page of it against its checksum, without changing anything.
/// Returns what the owner should know about a file that is fine.
pub(super) fn verify(path: &Path, file: &Arc<StoreFile>) -> Result<Vec<String>> {
    let claimed = last_transaction(&OpenedFile(Arc::clone(file)));
    let overlay = Overlay::new(file).map_err(not_openable(path))?;
    // redb may panic over a damaged file.
    let verified = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = builder();
        builder.set_check_integrity_on_open(true);
        let database = builder.create_with_backend(overlay.clone());
        let database = database.map_err(|error| cannot_open(path, error))?;
        let verified = last_transaction(&overlay);
        missing_tables(path, &database)?;
        Ok(verified)
    }));
    let verified = verified.unwrap_or_else(|_| Err(damaged(path, "its pages cannot be read")))?;
    // Verifying ends with a transaction of its own.
    let is_undone = claimed
        .zip(verified)
        .is_some_and(|(claimed, verified)| verified <= claimed);
    let note = is_undone.then(|| {
        "the last transaction before the crash was not complete on the disk and was undone; \
         it was acknowledged only if the disk lost what it had confirmed"
            .to_owned()
    });
    Ok(note.into_iter().collect())
}

/// The number of the last transaction, from redb's header: bit 0 of byte 9 says which of two slots of
/// 128 bytes behind the first 64 is the current one; each has the number at its byte 104.
fn last_transaction(storage: &impl StorageBackend) -> Option<u64> {
    let mut header = [0; 320];
    storage.read(0, &mut header).ok()?;
    let slot = 64 + 128 * usize::from(header[9] & 1);
    let number = header.get(slot + 104..)?.first_chunk()?;
    Some(u64::from_le_bytes(*number))
}

/// A warning for a file that others than its owner may read or write.
pub fn open_to_others(path: &Path) -> Option<String> {
    let mode = fs::foreign_permissions(path).ok()??;
    let shown = path.display();
    Some(format!(
        "the message file {shown} is open to others than its owner (mode {mode:o}); run: chmod 600 '{shown}'"
    ))
}

/// The error of a file that the system does not let us open.
pub(super) fn not_openable(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| match error.kind() {
        io::ErrorKind::PermissionDenied => Error::Config(format!(
            "cannot open {} to read and write: {error}; it must belong to the user of this daemon (chmod 600)",
            path.display()
        )),
        io::ErrorKind::UnexpectedEof => damaged(path, "cut off"),
        _ => Error::file("open", path)(error),
    }
}

pub(super) fn cannot_open(path: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::Storage(StorageError::Io(source)) => match source.kind() {
            io::ErrorKind::InvalidData => not_ours(path, "no message file"),
            _ => not_openable(path)(source),
        },
        DatabaseError::Storage(StorageError::Corrupted(what)) => damaged(path, &what),
        DatabaseError::DatabaseAlreadyOpen => Error::Failed(format!(
            "{} is in use by another process; stop that one first",
            path.display()
        )),
        other => not_ours(path, &format!("a file this version cannot read ({other})")),
    }
}

/// The error of a file of ours that is damaged.
pub(super) fn damaged(path: &Path, what: &str) -> Error {
    Error::Config(format!(
        "{} is damaged ({what}); it was left as it is: {SALVAGE_ADVICE}",
        path.display()
    ))
}

/// The error of something that is no message file.
pub(super) fn not_ours(path: &Path, what: &str) -> Error {
    Error::Config(format!(
        "{} is {what}; it was left as it is: restore the file from a backup, or move this away to start empty",
        path.display()
    ))
}
