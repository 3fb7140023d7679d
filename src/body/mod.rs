//! Bodies of HTTP messages: sent in one piece, from a file or a pipe, or as a form with files; collected
//! within limits of bytes and time.

mod any;
mod file;
mod multipart;
mod pipe;
#[cfg(test)]
pub(crate) mod scratch;

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

pub use self::{
    any::AnyBody,
    file::FileBody,
    multipart::{Multipart, MultipartBody},
    pipe::{Input, PipeBody},
};

/// A body of one piece.
#[derive(Debug, Default)]
pub struct Whole(Option<Bytes>);

impl Whole {
    /// A body of these bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(Some(bytes.into()).filter(|bytes: &Bytes| !bytes.is_empty()))
    }
}

impl Whole {
    /// The bytes, where nobody took them yet.
    pub fn take(&mut self) -> Bytes {
        self.0.take().unwrap_or_default()
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}

/// Why a body was not collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectError {
    /// More bytes than allowed.
    TooLarge,
    /// Not all of it came in time.
    TooSlow,
    /// The connection broke.
    Broken,
}

/// A body grows by at least this much, or by a quarter: what was announced and never comes costs nothing.
const STEP: usize = 64 * 1024;

/// Collects a body of at most `max_bytes` within `limit`.
pub async fn collect<B>(body: B, max_bytes: usize, limit: Duration) -> Result<Vec<u8>, CollectError>
where
    B: Body<Data = Bytes>,
{
    collect_counted(body, max_bytes, limit, |_| {}).await
}

/// The same; `on_growth` is told how many bytes are held, before they are.
pub async fn collect_counted<B>(
    body: B,
    max_bytes: usize,
    limit: Duration,
    on_growth: impl FnMut(usize),
) -> Result<Vec<u8>, CollectError>
where
    B: Body<Data = Bytes>,
{
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(CollectError::TooLarge);
    }
    tokio::time::timeout(limit, collect_frames(body, max_bytes, on_growth))
        .await
        .unwrap_or(Err(CollectError::TooSlow))
}

async fn collect_frames<B>(
    body: B,
    max_bytes: usize,
    mut on_growth: impl FnMut(usize),
) -> Result<Vec<u8>, CollectError>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let mut collected = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|_| CollectError::Broken)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let length = collected.len() + data.len();
        if length > max_bytes {
            return Err(CollectError::TooLarge);
        }
        if length > collected.capacity() {
            let left = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
            let ahead = left.min(STEP.max(collected.len() / 4));
            on_growth(length + ahead);
            collected.reserve_exact(data.len() + ahead);
        }
        collected.extend_from_slice(data);
    }
    Ok(collected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_collected_and_one_byte_more_is_not() {
        let limit = Duration::from_secs(1);
        assert_eq!(
            collect(Whole::new("12345"), 5, limit).await,
            Ok(b"12345".to_vec())
        );
        assert_eq!(
            collect(Whole::new("123456"), 5, limit).await,
            Err(CollectError::TooLarge)
        );
        assert_eq!(collect(Whole::default(), 0, limit).await, Ok(Vec::new()));
    }

    /// Announces more than it sends, as its peer wishes.
    struct Announced(u64, Whole);

    impl Body for Announced {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Pin::new(&mut self.1).poll_frame(cx)
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0)
        }
    }

    #[tokio::test]
    async fn what_is_announced_and_does_not_come_is_not_held() {
        let (limit, mut held) = (Duration::from_secs(1), 0);
        let body = Announced(50 << 20, Whole::new("12345"));
        let collected = collect_counted(body, 64 << 20, limit, |bytes| held = bytes).await;
        let collected = collected.expect("a body");
        assert!(collected.capacity() <= held && held <= 5 + STEP, "{held}");
    }
}
