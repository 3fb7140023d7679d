//! The one thread that writes. It commits together all requests that arrived during the previous
//! commit; only after the fsync it publishes the events and answers the requests.
//!
//! When the storage fails, nothing is acknowledged until a commit succeeds again: requests are
//! refused at once, and one commit a second is tried, with or without requests.
//!
//! Not here: what a request does (`operations`) and how that becomes rows (`transaction`).

pub(super) mod encoded;
pub(super) mod job;
pub(super) mod media;
pub(super) mod operations;
pub(super) mod peers;
pub(super) mod pending;
pub(super) mod queue;
pub(super) mod report;
mod retention;
pub(super) mod revisions;
pub(super) mod scheduled;
pub(super) mod shared;
pub(super) mod transaction;
pub(super) mod turns;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use self::{
    job::Job,
    pending::ReplySender,
    queue::Batch,
    retention::{BETWEEN_RUNS_MS, FIRST_RUN_MS, RetentionRun, SizeLimit},
    shared::Shared,
    transaction::{Transaction, TransactionOutcome},
};
use crate::store::{
    answer::{Pruned, StoredEvent},
    error::StoreError,
    queries::{counters::StoreCounters, events::events_after},
};

/// The wait between two attempts to commit while the storage fails.
const BETWEEN_TRIES_MS: u64 = 1_000;
/// How many events are read at once after a commit that reported an error but had happened.
const CATCH_UP: usize = 1_000;

/// Called with the events of every commit.
pub(in crate::store) type OnCommit = Box<dyn FnMut(Vec<StoredEvent>) + Send>;

pub(in crate::store) struct Writer {
    shared: Arc<Shared>,
    on_commit: OnCommit,
    max_batch: usize,
    history_days: u32,
    /// As of the last commit or, after a failure, as read from the storage.
    counters: StoreCounters,
    /// The sequence number of the last event passed to `on_commit`.
    published: u64,
    failure: Option<StorageFailure>,
    run: Option<RetentionRun>,
    next_run_ms: u64,
    /// The callers that wait for the current retention run.
    waiting: Vec<ReplySender<Pruned>>,
    /// Since the last run: the last message considered for removal to stay within the capacity.
    trimmed_to: u64,
    size_limit: SizeLimit,
    /// Whether unused space is given back at the next idle moment.
    wants_compaction: bool,
}

/// The last failure of the storage, until a commit succeeds.
struct StorageFailure {
    error: StoreError,
    tried_ms: u64,
    /// Whether the storage was opened again and the counters read from it.
    recovered: bool,
}

