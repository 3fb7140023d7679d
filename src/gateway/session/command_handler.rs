//! From a client's messages to their answers: reads each, has it done, and keeps the answers in the
//! order of the commands. No sockets: texts in, frames out.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
};

use tokio::task::JoinSet;

use super::{
    answers::{AnswerSlot, Answers},
    replay::Replay,
};
use crate::{
    config::Config,
    gateway::{
        Gateway,
        actions::{
            answer::{
                Answer, Batch, CommandResult, batch, joined, outcome_text, write_outcome,
                write_unreadable,
            },
            connection::push_pong,
            perform, refused,
        },
        admission::Permit,
        clients::{handle::ClientHandle, mailbox::Frame},
        metrics::GatewayCounters,
    },
    integrations::BoxFuture,
    protocol::{
        call::{Call, ClientMessage, Unreadable},
        dialect::Dialect,
        error_code::{ErrorCode, Fault, close},
        frame, reply,
        websocket::{self, Flow, PeerMessage},
    },
};

/// Unwritten bytes at which no more commands are read.
pub(super) const PAUSE_BYTES: usize = 64 * 1024;

/// `send` with `wait` of one client at a time.
const MAX_WAITS: usize = 1024;

/// The state of one client's commands: what it may do, and which answers are under way.
pub(super) struct CommandHandler {
    pub(super) gateway: Arc<Gateway>,
    pub(super) config: Arc<Config>,
    pub(super) handle: Arc<ClientHandle>,
    pub(super) permit: Permit,
    pub(super) authenticated: bool,
    /// When the current bytes were read, in ms since 1970. The clock is read once for all of them.
    pub(super) read_ms: u64,
    pub(super) answers: Answers,
    /// Set where the connection must close: code and reason.
    pub(super) pending_close: Option<(u16, String)>,
    /// Replays that were asked for; each begins once its answer is out and the one before is done.
    pub(super) replays: Vec<Replay>,
    waits: Option<Box<JoinSet<()>>>,
}

impl CommandHandler {
    pub(super) fn new(
        gateway: Arc<Gateway>,
        handle: Arc<ClientHandle>,
        permit: Permit,
        authenticated: bool,
    ) -> Self {
        let config = gateway.settings();
        let answers = Answers::default();
        Self {
            gateway,
            config,
            handle,
            permit,
            authenticated,
            read_ms: 0,
            answers,
            pending_close: None,
            replays: Vec::new(),
            waits: None,
        }
    }

    /// The connection must close once everything is answered. The first reason stays.
    pub(super) fn request_close(&mut self, code: u16, reason: &str) {
        self.pending_close
            .get_or_insert_with(|| (code, reason.to_owned()));
    }

