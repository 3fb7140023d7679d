//! Exponential back-off with a cap and jitter. The seed is an argument, so that tests can repeat it.
//!
//! Not here: sleeping.

use std::time::Duration;

/// What worked this long is stable, and its waits between starts begin anew. Any shorter, and one that fails
/// right after each start would be restarted every second.
pub const STABLE: Duration = Duration::from_secs(60);

/// The waits after consecutive failures: `first`, doubled up to `cap`, each with a jitter of ±20 % so
/// that many who failed at the same time do not retry at the same time.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    failures: u32,
    chance: u64,
}

impl Backoff {
    /// Waits from `first` to `cap`; `seed` decides the jitter.
    pub fn new(first: Duration, cap: Duration, seed: u64) -> Self {
        Self {
            first,
            cap,
            failures: 0,
            chance: seed,
        }
    }

    /// The waits between the starts of what the daemon supervises: from a second to five minutes.
    pub fn of_restarts(seed: u64) -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(300), seed)
    }

    /// The wait after one more failure, never above `cap` and never zero.
    pub fn next_wait(&mut self) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        self.chance = mixed(self.chance);
        jittered(doubled.min(self.cap), self.chance).clamp(Duration::from_millis(1), self.cap)
    }

    /// Starts over after a success: the next wait is the first again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last reset.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// A wait with a jitter of up to ±20 %, decided by `chance`.
pub fn jittered(wait: Duration, chance: u64) -> Duration {
    let percent = 80 + u32::try_from(mixed(chance) % 41).unwrap_or(20);
    wait * percent / 100
}

/// `SplitMix64`: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_wait_is_near_its_doubling_and_under_the_cap(seed: u64, failures in 1_u32..80) {
            let (first, cap) = (Duration::from_millis(10), Duration::from_secs(1));
            let mut backoff = Backoff::new(first, cap, seed);
            for n in 0..failures {
                let nominal = first.saturating_mul(1 << n.min(20)).min(cap);
                let wait = backoff.next_wait();
                prop_assert!(wait >= nominal * 8 / 10 && wait <= (nominal * 12 / 10).min(cap));
            }
            backoff.reset();
            prop_assert!(backoff.next_wait() <= first * 12 / 10);
        }
    }
}
