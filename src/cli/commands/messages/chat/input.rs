//! What the visitor types: whole lines from a pipe, or keys from a terminal, where the line under
//! construction stays below all that comes in.

use std::{
    io::{self, BufRead as _, BufReader, IsTerminal as _, Read},
    thread,
};

use tokio::sync::mpsc;

use crate::{
    cli::{
        context::Context,
        output::Terminal,
        prompt::{Prompt, RawMode, Typed},
    },
    error::{Error, Result},
};

/// The most bytes of keys that are taken at once.
const KEYS_AT_ONCE: usize = 4096;

/// Where the lines come from.
pub(super) enum ChatInput {
    /// Read whole.
    Lines(mpsc::Receiver<String>),
    /// Typed.
    Keys {
        keys: mpsc::Receiver<Vec<u8>>,
        prompt: Box<Prompt>,
        /// Puts the terminal back at the end.
        _mode: RawMode,
    },
}

/// A piece of input, not looked at yet.
pub(super) enum Piece {
    Line(String),
    Keys(Vec<u8>),
}

impl ChatInput {
    /// The input of a command. Keys are taken where a person sits in front of both streams.
    pub(super) fn of(context: &mut Context<'_>, label: &str) -> Result<Self> {
        let is_typed = !cfg!(test) && io::stdin().is_terminal();
        let mode = (is_typed && context.terminal.obeys_escapes()).then(RawMode::enter);
        let input = context.take_input();
        match mode.flatten() {
            None => Ok(Self::Lines(lines_of(input)?)),
            Some(mode) => Ok(Self::Keys {
                keys: keys_of(input)?,
                prompt: Box::new(Prompt::new(format!("{label}> "))),
                _mode: mode,
            }),
        }
    }

    /// The next piece; none at the end. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Piece> {
        match self {
            Self::Lines(lines) => lines.recv().await.map(Piece::Line),
            Self::Keys { keys, .. } => keys.recv().await.map(Piece::Keys),
        }
    }

    /// What a piece finished. The line that it did not finish is drawn.
    pub(super) fn take(&mut self, piece: Piece, terminal: &mut Terminal) -> Result<Vec<Typed>> {
        match (self, piece) {
            (_, Piece::Line(line)) => Ok(vec![Typed::Line(line)]),
            (Self::Keys { prompt, .. }, Piece::Keys(bytes)) => prompt.take(&bytes, terminal),
            (Self::Lines(_), Piece::Keys(_)) => Ok(Vec::new()),
        }
    }

    /// Whether what was typed is still to be printed, as a terminal does it by itself otherwise.
    pub(super) fn is_unprinted(&self) -> bool {
        matches!(self, Self::Keys { .. })
    }

    /// Prints something above the line under construction.
    pub(super) fn above(
        &self,
        terminal: &mut Terminal,
        print: impl FnOnce(&mut Terminal) -> Result<()>,
    ) -> Result<()> {
        let Self::Keys { prompt, .. } = self else {
            return print(terminal);
        };
        Prompt::hide(terminal)?;
        print(terminal)?;
        prompt.draw(terminal)
    }

    /// Takes the line under construction away.
    pub(super) fn end(&self, terminal: &mut Terminal) -> Result<()> {
        match self {
            Self::Lines(_) => Ok(()),
            Self::Keys { .. } => Prompt::hide(terminal),
        }
    }
}

/// The lines of the input, one at a time, read on a thread of their own: no system lets a read from
/// a terminal be cancelled, so at the end the thread is left behind.
pub(super) fn lines_of(input: Box<dyn Read + Send>) -> Result<mpsc::Receiver<String>> {
    let (sender, receiver) = mpsc::channel(1);
    on_thread(move || {
        let lines = BufReader::new(input).lines().map_while(io::Result::ok);
        for line in lines {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// The same for keys.
fn keys_of(mut input: Box<dyn Read + Send>) -> Result<mpsc::Receiver<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(1);
    on_thread(move || {
        let mut buffer = vec![0; KEYS_AT_ONCE];
        while let Ok(count @ 1..) = input.read(&mut buffer) {
            if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}

fn on_thread(read: impl FnOnce() + Send + 'static) -> Result<()> {
    let spawned = thread::Builder::new().name("input".to_owned()).spawn(read);
    spawned
        .map(drop)
        .map_err(|error| Error::Failed(format!("cannot start a thread: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_in_order_and_end() {
        let mut lines = lines_of(Box::new(&b"one\r\ntwo"[..])).expect("started");
        assert_eq!(lines.recv().await.as_deref(), Some("one"));
        assert_eq!(lines.recv().await.as_deref(), Some("two"));
        assert_eq!(lines.recv().await, None);
    }
}
