//! What the writer shares with everybody who asks: the storage, the queue, and how things stand as of
//! the last commit.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::store::{
    answer::Health, backend::Backend, error::StoreError, options::Clock,
    queries::counters::Counters, writer::queue::Queue,
};

/// What the writer shares with everybody who asks.
pub(in crate::store) struct Shared {
    pub(in crate::store) backend: Box<dyn Backend>,
    pub(in crate::store) queue: Queue,
    pub(in crate::store) clock: Clock,
    head: AtomicU64,
    condition: Mutex<Condition>,
}

/// As of the last commit or failure.
#[derive(Default)]
struct Condition {
    health: Health,
    counters: Counters,
}

impl Shared {
    pub(in crate::store) fn new(
        backend: Box<dyn Backend>,
        queue: Queue,
        clock: Clock,
        counters: Counters,
    ) -> Self {
        Self {
            backend,
            queue,
            clock,
            head: AtomicU64::new(counters.head),
            condition: Mutex::new(Condition {
                health: Health::default(),
                counters,
            }),
        }
    }

    pub(in crate::store) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    pub(in crate::store) fn counters(&self) -> Counters {
        self.condition().counters.clone()
    }

    pub(in crate::store) fn health(&self) -> Health {
        let queue_depth = self.queue.depth();
        let condition = self.condition();
        Health {
            queue_depth,
            messages: condition.counters.messages,
            ..condition.health.clone()
        }
    }

    /// Takes note of a commit that carried so many requests.
    pub(in crate::store) fn note_commit(&self, counters: &Counters, writes: u64) {
        let mut condition = self.condition();
        condition.counters.clone_from(counters);
        condition.health.commits += 1;
        condition.health.writes += writes;
        condition.health.failing_since_ms = None;
        condition.health.error = None;
        drop(condition);
        self.head.store(counters.head, Ordering::Release);
    }

    /// Takes note that nothing can be stored, for the first time or still.
    pub(in crate::store) fn note_failure(&self, error: &StoreError, now_ms: u64) {
        let mut condition = self.condition();
        condition.health.failing_since_ms.get_or_insert(now_ms);
        condition.health.error = Some(match error {
            StoreError::Failing(why) => why.clone(),
            other => other.to_string(),
        });
    }

    fn condition(&self) -> MutexGuard<'_, Condition> {
        self.condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::store) fn now_ms(&self) -> u64 {
        (self.clock)()
    }
}
