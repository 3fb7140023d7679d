//! Durable sends through the gateway beside the store's own batched rate, in interleaved rounds.
//!
//! With `--stored N` the store is filled first: `send` and pages of `history` must not get slower
//! with what is kept. All on the disk that holds the temporary folder.

#![allow(
    dead_code,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the load generator has more than this bench asks for"
)]

mod daemon;
mod load;
mod peers;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use cleudocodebot::store::{self, Draft, HistoryQuery, Store};
use load::{
    Result, process,
    scenario::{Mode, Scenario},
};
use tokio::task::LocalSet;

/// On their way at a time.
const DEPTHS: [usize; 3] = [1, 16, 128];

/// Messages in a page of `history`.
const PAGE: usize = 50;

struct Options {
    time: Duration,
    rounds: usize,
    stored: usize,
    wanted: bool,
}

fn main() -> Result<()> {
    let options = options()?;
    if !options.wanted {
        println!(
            "Usage: cargo bench --bench store -- [--quick] [--seconds S] [--rounds N] [--stored N]"
        );
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        if options.stored > 0 {
            grown(&options).await
        } else {
            compared(&options).await
        }
    })
}

fn options() -> Result<Options> {
    use lexopt::{Arg::Long, ValueExt as _};
    let (time, rounds) = (Duration::from_secs(2), 3);
    let mut options = Options {
        time,
        rounds,
        stored: 0,
        wanted: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        options.wanted = true;
        match argument {
            Long("bench") => {}
            Long("quick") => (options.time, options.rounds) = (Duration::from_millis(500), 1),
            Long("seconds") => {
                options.time = Duration::try_from_secs_f64(parser.value()?.parse()?)?;
            }
            Long("rounds") => options.rounds = parser.value()?.parse::<usize>()?.max(1),
            Long("stored") => options.stored = parser.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}

/// The gateway's rate beside the store's, which is its limit.
async fn compared(options: &Options) -> Result<()> {
    let scratch = daemon::Scratch::new()?;
    let server = daemon::start(&scratch.0, process::can_pin())?;
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
            stores.push(store_rate(&store, depth, options.time).await?);
            let scenario = Scenario {
                mode: Mode::Send,
                connections: 1,
                in_flight: depth,
                size: 64,
                stalled: 0,
            };
            let figures = scenario.run(&server.target, options.time).await?;
            gateways.push(figures.per_second);
            p99 = p99.max(figures.latency.p99);
        }
        let (limit, rate) = (middle(&mut stores), middle(&mut gateways));
        println!(
            "  {depth:<12}{limit:>16.0}{rate:>16.0}{:>8.2}{p99:>12}",
            rate / limit
        );
    }
    store.close();
    Ok(())
}

fn middle(rates: &mut [f64]) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(0.0)
}

fn open(folder: &Path) -> Result<Store> {
    let options = store::Options {
        path: folder.join("messages.redb"),
        ..store::Options::default()
    };
    Ok(Store::open(options, drop)?)
}

fn draft(number: usize) -> Draft {
    Draft {
        channel: "webchat".to_owned(),
        peer: format!("bench-{}", number % 1000),
        text: "x".repeat(64),
        ..Draft::default()
    }
}

/// Messages a second that are on the disk, handed in `depth` at a time: one commit each.
async fn store_rate(store: &Store, depth: usize, time: Duration) -> Result<f64> {
    let (mut done, begun) = (0, Instant::now());
    while begun.elapsed() < time {
        fill(store, done, done + depth).await?;
        done += depth;
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

/// What sends and pages cost while the store grows to the wanted size.
async fn grown(options: &Options) -> Result<()> {
    let scratch = daemon::Scratch::new()?;
    let store = open(&scratch.0)?;
    println!(
        "  {:<12}{:>16}{:>16}{:>16}",
        "stored", "sends/s at 128", "CPU µs/send", "page of 50, µs"
    );
    let mut stored = 0;
    for size in [1000, options.stored] {
        fill(&store, stored, size).await?;
        stored = size;
        let pages = page_time(&store)?;
        let before = own_cpu_time();
        let begun = Instant::now();
        let rate = store_rate(&store, 128, options.time).await?;
        let sends = rate * begun.elapsed().as_secs_f64();
        let cpu = own_cpu_time().saturating_sub(before).as_secs_f64() * 1e6 / sends;
        println!(
            "  {stored:<12}{rate:>16.0}{cpu:>16.1}{:>16}",
            pages.as_micros()
        );
    }
    store.close();
    Ok(())
}

fn own_cpu_time() -> Duration {
    process::cpu_time(std::process::id()).unwrap_or_default()
}

async fn fill(store: &Store, from: usize, to: usize) -> Result<()> {
    let mut waiting = Vec::new();
    for number in from..to {
        waiting.push(store.queue(draft(number))?);
        if waiting.len() == 4096 || number + 1 == to {
            for pending in waiting.drain(..) {
                pending.await?;
            }
        }
    }
    Ok(())
}

/// The middle of a hundred pages, half of them of one conversation.
fn page_time(store: &Store) -> Result<Duration> {
    let mut times = Vec::new();
    for number in 0..100 {
        let peer = (number % 2 == 0).then(|| format!("bench-{number}"));
        let query = HistoryQuery {
            channel: Some("webchat".to_owned()),
            peer,
            limit: PAGE,
            max_bytes: 1 << 20,
            ..HistoryQuery::default()
        };
        let begun = Instant::now();
        store.history(&query)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
