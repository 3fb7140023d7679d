//! Commands and their answers on many connections at a time: the load of `ping` and of `send`.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{
    Result, Target,
    connection::{Connection, SharedLatencies},
    measure::{Figures, Measurement},
    scenario::Scenario,
};

/// Loads `target` for `time`; fails where it answered with errors.
pub(crate) async fn run(scenario: Scenario, target: &Target, time: Duration) -> Result<Figures> {
    let connections = Connection::open_many(target, scenario.connections).await?;
    let (latencies, failures) = (SharedLatencies::default(), Rc::new(Cell::new(0)));
    let measurement = Measurement::begin(target);
    let until = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for (number, connection) in connections.into_iter().enumerate() {
        let exchange = Exchange {
            scenario,
            number,
            latencies: Rc::clone(&latencies),
            failures: Rc::clone(&failures),
        };
        tasks.spawn_local(exchange.run(connection, until));
    }
    while let Some(ended) = tasks.join_next().await {
        ended?.map_err(|why| format!("{} under {}: {why}", target.name, scenario.name()))?;
    }
    let figures = measurement.end(&mut latencies.borrow_mut());
    match failures.get() {
        0 => Ok(figures),
        n => Err(format!("{} answered {n} times with an error", target.name).into()),
    }
}

/// What one connection of the load sends, and where it counts.
struct Exchange {
    scenario: Scenario,
    number: usize,
    latencies: SharedLatencies,
    failures: Rc<Cell<u64>>,
}

impl Exchange {
    async fn run(
        self,
        mut connection: Connection,
        until: Instant,
    ) -> std::result::Result<(), String> {
        let (filling, mut id) = (self.scenario.filling(), 0_u64);
        let next = || {
            id += 1;
            self.scenario.command(self.number, id, &filling)
        };
        let answered = |waited, text: &[u8]| {
            self.latencies.borrow_mut().add(waited);
            if text.starts_with(b"{\"type\":\"error\"") {
                self.failures.set(self.failures.get() + 1);
            }
        };
        let done = connection
            .closed_loop(self.scenario.in_flight, until, next, answered)
            .await;
        done.map_err(|error| error.to_string())
    }
}
