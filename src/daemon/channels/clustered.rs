//! The channels of a node in a cluster: which of them it runs, and those that only other nodes have.
//!
//! Not here: who owns what (`crate::cluster`).

use std::sync::{Arc, PoisonError, atomic::Ordering};

use super::{
    ChannelRegistry,
    channel::{Channel, DesiredState},
};
use crate::{
    cluster::{Cluster, Owners, fence::Fence},
    integrations::plan::{self, Plan},
};

impl Channel {
    /// Whether a lease decides where it runs.
    pub(in crate::daemon) fn is_clustered(&self) -> bool {
        self.membership.is_clustered.load(Ordering::Relaxed)
    }

    /// The lease it runs by.
    pub(super) fn fence(&self) -> Option<Arc<Fence>> {
        self.membership.fence()
    }

    /// What work on it goes on by: nothing decides outside of a cluster, and in one without a lease nothing goes on.
    pub(in crate::daemon) fn guard(&self) -> Option<Arc<Fence>> {
        self.is_clustered()
            .then(|| self.fence().unwrap_or_else(Fence::ended))
    }

    /// Whether deliveries may begin here, as far as a cluster decides that.
    pub(super) fn is_ours(&self) -> bool {
        !self.is_clustered() || self.fence().is_some_and(|fence| fence.may_begin())
    }

    /// Has it run where its lease is, and so not here for now.
    fn join(&self) {
        self.membership.is_clustered.store(true, Ordering::Relaxed);
        self.stand_by("this machine has not joined its cluster yet");
    }

    fn stand_by(&self, why: &str) {
        self.membership.set_fence(None);
        self.desired().send_if_modified(|desired| {
            let next = DesiredState::StandBy(why.to_owned());
            let is_news = *desired != next && *desired != DesiredState::Retire;
            if is_news {
                *desired = next;
            }
            is_news
        });
    }

    fn take_over(&self, fence: &Arc<Fence>) {
        if self.fence().is_some_and(|known| Arc::ptr_eq(&known, fence)) {
            return;
        }
        self.membership.set_fence(Some(Arc::clone(fence)));
        self.start();
    }
}

impl ChannelRegistry {
    /// Has leases decide where channels run that are launched from here on.
    pub(in crate::daemon) fn join_cluster(&self) {
        self.is_clustered.store(true, Ordering::Relaxed);
    }

    /// Call before the channel is supervised.
    pub(super) fn place(&self, channel: &Channel) {
        if self.is_clustered.load(Ordering::Relaxed) && Cluster::is_owned(channel.name()) {
            channel.join();
        }
    }

    /// The plans of channels that only other nodes have.
    pub(super) fn plans_elsewhere(&self, ours: &[Plan]) -> Vec<Plan> {
        let elsewhere = self.elsewhere.lock();
        let elsewhere = elsewhere.unwrap_or_else(PoisonError::into_inner);
        let is_ours = |name: &&String| ours.iter().any(|plan| plan.name == **name);
        let names = elsewhere.iter().filter(|name| !is_ours(name));
        names.map(|name| plan::elsewhere(name)).collect()
    }
}

impl Owners for ChannelRegistry {
    fn candidates(&self) -> Vec<String> {
        let channels = self.channels();
        let ours = channels
            .iter()
            .filter(|(_, entry)| !entry.plan.is_elsewhere());
        ours.map(|(name, _)| name.clone()).collect()
    }

    fn take_over(&self, channel: &str, fence: &Arc<Fence>) {
        if let Some(channel) = self.find(channel) {
            channel.take_over(fence);
        }
    }

    fn stand_by(&self, channel: &str, why: &str) {
        if let Some(channel) = self.find(channel) {
            channel.stand_by(why);
        }
    }

    fn is_idle(&self, channel: &str) -> bool {
        let channel = self.find(channel);
        channel.is_none_or(|channel| channel.gate().in_flight() == 0)
    }

    fn mention(&self, mut names: Vec<String>) {
        names.sort_unstable();
        {
            let mut known = self
                .elsewhere
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if *known == names {
                return;
            }
            known.clone_from(&names);
        }
        let mut channels = self.channels();
        let gone: Vec<String> = channels
            .iter()
            .filter(|(name, entry)| entry.plan.is_elsewhere() && !names.contains(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            if let Some(entry) = channels.remove(&name) {
                self.parts.router.remove(&name);
                entry.channel.retire();
            }
        }
        for name in names {
            channels.entry(name).or_insert_with_key(|name| {
                let entry = self.launch(plan::elsewhere(name));
                entry
                    .channel
                    .stand_by("another machine has its credentials");
                entry
            });
        }
    }
}
