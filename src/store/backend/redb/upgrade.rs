//! Sealing the rows of a file of an older version, in transactions of bounded size. How far it has come
//! is a row of its own, so that a crash in between only means to go on.
//!
//! Not here: the checksum (`seal`).

use std::ops::Bound;

use ::redb::{Database, ReadableDatabase as _, ReadableTable as _};

use super::{
    rows::{RowFormat, definition, failing},
    seal::{self, DONE},
};
use crate::store::{backend::Table, error::StoreError, rows::keys::number_key};

/// How many rows one transaction seals.
const SLICE: usize = 2_000;

/// Where the sealing stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sealing {
    NotBegun,
    Unfinished,
    Done,
}

/// Where the sealing of this file stands. A file without any schema has no rows yet.
pub(super) fn state(database: &Database) -> Result<Sealing, StoreError> {
    let transaction = database.begin_read().map_err(failing)?;
    let meta = transaction.open_table(definition(Table::Meta));
    let meta = meta.map_err(failing)?;
    let progress = meta.get(seal::PROGRESS).map_err(failing)?;
    Ok(match progress.as_ref().map(::redb::AccessGuard::value) {
        Some(DONE) => Sealing::Done,
        Some(_) => Sealing::Unfinished,
        None => Sealing::NotBegun,
    })
}

/// The format of the rows, once unfinished sealing was finished.
pub(super) fn finish(database: &Database) -> Result<RowFormat, StoreError> {
    match state(database)? {
        Sealing::Done => Ok(RowFormat::Sealed),
        Sealing::NotBegun if has_schema(database)? => Ok(RowFormat::Plain),
        Sealing::NotBegun => {
            let transaction = database.begin_write().map_err(failing)?;
            mark_sealed(&transaction)?;
            transaction.commit().map_err(failing)?;
            Ok(RowFormat::Sealed)
        }
        Sealing::Unfinished => {
            while !seal_slice(database, None)? {}
            Ok(RowFormat::Sealed)
        }
    }
}

fn has_schema(database: &Database) -> Result<bool, StoreError> {
    let transaction = database.begin_read().map_err(failing)?;
    let meta = transaction.open_table(definition(Table::Meta));
    let schema = meta.map_err(failing)?.get(seal::SCHEMA).map_err(failing)?;
    Ok(schema.is_some())
}

/// Records that every row, of which there are none yet, is sealed.
pub(super) fn mark_sealed(transaction: &::redb::WriteTransaction) -> Result<(), StoreError> {
    let mut meta = transaction
        .open_table(definition(Table::Meta))
        .map_err(failing)?;
    meta.insert(seal::PROGRESS, DONE).map_err(failing)?;
    Ok(())
}

/// Seals all rows. The first step also gives the file its new schema: older versions of this program
/// must not read it from then on.
pub(super) fn seal_all(database: &Database, schema: u64) -> Result<(), StoreError> {
    if state(database)? == Sealing::Done {
        return put_schema(database, schema);
    }
    let mut is_done = seal_slice(database, Some(schema))?;
    while !is_done {
        is_done = seal_slice(database, None)?;
    }
    Ok(())
}

fn put_schema(database: &Database, schema: u64) -> Result<(), StoreError> {
    let transaction = database.begin_write().map_err(failing)?;
    {
        let meta = transaction.open_table(definition(Table::Meta));
        let schema = number_key(schema);
        let put = meta
            .map_err(failing)?
            .insert(seal::SCHEMA, &schema[..])
            .map(drop);
        put.map_err(failing)?;
    }
    transaction.commit().map_err(failing)
}

/// Seals the next rows; returns whether there are no others.
fn seal_slice(database: &Database, schema: Option<u64>) -> Result<bool, StoreError> {
    let transaction = database.begin_write().map_err(failing)?;
    let (table, after) = progress(&transaction)?;
    let next = seal_rows(&transaction, table, &after)?;
    let following = Table::ALL.get(table as usize + 1);
    let reached = match (next, following) {
        (Some(last), _) => [&[index(table)][..], &last].concat(),
        (None, Some(table)) => vec![index(*table)],
        (None, None) => DONE.to_vec(),
    };
    {
        let meta = transaction.open_table(definition(Table::Meta));
        let mut meta = meta.map_err(failing)?;
        meta.insert(seal::PROGRESS, &reached[..]).map_err(failing)?;
        if let Some(schema) = schema {
            let schema = number_key(schema);
            meta.insert(seal::SCHEMA, &schema[..]).map_err(failing)?;
        }
    }
    transaction.commit().map_err(failing)?;
    Ok(reached == DONE)
}

