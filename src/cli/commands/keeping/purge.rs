//! `purge`: removes for good the messages that are older than a moment.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::units,
        parser::{CHANNEL, CommandSpec, JSON, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "purge",
    summary: "Remove for good the messages older than a moment",
    usage: &["--before TIME [--channel CHANNEL] [--yes] [--json]"],
    details: "With their files and keys; what waits to be sent stays. Without --yes it only\n\
              says what there is.",
    options: &[
        option(
            "before",
            Takes::Text("TIME"),
            "90d, 2026-01-31, or \"2026-01-31 08:00\"",
        ),
        CHANNEL,
        switch("yes", "Remove them; nothing brings them back"),
        JSON,
    ],
    examples: &[
        (
            "cleudocodebot purge --before 90d",
            "what is older than three months",
        ),
        (
            "cleudocodebot purge --before 2026-01-01 -c telegram --yes",
            "remove it for good",
        ),
    ],
    parse,
};

/// Removes old messages.
#[derive(Debug, PartialEq)]
pub(crate) struct PurgeCommand {
    /// The payload of the action.
    pub payload: Value,
    /// For scripts.
    pub json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let Some(before) = args.text("before") else {
        return Err(Error::Usage(
            "say what is old: purge --before 90d, or --before 2026-01-31".to_owned(),
        ));
    };
    let mut payload = json!({"before": before, "confirm": args.flag("yes")});
    if let Some(channel) = args.text("channel") {
        payload["channel"] = json!(channel);
    }
    Ok(Box::new(PurgeCommand {
        payload,
        json: args.flag("json"),
    }))
}

impl Command for PurgeCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl PurgeCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let answer = connection.client.call("purge", &self.payload).await?;
        if self.json {
            return context.terminal.json(&answer);
        }
        let times = &context.terminal.times;
        let time = |name: &str| answer[name].as_u64().map(|ms| times.full(ms));
        let messages = units::counted(&answer["messages"], units::Noun::Message);
        let files = units::counted(&answer["files"], units::Noun::File);
        let line = match (time("first_ms"), time("last_ms")) {
            (Some(first), Some(last)) => format!("{messages} from {first} to {last}, {files}"),
            _ => format!("{messages}, {files}"),
        };
        context.terminal.line(line)?;
        if self.payload["confirm"] == true {
            context
                .terminal
                .note("removed; backups made before still have them");
        } else {
            context
                .terminal
                .note("nothing was removed yet; to remove it for good, add --yes");
        }
        Ok(())
    }
}
