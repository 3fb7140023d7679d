//! The options of a store: where it keeps messages, how long, how much at a time.
//!
//! Not here: the settings of `.env` that some of them come from.

use std::{path::PathBuf, sync::Arc};

use crate::clock;

/// Returns the time in ms since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// The file. Its folder must exist. Without the `store` feature nothing is read or written.
    pub path: PathBuf,
    /// For how many days messages that left the outbox are kept, at least 7; 0 keeps them for ever.
    pub history_days: u32,
    /// How many bytes of the file may be in use before no message is taken any more; 0 for no limit.
    pub max_bytes: u64,
    /// The clock; tests have one of their own.
    pub clock: Clock,
    /// How many requests go into one transaction.
    pub max_batch: usize,
    /// How many requests may wait for the writer.
    pub max_queued: usize,
    /// How many bytes the waiting requests may hold together.
    pub max_queued_bytes: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            path: PathBuf::from("messages.redb"),
            history_days: 90,
            max_bytes: 0,
            clock: Arc::new(clock::now_ms),
            max_batch: 1024,
            max_queued: 65_536,
            max_queued_bytes: 64 * 1024 * 1024,
        }
    }
}
