//! How each agent is: what its supervisor says where the daemon starts it, and whether a client of its
//! name is connected. And whether it shall run, which the supervisor follows.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

use crate::{
    clock,
    gateway::control::{AgentStatus, Steer},
};

/// What a supervisor says about an agent that the daemon starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::daemon) struct SupervisedState {
    /// How it is.
    pub(in crate::daemon) stage: Stage,
    /// What went wrong last.
    pub(in crate::daemon) last_error: Option<String>,
    /// What the user can do about it.
    pub(in crate::daemon) advice: Option<String>,
}

/// How a supervised agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::daemon) enum Stage {
    /// Somebody stopped it.
    Stopped,
    /// It is being started; `running` is shown once its client is connected.
    Starting,
    /// It runs.
    Running,
    /// It ended and is started again at this time, ms since 1970.
    BackingOff(u64),
    /// It is not started again before somebody does something.
    Parked,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::BackingOff(_) => "backing_off",
            Self::Parked => "parked",
        }
    }
}

impl From<Stage> for SupervisedState {
    fn from(stage: Stage) -> Self {
        Self {
            stage,
            last_error: None,
            advice: None,
        }
    }
}

/// Whether a supervised agent shall run. The number rises with every `agent.start`, so that one that is
/// parked hears of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::daemon) struct Desired {
    /// False until it is started again.
    pub(in crate::daemon) stopped: bool,
    /// How often it was started by hand.
    pub(in crate::daemon) starts: u64,
}

/// Counts of one agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::daemon) struct AgentCounters {
    pub(in crate::daemon) turns: u64,
    pub(in crate::daemon) answered: u64,
    pub(in crate::daemon) failed: u64,
    pub(in crate::daemon) aborted: u64,
    pub(in crate::daemon) running: u64,
}

#[derive(Debug, Default)]
struct Entry {
    supervised: Option<SupervisedState>,
    connected: bool,
    /// Why it is not connected.
    away: Option<String>,
    since_ms: u64,
    shown: Option<&'static str>,
    counters: AgentCounters,
    desired: Option<watch::Sender<Desired>>,
}

impl Entry {
    fn state(&self) -> &'static str {
        match &self.supervised {
            // Its process runs, and no turn can reach it yet.
            Some(state) if state.stage == Stage::Running && !self.connected => "starting",
            Some(state) if state.stage == Stage::Starting && self.connected => "running",
            Some(state) => state.stage.as_str(),
            None if self.connected => "running",
            None => "away",
        }
    }

    fn status(&self, name: &str) -> AgentStatus {
        let supervised = self.supervised.as_ref();
        let until_ms = match supervised.map(|state| state.stage) {
            Some(Stage::BackingOff(until_ms)) => Some(until_ms),
            _ => None,
        };
        let last_error = supervised.and_then(|state| state.last_error.clone());
        let counters = self.counters;
        AgentStatus {
            name: name.to_owned(),
            state: self.state(),
            since_ms: self.since_ms,
            until_ms,
            last_error: last_error.or_else(|| self.away.clone()),
            advice: supervised.and_then(|state| state.advice.clone()),
            supervised: supervised.is_some(),
            counters: vec![
                ("turns", counters.turns),
                ("answered", counters.answered),
                ("failed", counters.failed),
                ("aborted", counters.aborted),
                ("running", counters.running),
            ],
        }
    }
}

/// Called with every new state of any agent.
pub(in crate::daemon) type OnChange = Arc<dyn Fn(&AgentStatus) + Send + Sync>;

/// How each agent is, by name.
pub(in crate::daemon) struct AgentStates {
    entries: Mutex<BTreeMap<String, Entry>>,
    /// A client connected or left.
    came_or_left: Notify,
    on_change: OnChange,
}

