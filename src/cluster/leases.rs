//! Who owns which channel: taking leases, renewing them, losing them, giving them up.
//!
//! Not here: how long a lease may be gone by (`fence`), and what an owner reads (`outgoing`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_nats::jetstream::kv::Store as Bucket;
use futures_util::{TryStreamExt as _, future::join_all};
use serde_json::{Value, json};
use tokio::{
    task::AbortHandle,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    bus::Streams,
    fence::{Fence, Moment},
    handle::{Cluster, Owners},
};
use crate::{
    clock,
    log::{Log, LogField},
    router::Wakeup,
};

/// How long the servers keep a lease that is not renewed.
pub const TTL: Duration = Duration::from_secs(9);

/// How long a node goes by a lease after it began to renew it. What is left of [`TTL`] is for a server that
/// counts from an earlier moment than its answer suggests, and for clocks that run apart.
pub const HOLD_FOR: Duration = Duration::from_secs(6);

/// How often leases are renewed, and looked for.
const LOOK_EVERY: Duration = Duration::from_millis(1500);

/// The longest that a look may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(4);

/// What a node knows of the leases.
#[derive(Default)]
pub struct Leases {
    held: BTreeMap<String, Held>,
    /// Who holds the others, and their tokens.
    others: BTreeMap<String, Lease>,
    /// The nodes that were seen last.
    nodes: BTreeSet<String>,
    /// Channels and who stands for them.
    stands: BTreeSet<(String, String)>,
    /// The channels that go on alone, and the node of each.
    alone: BTreeMap<String, String>,
}

/// A lease of ours.
struct Held {
    fence: Arc<Fence>,
    /// The last revision of its key; `None` where the servers do not know of it.
    revision: Option<u64>,
    reader: Option<AbortHandle>,
    /// Whether the worker was told to go on without the bus.
    goes_on: bool,
    since_ms: u64,
}

/// A lease as its key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) node: String,
    run: String,
    pub(super) since_ms: u64,
}

impl Lease {
    fn write(&self) -> bytes::Bytes {
        json!({"node": self.node, "run": self.run, "since_ms": self.since_ms})
            .to_string()
            .into()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let json: Value = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            node: json["node"].as_str()?.to_owned(),
            run: json["run"].as_str()?.to_owned(),
            since_ms: json["since_ms"].as_u64()?,
        })
    }
}

/// The owner of a channel, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) channel: String,
    pub(super) node: Option<String>,
    pub(super) since_ms: Option<u64>,
    pub(super) is_alone: bool,
    pub(super) stands: Vec<String>,
}

impl Leases {
    /// Whether this node sends on a channel without the bus too.
    pub(super) fn is_alone(&self, channel: &str) -> bool {
        let held = self.held.get(channel);
        held.is_some_and(|held| held.fence.is_alone())
    }

    /// Notes for every channel of ours whether the bus takes what is told; those for which that is news.
    pub(super) fn note_unheard(&self, is_unheard: bool) -> Vec<String> {
        let held = self.held.iter();
        let changed = held.filter(|(_, held)| held.fence.set_unheard(is_unheard));
        changed.map(|(channel, _)| channel.clone()).collect()
    }

    pub(super) fn nodes(&self) -> &BTreeSet<String> {
        &self.nodes
    }

    /// Every channel that some node stands for.
    pub(super) fn owners(&self, here: &str) -> Vec<Owner> {
        let channels: BTreeSet<&String> = self
            .stands
            .iter()
            .map(|(channel, _)| channel)
            .chain(self.held.keys())
            .collect();
        let owner = |channel: &String| {
            let held = self.held.get(channel).filter(|held| held.fence.holds());
            let other = self.others.get(channel);
            let node = held
                .map(|_| here.to_owned())
                .or_else(|| other.map(|it| it.node.clone()));
            let of_channel = self.stands.iter().filter(|(name, _)| name == channel);
            Owner {
                channel: channel.clone(),
                node,
                since_ms: held
                    .map(|held| held.since_ms)
                    .or_else(|| other.map(|it| it.since_ms)),
                is_alone: self.alone.contains_key(channel) || self.is_alone(channel),
                stands: of_channel.map(|(_, node)| node.clone()).collect(),
            }
        };
        channels.into_iter().map(owner).collect()
    }
}

/// What the buckets say at one look.
struct Look {
    stands: BTreeSet<(String, String)>,
    nodes: BTreeSet<String>,
    alone: BTreeMap<String, String>,
    wanted: BTreeMap<String, String>,
}

