//! A body read from a file, piece by piece: memory stays flat whatever the size. The next piece is read
//! on a blocking thread while the last one is sent.

use std::{
    fs::File,
    future::Future,
    io::{self, ErrorKind, Read as _, Seek as _, SeekFrom},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::panics::run_blocking;

/// Read and sent at a time. Two pieces are held at most, and what hyper has not written yet.
const PIECE: usize = 64 * 1024;

/// A body of `n` bytes of a file. Nothing is read before it is first polled, so that a body which is
/// never sent costs nothing.
pub struct FileBody {
    state: State,
    /// Not handed out yet.
    left: u64,
}

enum State {
    /// Not read yet: from where to read.
    New(File, u64),
    /// The next piece is on its way.
    Reading(Reading),
    /// All was handed out, or reading failed.
    Ended,
}

type Reading = Pin<Box<dyn Future<Output = Result<io::Result<(File, Bytes)>, String>> + Send>>;

impl FileBody {
    /// The `length` bytes of `file` from `offset` on. A file that turns out to be shorter breaks the
    /// message off, as it must: its length was announced.
    pub fn new(file: File, offset: u64, length: u64) -> Self {
        let state = match length {
            0 => State::Ended,
            _ => State::New(file, offset),
        };
        Self {
            state,
            left: length,
        }
    }

    fn read_next(&mut self, file: File, from: Option<u64>) {
        self.state = match usize::try_from(self.left).unwrap_or(PIECE).min(PIECE) {
            0 => State::Ended,
            length => State::Reading(Box::pin(run_blocking(move || piece(file, from, length)))),
        };
    }
}

/// Reads one piece, from here or from where the last one ended.
fn piece(mut file: File, from: Option<u64>, length: usize) -> io::Result<(File, Bytes)> {
    if let Some(offset) = from {
        file.seek(SeekFrom::Start(offset))?;
    }
    let mut piece = vec![0; length];
    file.read_exact(&mut piece).map_err(|error| {
        let short = error.kind() == ErrorKind::UnexpectedEof;
        let what = if short {
            "is shorter than expected"
        } else {
            "cannot be read"
        };
        io::Error::new(error.kind(), format!("a file to send {what}: {error}"))
    })?;
    Ok((file, piece.into()))
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let State::New(..) = self.state
            && let State::New(file, offset) = std::mem::replace(&mut self.state, State::Ended)
        {
            self.read_next(file, Some(offset));
        }
        let State::Reading(reading) = &mut self.state else {
            return Poll::Ready(None);
        };
        let read = ready!(reading.as_mut().poll(cx));
        self.state = State::Ended;
        let (file, piece) = read.unwrap_or_else(|panic| Err(io::Error::other(panic)))?;
        self.left -= piece.len() as u64;
        self.read_next(file, None);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::body::{CollectError, collect, scratch::file_of};

    const LIMIT: Duration = Duration::from_secs(20);

    fn counted(length: usize) -> Vec<u8> {
        (0..=250).cycle().take(length).collect()
    }

    #[tokio::test]
    async fn any_range_of_a_file_comes_as_it_is() {
        let bytes = counted(3 * PIECE + 5);
        for (from, length) in [
            (0, 0),
            (0, 1),
            (7, PIECE),
            (1, PIECE + 1),
            (PIECE, 2 * PIECE),
            (0, 3 * PIECE + 5),
            (3 * PIECE + 4, 1),
        ] {
            let body = FileBody::new(file_of(&bytes), from as u64, length as u64);
            assert_eq!(body.size_hint().exact(), Some(length as u64));
            assert_eq!(body.is_end_stream(), length == 0);
            let collected = collect(body, bytes.len(), LIMIT).await;
            assert_eq!(collected.as_deref(), Ok(&bytes[from..from + length]));
        }
    }

    #[tokio::test]
    async fn pieces_have_the_size_of_a_piece_and_the_hint_counts_down() {
        let mut body = FileBody::new(file_of(&counted(PIECE + 5)), 0, PIECE as u64 + 5);
        let mut pieces = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            let frame = frame.expect("a piece");
            pieces.push((frame.data_ref().map(Bytes::len), body.size_hint().exact()));
        }
        assert_eq!(pieces, [(Some(PIECE), Some(5)), (Some(5), Some(0))]);
        assert!(body.is_end_stream());
    }

    #[tokio::test]
    async fn a_file_that_is_shorter_than_announced_breaks_the_body_off_once() {
        let mut body = FileBody::new(file_of(&counted(PIECE)), 0, PIECE as u64 + 1);
        let mut next = async || std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        assert!(next().await.is_some_and(|frame| frame.is_ok()));
        let error = next().await.expect("not the end").expect_err("too short");
        assert!(
            error.to_string().contains("shorter than expected"),
            "{error}"
        );
        assert!(next().await.is_none());
        let body = FileBody::new(file_of(b""), 0, 9);
        assert_eq!(collect(body, 99, LIMIT).await, Err(CollectError::Broken));
    }
}
