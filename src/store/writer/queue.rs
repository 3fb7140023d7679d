//! Requests waiting for the writer: bounded in number and in bytes, taken in batches.
//!
//! Not here: what a request does (`operations`).

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

/// The queue before the writer. Its lock is never held for long, so that async code may push.
pub(in crate::store) struct Queue {
    bounds: QueueBounds,
    waiting: Mutex<Waiting>,
    wake_up: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<(usize, Box<dyn Job>)>,
    bytes: usize,
    prunes: Vec<ReplySender<Pruned>>,
    closed: bool,
    /// Whether the writer sleeps: only then a push has to wake it.
    asleep: bool,
}

/// What the writer takes out of the queue at once.
#[derive(Default)]
pub(in crate::store) struct Batch {
    pub(in crate::store) jobs: Vec<Box<dyn Job>>,
    /// Callers that ask for a retention run.
    pub(in crate::store) prunes: Vec<ReplySender<Pruned>>,
    /// Whether the store is closed and the queue empty.
    pub(in crate::store) finished: bool,
}

impl Queue {
    pub(in crate::store) fn new(bounds: QueueBounds) -> Self {
        Self {
            bounds,
            waiting: Mutex::default(),
            wake_up: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request that counts as `bytes`; fails if the queue is full or closed.
    pub(in crate::store) fn push(&self, bytes: usize, job: Box<dyn Job>) -> Result<(), StoreError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(StoreError::Closed);
        }
        let is_full = waiting.jobs.len() >= self.bounds.requests
            || waiting.bytes.saturating_add(bytes) > self.bounds.bytes;
        // An empty queue takes any request, or one larger than the bound would never be taken.
        if is_full && !waiting.jobs.is_empty() {
            return Err(StoreError::QueueFull);
        }
        waiting.bytes += bytes;
        waiting.jobs.push_back((bytes, job));
        self.wake(waiting);
        Ok(())
    }

    /// Asks for a retention run.
    pub(in crate::store) fn push_prune(
        &self,
        reply: ReplySender<Pruned>,
    ) -> Result<(), StoreError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(StoreError::Closed);
        }
        waiting.prunes.push(reply);
        self.wake(waiting);
        Ok(())
    }

    /// Refuses requests from now on.
    pub(in crate::store) fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        self.wake(waiting);
    }

    fn wake(&self, mut waiting: MutexGuard<'_, Waiting>) {
        if std::mem::take(&mut waiting.asleep) {
            drop(waiting);
            self.wake_up.notify_one();
        }
    }

    pub(in crate::store) fn depth(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Takes at most `limit` requests, after waiting up to `patience` for the first.
    pub(in crate::store) fn take(&self, limit: usize, patience: Duration) -> Batch {
        let mut waiting = self.lock();
        if waiting.is_idle() && !patience.is_zero() {
            waiting.asleep = true;
            let waited = self
                .wake_up
                .wait_timeout_while(waiting, patience, |waiting| waiting.is_idle());
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
            waiting.asleep = false;
        }
        waiting.take(limit)
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