    /// The answer to the oldest `subscribe` with `since` is out: its replay may begin.
    pub(super) fn release_replay(&mut self) {
        if let Some(next) = self.replays.iter_mut().find(|replay| !replay.released) {
            next.released = true;
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

    /// Handles one message and appends the answer where it is known at once.
    #[cfg_attr(
        conformance_echo,
        allow(unreachable_patterns, reason = "the echo takes every message first")
    )]
    pub(super) fn handle_message(
        &mut self,
        received: &PeerMessage<'_>,
        output: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Flow {
        let was_authenticated = self.authenticated;
        match received {
            // For tests/conformance, which judge the connection by what comes back; in no other build.
            #[cfg(conformance_echo)]
            PeerMessage::Text(text) => crate::protocol::websocket::push_text(output, text),
            #[cfg(conformance_echo)]
            PeerMessage::Binary(bytes) => crate::protocol::websocket::push_binary(output, bytes),
            PeerMessage::Control => {}
            PeerMessage::Binary(_) => {
                let fault = Fault::new(
                    ErrorCode::BinaryUnsupported,
                    "binary messages are not supported; send text",
                );
                self.respond(output, scratch, |dialect, out| {
                    reply::unreadable(out, dialect, &fault);
                });
            }
            PeerMessage::Text(text) => self.handle_text(text, output, scratch),
        }
        let full =
            output.len() > PAUSE_BYTES || self.answers.is_full() || self.pending_close.is_some();
        // The limit of a message changes with authentication, also for bytes already read.
        if full || self.authenticated != was_authenticated {
            Flow::Pause
        } else {
            Flow::Continue
        }
    }

    fn handle_text(&mut self, text: &str, output: &mut Vec<u8>, scratch: &mut String) {
        match frame::read(
            text,
            self.config.limits.max_json_depth,
            self.handle.dialect(),
        ) {
            ClientMessage::BarePing => self.respond(output, scratch, |_, out| out.push_str("pong")),
            ClientMessage::TypedPing { id, payload } => {
                let now_ms = self.read_ms;
                self.respond(output, scratch, |_, out| {
                    reply::pong(out, id, |out| push_pong(out, now_ms, payload));
                });
            }
            ClientMessage::Call(call) => self.call(&call, output, scratch),
            ClientMessage::Batch(elements) => self.batch(elements),
            ClientMessage::Unreadable(unreadable) => {
                GatewayCounters::add(&self.gateway.counters.unreadable);
                if unreadable.wants_answer {
                    self.respond(output, scratch, |_, out| write_unreadable(out, &unreadable));
                }
            }
        }
    }

    fn call(&mut self, call: &Call<'_>, output: &mut Vec<u8>, scratch: &mut String) {
        let asker = call.asker();
        if call.action == "ping" {
            self.count();
            if call.wants_answer {
                let now_ms = self.read_ms;
                self.respond(output, scratch, |_, out| {
                    reply::response(out, asker, |out| push_pong(out, now_ms, call.payload));
                });
            }
            return;
        }
        let replays = self.replays.len();
        match self.perform(call) {
            Answer::Now(outcome) if call.wants_answer => {
                self.respond(output, scratch, |_, out| {
                    write_outcome(out, asker, &outcome);
                });
            }
            Answer::Now(_) => {}
            Answer::Later(outcome) => {
                self.answers
                    .push(AnswerSlot::Waiting(Box::pin(late(call, outcome))));
            }
            Answer::Unordered(outcome) => {
                let handle = Arc::clone(&self.handle);
                self.answer_later(out_of_turn(handle, call, outcome));
            }
        }
        self.release_behind(replays);
    }

    /// Queues the start of the replays that were requested since there were `before` of them, behind
    /// the answers given so far.
    fn release_behind(&mut self, before: usize) {
        for _ in before..self.replays.len() {
            self.answers.push(AnswerSlot::Release);
        }
    }

    fn count(&self) {
        self.handle.received.fetch_add(1, Ordering::Relaxed);
        GatewayCounters::add(&self.gateway.counters.commands);
    }

    fn perform(&mut self, call: &Call<'_>) -> Answer {
        self.handle.received.fetch_add(1, Ordering::Relaxed);
        let gateway = Arc::clone(&self.gateway);
        if !self.authenticated && call.action != "auth" && call.action != "ping" {
            self.request_close(close::UNAUTHORIZED, "authenticate first");
            let text = "authenticate first: send auth with the token, or the header Authorization: Bearer TOKEN";
            return refused(&gateway, Fault::new(ErrorCode::Unauthorized, text));
        }
        if matches!(&*call.action, "subscribe" | "auth") {
            self.handle.speak(call.dialect);
        }
        let access = self.handle.access();
        perform(&gateway, &access, call, Some(self))
    }

    /// Does every element in order; the answer is one array, or nothing where all are notifications.
    /// An element that waits for a delivery takes the whole array out of order with it.
    fn batch(&mut self, elements: Vec<Result<Call<'_>, Unreadable<'_>>>) {
        let replays = self.replays.len();
        let Batch { parts, unordered } = batch(elements, |call| self.perform(call));
        let max_bytes = self.config.limits.max_queue_bytes / 2;
        // Out of order they go through the mailbox, which has a bound: there has to be room for what is told instead.
        let longest = if unordered {
            max_bytes + max_bytes / 2
        } else {
            usize::MAX
        };
        let answers = joined(parts, max_bytes, longest);
        if unordered {
            let handle = Arc::clone(&self.handle);
            self.answer_later(async move {
                let text = answers.await;
                if !text.is_empty() {
                    handle.push(text_frame(&text));
                }
            });
        } else {
            self.answers.push(AnswerSlot::Waiting(Box::pin(answers)));
        }
        self.release_behind(replays);
    }

    /// Whether one more answer may be waited for out of turn.
    pub(super) fn expect_room_for_wait(&mut self) -> Result<(), Fault> {
        let waits = self.waits.get_or_insert_default();
        while waits.try_join_next().is_some() {}
        if waits.len() < MAX_WAITS {
            return Ok(());
        }
        let text = format!("{MAX_WAITS} sends of this client wait already; send without wait");
        Err(Fault::new(ErrorCode::QueueFull, text).retry_after(1000))
    }

    /// Waits in a task of its own; the answer comes through the mailbox, out of order.
    fn answer_later(&mut self, answer: impl Future<Output = ()> + Send + 'static) {
        self.waits.get_or_insert_default().spawn(answer);
    }

    /// Writes an answer in its turn: at once where no earlier one is waiting, else behind those.
    pub(super) fn respond(
        &mut self,
        output: &mut Vec<u8>,
        scratch: &mut String,
        write: impl FnOnce(Dialect, &mut String),
    ) {
        scratch.clear();
        write(self.handle.dialect(), scratch);
        if self.answers.is_empty() {
            self.handle.sent.fetch_add(1, Ordering::Relaxed);
            websocket::push_text(output, scratch);
        } else {
            self.answers.push(AnswerSlot::Ready(scratch.clone()));
        }
    }
}

/// The text of an answer once it comes; empty where nobody wants one.
fn late(
    call: &Call<'_>,
    outcome: BoxFuture<'static, CommandResult>,
) -> impl Future<Output = String> + Send + use<> {
    let asker = call.wants_answer.then(|| call.asker().to_owned());
    async move {
        let outcome = outcome.await;
        asker.map_or_else(String::new, |asker| outcome_text(&asker, &outcome))
    }
}

/// Queues an answer once it comes, out of order. One that needs more than half of the queue goes in alone or not at all:
/// its asker is told, rather than dropped as one who does not read.
fn out_of_turn(
    handle: Arc<ClientHandle>,
    call: &Call<'_>,
    outcome: BoxFuture<'static, CommandResult>,
) -> impl Future<Output = ()> + Send + use<> {
    let asker = call.wants_answer.then(|| call.asker().to_owned());
    async move {
        let outcome = outcome.await;
        let Some(asker) = asker else { return };
        let frame = text_frame(&outcome_text(&asker, &outcome));
        let (bytes, room) = (frame.len(), handle.room());
        if bytes <= room / 2 {
            handle.push(frame);
        } else if !handle.push_fitting(frame) {
            let refused = Err(no_room(bytes, room));
            handle.push(text_frame(&outcome_text(&asker, &refused)));
        }
    }
}

/// The fault of an answer that does not fit into the queue of its asker, or not now.
fn no_room(bytes: usize, room: usize) -> Fault {
    if bytes > room {
        let text = format!(
            "the answer has {bytes} bytes, of {room} that may wait for a client; ask with POST /rpc, or raise CLEUDOCODEBOT_MAX_QUEUE_BYTES"
        );
        return Fault::new(ErrorCode::TooLarge, text);
    }
    let text = format!(
        "the answer has {bytes} bytes, for which there is no room behind what waits for this client; read that, and ask again"
    );
    Fault::new(ErrorCode::QueueFull, text).retry_after(1000)
}

fn text_frame(text: &str) -> Frame {
    let mut frame = Vec::with_capacity(text.len() + 10);
    websocket::push_text(&mut frame, text);
    frame.into()
}
