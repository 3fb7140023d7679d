//! `pause`: stops sending, on one channel or all.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::{Cell, TextStyle, Times, printable},
        parser::{CommandSpec, JSON, ParsedArgs, Takes, option},
        runtime::block_on,
    },
    error::Result,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "pause",
    summary: "Stop sending: nothing leaves, everything waits",
    usage: &["[CHANNEL] [--for SPAN] [--reason TEXT]", "list [--json]"],
    details: "Without CHANNEL all channels stop. From the answer on nothing leaves, also\n\
              after a restart; messages are accepted and wait until resume.",
    options: &[
        option("for", Takes::Text("SPAN"), "Only for so long: 30m, 2h, 3d"),
        option("reason", Takes::Text("TEXT"), "Why, for whoever looks"),
        JSON,
    ],
    examples: &[
        ("cleudocodebot pause", "nothing leaves any more"),
        (
            "cleudocodebot pause webchat --for 2h --reason lunch",
            "one channel, for a while",
        ),
    ],
    parse,
};

/// Stops sending, or shows what is stopped.
#[derive(Debug, PartialEq)]
pub(crate) struct PauseCommand {
    /// The payload of `pause`; none to list.
    payload: Option<Value>,
    json: bool,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the parsers of all commands share one signature"
)]
fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let json = args.flag("json");
    let payload = match args.word() {
        Some(word) if word == "list" => None,
        channel => {
            let mut payload = json!({"channel": channel.unwrap_or_else(|| "all".to_owned())});
            for name in ["for", "reason"] {
                if let Some(value) = args.text(name) {
                    payload[name] = json!(value);
                }
            }
            Some(payload)
        }
    };
    Ok(Box::new(PauseCommand { payload, json }))
}

impl Command for PauseCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl PauseCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let Some(payload) = &self.payload else {
            let answer = connection.client.call("pauses", &json!({})).await?;
            if self.json {
                return context.terminal.json(&answer);
            }
            let pauses = answer["pauses"].as_array().cloned().unwrap_or_default();
            if pauses.is_empty() {
                context.terminal.note("nothing is paused");
            }
            let rows: Vec<_> = pauses
                .iter()
                .map(|one| row(one, &context.terminal.times))
                .collect();
            return context.terminal.columns(&rows);
        };
        let told = connection.client.call("pause", payload).await?;
        if self.json {
            return context.terminal.json(&told);
        }
        let times = &context.terminal.times;
        let rows = [row(&told, times)];
        context.terminal.columns(&rows)?;
        if let Some(count) = told["in_flight"].as_u64() {
            let text =
                format!("{count} messages were with their service already and may still arrive");
            context.terminal.note(text);
        }
        context.terminal.hint("go on: cleudocodebot resume");
        Ok(())
    }
}

/// A pause in columns.
pub(super) fn row(pause: &Value, times: &Times) -> Vec<Cell> {
    let state = if pause["paused"] == true {
        Cell::word(TextStyle::Doubtful, "paused")
    } else {
        Cell::word(TextStyle::Good, "sends")
    };
    let channel = match pause["channel"].as_str().unwrap_or("?") {
        "all" => Cell::word(TextStyle::Plain, "all channels"),
        one => Cell::from(printable(one)),
    };
    let mut row = vec![channel, state];
    if let Some(until_ms) = pause["until_ms"].as_u64() {
        row.push(Cell::word(
            TextStyle::Plain,
            format!("until {}", times.full(until_ms)),
        ));
    }
    if let Some(reason) = pause["reason"].as_str() {
        row.push(Cell::from(printable(reason)));
    }
    row
}
