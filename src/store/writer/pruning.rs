//! When the writer forgets: a run of the retention every hour, in slices between the batches, and at
//! once where there is room for only so many messages.
//!
//! Not here: what may be forgotten (`retention`).

use super::{
    Writer,
    pending::ReplySender,
    retention::{BETWEEN_RUNS_MS, RetentionRules, RetentionRun},
};
use crate::store::{answer::Pruned, error::StoreError};

impl Writer {
    pub(super) fn start_run(&mut self, asked: Vec<ReplySender<Pruned>>) {
        let now_ms = self.shared.now_ms();
        if self.run.is_none() && (now_ms >= self.next_run_ms || !asked.is_empty()) {
            self.next_run_ms = now_ms.saturating_add(BETWEEN_RUNS_MS);
            self.trimmed_to = 0;
            self.run = Some(RetentionRun::default());
        }
        self.waiting.extend(asked);
    }

    /// Does one slice of the run under way, so that requests need not wait for all of it.
    pub(super) fn continue_run(&mut self) {
        let Some(mut run) = self.run.take() else {
            return;
        };
        match self.prune(&mut run) {
            Err(error) => {
                for reply in self.waiting.drain(..) {
                    let _ = reply.send(Err(error.clone()));
                }
            }
            Ok(()) if run.is_done() => {
                for reply in self.waiting.drain(..) {
                    let _ = reply.send(Ok(run.pruned));
                }
            }
            Ok(()) => self.run = Some(run),
        }
    }

    /// Drops the oldest messages where there is room for only so many.
    pub(super) fn trim(&mut self) {
        if self.excess() == 0 {
            return;
        }
        let mut run = RetentionRun::of_messages_after(self.trimmed_to);
        // What could not be dropped now is tried again with the next run.
        let _ = self.prune(&mut run);
        self.trimmed_to = run.position();
    }

    fn excess(&self) -> u64 {
        let capacity = self.shared.backend.capacity();
        capacity.map_or(0, |capacity| {
            self.counters.messages.saturating_sub(capacity)
        })
    }

    fn prune(&mut self, run: &mut RetentionRun) -> Result<(), StoreError> {
        self.may_try()?;
        let rules = RetentionRules::new(self.shared.now_ms(), self.history_days, self.excess());
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
