//! The rate of durable sends through the gateway, compared with that of the store, its upper limit.

use super::{
    CONVERSATIONS, StoreBenchOptions,
    support::{
        Result, daemon, exchange, process,
        scenario::{Mode, Scenario},
    },
    workload::{median, open, store_rate},
};

/// Messages under way at a time.
const DEPTHS: [usize; 3] = [1, 16, 128];

/// Prints a row for each depth.
pub(crate) async fn run(options: &StoreBenchOptions) -> Result<()> {
    let scratch = daemon::Scratch::new()?;
    let server = daemon::start(&scratch.0, None, process::can_pin())?;
    let own = scratch.0.join("store");
    cleudocodebot::fs::create_private_dir(&own)?;
    let store = open(&own)?;
    println!(
        "  {:<12}{:>16}{:>16}{:>8}{:>12}",
        "in flight", "store/s", "gateway/s", "ratio", "p99 µs"
    );
    for depth in DEPTHS {
        let (mut stores, mut gateways, mut p99) = (Vec::new(), Vec::new(), 0);
        for _ in 0..options.rounds {
            stores.push(store_rate(&store, depth, CONVERSATIONS, options.time).await?);
            let scenario = Scenario {
                mode: Mode::Send,
                connections: 1,
                in_flight: depth,
                size: 64,
                stalled: 0,
            };
            let figures = exchange::run(scenario, &server.target, options.time).await?;
            gateways.push(figures.per_second);
            p99 = p99.max(figures.latency.p99);
        }
        let (limit, rate) = (median(&mut stores), median(&mut gateways));
        println!(
            "  {depth:<12}{limit:>16.0}{rate:>16.0}{:>8.2}{p99:>12}",
            rate / limit
        );
    }
    store.close();
    Ok(())
}
