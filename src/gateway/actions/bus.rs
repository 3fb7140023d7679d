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
        describe::{EventName, MAX_NAME},
        members,
        payload::{Payload, bad_field},
        reply::push_number,
    },
};

/// Deepest nesting that is read here; a frame has its own limit, which is below it.
const MAX_DEPTH: usize = 128;

/// Publishes what has nothing unusual about it: a topic of ours and data that goes out as it came,
/// without being read into a value and written again. `None` leaves the payload to `publish`, which also
/// says what is wrong with it.
pub(super) fn publish_plain(gateway: &Gateway, payload: &str) -> Option<CommandResult> {
    let (mut topic, mut data, mut twice) = (None, None, false);
    members::read(payload, MAX_DEPTH, |name, value| match name {
        "topic" => twice |= topic.replace(value).is_some(),
        "data" => twice |= data.replace(value).is_some(),
        _ => {}
    })?;
    let topic = topic?.strip_prefix('"')?.strip_suffix('"')?;
    let data = data.filter(|data| *data != "null").unwrap_or("{}");
    let is_plain_name = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    // An escape may be half a surrogate pair, which no text can hold. Mostly there is none at all.
    let may_be_half = data.contains('\\') && data.contains("\\u");
    if twice || topic.len() > MAX_NAME || !topic.bytes().all(is_plain_name) || may_be_half {
        return None;
    }
    let delivered = gateway.publish(EventName::app(topic)?, |out| out.push_str(data));
    #[cfg(feature = "nats")]
    pass_on(gateway, topic, data);
    Some(Ok(delivered_text(delivered)))
}

/// To the clients of other gateways of the cluster; how many hear it there is not known.
#[cfg(feature = "nats")]
fn pass_on(gateway: &Gateway, topic: &str, data: &str) {
    if let Some(cluster) = gateway.cluster.get() {
        cluster.publish_topic(topic, data);
    }
}

fn delivered_text(delivered: usize) -> String {
    let mut text = String::with_capacity(32);
    text.push_str("{\"delivered\":");
    push_number(&mut text, delivered as u64);
    text.push('}');
    text
}

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
    #[cfg(feature = "nats")]
    pass_on(gateway, &topic, &data);
    Ok(delivered_text(delivered))
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
        "id": handle.name().to_string(),
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
    let access = handle.access();
    client["role"] = json!(access.role().as_str());
    if let Some(key) = access.key() {
        client["key_id"] = json!(key.id.to_string());
        client["key"] = json!(key.name());
    }
    if let Some(lease) = handle.lease().filter(|lease| lease.is_valid()) {
        client["channel"] = json!(lease.channel());
    }
    client
}