/// There are far fewer than 255 tables.
fn index(table: Table) -> u8 {
    u8::try_from(table as usize).unwrap_or_default()
}

/// The table that is being sealed, and its last sealed key.
fn progress(transaction: &::redb::WriteTransaction) -> Result<(Table, Vec<u8>), StoreError> {
    let meta = transaction.open_table(definition(Table::Meta));
    let meta = meta.map_err(failing)?;
    let row = meta.get(seal::PROGRESS).map_err(failing)?;
    let row = row.map_or_else(|| vec![0], |row| row.value().to_vec());
    let (table, key) = row.split_first().unwrap_or((&0, &[]));
    let table = Table::ALL.get(usize::from(*table));
    let table = table.ok_or_else(|| StoreError::Corrupt("its upgrade is unknown".to_owned()))?;
    Ok((*table, key.to_vec()))
}

/// Seals a slice of the rows behind a key; returns the last key if there may be more.
fn seal_rows(
    transaction: &::redb::WriteTransaction,
    table: Table,
    after: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = transaction.open_table(definition(table));
    let mut rows = rows.map_err(failing)?;
    let behind = match after {
        [] => Bound::Unbounded,
        key => Bound::Excluded(key),
    };
    let mut found = Vec::new();
    for row in rows
        .range::<&[u8]>((behind, Bound::Unbounded))
        .map_err(failing)?
        .take(SLICE)
    {
        let (key, value) = row.map_err(failing)?;
        found.push((key.value().to_vec(), value.value().to_vec()));
    }
    let mut sealed = Vec::new();
    for (key, value) in &found {
        if !seal::is_plain(table, key) {
            let row = seal::seal(table, key, value, &mut sealed);
            rows.insert(&key[..], row).map_err(failing)?;
        }
    }
    let is_full = found.len() == SLICE;
    Ok(found.pop().map(|(key, _)| key).filter(|_| is_full))
}

#[cfg(test)]
pub(super) mod testing {
    //! Files of older versions, for tests.

    use std::path::Path;

    use super::*;
    use crate::store::backend::redb::file::builder;

    /// Makes a file what a version without checksums wrote, with this schema.
    pub(in crate::store) fn unseal(path: &Path, schema: u64) {
        let database = builder().open(path).expect("opened");
        let transaction = database.begin_write().expect("begun");
        for table in Table::ALL {
            let mut rows = transaction.open_table(definition(table)).expect("a table");
            let mut found = Vec::new();
            for row in rows.iter().expect("readable") {
                let (key, row) = row.expect("readable");
                let key = key.value().to_vec();
                if !seal::is_plain(table, &key) {
                    let value = seal::open(table, &key, row.value()).expect("sealed");
                    found.push((key, value.to_vec()));
                }
            }
            for (key, value) in found {
                rows.insert(&key[..], &value[..]).expect("written");
            }
            if table == Table::Meta {
                rows.remove(seal::PROGRESS).expect("removed");
                rows.insert(seal::SCHEMA, &number_key(schema)[..])
                    .expect("written");
            }
        }
        transaction.commit().expect("committed");
    }

    /// Makes the last row of a table one that does not match its checksum; of `meta` this row.
    pub(in crate::store) fn break_seal(path: &Path, table: Table, key: Option<&[u8]>) {
        let database = builder().open(path).expect("opened");
        let transaction = database.begin_write().expect("begun");
        {
            let mut rows = transaction.open_table(definition(table)).expect("a table");
            let last = |row: (_, _)| row_of(&row);
            let (key, mut row) = match key {
                Some(key) => {
                    let row = rows.get(key).expect("readable").expect("there");
                    (key.to_vec(), row.value().to_vec())
                }
                None => rows.last().expect("readable").map(last).expect("there"),
            };
            *row.last_mut().expect("a checksum") ^= 1;
            rows.insert(&key[..], &row[..]).expect("written");
        }
        transaction.commit().expect("committed");
    }

    type Guard<'g> = ::redb::AccessGuard<'g, &'static [u8]>;

    fn row_of((key, row): &(Guard<'_>, Guard<'_>)) -> (Vec<u8>, Vec<u8>) {
        (key.value().to_vec(), row.value().to_vec())
    }

    /// Does only the first steps of the sealing.
    pub(in crate::store) fn seal_some(path: &Path, steps: usize) {
        let database = builder().open(path).expect("opened");
        for step in 0..steps {
            let schema = (step == 0).then_some(crate::store::schema::VERSION);
            assert!(!seal_slice(&database, schema).expect("sealed"));
        }
    }
}
