//! What a bridge says became of a message, and what it does not say.

use serde_json::{Value, json};

use super::{
    CHANNEL, announce, bridge, bridge_of, delivered, handed, message, send, status, takes_again,
    until_message, until_state,
};
use crate::support::{Daemon, Scratch, refusal};

/// How a bridge says that a message was not sent.
fn failed(id: &Value, certainty: &str) -> Value {
    json!({"message_id": id, "error": "the service says no", "certainty": certainty})
}

#[tokio::test]
async fn a_permanent_failure_ends_a_message_at_once() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let (mut user, mut bridge) = (daemon.client().await, bridge(&daemon).await);
    let id = send(&mut user, "ana", "x").await;
    handed(&mut bridge).await;
    let answer = bridge
        .call("failed", &failed(&id, "permanent"))
        .await
        .expect("known");
    assert_eq!(answer, json!({"message_id": id, "state": "failed"}));
    assert_eq!(
        message(&mut user, &id).await["error"],
        "the service says no"
    );
    // The next one to the same peer is not held up by it.
    let next = send(&mut user, "ana", "y").await;
    assert_eq!(handed(&mut bridge).await["message_id"], next);
    // An end is an end, but the user's own retry is a new beginning.
    let late = refusal(&mut bridge, "delivered", json!({"message_id": id})).await;
    assert_eq!(late, "conflict");
    delivered(&mut bridge, &next).await;
    user.call("retry", &json!({"message_id": id}))
        .await
        .expect("queued");
    takes_again(&mut bridge, &id).await;
}

#[tokio::test]
async fn a_transient_failure_is_tried_again_when_the_bridge_said() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.listener(&["message.status"]).await;
    let mut bridge = bridge(&daemon).await;
    let id = send(&mut user, "ana", "x").await;
    handed(&mut bridge).await;
    let mut busy = failed(&id, "transient");
    busy["retry_after_ms"] = json!(600_000);
    let answer = bridge.call("failed", &busy).await.expect("known");
    assert_eq!(answer["state"], "sending");
    let waits = until_message(&mut user, &id, |event| event["error"].is_string()).await;
    assert_eq!(waits["error"], "the service says no");
    let outbox = user.call("outbox", &json!({})).await.expect("listed");
    let waiting = &outbox["waiting"][0];
    let wait =
        waiting["due_ms"].as_u64().expect("due") - waiting["updated_ms"].as_u64().expect("set");
    assert!((599_000..=601_000).contains(&wait), "{wait}");
    // What it could not do before, it may do in the end without being asked.
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
}

#[tokio::test]
async fn a_bridge_without_credentials_is_parked_until_it_comes_anew() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.listener(&["integration.state"]).await;
    let mut refused = bridge(&daemon).await;
    let id = send(&mut user, "ana", "x").await;
    handed(&mut refused).await;
    refused
        .call("failed", &failed(&id, "unauthorized"))
        .await
        .expect("known");
    let parked = until_state(&mut user, "parked").await;
    assert_eq!(parked["last_error"], "the service says no");
    assert!(
        parked["advice"]
            .as_str()
            .is_some_and(|text| text.contains("bridge"))
    );
    refused.close().await;
    let mut better = bridge(&daemon).await;
    let given = handed(&mut better).await;
    assert_eq!((&given["message_id"], &given["attempts"]), (&id, &json!(1)));
    assert!(given.get("redelivered").is_none(), "it surely was not sent");
    assert_eq!(delivered(&mut better, &id).await, "sent");
    until_state(&mut user, "running").await;
    // One that finds better ones while it is connected says so by announcing itself again.
    let id = send(&mut user, "ana", "y").await;
    handed(&mut better).await;
    better
        .call("failed", &failed(&id, "unauthorized"))
        .await
        .expect("known");
    until_state(&mut user, "parked").await;
    announce(&mut better, CHANNEL).await;
    assert_eq!(handed(&mut better).await["message_id"], id);
    assert_eq!(delivered(&mut better, &id).await, "sent");
}

