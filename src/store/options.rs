//! How to keep messages: where, how long, how much at a time.

use std::{path::PathBuf, sync::Arc};

use crate::clock;

/// Tells the time in ms since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How to keep messages.
#[derive(Clone)]
pub struct StoreOptions {
    /// The file. Its folder must exist. Without the `store` feature nothing is read or written.
    pub path: PathBuf,
    /// Messages that left the outbox are kept so many days, at least 7; 0 keeps them for ever.
    pub history_days: u32,
    /// The time.
    pub clock: Clock,
    /// How many requests one transaction takes.
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
            clock: Arc::new(clock::now_ms),
            max_batch: 1024,
            max_queued: 65_536,
            max_queued_bytes: 64 * 1024 * 1024,
        }
    }
}
