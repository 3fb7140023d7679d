//! The cost of sends and pages of history in a small store and in a large one.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use cleudocodebot::store::Store;

use super::{
    StoreBenchOptions,
    support::{
        Result,
        connection::Connection,
        daemon, exchange,
        latency::{Latencies, Percentiles},
        measure::Figures,
        process,
        scenario::{Mode, Scenario},
    },
    workload::{FILE, PAGES, fill, median, open, page_time, store_rate},
};

/// Messages in the store that the large one is compared with.
const SMALL: usize = 1000;

/// Measures sends and pages with few messages stored and with many, in turn: through the daemon, then on
/// the store alone with the same file.
pub(crate) async fn run(options: &StoreBenchOptions) -> Result<()> {
    let scratch = daemon::Scratch::new()?;
    let kept = |stored: usize| scratch.0.join(format!("kept-{stored}"));
    let mut costs = [SMALL, options.stored].map(|stored| (stored, Vec::new()));
    for (stored, _) in &costs {
        fill(&kept(*stored), *stored, options.conversations).await?;
    }
    for _ in 0..options.rounds {
        for (stored, costs) in &mut costs {
            // What a round sends stays in the store, so each round begins with a fresh copy.
            let home = scratch.0.join("home");
            copy(&kept(*stored), &home)?;
            costs.push(RoundCost::measured(&home, options).await?);
            std::fs::remove_dir_all(&home)?;
        }
    }
    println!(
        "  {:<12}{:>16}{:>16}{:>16}{:>16}{:>16}{:>16}",
        "stored",
        "store sends/s",
        "CPU µs/send",
        "page of 50, µs",
        "gateway sends/s",
        "CPU µs/send",
        "page p99, µs"
    );
    let [small, large] = costs.map(|(stored, costs)| {
        let median = RoundCost::median(&costs);
        median.print(&stored.to_string());
        median
    });
    println!(
        "  CPU time of a send: {:.2} times in the store, {:.2} times through the gateway",
        large.store_cpu_us / small.store_cpu_us,
        large.gateway_cpu_us / small.gateway_cpu_us
    );
    Ok(())
}

/// Copies a store and syncs it, so that the copy is not written back during the round.
fn copy(from: &Path, to: &Path) -> Result<()> {
    cleudocodebot::fs::create_private_dir(to)?;
    let [from, to] = [from, to].map(|home| home.join(FILE));
    std::fs::copy(from, &to)?;
    Ok(std::fs::File::open(to)?.sync_all()?)
}

/// What one round measured on one store.
struct RoundCost {
    store_rate: f64,
    store_cpu_us: f64,
    page_us: f64,
    gateway_rate: f64,
    gateway_cpu_us: f64,
    gateway_page_p99_us: f64,
}

impl RoundCost {
    async fn measured(home: &Path, options: &StoreBenchOptions) -> Result<Self> {
        let (figures, pages) = through_the_gateway(home, options).await?;
        let store = open(home)?;
        let page = page_time(&store, options.conversations)?;
        let (store_rate, store_cpu_us) = sends(&store, options).await?;
        store.close();
        Ok(Self {
            store_rate,
            store_cpu_us,
            page_us: page.as_secs_f64() * 1e6,
            gateway_rate: figures.per_second,
            gateway_cpu_us: figures.cpu_us.unwrap_or_default(),
            gateway_page_p99_us: f64::from(pages.p99),
        })
    }

    fn median(rounds: &[Self]) -> Self {
        let median_of = |get: fn(&Self) -> f64| {
            let mut all: Vec<f64> = rounds.iter().map(get).collect();
            median(&mut all)
        };
        Self {
            store_rate: median_of(|cost| cost.store_rate),
            store_cpu_us: median_of(|cost| cost.store_cpu_us),
            page_us: median_of(|cost| cost.page_us),
            gateway_rate: median_of(|cost| cost.gateway_rate),
            gateway_cpu_us: median_of(|cost| cost.gateway_cpu_us),
            gateway_page_p99_us: median_of(|cost| cost.gateway_page_p99_us),
        }
    }

    fn print(&self, stored: &str) {
        println!(
            "  {stored:<12}{:>16.0}{:>16.1}{:>16.0}{:>16.0}{:>16.1}{:>16.0}",
            self.store_rate,
            self.store_cpu_us,
            self.page_us,
            self.gateway_rate,
            self.gateway_cpu_us,
            self.gateway_page_p99_us
        );
    }
}

/// Sends a second, and their CPU time in µs.
async fn sends(store: &Store, options: &StoreBenchOptions) -> Result<(f64, f64)> {
    let (before, begun) = (own_cpu_time(), Instant::now());
    let rate = store_rate(store, 128, options.conversations, options.time).await?;
    let sends = rate * begun.elapsed().as_secs_f64();
    let cpu = own_cpu_time().saturating_sub(before).as_secs_f64() * 1e6;
    Ok((rate, cpu / sends))
}

async fn through_the_gateway(
    home: &Path,
    options: &StoreBenchOptions,
) -> Result<(Figures, Percentiles)> {
    let server = daemon::start(home, None, process::can_pin())?;
    let scenario = Scenario {
        mode: Mode::Send,
        connections: 128,
        in_flight: 1,
        size: 64,
        stalled: 0,
    };
    let figures = exchange::run(scenario, &server.target, options.time).await?;
    let (mut connection, mut waits) = (
        Connection::open(&server.target).await?,
        Latencies::default(),
    );
    for number in 0..PAGES {
        let begun = Instant::now();
        let peer = number % options.conversations;
        let ask = format!(
            r#"{{"type":"command","action":"history","id":1,"payload":{{"channel":"webchat","peer":"bench-{peer}"}}}}"#
        );
        connection.ask(&ask).await?;
        waits.add(begun.elapsed());
    }
    Ok((figures, waits.percentiles()))
}

fn own_cpu_time() -> Duration {
    process::cpu_time(std::process::id()).unwrap_or_default()
}
