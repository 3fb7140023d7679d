//! The agents in the box that the settings name: each runs as a process of this same program, is started
//! again when it ends, and ends with the daemon, however that ends.
//!
//! Not here: what they answer (`agents`), and which turns they get (`turns`).

pub(in crate::daemon) mod finder;
mod plan;
mod process;
mod supervisor;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};

use self::{
    plan::{Plan, plans},
    supervisor::Supervisor,
};
use super::turns::states::AgentStates;
use crate::{
    child::Keeper,
    config::{Config, Lookup},
    log::Log,
};

/// What an agent may take at the end of the daemon.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// What agents are started with.
pub(super) struct AgentParts {
    pub(super) log: Log,
    pub(super) states: Arc<AgentStates>,
    /// Where the gateway really listens.
    pub(super) address: SocketAddr,
    /// The `.env` that the daemon reads.
    pub(super) env_file: PathBuf,
}

/// The agents that the daemon runs.
pub(super) struct AgentProcesses {
    parts: AgentParts,
    keeper: Keeper,
    running: Mutex<BTreeMap<String, Entry>>,
}

struct Entry {
    plan: Plan,
    /// Set to true: end it.
    retire: watch::Sender<bool>,
    /// Whether it waits for somebody to do something.
    parked: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl AgentProcesses {
    pub(super) fn new(parts: AgentParts) -> Self {
        Self {
            parts,
            keeper: Keeper::default(),
            running: Mutex::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts, restarts and ends agents to match the settings. One whose settings did not change keeps
    /// running; one that is parked is tried again. Returns the names of those added, removed or changed.
    pub(super) fn apply(&self, lookup: &Lookup, config: &Config) -> Vec<String> {
        let plans = plans(lookup, config, &self.parts.env_file, self.parts.address);
        let mut running = self.running();
        let mut changed = Vec::new();
        let gone = running
            .keys()
            .filter(|name| plans.iter().all(|plan| plan.name != **name));
        for name in gone.cloned().collect::<Vec<_>>() {
            if let Some(entry) = running.remove(&name) {
                let _ = entry.retire.send(true);
            }
            self.parts.states.forget(&name);
            changed.push(name);
        }
        for plan in plans {
            let name = plan.name.clone();
            let mut before = None;
            if let Some(entry) = running.remove(&name) {
                let differs = entry.plan != plan;
                if !differs && !*entry.parked.borrow() {
                    running.insert(name, entry);
                    continue;
                }
                let _ = entry.retire.send(true);
                before = Some(entry.task);
                if differs {
                    changed.push(name.clone());
                }
            } else {
                changed.push(name.clone());
            }
            running.insert(name, self.launch(plan, before));
        }
        changed
    }

    /// Supervises an agent once the one before has ended.
    fn launch(&self, plan: Plan, before: Option<JoinHandle<()>>) -> Entry {
        let (retire, retired) = watch::channel(false);
        let (park, parked) = watch::channel(false);
        let desired = self.parts.states.watch_desired(&plan.name);
        let supervisor = Supervisor {
            plan: plan.clone(),
            keeper: self.keeper.clone(),
            log: self.parts.log.clone(),
            states: Arc::clone(&self.parts.states),
            parked: park,
        };
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            supervisor.supervise(desired, retired).await;
        });
        Entry {
            plan,
            retire,
            parked,
            task,
        }
    }

    /// Ends all of them.
    pub(super) async fn end(&self) {
        let entries = std::mem::take(&mut *self.running());
        for entry in entries.values() {
            let _ = entry.retire.send(true);
        }
        let all = async {
            for entry in entries.into_values() {
                let _ = entry.task.await;
            }
        };
        let _ = timeout(END_TIMEOUT, all).await;
    }
}
