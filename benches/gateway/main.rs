//! The gateway beside what a user would take instead: one load, interleaved rounds, medians.
//!
//! `cargo bench --bench gateway -- --help` lists the options. With `--url` it loads a daemon that is
//! already running. What measures is in `../support`; here is what is measured and how it is shown.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures are rounded to be shown"
)]

mod chart;
mod connections;
mod fanout;
mod options;
mod peers;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use options::{GatewayOptions, HELP};
use report::Row;
use support::{
    Result, Target, daemon, exchange,
    measure::{Figures, median},
    process,
    scenario::{Mode, Scenario},
    server::Server,
    tls::{self, Connector},
};

fn main() -> Result<()> {
    let options = GatewayOptions::from_arguments()?;
    if let Some(peer) = &options.serve {
        return peers::serve(peer);
    }
    if options.help || !options.wanted {
        print!("{HELP}");
        return Ok(());
    }
    let pinned = process::can_pin();
    let (_scratch, servers) = servers(&options, pinned)?;
    if pinned {
        process::pin_load();
    }
    let targets: Vec<_> = match options.url {
        Some(address) => vec![running(&options, address)],
        None => servers.iter().map(|server| server.target.clone()).collect(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    let mut drawn = Vec::new();
    for scenario in options.scenarios() {
        let rows = local.block_on(&runtime, rounds(&options, scenario, &targets))?;
        if options.json {
            rows.iter().for_each(report::json_line);
        } else {
            report::table(scenario, &rows);
        }
        drawn.push(rows);
    }
    match &options.chart {
        Some(path) => chart::write(path, &drawn),
        None => Ok(()),
    }
}

/// The daemon and its peers; none where a running daemon is to be loaded.
fn servers(
    options: &GatewayOptions,
    pinned: bool,
) -> Result<(Option<daemon::Scratch>, Vec<Server>)> {
    if options.url.is_some() {
        return Ok((None, Vec::new()));
    }
    let scratch = daemon::Scratch::new()?;
    if options.tls {
        tls::make(&scratch.0)?;
    }
    let tls = options.tls.then_some(&*scratch.0);
    let mut servers = Vec::new();
    if options.wants(daemon::NAME) {
        servers.push(daemon::start(&scratch.0, tls, pinned)?);
    }
    servers.extend(peers::start(pinned, tls, |name| options.wants(name)));
    if options.tls {
        let connector = Connector::of(&scratch.0)?;
        for server in &mut servers {
            server.target.tls = Some(connector.clone());
        }
    }
    Ok((Some(scratch), servers))
}

fn running(options: &GatewayOptions, address: std::net::SocketAddr) -> Target {
    Target {
        name: address.to_string(),
        address,
        token: options.token.clone(),
        pid: options.pid,
        speaks_websocket: true,
        tls: None,
        keeps_messages: true,
    }
}

/// Every server once a round, so that a noisy minute hits all alike.
async fn rounds(
    options: &GatewayOptions,
    scenario: Scenario,
    targets: &[Target],
) -> Result<Vec<Row>> {
    let targets: Vec<_> = targets
        .iter()
        .filter(|target| scenario.suits(target))
        .collect();
    let mut runs: Vec<Vec<Figures>> = vec![Vec::new(); targets.len()];
    let rounds = if scenario.mode == Mode::Idle {
        1
    } else {
        options.rounds
    };
    for _ in 0..rounds {
        for (target, runs) in targets.iter().zip(&mut runs) {
            runs.push(run(scenario, target, options.time).await?);
        }
    }
    let rows = targets.iter().zip(&runs).map(|(target, runs)| Row {
        scenario,
        server: target.name.clone(),
        figures: median(runs),
    });
    Ok(rows.collect())
}

/// Loads `target` for `time` with the kind of load that the scenario names.
async fn run(scenario: Scenario, target: &Target, time: Duration) -> Result<Figures> {
    match scenario.mode {
        Mode::Ping | Mode::Send => exchange::run(scenario, target, time).await,
        Mode::Fanout => fanout::run(scenario, target, time).await,
        Mode::Connect => connections::churn(scenario, target, time).await,
        Mode::Idle => connections::idle(scenario, target).await,
    }
}
