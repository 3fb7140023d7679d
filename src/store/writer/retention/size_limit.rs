//! The size the store may have: whether it has reached it.
//!
//! Not here: which requests that refuses (`operations`).

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::store::writer::shared::Shared;

/// How long a measurement of a full store holds at most, if nothing seems to have been removed.
const BETWEEN_MEASUREMENTS: Duration = Duration::from_secs(600);

/// A store with less room than this part of its limit is full: measuring reads much of the file, and
/// closer to the limit every message would need it.
const FULL_FROM: u64 = 64;

/// How much a message may take beside its row: its index, its keys, and pages that are not full.
const OVERHEAD: u64 = 2;

/// Whether the store has reached the size it may have.
#[derive(Default)]
pub(in crate::store::writer) struct SizeLimit {
    reached: Option<u64>,
    measured: Option<Instant>,
    /// How much was left then.
    left: u64,
    /// How much was stored since.
    stored: u64,
    /// Whether something was removed since.
    is_outdated: bool,
    /// The limit it was compared with.
    limit: u64,
}

impl SizeLimit {
    /// The limit, if it is reached.
    pub(in crate::store::writer) fn reached(&self) -> Option<u64> {
        self.reached
    }

    /// Counts what a transaction stored.
    pub(in crate::store::writer) fn add(&mut self, bytes: u64) {
        self.stored += bytes;
    }

    /// Notes the end of a retention run, which makes room if it removed anything.
    pub(in crate::store::writer) fn note_removed(&mut self, has_removed: bool) {
        self.is_outdated |= has_removed;
    }

    /// Compares the file with the limit. The file grows by doubling, so that its size says only when to
    /// look at what is in use.
    pub(in crate::store::writer) fn check(&mut self, shared: &Shared) {
        let limit = shared.max_bytes.load(Ordering::Relaxed);
        let is_small = limit == 0 || shared.backend.file_bytes() < limit;
        if is_small && self.reached.is_none() {
            return;
        }
        let is_same = self.limit == limit;
        if !is_small && is_same && self.holds() {
            return;
        }
        let used = if is_small {
            Ok(0)
        } else {
            shared.backend.used_bytes()
        };
        let full_from = limit - limit / FULL_FROM;
        let is_full = used.as_ref().is_ok_and(|used| *used >= full_from) && !is_small;
        self.left = used.map_or(0, |used| limit.saturating_sub(used));
        self.limit = limit;
        self.is_outdated = false;
        self.stored = 0;
        self.measured = Some(Instant::now());
        self.reached = is_full.then_some(limit);
        shared.note_limit(self.reached);
    }

    /// Whether the last measurement says enough: until what was stored since may have filled the store,
    /// and in a full one until something was removed.
    fn holds(&self) -> bool {
        let Some(measured) = self.measured else {
            return false;
        };
        match self.reached {
            Some(_) => !self.is_outdated && measured.elapsed() < BETWEEN_MEASUREMENTS,
            None => OVERHEAD * self.stored < self.left,
        }
    }
}
