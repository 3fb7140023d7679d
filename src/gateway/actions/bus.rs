//! The actions about the bus between clients: publish, and who is there.
//!
//! Not here: `subscribe` and `unsubscribe`, which change the connection they come by
//! (`session::subscriptions`).

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::answer::CommandResult;
use crate::{
    gateway::{Gateway, clients::handle::ClientHandle},
    protocol::{
        describe::EventName,
        payload::{Payload, bad_field},
    },
};

pub(super) fn publish(gateway: &Gateway, mut payload: Payload) -> CommandResult {
    let topic = payload.take_text("topic").unwrap_or_default();
    let Some(name) = EventName::app(&topic) else {
        let expected = "app. and a name without *: other topics belong to the gateway";
        return Err(bad_field("topic", expected, &format!("{topic:?}")));
    };
    let data = payload
        .take("data")
        .unwrap_or_else(|| json!({}))
        .to_string();
    let delivered = gateway.publish(name, |out| out.push_str(&data));
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
