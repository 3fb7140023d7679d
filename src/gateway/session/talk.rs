//! From what a client says to what it is answered. No sockets: texts in, frames out.

use std::sync::{Arc, atomic::Ordering};

use tokio::task::JoinSet;

use super::{
    answers::{Answers, Slot},
    replay::Replay,
};
use crate::{
    config::Config,
    gateway::{
        Gateway,
        admission::Seat,
        dispatch::{
            answer::{
                Answer, Outcome, joined, outcome_text, parts, pong_text, push_pong, write_outcome,
                write_unreadable,
            },
            dispatch, unknown_action,
        },
        link::Link,
        metrics::Counters,
    },
    integrations::BoxFuture,
    protocol::{
        describe,
        error_code::{ErrorCode, Fault, close},
        frame::{self, Call, Dialect, Incoming, Unreadable},
        payload::Payload,
        reply::{self, Asker},
        websocket::{self, Flow, Received},
    },
};

/// Unwritten bytes at which no more commands are read.
pub(super) const PAUSE_BYTES: usize = 64 * 1024;

/// `send` with `wait` of one client at a time.
const MAX_WAITS: usize = 1024;

/// One client's conversation with the gateway.
pub(super) struct Talk {
    pub(super) gateway: Arc<Gateway>,
    pub(super) config: Arc<Config>,
    pub(super) link: Arc<Link>,
    pub(super) seat: Seat,
    pub(super) authenticated: bool,
    pub(super) answers: Answers,
    /// Set where the connection must close: code and reason.
    pub(super) ending: Option<(u16, String)>,
    /// Replays that were asked for and begin once their answer is out.
    pub(super) begun_replays: Vec<Replay>,
    waits: Option<Box<JoinSet<()>>>,
}

impl Talk {
    pub(super) fn new(
        gateway: Arc<Gateway>,
        link: Arc<Link>,
        seat: Seat,
        authenticated: bool,
    ) -> Self {
        let config = gateway.settings();
        let answers = Answers::default();
        Self {
            gateway,
            config,
            link,
            seat,
            authenticated,
            answers,
            ending: None,
            begun_replays: Vec::new(),
            waits: None,
        }
    }

    /// Longest message this client may send now, in bytes.
    pub(super) fn max_message(&self) -> usize {
        let limits = &self.config.limits;
        if self.authenticated {
            limits.max_message_bytes
        } else {
            limits.max_unauthenticated_bytes
        }
    }

