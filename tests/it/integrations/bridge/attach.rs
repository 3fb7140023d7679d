//! How a bridge attaches to its channel and loses it, and the messages that wait meanwhile.

use serde_json::json;

use super::{CHANNEL, accept_redelivery, announce, bridge_of, delivered, delivery, event_of, send};
use crate::support::{
    Daemon, Frame, Scratch, Shared, assert_field, assert_fields, assert_mentions, integration,
    message, program, refusal, run, until_state,
};

#[tokio::test]
async fn bridge_delivers_and_receives() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.listener(&["message.received"]).await;
    let unknown = json!({"channel": CHANNEL, "to": "ana", "text": "x"});
    assert_eq!(
        refusal(&mut user, "send", unknown).await,
        "unknown_channel",
        "nobody announced it yet"
    );
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    let standing = integration(&mut user, CHANNEL).await.expect("listed");
    assert_field(&standing, "state", "running");
    let clients = user.call("clients", &json!({})).await.expect("listed");
    assert_field(&clients["clients"][1], "channel", json!(CHANNEL));

    let first = send(&mut user, CHANNEL, "ana", "hi").await;
    let given = delivery(&mut bridge).await;
    assert_fields(
        &given,
        &json!({"message_id": first, "text": "hi", "state": "sending"}),
    );
    assert_fields(&given, &json!({"peer": "ana", "attempts": 1}));
    assert!(given.get("redelivered").is_none());
    let told = json!({"message_id": first, "references": ["d-77"]});
    let answer = bridge.call("delivered", &told).await.expect("known");
    assert_eq!(answer, json!({"message_id": first, "state": "sent"}));
    // A reply refers to the service's id of the message.
    let reply = json!({"channel": CHANNEL, "to": "ana", "text": "and?", "reply_to": first});
    user.call("send", &reply).await.expect("queued");
    let given = delivery(&mut bridge).await;
    assert_field(&given, "reply_to", "d-77");
    delivered(&mut bridge, &given["message_id"]).await;
    // Receipts may come later, in any order.
    for (state, then) in [("read", "read"), ("delivered", "read"), ("sent", "read")] {
        let receipt = json!({"message_id": first, "state": state});
        let answer = bridge.call("delivered", &receipt).await.expect("known");
        assert_eq!(answer["state"], then, "never backwards");
    }

    let said = json!({"channel": CHANNEL, "peer": "ana", "text": "olá", "dedup_key": "d-78",
        "meta": {"id": "d-78"}});
    let stored = bridge.call("receive", &said).await.expect("stored");
    let heard = event_of(&mut user, &stored["message_id"], |_| true).await;
    assert_fields(&heard, &json!({"direction": "in", "text": "olá"}));
    let again = bridge.call("receive", &said).await.expect("known");
    assert_field(&again, "duplicate", true);
    let reply =
        json!({"channel": CHANNEL, "to": "ana", "text": "hello", "reply_to": heard["message_id"]});
    user.call("send", &reply).await.expect("queued");
    let given = delivery(&mut bridge).await;
    assert_field(&given, "reply_to", "d-78");
    // A message without an id of the service is referred to by ours.
    delivered(&mut bridge, &given["message_id"]).await;
    let reaction = json!({"channel": CHANNEL, "to": "ana", "text": "👍", "reply_to": given["message_id"],
        "reaction": true});
    user.call("send", &reaction).await.expect("queued");
    let reaction = delivery(&mut bridge).await;
    assert_field(&reaction, "reply_to", json!(given["message_id"]));
    assert_field(&reaction["meta"]["answered"], "own", true);
}

#[tokio::test]
async fn waiting_costs_no_attempt() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.listener(&["integration.state"]).await;
    let gone = bridge_of(&daemon, CHANNEL).await;
    until_state(&mut user, CHANNEL, "running").await;
    gone.close().await;
    let away = until_state(&mut user, CHANNEL, "away").await;
    assert_mentions(&away, "last_error", "left");
    assert_mentions(&away, "advice", "forget");
    let (first, second) = (
        send(&mut user, CHANNEL, "ana", "1").await,
        send(&mut user, CHANNEL, "ana", "2").await,
    );
    let waiting = message(&mut user, &first).await;
    assert_eq!(
        (&waiting["state"], waiting.get("attempts")),
        (&json!("queued"), None)
    );
    let (code, shown, _) = run(program(&home.0, &["integrations"]));
    assert!(
        code == 0 && shown.contains(CHANNEL) && shown.contains("away"),
        "{shown}"
    );
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    for id in [&first, &second] {
        let given = delivery(&mut bridge).await;
        assert_fields(&given, &json!({"message_id": id, "attempts": 1}));
        assert_eq!(delivered(&mut bridge, id).await, "sent");
    }
    until_state(&mut user, CHANNEL, "running").await;
}

#[tokio::test]
async fn channel_survives_restart_as_away() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let bridge_before = bridge_of(&daemon, CHANNEL).await;
    daemon.kill();
    drop(bridge_before);
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.client().await;
    let standing = integration(&mut user, CHANNEL).await.expect("known");
    assert_field(&standing, "state", "away");
    assert_mentions(&standing, "last_error", "not connected");
    let id = send(&mut user, CHANNEL, "ana", "before you came").await;
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    assert_field(&delivery(&mut bridge).await, "message_id", json!(id));
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
}

