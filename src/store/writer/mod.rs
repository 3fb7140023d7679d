//! The one thread that writes. It takes whatever requests came while the last commit was on its way
//! to the disk and commits them together; only then it publishes and answers.
//!
//! When the storage fails, nothing is acknowledged until a commit succeeds again: requests are
//! refused at once, and once a second one commit is tried, with or without requests.

pub(super) mod job;
pub(super) mod operations;
pub(super) mod pending;
mod pruning;
pub(super) mod queue;
pub(super) mod report;
mod retention;
pub(super) mod shared;
pub(super) mod transaction;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use self::{
    job::Job,
    pending::ReplySender,
    queue::Batch,
    retention::{BETWEEN_RUNS_MS, FIRST_RUN_MS, RetentionRun},
    shared::Shared,
    transaction::{Transaction, TransactionOutcome},
};
use crate::store::{
    answer::{Pruned, StoredEvent},
    error::StoreError,
    queries::{counters::StoreCounters, events::events_after},
};

/// The time between two tries to commit while the storage fails.
const BETWEEN_TRIES_MS: u64 = 1_000;
/// Events published at once where a commit that seemed to fail turns out to have happened.
const CATCH_UP: usize = 1_000;

/// Hears of every commit.
pub(in crate::store) type OnCommit = Box<dyn FnMut(Vec<StoredEvent>) + Send>;

pub(in crate::store) struct Writer {
    shared: Arc<Shared>,
    on_commit: OnCommit,
    max_batch: usize,
    history_days: u32,
    /// As of the last commit, or of what the storage holds after a failure.
    counters: StoreCounters,
    /// The last event told.
    told: u64,
    failure: Option<StorageFailure>,
    run: Option<RetentionRun>,
    next_run_ms: u64,
    /// Those who asked for the run under way.
    waiting: Vec<ReplySender<Pruned>>,
    /// How far messages were looked at to stay within the capacity, since the last run.
    trimmed_to: u64,
}

/// The storage does not work.
struct StorageFailure {
    error: StoreError,
    tried_ms: u64,
    /// True once the storage is open again and the counters are its own.
    recovered: bool,
}

/// What became of a batch.
enum BatchOutcome {
    Done(TransactionOutcome),
    /// This request cannot be done, and nothing was kept.
    Spoilt(usize, StoreError),
    Failed(StoreError),
}

impl Writer {
    pub(in crate::store) fn new(
        shared: Arc<Shared>,
        on_commit: OnCommit,
        max_batch: usize,
        history_days: u32,
    ) -> Self {
        let counters = shared.counters();
        Self {
            told: counters.head,
            counters,
            next_run_ms: shared.now_ms().saturating_add(FIRST_RUN_MS),
            shared,
            on_commit,
            max_batch: max_batch.max(1),
            history_days,
            failure: None,
            run: None,
            waiting: Vec::new(),
            trimmed_to: 0,
        }
    }

    /// Writes until the store is closed and all that waited is answered.
    pub(in crate::store) fn run(mut self) {
        loop {
            let Batch {
                jobs,
                prunes,
                finished,
            } = self.shared.queue.take(self.max_batch, self.patience());
            match (jobs.is_empty(), &self.failure) {
                (false, _) => self.write(jobs),
                (true, Some(_)) => self.probe(),
                (true, None) => {}
            }
            self.start_run(prunes);
            self.continue_run();
            self.trim();
            if finished {
                break;
            }
        }
        self.shared.backend.close();
    }

    /// How long to sleep when nothing is asked.
    fn patience(&self) -> Duration {
        Duration::from_millis(match (&self.failure, &self.run) {
            (Some(_), _) => BETWEEN_TRIES_MS,
            (None, Some(_)) => 0,
            (None, None) => self
                .next_run_ms
                .saturating_sub(self.shared.now_ms())
                .clamp(1, BETWEEN_RUNS_MS),
        })
    }

    /// Commits a batch and answers every request in it. One that panics, or comes to a damaged row,
    /// is taken out and the rest is done again without it.
    fn write(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if let Err(error) = self.may_try() {
            return refuse(jobs, &error);
        }
        while !jobs.is_empty() {
            match self.attempt(&mut jobs) {
                BatchOutcome::Done(outcome) => {
                    self.publish(outcome, jobs.len() as u64);
                    return jobs.into_iter().for_each(Job::answer);
                }
                BatchOutcome::Spoilt(which, error) => jobs.remove(which).refuse(error),
                BatchOutcome::Failed(error) => {
                    self.fail(error.clone());
                    return refuse(jobs, &error);
                }
            }
        }
    }

    fn attempt(&self, jobs: &mut [Box<dyn Job>]) -> BatchOutcome {
        let mut spoilt = None;
        let result = self.transact(&mut |transaction| {
            for (which, job) in jobs.iter_mut().enumerate() {
                match apply(&mut **job, transaction) {
                    Ok(()) => {}
                    Err(failing @ StoreError::Failing(_)) => return Err(failing),
                    Err(error) => {
                        spoilt = Some((which, error));
                        return Ok(false);
                    }
                }
            }
            Ok(true)
        });
        match (result, spoilt) {
            (_, Some((which, error))) => BatchOutcome::Spoilt(which, error),
            (Ok(outcome), None) => BatchOutcome::Done(outcome),
            (Err(error), None) => BatchOutcome::Failed(error),
        }
    }

