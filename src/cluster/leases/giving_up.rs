//! Losing leases and giving them up: one that ran out, a hand-over, a drain, the end of the daemon.

use std::sync::{Arc, atomic::Ordering};

use tokio::task::AbortHandle;

use crate::{
    cluster::{
        bus::Streams,
        handle::{Cluster, Owners},
    },
    log::{Log, LogField},
    router::Wakeup,
};

impl Cluster {
    /// The lease is gone: nothing more leaves here.
    pub(super) fn lose(&self, owners: &dyn Owners, channel: &str, why: &str) {
        let held = self.leases().held.remove(channel);
        let Some(held) = held else {
            return;
        };
        self.lease_changes.fetch_add(1, Ordering::Relaxed);
        held.fence.end();
        held.reader.inspect(AbortHandle::abort);
        self.unsettled().remove(channel);
        owners.stand_by(channel, why);
        self.router.wake(channel, Wakeup::Disowned);
        tell_lost(&self.log, channel, why);
    }

    /// Gives a lease up once nothing is under way, so that another node need not wait for it to expire.
    pub(super) async fn release(&self, owners: &dyn Owners, streams: &Streams, channel: &str) {
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
    pub(in crate::cluster) async fn release_all(&self) {
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
