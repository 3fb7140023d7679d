//! What is sent again and again, as clients see and change it.

use std::sync::Arc;

use serde_json::Value;

use super::agents::Reply;
use crate::{
    calendar::{Cron, Interval, Zone},
    protocol::error_code::{ErrorCode, Fault},
    store::Draft,
};

/// When something is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// At the times of a cron expression, in a zone.
    Cron(Cron, Zone),
    /// After every so long.
    Every(Interval),
}

/// A schedule that is to be.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    /// What it is called; no two are called the same.
    pub name: String,
    /// When it sends.
    pub repeat: Repeat,
    /// What it sends.
    pub draft: Draft,
    /// No later than this, in ms since 1970.
    pub until_ms: Option<u64>,
    /// No more often than this.
    pub count: Option<u64>,
    /// How late an occurrence may be, in ms.
    pub grace_ms: u64,
}

/// A schedule as it is.
#[derive(Debug, Clone)]
pub struct ScheduleStatus {
    /// The channel that it sends to.
    pub channel: String,
    /// The peer.
    pub peer: String,
    /// All of it, as it is shown.
    pub json: Value,
}

/// What is said where no schedule of this name can be seen.
pub fn no_schedule(name: &str) -> Fault {
    let text = format!("no schedule is called {name:?}; see the list of schedules");
    Fault::new(ErrorCode::NotFound, text)
}

/// What is sent again and again. Each request is completed even if its future is dropped.
pub trait Schedules: Send + Sync {
    /// All of them, by name.
    fn list(&self) -> Vec<ScheduleStatus>;

    /// The one of this name.
    fn named(&self, name: &str) -> Option<ScheduleStatus>;

    /// Adds one, or replaces the one of its name. One that is paused sends nothing until it is resumed; where it is not
    /// said whether it is, it is as the one of its name was.
    fn add(self: Arc<Self>, new: NewSchedule, is_paused: Option<bool>) -> Reply<Value>;

    /// Removes one.
    fn remove(self: Arc<Self>, name: String) -> Reply<Value>;

    /// Has one send nothing until it is resumed, or resumes it.
    fn pause(self: Arc<Self>, name: String, is_paused: bool) -> Reply<Value>;

    /// Has one send now, besides its times.
    fn run(self: Arc<Self>, name: String) -> Reply<Value>;
}
