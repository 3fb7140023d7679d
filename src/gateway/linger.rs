//! Closing a socket whose peer may still be sending: closed at once, it would answer those bytes with a
//! reset, and the peer might lose what we said last (RFC 9112 §9.6, RFC 6455 §7.1.1).

use std::{
    future::{Future as _, poll_fn},
    io,
    mem::MaybeUninit,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    time::timeout,
};

use super::{admission::Permit, transport::Stream};

/// A peer may go on sending for this long.
const TOTAL: Duration = Duration::from_secs(10);

/// A peer that sends nothing is waited for this long.
const IDLE: Duration = Duration::from_secs(1);

/// Bytes read and dropped at most.
const MAX_BYTES: usize = 64 << 20;

/// Bytes read at a time.
const STEP: usize = 16 * 1024;

/// Sends the end of our side, drops what still comes until the peer closes too, and closes; at once where
/// another connection needs the place.
pub(super) async fn close(mut stream: Stream, permit: &Permit) {
    let mut drained = pin!(timeout(TOTAL, async {
        if stream.shutdown().await.is_ok() {
            // Below TLS: nobody reads it, so nobody needs it in clear.
            drain(stream.tcp()).await;
        }
    }));
    poll_fn(|cx| match permit.poll_evicted(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => drained.as_mut().poll(cx).map(drop),
    })
    .await;
}

async fn drain(stream: &mut TcpStream) {
    let mut left = MAX_BYTES;
    while let Ok(Ok(read)) = timeout(IDLE, poll_fn(|cx| poll_discard(stream, cx))).await {
        left = left.saturating_sub(read);
        if read == 0 || left == 0 {
            return;
        }
    }
}

/// Reads once into memory that nobody looks at.
fn poll_discard(stream: &mut TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let mut space = [MaybeUninit::uninit(); STEP];
    let mut buffer = ReadBuf::uninit(&mut space);
    ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    Poll::Ready(Ok(buffer.filled().len()))
}
