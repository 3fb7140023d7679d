//! Reading and writing rows within a snapshot or a transaction of redb.
//!
//! Not here: committing (`super`).

use std::{cell::OnceCell, ops::ControlFlow, sync::Arc};

use ::redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata as _,
    TableDefinition, WriteTransaction,
};

use crate::store::{
    backend::{Get, KeyValue, Rows, ScanOrder, Snapshot, Table, VisitRow},
    error::StoreError,
};

type Bytes = &'static [u8];
type Definition = TableDefinition<'static, Bytes, Bytes>;

pub(super) const fn name(table: Table) -> &'static str {
    match table {
        Table::Meta => "meta",
        Table::Bodies => "bodies",
        Table::Latest => "latest",
        Table::Changes => "changes",
        Table::Scopes => "scopes",
        Table::Outbox => "outbox",
        Table::Keys => "keys",
        Table::Marks => "marks",
        Table::Tails => "tails",
        Table::Revisions => "revisions",
        Table::Aliases => "aliases",
        Table::Times => "times",
    }
}

pub(super) const fn definition(table: Table) -> Definition {
    TableDefinition::new(name(table))
}

pub(super) fn failing(error: impl Into<::redb::Error>) -> StoreError {
    StoreError::Failing(error.into().to_string())
}

/// A snapshot. Each table is opened once, on first use.
pub(super) struct RedbSnapshot {
    transaction: ReadTransaction,
    tables: [OnceCell<ReadOnlyTable<Bytes, Bytes>>; Table::ALL.len()],
    /// Keeps the file open while it is read.
    _database: Arc<Database>,
}

impl RedbSnapshot {
    pub(super) fn new(transaction: ReadTransaction, database: Arc<Database>) -> Self {
        Self {
            transaction,
            tables: Default::default(),
            _database: database,
        }
    }

    fn table(&self, table: Table) -> Result<&ReadOnlyTable<Bytes, Bytes>, StoreError> {
        let place = &self.tables[table as usize];
        if let Some(open) = place.get() {
            return Ok(open);
        }
        let open = self.transaction.open_table(definition(table));
        let open = open.map_err(failing)?;
        Ok(place.get_or_init(|| open))
    }
}

impl Get for RedbSnapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.table(table)?.get(key).map_err(failing)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<KeyValue>, StoreError> {
        last_up_to(self.table(table)?, key)
    }
}

fn last_up_to(
    table: &impl ReadableTable<Bytes, Bytes>,
    key: &[u8],
) -> Result<Option<KeyValue>, StoreError> {
    let last = table.range::<&[u8]>(..=key).map_err(failing)?.next_back();
    let last = last.transpose().map_err(failing)?;
    Ok(last.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())))
}

impl Snapshot for RedbSnapshot {
    fn scan(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
        order: ScanOrder,
        visit: &mut VisitRow<'_>,
    ) -> Result<(), StoreError> {
        let table = self.table(table)?;
        let mut rows = table.range::<&[u8]>(first..=last).map_err(failing)?;
        while let Some(row) = match order {
            ScanOrder::Ascending => rows.next(),
            ScanOrder::Descending => rows.next_back(),
        } {
            let (key, value) = row.map_err(failing)?;
            if let ControlFlow::Break(()) = visit(key.value(), value.value())? {
                break;
            }
        }
        Ok(())
    }

    fn len(&self, table: Table) -> Result<u64, StoreError> {
        self.table(table)?.len().map_err(failing)
    }
}

/// A transaction. Each table is opened once, on first use: opening one costs more than a row.
pub(super) struct RedbTransaction<'t> {
    transaction: &'t WriteTransaction,
    tables: [OnceCell<::redb::Table<'t, Bytes, Bytes>>; Table::ALL.len()],
}

impl<'t> RedbTransaction<'t> {
    pub(super) fn new(transaction: &'t WriteTransaction) -> Self {
        Self {
            transaction,
            tables: Default::default(),
        }
    }

    fn table(&self, table: Table) -> Result<&::redb::Table<'t, Bytes, Bytes>, StoreError> {
        let place = &self.tables[table as usize];
        if let Some(open) = place.get() {
            return Ok(open);
        }
        let open = self.transaction.open_table(definition(table));
        let open = open.map_err(failing)?;
        Ok(place.get_or_init(|| open))
    }

    fn table_mut(
        &mut self,
        table: Table,
    ) -> Result<&mut ::redb::Table<'t, Bytes, Bytes>, StoreError> {
        self.table(table)?;
        self.tables[table as usize]
            .get_mut()
            .ok_or(StoreError::Closed)
    }
}

impl Get for RedbTransaction<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.table(table)?.get(key).map_err(failing)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<KeyValue>, StoreError> {
        last_up_to(self.table(table)?, key)
    }
}

impl Rows for RedbTransaction<'_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let replaced = self.table_mut(table)?.insert(key, value);
        replaced.map(drop).map_err(failing)
    }

    fn remove(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        let removed = self.table_mut(table)?.remove(key);
        removed.map(drop).map_err(failing)
    }
}
