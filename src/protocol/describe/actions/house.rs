//! The daemon: how it is, its log, its settings, its end.

use crate::protocol::describe::{
    Action, Kind,
    fields::{COUNT, may, must},
};

pub(super) const STATUS: Action = Action {
    name: "status",
    aliases: &["get_status"],
    summary: "How the daemon is.",
    request: &[],
    response: &[
        must("version", Kind::Name, "of the server"),
        must("pid", COUNT, "its process"),
        must("started_ms", COUNT, "when it started, ms since 1970"),
        must("uptime_ms", COUNT, "for how long it runs"),
        must("ready", Kind::Boolean, "as /readyz"),
        may("not_ready", Kind::Text, "why it is not ready"),
        must("home", Kind::Text, "its home folder"),
        must("clients", COUNT, "connected now"),
        must("integrations", Kind::Objects, "as the action integrations"),
        must(
            "queues",
            Kind::Object,
            "{outbox: {channel: count}, store, events}: what waits where",
        ),
        must(
            "store",
            Kind::Object,
            "{kind, messages, seq, commits, writes, failing_since_ms?, error?}",
        ),
        must("memory", Kind::Object, "{rss_bytes?}"),
        must("counters", Kind::Object, "as /metrics, by name"),
    ],
};

pub(super) const LOGS: Action = Action {
    name: "logs",
    aliases: &[],
    summary: "The last log lines; subscribe to log to follow.",
    request: &[
        may("lines", Kind::Integer(1, 1000), "at most, 100 unless told"),
        may(
            "level",
            Kind::Name,
            "error, warn, info or debug: at least this grave",
        ),
    ],
    response: &[must(
        "lines",
        Kind::Objects,
        "{time_ms, level, target, message, fields}, oldest first",
    )],
};

pub(super) const CONFIG: Action = Action {
    name: "config",
    aliases: &[],
    summary: "Every setting as .env and the environment have it now, secrets masked; reload makes it count.",
    request: &[],
    response: &[must(
        "keys",
        Kind::Objects,
        "{name, value?, source: command line|environment|.env|default, secret?, summary?}",
    )],
};

pub(super) const RELOAD: Action = Action {
    name: "reload",
    aliases: &[],
    summary: "Reads .env again. A wrong file changes nothing and is explained.",
    request: &[],
    response: &[
        must("changed", Kind::Names, "keys that took effect"),
        must(
            "needs_restart",
            Kind::Names,
            "keys that take effect at the next start",
        ),
    ],
};

pub(super) const SHUTDOWN: Action = Action {
    name: "shutdown",
    aliases: &[],
    summary: "Drains and stops the daemon.",
    request: &[may(
        "restart",
        Kind::Boolean,
        "end with exit code 75, so that a supervisor starts it again",
    )],
    response: &[must("stopping", Kind::Boolean, "true")],
};
