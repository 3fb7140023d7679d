//! One connection from accept to its end: HTTP within its deadlines, the upgrade, the session.

use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{io::ReadBuf, net::TcpStream};

use super::{
    connection::{HttpConnection, Upgraded},
    progress::Deadline,
};
use crate::{
    config::Limits,
    gateway::{
        Gateway,
        admission::Permit,
        linger,
        metrics::GatewayCounters,
        session::Session,
        transport::{self, Protection, Stream},
    },
    observed_io::Observed,
    shutdown::Shutdown,
};

/// The answer to a connection that gets no place, or must give its own to another.
pub(super) const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// What a connection counts as holding during its handshake: rustls takes messages of so many bytes.
const HANDSHAKE_BYTES: usize = 64 * 1024;

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

/// What may end a connection while something of its peer is waited for.
struct Bounds<'a, F> {
    handler: &'a HttpConnection,
    limits: &'a Limits,
    deadline: Deadline<'a>,
    /// Resolves at the shutdown.
    stop: Pin<&'a mut F>,
}

impl<F: Future> Bounds<'_, F> {
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let gone = self.handler.permit.poll_evicted(cx).is_ready()
            || self.stop.as_mut().poll(cx).is_ready()
            || self.poll_missed(cx).is_ready();
        if gone { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_missed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.deadline
            .poll_missed(cx, &self.handler.progress, self.limits)
    }

    /// What comes of `work`; `None` where the connection must go before.
    async fn or_gone<T>(&mut self, mut work: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Option<T> {
        poll_fn(|cx| match work(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => self.poll_gone(cx).map(|()| None),
        })
        .await
    }
}

/// Serves HTTP/1.1 until the connection ends or is upgraded; then the stream comes back with the
/// bytes that the client had sent behind its request.
async fn http(
    handler: &Arc<HttpConnection>,
    stream: TcpStream,
    shutdown: Shutdown,
) -> Option<(Stream, bytes::Bytes)> {
    let config = handler.gateway.settings();
    let limits = &config.limits;
    let timer = pin!(None);
    let mut bounds = Bounds {
        handler,
        limits,
        deadline: Deadline::new(timer),
        stop: pin!(shutdown.begun()),
    };
    // Only a connection that sends something gets a buffer. What it sent is asked about first: mostly the
    // request is there, and nothing else is waited for.
    let came = bounds.or_gone(|cx| stream.poll_read_ready(cx)).await;
    came?.ok()?;
    let stream = if config.tls.is_some() {
        Box::pin(protected(&mut bounds, handler, stream)).await?
    } else {
        Stream::Plain(stream)
    };
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
            if is_stopping || bounds.stop.as_mut().poll(cx).is_pending() {
                break;
            }
            is_stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        // Asked last: what the request did may have made the connection another member, with no waker yet.
        if handler.permit.poll_evicted(cx).is_ready() {
            return Poll::Ready(End::Evicted);
        }
        bounds.poll_missed(cx).map(|()| End::TooSlow)
    })
    .await;
    let parts = connection.into_parts();
    let (mut stream, rest) = (parts.io.into_inner().into_inner(), parts.read_buf);
    match end {
        End::Done(Ok(())) if handler.is_upgraded() => return Some((stream, rest)),
        End::Done(Ok(())) => linger::close(stream, &handler.permit).await,
        // hyper wrote why it cannot read the request.
        End::Done(Err(error)) if error.is_parse() => {
            linger::close(stream, &handler.permit).await;
        }
        End::Evicted if handler.progress.awaits_answer() => stream.try_write(FULL),
        End::Done(Err(_)) | End::TooSlow | End::Evicted => {}
    }
    None
}

/// The stream of a connection to a port that speaks TLS, by its first byte. The handshake has the time that a head
/// has, together with the first one, and counts as an unfinished one.
async fn protected<F: Future>(
    bounds: &mut Bounds<'_, F>,
    handler: &HttpConnection,
    stream: TcpStream,
) -> Option<Stream> {
    let mut first = [0];
    let mut peeked = ReadBuf::new(&mut first);
    let peek = |cx: &mut Context<'_>| stream.poll_peek(cx, &mut peeked);
    let first = bounds.or_gone(peek).await?.ok().map(|_| first[0])?;
    if !transport::is_tls(first) {
        if !transport::is_local(&stream, handler.address) {
            handler.protect(Protection::Missing);
        }
        return Some(Stream::Plain(stream));
    }
    let limits = bounds.limits;
    handler.permit.hold(HANDSHAKE_BYTES, limits, None);
    let counters = &handler.gateway.counters;
    GatewayCounters::add(&counters.tls_handshakes);
    let mut opening = pin!(handler.gateway.accept_tls(stream));
    let opened = bounds.or_gone(|cx| opening.as_mut().poll(cx)).await;
    let Some(stream) = opened.flatten() else {
        GatewayCounters::add(&counters.tls_failures);
        return None;
    };
    handler.protect(Protection::Tls);
    Some(stream)
}
