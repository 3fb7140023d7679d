//! A body of any of these kinds, for whoever sends now one and now another.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{FileBody, MultipartBody, PipeBody, Whole};

/// A body of one of these kinds.
pub enum AnyBody {
    /// In memory.
    Whole(Whole),
    /// Read from a file while it is sent.
    File(FileBody),
    /// Read until it ends.
    Pipe(PipeBody),
    /// A form with files. Boxed: it is larger than the others, and rare.
    Form(Box<MultipartBody>),
    /// Whatever makes its pieces itself.
    Made(Box<dyn Body<Data = Bytes, Error = io::Error> + Send + Unpin>),
}

impl AnyBody {
    /// A body of these bytes.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Whole::new(bytes))
    }
}

impl Default for AnyBody {
    /// A body without bytes.
    fn default() -> Self {
        Self::Whole(Whole::default())
    }
}

impl Body for AnyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Whole(body) => {
                let frame = Pin::new(body).poll_frame(cx);
                frame.map(|frame| frame.map(|frame| frame.map_err(|never| match never {})))
            }
            Self::File(body) => Pin::new(body).poll_frame(cx),
            Self::Pipe(body) => Pin::new(body).poll_frame(cx),
            Self::Form(body) => Pin::new(&mut **body).poll_frame(cx),
            Self::Made(body) => Pin::new(&mut **body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::File(body) => body.is_end_stream(),
            Self::Pipe(body) => body.is_end_stream(),
            Self::Form(body) => body.is_end_stream(),
            Self::Made(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::File(body) => body.size_hint(),
            Self::Pipe(body) => body.size_hint(),
            Self::Form(body) => body.size_hint(),
            Self::Made(body) => body.size_hint(),
        }
    }
}
