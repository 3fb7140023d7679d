//! What is asked of a server, and how long.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{
    Result, Target,
    connection::{Connection, Shared},
    fanout,
    measure::{Cost, Figures},
    process,
};

/// Connections opened at a time while a scenario is set up.
const OPENING: usize = 64;

/// The kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `ping` and its answer.
    Ping,
    /// `send` and its acknowledgement, by when it is on the disk.
    Send,
    /// `publish` to subscribers; a message is one delivery.
    Fanout,
    /// Connection, upgrade with the token, and the end.
    Connect,
    /// Connections that say nothing; only memory counts.
    Idle,
}

impl Mode {
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("ping", Self::Ping),
        ("send", Self::Send),
        ("fanout", Self::Fanout),
        ("connect", Self::Connect),
        ("idle", Self::Idle),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, mode)| *mode == self)
            .map_or("", |(name, _)| name)
    }
}

/// One row of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub mode: Mode,
    /// Connections; subscribers in a fan-out.
    pub connections: usize,
    /// Messages on their way at a time, of each connection that sends.
    pub in_flight: usize,
    /// Bytes of text in each message.
    pub size: usize,
    /// Subscribers that never read, beside the connections.
    pub stalled: usize,
}

impl Scenario {
    /// `ping 64×16`.
    pub(crate) fn name(self) -> String {
        match self.mode {
            Mode::Idle | Mode::Connect => format!("{} {}", self.mode.name(), self.connections),
            Mode::Fanout if self.stalled > 0 => format!(
                "{} {}×{} and {} that never read",
                self.mode.name(),
                self.connections,
                self.in_flight,
                self.stalled
            ),
            _ => format!(
                "{} {}×{}",
                self.mode.name(),
                self.connections,
                self.in_flight
            ),
        }
    }

    /// False where the server has no answer to it.
    pub(crate) fn suits(self, target: &Target) -> bool {
        match self.mode {
            Mode::Ping => true,
            Mode::Connect | Mode::Fanout | Mode::Idle => target.speaks_websocket,
            Mode::Send => target.keeps_messages,
        }
    }

    /// Loads `target` for `time` and says what came of it.
    pub(crate) async fn run(self, target: &Target, time: Duration) -> Result<Figures> {
        match self.mode {
            Mode::Ping | Mode::Send => self.exchange(target, time).await,
            Mode::Fanout => fanout::run(self, target, time).await,
            Mode::Connect => self.connect(target, time).await,
            Mode::Idle => self.idle(target).await,
        }
    }

    /// Text of the wanted size.
    pub(crate) fn filling(self) -> String {
        "x".repeat(self.size)
    }

    /// `n` connections that are all open.
    pub(crate) async fn open(target: &Target, n: usize) -> Result<Vec<Connection>> {
        let mut open = Vec::with_capacity(n);
        while open.len() < n {
            let batch = OPENING.min(n - open.len());
            let opening = (0..batch).map(|_| Connection::open(target));
            for connection in futures_util::future::join_all(opening).await {
                open.push(connection?);
            }
        }
        Ok(open)
    }

    async fn exchange(self, target: &Target, time: Duration) -> Result<Figures> {
        let connections = Self::open(target, self.connections).await?;
        let (latencies, failures) = (Shared::default(), Rc::new(Cell::new(0)));
        let cost = Cost::begin(target);
        let until = Instant::now() + time;
        let mut tasks = JoinSet::new();
        for (number, connection) in connections.into_iter().enumerate() {
            let (latencies, failures) = (Rc::clone(&latencies), Rc::clone(&failures));
            tasks.spawn_local(self.talk(connection, number, until, latencies, failures));
        }
        while let Some(ended) = tasks.join_next().await {
            ended?.map_err(|why| format!("{} under {}: {why}", target.name, self.name()))?;
        }
        let figures = cost.end(&mut latencies.borrow_mut());
        match failures.get() {
            0 => Ok(figures),
            n => Err(format!("{} answered {n} times with an error", target.name).into()),
        }
    }

    async fn talk(
        self,
        mut connection: Connection,
        number: usize,
        until: Instant,
        latencies: Shared,
        failures: Rc<Cell<u64>>,
    ) -> std::result::Result<(), String> {
        let (filling, mut id) = (self.filling(), 0_u64);
        let next = || {
            id += 1;
            self.command(number, id, &filling)
        };
        let answered = |waited, text: &[u8]| {
            latencies.borrow_mut().add(waited);
            if text.starts_with(b"{\"type\":\"error\"") {
                failures.set(failures.get() + 1);
            }
        };
        let done = connection
            .closed_loop(self.in_flight, until, next, answered)
            .await;
        done.map_err(|error| error.to_string())
    }

    fn command(self, number: usize, id: u64, filling: &str) -> String {
        if self.mode == Mode::Send {
            return format!(
                r#"{{"type":"command","action":"send","id":{id},"payload":{{"channel":"webchat","to":"bench-{number}","text":"{filling}"}}}}"#
            );
        }
        format!(
            r#"{{"type":"command","action":"ping","id":{id},"payload":{{"text":"{filling}"}}}}"#
        )
    }

    async fn connect(self, target: &Target, time: Duration) -> Result<Figures> {
        let latencies = Shared::default();
        let cost = Cost::begin(target);
        let until = Instant::now() + time;
        let mut tasks = JoinSet::new();
        for _ in 0..self.connections {
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
        Ok(cost.end(&mut latencies.borrow_mut()))
    }

    /// Memory is compared with that of the same server after one busy round, not of a fresh one.
    async fn idle(self, target: &Target) -> Result<Figures> {
        let resident = || target.pid.and_then(process::resident_kib);
        let before = resident();
        let mut open = Self::open(target, self.connections).await?;
        if let Some(last) = open.last_mut() {
            last.ask(&self.command(0, 1, "")).await?;
        }
        let after = resident();
        for connection in &mut open {
            connection.ask(&self.command(0, 1, "")).await?;
        }
        let grown = before
            .zip(after)
            .map(|(before, after)| after.saturating_sub(before));
        for connection in open {
            connection.abort()?;
        }
        Ok(Figures {
            messages: self.connections as u64,
            resident_kib: after,
            kib_per_connection: grown.map(|kib| kib as f64 / self.connections as f64),
            ..Figures::default()
        })
    }
}
