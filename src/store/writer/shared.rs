//! What the writer shares with every handle: the storage, the queue, and health and counters as of the
//! last commit.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::store::{
    answer::{MediaTotals, StoreHealth},
    backend::Backend,
    error::StoreError,
    queries::counters::StoreCounters,
    time::TimeKeeper,
    words::WordsSignal,
    writer::queue::Queue,
};

/// What the writer shares with every handle.
pub(in crate::store) struct Shared {
    pub(in crate::store) backend: Box<dyn Backend>,
    pub(in crate::store) queue: Queue,
    pub(in crate::store) time: TimeKeeper,
    /// What the indexer is told.
    pub(in crate::store) words: WordsSignal,
    head: AtomicU64,
    /// How many bytes of the file may be in use; 0 for no limit.
    pub(in crate::store) max_bytes: AtomicU64,
    /// Whether nothing may be written, as the file is damaged or no longer at its place.
    is_barred: AtomicBool,
    last_known: Mutex<LastKnown>,
}

/// As of the last commit or failure.
#[derive(Default)]
struct LastKnown {
    health: StoreHealth,
    /// Why the file is not the one at its path, and since when.
    misplaced: Option<(u64, String)>,
    counters: StoreCounters,
}

impl Shared {
    pub(in crate::store) fn new(
        backend: Box<dyn Backend>,
        queue: Queue,
        time: TimeKeeper,
        counters: StoreCounters,
        max_bytes: u64,
        words: WordsSignal,
    ) -> Self {
        Self {
            backend,
            queue,
            time,
            words,
            head: AtomicU64::new(counters.head),
            max_bytes: AtomicU64::new(max_bytes),
            is_barred: AtomicBool::new(false),
            last_known: Mutex::new(LastKnown {
                counters,
                ..LastKnown::default()
            }),
        }
    }

    pub(in crate::store) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    pub(in crate::store) fn counters(&self) -> StoreCounters {
        self.last_known().counters.clone()
    }

    /// How many files are kept.
    pub(in crate::store) fn media_totals(&self) -> MediaTotals {
        self.last_known().counters.media
    }

    /// How many messages have a file that is to be fetched.
    pub(in crate::store) fn fetches(&self) -> u64 {
        self.last_known().counters.fetches
    }

    /// Whether there is anything to go on with for agents.
    pub(in crate::store) fn has_agents(&self) -> bool {
        self.last_known().counters.agents
    }

    pub(in crate::store) fn health(&self) -> StoreHealth {
        let queue_depth = self.queue.depth();
        let known = self.last_known();
        let mut health = StoreHealth {
            queue_depth,
            messages: known.counters.messages,
            clock: self.time.health(),
            ..known.health.clone()
        };
        if let Some((since_ms, why)) = &known.misplaced {
            health.failing_since_ms.get_or_insert(*since_ms);
            health.error = Some(why.clone());
        }
        health
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
            StoreError::Failing(why) | StoreError::DiskFull { why, .. } => why.clone(),
            other => other.to_string(),
        });
    }

    /// Records damage that was come upon. From then on nothing is written: what would be acknowledged
    /// might not be there after a restart, which verifies the file.
    pub(in crate::store) fn note_damage(&self, error: &StoreError) {
        if let StoreError::Corrupt(what) = error {
            self.last_known()
                .health
                .damage
                .get_or_insert_with(|| what.clone());
            self.is_barred.store(true, Ordering::Release);
        }
    }

    /// Records whether the store has reached the size it may have.
    pub(in crate::store) fn note_limit(&self, reached: Option<u64>) {
        self.last_known().health.limit_reached = reached;
    }

    /// Finds out whether the file is still at its place.
    pub(in crate::store) fn look_at_place(&self) {
        let trouble = self.backend.trouble_at_place();
        let mut known = self.last_known();
        if trouble.is_none() && known.misplaced.is_none() {
            return;
        }
        let now_ms = self.time.now().wall_ms;
        let since_ms = known.misplaced.take().map_or(now_ms, |(since, _)| since);
        known.misplaced = trouble.map(|why| (since_ms, why));
        let is_barred = known.misplaced.is_some() || known.health.damage.is_some();
        self.is_barred.store(is_barred, Ordering::Release);
    }

    /// Fails if nothing may be written whatever the disk says.
    pub(in crate::store) fn check_barred(&self) -> Result<(), StoreError> {
        if !self.is_barred.load(Ordering::Acquire) {
            return Ok(());
        }
        let known = self.last_known();
        match (&known.health.damage, &known.misplaced) {
            (Some(what), _) => Err(StoreError::Corrupt(what.clone())),
            (None, Some((_, why))) => Err(StoreError::Failing(why.clone())),
            (None, None) => Ok(()),
        }
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
