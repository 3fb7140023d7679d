//! The storage below the store's logic: a few ordered tables of bytes, snapshots to read from, and
//! atomic transactions. The logic is written once over these traits; `redb` and `memory` implement
//! them.
//!
//! Not here: what the rows hold (`rows`).

#[cfg(any(test, not(feature = "store")))]
pub(super) mod memory;
pub(super) mod meta;
#[cfg(feature = "store")]
pub(super) mod redb;

use std::ops::ControlFlow;

use crate::store::error::StoreError;

/// The tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Table {
    /// Names to numbers: schema version, last sequence number.
    Meta,
    /// Message number → the message as it was created.
    Bodies,
    /// Message number → sequence number of its last change. No row for a message never changed.
    Latest,
    /// Sequence number → a change of a message's state.
    Changes,
    /// Channel, or channel and peer, with a number → this message and some after it, and who wrote
    /// each.
    Scopes,
    /// Channel and message number → when it is due. Outgoing messages still to be sent.
    Outbox,
    /// Idempotency or dedup key → message number.
    Keys,
    /// Channel and peer → number of the newest message that was read. Added to files of older versions
    /// when they are opened; those versions ignore it.
    Marks,
    /// Channel, or channel and peer → its newest messages, which are not in `Scopes` yet. Added to
    /// files of version 1.
    Tails,
    /// Message number → what its author changed after it was stored. Added as `Marks` is.
    Revisions,
    /// Channel and name of a peer → the peer it means, or the other names of one. Added as `Marks` is.
    Aliases,
    /// Sequence number → the store's time from it on. Added as `Marks` is.
    Times,
    /// SHA-256 of a kept file → what is known of it. Added as `Marks` is.
    Media,
    /// Channel and message number → when its file is fetched. Incoming messages with a file that is
    /// still to be fetched. Added as `Marks` is.
    Fetches,
    /// Whether it has ended, and the number of its first message → a turn of an agent. Added as `Marks` is.
    Turns,
    /// Channel and peer → which session of an agent a conversation is in, and until when no agent answers
    /// there. Added as `Marks` is.
    Sessions,
    /// The name of a reader → the sequence number up to which it has read. Added as `Marks` is.
    Positions,
    /// The number of a client's key → what is known of it. Added as `Marks` is.
    AccessKeys,
    /// The number of a subscription → where a device is pushed to. Added as `Marks` is.
    PushSubscriptions,
    /// Channel and peer → how the user keeps a conversation: pinned, archived, muted. Added as `Marks` is.
    Flags,
    /// Time and message number → how late it may be, and message number → the time. Messages to be sent
    /// later. Added as `Marks` is.
    Scheduled,
    /// The number of a schedule → what is sent again and again. Added as `Marks` is.
    Schedules,
    /// The number of a channel → its pause. Added as `Marks` is.
    Pauses,
    /// The number of a channel → what it has sent today. Added as `Marks` is.
    Quotas,
    /// Channel and peer → what a service calls this group, whose messages do not say it. Added as `Marks` is.
    GroupNames,
    /// The first number of a span of messages → where their words are. Added to files of version 3.
    WordSegments,
    /// A segment, a word and a number → this word and those after it, with where they are. Added to files of
    /// version 3.
    WordBlocks,
}

impl Table {
    /// Every table, in the order of the discriminants, which serve as indices into arrays of tables.
    pub(in crate::store) const ALL: [Self; 27] = [
        Self::Meta,
        Self::Bodies,
        Self::Latest,
        Self::Changes,
        Self::Scopes,
        Self::Outbox,
        Self::Keys,
        Self::Marks,
        Self::Tails,
        Self::Revisions,
        Self::Aliases,
        Self::Times,
        Self::Media,
        Self::Fetches,
        Self::Turns,
        Self::Sessions,
        Self::Positions,
        Self::AccessKeys,
        Self::PushSubscriptions,
        Self::Flags,
        Self::Scheduled,
        Self::Schedules,
        Self::Pauses,
        Self::Quotas,
        Self::GroupNames,
        Self::WordSegments,
        Self::WordBlocks,
    ];

    /// Whether its rows are made anew from those of the others, so that no copy of a store has to have them.
    #[cfg(feature = "store")]
    pub(in crate::store) const fn is_made_anew(self) -> bool {
        matches!(self, Self::WordSegments | Self::WordBlocks)
    }

