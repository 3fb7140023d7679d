//! The receivers of stored events as clients see and steer them.

use serde_json::{Value, json};

use super::{agents::Reply, channels::Steer};

/// The receivers that are set.
pub trait Webhooks: Send + Sync {
    /// How each is.
    fn webhooks(&self) -> Vec<WebhookStatus>;

    /// Posts an event of no consequence to one, out of turn. `None` where there is none of this name.
    fn test(&self, name: &str) -> Option<Reply<Value>>;

    /// Has one posted again what is stored after this sequence number. Starts one that is parked.
    fn replay(&self, name: &str, since: u64) -> Option<Reply<WebhookStatus>>;

    /// Pauses one, or goes on with it; what is stored meanwhile waits.
    fn steer(&self, name: &str, how: Steer) -> Option<Reply<WebhookStatus>>;
}

/// One receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookStatus {
    /// Its name: `webhook`, `webhook-2`, ….
    pub name: String,
    /// Where it is, without user and query.
    pub url: String,
    /// Which events it gets.
    pub topics: Vec<String>,
    /// Whether they are signed.
    pub signed: bool,
    /// `running`, `backing_off`, `paused` or `parked`.
    pub state: &'static str,
    /// When it came to this state, ms since 1970.
    pub since_ms: u64,
    /// When it is tried again, ms since 1970, where it waits for that.
    pub until_ms: Option<u64>,
    /// What went wrong last, while it does.
    pub last_error: Option<String>,
    /// What the user can do about it.
    pub advice: Option<String>,
    /// It has all events up to this sequence number.
    pub cursor: u64,
    /// How many stored events are behind that.
    pub lag: u64,
    /// When it took one last, ms since 1970.
    pub last_ok_ms: Option<u64>,
    /// Attempts in a row that failed.
    pub failures: u32,
    /// Events that it took since the start.
    pub sent: u64,
    /// Events that were no longer kept when their turn came.
    pub missed: u64,
}

impl WebhookStatus {
    /// As on the wire.
    pub fn json(&self) -> Value {
        let mut status = json!({
            "name": self.name, "url": self.url, "topics": self.topics, "signed": self.signed,
            "state": self.state, "since_ms": self.since_ms, "cursor": self.cursor, "lag": self.lag,
            "failures": self.failures, "sent": self.sent, "missed": self.missed,
        });
        for (name, value) in [("until_ms", self.until_ms), ("last_ok_ms", self.last_ok_ms)] {
            if let Some(value) = value {
                status[name] = json!(value);
            }
        }
        for (name, text) in [("last_error", &self.last_error), ("advice", &self.advice)] {
            if let Some(text) = text {
                status[name] = json!(text);
            }
        }
        status
    }
}
