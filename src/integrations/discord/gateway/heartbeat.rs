//! When a heartbeat is due, and whether the last one was answered
//! (<https://docs.discord.com/developers/events/gateway#sending-heartbeats>).

use tokio::time::{Duration, Instant};

use crate::random;

/// What is taken for an interval at most and at least, whatever the service says.
const INTERVALS: std::ops::RangeInclusive<u64> = 1000..=300_000;

/// The heartbeat of one connection.
#[derive(Debug)]
pub(super) struct Pulse {
    interval: Duration,
    due: Instant,
    /// One was sent that was not answered yet.
    waits: bool,
    /// Since then something kept us from reading, so the answer may be on its way to us.
    was_busy: bool,
}

impl Pulse {
    /// The first is due at a random time within the interval, so that not all come at once.
    pub(super) fn new(interval_ms: u64) -> Self {
        let ms = interval_ms.clamp(*INTERVALS.start(), *INTERVALS.end());
        Self {
            interval: Duration::from_millis(ms),
            due: Instant::now() + Duration::from_millis(random::seed() % ms),
            waits: false,
            was_busy: false,
        }
    }

    /// When the next is due.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// One is sent, while messages are read or while one is stored. False if the last one has no answer: the
    /// connection is dead then.
    pub(super) fn beat(&mut self, is_reading: bool) -> bool {
        let is_dead = self.waits && is_reading && !self.was_busy;
        (self.waits, self.was_busy) = (true, !is_reading);
        self.due = Instant::now() + self.interval;
        !is_dead
    }

    /// One is sent because it was asked for.
    pub(super) fn asked(&mut self) {
        self.due = Instant::now() + self.interval;
    }

    /// The last one was answered.
    pub(super) fn answered(&mut self) {
        self.waits = false;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_comes_within_an_interval_and_the_others_one_apart() {
        let mut pulse = Pulse::new(40_000);
        let interval = Duration::from_secs(40);
        assert!(pulse.due() < Instant::now() + interval);
        advance(interval).await;
        assert!(pulse.beat(true));
        assert_eq!(pulse.due(), Instant::now() + interval);
        pulse.answered();
        assert!(pulse.beat(true), "answered");
        assert!(!pulse.beat(true), "never answered");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_could_not_be_read_is_not_missed() {
        let mut pulse = Pulse::new(40_000);
        assert!(pulse.beat(false));
        assert!(pulse.beat(false));
        assert!(pulse.beat(true), "it may have come meanwhile");
        assert!(!pulse.beat(true));
    }
}
