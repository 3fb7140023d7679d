//! One WebSocket connection, in one task: bytes in, answers and events out, one write per turn.
//!
//! A turn reads what the socket has, lets `talk` answer into one buffer together with what the
//! mailbox holds, and writes that buffer once. Between turns an idle session holds no buffer: the
//! `workbench` is shared by the thread. When a client does not take what it is sent, it is not read
//! either; events for it wait in its bounded mailbox (`link`).

mod answers;
mod auth;
mod bus_membership;
mod command_handler;
mod connection;
mod heartbeat;
mod outgoing;
mod replay;
mod subscriptions;
mod turn_buffers;

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
    sync::mpsc,
};

use self::{
    bus_membership::BusMembership,
    command_handler::{CommandHandler, PAUSE_BYTES},
    heartbeat::{Due, Heartbeat},
    turn_buffers::TurnBuffers,
};
use super::{Gateway, clients::handle::ClientHandle, http::admission::Permit, metrics::Counters};
use crate::{
    clock,
    protocol::{
        error_code::{ErrorCode, Fault, close},
        reply,
        websocket::{self, End, ServerSocket},
    },
};

/// Turns of reading and writing before other sessions get theirs.
const MAX_ROUNDS: usize = 4;

/// A connection after its upgrade.
pub(super) struct Session {
    stream: TcpStream,
    socket: ServerSocket,
    handler: CommandHandler,
    heartbeat: Heartbeat,
    /// What the socket has not taken yet.
    pending: Vec<u8>,
    /// Whether the socket took less than it was given, the last time.
    blocked: bool,
    /// Bytes read but not understood yet, because reading pauses.
    unread: Vec<u8>,
    paused: bool,
    closing: bool,
    /// Why we closed, where we did.
    parting: Option<String>,
    /// Bytes written since the start, and markers with the count at which they fire.
    written: u64,
    markers: VecDeque<(u64, mpsc::Sender<()>)>,
}

/// Why a session ended, for the log and for `client.disconnected`.
type Reason = String;

/// The reason of most ends.
const GONE: &str = "the client closed the connection";

