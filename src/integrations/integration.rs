//! The trait that every integration implements, and the context it runs in.

use std::{future::Future, pin::Pin, sync::Arc};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    outcome::{
        Accepted, DeliveryError, FetchError, FetchedFile, ReconcileResult, RunError, Trouble,
    },
    support::{
        hook::{Hook, HookReply, HookSender},
        progress::Progress,
    },
};
use crate::{media::Intake, message::Message, shutdown::Shutdown};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One service behind the gateway.
pub trait Integration: Send + Sync + 'static {
    /// The channel's name in `send`, unique among the integrations.
    fn name(&self) -> &str;

    /// Does the work besides deliveries, such as polling, until the daemon shuts down. May be dropped at
    /// any await. Returning earlier counts as a failure, even with `Ok`.
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>>;

    /// Sends one message to the service, once. For a text in parts, `progress` has those that earlier
    /// attempts sent.
    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>>;

    /// Fetches a file of an incoming message, once, into `into`. `file` is one of its `media`.
    fn fetch<'a>(
        &'a self,
        message: &'a Message,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>> {
        let _ = (message, file, into);
        let text = format!("{} cannot fetch files", self.name());
        Box::pin(std::future::ready(Err(FetchError::Permanent(text))))
    }

    /// Whether `reply_to` may hold our id of a message for which the service has none.
    fn knows_our_ids(&self) -> bool {
        false
    }

    /// Asks the service for the outcome of an attempt that got no answer. If the attempt sent a part
    /// that is not the last, it is recorded in `progress`.
    fn reconcile<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, ReconcileResult> {
        let _ = (message, progress);
        Box::pin(std::future::ready(ReconcileResult::Unknown))
    }

    /// Whether [`delete`](Self::delete) can succeed.
    fn deletes(&self) -> bool {
        false
    }

    /// Deletes a message of ours for everybody, once. `names` are those that the service gave to its parts. What is
    /// gone there already is a success.
    fn delete<'a>(
        &'a self,
        message: &'a Message,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let _ = (message, names);
        let text = format!("{} cannot delete what was sent", self.name());
        Box::pin(std::future::ready(Err(DeliveryError::Permanent(text))))
    }

    /// False if a delivery to this peer cannot succeed until the peer does something. Its messages wait
    /// in the outbox then, and no attempt counts.
    fn can_reach(&self, peer: &str) -> bool {
        let _ = peer;
        true
    }

    /// Whether the service shows this peer such an indicator.
    fn can_show(&self, indicator: Indicator, peer: &str) -> bool {
        let _ = (indicator, peer);
        false
    }

    /// Shows the peer that we are typing, for a few seconds.
    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        let _ = peer;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Marks these messages of one peer, newest first, as read.
    fn mark_read<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), String>> {
        let _ = messages;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Looks at a request to `/webhooks/NAME` before its body is read: `hook` has none yet. The reply
    /// refuses it.
    fn examine(&self, hook: &Hook) -> Result<HookSender, HookReply> {
        let _ = hook;
        Err(HookReply::new(404, "this integration takes no webhooks"))
    }

    /// Handles a request to `/webhooks/NAME` that [`examine`](Self::examine) let pass. 200 promises that its content is on disk; 5xx asks the
    /// service to repeat it.
    fn hook<'a>(&'a self, hook: &'a Hook) -> BoxFuture<'a, HookReply> {
        let _ = hook;
        let reply = HookReply::new(404, "this integration takes no webhooks");
        Box::pin(std::future::ready(reply))
    }

    /// What the user can do after its credentials were refused.
    fn remedy(&self) -> String {
        format!(
            "mend its credentials in .env, then: cleudocodebot reload (or integrations start {})",
            self.name()
        )
    }

    /// What the user can do about its last failure, if there is more to say than that it is retried.
    fn advice(&self) -> Option<String> {
        None
    }

    /// Whether [`connect`](Self::connect) pairs a device.
    fn pairs_a_device(&self) -> bool {
        false
    }

    /// Data for the user to pair a device with, such as the text of a QR code.
    fn connect(&self) -> BoxFuture<'_, Result<Value, String>> {
        let text = format!("{} has nothing to pair", self.name());
        Box::pin(std::future::ready(Err(text)))
    }

    /// The groups that the account is in, by name.
    fn groups(&self) -> BoxFuture<'_, Result<Vec<Group>, String>> {
        let text = format!(
            "{} cannot list its groups; one is known once somebody wrote in it (conversations --groups)",
            self.name()
        );
        Box::pin(std::future::ready(Err(text)))
    }
}

