//! Who owns which channel: taking leases and renewing them.
//!
//! - `book`: what a node knows of them. `look`: reading that from the bus.
//! - `alone`: a machine that nobody else could stand in for. `giving_up`: losing them, handing over.
//!
//! Not here: how long a lease may be gone by (`fence`), and what an owner reads (`outgoing`).

mod alone;
pub(super) mod book;
mod giving_up;
mod look;

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    task::AbortHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use self::{
    book::{Held, Lease},
    look::Look,
};
use super::{
    bus::Streams,
    fence::{Fence, HOLD_FOR, Moment},
    handle::{Cluster, Owners},
};
use crate::{clock, log::LogField, router::Wakeup};

/// How often leases are renewed, and looked for.
const LOOK_EVERY: Duration = Duration::from_millis(1500);

/// The longest that a look may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(4);

impl Cluster {
    /// Takes, renews and gives up leases. Never ends.
    pub(in crate::cluster) async fn keep_leases(self: Arc<Self>) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(owners) = self.owners() else {
                continue;
            };
            let candidates: Vec<_> = owners
                .candidates()
                .into_iter()
                .filter(|one| Self::is_owned(one))
                .collect();
            let looked = match self.streams_now() {
                Some(streams) => {
                    let look = timeout(LOOK_TIMEOUT, self.look(&streams, &candidates)).await;
                    look.ok().flatten().map(|look| (streams, look))
                }
                None => None,
            };
            match looked {
                Some((streams, look)) => {
                    let all = candidates
                        .iter()
                        .map(|channel| self.keep(&*owners, &streams, &look, channel));
                    join_all(all).await;
                    let elsewhere = look.stands.iter().map(|(channel, _)| channel);
                    let elsewhere: BTreeSet<_> = elsewhere
                        .filter(|one| !candidates.contains(one))
                        .cloned()
                        .collect();
                    owners.mention(elsewhere.iter().cloned().collect());
                    self.kept.change(|kept| kept.elsewhere = elsewhere);
                    self.is_heard.send_replace(true);
                }
                None => candidates
                    .iter()
                    .for_each(|channel| self.go_on(&*owners, channel)),
            }
        }
    }

    /// One look at one channel with the bus there.
    async fn keep(
        self: &Arc<Self>,
        owners: &dyn Owners,
        streams: &Streams,
        look: &Look,
        channel: &str,
    ) {
        let here = &self.settings.node;
        let wanted_elsewhere = look
            .wanted
            .get(channel)
            .filter(|node| *node != here && look.nodes.contains(*node));
        if self.is_draining.load(Ordering::SeqCst) || wanted_elsewhere.is_some() {
            return self.release(owners, streams, channel).await;
        }
        let held = self
            .leases()
            .held
            .get(channel)
            .map(|held| (Arc::clone(&held.fence), held.revision));
        match held {
            Some((fence, revision)) => {
                if self.renew(streams, channel, &fence, revision).await {
                    self.settle_alone(streams, look, channel, &fence).await;
                    self.read_along(channel, &fence);
                } else if !fence.holds() {
                    self.lose(owners, channel, "its lease ran out");
                }
            }
            None => self.take(owners, streams, look, channel).await,
        }
    }

    fn lease(&self) -> Lease {
        Lease {
            node: self.settings.node.clone(),
            run: self.run.clone(),
            since_ms: clock::now_ms(),
        }
    }

    /// Renews a lease. After an answer that was lost the key is asked what came of it.
    pub(super) async fn renew(
        &self,
        streams: &Streams,
        channel: &str,
        fence: &Fence,
        revision: Option<u64>,
    ) -> bool {
        let key = format!("lease.{channel}");
        let asked = Moment::now();
        let since_ms = self
            .leases()
            .held
            .get(channel)
            .map_or(0, |held| held.since_ms);
        let value = Lease {
            since_ms,
            ..self.lease()
        }
        .write();
        let mut renewed = None;
        if let Some(revision) = revision {
            renewed = streams
                .live
                .update(&key, value.clone(), revision)
                .await
                .ok();
        }
        if renewed.is_none() {
            renewed = match streams.live.entry(&key).await {
                Ok(Some(entry)) if is_put(&entry) => match Lease::read(&entry.value) {
                    Some(found) if found.run == self.run => {
                        streams.live.update(&key, value, entry.revision).await.ok()
                    }
                    _ => {
                        // Somebody had it handed over while this machine was away.
                        fence.set_alone(false);
                        None
                    }
                },
                // Nobody else can have had it meanwhile.
                Ok(_) if fence.is_alone() => streams.live.create(&key, value).await.ok(),
                _ => None,
            };
        }
        let Some(revision) = renewed else {
            return false;
        };
        fence.renewed(asked);
        if let Some(held) = self.leases().held.get_mut(channel) {
            held.revision = Some(revision);
        }
        true
    }

    /// Takes a lease that nobody has, unless a node may be sending alone.
    async fn take(
        self: &Arc<Self>,
        owners: &dyn Owners,
        streams: &Streams,
        look: &Look,
        channel: &str,
    ) {
        let here = &self.settings.node;
        if let Some(node) = look.alone.get(channel).filter(|node| *node != here) {
            let why = format!(
                "{node} sends alone here; if that machine is gone for good: cleudocodebot cluster hand-over {channel} {here}"
            );
            return owners.stand_by(channel, &why);
        }
        // Behind the look: the mark may have been set since, and its node may have gone.
        let marked = streams.stands.get(format!("alone.{channel}")).await;
        if !matches!(&marked, Ok(node) if node.as_ref().is_none_or(|node| node == here.as_bytes()))
        {
            return;
        }
        let asked = Moment::now();
        let created = streams
            .live
            .create(format!("lease.{channel}"), self.lease().write())
            .await;
        let Ok(revision) = created else {
            let owner = self
                .leases()
                .others
                .get(channel)
                .map(|lease| lease.node.clone());
            let why = owner.map_or_else(
                || "no machine has it yet".to_owned(),
                |node| format!("{node} sends"),
            );
            return owners.stand_by(channel, &why);
        };
        if look.wanted.get(channel) == Some(here) {
            let _ = streams.stands.delete(format!("want.{channel}")).await;
        }
        let fence = Fence::new(revision, asked, HOLD_FOR);
        let fields: [LogField<'_>; 2] = [("channel", &channel), ("token", &revision)];
        self.log
            .info("cluster", "this machine owns the channel now", &fields);
        self.hold(channel, &fence, Some(revision));
        self.read_along(channel, &fence);
    }

    pub(super) fn hold(&self, channel: &str, fence: &Arc<Fence>, revision: Option<u64>) {
        let held = Held {
            fence: Arc::clone(fence),
            revision,
            reader: None,
            goes_on: false,
            since_ms: clock::now_ms(),
        };
        self.lease_changes.fetch_add(1, Ordering::Relaxed);
        self.leases().held.insert(channel.to_owned(), held);
    }

    /// Has the stream read for a channel of ours, where that is not under way.
    fn read_along(self: &Arc<Self>, channel: &str, fence: &Arc<Fence>) {
        let mut leases = self.leases();
        let Some(held) = leases.held.get_mut(channel) else {
            return;
        };
        if held.reader.as_ref().is_none_or(AbortHandle::is_finished) {
            let reading = Arc::clone(self).read_out(channel.to_owned(), Arc::clone(fence));
            held.reader = Some(tokio::spawn(reading).abort_handle());
        }
        if std::mem::take(&mut held.goes_on) {
            self.router.wake(channel, Wakeup::Alone(false));
        }
    }
}

fn is_put(entry: &async_nats::jetstream::kv::Entry) -> bool {
    entry.operation == async_nats::jetstream::kv::Operation::Put
}
