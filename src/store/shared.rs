//! What the writer shares with everybody who asks: the storage, the queue, and how things stand as of
//! the last commit.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::{
    Clock, backend::Backend, error::StoreError, queue::Queue, request::Health, write::Counters,
};

/// What the writer shares with everybody who asks.
pub(super) struct Shared {
    pub(super) backend: Box<dyn Backend>,
    pub(super) queue: Queue,
    pub(super) clock: Clock,
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
    pub(super) fn new(
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

    pub(super) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    pub(super) fn counters(&self) -> Counters {
        self.condition().counters.clone()
    }

    pub(super) fn health(&self) -> Health {
        let queue_depth = self.queue.depth();
        let condition = self.condition();
        Health {
            queue_depth,
            messages: condition.counters.messages,
            ..condition.health.clone()
        }
    }

    /// Takes note of a commit that carried so many requests.
    pub(super) fn note_commit(&self, counters: &Counters, writes: u64) {
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
    pub(super) fn note_failure(&self, error: &StoreError, now_ms: u64) {
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

    pub(super) fn now_ms(&self) -> u64 {
        (self.clock)()
    }
}