    /// Runs `work` in a transaction and commits what it did, unless it did nothing or says `false`.
    /// The storage's own panics are failures of the storage. After a failure something is always
    /// committed: an answer may rest on rows that nobody knows to be on the disk.
    fn transact(
        &self,
        work: &mut dyn FnMut(&mut Transaction<'_>) -> Result<bool, StoreError>,
    ) -> Result<TransactionOutcome, StoreError> {
        let shared = &self.shared;
        let mut outcome = None;
        let limit = shared.backend.capacity();
        let committed = catch_unwind(AssertUnwindSafe(|| {
            shared.backend.transact(&mut |rows| {
                let counters = self.counters.clone();
                let mut transaction = Transaction::new(rows, shared.now_ms(), limit, counters);
                if self.failure.is_some() {
                    transaction.commit_anyway();
                }
                let wanted = work(&mut transaction)?;
                let done = outcome.insert(transaction.finish()?);
                Ok(wanted && done.changed)
            })
        }));
        match (committed, outcome) {
            (Ok(Ok(())), Some(outcome)) => Ok(outcome),
            (Ok(Err(error)), _) => Err(error),
            _ => Err(StoreError::Failing("the database panicked".to_owned())),
        }
    }

    /// Makes a commit known, if there was anything to commit.
    fn publish(&mut self, outcome: TransactionOutcome, writes: u64) {
        if !outcome.changed {
            return;
        }
        self.failure = None;
        self.counters = outcome.counters;
        self.shared.note_commit(&self.counters, writes);
        let next = outcome.events.first().map(|event| event.seq);
        self.tell_missed(next.unwrap_or(self.counters.head + 1));
        self.told = self.counters.head;
        self.tell(outcome.events);
    }

    /// Tells the events before `next` that were not told: of a commit that seemed to fail and had
    /// happened after all. Now that another one succeeded, they are known to be stored.
    fn tell_missed(&mut self, next: u64) {
        while self.told + 1 < next {
            let backend = &self.shared.backend;
            let events = backend
                .snapshot()
                .and_then(|rows| events_after(&*rows, self.told, CATCH_UP, usize::MAX));
            let mut events = events.unwrap_or_default();
            events.retain(|event| event.seq < next);
            self.told = events.last().map_or(next - 1, |last| last.seq);
            self.tell(events);
        }
    }

    fn tell(&mut self, events: Vec<StoredEvent>) {
        if !events.is_empty() {
            // The messages are stored; a listener's panic must not keep them from being answered.
            let _ = catch_unwind(AssertUnwindSafe(|| (self.on_commit)(events)));
        }
    }

    /// Notes a failure and opens the storage again at once, so that readers can go on.
    fn fail(&mut self, error: StoreError) {
        let now_ms = self.shared.now_ms();
        self.shared.note_failure(&error, now_ms);
        let recovered = self.recover().is_ok();
        self.failure = Some(StorageFailure {
            error,
            tried_ms: now_ms,
            recovered,
        });
    }

    /// Opens the storage again and counts anew: a commit that failed in its last step may have
    /// happened after all.
    fn recover(&mut self) -> Result<(), StoreError> {
        let backend = &self.shared.backend;
        backend.recover()?;
        self.counters = StoreCounters::read(&*backend.snapshot()?)?;
        Ok(())
    }

    /// Whether a commit may be tried now. A second must have passed since the last one failed.
    fn may_try(&mut self) -> Result<(), StoreError> {
        let now_ms = self.shared.now_ms();
        let Some(failure) = &mut self.failure else {
            return Ok(());
        };
        if now_ms.abs_diff(failure.tried_ms) < BETWEEN_TRIES_MS {
            return Err(failure.error.clone());
        }
        failure.tried_ms = now_ms;
        if failure.recovered {
            return Ok(());
        }
        self.recover()?;
        if let Some(failure) = &mut self.failure {
            failure.recovered = true;
        }
        Ok(())
    }

    /// Finds out whether the storage works again, where nobody else asks.
    fn probe(&mut self) {
        if self.may_try().is_err() {
            return;
        }
        match self.transact(&mut |_| Ok(true)) {
            Ok(outcome) => self.publish(outcome, 0),
            Err(error) => self.fail(error),
        }
    }
}

fn apply(job: &mut dyn Job, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
    let applied = catch_unwind(AssertUnwindSafe(|| job.apply(transaction)));
    applied.unwrap_or_else(|_| {
        let error = "it panicked, see the log; this is a bug".to_owned();
        Err(StoreError::Internal(error))
    })
}

fn refuse(jobs: Vec<Box<dyn Job>>, error: &StoreError) {
    for job in jobs {
        job.refuse(error.clone());
    }
}
