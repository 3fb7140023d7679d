//! How many turns there may be within a day in all.

use std::collections::VecDeque;

/// A day, in ms.
const DAY_MS: u64 = 24 * 3_600_000;

/// When turns of the last day were first offered, by the store's time, so that neither a restart nor the
/// wall clock makes a difference.
#[derive(Debug, Default)]
pub(in crate::daemon::turns) struct DailyGuard(VecDeque<u64>);

impl DailyGuard {
    /// What is known of the time before a restart; oldest first.
    pub(in crate::daemon::turns) fn resume(&mut self, mut offered_ms: Vec<u64>) {
        offered_ms.sort_unstable();
        self.0 = offered_ms.into();
    }

    /// Whether one more turn may be offered; counts it then.
    pub(in crate::daemon::turns) fn admit(&mut self, now_ms: u64, most: usize) -> bool {
        while self.0.front().is_some_and(|at| at + DAY_MS <= now_ms) {
            self.0.pop_front();
        }
        let admitted = self.0.len() < most;
        if admitted {
            self.0.push_back(now_ms);
        }
        admitted
    }

    /// From when on turns count.
    pub(in crate::daemon::turns) fn since(now_ms: u64) -> u64 {
        now_ms.saturating_sub(DAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_so_many_turns_also_across_a_restart() {
        let mut guard = DailyGuard::default();
        assert!(guard.admit(10, 2) && guard.admit(20, 2) && !guard.admit(30, 2));
        let mut restarted = DailyGuard::default();
        restarted.resume(vec![20, 10]);
        assert!(!restarted.admit(30, 2));
        assert!(restarted.admit(10 + DAY_MS, 2), "the oldest is a day ago");
        assert!(!restarted.admit(11 + DAY_MS, 2));
    }
}
