//! How fast a channel may send: a token bucket that fills evenly. The time is passed in, for tests.

use std::time::Duration;

use tokio::time::Instant;

use crate::{config::Pace, random};

/// A bucket with room for the messages of one second, at least one.
#[derive(Debug)]
pub(super) struct RateLimiter {
    per_minute: Option<u32>,
    /// When the bucket will be full again; full if that is past.
    full_at: Instant,
    /// The gap between two messages, and when the last one's is over.
    pace: Option<Pace>,
    paced_until: Option<Instant>,
    /// What `give_back` goes back to.
    before: (Instant, Option<Instant>),
}

impl RateLimiter {
    pub(super) fn new(per_minute: Option<u32>, now: Instant) -> Self {
        Self {
            per_minute: per_minute.filter(|rate| *rate > 0),
            full_at: now,
            pace: None,
            paced_until: None,
            before: (now, None),
        }
    }

    /// Sets a new gap; it holds from the next message on.
    pub(super) fn set_pace(&mut self, pace: Option<Pace>) {
        if pace.is_none() {
            self.paced_until = None;
        }
        self.pace = pace;
    }

    /// Takes back the last token, which was not used.
    pub(super) fn give_back(&mut self) {
        (self.full_at, self.paced_until) = self.before;
    }

    /// Sets a new rate. The wait left over from a slower rate is cut to this rate's bucket.
    pub(super) fn set(&mut self, per_minute: Option<u32>, now: Instant) {
        self.per_minute = per_minute.filter(|rate| *rate > 0);
        if let Some(rate) = self.per_minute {
            self.full_at = self.full_at.min(now + depth(rate));
        }
    }

    /// Takes one token, or says when the next one is available.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        if let Some(at) = self.paced_until.filter(|at| *at > now) {
            return Err(at);
        }
        let before = (self.full_at, self.paced_until);
        if let Some(rate) = self.per_minute {
            self.take_token(rate, now)?;
        }
        self.before = before;
        if let Some(pace) = self.pace {
            self.paced_until = Some(now + pace.gap(random::seed()));
        }
        Ok(())
    }

    fn take_token(&mut self, rate: u32, now: Instant) -> Result<(), Instant> {
        let (each, depth) = (each(rate), depth(rate));
        let filled = self.full_at.max(now) + each;
        if filled > now + depth {
            return Err(filled - depth);
        }
        self.full_at = filled;
        Ok(())
    }
}

/// The time in which one token is added.
fn each(rate: u32) -> Duration {
    Duration::from_secs(60) / rate
}

/// The time in which an empty bucket fills.
fn depth(rate: u32) -> Duration {
    each(rate) * (rate / 60).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_minute_has_more_than_the_rate_and_one_burst(
            rate in 1_u32..6000,
            gaps in proptest::collection::vec(0_u64..3000, 1..400),
        ) {
            let start = Instant::now();
            let (mut rate_limiter, mut now) = (RateLimiter::new(Some(rate), start), start);
            let mut taken = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                match rate_limiter.take(now) {
                    Ok(()) => taken.push(now),
                    Err(at) => {
                        prop_assert!(at > now);
                        prop_assert!(rate_limiter.take(at).is_ok(), "a token is available at the time given");
                        now = at;
                        taken.push(now);
                    }
                }
            }
            let burst = (rate / 60).max(1) as usize;
            for (i, first) in taken.iter().enumerate() {
                let minute = taken[i..].iter().take_while(|at| **at < *first + Duration::from_secs(60));
                prop_assert!(minute.count() <= rate as usize + burst + 1);
            }
        }
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let now = Instant::now();
        let mut rate_limiter = RateLimiter::new(None, now);
        assert!((0..10_000).all(|_| rate_limiter.take(now).is_ok()));
    }

    #[test]
    fn a_faster_rate_does_not_wait_for_the_slower_one_before() {
        let now = Instant::now();
        let mut rate_limiter = RateLimiter::new(Some(1), now);
        assert!(rate_limiter.take(now).is_ok() && rate_limiter.take(now).is_err());
        rate_limiter.set(Some(6000), now);
        let next = rate_limiter.take(now).expect_err("the bucket is empty");
        assert_eq!(next, now + Duration::from_millis(10));
    }
}
