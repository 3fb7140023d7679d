//! Base64 for a sink: decoded as it comes, a block at a time.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};

use crate::http_client::Sink;

/// Decoded and passed on at a time, in characters; a multiple of four.
const BLOCK: usize = 32 * 1024;

/// The file on its way.
pub(super) struct File<'a, S> {
    sink: &'a mut S,
    /// Characters that are not decoded yet.
    waiting: Vec<u8>,
    decoded: Vec<u8>,
    pub(super) state: FileState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileState {
    Missing,
    Coming,
    Whole,
}

/// Why an answer brought no file.
#[derive(Debug, PartialEq, Eq)]
pub enum Base64Error<E> {
    /// It is no JSON object with such a field, for this reason.
    Malformed(&'static str),
    /// The sink takes no more.
    Sink(E),
}

impl<E: fmt::Display> fmt::Display for Base64Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "what came with the file {what}"),
            Self::Sink(error) => error.fmt(f),
        }
    }
}

/// Decodes a text that is in memory for a sink, piece by piece.
pub async fn decode<S: Sink>(text: &str, sink: &mut S) -> Result<(), Base64Error<S::Error>> {
    let mut file = File::new(sink);
    file.take(text.as_bytes()).await?;
    file.end().await
}

impl<'a, S: Sink> File<'a, S> {
    pub(super) fn new(sink: &'a mut S) -> Self {
        Self {
            sink,
            waiting: Vec::new(),
            decoded: Vec::new(),
            state: FileState::Missing,
        }
    }

    pub(super) async fn take(&mut self, mut text: &[u8]) -> Result<(), Base64Error<S::Error>> {
        while !text.is_empty() {
            let room = BLOCK - self.waiting.len();
            let (some, rest) = text.split_at(text.len().min(room));
            self.waiting.extend_from_slice(some);
            text = rest;
            if self.waiting.len() == BLOCK {
                self.pass_on().await?;
            }
        }
        Ok(())
    }

    pub(super) async fn end(&mut self) -> Result<(), Base64Error<S::Error>> {
        self.state = FileState::Whole;
        self.pass_on().await
    }

    /// Decodes what waits. Padding may be left out; only the last block can have any.
    async fn pass_on(&mut self) -> Result<(), Base64Error<S::Error>> {
        let malformed = Base64Error::Malformed("has a file that is not base64");
        let is_padded = self.waiting.len().is_multiple_of(4);
        let encoding = if is_padded { BASE64 } else { BASE64_NOPAD };
        let Ok(length) = encoding.decode_len(self.waiting.len()) else {
            return Err(malformed);
        };
        self.decoded.resize(length, 0);
        let Ok(length) = encoding.decode_mut(&self.waiting, &mut self.decoded) else {
            return Err(malformed);
        };
        self.waiting.clear();
        let taken = self.sink.take(&self.decoded[..length]).await;
        taken.map_err(Base64Error::Sink)
    }
}
