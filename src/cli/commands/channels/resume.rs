//! `resume`: lets what was paused go on.

use serde_json::{Value, json};

use super::pause;
use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        parser::{CommandSpec, JSON, ParsedArgs},
        runtime::block_on,
    },
    error::Result,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "resume",
    summary: "Let what was paused go on",
    usage: &["[CHANNEL] [--json]"],
    details: "Without CHANNEL everything goes on. What waited leaves in order, at the pace\n\
              that is set.",
    options: &[JSON],
    examples: &[("cleudocodebot resume", "everything goes on")],
    parse,
};

/// Lets a channel, or all, go on.
#[derive(Debug, PartialEq)]
pub(crate) struct ResumeCommand {
    payload: Value,
    json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let channel = args.word().unwrap_or_else(|| "all".to_owned());
    Ok(Box::new(ResumeCommand {
        payload: json!({"channel": channel}),
        json: args.flag("json"),
    }))
}

impl Command for ResumeCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl ResumeCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let told = connection.client.call("resume", &self.payload).await?;
        if self.json {
            return context.terminal.json(&told);
        }
        let rows = [pause::row(&told, &context.terminal.times)];
        context.terminal.columns(&rows)?;
        context
            .terminal
            .hint("what still waits: cleudocodebot outbox");
        Ok(())
    }
}
