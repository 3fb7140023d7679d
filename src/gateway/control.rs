//! What the gateway asks of the daemon above it, so that the arrow still points down.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    config::Setting,
    integrations::{
        BoxFuture, Hook, HookReply,
        bridge::{BridgeClient, BridgeLease, Refusal},
        pairing::Pairings,
    },
    message::MessageId,
};

/// The daemon, as clients may steer it.
pub trait Control: Send + Sync {
    /// Every integration and how it is.
    fn integrations(&self) -> Vec<IntegrationStatus>;

    /// Starts or stops one; `None` where there is none of this name.
    fn steer(&self, name: &str, how: Steer) -> Option<IntegrationStatus>;

    /// Data to pair one with; `None` where there is none of this name.
    fn connect(&self, name: &str) -> Option<BoxFuture<'static, Result<Value, String>>>;

    /// Has a service show its peer that we write; whether it does. Never waits for it.
    fn typing(&self, channel: &str, peer: &str) -> bool;

    /// Has a service show its peer what was read, where it can. Never waits for it.
    fn read(&self, read: ReadUpTo);

    /// Hands a webhook's request to its integration; `None` where there is none of this name.
    fn hook(&self, name: &str, hook: Hook) -> Option<BoxFuture<'static, HookReply>>;

    /// Gives a channel to a client that is its bridge. The channel is there when this comes back,
    /// the client has it when it resolves, and by then it is kept across restarts.
    fn bridge(
        &self,
        channel: String,
        client: Arc<dyn BridgeClient>,
    ) -> BoxFuture<'static, Result<BridgeLease, Refusal>>;

    /// Forgets the channel of a bridge and gives up what waits for it: how many messages.
    fn forget(&self, name: String) -> BoxFuture<'static, Result<u64, Refusal>>;

    /// Who was let in and who asks.
    fn pairings(&self) -> Arc<Pairings>;

    /// Every setting as `.env` and the environment have it now; the error says why they cannot be read.
    fn settings(&self) -> Result<Vec<Setting>, String>;

    /// Reads `.env` again; the error says what is wrong with it.
    fn reload(&self) -> Result<Reloaded, String>;

    /// Begins the end; with `restart`, the exit code asks for a new start.
    fn shutdown(&self, restart: bool);
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

/// What may be done to an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steer {
    /// Start it, again where it runs.
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
    /// Since when, ms since 1970.
    pub since_ms: u64,
    /// When it starts again, ms since 1970, where it waits for that.
    pub until_ms: Option<u64>,
    /// What the user can do about it.
    pub advice: Option<String>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Counts by name.
    pub counters: Vec<(&'static str, u64)>,
}

impl IntegrationStatus {
    /// As on the wire.
    pub fn json(&self) -> Value {
        let counters: Map<String, Value> = self
            .counters
            .iter()
            .map(|(name, count)| ((*name).to_owned(), json!(count)))
            .collect();
        let mut status = json!({"name": self.name, "state": self.state, "since_ms": self.since_ms, "counters": counters});
        if let Some(until) = self.until_ms {
            status["until_ms"] = json!(until);
        }
        for (name, text) in [("last_error", &self.last_error), ("advice", &self.advice)] {
            if let Some(text) = text {
                status[name] = json!(text);
            }
        }
        status
    }
}

/// What a reload did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Keys that took effect.
    pub changed: Vec<String>,
    /// Keys that take effect at the next start.
    pub needs_restart: Vec<String>,
}