impl AgentStates {
    pub(in crate::daemon) fn new(on_change: OnChange) -> Self {
        Self {
            entries: Mutex::default(),
            came_or_left: Notify::new(),
            on_change,
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A supervisor says how its agent is.
    pub(in crate::daemon) fn set(&self, name: &str, state: impl Into<SupervisedState>) {
        let state = state.into();
        self.change(name, |entry| entry.supervised = Some(state));
    }

    /// An agent is supervised no more.
    pub(in crate::daemon) fn forget(&self, name: &str) {
        self.change(name, |entry| {
            entry.supervised = None;
            entry.desired = None;
        });
    }

    /// Whether a supervised agent shall run. Follow this for as long as it is supervised.
    pub(in crate::daemon) fn watch_desired(&self, name: &str) -> watch::Receiver<Desired> {
        let mut entries = self.entries();
        let entry = entries.entry(name.to_owned()).or_default();
        let desired = entry
            .desired
            .get_or_insert_with(|| watch::Sender::new(Desired::default()));
        desired.subscribe()
    }

    /// Asks the supervisor to start or stop its agent; `None` where nobody supervises one of this name.
    pub(in crate::daemon) fn steer(&self, name: &str, how: Steer) -> Option<AgentStatus> {
        let entries = self.entries();
        let entry = entries.get(name)?;
        let desired = entry.desired.as_ref()?;
        desired.send_modify(|desired| match how {
            Steer::Start => {
                desired.stopped = false;
                desired.starts += 1;
            }
            Steer::Stop => desired.stopped = true,
        });
        Some(entry.status(name))
    }

    /// A client of this name connected.
    pub(in crate::daemon) fn connected(&self, name: &str) {
        self.change(name, |entry| {
            entry.connected = true;
            entry.away = None;
        });
        self.came_or_left.notify_waiters();
    }

    /// The client of this name left.
    pub(in crate::daemon) fn away(&self, name: &str, why: &str) {
        self.change(name, |entry| {
            entry.connected = false;
            entry.away = Some(why.to_owned());
        });
        self.came_or_left.notify_waiters();
    }

    /// Whether a client of this name is connected.
    pub(in crate::daemon) fn is_connected(&self, name: &str) -> bool {
        self.entries()
            .get(name)
            .is_some_and(|entry| entry.connected)
    }

    /// Waits until whether a client of this name is connected is `wanted`.
    pub(in crate::daemon) async fn until_connected(&self, name: &str, wanted: bool) {
        loop {
            let changed = self.came_or_left.notified();
            tokio::pin!(changed);
            // Listen before looking, so that no change falls in between.
            changed.as_mut().enable();
            if self.is_connected(name) == wanted {
                return;
            }
            changed.await;
        }
    }

    /// Shows agents that the settings name also before their clients connect, and forgets others that
    /// are neither connected nor supervised.
    pub(super) fn expect<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let names: Vec<&str> = names.collect();
        self.entries().retain(|name, entry| {
            entry.connected || entry.supervised.is_some() || names.contains(&name.as_str())
        });
        for name in names {
            self.change(name, |_| {});
        }
    }

    /// Counts something of an agent.
    pub(super) fn count(&self, name: &str, count: impl FnOnce(&mut AgentCounters)) {
        if let Some(entry) = self.entries().get_mut(name) {
            count(&mut entry.counters);
        }
    }

    /// How all are.
    pub(super) fn statuses(&self) -> Vec<AgentStatus> {
        let entries = self.entries();
        let all = entries.iter();
        all.map(|(name, entry)| entry.status(name)).collect()
    }

    /// Tells of the change without the lock: the callback may ask in its turn.
    fn change(&self, name: &str, change: impl FnOnce(&mut Entry)) {
        let status = {
            let mut entries = self.entries();
            let entry = entries.entry(name.to_owned()).or_default();
            let before = entry.supervised.clone();
            change(entry);
            let state = entry.state();
            if entry.shown == Some(state) && before == entry.supervised {
                return;
            }
            if entry.shown.replace(state) != Some(state) {
                entry.since_ms = clock::now_ms();
            }
            entry.status(name)
        };
        (self.on_change)(&status);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> (AgentStates, Arc<Mutex<Vec<String>>>) {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let shown = Arc::clone(&told);
        let on_change: OnChange = Arc::new(move |status: &AgentStatus| {
            let text = format!("{} {}", status.name, status.state);
            shown.lock().expect("whole").push(text);
        });
        (AgentStates::new(on_change), told)
    }

    #[test]
    fn a_supervised_agent_runs_once_its_client_is_connected() {
        let (states, told) = states();
        states.set("pi", Stage::Starting);
        states.set("pi", Stage::Running);
        states.connected("pi");
        states.away("pi", "it left");
        states.set("pi", Stage::BackingOff(7));
        let told = told.lock().expect("whole").join(",");
        let expected = "pi starting,pi starting,pi running,pi starting,pi backing_off";
        assert_eq!(told, expected);
        let shown = &states.statuses()[0];
        assert_eq!((shown.until_ms, shown.supervised), (Some(7), true));
        assert_eq!(shown.last_error.as_deref(), Some("it left"));
    }

    #[test]
    fn an_agent_of_the_settings_is_away_until_it_connects_and_others_are_forgotten() {
        let (states, told) = states();
        states.expect(["mine"].into_iter());
        states.connected("mine");
        states.connected("other");
        states.away("other", "it left");
        states.expect(["mine"].into_iter());
        let names: Vec<String> = states.statuses().into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["mine"]);
        let told = told.lock().expect("whole").join(",");
        assert_eq!(told, "mine away,mine running,other running,other away");
    }

    #[tokio::test]
    async fn a_start_is_heard_also_where_it_shall_run_already() {
        let (states, _) = states();
        assert!(states.steer("pi", Steer::Start).is_none(), "not supervised");
        let mut desired = states.watch_desired("pi");
        states.set("pi", Stage::Parked);
        assert!(states.steer("pi", Steer::Start).is_some());
        desired.changed().await.expect("kept");
        assert!(!desired.borrow_and_update().stopped);
        states.steer("pi", Steer::Stop);
        desired.changed().await.expect("kept");
        assert!(desired.borrow().stopped);
    }
}
