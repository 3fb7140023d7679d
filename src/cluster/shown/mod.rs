//! How the cluster is, for people and for monitoring: what this node knows, said.
//!
//! - `survey`: looking at the streams and at the other machines. `report`: what they say of themselves.
//! - `figures`: numbers for `/metrics`. `probe`: which servers answer, for a program that is in no cluster itself.

mod figures;
pub(in crate::cluster) mod probe;
pub(in crate::cluster) mod report;
mod survey;

use std::{
    collections::{BTreeSet, HashMap},
    sync::atomic::Ordering,
};

use serde_json::{Value, json};

use self::report::{NodeReport, SeenNode};
use super::{
    handle::Cluster,
    leases::book::{Leases, Owner},
};

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
        let owners: Vec<Value> = leases.owners(here).iter().map(owner_json).collect();
        let nodes: Vec<&String> = leases.nodes().iter().collect();
        let ours = self.report();
        let survey = self.survey();
        let replicas = self
            .streams
            .borrow()
            .as_ref()
            .map(|streams| streams.replicas);
        let mut json = json!({
            "name": self.settings.name,
            "node": here,
            "nodes": nodes,
            "machines": machines_json(&leases, &survey.machines, here, &ours),
            "channels": owners,
            "to_publish": ours.to_publish,
            "behind": ours.behind,
            "applied": *self.applied.borrow(),
            "unsettled": ours.unsettled,
            "waiting": survey.waiting,
            "draining": self.is_draining.load(Ordering::SeqCst),
        });
        if let Some(since_ms) = self.bus.away_since_ms() {
            json["away_since_ms"] = json!(since_ms);
        }
        if let Some(replicas) = replicas {
            json["replicas"] = json!(replicas);
        }
        json
    }

    /// What this machine says of itself, now.
    pub(super) fn report(&self) -> NodeReport {
        let heard = self.heard.load(Ordering::SeqCst);
        let events_end = self.survey().events_end;
        NodeReport {
            instance: self.instance.clone(),
            to_publish: heard.saturating_sub(*self.published.borrow()),
            behind: events_end.saturating_sub(*self.applied.borrow()),
            unsettled: self.unsettled().values().map(HashMap::len).sum::<usize>() as u64,
        }
    }
}

fn owner_json(owner: &Owner) -> Value {
    let mut json =
        json!({"channel": owner.channel, "stands": owner.stands, "alone": owner.is_alone});
    if let Some(node) = &owner.node {
        json["owner"] = json!(node);
    }
    if let Some(since_ms) = owner.since_ms {
        json["since_ms"] = json!(since_ms);
    }
    json
}

/// Every machine that is there or has a channel's credentials.
fn machines_json(
    leases: &Leases,
    seen: &HashMap<String, SeenNode>,
    here: &String,
    ours: &NodeReport,
) -> Vec<Value> {
    let standing = leases.stands.iter().map(|(_, node)| node);
    let names: BTreeSet<&String> = leases
        .nodes()
        .iter()
        .chain(standing)
        .chain([here])
        .collect();
    let machine = |name: &String| {
        let seen = seen.get(name);
        let is_there = name == here || leases.nodes().contains(name);
        let mut json = json!({"node": name, "there": is_there});
        if let Some(seen) = seen.filter(|_| name != here) {
            json["seen_ms"] = json!(seen.at_ms);
        }
        let report = if name == here {
            Some(ours)
        } else {
            seen.map(|seen| &seen.report)
        };
        if let Some(report) = report {
            report.add_to(&mut json);
        }
        json
    };
    names.into_iter().map(machine).collect()
}
