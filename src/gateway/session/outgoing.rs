//! What others have for this client: answers whose time has come, replays, and its mailbox, all
//! gathered into the one buffer of a turn.

use std::{
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use serde_json::json;

use super::{
    Session, answers::Out, is_full, replay::Step, talk::PAUSE_BYTES, workbench::Workbench,
};
use crate::{
    gateway::{
        bus::event_frame,
        link::{Item, Lag, Taken},
        metrics::Counters,
    },
    protocol::{error_code::close, frame::Dialect, message_json::push_message, reply, websocket},
};

impl Session {
    /// Takes what others have for this client: answers whose time has come, replays, the mailbox.
    /// True where it stopped because the buffer is full.
    pub(super) fn gather(
        &mut self,
        cx: &mut Context<'_>,
        bench: &mut Workbench,
        output: &mut Vec<u8>,
    ) -> bool {
        while !self.closing
            && !is_full(output)
            && let Poll::Ready(out) = self.talk.answers.poll_next(cx)
        {
            match out {
                Out::Text(text) if text.is_empty() => {}
                Out::Text(text) => {
                    self.talk.link.sent.fetch_add(1, Ordering::Relaxed);
                    websocket::push_text(output, &text);
                }
                Out::Release => self.talk.release_replay(),
            }
        }
        self.replay(cx, bench, output);
        self.take_mail(cx, bench, output);
        !self.closing && is_full(output)
    }

    fn replay(&mut self, cx: &mut Context<'_>, bench: &mut Workbench, output: &mut Vec<u8>) {
        while !self.closing && !is_full(output) {
            let Some(replay) = self.talk.replays.front_mut().filter(|one| one.released) else {
                return;
            };
            match replay.poll_step(cx, &self.talk.gateway, &self.talk.link) {
                Poll::Pending => return,
                Poll::Ready(Step::Event(event)) => {
                    bench.text.clear();
                    let write = |out: &mut String| push_message(out, &event.message);
                    reply::event(&mut bench.text, self.talk.link.dialect, event.name(), write);
                    websocket::push_text(output, &bench.text);
                }
                Poll::Ready(Step::Done) => drop(self.talk.replays.pop_front()),
                Poll::Ready(Step::Failed(why)) => {
                    let text = format!("the replay broke off, subscribe again: {why}");
                    self.close(close::INTERNAL, &text, bench, output);
                }
            }
        }
    }

    fn take_mail(&mut self, cx: &mut Context<'_>, bench: &mut Workbench, output: &mut Vec<u8>) {
        if self.closing {
            return;
        }
        let dialect = self.talk.link.dialect;
        let (written, markers) = (self.written, &mut self.markers);
        let (mut lag, link) = (None, Arc::clone(&self.talk.link));
        let taken = link.drain(
            cx,
            (PAUSE_BYTES + 1).saturating_sub(output.len()),
            |item| match item {
                Item::Frame(frame) => output.extend_from_slice(&frame),
                Item::Marker(fired) => {
                    markers.push_back((written + output.len() as u64, fired));
                }
            },
            |seen| lag = Some(seen),
        );
        if let Some(lag) = lag {
            output.extend_from_slice(&lagged(dialect, lag));
        }
        match taken {
            Taken::Close(close::SLOW_CONSUMER, reason) => {
                Counters::add(&self.talk.gateway.counters.slow_consumers);
                self.close(close::SLOW_CONSUMER, reason, bench, output);
            }
            Taken::Close(code, reason) => self.talk.end(code, reason),
            Taken::Some | Taken::Empty => {}
        }
    }
}

fn lagged(dialect: Dialect, lag: Lag) -> bytes::Bytes {
    let payload = json!({"dropped": lag.dropped, "from": lag.from_ms, "to": lag.to_ms}).to_string();
    event_frame(dialect, "lagged", |out| out.push_str(&payload))
}
