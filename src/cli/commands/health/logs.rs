//! `logs`: what the daemon logged, asked of the daemon or read from its file if it does not run.

use std::{collections::HashSet, fs, io::ErrorKind};

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::{connect, follow},
        context::Context,
        output::{level_of, log_line, logged, printable},
        parser::{CommandSpec, JSON, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    client::Client,
    error::{Error, Result},
    log::LogLevel,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
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
    parse,
};

/// Shows log lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogsCommand {
    /// Go on with new lines.
    pub follow: bool,
    /// At most so many lines of the past.
    pub lines: u64,
    /// Leave out less severe lines.
    pub level: Option<LogLevel>,
    /// For scripts.
    pub json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    Ok(Box::new(LogsCommand {
        follow: args.flag("follow"),
        lines: args.number("lines", &(1..=1000))?.unwrap_or(100),
        level: args.text("level").and_then(|level| level.parse().ok()),
        json: args.flag("json"),
    }))
}

impl Command for LogsCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(async {
            match connect(context).await {
                Ok(connection) => self.show_from_daemon(connection.client, context).await,
                Err(error @ Error::NotRunning { .. }) => self.show_from_file(error, context),
                Err(other) => Err(other),
            }
        })
    }
}

impl LogsCommand {
    /// Whether a line is severe enough. One without a level continues the line before it.
    fn lets_through(&self, level: Option<LogLevel>) -> bool {
        match (self.level, level) {
            (Some(wanted), Some(level)) => level <= wanted,
            _ => true,
        }
    }

    /// Follows before it asks for the past, so that no line is missed in between; lines that come
    /// both ways are shown once.
    async fn show_from_daemon(&self, mut client: Client, context: &mut Context<'_>) -> Result<()> {
        if self.follow {
            client
                .call("subscribe", &json!({"topics": ["log"]}))
                .await?;
        }
        let mut payload = json!({"lines": self.lines});
        if let Some(level) = self.level {
            payload["level"] = json!(level.as_str());
        }
        let mut answer = client.call("logs", &payload).await?;
        let past: Vec<Value> = match answer["lines"].take() {
            Value::Array(lines) => lines,
            _ => Vec::new(),
        };
        for line in &past {
            self.show(line, context)?;
        }
        if !self.follow {
            return Ok(());
        }
        let mut seen: HashSet<String> = past.iter().map(Value::to_string).collect();
        follow(client, context, |event, context| {
            let level = event.payload["level"].as_str();
            let level = level.and_then(|level| level.parse().ok());
            if event.action != "log" || !self.lets_through(level) {
                return Ok(());
            }
            if seen.remove(&event.payload.to_string()) {
                return Ok(());
            }
            self.show(&event.payload, context)
        })
        .await
    }

    fn show(&self, line: &Value, context: &mut Context<'_>) -> Result<()> {
        if self.json {
            return context.terminal.json(line);
        }
        let shown = log_line(line, &context.terminal.times);
        context.terminal.dated(logged(line), shown)
    }

    /// Shows the end of the log file. Nobody writes to it, so there is nothing to follow.
    fn show_from_file(&self, not_running: Error, context: &mut Context<'_>) -> Result<()> {
        let path = context.places()?.home.join("logs").join("daemon.log");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(not_running),
            Err(error) => return Err(Error::file("read the file", path)(error)),
        };
        let note = format!("{not_running}\nthe end of {}:", path.display());
        context.terminal.note(note);
        let text = String::from_utf8_lossy(&bytes);
        for line in self.last_lines(&text) {
            match (line.starts_with('{'), self.json) {
                (true, _) => context.terminal.json_text(line)?,
                (false, true) => context.terminal.json(&json!({"line": line}))?,
                (false, false) => context.terminal.foreign(printable(line))?,
            }
        }
        if self.follow {
            return Err(Error::Failed("there is nothing to follow".to_owned()));
        }
        Ok(())
    }

    fn last_lines<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let count = usize::try_from(self.lines).unwrap_or(usize::MAX);
        let severe = text
            .lines()
            .rev()
            .filter(|line| self.lets_through(level_of(line)));
        let mut lines: Vec<&str> = severe.take(count).collect();
        lines.reverse();
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_file_is_bounded_and_filtered() {
        let text = "t info a one\nt warn a two\nt debug a three\nt error a four\n";
        let last = |lines, level| {
            let command = LogsCommand {
                follow: false,
                lines,
                level,
                json: false,
            };
            command.last_lines(text).join("|")
        };
        assert_eq!(last(2, None), "t debug a three|t error a four");
        assert_eq!(last(9, Some(LogLevel::Warn)), "t warn a two|t error a four");
    }
}
