//! All channels of the daemon: each with its route, its delivery worker and its supervisor.
//!
//! Channels that clients announce are in `bridges`; the interface for the gateway is in `control`.

mod bridges;
pub mod channel;
#[cfg(feature = "nats")]
mod clustered;
mod control;
pub mod counters;
mod indicators;
#[cfg(feature = "nats")]
mod membership;
pub mod supervisor;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use self::{channel::Channel, indicators::Indicators, supervisor::supervise};
use super::{delivery::DeliveryWorker, fetching::FetchWorker, gate::Gate};
use crate::{
    config::Lookup,
    gateway::control::IntegrationStatus,
    integrations::{
        Integration, SendRules,
        plan::{self, BuildContext, Plan, SendLimits},
    },
    log::Log,
    router::{Route, Router},
    shutdown::Shutdown,
    store::Store,
};

/// Time at shutdown for the results of deliveries in flight to reach the store.
const TASKS_END_TIMEOUT: Duration = Duration::from_millis(1200);

/// Called with every new state of any channel.
pub(super) type OnChange = Arc<dyn Fn(&IntegrationStatus) + Send + Sync>;

/// What the registry builds channels with.
pub(super) struct RegistryParts {
    pub(super) router: Arc<Router>,
    pub(super) store: Store,
    pub(super) log: Log,
    pub(super) shutdown: Shutdown,
    pub(super) build_context: BuildContext,
    pub(super) on_change: OnChange,
    pub(super) gate: Arc<Gate>,
}

/// A channel with the plan it was built from.
struct ChannelEntry {
    plan: Plan,
    channel: Arc<Channel>,
    indicators: Arc<Indicators>,
}

/// All channels by name.
pub(super) struct ChannelRegistry {
    parts: RegistryParts,
    channels: Mutex<BTreeMap<String, ChannelEntry>>,
    tasks: Mutex<JoinSet<()>>,
    /// The limits and rules of bridge channels, from the last settings applied.
    bridge_limits: Mutex<(SendLimits, SendRules)>,
    /// Held while a bridge attaches or a channel is forgotten, so that the two exclude each other.
    announcing: tokio::sync::Mutex<()>,
    /// Whether leases decide where channels run.
    #[cfg(feature = "nats")]
    is_clustered: std::sync::atomic::AtomicBool,
    /// The channels that only other nodes have.
    #[cfg(feature = "nats")]
    elsewhere: Mutex<Vec<String>>,
}

impl ChannelRegistry {
    pub(super) fn new(parts: RegistryParts) -> Self {
        Self {
            parts,
            channels: Mutex::default(),
            tasks: Mutex::default(),
            bridge_limits: Mutex::default(),
            announcing: tokio::sync::Mutex::default(),
            #[cfg(feature = "nats")]
            is_clustered: std::sync::atomic::AtomicBool::new(false),
            #[cfg(feature = "nats")]
            elsewhere: Mutex::default(),
        }
    }

    fn channels(&self) -> MutexGuard<'_, BTreeMap<String, ChannelEntry>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds, removes and updates channels to match the settings and the known bridges; a channel whose
    /// plan did not change keeps running. Returns the names of those added, removed or changed.
    pub(super) fn apply(&self, lookup: &Lookup) -> Vec<String> {
        let mut plans = plan::plans(lookup);
        // Ask for the bridges under the lock: one that attached in between would be missing from the
        // plans and be retired below.
        let mut channels = self.channels();
        let rules = plan::bridge_rules(lookup);
        plans.extend(self.bridge_plans(plan::bridge_limits(lookup), &rules));
        #[cfg(feature = "nats")]
        plans.extend(self.plans_elsewhere(&plans));
        let mut changed = Vec::new();
        let gone: Vec<String> = channels
            .keys()
            .filter(|name| plans.iter().all(|plan| plan.name != **name))
            .cloned()
            .collect();
        for name in gone {
            if let Some(entry) = channels.remove(&name) {
                self.parts.router.remove(&name);
                entry.channel.retire();
            }
            changed.push(name);
        }
        for plan in plans {
            let name = plan.name.clone();
            let differs = if let Some(entry) = channels.get_mut(&name) {
                self.update(entry, plan)
            } else {
                channels.insert(name.clone(), self.launch(plan));
                true
            };
            if differs {
                changed.push(name);
            }
        }
        changed
    }

