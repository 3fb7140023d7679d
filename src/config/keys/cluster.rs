//! The keys of a cluster: several machines on one bus.

use crate::config::{
    key::{Key, key},
    values::Kind,
};

/// Where the servers of the bus are.
pub const URL: &str = "CLUSTER_URL";

/// Their rows.
pub(in crate::config) const KEYS: &[Key] = &[
    key(
        URL,
        "",
        Kind::Text,
        "NATS servers with JetStream that join this machine with others, nats://HOST:PORT or tls://HOST:PORT, separated by commas; empty for a machine of its own.",
    ),
    key(
        "CLUSTER_CREDS",
        "",
        Kind::File,
        "File of NATS credentials (.creds) for them, relative to the home folder.",
    ),
    key(
        "CLUSTER_CA",
        "",
        Kind::File,
        "PEM file of the certificate authority that signed theirs, relative to the home folder; with it the connection must be TLS.",
    ),
    key(
        "CLUSTER_NAME",
        "home",
        Kind::Text,
        "Name of the cluster, the same on each of its machines: letters, digits, - and _.",
    ),
    key(
        "NODE_NAME",
        "",
        Kind::Text,
        "Name of this machine in the cluster, another on each; empty takes the host's name.",
    ),
    key(
        "CLUSTER_ACK",
        "",
        Kind::OneOf(&["local", "stream", "both"]),
        "When send is answered: local after this disk, stream after the bus too while it is there, both never without it; empty takes stream where three servers keep copies, else local.",
    ),
];
