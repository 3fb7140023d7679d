//! The channels as clients steer them: status, start, stop, pairing, indicators, webhooks and bridges.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    integrations::{
        BoxFuture, Group, Hook, HookReply, HookSender,
        bridge::{BridgeClient, BridgeLease, Refusal},
        pairing::Pairings,
    },
    message::{Message, MessageId},
    store::StoreError,
};

/// The channels that the daemon runs, as clients may steer them.
pub trait Channels: Send + Sync {
    /// The status of every integration.
    fn integrations(&self) -> Vec<IntegrationStatus>;

    /// Starts or stops one; `None` where there is none of this name.
    fn steer(&self, name: &str, how: Steer) -> Option<IntegrationStatus>;

    /// Asks one for what pairs a device; `None` where there is none of this name.
    fn connect(&self, name: &str) -> Option<BoxFuture<'static, Result<Value, String>>>;

    /// Asks one for the groups of its account; `None` where there is none of this name.
    fn groups(&self, name: &str) -> Option<BoxFuture<'static, Result<Vec<Group>, String>>>;

    /// Has a service delete a message of ours for everybody, which it knows by these names, and notes it; the
    /// message as it is then. This is completed even if the future is dropped. `None` where there is no such channel.
    fn delete(
        &self,
        message: Message,
        names: Vec<String>,
    ) -> Option<BoxFuture<'static, Result<Message, DeletionError>>>;

    /// Has a service show its peer that we are typing; whether it will. Does not wait for the service.
    fn typing(&self, channel: &str, peer: &str) -> bool;

    /// Has a service show its peer what was read, where it can. Does not wait for the service.
    fn read(&self, read: ReadUpTo);

    /// Has an integration look at a webhook's request whose body is not read yet; `None` where there is
    /// none of this name.
    fn examine_hook(&self, name: &str, hook: &Hook) -> Option<Result<HookSender, HookReply>>;

    /// Hands a webhook's request to its integration; `None` where there is none of this name.
    fn hook(&self, name: &str, hook: Hook) -> Option<BoxFuture<'static, HookReply>>;

    /// Gives a channel to a client that becomes its bridge. The channel exists when this returns; when
    /// the future resolves the client has it, and it will exist after a restart.
    fn bridge(
        self: Arc<Self>,
        channel: String,
        client: Arc<dyn BridgeClient>,
    ) -> BoxFuture<'static, Result<BridgeLease, Refusal>>;

    /// Forgets the channel of a bridge and gives up the messages that wait for it; returns how many.
    /// This is completed even if the future is dropped.
    fn forget(self: Arc<Self>, name: String) -> BoxFuture<'static, Result<u64, Refusal>>;

    /// The senders that were approved, and those who ask to be.
    fn pairings(&self) -> Arc<Pairings>;
}

/// Why a message was not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletionError {
    /// The service says no, or has no way to.
    Refused(String),
    /// It cannot be asked now, or gave no answer.
    Unavailable(String),
    /// It is gone there, and that could not be noted here.
    NotNoted(StoreError),
}

/// A conversation was read further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadUpTo {
    /// Its integration.
    pub channel: String,
    /// The other side.
    pub peer: String,
    /// Up to where it was read before.
    pub after: Option<MessageId>,
    /// Up to where it is read now.
    pub up_to: MessageId,
}

/// What a client may do to an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steer {
    /// Start it; where it runs, restart it.
    Start,
    /// Stop it until it is started.
    Stop,
}

/// One integration in `status` and `integrations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationStatus {
    /// Its channel.
    pub name: String,
    /// `running`, ….
    pub state: String,
    /// When it came to this state, ms since 1970.
    pub since_ms: u64,
    /// When it starts again, ms since 1970, where it waits for that.
    pub until_ms: Option<u64>,
    /// What the user can do about it.
    pub advice: Option<String>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Why its messages wait, where something holds them back.
    pub held: Option<String>,
    /// Whether a device can be paired with it.
    pub pairable: bool,
    /// Whether messages can be deleted there.
    pub deletes: bool,
    /// Counts by name.
    pub counters: Vec<(&'static str, u64)>,
}

impl IntegrationStatus {
    /// As on the wire.
    pub fn json(&self) -> Value {
        let mut status = status_json(
            (&self.name, &self.state),
            (self.since_ms, self.until_ms),
            [&self.last_error, &self.advice],
            &self.counters,
        );
        if let Some(held) = &self.held {
            status["held"] = json!(held);
        }
        for (name, can) in [("pairable", self.pairable), ("deletes", self.deletes)] {
            if can {
                status[name] = json!(true);
            }
        }
        status
    }
}

/// What the status of an integration and that of an agent have in common: name and state, since and until
/// when, the last error and the advice, counts by name.
pub(super) fn status_json(
    (name, state): (&str, &str),
    (since_ms, until_ms): (u64, Option<u64>),
    [last_error, advice]: [&Option<String>; 2],
    counters: &[(&'static str, u64)],
) -> Value {
    let counters = counters.iter();
    let counters: Map<String, Value> = counters
        .map(|(name, count)| ((*name).to_owned(), json!(count)))
        .collect();
    let mut status =
        json!({"name": name, "state": state, "since_ms": since_ms, "counters": counters});
    if let Some(until) = until_ms {
        status["until_ms"] = json!(until);
    }
    for (name, text) in [("last_error", last_error), ("advice", advice)] {
        if let Some(text) = text {
            status[name] = json!(text);
        }
    }
    status
}