    /// The tables that a copy of a store has.
    #[cfg(feature = "store")]
    pub(in crate::store) fn copied() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|table| !table.is_made_anew())
    }

    /// Its name in the file.
    #[cfg(feature = "store")]
    pub(in crate::store) const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Bodies => "bodies",
            Self::Latest => "latest",
            Self::Changes => "changes",
            Self::Scopes => "scopes",
            Self::Outbox => "outbox",
            Self::Keys => "keys",
            Self::Marks => "marks",
            Self::Tails => "tails",
            Self::Revisions => "revisions",
            Self::Aliases => "aliases",
            Self::Times => "times",
            Self::Media => "media",
            Self::Fetches => "fetches",
            Self::Turns => "turns",
            Self::Sessions => "sessions",
            Self::Positions => "positions",
            Self::AccessKeys => "access_keys",
            Self::PushSubscriptions => "push_subscriptions",
            Self::Flags => "flags",
            Self::Scheduled => "scheduled",
            Self::Schedules => "schedules",
            Self::Pauses => "pauses",
            Self::Quotas => "quotas",
            Self::GroupNames => "group_names",
            Self::WordSegments => "word_segments",
            Self::WordBlocks => "word_blocks",
        }
    }
}

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum ScanOrder {
    Ascending,
    Descending,
}

/// Called with the key and value of each row of a scan; `Break` ends the scan.
pub(in crate::store) type VisitRow<'v> =
    dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Called with the number of each message; `Break` ends the scan.
pub(in crate::store) type VisitNumber<'v> =
    dyn FnMut(u64) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Writes into a transaction: `true` commits it, `false` or an error undoes it.
pub(in crate::store) type Work<'w> = dyn FnMut(&mut dyn Rows) -> Result<bool, StoreError> + 'w;

/// A row: its key and its value.
pub(in crate::store) type KeyValue = (Vec<u8>, Vec<u8>);

/// Reads single rows.
pub(in crate::store) trait Get {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The row of this key or, if there is none, the last row before it.
    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<KeyValue>, StoreError>;
}

/// A consistent view of all tables.
pub(in crate::store) trait Snapshot: Get {
    /// Calls `visit` with the rows from `first` to `last`, both included. `first` must not be greater
    /// than `last`.
    fn scan(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
        order: ScanOrder,
        visit: &mut VisitRow<'_>,
    ) -> Result<(), StoreError>;

    /// The number of rows of a table, in constant time.
    fn len(&self, table: Table) -> Result<u64, StoreError>;
}

/// An open transaction. Reads see its own writes.
pub(in crate::store) trait Rows: Get {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError>;
    fn remove(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError>;
}

/// A storage of the tables. Its own errors are [`StoreError::Failing`].
pub(in crate::store) trait Backend: Send + Sync {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// Runs `work` in a transaction and, if it returns `true`, makes that durable before returning.
    /// After an error nothing may be assumed until [`recover`](Self::recover) has succeeded.
    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError>;

    /// Makes the storage usable after a failed transaction. That transaction has then happened either
    /// completely or not at all.
    fn recover(&self) -> Result<(), StoreError>;

    /// Closes the storage once the current readers are done.
    fn close(&self);

    /// Gives every row of an older version its checksum and makes this the version of the schema. After
    /// a crash in between, opening the storage goes on with it.
    fn seal(&self, schema: u64) -> Result<(), StoreError> {
        self.transact(&mut |rows| {
            meta::put_schema_version(rows, schema)?;
            Ok(true)
        })
    }

    /// Why the file that was opened is no longer the one at its path, if so.
    fn trouble_at_place(&self) -> Option<String> {
        None
    }

    /// What the owner should know about the storage since it was opened.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The size of the file.
    fn file_bytes(&self) -> u64 {
        0
    }

    /// How much of the file is in use. May read much of it.
    fn used_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// Gives space back if that is worth it and nobody reads; returns the size before, if it did.
    fn compact(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    /// Writes the storage anew, so that nothing is left in it of rows that were removed. Others read and write
    /// meanwhile.
    fn rewrite(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The sequence number before the first one, in an empty store.
    fn first_head(&self, _now_ms: u64) -> u64 {
        0
    }

    /// The largest number of messages kept, if there is a limit.
    fn capacity(&self) -> Option<u64> {
        None
    }
}
