//! `chat`: a conversation on the built-in channel, line by line, as its visitor.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read},
    thread,
};

use serde_json::{Value, json};
use tokio::{signal::ctrl_c, sync::mpsc};

use crate::{
    cli::{
        command::Command,
        connection::{connect, end_of_connection},
        context::Context,
        output::{TextStyle, content},
        parser::{CommandSpec, FirstWord, Takes, option},
        runtime::block_on,
    },
    client::{Client, Event},
    config::Environment,
    error::{Error, Result},
};

/// The channel whose visitor this is.
const CHANNEL: &str = "webchat";

/// How many shown messages are remembered. A message comes again with every state, but never after
/// so many others.
const REMEMBERED: usize = 256;

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "chat",
    summary: "Talk to the bot as a visitor of the web chat",
    usage: &["[--peer NAME]"],
    details: "Each line is handed in as a message; what is sent to you is printed.\n\
              The end of input (Ctrl-D) or Ctrl-C ends it.",
    options: &[option(
        "peer",
        Takes::Text("NAME"),
        "Who you are (default: your user name)",
    )
    .short('p')],
    examples: &[
        ("cleudocodebot chat", "as yourself"),
        (
            "echo Hello | cleudocodebot chat --peer script",
            "one line from a script",
        ),
    ],
    first_word: FirstWord::Any,
    parse: |args| {
        Ok(Box::new(ChatCommand {
            peer: args.text("peer"),
        }))
    },
};

/// Talks as a visitor of the built-in channel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChatCommand {
    /// The visitor's name; the user's name by default.
    pub peer: Option<String>,
}

impl Command for ChatCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.chat(context))
    }
}

impl ChatCommand {
    async fn chat(&self, context: &mut Context<'_>) -> Result<()> {
        let named = self.peer.clone();
        let peer = named.unwrap_or_else(|| user_name(context.environment));
        let mut client = connect(context).await?.client;
        let topic = format!("message.*@{CHANNEL}/{peer}");
        client
            .call("subscribe", &json!({"topics": [topic]}))
            .await?;
        context
            .terminal
            .note(format!("You are {peer}. Ctrl-D ends."));
        let lines = lines_of(context.take_input())?;
        let session = ChatSession {
            client,
            peer,
            shown: VecDeque::new(),
            refused: 0,
            shutdown: None,
        };
        session.talk(lines, context).await
    }
}

/// A conversation under way.
struct ChatSession {
    client: Client,
    peer: String,
    /// The ids of the last messages that were shown.
    shown: VecDeque<String>,
    /// How many lines the gateway refused.
    refused: u64,
    /// The payload of `shutdown`, once it came.
    shutdown: Option<Value>,
}

impl ChatSession {
    async fn talk(
        mut self,
        mut lines: mpsc::Receiver<String>,
        context: &mut Context<'_>,
    ) -> Result<()> {
        loop {
            tokio::select! {
                // Events first: the lines of a pipe come so fast that events would otherwise wait
                // for their turn by chance.
                biased;
                event = self.client.event() => match event? {
                    Some(event) => self.show(event, context)?,
                    None => return Err(Error::Failed(end_of_connection(self.shutdown.as_ref()))),
                },
                line = lines.recv() => match line {
                    Some(line) => self.say(&line, context).await?,
                    None => break,
                },
                _ = ctrl_c() => break,
            }
        }
        self.client.close().await;
        match self.refused {
            0 => Ok(()),
            count => Err(Error::Failed(format!(
                "{count} of the lines were not taken"
            ))),
        }
    }

    /// Sends one line and waits until the gateway has stored it. A line that is refused does not
    /// end the conversation.
    async fn say(&mut self, line: &str, context: &mut Context<'_>) -> Result<()> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let payload = json!({"channel": CHANNEL, "peer": self.peer, "text": line});
        match self.client.call("receive", &payload).await {
            Ok(_) => Ok(()),
            Err(Error::Refused { code, message }) => {
                self.refused += 1;
                context
                    .terminal
                    .note(format!("not taken: {message} ({code})"));
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    /// Shows a message to the visitor once, at the first state that says it is being sent.
    fn show(&mut self, event: Event, context: &mut Context<'_>) -> Result<()> {
        if event.action == "shutdown" {
            self.shutdown = Some(event.payload);
            return Ok(());
        }
        let message = &event.payload;
        let state = message["state"].as_str().unwrap_or_default();
        let on_its_way = matches!(state, "sending" | "sent" | "delivered" | "read");
        let id = message["message_id"].as_str().unwrap_or_default();
        if message["direction"] != "out" || !on_its_way || self.was_shown(id) {
            return Ok(());
        }
        let arrow = context.terminal.painted(TextStyle::Good, "<");
        context
            .terminal
            .line(format!("{arrow} {}", content(message)))
    }

    /// Whether this message was shown before; from now on it counts as shown.
    fn was_shown(&mut self, id: &str) -> bool {
        if self.shown.iter().any(|shown| shown == id) {
            return true;
        }
        if self.shown.len() == REMEMBERED {
            self.shown.pop_front();
        }
        self.shown.push_back(id.to_owned());
        false
    }
}

fn user_name(environment: &Environment) -> String {
    let names = ["USER", "LOGNAME", "USERNAME"];
    let set = names.iter().filter_map(|name| environment.get(name));
    let mut usable = set.filter(|name| !name.is_empty() && !name.contains(char::is_control));
    usable.next().unwrap_or("cli").to_owned()
}

/// The lines of the input, one at a time, read on a thread of their own: no system lets a read from
/// a terminal be cancelled, so at the end the thread is left behind.
fn lines_of(input: Box<dyn Read + Send>) -> Result<mpsc::Receiver<String>> {
    let (sender, receiver) = mpsc::channel(1);
    let read = move || {
        let lines = BufReader::new(input).lines().map_while(std::io::Result::ok);
        for line in lines {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    };
    let spawned = thread::Builder::new().name("input".to_owned()).spawn(read);
    spawned.map_err(|error| Error::Failed(format!("cannot start a thread: {error}")))?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_name_comes_from_the_environment() {
        let name =
            |pairs: &[(&str, &str)]| user_name(&Environment::from_pairs(pairs.iter().copied()));
        assert_eq!(name(&[("USER", "ada"), ("LOGNAME", "bob")]), "ada");
        assert_eq!(name(&[("USER", ""), ("USERNAME", "eve")]), "eve");
        assert_eq!(name(&[]), "cli");
    }

    #[tokio::test]
    async fn lines_come_in_order_and_end() {
        let mut lines = lines_of(Box::new(&b"one\r\ntwo"[..])).expect("started");
        assert_eq!(lines.recv().await.as_deref(), Some("one"));
        assert_eq!(lines.recv().await.as_deref(), Some("two"));
        assert_eq!(lines.recv().await, None);
    }
}
