//! What comes from the client: bytes from the socket, the messages in them, and what is done where they
//! break the protocol.

use std::{
    pin::Pin,
    sync::atomic::Ordering,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead as _, ReadBuf};

use super::{CLIENT_CLOSED, ReadOutcome, Reason, Session, TcpEnd, turn_buffers::TurnBuffers};
use crate::{
    clock,
    gateway::metrics::GatewayCounters,
    protocol::{
        error_code::{ErrorCode, Fault, close},
        reply,
        websocket::{self, End},
    },
};

impl Session {
    /// Reads once from the socket, or goes on with what a pause left.
    pub(super) fn read(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
        refused: bool,
    ) -> Result<ReadOutcome, Reason> {
        let held =
            refused || self.handler.answers.is_full() || self.handler.pending_close.is_some();
        if held && !self.closing {
            return Ok(ReadOutcome::Held);
        }
        if self.paused {
            let mut unread = std::mem::take(&mut self.unread);
            return self
                .process(&mut unread, buffers, output)
                .map(|()| ReadOutcome::Some);
        }
        let mut input = std::mem::take(&mut buffers.input);
        let mut buffer = ReadBuf::new(&mut input);
        let outcome = match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
            Poll::Pending => Ok(ReadOutcome::Waiting),
            Poll::Ready(Err(error)) => Err(format!("reading failed: {error}").into()),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => Err(CLIENT_CLOSED.into()),
            Poll::Ready(Ok(())) => {
                self.heartbeat.heard();
                let bytes = buffer.filled_mut();
                self.handler
                    .gateway
                    .counters
                    .bytes_in
                    .fetch_add(bytes.len() as u64, Ordering::Relaxed);
                self.process(bytes, buffers, output)
                    .map(|()| ReadOutcome::Some)
            }
        };
        buffers.input = input;
        outcome
    }

    fn process(
        &mut self,
        bytes: &mut [u8],
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
                    flow = handler.handle_message(&received, output, text);
                }
                flow
            });
        match read {
            Ok(taken) => {
                self.paused = flow == websocket::Flow::Pause;
                self.unread.extend_from_slice(&bytes[taken..]);
            }
            Err(End::Closed) => {
                self.end = TcpEnd::InOrder;
                return Err(CLIENT_CLOSED.into());
            }
            Err(End::Violation(..)) if self.closing => {}
            Err(End::Violation(code, reason)) => self.violation(code, &reason, buffers, output),
        }
        if self.handler.authenticated {
            self.heartbeat.authenticated();
        }
        self.count_held();
        self.close_when_answered(buffers, output);
        Ok(())
    }

    /// Says how much of unfinished messages this session holds; most hold nothing, and say nothing.
    fn count_held(&self) {
        let handler = &self.handler;
        // What one read brought and waits for our own disk is no owner's fault.
        let unread = if handler.authenticated {
            0
        } else {
            self.unread.len()
        };
        let held = self.socket.held_bytes() + unread;
        if held != handler.permit.held() {
            let limits = &handler.config.limits;
            handler.permit.hold(held, limits, Some(&handler.handle));
        }
    }

    /// An oversized message is reported by an `error` event too, since the peer may still read it.
    fn violation(
        &mut self,
        code: u16,
        reason: &str,
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
    ) {
        GatewayCounters::add(&self.handler.gateway.counters.violations);
        if code == close::TOO_LARGE {
            let text = format!(
                "a message may have {} bytes at most",
                self.handler.max_message()
            );
            let fault = Fault::new(ErrorCode::TooLarge, text);
            self.handler
                .respond(output, &mut buffers.text, |dialect, out| {
                    reply::unreadable(out, dialect, &fault);
                });
        }
        self.handler.request_close(code, reason);
    }
}
