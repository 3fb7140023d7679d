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

/// Whether the store has reached the size it may have.
#[derive(Default)]
pub(super) struct SizeLimit {
    reached: Option<u64>,
    measured: Option<Instant>,
}

impl SizeLimit {
    /// The limit, if it is reached.
    pub(super) fn reached(&self) -> Option<u64> {
        self.reached
    }

    /// Compares the file with the limit. The file grows by doubling, so that its size says only when to
    /// look at what is in use.
    pub(super) fn check(&mut self, shared: &Shared) {
        let limit = shared.max_bytes.load(Ordering::Relaxed);
        let is_small = limit == 0 || shared.backend.file_bytes() < limit;
        if is_small && self.reached.is_none() {
            return;
        }
        let is_fresh = self
            .measured
            .is_some_and(|then| then.elapsed() < BETWEEN_MEASUREMENTS);
        let is_same = self.reached.is_none_or(|reached| reached == limit);
        if !is_small && is_fresh && is_same {
            return;
        }
        let is_full = !is_small && shared.backend.used_bytes().is_ok_and(|used| used >= limit);
        self.measured = Some(Instant::now());
        self.reached = is_full.then_some(limit);
        shared.note_limit(self.reached);
    }
}
