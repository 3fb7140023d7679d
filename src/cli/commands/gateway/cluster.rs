//! `cluster`: the machines on one bus, who owns which channel, and handing one over.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::{Cell, TextStyle, printable, units},
        parser::{CommandSpec, JSON, ParsedArgs, not_one_of},
        runtime::block_on,
    },
    clock,
    error::Result,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "cluster",
    summary: "Show the machines of the cluster and who owns what; hand over, drain",
    usage: &["[status] [--json]", "hand-over CHANNEL NODE", "drain"],
    details: "CLUSTER_URL in .env joins machines on one bus. Each channel is sent by one of\n\
              them. hand-over has another do it; drain has this one give up all of its own,\n\
              before it is switched off.",
    options: &[JSON],
    examples: &[
        ("cleudocodebot cluster", "who owns what"),
        (
            "cleudocodebot cluster hand-over telegram desk",
            "desk sends on telegram from now on",
        ),
    ],
    parse,
};

/// Shows the cluster, or has something handed over.
#[derive(Debug, PartialEq)]
pub(crate) struct ClusterCommand {
    action: &'static str,
    payload: Value,
    json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let json = args.flag("json");
    let (action, payload) = match args.word().as_deref() {
        None | Some("status") => ("cluster", json!({})),
        Some("drain") => ("cluster.drain", json!({})),
        Some("hand-over") => {
            let channel = args.required_word("CHANNEL")?;
            let node = args.required_word("NODE")?;
            (
                "cluster.hand_over",
                json!({"channel": channel, "node": node}),
            )
        }
        Some(other) => return Err(not_one_of(other, &["status", "hand-over", "drain"])),
    };
    Ok(Box::new(ClusterCommand {
        action,
        payload,
        json,
    }))
}

impl Command for ClusterCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl ClusterCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let told = connection.client.call(self.action, &self.payload).await?;
        if self.json {
            return context.terminal.json(&told);
        }
        if self.action == "cluster.hand_over" {
            context.terminal.note("asked; it happens within seconds");
        }
        context.terminal.columns(&rows(&told, clock::now_ms()))
    }
}

/// The machines, the channels with their owners, and what waits.
fn rows(told: &Value, now_ms: u64) -> Vec<Vec<Cell>> {
    let plain = |text: String| Cell::word(TextStyle::Plain, text);
    let here = told["node"].as_str().unwrap_or_default();
    let nodes = told["nodes"].as_array().into_iter().flatten();
    let mut rows: Vec<Vec<Cell>> = nodes
        .filter_map(Value::as_str)
        .map(|node| {
            let is_here = if node == here { "this machine" } else { "" };
            vec![Cell::from(printable(node)), plain(is_here.to_owned())]
        })
        .collect();
    let channels = told["channels"].as_array().into_iter().flatten();
    rows.extend(channels.map(|channel| channel_row(channel, now_ms)));
    if let Some(since_ms) = told["away_since_ms"].as_u64() {
        let text = format!("away for {}", units::since(since_ms, now_ms));
        rows.push(vec![
            plain("bus".to_owned()),
            Cell::word(TextStyle::Bad, text),
        ]);
    }
    for (name, what) in [
        ("to_publish", "events wait for the bus"),
        ("unsettled", "messages are to be sent here"),
    ] {
        if let Some(count) = told[name].as_u64().filter(|count| *count > 0) {
            rows.push(vec![plain(count.to_string()), plain(what.to_owned())]);
        }
    }
    rows
}

fn channel_row(channel: &Value, now_ms: u64) -> Vec<Cell> {
    let text = |name: &str| printable(channel[name].as_str().unwrap_or_default());
    let owner = match channel["owner"].as_str() {
        Some(owner) => Cell::word(TextStyle::Good, format!("owned by {}", printable(owner))),
        None => Cell::word(TextStyle::Doubtful, "owned by nobody"),
    };
    let mut row = vec![text("channel").into(), owner];
    if let Some(since_ms) = channel["since_ms"].as_u64() {
        let text = format!("for {}", units::since(since_ms, now_ms));
        row.push(Cell::word(TextStyle::Dim, text));
    }
    if channel["alone"] == true {
        row.push(Cell::word(
            TextStyle::Plain,
            "no other machine has its credentials",
        ));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::columns;

    #[test]
    fn owners_and_what_waits_are_shown() {
        let told = json!({"node": "a", "nodes": ["a", "b"], "to_publish": 3, "unsettled": 0, "away_since_ms": 0,
            "channels": [{"channel": "telegram", "owner": "b", "since_ms": 0, "alone": true}, {"channel": "discord"}]});
        let shown = columns(&rows(&told, 5000), None, |_, text| text.to_owned());
        for part in [
            "this machine",
            "telegram",
            "owned by b",
            "for 5s",
            "no other machine",
            "owned by nobody",
            "away for 5s",
            "3",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }
}