/// What reading came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
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
        stream: TcpStream,
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
            parting: None,
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
    pub(super) fn run(mut self) -> impl Future<Output = ()> + Send {
        async move {
            let _ = self.stream.set_nodelay(true);
            let bus_membership = BusMembership::begin(
                Arc::clone(&self.handler.gateway),
                Arc::clone(&self.handler.handle),
            );
            if self.handler.authenticated {
                self.handler.enter();
            }
            // Whoever came in while the goodbyes were said did not hear one.
            if self.handler.gateway.shutdown.reason().is_some() {
                self.handler.end(close::GOING_AWAY, "shutting down");
            }
            let reason = poll_fn(|cx| TurnBuffers::with(|buffers| self.turn(cx, buffers))).await;
            bus_membership.ended(&reason);
        }
    }

    /// Gathers into one buffer, writes it, and keeps for later what the socket did not take.
    fn turn(&mut self, cx: &mut Context<'_>, buffers: &mut TurnBuffers) -> Poll<Reason> {
        let held_back = !self.pending.is_empty();
        let mut output = std::mem::take(if held_back {
            &mut self.pending
        } else {
            &mut buffers.output
        });
        let end = self.rounds(cx, buffers, &mut output);
        if !output.is_empty() {
            self.pending = output;
        } else if !held_back {
            buffers.output = output;
        }
        end
    }

    fn rounds(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
    ) -> Poll<Reason> {
        while let Poll::Ready(due) = self.heartbeat.poll_due(cx) {
            if let Some(reason) = self.due(due, buffers, output) {
                return Poll::Ready(reason);
            }
        }
        for _ in 0..MAX_ROUNDS {
            // Mail gathered in this round is no reason not to read: the socket may take it all.
            let refused = is_full(output);
            let more_mail = self.gather(cx, buffers, output);
            self.close_when_answered(buffers, output);
            let read = match self.read(cx, buffers, output, refused) {
                Ok(read) => read,
                Err(reason) => {
                    let _ = self.write(cx, output);
                    return Poll::Ready(self.parting.take().unwrap_or(reason));
                }
            };
            let written = match self.write(cx, output) {
                Poll::Ready(Err(error)) => return Poll::Ready(format!("writing failed: {error}")),
                written => written.is_ready(),
            };
            // Whatever else holds us back has our waker: the socket, an answer, or the mailbox.
            if read != Read::Some && !(written && more_mail) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What the timer wants; a reason where the session is over.
    fn due(&mut self, due: Due, buffers: &mut TurnBuffers, output: &mut Vec<u8>) -> Option<Reason> {
        match due {
            Due::Ping => websocket::push_ping(output),
            Due::Drop => return Some(self.parting.take().unwrap_or_else(|| GONE.to_owned())),
            Due::Dead => {
                Counters::add(&self.handler.gateway.counters.slow_consumers);
                self.close(
                    close::SLOW_CONSUMER,
                    "two heartbeats were not answered",
                    buffers,
                    output,
                );
            }
            Due::Unauthenticated => {
                let fault = Fault::new(ErrorCode::Unauthorized, "no authentication in time");
                self.handler.say(output, &mut buffers.text, |dialect, out| {
                    reply::unreadable(out, dialect, &fault);
                });
                self.handler
                    .end(close::UNAUTHORIZED, "no authentication in time");
            }
        }
        None
    }

    /// Reads one piece from the socket, or goes on with what a pause left.
    fn read(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
        refused: bool,
    ) -> Result<Read, Reason> {
        let held = refused || self.handler.answers.is_full() || self.handler.ending.is_some();
        if held && !self.closing {
            return Ok(Read::Held);
        }
        if self.paused {
            let unread = std::mem::take(&mut self.unread);
            return self
                .understand(&unread, buffers, output)
                .map(|()| Read::Some);
        }
        let mut input = std::mem::take(&mut buffers.input);
        let mut buffer = ReadBuf::new(&mut input);
        let outcome = match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
            Poll::Pending => Ok(Read::Waiting),
            Poll::Ready(Err(error)) => Err(format!("reading failed: {error}")),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => Err(GONE.to_owned()),
            Poll::Ready(Ok(())) => {
                self.heartbeat.heard();
                let bytes = buffer.filled();
                self.handler
                    .gateway
                    .counters
                    .bytes_in
                    .fetch_add(bytes.len() as u64, Ordering::Relaxed);
                self.understand(bytes, buffers, output).map(|()| Read::Some)
            }
        };
        buffers.input = input;
        outcome
    }

    fn understand(
        &mut self,
        bytes: &[u8],
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
    ) -> Result<(), Reason> {
        let TurnBuffers { text, context, .. } = buffers;
        let (handler, closing) = (&mut self.handler, self.closing);
        let mut flow = websocket::Flow::Continue;
        handler.read_ms = clock::now_ms();
        let max_message = handler.max_message();
        let read = self
            .socket
            .read(context, max_message, bytes, output, |received, output| {
                if !closing {
                    flow = handler.hear(&received, output, text);
                }
                flow
            });
        match read {
            Ok(taken) => {
                self.paused = flow == websocket::Flow::Pause;
                self.unread.extend_from_slice(&bytes[taken..]);
            }
            Err(End::Closed) => return Err(GONE.to_owned()),
            Err(End::Violation(..)) if self.closing => {}
            Err(End::Violation(code, reason)) => self.violation(code, &reason, buffers, output),
        }
        if self.handler.authenticated {
            self.heartbeat.authenticated();
        }
        self.close_when_answered(buffers, output);
        Ok(())
    }

    /// An oversized message is told as an `error` event too, since the peer may still read it.
    fn violation(
        &mut self,
        code: u16,
        reason: &str,
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
    ) {
        Counters::add(&self.handler.gateway.counters.violations);
        if code == close::TOO_LARGE {
            let text = format!(
                "a message may have {} bytes at most",
                self.handler.max_message()
            );
            let fault = Fault::new(ErrorCode::TooLarge, text);
            self.handler.say(output, &mut buffers.text, |dialect, out| {
                reply::unreadable(out, dialect, &fault);
            });
        }
        self.handler.end(code, reason);
    }

    /// Closes once every command that was taken is answered, or the time for that is over.
    fn close_when_answered(&mut self, buffers: &mut TurnBuffers, output: &mut Vec<u8>) {
        let Some((code, reason)) = &self.handler.ending else {
            return;
        };
        self.heartbeat.closing();
        if self.handler.answers.is_empty() {
            let (code, reason) = (*code, reason.clone());
            self.close(code, &reason, buffers, output);
        }
    }

    /// Begins the closing handshake. Nothing is said after it; what the peer says is read and
    /// forgotten until it closes too.
    fn close(&mut self, code: u16, reason: &str, buffers: &mut TurnBuffers, output: &mut Vec<u8>) {
        if !self.closing {
            self.closing = true;
            self.parting = Some(reason.to_owned());
            self.paused = false;
            self.unread = Vec::new();
            self.socket
                .close(&mut buffers.context, code, reason, output);
            self.heartbeat.closing();
        }
    }

    /// Writes what the socket takes and keeps the rest at the front of the buffer.
    fn write(&mut self, cx: &mut Context<'_>, output: &mut Vec<u8>) -> Poll<io::Result<()>> {
        let mut at = 0;
        let outcome = loop {
            if at == output.len() {
                break Poll::Ready(Ok(()));
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
            .is_some_and(|(at, _)| *at <= self.written)
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
