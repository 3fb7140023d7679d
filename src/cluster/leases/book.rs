//! What a node knows of who owns what: its own leases, and those of others as it saw them last.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Value, json};
use tokio::task::AbortHandle;

use crate::{cluster::fence::Fence, message::Message};

/// What a node knows of the leases.
#[derive(Default)]
pub(in crate::cluster) struct Leases {
    pub(super) held: BTreeMap<String, Held>,
    /// Who holds the others, and their tokens.
    pub(super) others: BTreeMap<String, Lease>,
    /// The nodes that were seen last.
    pub(super) nodes: BTreeSet<String>,
    /// Channels and who stands for them.
    pub(in crate::cluster) stands: BTreeSet<(String, String)>,
    /// The channels that go on alone, and the node of each.
    pub(super) alone: BTreeMap<String, String>,
}

/// A lease of ours.
pub(in crate::cluster) struct Held {
    pub(super) fence: Arc<Fence>,
    /// The last revision of its key; `None` where the servers do not know of it.
    pub(super) revision: Option<u64>,
    pub(super) reader: Option<AbortHandle>,
    /// Whether the worker was told to go on without the bus.
    pub(super) goes_on: bool,
    pub(super) since_ms: u64,
}

/// A lease as its key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cluster) struct Lease {
    pub(in crate::cluster) node: String,
    pub(super) run: String,
    pub(in crate::cluster) since_ms: u64,
}

impl Lease {
    pub(super) fn write(&self) -> bytes::Bytes {
        json!({"node": self.node, "run": self.run, "since_ms": self.since_ms})
            .to_string()
            .into()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
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
pub(in crate::cluster) struct Owner {
    pub(in crate::cluster) channel: String,
    pub(in crate::cluster) node: Option<String>,
    pub(in crate::cluster) since_ms: Option<u64>,
    pub(in crate::cluster) is_alone: bool,
    pub(in crate::cluster) stands: Vec<String>,
}

impl Leases {
    /// Whether this node sends on a channel without the bus too.
    pub(in crate::cluster) fn is_alone(&self, channel: &str) -> bool {
        let held = self.held.get(channel);
        held.is_some_and(|held| held.fence.is_alone())
    }

    /// Notes for every channel of ours whether the bus takes what is told; those for which that is news.
    pub(in crate::cluster) fn note_unheard(&self, is_unheard: bool) -> Vec<String> {
        let held = self.held.iter();
        let changed = held.filter(|(_, held)| held.fence.set_unheard(is_unheard));
        changed.map(|(channel, _)| channel.clone()).collect()
    }

    /// A message comes to another state here.
    pub(in crate::cluster) fn note_state(&self, message: &Message, seq: u64) {
        if let Some(held) = self.held.get(&message.channel) {
            held.fence.stored(message, seq);
        }
    }

    /// The bus knows of an event of a message. Whether deliveries of its channel may go on by that.
    pub(in crate::cluster) fn note_reported(&self, message: &Message) -> bool {
        let held = self.held.get(&message.channel);
        held.is_some_and(|held| held.fence.unreported().reported(message.id, message.seq))
    }

    /// The bus has all events up to this one. The channels of which deliveries may go on by that.
    pub(in crate::cluster) fn note_reported_up_to(&self, seq: u64) -> Vec<String> {
        let held = self.held.iter();
        let freed = held.filter(|(_, held)| held.fence.unreported().reported_up_to(seq));
        freed.map(|(channel, _)| channel.clone()).collect()
    }

    pub(in crate::cluster) fn nodes(&self) -> &BTreeSet<String> {
        &self.nodes
    }

    /// Every channel that some node stands for.
    pub(in crate::cluster) fn owners(&self, here: &str) -> Vec<Owner> {
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
