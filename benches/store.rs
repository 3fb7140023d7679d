//! Durable sends through the gateway beside the store's own batched rate, in interleaved rounds.
//!
//! With `--stored N` a store that has kept so many messages stands beside one of a thousand: `send`
//! and pages of `history` must not get slower with what is kept, nor with the `--conversations` that
//! are spoken to by turns. All on the disk that holds the temporary folder.

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

use cleudocodebot::store::{self, Draft, HistoryQuery, Inbound, Store};
use load::{
    Result,
    connection::Connection,
    latency::{Latencies, Percentiles},
    measure::Figures,
    process,
    scenario::{Mode, Scenario},
};
use tokio::task::LocalSet;

/// On their way at a time.
const DEPTHS: [usize; 3] = [1, 16, 128];

/// The store's file in a home.
const FILE: &str = "messages.redb";

/// Messages in the store that a large one is held against.
const SMALL: usize = 1000;

/// Conversations that messages are spread over, one after the other, unless told.
const CONVERSATIONS: usize = 1000;

/// Messages in a page of `history`.
const PAGE: usize = 50;

/// Pages asked for.
const PAGES: usize = 100;

struct Options {
    time: Duration,
    rounds: usize,
    stored: usize,
    conversations: usize,
    wanted: bool,
}

fn main() -> Result<()> {
    let options = options()?;
    if !options.wanted {
        println!(
            "Usage: cargo bench --bench store -- [--quick] [--seconds S] [--rounds N] [--stored N [--conversations N]]"
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
        conversations: CONVERSATIONS,
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
            Long("conversations") => {
                options.conversations = parser.value()?.parse::<usize>()?.max(1);
            }
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
            stores.push(store_rate(&store, depth, CONVERSATIONS, options.time).await?);
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
    let options = store::StoreOptions {
        path: folder.join(FILE),
        ..store::StoreOptions::default()
    };
    Ok(Store::open(options, drop)?)
}

fn draft(conversation: usize) -> Draft {
    Draft {
        channel: "webchat".to_owned(),
        peer: format!("bench-{conversation}"),
        text: "x".repeat(64),
        ..Draft::default()
    }
}

fn inbound(conversation: usize) -> Inbound {
    Inbound {
        channel: "webchat".to_owned(),
        peer: format!("bench-{conversation}"),
        text: "x".repeat(64),
        ..Inbound::default()
    }
}

/// Messages a second that are on the disk, handed in `depth` at a time: one commit each.
async fn store_rate(
    store: &Store,
    depth: usize,
    conversations: usize,
    time: Duration,
) -> Result<f64> {
    let (mut done, begun) = (0, Instant::now());
    while begun.elapsed() < time {
        let drafts = (done..done + depth).map(|number| draft(number % conversations));
        let waiting: Vec<_> = drafts.map(|draft| store.queue(draft)).collect();
        for pending in waiting {
            pending?.await?;
        }
        done += depth;
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

/// What sends and pages cost with few messages stored and with many, by turns: through the daemon,
/// then of the store alone on the same file.
async fn grown(options: &Options) -> Result<()> {
    let scratch = daemon::Scratch::new()?;
    let kept = |stored: usize| scratch.0.join(format!("kept-{stored}"));
    let mut costs = [SMALL, options.stored].map(|stored| (stored, Vec::new()));
    for (stored, _) in &costs {
        fill(&kept(*stored), *stored, options.conversations).await?;
    }
    for _ in 0..options.rounds {
        for (stored, costs) in &mut costs {
            // What a round sends is kept too, and waits: each begins with a fresh copy.
            let home = scratch.0.join("home");
            copy(&kept(*stored), &home)?;
            costs.push(Cost::measured(&home, options).await?);
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
        let middle = Cost::middle(&costs);
        middle.print(&stored.to_string());
        middle
    });
    println!(
        "  CPU time of a send: {:.2} times in the store, {:.2} times through the gateway",
        large.store_cpu_us / small.store_cpu_us,
        large.gateway_cpu_us / small.gateway_cpu_us
    );
    Ok(())
}

/// Copies a store onto the disk, so that its pages are not written out during the round.
fn copy(from: &Path, to: &Path) -> Result<()> {
    cleudocodebot::fs::create_private_dir(to)?;
    let [from, to] = [from, to].map(|home| home.join(FILE));
    std::fs::copy(from, &to)?;
    Ok(std::fs::File::open(to)?.sync_all()?)
}

/// What was measured of one store in one round.
struct Cost {
    store_rate: f64,
    store_cpu_us: f64,
    page_us: f64,
    gateway_rate: f64,
    gateway_cpu_us: f64,
    gateway_page_p99_us: f64,
}

impl Cost {
    async fn measured(home: &Path, options: &Options) -> Result<Self> {
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

    fn middle(rounds: &[Self]) -> Self {
        let middle = |get: fn(&Self) -> f64| {
            let mut all: Vec<f64> = rounds.iter().map(get).collect();
            self::middle(&mut all)
        };
        Self {
            store_rate: middle(|cost| cost.store_rate),
            store_cpu_us: middle(|cost| cost.store_cpu_us),
            page_us: middle(|cost| cost.page_us),
            gateway_rate: middle(|cost| cost.gateway_rate),
            gateway_cpu_us: middle(|cost| cost.gateway_cpu_us),
            gateway_page_p99_us: middle(|cost| cost.gateway_page_p99_us),
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
async fn sends(store: &Store, options: &Options) -> Result<(f64, f64)> {
    let (before, begun) = (own_cpu_time(), Instant::now());
    let rate = store_rate(store, 128, options.conversations, options.time).await?;
    let sends = rate * begun.elapsed().as_secs_f64();
    let cpu = own_cpu_time().saturating_sub(before).as_secs_f64() * 1e6;
    Ok((rate, cpu / sends))
}

async fn through_the_gateway(home: &Path, options: &Options) -> Result<(Figures, Percentiles)> {
    let server = daemon::start(home, process::can_pin())?;
    let scenario = Scenario {
        mode: Mode::Send,
        connections: 128,
        in_flight: 1,
        size: 64,
        stalled: 0,
    };
    let figures = scenario.run(&server.target, options.time).await?;
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

/// Keeps messages that came in, which is what most of a large store is.
async fn fill(home: &Path, count: usize, conversations: usize) -> Result<()> {
    cleudocodebot::fs::create_private_dir(home)?;
    let store = open(home)?;
    let mut waiting = Vec::new();
    for number in 0..count {
        waiting.push(store.receive(inbound(number % conversations))?);
        if waiting.len() == 4096 || number + 1 == count {
            for pending in waiting.drain(..) {
                pending.await?;
            }
        }
    }
    store.close();
    Ok(())
}

/// The middle of all pages, half of them of one conversation.
fn page_time(store: &Store, conversations: usize) -> Result<Duration> {
    let mut times = Vec::new();
    for number in 0..PAGES {
        let peer = (number % 2 == 0).then(|| format!("bench-{}", number % conversations));
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
