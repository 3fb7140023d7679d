//! Counters of one channel, kept by its delivery worker and its supervisor, shown by `status`.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a channel has done since the start.
#[derive(Debug, Default)]
pub struct ChannelCounters {
    /// Messages the service took.
    pub sent: AtomicU64,
    /// Messages that failed for good.
    pub failed: AtomicU64,
    /// Attempts that will be repeated.
    pub retried: AtomicU64,
    /// Attempts that got no answer.
    pub unknown: AtomicU64,
    /// Failures of the integration itself.
    pub restarts: AtomicU64,
}

impl ChannelCounters {
    pub(in crate::daemon) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
