//! The actions about the daemon: status, its log, reload, shutdown; its settings are in `settings`.

#[cfg(feature = "nats")]
pub(super) mod cluster;
pub(super) mod settings;

use serde_json::{Value, json};

use super::{
    agents::agents_json, answer::CommandResult, integrations::integrations_json,
    messages::gate::pauses, webhooks::webhooks_json,
};
use crate::{
    gateway::{Gateway, metrics, permissions::Access},
    log::LogLevel,
    protocol::{
        error_code::{ErrorCode, Fault},
        log_json::line_json,
        payload::{Payload, bad_field},
        role,
    },
};

/// Log lines where the client names no limit.
const LINES: usize = 100;

pub(super) fn status(gateway: &Gateway, access: &Access) -> String {
    let mut status = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_ms": gateway.started_ms,
        "uptime_ms": u64::try_from(gateway.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "integrations": integrations_json(gateway, access),
        "agents": agents_json(gateway, access),
    });
    let pauses = pauses(gateway, access);
    if !pauses.is_empty() {
        status["pauses"] = json!(pauses);
    }
    let not_ready = gateway.not_ready();
    status["ready"] = json!(not_ready.is_none());
    if let Some(reason) = not_ready {
        status["not_ready"] = json!(reason);
    }
    if role::OPERATORS.admits(access.role()) && access.limits().is_none() {
        add_machine(gateway, &mut status);
    }
    status.to_string()
}

/// Adds how the process and its store are, which is for those who run the gateway.
fn add_machine(gateway: &Gateway, status: &mut Value) {
    let health = gateway.store.health();
    let memory =
        metrics::resident_bytes().map_or_else(|| json!({}), |bytes| json!({"rss_bytes": bytes}));
    for (name, value) in [
        ("pid", json!(std::process::id())),
        ("home", json!(gateway.settings().home.display().to_string())),
        ("clients", json!(gateway.listeners.bus.client_count())),
        (
            "queues",
            json!({
                "outbox": gateway.store.outbox_depth(),
                "store": health.queue_depth,
                "events": gateway.listeners.bus.queued_bytes(),
            }),
        ),
        ("store", store_json(gateway)),
        (
            "clock",
            json!({
                "ahead_ms": health.clock.ahead_ms,
                "believed": health.clock.is_believed(),
                "jumps": health.clock.jumps,
            }),
        ),
        ("memory", memory),
        ("counters", gateway.counters.json()),
    ] {
        status[name] = value;
    }
    if let Some(push) = gateway.push.json() {
        status["push"] = push;
    }
    let webhooks = webhooks_json(gateway);
    if !webhooks.is_empty() {
        status["webhooks"] = json!(webhooks);
    }
    if let Some(tls) = gateway.tls.json(&gateway.log) {
        status["tls"] = tls;
    }
    #[cfg(feature = "store")]
    if let Some(backup) = backup_json(gateway) {
        status["backup"] = backup;
    }
    if let Some(url) = &gateway.settings().public_url {
        status["public_url"] = json!(url.url());
    }
    #[cfg(feature = "nats")]
    if let Some(cluster) = gateway.cluster.get() {
        status["cluster"] = cluster.json();
    }
    let notes = gateway.counters.notes();
    #[cfg(feature = "nats")]
    let notes = cluster::with_notes(gateway, notes);
    if !notes.is_empty() {
        status["notes"] = json!(notes);
    }
}

/// The last backup, where there is one, or some are to be made.
#[cfg(feature = "store")]
fn backup_json(gateway: &Gateway) -> Option<Value> {
    let last = gateway.last_backup();
    let settings = gateway.settings();
    let is_known = last.at_ms.is_some() || last.error.is_some();
    if !is_known && settings.backups.is_none() {
        return None;
    }
    let mut json = last.json();
    if let Some(wanted) = &settings.backups {
        json["folder"] = json!(wanted.folder.display().to_string());
        json["every_ms"] = json!(u64::try_from(wanted.every.as_millis()).unwrap_or(u64::MAX));
    }
    Some(json)
}

fn store_json(gateway: &Gateway) -> Value {
    let health = gateway.store.health();
    let kind = if cfg!(feature = "store") {
        "redb"
    } else {
        "memory"
    };
    let files = gateway.media.totals();
    let indexed = gateway.store.indexed_words();
    let mut store = json!({"kind": kind, "messages": health.messages, "seq": gateway.store.head_seq(),
        "files": files.files, "file_bytes": files.bytes,
        "commits": health.commits, "writes": health.writes,
        "indexed": indexed.messages, "index_bytes": indexed.bytes});
    if let Some(since) = health.failing_since_ms {
        store["failing_since_ms"] = json!(since);
    }
    if let Some(damage) = health.damage {
        store["damage"] = json!(damage);
    }
    if let Some(limit) = health.limit_reached {
        store["limit_reached"] = json!(limit);
    }
    if let Some(error) = health.error {
        store["error"] = json!(error);
    }
    store
}

pub(super) fn logs(gateway: &Gateway, payload: &Payload) -> CommandResult {
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

pub(super) fn reload(gateway: &Gateway) -> CommandResult {
    match gateway.admin.reload() {
        Ok(done) => Ok(done.json().to_string()),
        Err(why) => Err(Fault::new(
            ErrorCode::Conflict,
            format!("nothing was changed: {why}"),
        )),
    }
}

pub(super) fn shutdown(gateway: &Gateway, payload: &Payload) -> String {
    gateway.admin.shutdown(payload.flag("restart"));
    json!({"stopping": true}).to_string()
}
