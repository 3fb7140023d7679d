//! Rows that are few, numbered and read whole: the keys of clients, and where their devices are pushed to. With
//! where a build without the feature `store` keeps them: a file of their own, which only its owner reads.
//!
//! Not here: what is in a row (`crate::keys`, `crate::push`).

use std::{
    fmt, io,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use super::{
    Store,
    backend::{ScanOrder, Snapshot, Table},
    error::StoreError,
    rows::keys::number_key,
    writer::{pending::Pending, transaction::Transaction},
};
use crate::{error::Error, fs, panics::run_blocking};

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberedTable {
    /// The keys of clients.
    AccessKeys,
    /// Where devices are pushed to.
    PushSubscriptions,
    /// What is sent again and again.
    Schedules,
    /// What the owner paused.
    Pauses,
    /// What channels have sent today.
    Quotas,
}

impl NumberedTable {
    fn table(self) -> Table {
        match self {
            Self::AccessKeys => Table::AccessKeys,
            Self::PushSubscriptions => Table::PushSubscriptions,
            Self::Schedules => Table::Schedules,
            Self::Pauses => Table::Pauses,
            Self::Quotas => Table::Quotas,
        }
    }

    /// Their file in the home folder, where the store is in memory.
    fn file(self) -> &'static str {
        match self {
            Self::AccessKeys => "keys.json",
            Self::PushSubscriptions => "push.json",
            Self::Schedules => "schedules.json",
            Self::Pauses => "pauses.json",
            Self::Quotas => "quotas.json",
        }
    }
}

impl Store {
    /// All rows, by their number. Blocks.
    pub fn numbered_rows(&self, table: NumberedTable) -> Result<Vec<Vec<u8>>, StoreError> {
        self.view(|snapshot| rows(snapshot, table.table()))
    }

    /// Stores a row, or removes it. Resolves once that is on disk.
    pub fn put_numbered_row(
        &self,
        table: NumberedTable,
        number: u64,
        row: Option<Vec<u8>>,
    ) -> Result<Pending<()>, StoreError> {
        self.put_in_place(table, None, number, row)
    }

    /// The same, and removes a former row with that: both, or neither.
    fn put_in_place(
        &self,
        table: NumberedTable,
        former: Option<u64>,
        number: u64,
        row: Option<Vec<u8>>,
    ) -> Result<Pending<()>, StoreError> {
        let weight = row.as_ref().map_or(0, Vec::len);
        self.submit(put, (table, former, number, row), weight)
    }
}

fn rows(rows: &dyn Snapshot, table: Table) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut all = Vec::new();
    let (first, last) = (number_key(0), number_key(u64::MAX));
    let order = ScanOrder::Ascending;
    rows.scan(table, &first, &last, order, &mut |_, row| {
        all.push(row.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(all)
}

fn put(
    transaction: &mut Transaction<'_>,
    (table, former, number, row): &mut (NumberedTable, Option<u64>, u64, Option<Vec<u8>>),
) -> Result<(), StoreError> {
    transaction.commit_anyway();
    if let Some(former) = former {
        transaction
            .rows
            .remove(table.table(), &number_key(*former))?;
    }
    let key = number_key(*number);
    match row {
        Some(row) => transaction.rows.put(table.table(), &key, row),
        None => transaction.rows.remove(table.table(), &key),
    }
}

/// Where such rows are kept.
pub enum RowStorage {
    /// With the messages.
    Store(Store, NumberedTable),
    /// In a file, a line a row. Only its owner may read it.
    File(PathBuf),
}

impl fmt::Debug for RowStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(_, table) => write!(f, "Store({table:?})"),
            Self::File(path) => write!(f, "File({})", path.display()),
        }
    }
}

impl RowStorage {
    /// Where this build keeps them.
    pub fn of_build(store: &Store, home: &Path, table: NumberedTable) -> Self {
        if cfg!(feature = "store") {
            Self::Store(store.clone(), table)
        } else {
            Self::File(home.join(table.file()))
        }
    }

    /// All rows. Blocks.
    pub fn load(&self) -> Result<Vec<Vec<u8>>, String> {
        match self {
            Self::Store(store, table) => {
                let rows = store.numbered_rows(*table);
                rows.map_err(|error| error.to_string())
            }
            Self::File(path) => match std::fs::read(path) {
                Ok(text) => Ok(lines(&text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) => Err(format!("{}: {error}", path.display())),
            },
        }
    }

    /// Keeps one row, or forgets it: `others` are the rest, written only where all of them share a file.
    pub async fn put(
        &self,
        number: u64,
        row: Option<Vec<u8>>,
        others: impl FnOnce() -> Vec<Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.put_in_place(None, number, row, others).await
    }

    /// Keeps one row and forgets a former one, which is not among `others` either: both, or neither.
    pub async fn replace(
        &self,
        former: u64,
        number: u64,
        row: Vec<u8>,
        others: impl FnOnce() -> Vec<Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.put_in_place(Some(former), number, Some(row), others)
            .await
    }

    async fn put_in_place(
        &self,
        former: Option<u64>,
        number: u64,
        row: Option<Vec<u8>>,
        others: impl FnOnce() -> Vec<Vec<u8>>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Store(store, table) => store.put_in_place(*table, former, number, row)?.await,
            Self::File(path) => {
                let mut text = Vec::new();
                for row in others().iter().chain(&row) {
                    text.extend_from_slice(row);
                    text.push(b'\n');
                }
                let path = path.clone();
                let written = run_blocking(move || fs::write_atomic(&path, &text)).await;
                written
                    .map_err(StoreError::Internal)?
                    .map_err(|error| unwritten(&error))
            }
        }
    }
}

/// Nothing of a file is replaced unless all of it was written.
fn unwritten(error: &Error) -> StoreError {
    let why = error.to_string();
    if error.is_disk_full() {
        return StoreError::DiskFull {
            why,
            may_be_stored: false,
        };
    }
    StoreError::Failing(why)
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}
