//! `logs`: what the daemon said, from the daemon, or from its file where it does not run.

use std::{collections::HashSet, fs, io::ErrorKind};

use serde_json::{Value, json};

use super::{
    command::Command,
    connect::connect,
    context::Context,
    events::follow,
    log_line::{level_of, log_line},
    spec::{CommandSpec, JSON, ParsedArgs, Takes, no_words, option, switch},
};
use crate::{
    client::Client,
    error::{Error, Result},
    log::LogLevel,
};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "logs",
    summary: "Show what the daemon logged",
    usage: &["[-f] [-n N] [--level LEVEL] [--json]"],
    details: "Where no daemon runs, the end of its log file is shown.",
    options: &[
        switch("follow", "Go on with every new line; Ctrl-C ends it").short('f'),
        option(
            "lines",
            Takes::Text("N"),
            "At most so many (default 100, up to 1000)",
        )
        .short('n'),
        option(
            "level",
            Takes::OneOf("LEVEL", &["error", "warn", "info", "debug", "trace"]),
            "Only lines at least this grave",
        )
        .short('l'),
        JSON,
    ],
    examples: &[
        ("cleudocodebot logs -f", "follow"),
        (
            "cleudocodebot logs --level warn -n 20",
            "the last warnings and errors",
        ),
    ],
    first_word: no_words,
    read,
};

/// What to show.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Options {
    /// Go on.
    pub follow: bool,
    /// At most so many lines of the past.
    pub lines: u64,
    /// Leave out what is chattier.
    pub level: Option<LogLevel>,
    /// For scripts.
    pub json: bool,
}

fn read(args: &mut ParsedArgs) -> Result<Command> {
    Ok(Command::Logs(Options {
        follow: args.flag("follow"),
        lines: args.number("lines", &(1..=1000))?.unwrap_or(100),
        level: args.text("level").and_then(|level| level.parse().ok()),
        json: args.flag("json"),
    }))
}

impl Options {
    /// True for a line that is grave enough. What has no level belongs to the line before it.
    fn lets_through(&self, level: Option<LogLevel>) -> bool {
        match (self.level, level) {
            (Some(wanted), Some(level)) => level <= wanted,
            _ => true,
        }
    }
}

pub(super) async fn run(options: &Options, context: &mut Context<'_>) -> Result<()> {
    match connect(context).await {
        Ok(connection) => from_daemon(connection.client, options, context).await,
        Err(error @ Error::NotRunning { .. }) => from_file(error, options, context),
        Err(other) => Err(other),
    }
}

/// Follows before it asks for the past, so that no line falls between; lines that are in both are
/// then left out of the following.
async fn from_daemon(
    mut client: Client,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<()> {
    if options.follow {
        client
            .call("subscribe", &json!({"topics": ["log"]}))
            .await?;
    }
    let mut payload = json!({"lines": options.lines});
    if let Some(level) = options.level {
        payload["level"] = json!(level.as_str());
    }
    let mut answer = client.call("logs", &payload).await?;
    let past: Vec<Value> = match answer["lines"].take() {
        Value::Array(lines) => lines,
        _ => Vec::new(),
    };
    for line in &past {
        show(line, options, context)?;
    }
    if !options.follow {
        return Ok(());
    }
    let mut seen: HashSet<String> = past.iter().map(Value::to_string).collect();
    follow(client, context, |event, context| {
        let level = event.payload["level"].as_str();
        let level = level.and_then(|level| level.parse().ok());
        if event.action != "log" || !options.lets_through(level) {
            return Ok(());
        }
        if seen.remove(&event.payload.to_string()) {
            return Ok(());
        }
        show(&event.payload, options, context)
    })
    .await
}

fn show(line: &Value, options: &Options, context: &mut Context<'_>) -> Result<()> {
    if options.json {
        return context.terminal.json(line);
    }
    context.terminal.line(log_line(line))
}

/// The end of the log file. Following a file that nobody writes would be waiting for nothing.
fn from_file(not_running: Error, options: &Options, context: &mut Context<'_>) -> Result<()> {
    let path = context.places()?.home.join("logs").join("daemon.log");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(not_running),
        Err(error) => return Err(Error::file("read", path)(error)),
    };
    let note = format!("{not_running}\nthe end of {}:", path.display());
    context.terminal.note(note);
    let text = String::from_utf8_lossy(&bytes);
    for line in last_lines(&text, options) {
        if options.json && !line.starts_with('{') {
            context.terminal.json(&json!({"line": line}))?;
        } else {
            context.terminal.line(line)?;
        }
    }
    if options.follow {
        return Err(Error::Failed("there is nothing to follow".to_owned()));
    }
    Ok(())
}

fn last_lines<'a>(text: &'a str, options: &Options) -> Vec<&'a str> {
    let count = usize::try_from(options.lines).unwrap_or(usize::MAX);
    let grave = text
        .lines()
        .rev()
        .filter(|line| options.lets_through(level_of(line)));
    let mut lines: Vec<&str> = grave.take(count).collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_file_is_bounded_and_filtered() {
        let text = "t info a one\nt warn a two\nt debug a three\nt error a four\n";
        let last = |lines, level| {
            let options = Options {
                follow: false,
                lines,
                level,
                json: false,
            };
            last_lines(text, &options).join("|")
        };
        assert_eq!(last(2, None), "t debug a three|t error a four");
        assert_eq!(last(9, Some(LogLevel::Warn)), "t warn a two|t error a four");
    }
}
