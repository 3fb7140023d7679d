//! The outcomes that a bridge reports for deliveries, and those it never reports.

use serde_json::{Value, json};

use super::{CHANNEL, accept_redelivery, announce, bridge_of, delivered, delivery, event_of, send};
use crate::support::{
    Daemon, Scratch, Shared, assert_field, assert_fields, assert_mentions, integration, message,
    refusal, until_state,
};

/// The payload of `failed`.
fn failed(id: &Value, certainty: &str) -> Value {
    json!({"message_id": id, "error": "the service says no", "certainty": certainty})
}

#[tokio::test]
async fn permanent_failure_ends_a_message() {
    const CHANNEL: &str = "permanent-bridge";
    let daemon = Shared::daemon();
    let (mut user, mut bridge) = (daemon.client().await, bridge_of(&daemon, CHANNEL).await);
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    delivery(&mut bridge).await;
    let answer = bridge
        .call("failed", &failed(&id, "permanent"))
        .await
        .expect("known");
    assert_eq!(answer, json!({"message_id": id, "state": "failed"}));
    assert_field(
        &message(&mut user, &id).await,
        "error",
        "the service says no",
    );
    // It does not block the next message to the same peer.
    let next = send(&mut user, CHANNEL, "ana", "y").await;
    assert_field(&delivery(&mut bridge).await, "message_id", json!(next));
    // A failed message stays failed, unless the user retries it.
    let late = refusal(&mut bridge, "delivered", json!({"message_id": id})).await;
    assert_eq!(late, "conflict");
    delivered(&mut bridge, &next).await;
    user.call("retry", &json!({"message_id": id}))
        .await
        .expect("queued");
    accept_redelivery(&mut bridge, &id).await;
}

#[tokio::test]
async fn transient_failure_honours_retry_after() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.listener(&["message.status"]).await;
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    delivery(&mut bridge).await;
    let mut busy = failed(&id, "transient");
    busy["retry_after_ms"] = json!(600_000);
    let answer = bridge.call("failed", &busy).await.expect("known");
    assert_field(&answer, "state", "sending");
    let waits = event_of(&mut user, &id, |event| event["error"].is_string()).await;
    assert_field(&waits, "error", "the service says no");
    let outbox = user.call("outbox", &json!({})).await.expect("listed");
    let waiting = &outbox["waiting"][0];
    let wait =
        waiting["due_ms"].as_u64().expect("due") - waiting["updated_ms"].as_u64().expect("set");
    assert!((599_000..=601_000).contains(&wait), "{wait}");
    // The bridge may still report success before the next attempt.
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
}

#[tokio::test]
async fn unauthorized_parks_until_reattached() {
    const CHANNEL: &str = "unauthorized-bridge";
    let daemon = Shared::daemon();
    let mut user = daemon.listener(&["integration.state"]).await;
    let mut refused = bridge_of(&daemon, CHANNEL).await;
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    delivery(&mut refused).await;
    refused
        .call("failed", &failed(&id, "unauthorized"))
        .await
        .expect("known");
    let parked = until_state(&mut user, CHANNEL, "parked").await;
    assert_field(&parked, "last_error", "the service says no");
    assert_mentions(&parked, "advice", "bridge");
    refused.close().await;
    let mut better = bridge_of(&daemon, CHANNEL).await;
    let given = delivery(&mut better).await;
    assert_fields(&given, &json!({"message_id": id, "attempts": 1}));
    assert!(
        given.get("redelivered").is_none(),
        "it was certainly not sent"
    );
    assert_eq!(delivered(&mut better, &id).await, "sent");
    until_state(&mut user, CHANNEL, "running").await;
    // A bridge that gets new credentials while connected announces itself again.
    let id = send(&mut user, CHANNEL, "ana", "y").await;
    delivery(&mut better).await;
    better
        .call("failed", &failed(&id, "unauthorized"))
        .await
        .expect("known");
    until_state(&mut user, CHANNEL, "parked").await;
    announce(&mut better, CHANNEL).await;
    assert_field(&delivery(&mut better).await, "message_id", json!(id));
    assert_eq!(delivered(&mut better, &id).await, "sent");
}

#[tokio::test]
async fn unknown_outcome_is_redelivered() {
    const CHANNEL: &str = "unknown-bridge";
    let daemon = Shared::daemon();
    let (mut user, mut bridge) = (daemon.client().await, bridge_of(&daemon, CHANNEL).await);
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    delivery(&mut bridge).await;
    bridge
        .call("failed", &failed(&id, "unknown"))
        .await
        .expect("known");
    let again = delivery(&mut bridge).await;
    assert_fields(
        &again,
        &json!({"message_id": id, "attempts": 2, "redelivered": true}),
    );
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
    let standing = integration(&mut user, CHANNEL).await.expect("listed");
    assert_fields(&standing["counters"], &json!({"unknown": 1, "retried": 1}));
}

#[tokio::test]
async fn crashed_bridge_gets_it_again() {
    const CHANNEL: &str = "crashed-bridge";
    let daemon = Shared::daemon();
    let mut user = daemon.client().await;
    let mut dying = bridge_of(&daemon, CHANNEL).await;
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    delivery(&mut dying).await;
    drop(dying);
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    accept_redelivery(&mut bridge, &id).await;
}