/// A group that the account is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What it is called.
    pub name: String,
    /// What `send` takes as `to`.
    pub peer: String,
    /// How many are in it, where that is told.
    pub members: Option<u64>,
    /// Whether only those write in it who administer it.
    pub only_admins: bool,
}

impl Group {
    /// As clients get it.
    pub fn json(&self) -> Value {
        let mut json = json!({"peer": self.peer, "name": self.name});
        if let Some(members) = self.members {
            json["members"] = json!(members);
        }
        if self.only_admins {
            json["only_admins"] = json!(true);
        }
        json
    }
}

/// What a peer can be shown besides messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indicator {
    /// That we are typing.
    Typing,
    /// That we read its messages.
    Reading,
}

/// The context of one run of an integration: the shutdown signal, and where to report its health.
#[derive(Clone)]
pub struct RunContext {
    shutdown: Shutdown,
    on_report: Arc<dyn Fn(Report<'_>) + Send + Sync>,
}

/// The health that an integration reports while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report<'a> {
    /// It works.
    Alive,
    /// Its service answers and cannot send now.
    Impaired(&'a Trouble),
    /// Its other side is not connected, and why. Not a failure: it waits for the other side.
    Away(&'a str),
}

impl RunContext {
    /// A run until `shutdown`; `on_report` is called with every report.
    pub fn new(shutdown: Shutdown, on_report: impl Fn(Report<'_>) + Send + Sync + 'static) -> Self {
        Self {
            shutdown,
            on_report: Arc::new(on_report),
        }
    }

    /// Reports that a call succeeded: the service answers and accepts our credentials.
    pub fn alive(&self) {
        (self.on_report)(Report::Alive);
    }

    /// Reports that the service answers but cannot send now. No delivery is tried until
    /// [`alive`](Self::alive).
    pub fn impaired(&self, trouble: &Trouble) {
        (self.on_report)(Report::Impaired(trouble));
    }

    /// Reports that the other side is not connected, for this reason, and will reconnect by itself.
    pub fn away(&self, why: &str) {
        (self.on_report)(Report::Away(why));
    }

    /// Runs `work` until it ends or the daemon shuts down.
    pub async fn spent_on(
        &self,
        work: impl Future<Output = Result<(), RunError>>,
    ) -> Result<(), RunError> {
        tokio::select! {
            _ = self.ended() => Ok(()),
            ended = work => ended,
        }
    }

    /// Waits for the shutdown of the daemon.
    pub fn ended(&self) -> impl Future<Output = &'static str> + Send + 'static {
        self.shutdown.begun()
    }
}

/// The subscribers of conversations. The gateway's bus implements it; here so that integrations do not
/// depend on the gateway.
pub trait Audience: Send + Sync {
    /// Whether a client is subscribed to this conversation.
    fn attends(&self, channel: &str, peer: &str) -> bool;

    /// Yields once, when the socket of a first subscribed client has taken everything sent to it so
    /// far. Closes if every such client disconnects before.
    fn reached(&self, channel: &str, peer: &str) -> mpsc::Receiver<()>;

    /// Publishes that a peer is typing.
    fn hears_typing(&self, typing: &Typing<'_>);
}

/// A peer is typing, or has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typing<'a> {
    /// The channel.
    pub channel: &'a str,
    /// The conversation.
    pub peer: &'a str,
    /// Who is typing, if not the peer itself.
    pub sender: Option<&'a str>,
    /// False once the sender has stopped.
    pub goes_on: bool,
}
