//! When the writer removes old messages: in a retention run every hour, in slices between batches, and
//! at once when the capacity is exceeded (of the store in memory).
//!
//! Not here: what may be removed (the folder's `mod.rs`).

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{BETWEEN_RUNS_MS, RetentionRules, RetentionRun};
use crate::store::{
    answer::Pruned,
    error::StoreError,
    writer::{Writer, pending::ReplySender},
};

impl Writer {
    /// Starts a run if one is due or asked for. Callers that ask during a run get its result.
    pub(in crate::store::writer) fn start_run(&mut self, asked: Vec<ReplySender<Pruned>>) {
        let now_ms = self.shared.time_ms();
        if self.run.is_none() && (now_ms >= self.next_run_ms || !asked.is_empty()) {
            self.next_run_ms = now_ms.saturating_add(BETWEEN_RUNS_MS);
            self.trimmed_to = 0;
            self.run = Some(RetentionRun::default());
        }
        self.waiting.extend(asked);
    }

    /// Does one slice of the current run and answers its callers at the end of it.
    pub(in crate::store::writer) fn continue_run(&mut self) {
        let Some(mut run) = self.run.take() else {
            return;
        };
        match self.prune(&mut run) {
            Err(error) => {
                self.shared.note_damage(&error);
                for reply in self.waiting.drain(..) {
                    let _ = reply.send(Err(error.clone()));
                }
            }
            Ok(()) if run.is_done() => {
                for reply in self.waiting.drain(..) {
                    let _ = reply.send(Ok(run.pruned));
                }
                let has_removed = run.pruned != Pruned::default();
                self.wants_compaction |= has_removed;
                self.size_limit.note_removed(has_removed);
            }
            Ok(()) => self.run = Some(run),
        }
    }

    /// Gives unused space back after a run, once nobody waits.
    pub(in crate::store::writer) fn compact(&mut self) {
        let is_idle = self.shared.queue.depth() == 0;
        if !self.wants_compaction || !is_idle {
            return;
        }
        self.wants_compaction = false;
        if self.failure.is_some() || self.shared.check_barred().is_err() {
            return;
        }
        let backend = &self.shared.backend;
        let compacted = catch_unwind(AssertUnwindSafe(|| backend.compact()));
        let panicked = || StoreError::Failing("the database panicked".to_owned());
        if let Err(error) = compacted.unwrap_or_else(|_| Err(panicked())) {
            self.fail(error);
        }
    }

    /// Removes the oldest messages beyond the capacity.
    pub(in crate::store::writer) fn trim(&mut self) {
        if self.excess() == 0 {
            return;
        }
        let mut run = RetentionRun::of_messages_after(self.trimmed_to);
        // On an error the next retention run tries again.
        let _ = self.prune(&mut run);
        self.trimmed_to = run.position();
    }

    /// How many messages there are beyond the capacity.
    fn excess(&self) -> u64 {
        let capacity = self.shared.backend.capacity();
        capacity.map_or(0, |capacity| {
            self.counters.messages.saturating_sub(capacity)
        })
    }

    /// Looks up and removes one slice of a run.
    fn prune(&mut self, run: &mut RetentionRun) -> Result<(), StoreError> {
        self.may_try()?;
        let rules = RetentionRules::new(self.shared.time_ms(), self.history_days, self.excess());
        let slice = run.survey(&*self.shared.backend.snapshot()?, &rules)?;
        if slice.is_empty() {
            return Ok(());
        }
        let mut pruned = Pruned::default();
        let result = self.transact(&mut |transaction| {
            pruned = slice.remove(transaction)?;
            Ok(true)
        });
        match result {
            Ok(outcome) => {
                run.pruned.messages += pruned.messages;
                run.pruned.keys += pruned.keys;
                self.publish(outcome, 0);
                Ok(())
            }
            Err(error) => {
                self.fail(error.clone());
                Err(error)
            }
        }
    }
}
