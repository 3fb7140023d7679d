//! `mcp`: the gateway's tools for programs that start their servers and speak to them by standard input and
//! output. Each line is a message of the Model Context Protocol and goes to the running daemon's `POST /mcp`;
//! nothing but answers is written.

mod forwarder;
mod lines;
mod message;

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use self::{
    forwarder::{Answered, Forwarder, MAX_AT_A_TIME},
    lines::{Line, lines_of},
};
use crate::{
    cli::{
        command::Command,
        connection::endpoints,
        context::Context,
        parser::{CommandSpec, ParsedArgs, Takes, option},
        runtime::block_on,
    },
    error::{Error, Result},
    percent,
};

/// How long answers may still come once the program that asked has closed its end: it kills us soon.
const LAST_ANSWERS: Duration = Duration::from_millis(1_500);

/// Longest name of a reader, in bytes.
const MAX_READER: usize = 256;

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "mcp",
    summary: "Offer messages as tools to a language model (MCP)",
    usage: &["[--reader NAME]"],
    details: "For programs that start their servers themselves: give them this command. The\n\
              daemon must be running; its token is that of .env. Programs that can speak\n\
              HTTP need no such command: http://127.0.0.1:PORT/mcp, with the header\n\
              Authorization: Bearer TOKEN. It ends when its standard input does.",
    options: &[option(
        "reader",
        Takes::Text("NAME"),
        "Whose place wait_for_messages goes on from",
    )],
    examples: &[
        ("cleudocodebot mcp", "what a client's settings name"),
        (
            "pi mcp add messages -- cleudocodebot mcp --reader pi",
            "in pi, for example",
        ),
    ],
    parse,
};

/// Forwards messages until standard input ends.
#[derive(Debug, PartialEq)]
pub(crate) struct McpCommand {
    /// Whose place among the messages it goes on from.
    pub reader: Option<String>,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let reader = args.text("reader");
    let is_name = |name: &String| {
        (1..=MAX_READER).contains(&name.len()) && !name.chars().any(char::is_control)
    };
    if reader.as_ref().is_some_and(|name| !is_name(name)) {
        let text =
            format!("--reader takes a name of 1 to {MAX_READER} bytes without control characters");
        return Err(Error::Usage(text));
    }
    Ok(Box::new(McpCommand { reader }))
}

impl Command for McpCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.serve(context))
    }
}

impl McpCommand {
    async fn serve(&self, context: &mut Context<'_>) -> Result<()> {
        let mut forwarder = Forwarder::new(self.path());
        let served = Self::exchange(&mut forwarder, context).await;
        let unread = served.as_ref().err().and_then(|(id, _)| id.clone());
        // What was not written was not read.
        forwarder.give_up(unread).await;
        served.map_err(|(_, error)| error)
    }

    /// Forwards until the input ends. An error comes with the id of the answer that could not be written.
    async fn exchange(
        forwarder: &mut Forwarder,
        context: &mut Context<'_>,
    ) -> Result<(), (Option<Value>, Error)> {
        let mut lines = lines_of(context.take_input());
        loop {
            tokio::select! {
                line = lines.recv(), if forwarder.running() < MAX_AT_A_TIME => match line {
                    Some(line) => {
                        let written = forward(forwarder, line, context).await;
                        written.map_err(|error| (None, error))?;
                    }
                    None => break,
                },
                Some(answer) = forwarder.answer() => write(context, answer)?,
            }
        }
        let last = Instant::now() + LAST_ANSWERS;
        while let Ok(Some(answer)) = timeout_at(last, forwarder.answer()).await {
            write(context, answer)?;
        }
        Ok(())
    }

    fn path(&self) -> String {
        let reader = self.reader.as_deref();
        let query = reader.map(|name| format!("?reader={}", percent::encode(name, b"")));
        format!("/mcp{}", query.unwrap_or_default())
    }
}

/// Settings are read for each message: the daemon may have been started again elsewhere since.
async fn forward(forwarder: &mut Forwarder, line: Line, context: &mut Context<'_>) -> Result<()> {
    let message = match line.and_then(|line| message::read(&line)) {
        Ok(None) => return Ok(()),
        Ok(Some(message)) => message,
        Err(why) => return context.terminal.json_text(&message::unreadable(&why)),
    };
    let found = context
        .client_config()
        .and_then(|config| endpoints(context, &config));
    match found {
        Ok(endpoints) => {
            forwarder.forward(message, endpoints).await;
            Ok(())
        }
        Err(error) => match message.error(&error.to_string()) {
            Some(answer) => context.terminal.json_text(&answer),
            None => Ok(()),
        },
    }
}

fn write(context: &mut Context<'_>, (id, answer): Answered) -> Result<(), (Option<Value>, Error)> {
    match answer {
        Some(answer) => context
            .terminal
            .json_text(&answer)
            .map_err(|error| (id, error)),
        None => Ok(()),
    }
}
