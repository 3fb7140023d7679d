//! The daemon: how it is, its log, its settings, its end.

use crate::protocol::describe::{
    fields::{COUNT, may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

pub(super) const STATUS: ActionSpec = ActionSpec {
    name: "status",
    aliases: &["get_status"],
    summary: "How the daemon is; what is of its machine and its store only for those who run it.",
    request: &[],
    response: &[
        may(
            "notes",
            FieldKind::Texts,
            "what somebody should do something about, in words",
        ),
        must("version", FieldKind::Name, "of the server"),
        may("pid", COUNT, "its process"),
        must("started_ms", COUNT, "when it started, ms since 1970"),
        must("uptime_ms", COUNT, "for how long it runs"),
        must("ready", FieldKind::Boolean, "as /readyz"),
        may("not_ready", FieldKind::Text, "why it is not ready"),
        may("home", FieldKind::Text, "its home folder"),
        may(
            "tls",
            FieldKind::Object,
            "{until_ms, error, warnings}: the certificate of the port, where it speaks TLS",
        ),
        may(
            "public_url",
            FieldKind::Text,
            "the address under which other devices reach it",
        ),
        may("clients", COUNT, "connected now"),
        must(
            "integrations",
            FieldKind::Objects,
            "as the action integrations",
        ),
        must("agents", FieldKind::Objects, "as the event agent.state"),
        may(
            "pauses",
            FieldKind::Objects,
            "what is paused, as the action pauses",
        ),
        may(
            "queues",
            FieldKind::Object,
            "{outbox: {channel: count}, store, events}: what waits where",
        ),
        may(
            "store",
            FieldKind::Object,
            "{kind, messages, files, file_bytes, seq, commits, writes, indexed, index_bytes, failing_since_ms?, error?, damage?, limit_reached?}",
        ),
        may(
            "clock",
            FieldKind::Object,
            "{ahead_ms, believed, jumps}: how far the wall clock is ahead (or behind, if negative) of the time \
             that ages are counted by; it is believed once that held for a day. Ahead without jumps since the \
             start, it is only that nothing ran before",
        ),
        may(
            "backup",
            FieldKind::Object,
            "{at_ms?, path?, bytes, messages, error?, failed_ms?, folder?, every_ms?}: the last backup and the last failure since, and where they are made by themselves",
        ),
        may("memory", FieldKind::Object, "{rss_bytes?}"),
        may("counters", FieldKind::Object, "as /metrics, by name"),
        may(
            "push",
            FieldKind::Object,
            "{subscriptions, sent, failed, dropped, ended}: web push, where anybody subscribed",
        ),
        may(
            "webhooks",
            FieldKind::Objects,
            "as the action webhooks, where any is set",
        ),
        #[cfg(feature = "nats")]
        may(
            "cluster",
            FieldKind::Object,
            "as the action cluster, where this machine is in one",
        ),
    ],
};

pub(super) const LOGS: ActionSpec = ActionSpec {
    name: "logs",
    aliases: &[],
    summary: "The last log lines; subscribe to log to follow.",
    request: &[
        may(
            "lines",
            FieldKind::Integer(1, 1000),
            "at most, 100 unless told",
        ),
        may(
            "level",
            FieldKind::Name,
            "error, warn, info or debug: at least this grave",
        ),
    ],
    response: &[must(
        "lines",
        FieldKind::Objects,
        "{time_ms, level, target, message, fields}, oldest first",
    )],
};

pub(super) const CONFIG: ActionSpec = ActionSpec {
    name: "config",
    aliases: &[],
    summary: "Every setting as .env and the environment have it now, of secrets only whether they are set; reload makes it count.",
    request: &[],
    response: &[
        must(
            "keys",
            FieldKind::Objects,
            "{name, set, value?, source: command line|environment|.env|default, secret?, local?, summary?, group, \
             kind: switch|choice|number|wait|address|path|list|lines|text, choices?, least?, most?, default?}; \
             one that is local is changed on the gateway's machine alone",
        ),
        must(
            "needs_restart",
            FieldKind::Texts,
            "keys whose new value waits for the next start",
        ),
        must(
            "restarts",
            FieldKind::Boolean,
            "true where something starts the daemon again after shutdown with restart",
        ),
    ],
};

const CHANGES: FieldSpec = must(
    "changes",
    FieldKind::Object,
    "{KEY: value}, at most 64 keys, as in .env; null takes a key out",
);

const EFFECTIVE: FieldSpec = must("effective", FieldKind::Texts, "keys that count at once");

const WAITING: FieldSpec = must(
    "needs_restart",
    FieldKind::Texts,
    "keys that count from the next start on",
);

const OVERRULED: FieldSpec = must(
    "overruled",
    FieldKind::Texts,
    "keys that do not count, because the environment or the command line of the daemon sets them",
);

pub(super) const CONFIG_CHECK: ActionSpec = ActionSpec {
    name: "config.check",
    aliases: &[],
    summary: "Whether these changes of settings are right, and what they would do; changes nothing. A service that is named is asked with them: whose account it is, which instances or models there are.",
    request: &[
        CHANGES,
        may(
            "service",
            FieldKind::Name,
            "a channel such as telegram-2, whatsapp or whatsapp-cloud, or model",
        ),
    ],
    response: &[
        EFFECTIVE,
        WAITING,
        OVERRULED,
        may(
            "found",
            FieldKind::Object,
            "what the service says: {title?, username?, link?, webhook?} of a bot, {instances: [{name, state, title?, number?}]} of a server for WhatsApp, {title?, number?} of the Cloud API, {title, models} of a model",
        ),
    ],
};

pub(super) const CONFIG_SET: ActionSpec = ActionSpec {
    name: "config.set",
    aliases: &[],
    summary: "Writes settings into .env and reloads it, all of them or, where one is wrong, none; the error names each key and why. What runs programs on the gateway's machine is changed there alone.",
    request: &[CHANGES],
    response: &[
        EFFECTIVE,
        WAITING,
        OVERRULED,
        must(
            "changed",
            FieldKind::Texts,
            "as in reload: with the integrations and agents that start anew",
        ),
    ],
};

pub(super) const RELOAD: ActionSpec = ActionSpec {
    name: "reload",
    aliases: &[],
    summary: "Reads .env again. A wrong file changes nothing and is explained.",
    request: &[],
    response: &[
        must("changed", FieldKind::Texts, "keys that took effect"),
        must(
            "needs_restart",
            FieldKind::Texts,
            "keys that take effect at the next start",
        ),
    ],
};

pub(super) const SHUTDOWN: ActionSpec = ActionSpec {
    name: "shutdown",
    aliases: &[],
    summary: "Drains and stops the daemon.",
    request: &[may(
        "restart",
        FieldKind::Boolean,
        "end with exit code 75, so that a supervisor starts it again",
    )],
    response: &[must("stopping", FieldKind::Boolean, "true")],
};

/// How the cluster is, as this machine knows it.
#[cfg(feature = "nats")]
const SHOWN: &[FieldSpec] = &[
    must("name", FieldKind::Name, "the cluster"),
    must("node", FieldKind::Name, "this machine"),
    must("nodes", FieldKind::Texts, "the machines that are there"),
    must(
        "machines",
        FieldKind::Objects,
        "{node, there, seen_ms?, to_publish?, behind?, unsettled?}: those that are there or have a channel's \
         credentials, when the last word of one came, and what waited on it then",
    ),
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
    must("behind", COUNT, "events of the bus that are not here yet"),
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
        "waiting",
        COUNT,
        "messages on the bus that are still to be sent, by any machine",
    ),
    must(
        "draining",
        FieldKind::Boolean,
        "whether it gives up what it owns and takes nothing",
    ),
];

#[cfg(feature = "nats")]
pub(super) const CLUSTER: ActionSpec = ActionSpec {
    name: "cluster",
    aliases: &[],
    summary: "The machines of the cluster, and which of them owns which channel.",
    request: &[],
    response: SHOWN,
};

#[cfg(feature = "nats")]
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

#[cfg(feature = "nats")]
pub(super) const CLUSTER_DRAIN: ActionSpec = ActionSpec {
    name: "cluster.drain",
    aliases: &[],
    summary: "Has this machine give up every channel, and take none until its next start.",
    request: &[],
    response: SHOWN,
};
