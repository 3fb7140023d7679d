//! The counters of the store: read from the rows when it is opened, then kept up to date.
//!
//! Not here: changing them (`writer::transaction`).

use std::collections::BTreeMap;

use crate::store::{
    answer::MediaTotals,
    backend::{Snapshot, Table, meta},
    error::StoreError,
    queries::{outbox::outbox_depth, turns},
    turn::AGENTS,
};

/// What is counted in memory, so that asking for it costs no read. Always as of the last commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct StoreCounters {
    /// The last sequence number given out.
    pub(in crate::store) head: u64,
    /// Messages kept.
    pub(in crate::store) messages: u64,
    /// Messages still to be sent, by channel.
    pub(in crate::store) outbox: BTreeMap<String, u64>,
    /// Files kept.
    pub(in crate::store) media: MediaTotals,
    /// Messages with a file that is to be fetched.
    pub(in crate::store) fetches: u64,
    /// Messages to be sent later.
    pub(in crate::store) scheduled: u64,
    /// Whether there is anything to go on with for agents: a position, or an open turn as of the start.
    pub(in crate::store) agents: bool,
}

impl StoreCounters {
    /// Reads the counters from the rows. Walks the whole outbox.
    pub(in crate::store) fn read(rows: &dyn Snapshot) -> Result<Self, StoreError> {
        Ok(Self {
            head: meta::head(rows)?,
            messages: rows.len(Table::Bodies)?,
            outbox: outbox_depth(rows)?,
            media: MediaTotals {
                files: rows.len(Table::Media)?,
                bytes: meta::media_bytes(rows)?,
            },
            fetches: rows.len(Table::Fetches)?,
            scheduled: rows.len(Table::Scheduled)? / 2,
            agents: turns::position(rows, AGENTS)?.is_some() || turns::is_any_open(rows)?,
        })
    }
}
