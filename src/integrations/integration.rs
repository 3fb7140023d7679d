//! What every integration implements, and what it is given to work with.

use std::{future::Future, pin::Pin, sync::Arc};

use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    outcome::{Accepted, DeliveryError, ReconcileResult, RunError, Trouble},
    support::{
        hook::{Hook, HookReply},
        progress::Progress,
    },
};
use crate::{message::Message, shutdown::Shutdown};

/// A future that can move between threads, on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One service behind the gateway.
pub trait Integration: Send + Sync + 'static {
    /// The channel's name in `send`, unique among the integrations.
    fn name(&self) -> &str;

    /// Runs what the integration needs besides deliveries until the life ends. It may be dropped at
    /// any await. An early end, even a clean one, counts as a failure.
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>>;

    /// Hands one message to the service, once. Of a text in parts, `progress` knows those that
    /// earlier attempts sent.
    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>>;

    /// Whether an answer to a message without a name of its own there may carry our id of it.
    fn knows_our_ids(&self) -> bool {
        false
    }

    /// Asks the service what became of a message whose attempt got no answer. Where it was a part
    /// that is not the last, `progress` takes it.
    fn reconcile<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, ReconcileResult> {
        let _ = (message, progress);
        Box::pin(std::future::ready(ReconcileResult::Unknown))
    }

    /// False where a delivery to this peer cannot succeed before the peer does something: it then
    /// waits in the outbox without counting as an attempt.
    fn can_reach(&self, peer: &str) -> bool {
        let _ = peer;
        true
    }

    /// Whether this peer gets to see such a sign of ours.
    fn can_show(&self, sign: Indicator, peer: &str) -> bool {
        let _ = (sign, peer);
        false
    }

    /// Shows the peer that we write, for some seconds.
    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        let _ = peer;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Shows the peer of these messages, newest first, that they were read.
    fn mark_read<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), String>> {
        let _ = messages;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Takes what the service posts to `/webhooks/NAME`. A 200 says that it is on disk; 5xx asks for
    /// a repeat.
    fn hook<'a>(&'a self, hook: &'a Hook) -> BoxFuture<'a, HookReply> {
        let _ = hook;
        let reply = HookReply::new(404, "this integration takes no webhooks");
        Box::pin(std::future::ready(reply))
    }

    /// What the user can do where its credentials were refused.
    fn remedy(&self) -> String {
        format!(
            "mend its credentials in .env, then: cleudocodebot reload (or integrations start {})",
            self.name()
        )
    }

    /// What the user can do about its last failure, where more is known than that it is tried again.
    fn advice(&self) -> Option<String> {
        None
    }

    /// Whether [`connect`](Self::connect) pairs a device.
    fn pairs_a_device(&self) -> bool {
        false
    }

    /// Data with which a user pairs a device, such as a QR code's text.
    fn connect(&self) -> BoxFuture<'_, Result<Value, String>> {
        let text = format!("{} has nothing to pair", self.name());
        Box::pin(std::future::ready(Err(text)))
    }
}

/// What a peer may get to see of us besides messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indicator {
    /// That we write.
    Typing,
    /// That we read.
    Reading,
}

/// One run of an integration: until when it lasts, and to whom it says how it fares.
#[derive(Clone)]
pub struct RunContext {
    shutdown: Shutdown,
    on_report: Arc<dyn Fn(Report<'_>) + Send + Sync>,
}

/// What an integration shows of itself while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report<'a> {
    /// It works.
    Alive,
    /// Its service is there, and nothing can be sent by it now.
    Impaired(&'a Trouble),
    /// Its other side is away, and why; it waits for it without failing.
    Away(&'a str),
}

impl RunContext {
    /// A life until `shutdown`; `on_report` hears of every sign of it.
    pub fn new(shutdown: Shutdown, on_report: impl Fn(Report<'_>) + Send + Sync + 'static) -> Self {
        Self {
            shutdown,
            on_report: Arc::new(on_report),
        }
    }

    /// A call or a poll succeeded: the service is there and takes our credentials.
    pub fn alive(&self) {
        (self.on_report)(Report::Alive);
    }

    /// The service is there and says that nothing can be sent by it now. What waits is not tried
    /// until [`alive`](Self::alive).
    pub fn impaired(&self, trouble: &Trouble) {
        (self.on_report)(Report::Impaired(trouble));
    }

    /// The other side is not there, for this reason, and will come back by itself.
    pub fn away(&self, why: &str) {
        (self.on_report)(Report::Away(why));
    }

    /// Does `work` until it ends by itself or the daemon does.
    pub async fn spent_on(
        &self,
        work: impl Future<Output = Result<(), RunError>>,
    ) -> Result<(), RunError> {
        tokio::select! {
            _ = self.ended() => Ok(()),
            ended = work => ended,
        }
    }

    /// Waits for the end of the daemon.
    pub fn ended(&self) -> impl Future<Output = &'static str> + Send + 'static {
        self.shutdown.begun()
    }
}

/// Who listens to a conversation right now: the clients of the gateway, seen from below.
pub trait Audience: Send + Sync {
    /// Whether a client attends this conversation.
    fn attends(&self, channel: &str, peer: &str) -> bool;

    /// Yields once for the first client that attends it and whose socket took all that was sent to
    /// it so far; ends where every such client left before.
    fn reached(&self, channel: &str, peer: &str) -> mpsc::Receiver<()>;

    /// Tells whoever listens that a peer writes.
    fn hears_typing(&self, typing: &Typing<'_>);
}

/// A peer writes, or no longer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typing<'a> {
    /// The integration it came by.
    pub channel: &'a str,
    /// The conversation.
    pub peer: &'a str,
    /// Who writes, where that is not the peer itself.
    pub sender: Option<&'a str>,
    /// False where it ended.
    pub goes_on: bool,
}
