//! The daemon itself as clients steer it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::agents::Reply;
use crate::{
    config::{Setting, edit::Change},
    protocol::error_code::Fault,
};

/// The daemon itself: its settings and its end.
pub trait Admin: Send + Sync {
    /// Every setting as `.env` and the environment have it now; the error says why they cannot be read.
    fn settings(&self) -> Result<Vec<Setting>, String>;

    /// The keys whose new value waits for the next start.
    fn needs_restart(&self) -> Vec<String>;

    /// Whether something starts the daemon again after a shutdown for that.
    fn comes_back(&self) -> bool;

    /// What these changes of the settings would do. Changes nothing.
    fn check_settings(&self, changes: Vec<Change>) -> Result<Effects, Fault>;

    /// Asks a service with these changes what it says of them: its account, its instances, its models. Takes a
    /// while, and never longer than a bound.
    fn try_service(self: Arc<Self>, changes: Vec<Change>, service: String) -> Reply<Value>;

    /// Makes these changes, all or none. They are on disk and in use when this comes back, and this is completed
    /// even if the future is dropped.
    fn set_settings(self: Arc<Self>, changes: Vec<Change>) -> Reply<Effects>;

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

/// What changes of the settings do, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Keys that count at once.
    pub effective: Vec<String>,
    /// Keys that count from the next start on.
    pub needs_restart: Vec<String>,
    /// Keys that something else than `.env` decides.
    pub overruled: Vec<String>,
    /// What took effect, as in [`Reloaded`]; `None` where nothing was changed.
    pub changed: Option<Vec<String>>,
}

impl Effects {
    /// As on the wire.
    pub fn json(&self) -> Value {
        let mut effects = json!({"effective": self.effective, "needs_restart": self.needs_restart,
            "overruled": self.overruled});
        if let Some(changed) = &self.changed {
            effects["changed"] = json!(changed);
        }
        effects
    }
}
