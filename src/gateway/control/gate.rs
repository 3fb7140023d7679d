//! What holds messages back, as clients see and change it.

use std::sync::Arc;

use serde_json::Value;

use super::agents::Reply;

/// A pause that is to be.
#[derive(Debug, Clone)]
pub struct NewPause {
    /// The channel, or `all`.
    pub channel: String,
    /// For how long, in ms; none until it is resumed.
    pub wait_ms: Option<u64>,
    /// Why, for people.
    pub reason: Option<String>,
}

/// What holds messages back. Each request is completed even if its future is dropped.
pub trait Gate: Send + Sync {
    /// Every pause, as it is shown.
    fn pauses(&self) -> Vec<Value>;

    /// Why messages of a channel wait, where they do.
    fn held(&self, channel: &str) -> Option<String>;

    /// Fails where a channel does not send to this peer: what was expected.
    fn may_send_to(&self, channel: &str, peer: &str) -> Result<(), String>;

    /// Pauses a channel or all. When this comes back nothing leaves any more; what was with a service already is
    /// told.
    fn pause(self: Arc<Self>, new: NewPause) -> Reply<Value>;

    /// Lets a channel, or all, go on.
    fn resume(self: Arc<Self>, channel: String) -> Reply<Value>;
}
