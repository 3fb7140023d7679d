//! All channels of the daemon: each with its route, its delivery worker and its supervisor.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{channel::Channel, delivery::Worker, supervisor::supervise};
use crate::{
    gateway::control::IntegrationStatus,
    integrations::{
        pairing::Pairings,
        plan::{Plan, Surroundings},
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

/// The channels there are.
pub(super) struct Fleet {
    base: Base,
    channels: Mutex<BTreeMap<String, (Plan, Arc<Channel>)>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Fleet {
    pub(super) fn new(base: Base) -> Self {
        Self {
            base,
            channels: Mutex::default(),
            tasks: Mutex::default(),
        }
    }

    fn channels(&self) -> MutexGuard<'_, BTreeMap<String, (Plan, Arc<Channel>)>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the channels to these plans; those whose plan did not change run on. Returns the names
    /// of those that came, went or changed.
    pub(super) fn apply(&self, plans: Vec<Plan>) -> Vec<String> {
        let mut channels = self.channels();
        let mut changed = Vec::new();
        let gone: Vec<String> = channels
            .keys()
            .filter(|name| plans.iter().all(|plan| plan.name != **name))
            .cloned()
            .collect();
        for name in gone {
            if let Some((_, channel)) = channels.remove(&name) {
                self.base.router.remove(&name);
                channel.retire();
            }
            changed.push(name);
        }
        for plan in plans {
            match channels.get_mut(&plan.name) {
                Some((known, channel)) if *known == plan => {
                    // Whoever asks for a reload may have mended what the settings do not show.
                    if channel.is_parked() {
                        channel.start();
                    }
                }
                Some((known, channel)) => {
                    channel.replace(plan.build(&self.base.around), plan.limits);
                    changed.push(plan.name.clone());
                    *known = plan;
                }
                None => {
                    let channel = self.launch(&plan);
                    changed.push(plan.name.clone());
                    channels.insert(plan.name.clone(), (plan, channel));
                }
            }
        }
        changed
    }

    fn launch(&self, plan: &Plan) -> Arc<Channel> {
        let base = &self.base;
        let (worker, nudges) = mpsc::unbounded_channel();
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
        let delivery = Worker::new(Arc::clone(&channel), base.store.clone(), base.log.clone());
        let supervision = supervise(
            Arc::clone(&channel),
            base.shutdown.clone(),
            base.log.clone(),
        );
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.spawn(delivery.work(nudges, base.shutdown.clone()));
        tasks.spawn(supervision);
        channel
    }

    /// The channel of this name.
    pub(super) fn find(&self, name: &str) -> Option<Arc<Channel>> {
        let channels = self.channels();
        channels.get(name).map(|(_, channel)| Arc::clone(channel))
    }

    /// Who was let in and who asks.
    pub(super) fn pairings(&self) -> &Pairings {
        &self.base.around.pairings
    }

    /// Every channel and how it is.
    pub(super) fn statuses(&self) -> Vec<IntegrationStatus> {
        let all: Vec<_> = self
            .channels()
            .values()
            .map(|(_, channel)| Arc::clone(channel))
            .collect();
        all.iter().map(|channel| channel.status()).collect()
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
