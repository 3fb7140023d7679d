//! The options of a store: where it keeps messages, how long, how much at a time.
//!
//! Not here: the settings of `.env` that some of them come from.

use std::{path::PathBuf, sync::Arc, time::Instant};

use crate::clock;

/// Returns a time in ms.
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
    /// The wall clock, in ms since 1970; tests have one of their own.
    pub clock: Clock,
    /// The monotonic clock, in ms since any moment; tests have one of their own.
    pub monotonic: Clock,
    /// How many messages the smallest part of the index of words has.
    pub word_batch: u64,
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
            monotonic: since_now(),
            word_batch: 2048,
            max_batch: 1024,
            max_queued: 65_536,
            max_queued_bytes: 64 * 1024 * 1024,
        }
    }
}

/// A monotonic clock that starts at 0 now.
fn since_now() -> Clock {
    let start = Instant::now();
    Arc::new(move || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX))
}
