//! The actions about the house itself: status, who is here, the log, reload, shutdown; and the bus
//! between clients.

use std::sync::{LazyLock, atomic::Ordering};

use serde_json::{Map, Value, json};

use super::answer::Outcome;
use crate::{
    config::Setting,
    gateway::{Gateway, client_handle::ClientHandle, control::IntegrationStatus, metrics},
    log::{LogLevel, LogLine},
    protocol::{
        self,
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
    },
};

/// Topics that clients may publish begin so.
const APP: &str = "app.";

/// Log lines unless told.
const LINES: usize = 100;

pub(super) fn status(gateway: &Gateway) -> String {
    let health = gateway.store.health();
    let mut status = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "started_ms": gateway.started_ms,
        "uptime_ms": u64::try_from(gateway.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "home": gateway.settings().home.display().to_string(),
        "clients": gateway.listeners.bus.client_count(),
        "integrations": integrations_json(gateway),
        "queues": {
            "outbox": gateway.store.outbox_depth(),
            "store": health.queue_depth,
            "events": gateway.listeners.bus.queued_bytes(),
        },
        "store": store_json(gateway),
        "memory": metrics::resident_bytes().map_or_else(|| json!({}), |bytes| json!({"rss_bytes": bytes})),
        "counters": gateway.counters.json(),
    });
    let not_ready = gateway.not_ready();
    status["ready"] = json!(not_ready.is_none());
    if let Some(reason) = not_ready {
        status["not_ready"] = json!(reason);
    }
    status.to_string()
}

fn store_json(gateway: &Gateway) -> Value {
    let health = gateway.store.health();
    let kind = if cfg!(feature = "store") {
        "redb"
    } else {
        "memory"
    };
    let mut store = json!({"kind": kind, "messages": health.messages, "seq": gateway.store.head_seq(),
        "commits": health.commits, "writes": health.writes});
    if let Some(since) = health.failing_since_ms {
        store["failing_since_ms"] = json!(since);
    }
    if let Some(error) = health.error {
        store["error"] = json!(error);
    }
    store
}

pub(super) fn describe() -> String {
    static TEXT: LazyLock<String> = LazyLock::new(|| protocol::describe::describe().to_string());
    TEXT.clone()
}

pub(super) fn publish(gateway: &Gateway, mut payload: Payload) -> Outcome {
    let topic = payload.take_text("topic").unwrap_or_default();
    if !topic.starts_with(APP) || topic.len() == APP.len() || topic.contains('*') {
        let expected = "app. and a name without *: other topics belong to the gateway";
        return Err(bad_field("topic", expected, &format!("{topic:?}")));
    }
    let data = payload
        .take("data")
        .unwrap_or_else(|| json!({}))
        .to_string();
    let delivered = gateway.publish(&topic, |out| out.push_str(&data));
    Ok(format!("{{\"delivered\":{delivered}}}"))
}

pub(super) fn clients(gateway: &Gateway) -> String {
    let clients: Value = gateway
        .listeners
        .bus
        .clients()
        .iter()
        .map(|handle| client_json(handle))
        .collect();
    json!({"clients": clients}).to_string()
}

fn client_json(handle: &ClientHandle) -> Value {
    let identity = handle.identity();
    let topics: Value = handle.topics().iter().map(ToString::to_string).collect();
    let mut client = json!({
        "id": handle.name(),
        "since_ms": handle.since_ms,
        "address": handle.address.to_string(),
        "topics": topics,
        "received": handle.received.load(Ordering::Relaxed),
        "sent": handle.sent.load(Ordering::Relaxed),
        "queued_bytes": handle.queued_bytes(),
    });
    for (name, value) in [
        ("name", identity.name),
        ("kind", identity.kind),
        ("version", identity.version),
    ] {
        if let Some(value) = value {
            client[name] = json!(value);
        }
    }
    if let Some(lease) = handle.lease().filter(|lease| lease.is_valid()) {
        client["channel"] = json!(lease.channel());
    }
    client
}

pub(super) fn integrations(gateway: &Gateway) -> String {
    json!({"integrations": integrations_json(gateway)}).to_string()
}

fn integrations_json(gateway: &Gateway) -> Value {
    gateway
        .control
        .integrations()
        .iter()
        .map(IntegrationStatus::json)
        .collect()
}

pub(super) fn logs(gateway: &Gateway, payload: &Payload) -> Outcome {
    let level = payload.optional_text("level").unwrap_or("trace");
    let level: LogLevel = level.parse().map_err(|()| {
        bad_field(
            "level",
            "error, warn, info, debug or trace",
            &format!("{level:?}"),
        )
    })?;
    let count = payload
        .integer("lines")
        .map_or(LINES, |lines| usize::try_from(lines).unwrap_or(LINES));
    let lines: Value = gateway
        .log
        .last(count, level)
        .iter()
        .map(line_json)
        .collect();
    Ok(json!({"lines": lines}).to_string())
}

/// A log line as `logs` and the event `log` show it.
pub(in crate::gateway) fn line_json(line: &LogLine) -> Value {
    let fields: Map<String, Value> = line
        .fields
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    json!({"time_ms": line.time_ms, "level": line.level.as_str(), "target": line.target,
        "message": line.message, "fields": fields})
}

pub(super) fn config(gateway: &Gateway) -> Outcome {
    let settings = gateway.control.settings();
    let settings = settings.map_err(|why| Fault::new(ErrorCode::Conflict, why))?;
    let keys: Value = settings.iter().map(setting_json).collect();
    Ok(json!({"keys": keys}).to_string())
}

/// A setting as `config show` prints it: a secret is masked before it comes here.
fn setting_json(setting: &Setting) -> Value {
    let mut row = json!({"name": setting.key, "source": setting.source.as_str()});
    if !setting.value.is_empty() {
        row["value"] = json!(setting.value);
    }
    if setting.secret {
        row["secret"] = json!(true);
    }
    if let Some(doc) = setting.doc {
        row["summary"] = json!(doc);
    }
    row
}

pub(super) fn reload(gateway: &Gateway) -> Outcome {
    match gateway.control.reload() {
        Ok(done) => {
            Ok(json!({"changed": done.changed, "needs_restart": done.needs_restart}).to_string())
        }
        Err(why) => Err(Fault::new(
            ErrorCode::Conflict,
            format!("nothing was changed: {why}"),
        )),
    }
}

pub(super) fn shutdown(gateway: &Gateway, payload: &Payload) -> String {
    gateway.control.shutdown(payload.flag("restart"));
    json!({"stopping": true}).to_string()
}