#[tokio::test]
async fn late_outcome_prevents_redelivery() {
    const CHANNEL: &str = "late-bridge";
    let daemon = Shared::daemon();
    let mut user = daemon.listener(&["message.status"]).await;
    let mut dying = bridge_of(&daemon, CHANNEL).await;
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    delivery(&mut dying).await;
    drop(dying);
    // It need not wait for the answer to `auth` either.
    let mut hasty = daemon.raw_websocket(true);
    let said = [
        ("auth", json!({"channel": CHANNEL})),
        ("delivered", json!({"message_id": id})),
    ];
    for (action, payload) in said {
        hasty.command(action, &payload);
    }
    assert_field(&hasty.json()["payload"], "protocol", 1);
    assert_field(&hasty.json()["payload"], "state", "sent");
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    let next = send(&mut user, CHANNEL, "ana", "y").await;
    let given = delivery(&mut bridge).await;
    assert_eq!(
        given["message_id"], next,
        "the first is not delivered again"
    );
    delivered(&mut bridge, &next).await;
}

#[cfg(feature = "store")]
#[tokio::test]
async fn crashed_daemon_delivers_again() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let mut user = daemon.client().await;
    let mut bridge_before = bridge_of(&daemon, CHANNEL).await;
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    delivery(&mut bridge_before).await;
    daemon.kill();
    let daemon = Daemon::start(&home.0);
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    accept_redelivery(&mut bridge, &id).await;
}

/// With one retry delay the second attempt is the last.
#[cfg(feature = "store")]
#[tokio::test]
async fn clean_stop_uses_no_attempt() {
    let home = Scratch::new();
    for _ in 0..4 {
        let mut daemon = Daemon::start_with(&home.0, &[("RETRY_DELAYS", "1ms")]);
        let mut user = daemon.client().await;
        let mut bridge = bridge_of(&daemon, CHANNEL).await;
        let waiting = user.call("outbox", &json!({})).await.expect("listed");
        if waiting["waiting"] == json!([]) {
            send(&mut user, CHANNEL, "ana", "x").await;
        }
        delivery(&mut bridge).await;
        daemon.signal("TERM");
        daemon.wait();
    }
    let daemon = Daemon::start(&home.0);
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    let given = delivery(&mut bridge).await;
    assert_field(&given, "redelivered", true);
    assert_eq!(delivered(&mut bridge, &given["message_id"]).await, "sent");
}

#[tokio::test]
async fn only_its_bridge_reports_outcomes() {
    const CHANNEL: &str = "reported-bridge";
    let daemon = Shared::daemon();
    let (mut user, mut bridge) = (daemon.client().await, bridge_of(&daemon, CHANNEL).await);
    let mut other = bridge_of(&daemon, "unrelated-bridge").await;
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    delivery(&mut bridge).await;
    let sent = json!({"message_id": id});
    assert_eq!(
        refusal(&mut user, "delivered", sent.clone()).await,
        "conflict"
    );
    assert_eq!(
        refusal(&mut user, "failed", failed(&id, "permanent")).await,
        "conflict"
    );
    assert_eq!(
        refusal(&mut other, "delivered", sent.clone()).await,
        "not_found"
    );
    for certainty in ["transient", "permanent", "unauthorized", "unknown"] {
        let code = refusal(&mut other, "failed", failed(&id, certainty)).await;
        assert_eq!(code, "not_found");
    }
    let call = json!({"type": "command", "action": "delivered", "payload": sent});
    let (status, answer) = daemon.rpc(&call.to_string());
    assert_eq!(
        (status, &answer["payload"]["code"]),
        (404, &json!("unknown_action"))
    );
    // An inbound message has no delivery to report on.
    let said = json!({"channel": CHANNEL, "peer": "ana", "text": "y"});
    let inbound = bridge.call("receive", &said).await.expect("stored");
    let inbound = json!({"message_id": inbound["message_id"]});
    assert_eq!(
        refusal(&mut bridge, "delivered", inbound).await,
        "not_found"
    );
    assert_field(&message(&mut user, &id).await, "state", "sending");
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
}

#[tokio::test]
async fn malformed_outcomes_are_refused() {
    const CHANNEL: &str = "malformed-bridge";
    let daemon = Shared::daemon();
    let (mut user, mut bridge) = (daemon.client().await, bridge_of(&daemon, CHANNEL).await);
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    delivery(&mut bridge).await;
    for wrong in [
        failed(&id, "perhaps"),
        json!({"message_id": id, "certainty": "permanent"}),
        json!({"message_id": id, "error": "x"}),
        json!({"message_id": id, "error": "x", "certainty": "transient", "retry_after_ms": -1}),
    ] {
        assert_eq!(refusal(&mut bridge, "failed", wrong).await, "bad_payload");
    }
    let state = json!({"message_id": id, "state": "lost"});
    assert_eq!(
        refusal(&mut bridge, "delivered", state).await,
        "bad_payload"
    );
    for id in ["m-999999999", "seventeen"] {
        let nothing = json!({"message_id": id});
        assert_eq!(
            refusal(&mut bridge, "delivered", nothing).await,
            "not_found"
        );
    }
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
}
