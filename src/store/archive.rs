//! All rows of one moment, as a backup takes them, and a new file made of such rows.
//!
//! Not here: what a backup is (`crate::backup`).

use std::{ops::ControlFlow, path::Path};

use super::{
    Store,
    backend::{
        Snapshot, Table, meta,
        redb::{NewFile, each_row},
    },
    error::StoreError,
    queries,
    rows::keys::number_of,
    schema,
};
use crate::message::MediaId;

/// Files beside the message file, of a store that is in a cluster.
pub mod cluster_files {
    /// How far the node is, and what the others call its store.
    pub const KEPT: &str = "cluster.json";
    /// The places of its events on the stream.
    pub const PLACES: &str = "cluster-places";
    /// What a store was made of: `{"cluster": what the other's` [`KEPT`] `said, "seq": its last number then}`.
    pub const BEFORE: &str = "cluster-before.json";
}

/// Called with the name of its table, and the key and the value of each row; `Break` ends the visit.
pub type VisitTableRow<'v> = dyn FnMut(&'static str, &[u8], &[u8]) -> ControlFlow<()> + 'v;

/// Everything in the store as it was at one moment. While this lives the file only grows.
pub struct StoreContents<'s>(Box<dyn Snapshot + 's>);

impl Store {
    /// Everything that is committed now. Blocks.
    pub fn contents(&self) -> Result<StoreContents<'_>, StoreError> {
        self.0.shared.backend.snapshot().map(StoreContents)
    }

    /// How large the file is.
    pub fn file_bytes(&self) -> u64 {
        self.0.shared.backend.file_bytes()
    }
}

impl StoreContents<'_> {
    /// The last sequence number.
    pub fn head_seq(&self) -> Result<u64, StoreError> {
        meta::head(&*self.0)
    }

    /// How many messages there are.
    pub fn messages(&self) -> Result<u64, StoreError> {
        self.0.len(Table::Bodies)
    }

    /// How many rows there are.
    pub fn rows(&self) -> Result<u64, StoreError> {
        let counts = Table::copied().map(|table| self.0.len(table));
        counts.sum()
    }

    /// The files that are kept here, and their sizes.
    pub fn files(&self) -> Result<Vec<(MediaId, u64)>, StoreError> {
        queries::media::here(&*self.0)
    }

    /// How many files there are, with those that are on other machines of the cluster.
    pub fn all_files(&self) -> Result<u64, StoreError> {
        self.0.len(Table::Media)
    }

    /// Visits every row, table by table, in the order of the keys.
    pub fn each_row(&self, visit: &mut VisitTableRow<'_>) -> Result<(), StoreError> {
        for table in Table::copied() {
            let mut is_over = false;
            let visited = each_row(&*self.0, table, &mut |key, value| {
                is_over = visit(table.name(), key, value).is_break();
                if is_over {
                    return Err(StoreError::Closed);
                }
                Ok(())
            });
            if is_over {
                return Ok(());
            }
            visited?;
        }
        Ok(())
    }
}

/// A message file that is made of rows. It is there once it was finished.
pub struct NewStore {
    file: NewFile,
    rows: Taken,
}

/// Which rows a new file takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// All of them.
    All,
    /// The messages, and how they are kept: not what one machine does with them, such as its schedules, turns, keys
    /// and pauses.
    Messages,
}

const OF_ONE_MACHINE: [Table; 9] = [
    Table::Fetches,
    Table::Turns,
    Table::Sessions,
    Table::Positions,
    Table::AccessKeys,
    Table::PushSubscriptions,
    Table::Schedules,
    Table::Pauses,
    Table::Quotas,
];

impl NewStore {
    /// Creates it. Blocks, as all of these.
    pub fn create(path: &Path, rows: Taken) -> Result<Self, StoreError> {
        let file = NewFile::create(path)?;
        Ok(Self { file, rows })
    }

    /// Puts a row into the table of this name.
    pub fn put(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let found = Table::ALL.into_iter().find(|one| one.name() == table);
        let Some(table) = found else {
            let text = format!("it has a table {table:?}, which this version does not know");
            return Err(StoreError::InvalidQuery(text));
        };
        if table == Table::Meta && key == meta::SCHEMA && number_of(value)? > schema::VERSION {
            let text = "its rows are of a newer version".to_owned();
            return Err(StoreError::InvalidQuery(text));
        }
        if self.rows == Taken::Messages && OF_ONE_MACHINE.contains(&table) {
            return Ok(());
        }
        self.file.put(table, key, Some(value))
    }

    /// Makes it durable.
    pub fn finish(self) -> Result<(), StoreError> {
        self.file.finish()
    }
}
