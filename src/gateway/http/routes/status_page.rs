//! `/healthz`, `/readyz` and `/metrics`, for supervisors and monitoring.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::gateway::http::respond::{HttpReply, JSON, reply};
use crate::gateway::{
    Gateway,
    metrics::{push_metric, resident_bytes},
};

/// `/healthz` is 200 while the process answers; `/readyz` (with `ready`) is 503 with the reason while it
/// is not ready. `instance` tells this run from any other, so that one can ask oneself through a proxy.
pub(in crate::gateway::http) fn health(gateway: &Gateway, ready: bool) -> HttpReply {
    match gateway.not_ready().filter(|_| ready) {
        None => reply(
            200,
            JSON,
            format!("{}\n", json!({"ok": true, "instance": gateway.instance})),
        ),
        Some(reason) => reply(
            503,
            JSON,
            format!("{}\n", json!({"ok": false, "reason": reason})),
        ),
    }
}

/// Prometheus text, exposition format 0.0.4.
pub(in crate::gateway::http) fn metrics(gateway: &Gateway) -> HttpReply {
    let mut text = gateway.counters.prometheus();
    let bus = &gateway.listeners.bus;
    let published = bus.published.load(Ordering::Relaxed);
    push_metric(
        &mut text,
        "events_total",
        "counter",
        "Events published.",
        published,
    );
    let deliveries = bus.deliveries.load(Ordering::Relaxed);
    push_metric(
        &mut text,
        "deliveries_total",
        "counter",
        "Events put into a client's mailbox.",
        deliveries,
    );
    push_metric(
        &mut text,
        "clients",
        "gauge",
        "Authenticated clients connected now.",
        bus.client_count(),
    );
    push_metric(
        &mut text,
        "evictions_total",
        "counter",
        "Connections that gave way to others.",
        gateway.connections.evictions(),
    );
    let uptime = gateway.started.elapsed().as_secs_f64();
    push_metric(
        &mut text,
        "uptime_seconds",
        "gauge",
        "Time since the start.",
        uptime,
    );
    if let Some(bytes) = resident_bytes() {
        push_metric(
            &mut text,
            "resident_bytes",
            "gauge",
            "Resident memory of the process.",
            bytes,
        );
    }
    push_store(&mut text, gateway);
    push_web_push(&mut text, gateway);
    #[cfg(feature = "nats")]
    if let Some(cluster) = gateway.cluster.get() {
        for (name, kind, help, value) in cluster.figures() {
            push_metric(&mut text, name, kind, help, value);
        }
    }
    reply(200, "text/plain; version=0.0.4; charset=utf-8", text)
}

fn push_web_push(text: &mut String, gateway: &Gateway) {
    let counters = &gateway.push.counters;
    for (name, help, counter) in [
        (
            "push_sent_total",
            "Web pushes that a service took.",
            &counters.sent,
        ),
        (
            "push_failed_total",
            "Attempts of web push that failed.",
            &counters.failed,
        ),
        (
            "push_dropped_total",
            "Web pushes that were given up.",
            &counters.dropped,
        ),
        (
            "push_ended_total",
            "Push subscriptions that their service ended.",
            &counters.ended,
        ),
    ] {
        push_metric(text, name, "counter", help, counter.load(Ordering::Relaxed));
    }
    let count = gateway.push.count();
    push_metric(
        text,
        "push_subscriptions",
        "gauge",
        "Devices that are pushed to.",
        count,
    );
}

fn push_store(text: &mut String, gateway: &Gateway) {
    let health = gateway.store.health();
    push_metric(
        text,
        "store_commits_total",
        "counter",
        "Transactions made durable.",
        health.commits,
    );
    push_metric(
        text,
        "store_writes_total",
        "counter",
        "Changes in those transactions.",
        health.writes,
    );
    push_metric(
        text,
        "store_queue",
        "gauge",
        "Changes that wait for the disk.",
        health.queue_depth,
    );
    push_metric(
        text,
        "store_messages",
        "gauge",
        "Messages kept.",
        health.messages,
    );
    push_metric(
        text,
        "store_seq",
        "gauge",
        "Sequence number of the last stored event.",
        gateway.store.head_seq(),
    );
    let failing = u8::from(health.failing_since_ms.is_some());
    push_metric(
        text,
        "store_failing",
        "gauge",
        "1 while the disk takes no writes.",
        failing,
    );
    let media = gateway.media.totals();
    push_metric(text, "media_files", "gauge", "Files kept.", media.files);
    push_metric(
        text,
        "media_bytes",
        "gauge",
        "Bytes of the files kept.",
        media.bytes,
    );
    let waiting: u64 = gateway.store.outbox_depth().into_values().sum();
    push_metric(text, "outbox", "gauge", "Messages not yet sent.", waiting);
}