impl Cluster {
    /// Takes, renews and gives up leases. Never ends.
    pub(super) async fn keep_leases(self: Arc<Self>) {
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
                    owners.mention(elsewhere.into_iter().collect());
                }
                None => candidates
                    .iter()
                    .for_each(|channel| self.go_on(&*owners, channel)),
            }
        }
    }

    /// Shows this node, and reads what the buckets say. `None` where the bus does not answer.
    async fn look(&self, streams: &Streams, candidates: &[String]) -> Option<Look> {
        let here = &self.settings.node;
        let node = format!("node.{here}");
        if let Some(other) = streams.live.get(&node).await.ok()?
            && other != self.instance.as_bytes()
        {
            let fields: [LogField<'_>; 1] = [("node", here)];
            let text = "another machine of the cluster has this NODE_NAME; give each its own";
            self.log.warn_limited("cluster", text, &fields);
            return None;
        }
        streams
            .live
            .put(&node, self.instance.clone().into())
            .await
            .ok()?;
        let stands = &streams.stands;
        let is_draining = self.is_draining.load(Ordering::SeqCst);
        let keys = keys(stands).await?;
        for channel in candidates.iter().filter(|_| !is_draining) {
            let key = format!("stand.{channel}.{here}");
            if !keys.contains(&key) {
                stands.put(&key, "".into()).await.ok()?;
            }
        }
        let mut look = Look {
            stands: BTreeSet::new(),
            nodes: BTreeSet::new(),
            alone: BTreeMap::new(),
            wanted: BTreeMap::new(),
        };
        for key in &keys {
            let Some((what, rest)) = key.split_once('.') else {
                continue;
            };
            match (what, rest.rsplit_once('.')) {
                ("stand", Some((channel, node)))
                    if node == here
                        && (is_draining || !candidates.iter().any(|one| one == channel)) =>
                {
                    stands.delete(key).await.ok()?;
                }
                ("stand", Some((channel, node))) => {
                    look.stands.insert((channel.to_owned(), node.to_owned()));
                }
                ("alone" | "want", _) => {
                    let Some(node) = stands.get(key).await.ok()? else {
                        continue;
                    };
                    let node = String::from_utf8_lossy(&node).into_owned();
                    let map = if what == "alone" {
                        &mut look.alone
                    } else {
                        &mut look.wanted
                    };
                    map.insert(rest.to_owned(), node);
                }
                _ => {}
            }
        }
        let mut others = BTreeMap::new();
        for key in super::leases::keys(&streams.live).await? {
            if let Some(node) = key.strip_prefix("node.") {
                look.nodes.insert(node.to_owned());
            } else if let Some(channel) = key.strip_prefix("lease.")
                && let Some(value) = streams.live.get(&key).await.ok()?
                && let Some(lease) = Lease::read(&value).filter(|lease| lease.run != self.run)
            {
                others.insert(channel.to_owned(), lease);
            }
        }
        let mut leases = self.leases();
        leases.others = others;
        leases.nodes.clone_from(&look.nodes);
        leases.stands.clone_from(&look.stands);
        leases.alone.clone_from(&look.alone);
        Some(look)
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
    async fn renew(
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

    /// Goes by itself where nobody else stands for the channel, and stops that before somebody else can own it.
    async fn settle_alone(&self, streams: &Streams, look: &Look, channel: &str, fence: &Fence) {
        let (here, key) = (&self.settings.node, format!("alone.{channel}"));
        let has_rivals = |stands: &BTreeSet<(String, String)>| {
            stands
                .iter()
                .any(|(name, node)| name == channel && node != here)
        };
        let marked = look.alone.get(channel);
        if has_rivals(&look.stands) {
            fence.set_alone(false);
            self.kept.change(|kept| {
                kept.alone.remove(channel);
            });
            // On disk before another may own the channel: a start without the bus goes by the file.
            self.kept.save(&self.log).await;
            if marked == Some(here) {
                let _ = streams.stands.delete(&key).await;
            }
            return;
        }
        if marked.is_none() && streams.stands.put(&key, here.clone().into()).await.is_err() {
            return;
        }
        if fence.is_alone() || marked.is_some_and(|node| node != here) {
            return;
        }
        // Whoever stands from here on sees the mark first.
        let Some(keys) = keys(&streams.stands).await else {
            return;
        };
        let start = format!("stand.{channel}.");
        let is_rival = |key: &String| key.strip_prefix(&start).is_some_and(|node| node != here);
        if !keys.iter().any(is_rival) {
            fence.set_alone(true);
            self.kept.change(|kept| {
                kept.alone.insert(channel.to_owned());
            });
        }
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

    fn hold(&self, channel: &str, fence: &Arc<Fence>, revision: Option<u64>) {
        let held = Held {
            fence: Arc::clone(fence),
            revision,
            reader: None,
            goes_on: false,
            since_ms: clock::now_ms(),
        };
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

    /// One look at one channel without the bus.
    fn go_on(&self, owners: &dyn Owners, channel: &str) {
        let held = self
            .leases()
            .held
            .get(channel)
            .map(|held| Arc::clone(&held.fence));
        let was_alone = || self.kept.get().alone.contains(channel);
        let fence = match held {
            Some(fence) if fence.holds() => fence,
            Some(_) => return self.lose(owners, channel, "the bus is away"),
            None if was_alone() => {
                let fence = Fence::new(0, Moment::now(), HOLD_FOR);
                fence.set_alone(true);
                self.hold(channel, &fence, None);
                fence
            }
            None => {
                return owners.stand_by(channel, "the bus is away, and another machine may send");
            }
        };
        if !fence.is_alone() {
            return;
        }
        owners.take_over(channel, &fence);
        let reader = {
            let mut leases = self.leases();
            let Some(held) = leases.held.get_mut(channel).filter(|held| !held.goes_on) else {
                return;
            };
            held.goes_on = true;
            held.reader.take()
        };
        reader.inspect(AbortHandle::abort);
        self.router.wake(channel, Wakeup::Alone(true));
    }

    /// The lease is gone: nothing more leaves here.
    fn lose(&self, owners: &dyn Owners, channel: &str, why: &str) {
        let held = self.leases().held.remove(channel);
        let Some(held) = held else {
            return;
        };
        held.fence.end();
        held.reader.inspect(AbortHandle::abort);
        self.unsettled().remove(channel);
        owners.stand_by(channel, why);
        self.router.wake(channel, Wakeup::Disowned);
        tell_lost(&self.log, channel, why);
    }

    /// Gives a lease up once nothing is under way, so that another node need not wait for it to expire.
    async fn release(&self, owners: &dyn Owners, streams: &Streams, channel: &str) {
        let held = self.leases().held.get(channel).map(|held| held.revision);
        let key = format!("alone.{channel}");
        if streams
            .stands
            .get(&key)
            .await
            .is_ok_and(|node| node.is_some_and(|node| node == self.settings.node.as_bytes()))
        {
            let _ = streams.stands.delete(&key).await;
        }
        self.kept.change(|kept| {
            kept.alone.remove(channel);
        });
        let Some(revision) = held else {
            return owners.stand_by(channel, "it was handed over");
        };
        owners.stand_by(channel, "it is being handed over");
        self.router.wake(channel, Wakeup::Disowned);
        if !owners.is_idle(channel) {
            // What a service answers meanwhile is still told; the lease is kept until then.
            let fence = self
                .leases()
                .held
                .get(channel)
                .map(|held| Arc::clone(&held.fence));
            if let Some(fence) = fence {
                self.renew(streams, channel, &fence, revision).await;
            }
            return;
        }
        self.lose(owners, channel, "it was handed over");
        let _ = streams.live.delete(format!("lease.{channel}")).await;
    }

    /// Gives up every lease, whatever is under way: the daemon ends.
    pub(super) async fn release_all(&self) {
        let held: Vec<(String, bool)> = {
            let mut leases = self.leases();
            let held = std::mem::take(&mut leases.held);
            let ended = held.into_iter().map(|(channel, held)| {
                let is_alone = held.fence.is_alone();
                held.fence.end();
                held.reader.inspect(AbortHandle::abort);
                (channel, is_alone)
            });
            ended.collect()
        };
        let Some(streams) = self.streams_now() else {
            return;
        };
        for (channel, _) in held {
            let _ = streams.live.delete(format!("lease.{channel}")).await;
        }
        let _ = streams
            .live
            .delete(format!("node.{}", self.settings.node))
            .await;
    }

    /// Asks for a channel to be owned by a node that stands for it.
    pub async fn hand_over(&self, channel: &str, node: &str) -> Result<(), String> {
        let streams = self.streams_now().ok_or("the bus is away")?;
        let known = {
            let leases = self.leases();
            let wanted = (channel.to_owned(), node.to_owned());
            leases.stands.contains(&wanted) && leases.nodes.contains(node)
        };
        if !known {
            return Err(format!(
                "{node} is not there, or has no credentials for {channel}; cleudocodebot cluster status"
            ));
        }
        let mark = format!("alone.{channel}");
        let marked = streams
            .stands
            .get(&mark)
            .await
            .map_err(|error| error.to_string())?;
        let is_gone =
            marked.is_some_and(|it| !self.leases().nodes.contains(&*String::from_utf8_lossy(&it)));
        if is_gone {
            streams
                .stands
                .delete(&mark)
                .await
                .map_err(|error| error.to_string())?;
        }
        let put = streams
            .stands
            .put(format!("want.{channel}"), node.to_owned().into());
        put.await.map(drop).map_err(|error| error.to_string())
    }

    /// Gives up every lease, and takes none until the next start.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::SeqCst);
    }
}

fn tell_lost(log: &Log, channel: &str, why: &str) {
    let fields: [LogField<'_>; 2] = [("channel", &channel), ("why", &why)];
    log.info(
        "cluster",
        "this machine no longer owns the channel",
        &fields,
    );
}

fn is_put(entry: &async_nats::jetstream::kv::Entry) -> bool {
    entry.operation == async_nats::jetstream::kv::Operation::Put
}

/// Every key of a bucket; `None` where it cannot be read.
async fn keys(bucket: &Bucket) -> Option<Vec<String>> {
    bucket.keys().await.ok()?.try_collect().await.ok()
}
