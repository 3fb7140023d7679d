//! One look at the buckets: which machines there are, who stands for what, who is alone, what is to be handed over.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};

use async_nats::jetstream::kv::Store as Bucket;
use futures_util::TryStreamExt as _;

use super::book::Lease;
use crate::{
    cluster::{bus::Streams, handle::Cluster, shown::report::NodeReport},
    log::LogField,
};

/// What the buckets say.
#[derive(Default)]
pub(super) struct Look {
    pub(super) stands: BTreeSet<(String, String)>,
    pub(super) nodes: BTreeSet<String>,
    pub(super) alone: BTreeMap<String, String>,
    pub(super) wanted: BTreeMap<String, String>,
}

impl Cluster {
    /// Shows this node, and reads what the buckets say. `None` where the bus does not answer.
    pub(super) async fn look(&self, streams: &Streams, candidates: &[String]) -> Option<Look> {
        self.show_node(&streams.live).await?;
        let mut look = Look::default();
        self.look_at_stands(&streams.stands, candidates, &mut look)
            .await?;
        self.look_at_leases(&streams.live, &mut look).await?;
        Some(look)
    }

    /// Two machines of one name would take each other's leases for their own.
    async fn show_node(&self, live: &Bucket) -> Option<()> {
        let here = &self.settings.node;
        let node = format!("node.{here}");
        if let Some(other) = live.get(&node).await.ok()?
            && NodeReport::read(&other).instance != self.instance
        {
            let fields: [LogField<'_>; 1] = [("node", here)];
            let text = "another machine of the cluster has this NODE_NAME; give each its own";
            self.log.warn_limited("cluster", text, &fields);
            return None;
        }
        live.put(&node, self.report().write()).await.ok()?;
        Some(())
    }

    async fn look_at_stands(
        &self,
        stands: &Bucket,
        candidates: &[String],
        look: &mut Look,
    ) -> Option<()> {
        let here = &self.settings.node;
        let is_draining = self.is_draining.load(Ordering::SeqCst);
        let keys = keys(stands).await?;
        for channel in candidates.iter().filter(|_| !is_draining) {
            let key = format!("stand.{channel}.{here}");
            if !keys.contains(&key) {
                stands.put(&key, "".into()).await.ok()?;
            }
        }
        for key in &keys {
            let Some((what, rest)) = key.split_once('.') else {
                continue;
            };
            match (what, rest.rsplit_once('.')) {
                ("stand", Some((channel, node))) => {
                    let stays = !is_draining && candidates.iter().any(|one| one == channel);
                    if node == here && !stays {
                        stands.delete(key).await.ok()?;
                    } else {
                        look.stands.insert((channel.to_owned(), node.to_owned()));
                    }
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
        Some(())
    }

    async fn look_at_leases(&self, live: &Bucket, look: &mut Look) -> Option<()> {
        let mut others = BTreeMap::new();
        for key in keys(live).await? {
            if let Some(node) = key.strip_prefix("node.") {
                look.nodes.insert(node.to_owned());
            } else if let Some(channel) = key.strip_prefix("lease.")
                && let Some(value) = live.get(&key).await.ok()?
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
        Some(())
    }
}

/// Every key of a bucket; `None` where it cannot be read.
pub(super) async fn keys(bucket: &Bucket) -> Option<Vec<String>> {
    bucket.keys().await.ok()?.try_collect().await.ok()
}
