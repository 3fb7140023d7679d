//! One WebSocket connection, in one task: bytes in, answers and events out, one write per turn.
//!
//! A turn reads what the socket has, lets `command_handler` answer into one buffer together with what
//! the mailbox holds, and writes that buffer once. Between turns an idle session holds no buffer: the
//! `turn_buffers` are shared by all sessions of the thread. While a client does not read what it is
//! sent, nothing is read from it either; events for it wait in its bounded mailbox.

mod answers;
mod auth;
mod bus_membership;
mod command_handler;
mod connection;
#[cfg(feature = "nats")]
mod elsewhere;
mod heartbeat;
mod incoming;
mod outgoing;
mod replay;
mod subscriptions;
mod turn_buffers;

use std::{
    borrow::Cow,
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use tokio::{io::AsyncWrite as _, sync::mpsc};

use self::{
    bus_membership::BusMembership,
    command_handler::{CommandHandler, PAUSE_BYTES},
    heartbeat::{Heartbeat, TimerEvent},
    turn_buffers::TurnBuffers,
};
use super::{
    Gateway, admission::Permit, clients::handle::ClientHandle, linger, metrics::GatewayCounters,
    transport::Stream,
};
use crate::protocol::{
    error_code::{ErrorCode, Fault, close},
    reply,
    websocket::{self, ServerSocket},
};

pub(super) use self::replay::ReplayBounds;

/// Turns of reading and writing before other sessions get theirs.
const MAX_ROUNDS: usize = 4;

/// A connection after its upgrade.
pub(super) struct Session {
    stream: Stream,
    socket: ServerSocket,
    handler: CommandHandler,
    heartbeat: Heartbeat,
    /// What the socket has not taken yet.
    pending: Vec<u8>,
    /// Whether the socket took less than it was given, the last time.
    blocked: bool,
    /// Bytes read but not processed yet, because reading pauses.
    unread: Vec<u8>,
    paused: bool,
    closing: bool,
    end: TcpEnd,
    /// Why we closed, where we did.
    close_reason: Option<Reason>,
    /// Bytes written since the start.
    written: u64,
    /// Markers of the mailbox, each with the count of written bytes at which it fires.
    markers: VecDeque<(u64, mpsc::Sender<()>)>,
}

/// Why a session ended, for the log and for `client.disconnected`.
type Reason = Cow<'static, str>;

/// How TCP ends once the session has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum TcpEnd {
    /// The socket is dropped.
    #[default]
    AtOnce,
    /// The closing handshake is complete, or a broken one has no more to wait for: the peer shall read
    /// all that we sent.
    InOrder,
    /// Another connection has its place: nothing is waited for behind the close frame.
    GivesWay,
}

/// The reason of most ends.
const CLIENT_CLOSED: &str = "the client closed the connection";

/// The outcome of one attempt to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadOutcome {
    /// Something was read; there may be more.
    Some,
    /// The socket has nothing; it will wake us.
    Waiting,
    /// Nothing is read while the client does not take its answers.
    Held,
}

impl Session {
    /// A session over `stream`; `first` are bytes that came behind the upgrade request.
    pub(super) fn new(
        gateway: Arc<Gateway>,
        stream: Stream,
        handle: Arc<ClientHandle>,
        permit: Permit,
        authenticated: bool,
        first: &[u8],
    ) -> Self {
        let handler = CommandHandler::new(gateway, handle, permit, authenticated);
        let limits = &handler.config.limits;
        let heartbeat = Heartbeat::new(
            (!authenticated).then_some(limits.auth_timeout),
            limits.heartbeat,
        );
        Self {
            stream,
            socket: ServerSocket::default(),
            handler,
            heartbeat,
            pending: Vec::new(),
            blocked: false,
            paused: !first.is_empty(),
            unread: first.to_vec(),
            closing: false,
            end: TcpEnd::default(),
            close_reason: None,
            written: 0,
            markers: VecDeque::new(),
        }
    }

