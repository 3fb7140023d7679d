//! How the cluster is, for people.

use serde_json::{Value, json};

use super::handle::Cluster;

impl Cluster {
    /// What somebody should do something about, in words; times as `show` writes them.
    pub fn notes(&self, show: impl Fn(u64) -> String) -> Vec<String> {
        if let Some(since_ms) = self.bus.away_since_ms() {
            let since = show(since_ms);
            return vec![format!(
                "the bus is away since {since}: see whether this machine reaches CLUSTER_URL"
            )];
        }
        let owners = self.leases().owners(&self.settings.node);
        let unowned = owners.into_iter().filter(|owner| owner.node.is_none());
        let text = |name: &str| format!("no machine sends on {name}: cleudocodebot cluster");
        unowned.map(|owner| text(&owner.channel)).collect()
    }

    /// As in `status` and `cluster`.
    pub fn json(&self) -> Value {
        let here = &self.settings.node;
        let leases = self.leases();
        let owners: Vec<Value> = leases
            .owners(here)
            .into_iter()
            .map(|owner| {
                let mut json = json!({"channel": owner.channel, "stands": owner.stands, "alone": owner.is_alone});
                if let Some(node) = owner.node {
                    json["owner"] = json!(node);
                }
                if let Some(since_ms) = owner.since_ms {
                    json["since_ms"] = json!(since_ms);
                }
                json
            })
            .collect();
        let nodes: Vec<&String> = leases.nodes().iter().collect();
        let heard = self.heard.load(std::sync::atomic::Ordering::SeqCst);
        let replicas = self
            .streams
            .borrow()
            .as_ref()
            .map(|streams| streams.replicas);
        let mut json = json!({
            "name": self.settings.name,
            "node": here,
            "nodes": nodes,
            "channels": owners,
            "to_publish": heard.saturating_sub(*self.published.borrow()),
            "applied": *self.applied.borrow(),
            "unsettled": self.unsettled().values().map(std::collections::HashMap::len).sum::<usize>(),
            "draining": self.is_draining.load(std::sync::atomic::Ordering::SeqCst),
        });
        if let Some(since_ms) = self.bus.away_since_ms() {
            json["away_since_ms"] = json!(since_ms);
        }
        if let Some(replicas) = replicas {
            json["replicas"] = json!(replicas);
        }
        json
    }
}
