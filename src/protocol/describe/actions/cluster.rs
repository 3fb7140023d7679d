//! The cluster: which machines there are, who owns which channel, handing over.

use crate::protocol::describe::{
    fields::{COUNT, may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

/// How the cluster is, as this machine knows it.
const SHOWN: &[FieldSpec] = &[
    must("name", FieldKind::Name, "the cluster"),
    must("node", FieldKind::Name, "this machine"),
    must("nodes", FieldKind::Texts, "the machines that are there"),
    must(
        "channels",
        FieldKind::Objects,
        "{channel, owner?, since_ms?, stands, alone}: who sends, and who could",
    ),
    may(
        "away_since_ms",
        COUNT,
        "since when the bus is away, ms since 1970, where it is",
    ),
    may("replicas", COUNT, "copies that the servers keep"),
    must(
        "to_publish",
        COUNT,
        "sequence numbers that the bus does not have yet",
    ),
    must(
        "applied",
        COUNT,
        "up to which event of the bus all are here",
    ),
    must(
        "unsettled",
        COUNT,
        "messages that this machine is to send or sends",
    ),
    must(
        "draining",
        FieldKind::Boolean,
        "whether it gives up what it owns and takes nothing",
    ),
];

pub(super) const CLUSTER: ActionSpec = ActionSpec {
    name: "cluster",
    aliases: &[],
    summary: "The machines of the cluster, and which of them owns which channel.",
    request: &[],
    response: SHOWN,
};

pub(super) const CLUSTER_HAND_OVER: ActionSpec = ActionSpec {
    name: "cluster.hand_over",
    aliases: &[],
    summary: "Has another machine own a channel; it is asked for, and happens within seconds.",
    request: &[
        must("channel", FieldKind::Name, "the channel"),
        must("node", FieldKind::Name, "who shall own it"),
    ],
    response: SHOWN,
};

pub(super) const CLUSTER_DRAIN: ActionSpec = ActionSpec {
    name: "cluster.drain",
    aliases: &[],
    summary: "Has this machine give up every channel, and take none until its next start.",
    request: &[],
    response: SHOWN,
};
