//! The size the store may have: whether it has reached it.
//!
//! Not here: which requests that refuses (`operations`).

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::shared::Shared;

/// How long a measurement holds: counting what is in use reads much of a large file.
const BETWEEN_MEASUREMENTS: Duration = Duration::from_secs(10);

/// How much a message may take beside its row: its index, its keys, and pages that are not full.
const OVERHEAD: u64 = 2;

/// Whether the store has reached the size it may have.
#[derive(Default)]
pub(super) struct SizeLimit {
    reached: Option<u64>,
    measured: Option<Instant>,
    /// How much was left then.
    left: u64,
    /// How much was stored since.
    stored: u64,
}

impl SizeLimit {
    /// The limit, if it is reached.
    pub(super) fn reached(&self) -> Option<u64> {
        self.reached
    }

    /// Counts what a transaction stored.
    pub(super) fn add(&mut self, bytes: u64) {
        self.stored += bytes;
    }

    /// Compares the file with the limit. The file grows by doubling, so that its size says only when to
    /// look at what is in use.
    pub(super) fn check(&mut self, shared: &Shared) {
        let limit = shared.max_bytes.load(Ordering::Relaxed);
        let is_small = limit == 0 || shared.backend.file_bytes() < limit;
        if is_small && self.reached.is_none() {
            return;
        }
        let is_recent = self
            .measured
            .is_some_and(|then| then.elapsed() < BETWEEN_MEASUREMENTS);
        let has_room = self.reached.is_some() || OVERHEAD * self.stored < self.left;
        let is_fresh = is_recent && has_room;
        let is_same = self.reached.is_none_or(|reached| reached == limit);
        if !is_small && is_fresh && is_same {
            return;
        }
        let used = if is_small {
            Ok(0)
        } else {
            shared.backend.used_bytes()
        };
        let is_full = used.as_ref().is_ok_and(|used| *used >= limit && !is_small);
        self.left = limit.saturating_sub(used.unwrap_or(0));
        self.stored = 0;
        self.measured = Some(Instant::now());
        self.reached = is_full.then_some(limit);
        shared.note_limit(self.reached);
    }
}
