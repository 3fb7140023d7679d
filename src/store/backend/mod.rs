//! What the store needs of whatever keeps its rows: a few ordered tables of bytes, snapshots to
//! read from, and transactions that happen whole or not at all.
//!
//! The logic above is written once over these traits; `redb` and `memory` implement them.

#[cfg(any(test, not(feature = "store")))]
pub(super) mod memory;
pub(super) mod meta;
#[cfg(feature = "store")]
pub(super) mod redb;

use std::ops::ControlFlow;

use crate::store::error::StoreError;

/// The tables; `rows` says what their rows hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Table {
    /// Names to numbers: schema version, last sequence number.
    Meta,
    /// Message number → the message as it was created.
    Bodies,
    /// Message number → sequence number of its last change. Missing while nothing changed.
    Latest,
    /// Sequence number → a change of a message's state.
    Changes,
    /// Channel, or channel and peer, with a number → this message and some after it, and whose they
    /// are.
    Scopes,
    /// Channel and message number → when it is due. Outgoing messages still to be sent.
    Outbox,
    /// Idempotency or dedup key → message number.
    Keys,
    /// Channel and peer → number of the newest message that was read. Files of older versions gain
    /// it when they are opened; those versions take no notice of it.
    Marks,
    /// Channel, or channel and peer → its newest messages, which are not in `Scopes` yet. Files of
    /// version 1 gain it.
    Tails,
}

impl Table {
    /// Every table, in the order of its discriminant: its place in an array of tables.
    pub(in crate::store) const ALL: [Self; 9] = [
        Self::Meta,
        Self::Bodies,
        Self::Latest,
        Self::Changes,
        Self::Scopes,
        Self::Outbox,
        Self::Keys,
        Self::Marks,
        Self::Tails,
    ];
}

/// Which end a scan starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum ScanOrder {
    Ascending,
    Descending,
}

/// Sees one row of a scan; `Break` ends it.
pub(in crate::store) type VisitRow<'v> =
    dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Sees one message's number; `Break` ends it.
pub(in crate::store) type VisitNumber<'v> =
    dyn FnMut(u64) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Writes into a transaction; `true` commits it, `false` and an error undo it.
pub(in crate::store) type Work<'w> = dyn FnMut(&mut dyn Rows) -> Result<bool, StoreError> + 'w;

/// A row: its key and its value.
pub(in crate::store) type KeyValue = (Vec<u8>, Vec<u8>);

/// Reads single rows.
pub(in crate::store) trait Get {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The row of this key, or else the last before it.
    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<KeyValue>, StoreError>;
}

/// An unchanging view of all tables.
pub(in crate::store) trait Snapshot: Get {
    /// Shows the rows from `first` to `last`, both included, to `visit`. `first` must not be
    /// greater than `last`.
    fn scan(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
        order: ScanOrder,
        visit: &mut VisitRow<'_>,
    ) -> Result<(), StoreError>;

    /// How many rows a table has, without counting them.
    fn len(&self, table: Table) -> Result<u64, StoreError>;
}

/// A transaction in the making. Reads see its own writes.
pub(in crate::store) trait Rows: Get {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError>;
    fn remove(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError>;
}

/// Keeps the tables. Errors of the storage itself are [`StoreError::Failing`].
pub(in crate::store) trait Backend: Send + Sync {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// Runs `work` in a transaction and, where it says so, makes it durable before returning.
    /// After an error nothing may be assumed until [`recover`](Self::recover) succeeded.
    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError>;

    /// Brings the storage back after a failed transaction. What that left behind is then either
    /// wholly there or not at all.
    fn recover(&self) -> Result<(), StoreError>;

    /// Lets go of the storage; readers at work finish first.
    fn close(&self);

    /// The sequence number before the first, in a store that is empty.
    fn first_head(&self, _now_ms: u64) -> u64 {
        0
    }

    /// How many messages there is room for, where there is a limit.
    fn capacity(&self) -> Option<u64> {
        None
    }
}
