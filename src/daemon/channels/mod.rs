//! All channels of the daemon: each with its route, its delivery worker and its supervisor.
//! Those that clients announce are in `bridges`, what clients may ask of all is in `control`.

mod bridges;
pub mod channel;
mod control;
pub mod counters;
mod indicators;
pub mod supervisor;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use self::{channel::Channel, indicators::Indicators, supervisor::supervise};
use super::delivery::DeliveryWorker;
use crate::{
    config::Lookup,
    gateway::control::IntegrationStatus,
    integrations::{
        Integration,
        plan::{self, Plan, SendLimits, Surroundings},
    },
    log::Log,
    router::{Route, Router},
    shutdown::Shutdown,
    store::Store,
};

/// Time for deliveries that were under way to be written down.
const TASKS_END: Duration = Duration::from_millis(1200);

/// Who hears of every new state of any channel.
pub(super) type OnChange = Arc<dyn Fn(&IntegrationStatus) + Send + Sync>;

/// What every channel is made with.
pub(super) struct Base {
    pub(super) router: Arc<Router>,
    pub(super) store: Store,
    pub(super) log: Log,
    pub(super) shutdown: Shutdown,
    pub(super) around: Surroundings,
    pub(super) on_change: OnChange,
}

/// One channel in its place.
struct ChannelEntry {
    plan: Plan,
    channel: Arc<Channel>,
    indicators: Arc<Indicators>,
}

/// The channels there are.
pub(super) struct ChannelRegistry {
    base: Base,
    channels: Mutex<BTreeMap<String, ChannelEntry>>,
    tasks: Mutex<JoinSet<()>>,
    /// How bridges may send.
    bridge_limits: Mutex<SendLimits>,
    /// Held while a bridge comes or a channel is forgotten.
    announcing: tokio::sync::Mutex<()>,
}

impl ChannelRegistry {
    pub(super) fn new(base: Base) -> Self {
        Self {
            base,
            channels: Mutex::default(),
            tasks: Mutex::default(),
            bridge_limits: Mutex::new(SendLimits::default()),
            announcing: tokio::sync::Mutex::default(),
        }
    }

    fn channels(&self) -> MutexGuard<'_, BTreeMap<String, ChannelEntry>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the channels to what the settings ask for and the bridges that are known; those whose
    /// plan did not change run on. Returns the names of those that came, went or changed.
    pub(super) fn apply(&self, lookup: &Lookup) -> Vec<String> {
        let mut plans = plan::plans(lookup);
        // Under the lock: a bridge that comes in between would be missing here and be retired.
        let mut channels = self.channels();
        plans.extend(self.bridge_plans(plan::bridge_limits(lookup)));
        let mut changed = Vec::new();
        let gone: Vec<String> = channels
            .keys()
            .filter(|name| plans.iter().all(|plan| plan.name != **name))
            .cloned()
            .collect();
        for name in gone {
            if let Some(entry) = channels.remove(&name) {
                self.base.router.remove(&name);
                entry.channel.retire();
            }
            changed.push(name);
        }
        for plan in plans {
            let name = plan.name.clone();
            let differs = if let Some(entry) = channels.get_mut(&name) {
                self.bring(entry, plan)
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

    /// Brings a channel to a plan; whether it had another. It starts again only where it must.
    fn bring(&self, entry: &mut ChannelEntry, plan: Plan) -> bool {
        let channel = &entry.channel;
        if entry.plan != plan {
            self.tell_doubts(&plan);
        }
        if entry.plan.builds_another(&plan) {
            channel.replace(plan.build(&self.base.around), plan.limits);
        } else if channel.is_parked() {
            // Whoever asks for a reload may have mended what the settings do not show.
            channel.limit(plan.limits);
            channel.start();
        } else if entry.plan.limits != plan.limits {
            channel.limit(plan.limits);
            self.base.router.look_all(&plan.name);
        }
        let differs = entry.plan != plan;
        entry.plan = plan;
        differs
    }

    fn tell_doubts(&self, plan: &Plan) {
        for doubt in &plan.doubts {
            self.base.log.warn("config", doubt, &[]);
        }
    }

    fn launch(&self, plan: Plan) -> ChannelEntry {
        let base = &self.base;
        self.tell_doubts(&plan);
        let (worker, wakeups) = mpsc::unbounded_channel();
        let route = Route {
            worker,
            clients_hand_in: plan.clients_hand_in(),
        };
        base.router.add(&plan.name, route);
        let (router, on_change) = (Arc::clone(&base.router), Arc::clone(&base.on_change));
        let channel = Channel::new(
            plan.build(&base.around),
            plan.limits,
            move |status: &IntegrationStatus| {
                router.look_all(&status.name);
                on_change(status);
            },
        );
        let delivery = DeliveryWorker::new(
            Arc::clone(&channel),
            base.store.clone(),
            base.log.clone(),
            base.shutdown.clone(),
        );
        let supervision = supervise(
            Arc::clone(&channel),
            base.shutdown.clone(),
            base.log.clone(),
        );
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of channels that went are over.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(delivery.work(wakeups));
        tasks.spawn(supervision);
        let (indicators, bearer) = Indicators::new(base.store.clone(), base.log.clone());
        tasks.spawn(bearer.work(base.shutdown.clone()));
        ChannelEntry {
            plan,
            channel,
            indicators,
        }
    }

    /// A channel whose service is there, with what shows typing and reading to it.
    fn in_service(&self, name: &str) -> Option<(Arc<dyn Integration>, Arc<Indicators>)> {
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

    /// Lets what is under way end and be written down, for a moment; the rest is found again on disk.
    pub(super) async fn end(&self) {
        let mut tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while tasks.join_next().await.is_some() {} };
        let _ = timeout(TASKS_END, all).await;
        tasks.shutdown().await;
    }
}