    /// Applies a plan to a channel and restarts it only if it must. True if the plan differed.
    fn update(&self, entry: &mut ChannelEntry, plan: Plan) -> bool {
        let channel = &entry.channel;
        if entry.plan != plan {
            self.log_warnings(&plan);
        }
        if entry.plan.builds_another(&plan) {
            channel.replace(plan.build(&self.parts.build_context), plan.limits);
        } else if channel.is_parked() {
            // The user may have fixed something at the service that the settings do not show.
            channel.limit(plan.limits);
            channel.start();
        } else if entry.plan.limits != plan.limits {
            channel.limit(plan.limits);
        }
        if (&entry.plan.limits, &entry.plan.rules) != (&plan.limits, &plan.rules) {
            channel.gate().set_rules(plan.rules.clone());
            self.parts.router.wake_all(&plan.name);
        }
        let differs = entry.plan != plan;
        entry.plan = plan;
        differs
    }

    fn log_warnings(&self, plan: &Plan) {
        for warning in &plan.warnings {
            self.parts.log.warn("config", warning, &[]);
        }
    }

    fn launch(&self, plan: Plan) -> ChannelEntry {
        let parts = &self.parts;
        self.log_warnings(&plan);
        let (worker, wakeups) = mpsc::unbounded_channel();
        let (fetcher, wanted) = mpsc::unbounded_channel();
        let route = Route {
            worker,
            fetcher,
            clients_hand_in: plan.clients_hand_in(),
        };
        parts.router.add(&plan.name, route);
        let (router, on_change) = (Arc::clone(&parts.router), Arc::clone(&parts.on_change));
        let gate = parts.gate.of(&plan.name);
        gate.set_rules(plan.rules.clone());
        let channel = Channel::new(
            plan.build(&parts.build_context),
            plan.limits,
            gate,
            move |status: &IntegrationStatus| {
                router.wake_all(&status.name);
                on_change(status);
            },
        );
        #[cfg(feature = "nats")]
        self.place(&channel);
        let delivery = DeliveryWorker::new(
            Arc::clone(&channel),
            parts.store.clone(),
            parts.log.clone(),
            parts.shutdown.clone(),
        );
        let fetching = FetchWorker::new(
            Arc::clone(&channel),
            parts.store.clone(),
            parts.build_context.media.clone(),
            parts.log.clone(),
        );
        let supervision = supervise(
            Arc::clone(&channel),
            parts.shutdown.clone(),
            parts.log.clone(),
        );
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Reap the finished tasks of removed channels.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(delivery.work(wakeups));
        tasks.spawn(fetching.work(wanted, parts.shutdown.clone()));
        tasks.spawn(supervision);
        let (indicators, indicator_worker) =
            Indicators::new(parts.store.clone(), parts.log.clone());
        tasks.spawn(indicator_worker.work(parts.shutdown.clone()));
        ChannelEntry {
            plan,
            channel,
            indicators,
        }
    }

    /// The integration and the indicators of a channel, if it is running.
    fn running(&self, name: &str) -> Option<(Arc<dyn Integration>, Arc<Indicators>)> {
        let channels = self.channels();
        let entry = channels.get(name)?;
        let runs = entry.channel.is_running();
        runs.then(|| (entry.channel.integration(), Arc::clone(&entry.indicators)))
    }

    /// The channel of this name.
    pub(super) fn find(&self, name: &str) -> Option<Arc<Channel>> {
        let channels = self.channels();
        channels.get(name).map(|entry| Arc::clone(&entry.channel))
    }

    /// Gives deliveries in flight a moment to finish, then aborts all tasks. Unsent messages are in the
    /// outbox on disk.
    pub(super) async fn end(&self) {
        let mut tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while tasks.join_next().await.is_some() {} };
        let _ = timeout(TASKS_END_TIMEOUT, all).await;
        tasks.shutdown().await;
    }
}
