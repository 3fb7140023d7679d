//! Reading and writing rows within a snapshot or a transaction of redb. Every value is sealed when it
//! is put and checked when it is read, here and nowhere else.
//!
//! Not here: committing (`super`), the checksum (`seal`).

use std::{
    cell::OnceCell,
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use ::redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata as _,
    TableDefinition, WriteTransaction,
};

use super::{seal, touched::TouchedRows};
use crate::store::{
    backend::{Get, KeyValue, Rows, ScanOrder, Snapshot, Table, VisitRow},
    error::StoreError,
};

type Bytes = &'static [u8];
pub(super) type Definition = TableDefinition<'static, Bytes, Bytes>;

pub(super) const fn definition(table: Table) -> Definition {
    TableDefinition::new(table.name())
}

pub(super) fn failing(error: impl Into<::redb::Error>) -> StoreError {
    match error.into() {
        ::redb::Error::Corrupted(what) => StoreError::Corrupt(what),
        ::redb::Error::Io(error) => failing_io(&error),
        other => StoreError::Failing(other.to_string()),
    }
}

/// What a failed operation of the system means.
pub(super) fn failing_io(error: &io::Error) -> StoreError {
    let why = error.to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::DiskFull {
                why,
                may_be_stored: true,
            }
        }
        _ => StoreError::Failing(why),
    }
}

/// Runs a read of redb, which may panic over a page that was damaged since the file was verified.
fn contained<T>(
    table: Table,
    read: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let what = format!("a page of {} cannot be read", table.name());
        Err(StoreError::Corrupt(what))
    })
}

/// How the rows of a file are written: with checksums, unless it is of an older version and not
/// upgraded yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowFormat {
    Plain,
    Sealed,
}

impl RowFormat {
    /// The value of a row.
    fn open<'r>(self, table: Table, key: &[u8], row: &'r [u8]) -> Result<&'r [u8], StoreError> {
        match self {
            Self::Sealed if !seal::is_plain(table, key) => seal::open(table, key, row),
            _ => Ok(row),
        }
    }

    /// The row of a value.
    fn row<'r>(
        self,
        table: Table,
        key: &[u8],
        value: &'r [u8],
        sealed: &'r mut Vec<u8>,
    ) -> &'r [u8] {
        match self {
            Self::Sealed if !seal::is_plain(table, key) => seal::seal(table, key, value, sealed),
            _ => value,
        }
    }

    fn get(
        self,
        table: Table,
        key: &[u8],
        rows: &impl ReadableTable<Bytes, Bytes>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        contained(table, || {
            let row = rows.get(key).map_err(failing)?;
            let value = row.map(|row| Ok(self.open(table, key, row.value())?.to_vec()));
            value.transpose()
        })
    }

    /// The last row up to this key.
    fn last_up_to(
        self,
        table: Table,
        key: &[u8],
        rows: &impl ReadableTable<Bytes, Bytes>,
    ) -> Result<Option<KeyValue>, StoreError> {
        contained(table, || {
            let last = rows.range::<&[u8]>(..=key).map_err(failing)?.next_back();
            let last = last.transpose().map_err(failing)?;
            let row = last.map(|(key, row)| {
                let key = key.value().to_vec();
                let value = self.open(table, &key, row.value())?.to_vec();
                Ok((key, value))
            });
            row.transpose()
        })
    }
}

/// A snapshot. Each table is opened once, on first use.
pub(super) struct RedbSnapshot {
    transaction: ReadTransaction,
    format: RowFormat,
    tables: [OnceCell<ReadOnlyTable<Bytes, Bytes>>; Table::ALL.len()],
    /// Keeps the file open while it is read.
    _database: Arc<Database>,
}

impl RedbSnapshot {
    pub(super) fn new(
        transaction: ReadTransaction,
        database: Arc<Database>,
        format: RowFormat,
    ) -> Self {
        Self {
            transaction,
            format,
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
        self.format.get(table, key, self.table(table)?)
    }

    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<KeyValue>, StoreError> {
        self.format.last_up_to(table, key, self.table(table)?)
    }
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
        let rows = self.table(table)?;
        let span = first..=last;
        let mut rows = contained(table, || rows.range::<&[u8]>(span).map_err(failing))?;
        let mut before = Vec::new();
        let mut next = || {
            let row = match order {
                ScanOrder::Ascending => rows.next(),
                ScanOrder::Descending => rows.next_back(),
            };
            row.transpose().map_err(failing)
        };
        while let Some((key, row)) = contained(table, &mut next)? {
            check_order(table, order, &mut before, key.value())?;
            let value = self.format.open(table, key.value(), row.value())?;
            if let ControlFlow::Break(()) = visit(key.value(), value)? {
                break;
            }
        }
        Ok(())
    }

    fn len(&self, table: Table) -> Result<u64, StoreError> {
        self.table(table)?.len().map_err(failing)
    }
}

/// Fails if a key does not follow the one before it: a damaged page may lead a scan back to where it
/// was, without end.
fn check_order(
    table: Table,
    order: ScanOrder,
    before: &mut Vec<u8>,
    key: &[u8],
) -> Result<(), StoreError> {
    let follows = match order {
        ScanOrder::Ascending => before.as_slice() < key,
        ScanOrder::Descending => before.as_slice() > key,
    };
    if !follows && !before.is_empty() {
        let what = format!("the rows of {} are out of order", table.name());
        return Err(StoreError::Corrupt(what));
    }
    before.clear();
    before.extend_from_slice(key);
    Ok(())
}

/// A transaction. Each table is opened once, on first use: opening one costs more than a row.
pub(super) struct RedbTransaction<'t> {
    transaction: &'t WriteTransaction,
    tables: [OnceCell<::redb::Table<'t, Bytes, Bytes>>; Table::ALL.len()],
    format: RowFormat,
    touched: &'t TouchedRows,
    /// The row that is being put.
    sealed: Vec<u8>,
}

impl<'t> RedbTransaction<'t> {
    pub(super) fn new(
        transaction: &'t WriteTransaction,
        format: RowFormat,
        touched: &'t TouchedRows,
    ) -> Self {
        Self {
            transaction,
            tables: Default::default(),
            format,
            touched,
            sealed: Vec::new(),
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
        self.format.get(table, key, self.table(table)?)
    }

    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<KeyValue>, StoreError> {
        self.format.last_up_to(table, key, self.table(table)?)
    }
}

impl Rows for RedbTransaction<'_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let mut sealed = std::mem::take(&mut self.sealed);
        let row = self.format.row(table, key, value, &mut sealed);
        self.touched.note(table, key);
        let rows = self.table_mut(table)?;
        let put = contained(table, || rows.insert(key, row).map(drop).map_err(failing));
        self.sealed = sealed;
        put
    }

    fn remove(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.touched.note(table, key);
        let rows = self.table_mut(table)?;
        contained(table, || rows.remove(key).map(drop).map_err(failing))
    }
}
