//! The listening socket and its connections, one task each, which the shutdown waits for.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    net::{TcpListener, TcpStream},
    task::yield_now,
    time::{sleep, timeout},
};

use super::{
    dates::NO_DATE,
    serve::{FULL, connection},
};
use crate::{
    backoff::Backoff,
    gateway::{Gateway, admission::Permit, metrics::GatewayCounters, tasks::Tasks},
    log::{LogField, LogLevel},
    protocol::{describe::event, error_code::close},
    random,
    shutdown::Shutdown,
};

/// Time for connections to close once they were told of the shutdown.
const DRAIN: Duration = Duration::from_secs(3);

/// Serves until `shutdown` begins, then tells the clients and returns when all connections are closed
/// or the time for that is over. With the reason `RESTART`, clients are told to expect a restart.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener, shutdown: Shutdown) {
    let mut connections = Tasks::default();
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
    drain(&gateway, &connections).await;
}

/// The reason of a shutdown that a new start follows.
pub const RESTART: &str = "restart";

/// Accepts until the shutdown begins. That is asked about before each connection, so that a flood of new
/// ones does not delay it.
async fn accept_all(
    gateway: &Arc<Gateway>,
    listener: &TcpListener,
    connections: &mut Tasks,
    shutdown: &Shutdown,
) {
    let mut backoff = Backoff::new(
        Duration::from_millis(5),
        Duration::from_secs(1),
        random::seed(),
    );
    let mut end = std::pin::pin!(shutdown.begun());
    while shutdown.reason().is_none() {
        tokio::select! {
            biased;
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    backoff.reset();
                    let evicted = gateway.connections.evictions();
                    admit(gateway, stream, address, connections, shutdown);
                    // Whoever gives way shall have gone before the next comes.
                    if gateway.connections.evictions() != evicted {
                        yield_now().await;
                    }
                }
                Err(error) => {
                    note_accept_error(gateway, &error, backoff.failures());
                    let wait = backoff.next_wait();
                    if is_out_of_descriptors(&error) && gateway.connections.evict_oldest() {
                        yield_now().await;
                        continue;
                    }
                    tokio::select! { _ = &mut end => return, () = sleep(wait) => {} }
                }
            },
            _ = &mut end => return,
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

/// Whether this process, or the system, has no more descriptors: EMFILE or ENFILE.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

fn admit(
    gateway: &Arc<Gateway>,
    stream: TcpStream,
    address: SocketAddr,
    connections: &mut Tasks,
    shutdown: &Shutdown,
) {
    GatewayCounters::add(&gateway.counters.connections);
    let permit = Permit::new(
        &gateway.connections,
        address.ip(),
        &gateway.settings().limits,
    );
    let Ok(permit) = permit else {
        // tokio would not write: it does not know yet that this socket is ready.
        if let Ok(mut stream) = stream.into_std() {
            let _ = io::Write::write(&mut stream, FULL);
        }
        return;
    };
    if !gateway.http_dates.can_serve(SystemTime::now()) {
        refuse_without_date(gateway, stream);
        return;
    }
    let (gateway, shutdown) = (Arc::clone(gateway), shutdown.clone());
    connections.spawn(
        connection(Arc::clone(&gateway), stream, address, permit, shutdown),
        move |panic| note_panic(&gateway, panic),
    );
}

fn refuse_without_date(gateway: &Gateway, stream: TcpStream) {
    if gateway.http_dates.is_news() {
        let text =
            "the clock shows a date that HTTP does not know; set it, nobody is served until then";
        gateway.log.error("gateway", text, &[]);
    }
    if let Ok(mut stream) = stream.into_std() {
        let _ = io::Write::write(&mut stream, NO_DATE);
    }
}

/// A panic ends its connection alone.
fn note_panic(gateway: &Gateway, panic: &str) {
    GatewayCounters::add(&gateway.counters.panics);
    gateway.log.limited(
        LogLevel::Error,
        "gateway",
        "a session panicked; the others go on",
        &[("panic", &panic)],
    );
}

async fn drain(gateway: &Gateway, connections: &Tasks) {
    if timeout(DRAIN, connections.ended()).await.is_err() {
        gateway.log.warn(
            "gateway",
            "connections did not close in time",
            &[("count", &connections.count())],
        );
    }
    connections.abort().await;
}
