//! Figures of one run: latency as the load saw it, and what the run cost the server.

use std::time::{Duration, Instant};

use super::{
    Target,
    latency::{Latencies, Percentiles},
    process,
};

/// The result of one run. `None` is what cannot be measured, such as the CPU time of another machine.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Figures {
    pub messages: u64,
    pub per_second: f64,
    pub latency: Percentiles,
    pub cpu_us: Option<f64>,
    pub resident_kib: Option<u64>,
    pub kib_per_connection: Option<f64>,
    pub stalled: Stalled,
}

/// How the server treated subscribers that did not read.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Stalled {
    /// Disconnected, with a close frame that says why.
    pub told: u64,
    /// Disconnected without one.
    pub dropped: u64,
    /// Still connected at the end.
    pub kept: u64,
}

/// A measurement under way.
pub(crate) struct Measurement {
    pid: Option<u32>,
    cpu: Option<Duration>,
    begun: Instant,
}

impl Measurement {
    pub(crate) fn begin(target: &Target) -> Self {
        Self {
            pid: target.pid,
            cpu: target.pid.and_then(process::cpu_time),
            begun: Instant::now(),
        }
    }

    pub(crate) fn end(self, latencies: &mut Latencies) -> Figures {
        let (elapsed, messages) = (self.begun.elapsed(), latencies.len());
        let cpu = self.cpu.zip(self.pid.and_then(process::cpu_time));
        let figures = Figures {
            messages,
            per_second: messages as f64 / elapsed.as_secs_f64(),
            latency: latencies.percentiles(),
            cpu_us: cpu.map(|(before, after)| {
                after.saturating_sub(before).as_secs_f64() * 1e6 / messages.max(1) as f64
            }),
            resident_kib: self.pid.and_then(process::resident_kib),
            ..Figures::default()
        };
        latencies.clear();
        figures
    }
}

/// The median of several runs, figure by figure.
pub(crate) fn median(runs: &[Figures]) -> Figures {
    let middle = |get: &dyn Fn(&Figures) -> Option<f64>| {
        let mut all: Vec<_> = runs.iter().filter_map(get).collect();
        all.sort_unstable_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    let whole = |get: &dyn Fn(&Figures) -> u32| {
        middle(&|run| Some(f64::from(get(run)))).map_or(0, |value| value as u32)
    };
    Figures {
        messages: runs.iter().map(|run| run.messages).sum(),
        per_second: middle(&|run| Some(run.per_second)).unwrap_or(0.0),
        latency: Percentiles {
            p50: whole(&|run| run.latency.p50),
            p90: whole(&|run| run.latency.p90),
            p99: whole(&|run| run.latency.p99),
            p999: whole(&|run| run.latency.p999),
        },
        cpu_us: middle(&|run| run.cpu_us),
        resident_kib: middle(&|run| run.resident_kib.map(|kib| kib as f64)).map(|kib| kib as u64),
        kib_per_connection: middle(&|run| run.kib_per_connection),
        stalled: Stalled {
            told: runs.iter().map(|run| run.stalled.told).sum(),
            dropped: runs.iter().map(|run| run.stalled.dropped).sum(),
            kept: runs.iter().map(|run| run.stalled.kept).sum(),
        },
    }
}