/// The outcome of one attempt to commit a batch.
enum BatchOutcome {
    Committed(TransactionOutcome),
    /// The transaction was undone because this request panicked or met a damaged row.
    Spoilt(usize, StoreError),
    /// The storage failed.
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
            published: counters.head,
            counters,
            next_run_ms: shared.time_ms().saturating_add(FIRST_RUN_MS),
            shared,
            on_commit,
            max_batch: max_batch.max(1),
            history_days,
            failure: None,
            run: None,
            waiting: Vec::new(),
            trimmed_to: 0,
            size_limit: SizeLimit::default(),
            wants_compaction: false,
        }
    }

    /// Runs until the store is closed and every waiting request is answered.
    pub(in crate::store) fn run(mut self) {
        loop {
            let Batch {
                jobs,
                prunes,
                finished,
            } = self.shared.queue.take(self.max_batch, self.patience());
            // While the storage fails, an empty batch is a chance to find out whether it works again.
            match (jobs.is_empty(), &self.failure) {
                (false, _) => self.write(jobs),
                (true, Some(_)) => self.probe(),
                (true, None) => {}
            }
            // One slice of retention between two batches, so that no request waits for a whole run.
            self.start_run(prunes);
            self.continue_run();
            self.trim();
            self.compact();
            if finished {
                break;
            }
        }
        self.keep_time();
        self.shared.backend.close();
    }

    /// Keeps the time at the end, unless the last commit was just now.
    fn keep_time(&mut self) {
        let may_write = self.failure.is_none() && self.shared.check_barred().is_ok();
        if may_write && self.shared.time.is_worth_a_commit() {
            // If that fails, the time is counted on from the last commit.
            if let Ok(outcome) = self.transact(&mut |transaction| {
                transaction.commit_anyway();
                Ok(true)
            }) {
                self.publish(outcome, 0);
            }
        }
    }

    /// How long to wait for requests.
    fn patience(&self) -> Duration {
        Duration::from_millis(match (&self.failure, &self.run) {
            (Some(_), _) => BETWEEN_TRIES_MS,
            (None, Some(_)) => 0,
            (None, None) if self.wants_compaction => 0,
            (None, None) => self
                .next_run_ms
                .saturating_sub(self.shared.time_ms())
                .clamp(1, BETWEEN_RUNS_MS),
        })
    }

    /// Commits a batch and answers every request in it.
    ///
    /// All requests share one transaction, so one that panics or meets a damaged row undoes the
    /// others too. It is taken out of the batch and the rest is tried again: each round of the loop
    /// removes one request, so the loop ends, and no request fails because of another's panic.
    fn write(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if let Err(error) = self.may_try() {
            return refuse(jobs, &error.not_tried());
        }
        self.size_limit.check(&self.shared);
        while !jobs.is_empty() {
            match self.attempt(&mut jobs) {
                BatchOutcome::Committed(outcome) => {
                    self.publish(outcome, jobs.len() as u64);
                    return jobs.into_iter().for_each(Job::answer);
                }
                BatchOutcome::Spoilt(which, error) => {
                    self.shared.note_damage(&error);
                    jobs.remove(which).refuse(error);
                    // After damage nothing is stored any more, the rest of this batch neither.
                    if let Err(barred) = self.shared.check_barred() {
                        return refuse(jobs, &barred.not_tried());
                    }
                }
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
                    Err(failing) if failing.is_of_storage() => return Err(failing),
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
            (Ok(outcome), None) => BatchOutcome::Committed(outcome),
            (Err(error), None) => BatchOutcome::Failed(error),
        }
    }

    /// Runs `work` in a transaction and commits it, unless nothing changed or `work` returns `false`.
    /// A panic of redb counts as a failure of the storage. After a failure something is always
    /// committed: an answer may depend on rows of the failed commit, which may not be on the disk.
    fn transact(
        &self,
        work: &mut dyn FnMut(&mut Transaction<'_>) -> Result<bool, StoreError>,
    ) -> Result<TransactionOutcome, StoreError> {
        let shared = &self.shared;
        let mut outcome = None;
        let note = shared.time.note();
        let limit = shared.backend.capacity();
        let committed = catch_unwind(AssertUnwindSafe(|| {
            shared.backend.transact(&mut |rows| {
                let counters = self.counters.clone();
                let mut transaction = Transaction::new(rows, &note, limit, counters);
                transaction.limit_size(self.size_limit.reached());
                if self.failure.is_some() {
                    transaction.commit_anyway();
                }
                let wanted = work(&mut transaction)?;
                let done = outcome.insert(transaction.finish()?);
                Ok(wanted && done.changed)
            })
        }));
        match (committed, outcome) {
            (Ok(Ok(())), Some(outcome)) => {
                if outcome.changed {
                    shared.time.committed(&note, outcome.stamped);
                }
                Ok(outcome)
            }
            (Ok(Err(error)), _) => Err(error),
            _ => Err(StoreError::Failing("the database panicked".to_owned())),
        }
    }

    /// Publishes a commit, if there was anything to commit.
    fn publish(&mut self, outcome: TransactionOutcome, writes: u64) {
        if !outcome.changed {
            return;
        }
        self.failure = None;
        self.size_limit.add(outcome.stored_bytes);
        self.counters = outcome.counters;
        self.shared.note_commit(&self.counters, writes);
        let words = &self.shared.words;
        words.note(outcome.stored_messages, outcome.gave_up_words);
        let next = outcome.events.first().map(|event| event.seq);
        self.publish_missed(next.unwrap_or(self.counters.head + 1));
        self.published = self.counters.head;
        self.notify(outcome.events);
    }

    /// Publishes the events before `next` that were not published: those of a commit that reported an
    /// error but had happened. Now that a later commit succeeded, they are known to be on the disk.
    fn publish_missed(&mut self, next: u64) {
        while self.published + 1 < next {
            let backend = &self.shared.backend;
            let events = backend
                .snapshot()
                .and_then(|rows| events_after(&*rows, self.published, CATCH_UP, usize::MAX));
            let mut events = events.unwrap_or_default();
            events.retain(|event| event.seq < next);
            // Without events left to read, as after an error, go on with the current ones.
            self.published = events.last().map_or(next - 1, |last| last.seq);
            self.notify(events);
        }
    }

    fn notify(&mut self, events: Vec<StoredEvent>) {
        if !events.is_empty() {
            // The commit is durable: a panic of the listener must not keep its requests unanswered.
            let _ = catch_unwind(AssertUnwindSafe(|| (self.on_commit)(events)));
        }
    }

    /// Records a failure and reopens the storage at once, so that reads work again.
    fn fail(&mut self, error: StoreError) {
        let now = self.shared.time.now();
        self.shared.note_damage(&error);
        self.shared.note_failure(&error, now.wall_ms);
        let recovered = self.recover().is_ok();
        self.failure = Some(StorageFailure {
            error,
            tried_ms: now.time_ms,
            recovered,
        });
    }

    /// Reopens the storage and reads the counters from it: a commit that reported an error may have
    /// happened all the same.
    fn recover(&mut self) -> Result<(), StoreError> {
        let backend = &self.shared.backend;
        let recovered = backend
            .recover()
            .and_then(|()| StoreCounters::read(&*backend.snapshot()?));
        self.counters = recovered.inspect_err(|error| self.shared.note_damage(error))?;
        Ok(())
    }

    /// Whether a commit may be tried now: not within a second of the last one that failed. Reopens
    /// the storage first if that has not succeeded yet.
    fn may_try(&mut self) -> Result<(), StoreError> {
        self.shared.check_barred()?;
        let now_ms = self.shared.time_ms();
        let Some(failure) = &mut self.failure else {
            return Ok(());
        };
        if now_ms.saturating_sub(failure.tried_ms) < BETWEEN_TRIES_MS {
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

    /// Commits an empty transaction to find out whether the storage works again.
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
