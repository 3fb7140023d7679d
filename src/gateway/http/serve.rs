//! One connection from accept to its end: HTTP within its deadlines, the upgrade, the session.

use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::sleep};

use super::{
    connection::{HttpConnection, Upgraded},
    progress::Deadline,
};
use crate::{
    gateway::{Gateway, admission::Permit, linger, session::Session},
    observed_io::Observed,
    shutdown::Shutdown,
};

/// The answer to a connection that gets no place, or must give its own to another.
pub(super) const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// HTTP first, then the session. The state of HTTP is boxed and freed before the session begins, so
/// that an idle client does not pay for it. The session is boxed too: it would be copied on its way.
pub(super) fn connection(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    address: SocketAddr,
    permit: Permit,
    shutdown: Shutdown,
) -> impl Future<Output = ()> + Send {
    let handler = Arc::new(HttpConnection::new(gateway, address, permit));
    let upgraded = Box::pin(upgraded(handler, stream, shutdown));
    async move {
        let session = upgraded.await;
        if let Some(session) = session {
            session.run().await;
        }
    }
}

/// The session that follows the HTTP part, where the client asked for one. Bytes behind the request are
/// copied, so that the buffer of HTTP can be freed.
async fn upgraded(
    handler: Arc<HttpConnection>,
    stream: TcpStream,
    shutdown: Shutdown,
) -> Option<Box<Session>> {
    let gateway = Arc::clone(&handler.gateway);
    let (stream, first) = http(&handler, stream, shutdown).await?;
    let (upgraded, permit) = Arc::into_inner(handler)?.into_upgraded()?;
    let Upgraded {
        handle,
        is_authenticated,
    } = upgraded;
    Some(Box::new(Session::new(
        gateway,
        stream,
        handle,
        permit,
        is_authenticated,
        &first,
    )))
}

/// How the HTTP part ended.
enum End {
    Done(hyper::Result<()>),
    /// The peer sent its head too slowly, or does not read its answer.
    TooSlow,
    /// Another connection needs its place.
    Evicted,
}

/// Serves HTTP/1.1 until the connection ends or is upgraded; then the socket comes back with the
/// bytes that the client had sent behind its request.
async fn http(
    handler: &Arc<HttpConnection>,
    stream: TcpStream,
    shutdown: Shutdown,
) -> Option<(TcpStream, bytes::Bytes)> {
    let config = handler.gateway.settings();
    let limits = &config.limits;
    let timer = pin!(sleep(limits.header_timeout));
    let mut deadline = Deadline::new(timer);
    let mut stop = pin!(shutdown.begun());
    // Only a connection that sends something gets a buffer. What it sent is asked about first: mostly the
    // request is there, and nothing else is waited for.
    let came = poll_fn(|cx| {
        if let Poll::Ready(ready) = stream.poll_read_ready(cx) {
            return Poll::Ready(ready.is_ok());
        }
        let gone = handler.permit.poll_evicted(cx).is_ready()
            || stop.as_mut().poll(cx).is_ready()
            || deadline
                .poll_missed(cx, &handler.progress, limits)
                .is_ready();
        if gone {
            Poll::Ready(false)
        } else {
            Poll::Pending
        }
    });
    if !came.await {
        return None;
    }
    handler.permit.hold(limits.max_header_bytes, limits, None);
    let service = service_fn({
        let handler = Arc::clone(handler);
        move |request| Box::pin(Arc::clone(&handler).answer(request))
    });
    let io = TokioIo::new(Observed::new(stream, Arc::clone(handler)));
    let mut connection = http1::Builder::new()
        // The deadline above covers the head, and the wait for it.
        .header_read_timeout(None)
        .max_buf_size(limits.max_header_bytes)
        .serve_connection(io, service);
    let mut is_stopping = false;
    // Polled, not awaited: awaiting would shut the socket down at the end, and an upgrade needs it. A
    // shutdown lets the request that is being answered finish, then the connection ends.
    let end = poll_fn(|cx| {
        loop {
            if let Poll::Ready(done) = connection.poll_without_shutdown(cx) {
                return Poll::Ready(End::Done(done));
            }
            if is_stopping || stop.as_mut().poll(cx).is_pending() {
                break;
            }
            is_stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        // Asked last: what the request did may have made the connection another member, with no waker yet.
        if handler.permit.poll_evicted(cx).is_ready() {
            return Poll::Ready(End::Evicted);
        }
        let missed = deadline.poll_missed(cx, &handler.progress, limits);
        missed.map(|()| End::TooSlow)
    })
    .await;
    let parts = connection.into_parts();
    let (stream, rest) = (parts.io.into_inner().into_inner(), parts.read_buf);
    match end {
        End::Done(Ok(())) if handler.is_upgraded() => return Some((stream, rest)),
        End::Done(Ok(())) => linger::close(stream, &handler.permit).await,
        // hyper wrote why it cannot read the request.
        End::Done(Err(error)) if error.is_parse() => {
            linger::close(stream, &handler.permit).await;
        }
        End::Evicted if handler.progress.awaits_answer() => {
            let _ = stream.try_write(FULL);
        }
        End::Done(Err(_)) | End::TooSlow | End::Evicted => {}
    }
    None
}
