//! Filling a new file with the rows of another store: for a file that is written anew (`rewrite`), and for one
//! that comes from a backup. It is on the disk when [`NewFile::finish`] returns, and not before.

use std::path::Path;

use ::redb::{Database, Durability};

use super::{
    file::{builder, create},
    rows::{RedbTransaction, RowFormat, failing},
    touched::TouchedRows,
};
use crate::store::{
    backend::{Rows as _, Table},
    error::StoreError,
};

/// How many bytes of rows one transaction writes.
const SLICE_BYTES: usize = 4 * 1024 * 1024;

/// What a row counts besides its bytes.
const ROW_WEIGHT: usize = 64;

/// A new file that nobody reads yet.
pub(in crate::store) struct NewFile {
    database: Database,
    /// Rows that are still to be written; one without a value is removed.
    waiting: Vec<(Table, Vec<u8>, Option<Vec<u8>>)>,
    weight: usize,
    untouched: TouchedRows,
}

impl NewFile {
    /// Creates it, with every table and no row. Replaces any of that name.
    pub(in crate::store) fn create(path: &Path) -> Result<Self, StoreError> {
        create(path).map_err(|error| StoreError::Failing(error.to_string()))?;
        let database = builder().open(path).map_err(failing)?;
        Ok(Self {
            database,
            waiting: Vec::new(),
            weight: 0,
            untouched: TouchedRows::default(),
        })
    }

    /// Puts a row, or removes it.
    pub(in crate::store) fn put(
        &mut self,
        table: Table,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        self.weight += key.len() + value.map_or(0, <[u8]>::len) + ROW_WEIGHT;
        self.waiting
            .push((table, key.to_vec(), value.map(<[u8]>::to_vec)));
        if self.weight < SLICE_BYTES {
            return Ok(());
        }
        self.write(Durability::None)
    }

    fn write(&mut self, durability: Durability) -> Result<(), StoreError> {
        let mut transaction = self.database.begin_write().map_err(failing)?;
        let set = transaction.set_durability(durability);
        set.map_err(|error| StoreError::Failing(error.to_string()))?;
        let mut rows = RedbTransaction::new(&transaction, RowFormat::Sealed, &self.untouched);
        for (table, key, value) in &self.waiting {
            match value {
                Some(value) => rows.put(*table, key, value)?,
                None => rows.remove(*table, key)?,
            }
        }
        drop(rows);
        transaction.commit().map_err(failing)?;
        self.waiting.clear();
        self.weight = 0;
        Ok(())
    }

    /// Makes all of it durable.
    pub(in crate::store) fn sync(&mut self) -> Result<(), StoreError> {
        self.write(Durability::Immediate)
    }

    /// Makes all of it durable and closes the file.
    pub(in crate::store) fn finish(mut self) -> Result<(), StoreError> {
        self.sync()
    }
}
