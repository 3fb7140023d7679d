//! Requests waiting for the writer: bounded in number and in bytes, taken in batches.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::store::{
    answer::Pruned,
    error::StoreError,
    writer::{job::Job, pending::ReplySender},
};

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct QueueBounds {
    pub(in crate::store) requests: usize,
    pub(in crate::store) bytes: usize,
}

/// The line before the writer. Its lock is held for moments only, so that async code may push.
pub(in crate::store) struct Queue {
    bounds: QueueBounds,
    line: Mutex<Waiting>,
    news: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<(usize, Box<dyn Job>)>,
    bytes: usize,
    prunes: Vec<ReplySender<Pruned>>,
    closed: bool,
    /// True while the writer sleeps: only then a push has to wake it.
    asleep: bool,
}

/// What the writer takes at once.
#[derive(Default)]
pub(in crate::store) struct Batch {
    pub(in crate::store) jobs: Vec<Box<dyn Job>>,
    /// Requests for a run of the retention.
    pub(in crate::store) prunes: Vec<ReplySender<Pruned>>,
    /// True once the store is closed and nothing waits any more.
    pub(in crate::store) finished: bool,
}

impl Queue {
    pub(in crate::store) fn new(bounds: QueueBounds) -> Self {
        Self {
            bounds,
            line: Mutex::default(),
            news: Condvar::new(),
        }
    }

    fn line(&self) -> MutexGuard<'_, Waiting> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request that holds `bytes`, or says that it cannot.
    pub(in crate::store) fn push(&self, bytes: usize, job: Box<dyn Job>) -> Result<(), StoreError> {
        let mut line = self.line();
        if line.closed {
            return Err(StoreError::Closed);
        }
        let is_full = line.jobs.len() >= self.bounds.requests
            || line.bytes.saturating_add(bytes) > self.bounds.bytes;
        // One request larger than the whole bound would otherwise never be taken.
        if is_full && !line.jobs.is_empty() {
            return Err(StoreError::QueueFull);
        }
        line.bytes += bytes;
        line.jobs.push_back((bytes, job));
        self.wake(line);
        Ok(())
    }

    /// Asks for a run of the retention.
    pub(in crate::store) fn push_prune(
        &self,
        reply: ReplySender<Pruned>,
    ) -> Result<(), StoreError> {
        let mut line = self.line();
        if line.closed {
            return Err(StoreError::Closed);
        }
        line.prunes.push(reply);
        self.wake(line);
        Ok(())
    }

    /// Lets nothing more in.
    pub(in crate::store) fn close(&self) {
        let mut line = self.line();
        line.closed = true;
        self.wake(line);
    }

    fn wake(&self, mut line: MutexGuard<'_, Waiting>) {
        if std::mem::take(&mut line.asleep) {
            drop(line);
            self.news.notify_one();
        }
    }

    pub(in crate::store) fn depth(&self) -> usize {
        self.line().jobs.len()
    }

    /// Takes what waits, at most `limit` requests; waits for something up to `patience`.
    pub(in crate::store) fn take(&self, limit: usize, patience: Duration) -> Batch {
        let mut line = self.line();
        if line.is_idle() && !patience.is_zero() {
            line.asleep = true;
            let waited = self
                .news
                .wait_timeout_while(line, patience, |line| line.is_idle());
            line = waited.unwrap_or_else(PoisonError::into_inner).0;
            line.asleep = false;
        }
        line.take(limit)
    }
}

impl Waiting {
    fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.prunes.is_empty() && !self.closed
    }

    fn take(&mut self, limit: usize) -> Batch {
        let count = self.jobs.len().min(limit);
        let taken = self.jobs.drain(..count).map(|(bytes, job)| {
            self.bytes -= bytes;
            job
        });
        Batch {
            jobs: taken.collect(),
            prunes: std::mem::take(&mut self.prunes),
            finished: self.closed && self.jobs.is_empty(),
        }
    }
}
