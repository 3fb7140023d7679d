//! A body of what can be read until it ends, such as standard input: its length is not known before.

use std::{
    future::Future,
    io::{self, Read},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame};

use crate::panics::run_blocking;

/// Read and sent at a time.
const PIECE: usize = 64 * 1024;

/// Something that is read until it ends.
pub type Input = Box<dyn Read + Send>;

/// The body; the next piece is read on a thread that may block while the last one is sent.
pub struct PipeBody(Option<Reading>);

type Reading = Pin<Box<dyn Future<Output = Result<io::Result<(Input, Vec<u8>)>, String>> + Send>>;

impl PipeBody {
    /// A body of all that can be read.
    pub fn new(input: Input) -> Self {
        Self(Some(Box::pin(run_blocking(move || piece_of(input)))))
    }
}

fn piece_of(mut input: Input) -> io::Result<(Input, Vec<u8>)> {
    let mut piece = Vec::new();
    input.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
    Ok((input, piece))
}

impl Body for PipeBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(reading) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let read = ready!(reading.as_mut().poll(cx));
        self.0 = None;
        let (input, piece) = read.unwrap_or_else(|panic| Err(io::Error::other(panic)))?;
        if piece.is_empty() {
            return Poll::Ready(None);
        }
        *self = Self::new(input);
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::body::collect;

    #[tokio::test]
    async fn all_that_can_be_read_comes() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * PIECE + 5).collect();
        for length in [0, 1, PIECE, bytes.len()] {
            let input = io::Cursor::new(bytes[..length].to_vec());
            let body = PipeBody::new(Box::new(input));
            let sent = collect(body, 1 << 20, Duration::from_secs(20)).await;
            assert_eq!(sent.as_deref(), Ok(&bytes[..length]));
        }
    }
}
