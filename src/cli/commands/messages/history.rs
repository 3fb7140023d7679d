//! `history`: stored messages, oldest first.

use serde_json::Value;

use super::{page::page, recipient};
use crate::{
    cli::{
        command::Command,
        connection::{connect, names},
        context::Context,
        output::{message_line, moment, printable},
        parser::{CHANNEL, CommandSpec, JSON, ParsedArgs, Takes, option},
        runtime::block_on,
    },
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "history",
    summary: "Show stored messages, oldest first",
    usage: &["[--channel CHANNEL [--peer PEER]] [--limit N]"],
    details: "`->` went to the peer, `<-` came from it.",
    options: &[
        CHANNEL,
        option(
            "peer",
            Takes::Text("PEER"),
            "Only with this peer; needs --channel",
        )
        .short('p'),
        option(
            "limit",
            Takes::Text("N"),
            "At most so many (default 50, up to 1000)",
        )
        .short('n'),
        option("before", Takes::Text("ID"), "Only older than this message"),
        option("after", Takes::Text("ID"), "Only younger than this message"),
        option(
            "contains",
            Takes::Text("TEXT"),
            "Only with this in their text",
        ),
        JSON,
    ],
    examples: &[
        (
            "cleudocodebot history -c webchat -p ada",
            "one conversation",
        ),
        (
            "cleudocodebot history --before m-17 --json",
            "the page before, for scripts",
        ),
        (
            "cleudocodebot history -c webchat --contains invoice",
            "where somebody wrote of it",
        ),
    ],
    parse,
};

/// Shows one page of stored messages.
#[derive(Debug, PartialEq)]
pub(crate) struct HistoryCommand {
    /// The payload of the action.
    pub payload: Value,
    /// For scripts.
    pub json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let payload = page(args, &["channel", "peer", "before", "after", "contains"])?;
    if payload.get("peer").is_some() && payload.get("channel").is_none() {
        return Err(Error::Usage("--peer needs --channel".to_owned()));
    }
    Ok(Box::new(HistoryCommand {
        payload,
        json: args.flag("json"),
    }))
}

impl Command for HistoryCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.show(context))
    }
}

impl HistoryCommand {
    async fn show(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let mut payload = self.payload.clone();
        recipient::resolve(&mut connection.client, &mut payload, "peer").await?;
        let answer = connection.client.call("history", &payload).await?;
        let channel = self.payload["channel"].as_str();
        let names = names(&mut connection.client, channel).await;
        for message in answer["messages"].as_array().into_iter().flatten() {
            if self.json {
                context.terminal.json(message)?;
            } else {
                let translator = context.terminal.translator();
                let line = message_line(message, &names, &context.terminal.times, translator);
                context.terminal.dated(moment(message), line)?;
            }
        }
        if let Some(next) = answer["next"].as_str().filter(|_| !self.json) {
            let option = if self.payload.get("after").is_some() {
                "after"
            } else {
                "before"
            };
            context
                .terminal
                .note(format!("more: --{option} {}", printable(next)));
        }
        Ok(())
    }
}
