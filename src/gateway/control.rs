//! What the gateway asks of the daemon above it, so that the arrow still points down.

use serde_json::{Map, Value, json};

/// The daemon, as clients may steer it.
pub trait Control: Send + Sync {
    /// Every integration and how it is.
    fn integrations(&self) -> Vec<IntegrationStatus>;

    /// Reads `.env` again; the error says what is wrong with it.
    fn reload(&self) -> Result<Reloaded, String>;

    /// Begins the end; with `restart`, the exit code asks for a new start.
    fn shutdown(&self, restart: bool);
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
        if let Some(error) = &self.last_error {
            status["last_error"] = json!(error);
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
