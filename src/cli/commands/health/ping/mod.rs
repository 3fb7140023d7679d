//! `ping`: round trips through the gateway's whole message path, told as ping(8) does.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    signal::ctrl_c,
    time::{sleep, timeout},
};

use super::{
    command::Command,
    connect::{Connection, connect},
    context::Context,
    ping_statistics::{Statistics, milliseconds, rounded},
    spec::{CommandSpec, JSON, ParsedArgs, Takes, no_words, option},
};
use crate::{
    client::Client,
    error::{Error, Result},
};

/// A reply that takes longer counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest pause: a day.
const MAX_INTERVAL: f64 = 86_400.0;

pub(super) const SPEC: CommandSpec = CommandSpec {
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
    first_word: no_words,
    read,
};

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Options {
    /// How many, 0 for ever.
    pub count: u64,
    /// The pause between two.
    pub interval: Duration,
    /// For scripts.
    pub json: bool,
}

fn read(args: &mut ParsedArgs) -> Result<Command> {
    Ok(Command::Ping(Options {
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

pub(super) async fn run(options: &Options, context: &mut Context<'_>) -> Result<()> {
    let Connection {
        mut client,
        hello,
        endpoint,
    } = connect(context).await?;
    if !options.json {
        let version = hello["version"].as_str().unwrap_or("?");
        let address = endpoint.authority();
        context
            .terminal
            .line(format!("PING {address}, cleudocodebot {version}"))?;
    }
    let mut statistics = Statistics::default();
    let outcome = tokio::select! {
        done = round_trips(&mut client, options, context, &mut statistics) => done,
        _ = ctrl_c() => Ok(()),
    };
    tell(&statistics, options, context)?;
    outcome?;
    if statistics.has_losses() {
        return Err(Error::Failed("not every ping came back".to_owned()));
    }
    Ok(())
}

/// A connection that breaks counts as one loss and ends it.
async fn round_trips(
    client: &mut Client,
    options: &Options,
    context: &mut Context<'_>,
    statistics: &mut Statistics,
) -> Result<()> {
    let mut number = 0;
    loop {
        number += 1;
        let begun = Instant::now();
        let reply = timeout(PATIENCE, client.call("ping", &json!({}))).await;
        let (came_back, broken) = match reply {
            Ok(Ok(_)) => (Some(begun.elapsed()), None),
            Ok(Err(error)) => (None, Some(error)),
            Err(_) => (None, None),
        };
        statistics.count(came_back);
        tell_one(number, came_back, options, context)?;
        if let Some(error) = broken {
            return Err(error);
        }
        if number == options.count {
            return Ok(());
        }
        let pause = options.interval.saturating_sub(begun.elapsed());
        // The timer rounds even nothing up to a millisecond.
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
}

fn tell_one(
    number: u64,
    time: Option<Duration>,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<()> {
    let terminal = &mut context.terminal;
    let ms = time.map(milliseconds);
    match (options.json, ms) {
        (true, ms) => terminal.json(&json!({"seq": number, "time_ms": ms.map(rounded)})),
        (false, Some(ms)) => terminal.line(format!("seq={number} time={ms:.3} ms")),
        (false, None) => terminal.line(format!("seq={number} lost")),
    }
}

fn tell(statistics: &Statistics, options: &Options, context: &mut Context<'_>) -> Result<()> {
    if options.json {
        return context.terminal.json(&statistics.json());
    }
    context
        .terminal
        .line(format!("--- statistics ---\n{statistics}"))
}
