//! What every integration implements, and the list of them.
//!
//! An integration reaches one service. It never retries and never waits for long: the daemon's
//! supervisor and delivery workers do.

pub mod webchat;

use std::{future::Future, pin::Pin, time::Duration};

use tokio::sync::mpsc;

use crate::{message::Message, shutdown::Shutdown};

/// A future that can move between threads, on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One service behind the gateway.
pub trait Integration: Send + Sync + 'static {
    /// The channel's name in `send`, unique among the integrations.
    fn name(&self) -> &str;

    /// Runs what the integration needs besides deliveries until `shutdown` begins. An early end,
    /// even a clean one, counts as a failure.
    fn run(&self, shutdown: Shutdown) -> BoxFuture<'_, Result<(), String>>;

    /// Hands one message to the service, once.
    fn deliver<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>>;

    /// How the integration itself sees its connection.
    fn state(&self) -> Health;

    /// False where a delivery to this peer cannot succeed before the peer does something: it then
    /// waits in the outbox without counting as an attempt.
    fn can_reach(&self, peer: &str) -> bool {
        let _ = peer;
        true
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The service took it.
    Sent,
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
    /// The peer cannot be reached (any more); it waits until `can_reach` says otherwise. However
    /// often this happens, the message is not given up.
    Away,
}

/// Who listens to a conversation right now: the clients of the gateway, seen from below.
pub trait Audience: Send + Sync {
    /// True where a client attends this conversation.
    fn attends(&self, channel: &str, peer: &str) -> bool;

    /// Yields once for the first client that attends it and whose socket took all that was sent to
    /// it so far; ends where every such client left before.
    fn reached(&self, channel: &str, peer: &str) -> mpsc::Receiver<()>;
}
