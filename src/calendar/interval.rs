//! What comes so long after the last time, whatever the clocks of a place do.

use std::time::Duration;

/// A period, counted from a first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// How long.
    pub period: Duration,
    /// The first time, in ms since 1970.
    pub from_ms: u64,
}

impl Interval {
    /// The first time behind this one, both in ms since 1970.
    pub fn next_after(self, after_ms: u64) -> Option<u64> {
        let period = u64::try_from(self.period.as_millis())
            .ok()
            .filter(|ms| *ms > 0)?;
        let Some(behind) = after_ms.checked_sub(self.from_ms) else {
            return Some(self.from_ms);
        };
        self.from_ms
            .checked_add((behind / period + 1).checked_mul(period)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_goes_on_from_its_first_time() {
        let every = Interval {
            period: Duration::from_secs(600),
            from_ms: 1000,
        };
        for (after, next) in [
            (0, Some(1000)),
            (1000, Some(601_000)),
            (600_999, Some(601_000)),
            (601_000, Some(1_201_000)),
            (u64::MAX, None),
        ] {
            assert_eq!(every.next_after(after), next, "{after}");
        }
    }
}
