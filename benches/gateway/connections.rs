//! Loads that are about connections: opening and ending them, and holding many that are idle.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::support::{
    Result, Target,
    connection::{Connection, SharedLatencies},
    measure::{Figures, Measurement},
    process,
    scenario::Scenario,
};

/// Opens and ends connections for `time`; a message of the figures is one connection.
pub(crate) async fn churn(scenario: Scenario, target: &Target, time: Duration) -> Result<Figures> {
    let latencies = SharedLatencies::default();
    let measurement = Measurement::begin(target);
    let until = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for _ in 0..scenario.connections {
        let (latencies, target) = (Rc::clone(&latencies), target.clone());
        tasks.spawn_local(async move {
            while Instant::now() < until {
                let begun = Instant::now();
                let open = Connection::open(&target).await;
                let ended = open.and_then(Connection::abort);
                ended.map_err(|error| error.to_string())?;
                latencies.borrow_mut().add(begun.elapsed());
            }
            Ok::<_, String>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(measurement.end(&mut latencies.borrow_mut()))
}

/// Memory of connections that say nothing, compared with that of the same server after one busy
/// round: a fresh server has not filled its buffers and allocator yet.
pub(crate) async fn idle(scenario: Scenario, target: &Target) -> Result<Figures> {
    let resident = || target.pid.and_then(process::resident_kib);
    let before = resident();
    let mut open = Connection::open_many(target, scenario.connections).await?;
    if let Some(last) = open.last_mut() {
        last.ask(&scenario.command(0, 1, "")).await?;
    }
    let after = resident();
    for connection in &mut open {
        connection.ask(&scenario.command(0, 1, "")).await?;
    }
    let grown = before
        .zip(after)
        .map(|(before, after)| after.saturating_sub(before));
    for connection in open {
        connection.abort()?;
    }
    Ok(Figures {
        messages: scenario.connections as u64,
        resident_kib: after,
        kib_per_connection: grown.map(|kib| kib as f64 / scenario.connections as f64),
        ..Figures::default()
    })
}