    /// Hears one message and appends what is answered at once.
    pub(super) fn hear(
        &mut self,
        received: &Received<'_>,
        output: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Flow {
        match received {
            Received::Control => {}
            Received::Binary => {
                let fault = Fault::new(
                    ErrorCode::BinaryUnsupported,
                    "binary messages are not supported; send text",
                );
                self.say(output, scratch, |dialect, out| {
                    reply::unreadable(out, dialect, &fault);
                });
            }
            Received::Text(text) => self.hear_text(text, output, scratch),
        }
        let full = output.len() > PAUSE_BYTES || self.answers.is_full() || self.ending.is_some();
        if full { Flow::Pause } else { Flow::Continue }
    }

    fn hear_text(&mut self, text: &str, output: &mut Vec<u8>, scratch: &mut String) {
        match frame::read(text, self.config.limits.max_json_depth, self.link.dialect) {
            Incoming::BarePing => self.say(output, scratch, |_, out| out.push_str("pong")),
            Incoming::TypedPing { id, payload } => {
                let echo = payload.map(serde_json::value::RawValue::get);
                self.say(output, scratch, |_, out| {
                    reply::pong(out, id, |out| push_pong(out, echo));
                });
            }
            Incoming::Call(call) => self.call(&call, output, scratch),
            Incoming::Batch(elements) => self.batch(elements),
            Incoming::Unreadable(unreadable) => {
                Counters::add(&self.gateway.counters.unreadable);
                self.say(output, scratch, |_, out| write_unreadable(out, &unreadable));
            }
        }
        for replay in self.begun_replays.drain(..) {
            self.answers.push(Slot::Replay(replay));
        }
    }

    fn call(&mut self, call: &Call<'_>, output: &mut Vec<u8>, scratch: &mut String) {
        let asker = call.asker();
        if call.action == "ping" {
            self.count();
            if call.wants_answer {
                let echo = call.payload.map(serde_json::value::RawValue::get);
                self.say(output, scratch, |_, out| {
                    reply::response(out, asker, |out| push_pong(out, echo));
                });
            }
            return;
        }
        match self.perform(call) {
            Answer::Now(outcome) => {
                if call.wants_answer {
                    self.say(output, scratch, |_, out| {
                        write_outcome(out, asker, &outcome);
                    });
                }
            }
            Answer::Later(outcome) => {
                let (asker, wanted) = (asker.to_owned(), call.wants_answer);
                self.answers.push(Slot::Waiting(Box::pin(async move {
                    let outcome = outcome.await;
                    if wanted {
                        outcome_text(&asker, &outcome)
                    } else {
                        String::new()
                    }
                })));
            }
            Answer::Unordered(outcome) => self.wait(asker.to_owned(), call.wants_answer, outcome),
        }
    }

    fn count(&self) {
        self.link.received.fetch_add(1, Ordering::Relaxed);
        Counters::add(&self.gateway.counters.commands);
    }

    fn perform(&mut self, call: &Call<'_>) -> Answer {
        self.count();
        let answer = self
            .try_perform(call)
            .unwrap_or_else(|fault| Answer::Now(Err(fault)));
        if matches!(answer, Answer::Now(Err(_))) {
            Counters::add(&self.gateway.counters.command_errors);
        }
        answer
    }

    fn try_perform(&mut self, call: &Call<'_>) -> Result<Answer, Fault> {
        if !self.authenticated && call.action != "auth" && call.action != "ping" {
            self.ending = Some((close::UNAUTHORIZED, "authenticate first".to_owned()));
            let text = "authenticate first: send auth with the token, or the header Authorization: Bearer TOKEN";
            return Err(Fault::new(ErrorCode::Unauthorized, text));
        }
        if call.action == "ping" {
            return Ok(Answer::Now(Ok(pong_text(call.payload))));
        }
        let action = describe::action(&call.action).ok_or_else(|| unknown_action(&call.action))?;
        if self.gateway.shutdown.reason().is_some() {
            return Err(Fault::new(
                ErrorCode::ShuttingDown,
                "the daemon is stopping; connect again later",
            ));
        }
        let payload = Payload::check(action, call.payload)?;
        match action.name {
            "auth" => self.auth(&payload).map(|hello| Answer::Now(Ok(hello))),
            "subscribe" => self
                .subscribe(&payload)
                .map(|topics| Answer::Now(Ok(topics))),
            "unsubscribe" => self.unsubscribe(&payload).map(|left| Answer::Now(Ok(left))),
            _ => Ok(dispatch(&self.gateway, action, payload)),
        }
    }

    /// Every element is done in order; one array comes back, or nothing where all are notifications.
    fn batch(&mut self, elements: Vec<Result<Call<'_>, Unreadable<'_>>>) {
        let parts = parts(elements, |call| self.perform(call));
        let max_bytes = self.config.limits.max_queue_bytes / 2;
        self.answers
            .push(Slot::Waiting(Box::pin(joined(parts, max_bytes))));
    }

    /// Waits beside the conversation; the answer comes by the mailbox, out of turn.
    fn wait(&mut self, asker: Asker, wanted: bool, outcome: BoxFuture<'static, Outcome>) {
        let waits = self.waits.get_or_insert_default();
        while waits.try_join_next().is_some() {}
        if waits.len() >= MAX_WAITS {
            let text = format!(
                "{MAX_WAITS} sends of this client wait already; the message is queued all the same"
            );
            let fault = Fault::new(ErrorCode::QueueFull, text).retry_after(1000);
            self.answers
                .push(Slot::Ready(outcome_text(&asker, &Err(fault))));
            return;
        }
        let link = Arc::clone(&self.link);
        waits.spawn(async move {
            let outcome = outcome.await;
            if wanted {
                let mut frame = Vec::new();
                websocket::push_text(&mut frame, &outcome_text(&asker, &outcome));
                link.push(frame.into());
            }
        });
    }

    /// Says something in its turn: at once where nothing waits, else behind it.
    pub(super) fn say(
        &mut self,
        output: &mut Vec<u8>,
        scratch: &mut String,
        write: impl FnOnce(Dialect, &mut String),
    ) {
        scratch.clear();
        write(self.link.dialect, scratch);
        if self.answers.is_empty() {
            self.link.sent.fetch_add(1, Ordering::Relaxed);
            websocket::push_text(output, scratch);
        } else {
            self.answers.push(Slot::Ready(scratch.clone()));
        }
    }
}
