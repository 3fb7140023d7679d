//! `ping`: round trips through the gateway's whole message path, printed as ping(8) does.
//!
//! `statistics` sums them up.

mod statistics;

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    signal::ctrl_c,
    time::{sleep, timeout},
};

use self::statistics::{RoundTripStatistics, milliseconds, rounded, shown};
use crate::{
    cli::{
        command::Command,
        connection::{Connection, connect},
        context::Context,
        parser::{CommandSpec, JSON, ParsedArgs, Takes, option},
        runtime::block_on,
    },
    client::Client,
    error::{Error, Result},
};

/// A reply that takes longer counts as lost.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest pause: a day.
const MAX_INTERVAL: f64 = 86_400.0;

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "ping",
    summary: "Measure round trips to the gateway",
    usage: &["[--count N] [--interval SECONDS]"],
    details: "Ctrl-C ends it early. Exit code 1 where a reply was lost.",
    options: &[
        option(
            "count",
            Takes::Text("N"),
            "How many; 0 for ever (default 4)",
        )
        .short('c'),
        option(
            "interval",
            Takes::Text("SECONDS"),
            "Pause between two (default 1)",
        )
        .short('i'),
        JSON,
    ],
    examples: &[
        ("cleudocodebot ping", "four, a second apart"),
        (
            "cleudocodebot ping -c 1000 -i 0",
            "as fast as they come back",
        ),
    ],
    parse,
};

/// Measures round trips.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PingCommand {
    /// How many, 0 for ever.
    pub count: u64,
    /// The pause between two.
    pub interval: Duration,
    /// For scripts.
    pub json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    Ok(Box::new(PingCommand {
        count: args.number("count", &(0..=u64::MAX))?.unwrap_or(4),
        interval: interval(args)?,
        json: args.flag("json"),
    }))
}

fn interval(args: &ParsedArgs) -> Result<Duration> {
    let Some(text) = args.text("interval") else {
        return Ok(Duration::from_secs(1));
    };
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| (0.0..=MAX_INTERVAL).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| {
        Error::Usage(format!(
            "--interval is {text:?}; expected seconds from 0 to {MAX_INTERVAL}"
        ))
    })
}

impl Command for PingCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ping(context))
    }
}

impl PingCommand {
    async fn ping(&self, context: &mut Context<'_>) -> Result<()> {
        let Connection {
            mut client,
            hello,
            endpoint,
        } = connect(context).await?;
        if !self.json {
            let version = hello["version"].as_str().unwrap_or("?");
            let address = endpoint.authority();
            context
                .terminal
                .line(format!("PING {address}, cleudocodebot {version}"))?;
        }
        let mut statistics = RoundTripStatistics::default();
        let outcome = tokio::select! {
            done = self.round_trips(&mut client, context, &mut statistics) => done,
            _ = ctrl_c() => Ok(()),
        };
        self.print_end(&statistics, context)?;
        outcome?;
        if statistics.has_losses() {
            return Err(Error::Failed("not every ping came back".to_owned()));
        }
        Ok(())
    }

    /// Pings until the count is reached. A connection that breaks counts as one loss and ends it.
    async fn round_trips(
        &self,
        client: &mut Client,
        context: &mut Context<'_>,
        statistics: &mut RoundTripStatistics,
    ) -> Result<()> {
        let mut number = 0;
        loop {
            number += 1;
            let begun = Instant::now();
            let reply = timeout(REPLY_TIMEOUT, client.call("ping", &json!({}))).await;
            let (came_back, broken) = match reply {
                Ok(Ok(_)) => (Some(begun.elapsed()), None),
                Ok(Err(error)) => (None, Some(error)),
                Err(_) => (None, None),
            };
            statistics.count(came_back);
            self.print_one(number, came_back, context)?;
            if let Some(error) = broken {
                return Err(error);
            }
            if number == self.count {
                return Ok(());
            }
            let pause = self.interval.saturating_sub(begun.elapsed());
            // The timer rounds up to a millisecond, so do not ask it for nothing.
            if !pause.is_zero() {
                sleep(pause).await;
            }
        }
    }

    fn print_one(
        &self,
        number: u64,
        time: Option<Duration>,
        context: &mut Context<'_>,
    ) -> Result<()> {
        let terminal = &mut context.terminal;
        let ms = time.map(milliseconds);
        match (self.json, ms) {
            (true, ms) => terminal.json(&json!({"seq": number, "time_ms": ms.map(rounded)})),
            (false, Some(ms)) => {
                let shown = shown(ms, terminal.translator());
                terminal.line(format!("seq={number} time={shown} ms"))
            }
            (false, None) => terminal.line(format!("seq={number} lost")),
        }
    }

    fn print_end(&self, statistics: &RoundTripStatistics, context: &mut Context<'_>) -> Result<()> {
        if self.json {
            return context.terminal.json(&statistics.json());
        }
        context.terminal.line("--- statistics ---")?;
        let told = statistics.told(context.terminal.translator());
        context.terminal.line(told)
    }
}
