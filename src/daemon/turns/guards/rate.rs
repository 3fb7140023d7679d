//! How many turns a conversation may have a minute.

use std::collections::VecDeque;

use tokio::time::{Duration, Instant};

const PERIOD: Duration = Duration::from_secs(60);

/// When the last turns of one conversation began.
#[derive(Debug, Default)]
pub(in crate::daemon::turns) struct RateGuard(VecDeque<Instant>);

impl RateGuard {
    /// When the next turn may begin; `None` for now.
    pub(in crate::daemon::turns) fn wait(&mut self, now: Instant, most: usize) -> Option<Instant> {
        while self.0.front().is_some_and(|at| *at + PERIOD <= now) {
            self.0.pop_front();
        }
        let over = self.0.len().checked_sub(most)?;
        self.0.get(over).map(|at| *at + PERIOD)
    }

    /// A turn began.
    pub(in crate::daemon::turns) fn count(&mut self, now: Instant) {
        self.0.push_back(now);
    }

    /// Whether nothing is remembered that still matters.
    pub(in crate::daemon::turns) fn is_idle(&self, now: Instant) -> bool {
        self.0.back().is_none_or(|at| *at + PERIOD <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn beyond_the_rate_the_next_turn_waits_for_the_oldest_to_be_a_minute_ago() {
        let mut guard = RateGuard::default();
        let began = Instant::now();
        guard.count(began);
        guard.count(began + Duration::from_secs(20));
        let now = began + Duration::from_secs(30);
        assert_eq!(guard.wait(now, 3), None);
        assert_eq!(guard.wait(now, 2), Some(began + PERIOD));
        // The rate was lowered meanwhile.
        let later = began + Duration::from_secs(20) + PERIOD;
        assert_eq!(guard.wait(now, 1), Some(later));
        assert_eq!(guard.wait(later, 1), None);
        assert!(guard.is_idle(later));
    }
}
