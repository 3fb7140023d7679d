//! The listening socket and its connections: one task each, all in one set, so that the shutdown can
//! wait for them.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinError, JoinSet},
    time::{Instant, sleep, timeout_at},
};

use super::connection::{HttpConnection, Upgraded};
use crate::{
    backoff::Backoff,
    gateway::{Gateway, metrics::GatewayCounters, session::Session},
    log::{LogField, LogLevel},
    panics::panic_text,
    protocol::{describe::event, error_code::close},
    random,
    shutdown::Shutdown,
};

/// Connections accepted beyond the limit of WebSocket ones, so that they can be refused by HTTP with a
/// reason.
const HEADROOM: usize = 64;

/// Time for connections to close once they were told of the shutdown.
const DRAIN: Duration = Duration::from_secs(3);

/// The answer to a connection beyond even the headroom.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Serves until `shutdown` begins, then tells the clients and returns when all connections are closed
/// or the time for that is over. With the reason `RESTART`, clients are told to expect a restart.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener, shutdown: Shutdown) {
    let mut connections = JoinSet::new();
    accept_all(&gateway, &listener, &mut connections, &shutdown).await;
    drop(listener);
    let reason = shutdown.reason().unwrap_or("shutdown");
    let restart = reason == RESTART;
    let payload = serde_json::json!({"reason": reason, "restart_expected": restart}).to_string();
    gateway.listeners.bus.dismiss_all(
        event::SHUTDOWN,
        |out| out.push_str(&payload),
        close::GOING_AWAY,
        "shutting down",
    );
    drain(&gateway, connections).await;
}

/// The reason of a shutdown that a new start follows.
pub const RESTART: &str = "restart";

/// Accepts until the shutdown begins. `biased` puts the shutdown first, then the connections that
/// ended, so that a flood of new ones delays neither.
async fn accept_all(
    gateway: &Arc<Gateway>,
    listener: &TcpListener,
    connections: &mut JoinSet<()>,
    shutdown: &Shutdown,
) {
    let mut backoff = Backoff::new(
        Duration::from_millis(5),
        Duration::from_secs(1),
        random::seed(),
    );
    let mut end = std::pin::pin!(shutdown.begun());
    loop {
        tokio::select! {
            biased;
            _ = &mut end => return,
            Some(ended) = connections.join_next() => note_end(gateway, ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    backoff.reset();
                    admit(gateway, stream, address, connections, shutdown);
                }
                Err(error) => {
                    note_accept_error(gateway, &error, backoff.failures());
                    let wait = backoff.next_wait();
                    tokio::select! { _ = &mut end => return, () = sleep(wait) => {} }
                }
            },
        }
    }
}

/// Such as no free file descriptor: waiting longer each time lets other connections finish first.
/// Logged once for a series of errors.
fn note_accept_error(gateway: &Gateway, error: &io::Error, earlier: u32) {
    GatewayCounters::add(&gateway.counters.accept_errors);
    if earlier == 0 {
        let fields: [LogField<'_>; 1] = [("error", error)];
        let log = &gateway.log;
        log.warn_limited("gateway", "cannot accept connections", &fields);
    }
}

fn admit(
    gateway: &Arc<Gateway>,
    stream: TcpStream,
    address: SocketAddr,
    connections: &mut JoinSet<()>,
    shutdown: &Shutdown,
) {
    GatewayCounters::add(&gateway.counters.connections);
    if connections.len() >= gateway.settings().limits.max_connections + HEADROOM {
        // tokio would not write: it does not know yet that this socket is ready.
        if let Ok(mut stream) = stream.into_std() {
            let _ = io::Write::write(&mut stream, FULL);
        }
        return;
    }
    connections.spawn(connection(
        Arc::clone(gateway),
        stream,
        address,
        shutdown.clone(),
    ));
}

/// A panic ends its connection alone.
fn note_end(gateway: &Gateway, ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        GatewayCounters::add(&gateway.counters.panics);
        gateway.log.limited(
            LogLevel::Error,
            "gateway",
            "a session panicked; the others go on",
            &[("panic", &panic_text(&*error.into_panic()))],
        );
    }
}

/// HTTP first, then the session. The state of HTTP is boxed and freed before the session begins, so
/// that an idle client does not pay for it.
async fn connection(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    address: SocketAddr,
    shutdown: Shutdown,
) {
    let upgraded = Box::pin(upgraded(gateway, stream, address, shutdown)).await;
    if let Some(session) = upgraded {
        session.run().await;
    }
}

/// The session that follows the HTTP part, where the client asked for one. Bytes behind the request are
/// copied, so that the buffer of HTTP can be freed.
async fn upgraded(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    address: SocketAddr,
    shutdown: Shutdown,
) -> Option<Session> {
    let (stream, first, upgraded) = http(Arc::clone(&gateway), stream, address, shutdown).await?;
    let Upgraded {
        handle,
        permit,
        authenticated,
    } = upgraded;
    Some(Session::new(
        gateway,
        stream,
        handle,
        permit,
        authenticated,
        &first,
    ))
}

/// Serves HTTP/1.1 until the connection ends or is upgraded; then the socket comes back with the
/// bytes that the client had sent behind its request.
async fn http(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    address: SocketAddr,
    shutdown: Shutdown,
) -> Option<(TcpStream, bytes::Bytes, Upgraded)> {
    let limits = gateway.settings().limits.clone();
    let handler = Arc::new(HttpConnection::new(gateway, address));
    let service = {
        let handler = Arc::clone(&handler);
        service_fn(move |request| {
            let handler = Arc::clone(&handler);
            Box::pin(async move { handler.answer(request).await })
        })
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.max_header_bytes)
        .serve_connection(TokioIo::new(stream), service);
    // Polled, not awaited: awaiting would shut the socket down at the end, and an upgrade needs it. A
    // shutdown lets the request that is being answered finish, then the connection ends.
    let ended = tokio::select! {
        ended = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
        _ = shutdown.begun() => {
            Pin::new(&mut connection).graceful_shutdown();
            std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    ended.ok()?;
    let parts = connection.into_parts();
    handler
        .take_upgraded()
        .map(|upgraded| (parts.io.into_inner(), parts.read_buf, upgraded))
}

async fn drain(gateway: &Gateway, mut connections: JoinSet<()>) {
    let deadline = Instant::now() + DRAIN;
    while let Ok(Some(ended)) = timeout_at(deadline, connections.join_next()).await {
        note_end(gateway, ended);
    }
    let left = connections.len();
    if left > 0 {
        gateway.log.warn(
            "gateway",
            "connections did not close in time",
            &[("count", &left)],
        );
    }
    connections.shutdown().await;
}
