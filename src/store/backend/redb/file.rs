//! Creating the redb file, checking that it is ours, and the errors of one that cannot be used.
//!
//! Not here: reopening it after a failure (`super`).

use std::{io, path::Path};

use ::redb::{
    Builder, Database, DatabaseError, ReadableDatabase as _, StorageError, TableHandle as _,
};

use crate::{
    error::{Error, Result},
    fs,
    store::backend::Table,
};

use super::rows::{definition, name};

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
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let unfinished = path.with_file_name(name);
    fs::create_private_file(&unfinished)?;
    let initialised = builder().create(&unfinished).map_err(::redb::Error::from);
    initialised
        .and_then(|database| create_tables(&database))
        .map_err(|error| Error::Failed(format!("cannot make {}: {error}", path.display())))?;
    fs::rename_lasting(&unfinished, path)
}

pub(super) fn create_tables(database: &Database) -> Result<(), ::redb::Error> {
    let transaction = database.begin_write()?;
    for table in Table::ALL {
        transaction.open_table(definition(table))?;
    }
    Ok(transaction.commit()?)
}

/// Refuses a redb file of another program, and adds the tables that older versions of ours lack.
pub(super) fn add_missing_tables(path: &Path, database: &Database) -> Result<()> {
    let names = || -> Result<Vec<String>, ::redb::Error> {
        let transaction = database.begin_read()?;
        let tables = transaction.list_tables()?;
        Ok(tables.map(|table| table.name().to_owned()).collect())
    };
    let names = names().map_err(|_| not_ours(path, "damaged"))?;
    let is_there = |table: Table| names.iter().any(|name| name == self::name(table));
    let mut missing = Table::ALL.into_iter().filter(|table| !is_there(*table));
    match missing.next() {
        None => Ok(()),
        Some(Table::Marks | Table::Tails | Table::Revisions | Table::Aliases | Table::Times) => {
            create_tables(database).map_err(|error| {
                Error::Failed(format!("cannot add to {}: {error}", path.display()))
            })
        }
        Some(_) => Err(not_ours(path, "a database of another program")),
    }
}

pub(super) fn cannot_open(path: &Path, error: DatabaseError) -> Error {
    match error {
        DatabaseError::Storage(StorageError::Io(source)) => match source.kind() {
            io::ErrorKind::InvalidData => not_ours(path, "no message file"),
            _ => Error::file("open", path)(source),
        },
        DatabaseError::Storage(StorageError::Corrupted(what)) => {
            not_ours(path, &format!("damaged ({what})"))
        }
        DatabaseError::DatabaseAlreadyOpen => Error::Failed(format!(
            "{} is in use by another process; stop that one first",
            path.display()
        )),
        other => not_ours(path, &format!("a file this version cannot read ({other})")),
    }
}

pub(super) fn not_ours(path: &Path, what: &str) -> Error {
    Error::Config(format!(
        "{} is {what}; it was left as it is: restore it from a backup, or move it away to start empty",
        path.display()
    ))
}
