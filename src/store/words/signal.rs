//! How the writer tells the indexer that there is something to do, and how far that is.
//!
//! Not here: what it does then (`indexer`).

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::store::answer::IndexedWords;

/// How many times as many messages as wake the indexer are not waited for.
const AT_ONCE: u64 = 4;

/// What happened to messages since the indexer last looked.
#[derive(Default)]
pub(in crate::store) struct WordsSignal {
    /// How many new messages wake the indexer.
    batch: u64,
    /// Messages stored since the last segment of new ones.
    waiting: AtomicU64,
    state: Mutex<SignalState>,
    changed: Condvar,
}

#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something else that the other thread waits for"
)]
struct SignalState {
    is_wanted: bool,
    is_closed: bool,
    indexed: IndexedWords,
    /// Whether the indexer found nothing more to do.
    is_idle: bool,
    /// Whether a segment was given up that the indexer does not know of.
    has_given_up: bool,
    /// When that last happened.
    given_up: Option<Instant>,
}

impl WordsSignal {
    pub(in crate::store) fn new(batch: u64) -> Self {
        Self {
            batch,
            ..Self::default()
        }
    }

    fn state(&self) -> MutexGuard<'_, SignalState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a commit with so many new messages, and whether it gave up a segment. Costs an addition
    /// unless the indexer is to wake.
    pub(in crate::store) fn note(&self, stored: u64, has_given_up: bool) {
        let before = self.waiting.fetch_add(stored, Ordering::Relaxed);
        if before + stored < self.batch && !has_given_up {
            return;
        }
        let mut state = self.state();
        if has_given_up {
            state.has_given_up = true;
            state.given_up = Some(Instant::now());
        }
        state.is_wanted = true;
        state.is_idle = false;
        self.changed.notify_all();
    }

    /// Whether so many messages were stored that they should fill a segment. Some may have been removed since.
    pub(in crate::store) fn is_due(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= self.batch
    }

    /// Starts counting new messages anew.
    pub(in crate::store) fn begin_batch(&self) {
        self.waiting.store(0, Ordering::Relaxed);
    }

    /// Ends the wait of the indexer for good.
    pub(in crate::store) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    pub(in crate::store) fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// Whether a segment was given up since this was last asked.
    pub(in crate::store) fn has_given_up(&self) -> bool {
        std::mem::take(&mut self.state().has_given_up)
    }

    /// How long ago a segment was last given up, if ever.
    pub(in crate::store) fn since_given_up(&self) -> Option<Duration> {
        self.state().given_up.map(|moment| moment.elapsed())
    }

    /// Waits until there is something to do, or for this long; whether there is. `is_idle` says that nothing was left.
    pub(in crate::store) fn wait(&self, patience: Duration, is_idle: bool) -> bool {
        let mut state = self.state();
        state.is_idle = is_idle && !state.is_wanted;
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(state, patience, |state| {
            !state.is_wanted && !state.is_closed
        });
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.is_idle = false;
        std::mem::take(&mut state.is_wanted) || state.is_closed
    }

    /// Waits a little where messages come fast, so that more of them are indexed at once: for this long, or until
    /// there are several times as many as wake the indexer, or a segment was given up.
    pub(in crate::store) fn gather(&self, patience: Duration) {
        let state = self.state();
        let is_enough = || self.waiting.load(Ordering::Relaxed) >= self.batch * AT_ONCE;
        let waited = self.changed.wait_timeout_while(state, patience, |state| {
            !state.is_closed && !state.has_given_up && !is_enough()
        });
        // Those that came meanwhile are looked at now.
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.is_wanted = false;
    }

    /// Notes how far the index is.
    pub(in crate::store) fn note_indexed(&self, indexed: IndexedWords) {
        self.state().indexed = indexed;
    }

    /// How far the index is.
    pub(in crate::store) fn indexed(&self) -> IndexedWords {
        self.state().indexed
    }

    /// Waits until the indexer has nothing more to do.
    #[cfg(test)]
    pub(in crate::store) fn await_idle(&self) {
        let mut state = self.state();
        while !state.is_idle {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_messages_are_waited_for_until_there_are_several_times_as_many() {
        let signal = WordsSignal::new(10);
        signal.note(10 * AT_ONCE, false);
        let ages = Duration::from_hours(1);
        signal.gather(ages);
        signal.begin_batch();
        std::thread::scope(|threads| {
            let gathering = threads.spawn(|| signal.gather(ages));
            signal.note(10 * AT_ONCE - 1, false);
            assert!(!gathering.is_finished());
            signal.note(1, false);
        });
        assert!(!signal.wait(Duration::ZERO, true), "wakes for nothing");
        signal.begin_batch();
        signal.note(1, true);
        signal.gather(ages);
        assert!(signal.has_given_up());
        signal.gather(Duration::ZERO);
        signal.close();
        signal.gather(ages);
    }
}
