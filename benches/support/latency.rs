//! Latencies and their percentiles.

use std::time::Duration;

/// Every latency of a run, in µs.
#[derive(Debug, Default, Clone)]
pub(crate) struct Latencies(Vec<u32>);

/// The percentiles that are shown, in µs.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Percentiles {
    pub p50: u32,
    pub p90: u32,
    pub p99: u32,
    pub p999: u32,
}

impl Latencies {
    pub(crate) fn add(&mut self, waited: Duration) {
        self.0
            .push(u32::try_from(waited.as_micros()).unwrap_or(u32::MAX));
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn percentiles(&mut self) -> Percentiles {
        self.0.sort_unstable();
        Percentiles {
            p50: self.at(500),
            p90: self.at(900),
            p99: self.at(990),
            p999: self.at(999),
        }
    }

    fn at(&self, per_mille: usize) -> u32 {
        let place = self.0.len() * per_mille / 1000;
        self.0
            .get(place.min(self.0.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0)
    }
}