    /// Runs until the connection ends. No `async fn`: that keeps its arguments twice, and this one
    /// is most of what an idle client costs.
    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn holds its arguments twice"
    )]
    pub(super) fn run(mut self: Box<Self>) -> impl Future<Output = ()> + Send {
        async move {
            let _ = self.stream.tcp().set_nodelay(true);
            let bus_membership = BusMembership::begin(
                Arc::clone(&self.handler.gateway),
                Arc::clone(&self.handler.handle),
            );
            if self.handler.authenticated {
                self.handler.mark_authenticated();
            }
            // The shutdown event goes to the clients of that moment; one that connected just after
            // it would never be closed.
            if self.handler.gateway.shutdown.reason().is_some() {
                self.handler
                    .request_close(close::GOING_AWAY, "shutting down");
            }
            let reason = poll_fn(|cx| TurnBuffers::with(|buffers| self.turn(cx, buffers))).await;
            bus_membership.ended(reason);
            drop(bus_membership);
            if self.end == TcpEnd::InOrder {
                Box::pin(linger::close(self.stream, &self.handler.permit)).await;
            }
        }
    }

    /// One turn: gathers into one buffer, writes it, and keeps what the socket did not take. Only such
    /// leftovers make a session hold a buffer of its own between turns.
    fn turn(&mut self, cx: &mut Context<'_>, buffers: &mut TurnBuffers) -> Poll<Reason> {
        let held_back = !self.pending.is_empty();
        let mut output = std::mem::take(if held_back {
            &mut self.pending
        } else {
            &mut buffers.output
        });
        let end = self.run_rounds(cx, buffers, &mut output);
        if !output.is_empty() {
            self.pending = output;
        } else if !held_back {
            buffers.output = output;
        }
        end
    }

    /// Alternates gathering, reading and writing until each of them waits for something, or until other
    /// sessions should get their turn. A buffer that is full at the start of a round stops reading: a
    /// client that does not read its answers must not pile up more of them.
    fn run_rounds(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
    ) -> Poll<Reason> {
        while let Poll::Ready(event) = self.heartbeat.poll_due(cx) {
            if let Some(reason) = self.on_timer(event, buffers, output) {
                return Poll::Ready(reason);
            }
        }
        for _ in 0..MAX_ROUNDS {
            // Measured before gathering: the socket may take all that this round adds.
            let refused = is_full(output);
            let more_mail = self.gather(cx, buffers, output);
            self.close_when_answered(buffers, output);
            let read = match self.read(cx, buffers, output, refused) {
                Ok(read) => read,
                Err(reason) => {
                    let written = self.write(cx, output);
                    if !matches!(written, Poll::Ready(Ok(()))) {
                        self.end = TcpEnd::AtOnce;
                    }
                    return Poll::Ready(self.close_reason.take().unwrap_or(reason));
                }
            };
            let written = match self.write(cx, output) {
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(format!("writing failed: {error}").into());
                }
                written => written.is_ready(),
            };
            // Its place is another's already.
            if self.end == TcpEnd::GivesWay {
                return Poll::Ready(self.close_reason.take().unwrap_or_default());
            }
            // Behind a violation nothing of the peer is read, so its close frame neither (RFC 6455 §7.1.7).
            if self.closing && self.socket.is_broken() && output.is_empty() {
                self.end = TcpEnd::InOrder;
                return Poll::Ready(self.close_reason.take().unwrap_or_default());
            }
            // Whatever we wait for has our waker by now: the socket, an answer, or the mailbox.
            if read != ReadOutcome::Some && !(written && more_mail) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Does what the timer asks for; a reason where the session is over.
    fn on_timer(
        &mut self,
        event: TimerEvent,
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
    ) -> Option<Reason> {
        match event {
            TimerEvent::Ping => websocket::push_ping(output),
            TimerEvent::Drop => {
                return Some(
                    self.close_reason
                        .take()
                        .unwrap_or(Cow::Borrowed(CLIENT_CLOSED)),
                );
            }
            TimerEvent::Dead => {
                GatewayCounters::add(&self.handler.gateway.counters.slow_consumers);
                self.close(
                    close::SLOW_CONSUMER,
                    "two heartbeats were not answered",
                    buffers,
                    output,
                );
            }
            TimerEvent::Unauthenticated => {
                let fault = Fault::new(ErrorCode::Unauthorized, "no authentication in time");
                self.handler
                    .respond(output, &mut buffers.text, |dialect, out| {
                        reply::unreadable(out, dialect, &fault);
                    });
                self.handler
                    .request_close(close::UNAUTHORIZED, "no authentication in time");
            }
        }
        None
    }

    /// Closes once every command that was read is answered, or the time for that is over.
    fn close_when_answered(&mut self, buffers: &mut TurnBuffers, output: &mut Vec<u8>) {
        let Some((code, reason)) = &self.handler.pending_close else {
            return;
        };
        self.heartbeat.closing();
        if self.handler.answers.is_empty() {
            let (code, reason) = (*code, reason.clone());
            self.close(code, &reason, buffers, output);
        }
    }

    /// Begins the closing handshake. Nothing is sent after it; what the peer sends is read and dropped
    /// until it closes too.
    fn close(&mut self, code: u16, reason: &str, buffers: &mut TurnBuffers, output: &mut Vec<u8>) {
        if !self.closing {
            self.closing = true;
            self.close_reason = Some(reason.to_owned().into());
            self.paused = false;
            self.unread = Vec::new();
            let context = &mut buffers.context;
            if code == close::TRY_AGAIN_LATER {
                self.end = TcpEnd::GivesWay;
                self.socket.abandon(context, code, reason, output);
            } else {
                self.socket.close(context, code, reason, output);
            }
            self.heartbeat.closing();
        }
    }

    /// Writes what the socket takes and keeps the rest at the front of the buffer.
    fn write(&mut self, cx: &mut Context<'_>, output: &mut Vec<u8>) -> Poll<io::Result<()>> {
        let mut at = 0;
        let outcome = loop {
            if at == output.len() {
                // TLS may still hold some of it; TCP never does.
                break Pin::new(&mut self.stream).poll_flush(cx);
            }
            match Pin::new(&mut self.stream).poll_write(cx, &output[at..]) {
                Poll::Ready(Ok(taken)) => at += taken,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            }
        };
        output.drain(..at);
        // A full socket that takes bytes again has a peer that reads, however slowly.
        if self.blocked && at > 0 {
            self.heartbeat.heard();
        }
        self.blocked = outcome.is_pending();
        self.written += at as u64;
        let counters = &self.handler.gateway.counters;
        counters.bytes_out.fetch_add(at as u64, Ordering::Relaxed);
        self.fire_markers();
        outcome
    }

    fn fire_markers(&mut self) {
        while self
            .markers
            .front()
            .is_some_and(|(at, _)| *at <= self.written && self.stream.is_flushed())
        {
            if let Some((_, fired)) = self.markers.pop_front() {
                let _ = fired.try_send(());
            }
        }
    }
}

/// Whether so much waits for the socket that nothing more is gathered or read.
fn is_full(output: &[u8]) -> bool {
    output.len() > PAUSE_BYTES
}