#[cfg(feature = "store")]
#[tokio::test]
async fn messages_survive_without_external_json() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    drop(bridge_of(&daemon, CHANNEL).await);
    let mut user = daemon.client().await;
    let id = send(&mut user, CHANNEL, "ana", "keep me").await;
    daemon.kill();
    std::fs::remove_file(home.0.join("external.json")).expect("it was there");
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.client().await;
    let second = send(&mut user, CHANNEL, "ana", "me too").await;
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    for id in [id, second] {
        assert_field(&delivery(&mut bridge).await, "message_id", json!(id));
        assert_eq!(delivered(&mut bridge, &id).await, "sent");
    }
}

#[tokio::test]
async fn second_bridge_takes_over() {
    const CHANNEL: &str = "taken-over-bridge";
    let daemon = Shared::daemon();
    let mut user = daemon.client().await;
    let mut old = daemon.raw_websocket(true);
    let auth = json!({"type": "command", "action": "auth", "id": 1,
        "payload": {"client": {"kind": "integration"}, "channel": CHANNEL}});
    old.text(&auth.to_string());
    assert_field(&old.json(), "type", "response");
    let id = send(&mut user, CHANNEL, "ana", "x").await;
    assert_field(&old.json()["payload"], "message_id", json!(id));
    let mut new = bridge_of(&daemon, CHANNEL).await;
    let told = match old.frame() {
        Some(Frame::Close(code, reason)) => (code, reason),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        told,
        (4409, "another client announced this channel".to_owned())
    );
    // Whether the old bridge sent it is unknown.
    accept_redelivery(&mut new, &id).await;
    announce(&mut new, CHANNEL).await;
    assert_eq!(
        integration(&mut user, CHANNEL).await.expect("known")["state"],
        "running",
        "a bridge that announces its own channel again keeps it"
    );
}

#[tokio::test]
async fn new_channel_leaves_the_old() {
    const CHANNEL: &str = "left-bridge";
    let daemon = Shared::daemon();
    let mut user = daemon.listener(&["integration.state"]).await;
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    until_state(&mut user, CHANNEL, "running").await;
    announce(&mut bridge, "signal").await;
    let away = until_state(&mut user, CHANNEL, "away").await;
    assert_mentions(&away, "last_error", "another channel");
}

#[tokio::test]
async fn invalid_channel_names_are_refused() {
    const CHANNEL: &str = "never-announced-bridge";
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    for client_says in [
        json!({"client": {"kind": "integration", "channel": "telegram"}}),
        json!({"client": {"kind": "integration", "channel": "webchat"}}),
        json!({"client": {"kind": "integration", "channel": "No/Name"}}),
        json!({"client": {"kind": "integration", "channel": 7}}),
        json!({"client": {"kind": "cli", "channel": CHANNEL}}),
        json!({"client": {"kind": "integration", "channel": "a"}, "channel": "b"}),
        json!({"channel": "whatsapp-cloud"}),
    ] {
        let code = refusal(&mut client, "auth", client_says).await;
        assert_eq!(code, "bad_payload");
    }
    assert_eq!(integration(&mut client, CHANNEL).await, None);
    let plain = json!({"client": {"kind": "integration", "name": "no channel"}});
    client.call("auth", &plain).await.expect("as ever");
}

#[tokio::test]
async fn forgotten_channel_fails_its_messages() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let mut user = daemon.listener(&["integration.state"]).await;
    let connected = bridge_of(&daemon, CHANNEL).await;
    let forget = |name: &str| json!({"name": name});
    let code = refusal(&mut user, "integration.forget", forget(CHANNEL)).await;
    assert_eq!(code, "conflict", "its bridge is there");
    for (name, expected) in [("fax", "unknown_channel"), ("webchat", "conflict")] {
        let code = refusal(&mut user, "integration.forget", forget(name)).await;
        assert_eq!(code, expected);
    }
    connected.close().await;
    until_state(&mut user, CHANNEL, "away").await;
    let id = send(&mut user, CHANNEL, "ana", "too late").await;
    let (code, shown, told) = run(program(&home.0, &["integrations", "forget", CHANNEL]));
    assert_eq!(
        (code, shown.trim()),
        (0, "forgot discord-bridge; 1 message given up"),
        "{told}"
    );
    let failed = message(&mut user, &id).await;
    assert_fields(
        &failed,
        &json!({"state": "failed", "error": "its channel was forgotten"}),
    );
    assert_eq!(integration(&mut user, CHANNEL).await, None);
    let gone = json!({"channel": CHANNEL, "to": "ana", "text": "x"});
    assert_eq!(refusal(&mut user, "send", gone).await, "unknown_channel");
    let again = json!({"message_id": id});
    assert_eq!(refusal(&mut user, "retry", again).await, "unknown_channel");
    daemon.kill();
    let daemon = Daemon::start(&home.0);
    assert_eq!(integration(&mut daemon.client().await, CHANNEL).await, None);
    // A bridge that attaches again gets an empty channel.
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    let id = send(&mut daemon.client().await, CHANNEL, "ana", "again").await;
    assert_field(&delivery(&mut bridge).await, "message_id", json!(id));
}

#[tokio::test]
async fn reload_keeps_bridges_attached() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut user = daemon.client().await;
    let mut bridge = bridge_of(&daemon, CHANNEL).await;
    user.call("reload", &json!({})).await.expect("read");
    let (code, ..) = run(program(
        &home.0,
        &["config", "set", "EXTERNAL_RATE", "6000"],
    ));
    assert_eq!(code, 0);
    user.call("reload", &json!({})).await.expect("read");
    let id = send(&mut user, CHANNEL, "ana", "still here?").await;
    assert_field(&delivery(&mut bridge).await, "message_id", json!(id));
    assert_eq!(delivered(&mut bridge, &id).await, "sent");
}