#[tokio::test]
async fn an_unknown_outcome_is_handed_over_again_and_marked() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let (mut user, mut bridge) = (daemon.client().await, bridge(&daemon).await);
    let id = send(&mut user, "ana", "x").await;
    handed(&mut bridge).await;
    bridge
        .call("failed", &failed(&id, "unknown"))
        .await
        .expect("known");
    let again = handed(&mut bridge).await;
    assert_eq!(
        (
            &again["message_id"],
            &again["attempts"],
            &again["redelivered"]
        ),
        (&id, &json!(2), &json!(true))
    );
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
    let standing = status(&mut user).await.expect("listed");
    assert_eq!(
        (
            &standing["counters"]["unknown"],
            &standing["counters"]["retried"]
        ),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_bridge_that_died_between_both_words_gets_the_message_again() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.client().await;
    let mut dying = bridge(&daemon).await;
    let id = send(&mut user, "ana", "x").await;
    handed(&mut dying).await;
    drop(dying);
    let mut bridge = bridge(&daemon).await;
    takes_again(&mut bridge, &id).await;
}

#[tokio::test]
async fn one_that_knows_what_it_sent_before_it_died_says_so_and_gets_no_repeat() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.listener(&["message.status"]).await;
    let mut dying = bridge(&daemon).await;
    let id = send(&mut user, "ana", "x").await;
    handed(&mut dying).await;
    drop(dying);
    // It need not wait for the hello either.
    let mut hasty = daemon.raw_websocket(true);
    let said = [
        ("auth", json!({"channel": CHANNEL})),
        ("delivered", json!({"message_id": id})),
    ];
    for (action, payload) in said {
        let command = json!({"type": "command", "action": action, "payload": payload});
        hasty.text(&command.to_string());
    }
    assert_eq!(hasty.json()["payload"]["protocol"], 1);
    assert_eq!(hasty.json()["payload"]["state"], "sent");
    let mut bridge = bridge(&daemon).await;
    let next = send(&mut user, "ana", "y").await;
    let given = handed(&mut bridge).await;
    assert_eq!(
        given["message_id"], next,
        "the first is not handed over again"
    );
    delivered(&mut bridge, &next).await;
}

#[cfg(feature = "store")]
#[tokio::test]
async fn a_daemon_that_died_between_both_words_hands_the_message_over_again() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let mut user = daemon.client().await;
    let mut bridge_before = bridge(&daemon).await;
    let id = send(&mut user, "ana", "x").await;
    handed(&mut bridge_before).await;
    daemon.kill();
    let daemon = Daemon::start(&home.0);
    let mut bridge = bridge(&daemon).await;
    takes_again(&mut bridge, &id).await;
}

/// With one delay the second attempt is the last.
#[cfg(feature = "store")]
#[tokio::test]
async fn a_daemon_that_is_stopped_in_good_order_gives_up_no_message_a_bridge_has() {
    let home = Scratch::new();
    for _ in 0..4 {
        let mut daemon = Daemon::start_with(&home.0, &[("RETRY_DELAYS", "1ms")]);
        let mut user = daemon.client().await;
        let mut bridge = bridge(&daemon).await;
        let waiting = user.call("outbox", &json!({})).await.expect("listed");
        if waiting["waiting"] == json!([]) {
            send(&mut user, "ana", "x").await;
        }
        handed(&mut bridge).await;
        daemon.signal("TERM");
        daemon.wait();
    }
    let daemon = Daemon::start(&home.0);
    let mut bridge = bridge(&daemon).await;
    let given = handed(&mut bridge).await;
    assert_eq!(given["redelivered"], true);
    assert_eq!(delivered(&mut bridge, &given["message_id"]).await, "sent");
}

#[tokio::test]
async fn nobody_answers_for_a_channel_of_another() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let (mut user, mut bridge) = (daemon.client().await, bridge(&daemon).await);
    let mut other = bridge_of(&daemon, "signal").await;
    let id = send(&mut user, "ana", "x").await;
    handed(&mut bridge).await;
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
    // What came in is nothing that a bridge could have sent.
    let said = json!({"channel": CHANNEL, "peer": "ana", "text": "y"});
    let inbound = bridge.call("receive", &said).await.expect("stored");
    let inbound = json!({"message_id": inbound["message_id"]});
    assert_eq!(
        refusal(&mut bridge, "delivered", inbound).await,
        "not_found"
    );
    assert_eq!(message(&mut user, &id).await["state"], "sending");
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
}

#[tokio::test]
async fn answers_that_say_nothing_are_explained() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let (mut user, mut bridge) = (daemon.client().await, bridge(&daemon).await);
    let id = send(&mut user, "ana", "x").await;
    handed(&mut bridge).await;
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
    for id in ["m-999", "seventeen"] {
        let nothing = json!({"message_id": id});
        assert_eq!(
            refusal(&mut bridge, "delivered", nothing).await,
            "not_found"
        );
    }
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
}
