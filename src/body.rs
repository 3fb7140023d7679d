//! Bodies of HTTP messages: sent in one piece, collected within limits of bytes and time.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body of one piece.
#[derive(Debug, Default)]
pub struct Whole(Option<Bytes>);

impl Whole {
    /// A body of these bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(Some(bytes.into()).filter(|bytes: &Bytes| !bytes.is_empty()))
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

/// Collects a body of at most `max_bytes` within `limit`.
pub async fn collect<B>(body: B, max_bytes: usize, limit: Duration) -> Result<Vec<u8>, CollectError>
where
    B: Body<Data = Bytes>,
{
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(CollectError::TooLarge);
    }
    tokio::time::timeout(limit, collect_frames(body, max_bytes))
        .await
        .unwrap_or(Err(CollectError::TooSlow))
}

async fn collect_frames<B>(body: B, max_bytes: usize) -> Result<Vec<u8>, CollectError>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let mut collected = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|_| CollectError::Broken)?;
        if let Some(data) = frame.data_ref() {
            if collected.len() + data.len() > max_bytes {
                return Err(CollectError::TooLarge);
            }
            collected.extend_from_slice(data);
        }
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
}
