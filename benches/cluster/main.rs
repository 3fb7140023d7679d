//! What a cluster costs: sends that are acknowledged by the own disk, or by the bus too, against one machine alone; and how
//! fast what happens on one machine is on another.
//!
//! Needs a `nats-server` in `PATH` or in `NATS_SERVER`; without one it says so and measures nothing.

#![allow(
    dead_code,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the load generator has more than this bench asks for"
)]

#[path = "../support/mod.rs"]
mod support;

use std::{
    fmt::Write as _,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use cleudocodebot::client::{Client, Endpoint};
use serde_json::json;
use support::{
    Result, Target, daemon, exchange, process,
    scenario::{Mode, Scenario},
    server::Server,
};
use tokio::task::LocalSet;

/// Messages under way at a time.
const DEPTHS: [usize; 3] = [1, 16, 128];

/// The longest wait for anything to start, or to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|one| one == "--bench") {
        println!("Usage: cargo bench --features nats --bench cluster -- [--quick]");
        return Ok(());
    }
    let quick = arguments.iter().any(|one| one == "--quick");
    let time = Duration::from_millis(if quick { 500 } else { 3000 });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, measure(time))
}

/// A NATS server that ends with the bench.
struct Nats(Child, u16);

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Nats {
    /// `None` where there is no such program.
    fn start(folder: &Path) -> Result<Option<Self>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let program = std::env::var("NATS_SERVER").unwrap_or_else(|_| "nats-server".to_owned());
        let started = Command::new(program)
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            return Ok(None);
        };
        let server = Self(child, port);
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > until {
                return Err("nats-server does not listen".into());
            }
            std::thread::yield_now();
        }
        Ok(Some(server))
    }
}

async fn measure(time: Duration) -> Result<()> {
    let scratch = daemon::Scratch::new()?;
    let Some(nats) = Nats::start(&scratch.0.join("nats"))? else {
        println!("SKIPPED: there is no nats-server in PATH or NATS_SERVER");
        return Ok(());
    };
    println!(
        "  {:<22}{:>12}{:>12}{:>12}",
        "send, one in flight …", "1 /s", "16 /s", "128 /s"
    );
    let alone = node(&scratch.0.join("alone"), None)?;
    sends("one machine alone", &alone.target, time).await?;
    drop(alone);
    for ack in ["local", "stream", "both"] {
        let settings = format!(
            "CLUSTER_URL=nats://127.0.0.1:{}\nCLUSTER_NAME={ack}\nNODE_NAME=a\nCLUSTER_ACK={ack}\n",
            nats.1
        );
        let one = node(&scratch.0.join(ack), Some(&settings))?;
        joined(&one.target).await?;
        sends(&format!("in a cluster, {ack}"), &one.target, time).await?;
    }
    across(&scratch.0, &nats, time).await
}

fn node(home: &Path, settings: Option<&str>) -> Result<Server> {
    cleudocodebot::fs::create_private_dir(home)?;
    if let Some(settings) = settings {
        // Private: a daemon refuses settings that others can read.
        cleudocodebot::fs::write_atomic(&home.join(".env"), settings.as_bytes())?;
    }
    daemon::start(home, None, process::can_pin())
}

async fn client(target: &Target) -> Result<Client> {
    let endpoint = Endpoint {
        host: target.address.ip().to_string(),
        port: target.address.port(),
        token: Some(target.token.clone()),
    };
    Ok(Client::connect(&endpoint).await?)
}

/// Waits until it uses the bus.
async fn joined(target: &Target) -> Result<()> {
    let mut client = client(target).await?;
    let until = Instant::now() + PATIENCE;
    while client.call("cluster", &json!({})).await?["away_since_ms"].is_number() {
        if Instant::now() > until {
            return Err("it does not join the cluster".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn sends(name: &str, target: &Target, time: Duration) -> Result<()> {
    let mut row = format!("  {name:<22}");
    for in_flight in DEPTHS {
        let figures = exchange::run(load(in_flight), target, time).await?;
        let _ = write!(row, "{:>12.0}", figures.per_second);
    }
    println!("{row}");
    Ok(())
}

fn load(in_flight: usize) -> Scenario {
    Scenario {
        mode: Mode::Send,
        connections: 1,
        in_flight,
        size: 64,
        stalled: 0,
    }
}

/// Loads one node and waits until another has all of it.
async fn across(folder: &Path, nats: &Nats, time: Duration) -> Result<()> {
    let mut nodes = Vec::new();
    for name in ["a", "b"] {
        let settings = format!(
            "CLUSTER_URL=nats://127.0.0.1:{}\nCLUSTER_NAME=two\nNODE_NAME={name}\nCLUSTER_ACK=local\n",
            nats.1
        );
        let one = node(&folder.join(name), Some(&settings))?;
        joined(&one.target).await?;
        nodes.push(one);
    }
    let begun = Instant::now();
    let figures = exchange::run(load(128), &nodes[0].target, time).await?;
    let mut far = client(&nodes[1].target).await?;
    let until = Instant::now() + PATIENCE;
    loop {
        let there = far.call("status", &json!({})).await?["store"]["messages"].as_u64();
        if there >= Some(figures.messages) {
            break;
        }
        if Instant::now() > until {
            return Err(format!("{there:?} of {} messages came across", figures.messages).into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rate = figures.messages as f64 / begun.elapsed().as_secs_f64();
    println!(
        "  from one node to another: {} events, {rate:.0}/s",
        figures.messages
    );
    Ok(())
}
