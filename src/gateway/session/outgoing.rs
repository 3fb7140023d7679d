//! What is to be sent to this client: answers that are due, replayed events, and its mailbox, all
//! gathered into the one buffer of a turn.

use std::{
    sync::atomic::Ordering,
    task::{Context, Poll},
};

use serde_json::json;

use super::{
    Session, TcpEnd, answers::NextAnswer, command_handler::PAUSE_BYTES, is_full,
    replay::ReplayStep, turn_buffers::TurnBuffers,
};
use crate::{
    gateway::{
        clients::{
            event_frames::event_frame,
            mailbox::{Frame, Lag, Mail, MailItem},
        },
        metrics::GatewayCounters,
    },
    protocol::{describe::event, dialect::Dialect, error_code::close, reply, websocket},
};

impl Session {
    /// Gathers answers that are due, replayed events, and the mailbox, in this order: an answer to
    /// `subscribe` must come before the events it asked for. Whether it stopped because the buffer is
    /// full.
    pub(super) fn gather(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
    ) -> bool {
        while !self.closing
            && !is_full(output)
            && let Poll::Ready(out) = self.handler.answers.poll_next(cx)
        {
            match out {
                NextAnswer::Text(text) if text.is_empty() => {}
                NextAnswer::Text(text) => {
                    self.handler.handle.sent.fetch_add(1, Ordering::Relaxed);
                    websocket::push_text(output, &text);
                }
                NextAnswer::Release => self.handler.release_replay(),
            }
        }
        self.replay(cx, buffers, output);
        self.drain_mailbox(cx, buffers, output);
        !self.closing && is_full(output)
    }

    fn replay(&mut self, cx: &mut Context<'_>, buffers: &mut TurnBuffers, output: &mut Vec<u8>) {
        while !self.closing && !is_full(output) {
            let Some(replay) = self.handler.replays.first_mut().filter(|one| one.released) else {
                return;
            };
            match replay.poll_step(cx, &self.handler.gateway, &self.handler.handle) {
                Poll::Pending => return,
                Poll::Ready(ReplayStep::Event(event)) => {
                    buffers.text.clear();
                    let cursors = &self.handler.gateway.listeners.bus.cursors;
                    let handle = &self.handler.handle;
                    let write = |out: &mut String| cursors.push(out, handle, &event);
                    reply::event(&mut buffers.text, handle.dialect(), event.name(), write);
                    websocket::push_text(output, &buffers.text);
                }
                Poll::Ready(ReplayStep::Done) => drop(self.handler.replays.remove(0)),
                Poll::Ready(ReplayStep::Failed(why)) => {
                    let text = format!("the replay broke off, subscribe again: {why}");
                    self.close(close::INTERNAL, &text, buffers, output);
                }
            }
        }
    }

    fn drain_mailbox(
        &mut self,
        cx: &mut Context<'_>,
        buffers: &mut TurnBuffers,
        output: &mut Vec<u8>,
    ) {
        if self.closing {
            self.give_way_if_revoked();
            return;
        }
        let dialect = self.handler.handle.dialect();
        let (written, markers) = (self.written, &mut self.markers);
        let mut lag = None;
        let taken = self.handler.handle.drain(
            cx,
            (PAUSE_BYTES + 1).saturating_sub(output.len()),
            |item| match item {
                MailItem::Frame(frame) => output.extend_from_slice(&frame),
                MailItem::Marker(fired) => {
                    markers.push_back((written + output.len() as u64, fired));
                }
            },
            |seen| lag = Some(seen),
        );
        if let Some(lag) = lag {
            output.extend_from_slice(&lagged(dialect, lag));
        }
        match taken {
            Mail::Close(close::SLOW_CONSUMER, reason) => {
                GatewayCounters::add(&self.handler.gateway.counters.slow_consumers);
                self.close(close::SLOW_CONSUMER, reason, buffers, output);
            }
            Mail::Close(close::TRY_AGAIN_LATER, reason) => {
                self.close(close::TRY_AGAIN_LATER, reason, buffers, output);
            }
            Mail::Close(close::FORBIDDEN, reason) => {
                self.close(close::FORBIDDEN, reason, buffers, output);
                self.give_way_if_revoked();
            }
            Mail::Close(code, reason) => self.handler.request_close(code, reason),
            Mail::Some | Mail::Empty => {}
        }
    }
}

impl Session {
    /// A client that does not read is not waited for once its key is no longer good.
    fn give_way_if_revoked(&mut self) {
        let access = self.handler.handle.access();
        if self.blocked && access.key().is_some_and(|key| key.is_revoked()) {
            self.end = TcpEnd::GivesWay;
        }
    }
}

fn lagged(dialect: Dialect, lag: Lag) -> Frame {
    let payload = json!({"dropped": lag.dropped, "from": lag.from_ms, "to": lag.to_ms}).to_string();
    event_frame(dialect, event::LAGGED, |out| out.push_str(&payload))
}
