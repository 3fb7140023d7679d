//! What every integration implements, and the list of them.
//!
//! An integration reaches one service. It never retries and never waits for long: the daemon's
//! supervisor and delivery workers do. What a service brings goes through `ingress`.

pub mod bridge;
mod chat_commands;
pub mod cloud;
pub mod evolution;
mod hmac;
pub mod hook;
pub mod http;
pub mod ingress;
pub mod pairing;
pub mod plan;
mod progress;
pub mod redact;
pub mod split;
pub mod telegram;
mod tls;
pub mod webchat;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::mpsc;

pub use self::progress::Progress;

use self::hook::{Hook, HookReply};
use crate::{message::Message, shutdown::Shutdown};

/// The field of a message's `meta` with the address it came by, where that is not what the peer is
/// called here.
pub const ADDRESS: &str = "address";

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

    /// How the integration itself sees its connection.
    fn state(&self) -> Health {
        Health::Working
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

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// Something that another try may mend, not before this time where one is given.
    Failed(String, Option<Duration>),
    /// The service refused the credentials: only the user can mend that.
    Refused(String),
}

/// What an integration says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It works, as far as it knows.
    Working,
    /// It cannot work now, and why.
    Impaired(String),
}

/// How far a message came by one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// The service took it and knows it by these names, by which its receipts come.
    Sent(Vec<String>),
    /// The peer has it.
    Delivered,
}

/// Why a delivery failed, and so what may be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryError {
    /// It was not sent; another try may help, not before this time where one is given.
    Transient(String, Option<Duration>),
    /// It was not sent and never will be.
    Permanent(String),
    /// The service refused our credentials: nothing can be sent before the user mends them.
    Unauthorized(String),
    /// The request left and no answer came.
    Unknown(String),
    /// The peer cannot be reached (any more); it waits until `can_reach` says otherwise. However
    /// often this happens, the message is not given up.
    Away,
    /// The request left, and its end before any answer was our doing: nobody knows, and nobody is to
    /// blame. It is tried again however often this happens.
    Interrupted(String),
}

impl DeliveryError {
    /// The same without what it quotes of the message, for errors are logged.
    #[must_use]
    pub fn without(self, text: &str) -> Self {
        let hushed = |why: String| redact::without_text(&why, text);
        match self {
            Self::Transient(why, earliest) => Self::Transient(hushed(why), earliest),
            Self::Permanent(why) => Self::Permanent(hushed(why)),
            Self::Unauthorized(why) => Self::Unauthorized(hushed(why)),
            Self::Unknown(why) => Self::Unknown(hushed(why)),
            Self::Away => Self::Away,
            Self::Interrupted(why) => Self::Interrupted(hushed(why)),
        }
    }
}

/// What a service says about an attempt that got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReconcileResult {
    /// It cannot tell.
    Unknown,
    /// It did not answer that either; to be asked again, not before this time where one is given.
    Unasked(String, Option<Duration>),
    /// It never got the message.
    NotSent,
    /// It has it.
    Sent(Accepted),
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
