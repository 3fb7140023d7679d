//! What the writer shares with every handle: the storage, the queue, and health and counters as of the
//! last commit.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::store::{
    answer::StoreHealth, backend::Backend, error::StoreError, queries::counters::StoreCounters,
    time::TimeKeeper, writer::queue::Queue,
};

/// What the writer shares with every handle.
pub(in crate::store) struct Shared {
    pub(in crate::store) backend: Box<dyn Backend>,
    pub(in crate::store) queue: Queue,
    pub(in crate::store) time: TimeKeeper,
    head: AtomicU64,
    last_known: Mutex<LastKnown>,
}

/// As of the last commit or failure.
#[derive(Default)]
struct LastKnown {
    health: StoreHealth,
    counters: StoreCounters,
}

impl Shared {
    pub(in crate::store) fn new(
        backend: Box<dyn Backend>,
        queue: Queue,
        time: TimeKeeper,
        counters: StoreCounters,
    ) -> Self {
        Self {
            backend,
            queue,
            time,
            head: AtomicU64::new(counters.head),
            last_known: Mutex::new(LastKnown {
                health: StoreHealth::default(),
                counters,
            }),
        }
    }

    pub(in crate::store) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    pub(in crate::store) fn counters(&self) -> StoreCounters {
        self.last_known().counters.clone()
    }

    pub(in crate::store) fn health(&self) -> StoreHealth {
        let queue_depth = self.queue.depth();
        let known = self.last_known();
        StoreHealth {
            queue_depth,
            messages: known.counters.messages,
            clock: self.time.health(),
            ..known.health.clone()
        }
    }

    /// Records a commit that carried out this many requests.
    pub(in crate::store) fn note_commit(&self, counters: &StoreCounters, writes: u64) {
        let mut known = self.last_known();
        known.counters.clone_from(counters);
        known.health.commits += 1;
        known.health.writes += writes;
        known.health.failing_since_ms = None;
        known.health.error = None;
        drop(known);
        self.head.store(counters.head, Ordering::Release);
    }

    /// Records that nothing can be stored, for the first time or still.
    pub(in crate::store) fn note_failure(&self, error: &StoreError, now_ms: u64) {
        let mut known = self.last_known();
        known.health.failing_since_ms.get_or_insert(now_ms);
        known.health.error = Some(match error {
            StoreError::Failing(why) => why.clone(),
            other => other.to_string(),
        });
    }

    fn last_known(&self) -> MutexGuard<'_, LastKnown> {
        self.last_known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The store's time.
    pub(in crate::store) fn time_ms(&self) -> u64 {
        self.time.now().time_ms
    }
}
