//! Where an export goes: to a file, which is there once it is whole, or to standard output.

use std::{
    io::{BufWriter, Write as _},
    path::Path,
};

use serde_json::Value;

use crate::{
    cli::{commands::messages::destination::Destination, context::Context},
    error::{Error, Result},
};

/// Gathered before something is written.
const GATHERED: usize = 64 * 1024;

pub(super) enum Sink {
    /// Standard output, which may be a terminal.
    Output,
    /// A file.
    File(BufWriter<Destination>),
}

impl Sink {
    pub(super) fn open(path: Option<&Path>, context: &Context<'_>) -> Result<Self> {
        match path.filter(|path| *path != Path::new("-")) {
            None => Ok(Self::Output),
            Some(path) => {
                let destination = Destination::at(path, context.terminal.is_watched())?;
                Ok(Self::File(BufWriter::with_capacity(GATHERED, destination)))
            }
        }
    }

    /// Writes a message as a line of JSON.
    pub(super) fn json(&mut self, message: &Value, context: &mut Context<'_>) -> Result<()> {
        match self {
            Self::Output => context.terminal.json(message),
            Self::File(file) => writeln!(file, "{message}").map_err(|error| failed(&error)),
        }
    }

    /// Writes a text that ends its line itself.
    pub(super) fn text(&mut self, text: &str, context: &mut Context<'_>) -> Result<()> {
        match self {
            Self::Output => context.terminal.exact(text.trim_end_matches('\n')),
            Self::File(file) => file
                .write_all(text.as_bytes())
                .map_err(|error| failed(&error)),
        }
    }

    /// All is written.
    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Output => Ok(()),
            Self::File(file) => {
                let destination = file.into_inner();
                let destination = destination.map_err(|error| failed(&error.into_error()))?;
                destination.finish().map(drop)
            }
        }
    }
}

fn failed(error: &std::io::Error) -> Error {
    Error::Failed(format!("cannot write the export: {error}"))
}
