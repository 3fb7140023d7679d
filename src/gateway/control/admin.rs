//! The daemon itself as clients steer it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::agents::Reply;
use crate::config::Setting;

/// The daemon itself: its settings and its end.
pub trait Admin: Send + Sync {
    /// Every setting as `.env` and the environment have it now; the error says why they cannot be read.
    fn settings(&self) -> Result<Vec<Setting>, String>;

    /// Reads `.env` again; the error says what is wrong with it.
    fn reload(&self) -> Result<Reloaded, String>;

    /// What there is on this machine that could answer. Takes a while, and never longer than a bound.
    fn found_agents(self: Arc<Self>) -> Reply<Vec<FoundAgent>>;

    /// Has one of them answer from now on, with this model where it has several: the settings are on disk and in use
    /// when this comes back.
    fn choose_agent(self: Arc<Self>, name: String, model: Option<String>) -> Reply<Reloaded>;

    /// Begins the shutdown; with `restart`, the exit code asks for a new start.
    fn shutdown(&self, restart: bool);
}

/// An agent in the box that could answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAgent {
    /// Its name in `AGENT`.
    pub name: &'static str,
    /// What it is, for people.
    pub title: String,
    /// Its version, where that is known.
    pub version: Option<String>,
    /// The models it could answer with; none: it has one of its own.
    pub models: Vec<String>,
}

impl FoundAgent {
    /// One that has a model of its own.
    pub fn new(name: &'static str, title: &str) -> Self {
        Self {
            name,
            title: title.to_owned(),
            version: None,
            models: Vec::new(),
        }
    }

    /// As on the wire.
    pub fn json(&self) -> Value {
        let mut found = json!({"name": self.name, "title": self.title, "models": self.models});
        if let Some(version) = &self.version {
            found["version"] = json!(version);
        }
        found
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

impl Reloaded {
    /// As on the wire.
    pub fn json(&self) -> Value {
        json!({"changed": self.changed, "needs_restart": self.needs_restart})
    }
}
