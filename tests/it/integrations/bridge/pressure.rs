//! Many messages: order within a peer, the limit of deliveries in flight, slow bridges.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{CHANNEL, bridge_of, delivered, delivery, send};
use crate::support::{Daemon, Frame, Scratch, Shared, assert_field, integration};

/// Deliveries of one channel in flight at a time.
const IN_FLIGHT: usize = 32;

#[tokio::test]
async fn order_within_a_peer_only() {
    const CHANNEL: &str = "ordered-bridge";
    let daemon = Shared::daemon();
    let (mut user, mut bridge) = (daemon.client().await, bridge_of(&daemon, CHANNEL).await);
    let mut ids = Vec::new();
    for text in ["1", "2", "3"] {
        ids.push(send(&mut user, CHANNEL, "ana", text).await);
    }
    assert_field(&delivery(&mut bridge).await, "message_id", json!(ids[0]));
    let other = send(&mut user, CHANNEL, "bob", "me too").await;
    assert_eq!(
        delivery(&mut bridge).await["message_id"],
        other,
        "the second message to ana waits for the first"
    );
    for (answered, next) in [(0, 1), (1, 2)] {
        delivered(&mut bridge, &ids[answered]).await;
        assert_field(&delivery(&mut bridge).await, "message_id", json!(ids[next]));
    }
}

#[tokio::test]
async fn deliveries_in_flight_are_bounded() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let (mut user, mut bridge) = (daemon.client().await, bridge_of(&daemon, CHANNEL).await);
    for n in 0..IN_FLIGHT + 8 {
        send(&mut user, CHANNEL, &format!("peer-{n}"), "x").await;
    }
    let mut given = Vec::new();
    for _ in 0..IN_FLIGHT {
        given.push(delivery(&mut bridge).await["message_id"].take());
    }
    let mut sending = 0;
    let outbox = user.call("outbox", &json!({})).await.expect("listed");
    for waiting in outbox["waiting"].as_array().expect("a list") {
        sending += usize::from(waiting["state"] == "sending");
    }
    assert_eq!(sending, IN_FLIGHT, "no more are begun");
    for n in 0..IN_FLIGHT + 8 {
        let id = given.pop().expect("one under way");
        delivered(&mut bridge, &id).await;
        if n < 8 {
            given.push(delivery(&mut bridge).await["message_id"].take());
        }
    }
    let counters = integration(&mut user, CHANNEL).await.expect("listed")["counters"].take();
    assert_eq!(counters["failed"], 0, "{counters}");
}

/// Deliveries wait for a bridge that does not read: nothing is dropped, and nothing is sent twice.
#[tokio::test]
async fn slow_bridge_is_not_flooded() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_QUEUE_BYTES", "65536")]);
    let mut user = daemon.client().await;
    let mut slow = daemon.raw_websocket(true);
    slow.command("auth", &json!({"client": {"channel": CHANNEL}}));
    assert_field(&slow.json(), "type", "response");
    let mut waiting = HashSet::new();
    // More than the queue and the socket's buffers hold.
    for n in 0..IN_FLIGHT * 4 {
        let id = send(
            &mut user,
            CHANNEL,
            &format!("peer-{n}"),
            &"x".repeat(60_000),
        )
        .await;
        waiting.insert(id.to_string());
    }
    while !waiting.is_empty() {
        let event = slow.json();
        assert_eq!(event["action"], "deliver", "{:.200}", event.to_string());
        let id = &event["payload"]["message_id"];
        assert!(event["payload"].get("redelivered").is_none());
        assert!(waiting.remove(&id.to_string()), "{id} came twice");
        let answer = json!({"jsonrpc": "2.0", "method": "delivered", "params": {"message_id": id}});
        slow.text(&answer.to_string());
    }
    let text = "x".repeat(70_000);
    let too_long = json!({"channel": CHANNEL, "to": "eve", "text": text, "wait": true});
    let failed = user.call("send", &too_long).await.expect("an outcome");
    let why = failed["error"].as_str().unwrap_or_default();
    assert!(why.contains("CLEUDOCODEBOT_MAX_QUEUE_BYTES"), "{failed}");
}

#[test]
fn json_rpc_bridge_gets_notifications() {
    const CHANNEL: &str = "json-rpc-bridge";
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_json_rpc();
    let call = |id: u64, method: &str, params: Value| {
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
    };
    raw.text(&call(1, "auth", json!({"channel": CHANNEL})));
    assert_field(&raw.json()["result"], "protocol", 1);
    raw.text(&call(
        2,
        "send",
        json!({"channel": CHANNEL, "to": "ana", "text": "x"}),
    ));
    let (mut queued, mut given) = (None, None);
    while queued.is_none() || given.is_none() {
        let Some(Frame::Text(text)) = raw.frame() else {
            panic!("it ended");
        };
        let told: Value = serde_json::from_str(&text).expect("JSON");
        if told["method"] == "deliver" {
            given = Some(told["params"]["message_id"].clone());
        } else {
            queued = Some(told["result"]["message_id"].clone());
        }
    }
    assert_eq!(queued, given);
    raw.text(&call(
        3,
        "delivered",
        json!({"message_id": given, "state": "delivered"}),
    ));
    assert_field(&raw.json()["result"], "state", "delivered");
}
