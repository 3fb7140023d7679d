//! A conversation under way: what is typed goes out, what comes in is shown.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{
    CHANNEL,
    input::{ChatInput, Piece},
    signals::{Sign, Signs},
};
use crate::{
    cli::{
        connection::end_of_connection,
        context::Context,
        output::{Terminal, TextStyle, cells, content, content_lines, moment, printable},
        prompt::Typed,
    },
    client::{Client, Event},
    clock,
    error::{Error, Result},
};

/// How many shown messages are remembered. A message comes again with every state, but never after
/// so many others.
const REMEMBERED: usize = 256;

/// A conversation under way.
pub(super) struct ChatSession {
    client: Client,
    peer: String,
    input: ChatInput,
    /// The ids of the last messages that were shown.
    shown: VecDeque<String>,
    /// How many lines the gateway refused.
    refused: u64,
    /// The payload of `shutdown`, once it came.
    shutdown: Option<Value>,
}

impl ChatSession {
    pub(super) fn new(client: Client, peer: String, input: ChatInput) -> Self {
        Self {
            client,
            peer,
            input,
            shown: VecDeque::new(),
            refused: 0,
            shutdown: None,
        }
    }

    pub(super) async fn talk(mut self, context: &mut Context<'_>) -> Result<()> {
        let terminal = &mut context.terminal;
        self.input.above(terminal, |_| Ok(()))?;
        let ended = self.go_on(terminal).await;
        self.input.end(terminal)?;
        ended?;
        self.client.close().await;
        match self.refused {
            0 => Ok(()),
            count => Err(Error::Failed(format!(
                "{count} of the lines were not taken"
            ))),
        }
    }

    async fn go_on(&mut self, terminal: &mut Terminal) -> Result<()> {
        let mut signs = Signs::listen();
        loop {
            tokio::select! {
                // Events first: the lines of a pipe come so fast that events would otherwise wait
                // for their turn by chance.
                biased;
                event = self.client.event() => match event? {
                    Some(event) => self.show(event, terminal)?,
                    None => return Err(Error::Failed(end_of_connection(self.shutdown.as_ref()))),
                },
                piece = self.input.next() => {
                    let Some(piece) = piece else { return Ok(()) };
                    if !self.take(piece, terminal).await? {
                        return Ok(());
                    }
                }
                sign = signs.next() => match sign {
                    Sign::End => return Ok(()),
                    Sign::Resized => {
                        terminal.resize();
                        self.input.above(terminal, |_| Ok(()))?;
                    }
                },
            }
        }
    }

    /// Says the lines that a piece of input finished. Whether there may be more.
    async fn take(&mut self, piece: Piece, terminal: &mut Terminal) -> Result<bool> {
        for typed in self.input.take(piece, terminal)? {
            match typed {
                Typed::Line(line) => self.say(&line, terminal).await?,
                Typed::End => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Sends one line and waits until the gateway has stored it. A line that is refused does not
    /// end the conversation.
    async fn say(&mut self, line: &str, terminal: &mut Terminal) -> Result<()> {
        if line.trim().is_empty() {
            return Ok(());
        }
        if self.input.is_unprinted() {
            let said = printable(line);
            self.print(&self.peer, &said, clock::now_ms(), TextStyle::Dim, terminal)?;
        }
        // As the page does, so that who answers knows it.
        let language = terminal.translator().language().tag();
        let payload = json!({"channel": CHANNEL, "peer": self.peer, "text": line,
            "meta": {"language": language}});
        match self.client.call("receive", &payload).await {
            Ok(_) => Ok(()),
            Err(Error::Refused { code, message }) => {
                self.refused += 1;
                self.input.above(terminal, |terminal| {
                    terminal.note(format!("not taken: {message} ({code})"));
                    Ok(())
                })
            }
            Err(other) => Err(other),
        }
    }

    /// Shows a message to the visitor once, at the first state that says it is being sent, and again where
    /// it was edited or deleted.
    fn show(&mut self, event: Event, terminal: &mut Terminal) -> Result<()> {
        if event.action == "shutdown" {
            self.shutdown = Some(event.payload);
            return Ok(());
        }
        let message = &event.payload;
        let state = message["state"].as_str().unwrap_or_default();
        let on_its_way = matches!(state, "sending" | "sent" | "delivered" | "read");
        let was_changed = matches!(event.action.as_str(), "message.edited" | "message.deleted");
        let id = message["message_id"].as_str().unwrap_or_default();
        if message["direction"] != "out" || !on_its_way || (self.was_shown(id) && !was_changed) {
            return Ok(());
        }
        let who = message["sender"].as_str().unwrap_or("bot");
        let content = if terminal.is_watched() {
            content_lines
        } else {
            content
        };
        let said = content(message, terminal.translator());
        self.print(who, &said, moment(message), TextStyle::Good, terminal)
    }

    /// One message of the conversation, below the date where that is a new one. Its further lines stand
    /// below the name, where no time can be taken for ours.
    fn print(
        &self,
        who: &str,
        said: &str,
        ms: u64,
        style: TextStyle,
        terminal: &mut Terminal,
    ) -> Result<()> {
        let arrow = if who == self.peer { ">" } else { "<" };
        self.input.above(terminal, |terminal| {
            if !terminal.is_watched() {
                return terminal.foreign(format!("{arrow} {said}"));
            }
            let who = terminal.painted(style, &printable(who));
            let time = terminal.times.of_line(ms);
            let said = indented(said, cells(&time) + 1);
            terminal.dated(ms, format!("{time} {who}: {said}"))
        })
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

/// The text with every line but the first this far to the right.
fn indented(text: &str, columns: usize) -> String {
    let blanks = " ".repeat(columns);
    let mut lines = text.split('\n');
    let mut shown = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        shown.push('\n');
        if !line.is_empty() {
            shown.push_str(&blanks);
            shown.push_str(line);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_lines_are_indented_and_empty_ones_stay_empty() {
        assert_eq!(
            indented("one\n\n13:05 ana: two", 6),
            "one\n\n      13:05 ana: two"
        );
        assert_eq!(indented("one", 6), "one");
    }
}
