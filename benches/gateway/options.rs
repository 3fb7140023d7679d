//! The command line of the gateway's bench, and the scenarios it selects.

use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    path::PathBuf,
    time::Duration,
};

use lexopt::{Arg, ValueExt as _};

use crate::support::{
    Result,
    scenario::{Mode, Scenario},
};

/// Printed for `--help`.
pub(crate) const HELP: &str = "\
Usage: cargo bench --bench gateway -- [OPTIONS]

Without --url it starts the release daemon in a temporary home, and the peers beside it.

  --url WS_URL       load this daemon instead (ws://HOST:PORT)
  --token TOKEN      the token of that daemon
  --pid PID          its process on this machine, for CPU time and memory
  --mode MODE        ping, send, fanout, connect or idle; again for more
  --connections N    connections, or subscribers of a fan-out
  --in-flight N      messages on their way at a time per sending connection
  --tls              all inside TLS: the daemon, the echo, and tokio-tungstenite gathered
  --stalled N        subscribers of a fan-out beside the others that never read [0]
  --size BYTES       text in each message [32]
  --seconds S        time of one run [0.5]
  --rounds N         runs of each; the median counts [5]
  --server NAME      only servers whose name contains it; again for more
  --quick            one short round of each
  --json             JSON lines instead of tables
  --chart FILE       draw them as an SVG as well
";

/// What was asked for.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct GatewayOptions {
    pub url: Option<SocketAddr>,
    pub token: String,
    pub pid: Option<u32>,
    pub modes: Vec<Mode>,
    pub connections: Option<usize>,
    pub in_flight: Option<usize>,
    pub size: usize,
    pub stalled: usize,
    pub tls: bool,
    pub time: Duration,
    pub rounds: usize,
    pub servers: Vec<String>,
    pub quick: bool,
    pub json: bool,
    pub chart: Option<PathBuf>,
    pub help: bool,
    /// False without any argument: then nothing is measured and the help is shown.
    pub wanted: bool,
    /// The peer to serve as, in the processes that the bench starts of itself.
    pub serve: Option<String>,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            url: None,
            token: String::new(),
            pid: None,
            modes: Vec::new(),
            connections: None,
            in_flight: None,
            size: 32,
            stalled: 0,
            tls: false,
            time: Duration::from_millis(500),
            rounds: 5,
            servers: Vec::new(),
            quick: false,
            json: false,
            chart: None,
            help: false,
            wanted: false,
            serve: None,
        }
    }
}

impl GatewayOptions {
    /// Reads the command line of this process.
    pub(crate) fn from_arguments() -> Result<Self> {
        let (mut options, mut parser) = (Self::default(), lexopt::Parser::from_env());
        while let Some(argument) = parser.next()? {
            options.wanted = true;
            let Arg::Long(name) = argument else {
                return Err(argument.unexpected().into());
            };
            let name = name.to_owned();
            options.take(&name, &mut parser)?;
        }
        if options.quick {
            (options.rounds, options.time) = (1, Duration::from_millis(300));
        }
        Ok(options)
    }

    fn take(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<()> {
        match name {
            // `cargo bench` passes `--bench` to every bench.
            "bench" => {}
            "quick" => self.quick = true,
            "tls" => self.tls = true,
            "json" => self.json = true,
            "chart" => self.chart = Some(parser.value()?.into()),
            "help" => self.help = true,
            "url" => self.url = Some(address(&parser.value()?.string()?)?),
            "token" => self.token = parser.value()?.string()?,
            "pid" => self.pid = Some(parser.value()?.parse()?),
            "mode" => self.modes.push(mode(&parser.value()?.string()?)?),
            "connections" => self.connections = Some(parser.value()?.parse()?),
            "in-flight" => self.in_flight = Some(parser.value()?.parse()?),
            "stalled" => self.stalled = parser.value()?.parse()?,
            "size" => self.size = parser.value()?.parse()?,
            "seconds" => self.time = Duration::try_from_secs_f64(parser.value()?.parse()?)?,
            "rounds" => self.rounds = parser.value()?.parse::<usize>()?.max(1),
            "server" => self.servers.push(parser.value()?.string()?),
            "serve" => self.serve = Some(parser.value()?.string()?),
            other => return Err(format!("no option --{other}; --help lists them").into()),
        }
        Ok(())
    }

    /// The default scenarios, or those that were asked for.
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        let defaults = [
            (Mode::Ping, 64, 1),
            (Mode::Ping, 64, 16),
            (Mode::Fanout, 200, 1),
            (Mode::Fanout, 200, 8),
            (Mode::Connect, 64, 1),
            (Mode::Idle, if self.quick { 1000 } else { 5000 }, 1),
        ];
        let own = self.connections.is_some() || self.in_flight.is_some();
        let mut rows: Vec<_> = defaults
            .into_iter()
            .filter(|(mode, ..)| self.modes.is_empty() || self.modes.contains(mode))
            .collect();
        if self.modes.contains(&Mode::Send) {
            rows.extend([
                (Mode::Send, 1, 1),
                (Mode::Send, 1, 16),
                (Mode::Send, 1, 128),
            ]);
        }
        if own {
            rows.dedup_by_key(|(mode, ..)| *mode);
        }
        let row = |(mode, connections, in_flight)| Scenario {
            mode,
            connections: self.connections.unwrap_or(connections).max(1),
            in_flight: self.in_flight.unwrap_or(in_flight).max(1),
            size: self.size,
            stalled: self.stalled,
        };
        rows.into_iter().map(row).collect()
    }

    /// Whether this server is to be measured.
    pub(crate) fn wants(&self, server: &str) -> bool {
        self.servers.is_empty()
            || self
                .servers
                .iter()
                .any(|part| server.contains(part.as_str()))
    }
}

fn mode(name: &str) -> Result<Mode> {
    let found = Mode::ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, mode)| *mode).ok_or_else(|| {
        format!("no mode {name}; there are ping, send, fanout, connect and idle").into()
    })
}

fn address(url: &str) -> Result<SocketAddr> {
    let rest = url
        .strip_prefix("ws://")
        .ok_or("--url must begin with ws://")?;
    let authority = rest.split('/').next().unwrap_or(rest);
    let found = authority
        .to_socket_addrs()
        .map_err(|error| format!("--url {url}: {error}"))?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| format!("--url {url}: no such host").into())
}
