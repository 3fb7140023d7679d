//! Subscriptions: live events, replays, and clients that read too slowly.

use serde_json::{Value, json};

use crate::support::{
    Daemon, Frame, Scratch, Shared, assert_field, assert_fields, frame, next_event, refusal,
};

#[tokio::test]
async fn no_events_without_subscription() {
    let daemon = Shared::daemon();
    let mut quiet = daemon.raw_websocket(true);
    let mut busy = daemon.client().await;
    for n in 0..20 {
        busy.call(
            "send",
            &json!({"channel": "webchat", "to": "ana", "text": "x"}),
        )
        .await
        .expect("queued");
        busy.call("publish", &json!({"topic": "app.n", "data": n}))
            .await
            .expect("published");
    }
    quiet.text("ping");
    assert_eq!(quiet.frame(), Some(Frame::Text("pong".to_owned())));
}

#[tokio::test]
async fn app_topics_between_clients() {
    let daemon = Shared::daemon();
    let mut listener = daemon.listener(&["app.orders.*"]).await;
    let mut publisher = daemon.client().await;
    let publish = |topic: &str| json!({"topic": topic, "data": {"n": 1}});
    let answer = publisher.call("publish", &publish("app.orders.eu")).await;
    assert_field(&answer.expect("sent"), "delivered", 1);
    let answer = publisher.call("publish", &publish("app.other")).await;
    assert_field(&answer.expect("sent"), "delivered", 0);
    let event = next_event(&mut listener).await;
    assert_eq!(
        (event.action.as_str(), &event.payload),
        ("app.orders.eu", &json!({"n": 1}))
    );
    for wrong in ["message.received", "app.", "app.*"] {
        assert_eq!(
            refusal(&mut publisher, "publish", publish(wrong)).await,
            "bad_payload"
        );
    }
    listener
        .call("unsubscribe", &json!({"topics": ["app.orders.*"]}))
        .await
        .expect("left");
    let answer = publisher.call("publish", &publish("app.orders.eu")).await;
    assert_field(&answer.expect("sent"), "delivered", 0);
}

#[tokio::test]
async fn replay_continues_live_without_gap() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut sender = daemon.client().await;
    let text = |n: usize| json!({"channel": "webchat", "to": "nobody", "text": n.to_string()});
    for n in 0..600 {
        sender.call("send", &text(n)).await.expect("queued");
    }
    let mut late = daemon.client().await;
    let (_, status) = daemon.rpc(r#"{"type":"command","action":"status"}"#);
    let before = status["payload"]["store"]["seq"]
        .as_u64()
        .expect("a number")
        - 600;
    let since = json!({"topics": ["message.*"], "since": before + 100});
    let answer = late.call("subscribe", &since).await.expect("subscribed");
    assert_field(&answer, "seq", json!(before + 600));
    for n in 600..900 {
        sender.call("send", &text(n)).await.expect("queued");
    }
    for n in 100..900_u64 {
        let event = next_event(&mut late).await.payload;
        assert_fields(
            &event,
            &json!({"seq": before + n + 1, "text": n.to_string()}),
        );
    }
    assert_eq!(
        refusal(
            &mut late,
            "subscribe",
            json!({"topics": ["message.*"], "since": 9_000_000_000_000_000_u64})
        )
        .await,
        "bad_payload"
    );
}

#[tokio::test]
async fn replayed_events_keep_past_states() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut sender = daemon.client().await;
    let sent = sender
        .call(
            "send",
            &json!({"channel": "webchat", "to": "ana", "text": "x"}),
        )
        .await
        .expect("queued");
    sender
        .call("cancel", &json!({"message_id": sent["message_id"]}))
        .await
        .expect("cancelled");
    let mut late = daemon.client().await;
    late.call(
        "subscribe",
        &json!({"topics": ["message.status"], "since": 0}),
    )
    .await
    .expect("subscribed");
    let states = [
        next_event(&mut late).await.payload,
        next_event(&mut late).await.payload,
    ];
    assert_eq!(
        states.map(|event| event["state"].clone()),
        ["queued", "cancelled"]
    );
}

#[tokio::test]
async fn client_and_log_events() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut listener = daemon.listener(&["client.*", "log"]).await;
    let other = daemon.client().await;
    assert_eq!(next_event(&mut listener).await.action, "client.connected");
    other.close().await;
    assert_eq!(
        next_event(&mut listener).await.action,
        "client.disconnected"
    );
    listener.call("reload", &json!({})).await.expect("reloaded");
    let line = next_event(&mut listener).await;
    assert_eq!(
        (line.action.as_str(), &line.payload["message"]),
        ("log", &json!("settings reloaded"))
    );
}

#[tokio::test]
async fn json_rpc_events_are_notifications() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_json_rpc();
    raw.text(r#"{"jsonrpc":"2.0","method":"subscribe","params":{"topics":["app.rpc"]},"id":1}"#);
    assert_field(&raw.json()["result"], "topics", json!(["app.rpc"]));
    raw.text(
        r#"{"jsonrpc":"2.0","method":"publish","params":{"topic":"app.rpc","data":[1]},"id":2}"#,
    );
    let mut both = [raw.json(), raw.json()];
    both.sort_by_key(|frame| frame["id"].is_null());
    assert_field(&both[0]["result"], "delivered", 1);
    assert_eq!(
        both[1],
        json!({"jsonrpc": "2.0", "method": "app.rpc", "params": [1]})
    );
}

fn publish_many(count: usize) -> String {
    let data = "x".repeat(1000);
    let calls: Vec<Value> = (0..count)
        .map(|_| json!({"jsonrpc": "2.0", "method": "publish", "params": {"topic": "app.flood", "data": data}}))
        .collect();
    Value::from(calls).to_string()
}

#[tokio::test]
async fn lagging_reader_is_told() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_QUEUE_BYTES", "1048576")]);
    let mut slow = daemon.raw_websocket(true);
    slow.subscribe(&["app.*"]);
    let mut publisher = daemon.raw_websocket(true);
    // Publish until an event is dropped: by then the kernel's buffers and half of the queue are full.
    let mut delivered = true;
    while delivered {
        let flood = json!({"topic": "app.flood", "data": "x".repeat(10_000)});
        delivered = publisher.call("publish", &flood)["delivered"] == 1;
    }
    let lagged = loop {
        let event = slow.json();
        if event["action"] == "lagged" {
            break event;
        }
    };
    assert_field(&lagged["payload"], "dropped", 1);
    publisher.text(
        r#"{"type":"command","action":"publish","payload":{"topic":"app.flood","data":"again"}}"#,
    );
    assert_eq!(slow.json()["payload"], "again", "the connection goes on");
}

#[tokio::test]
async fn slow_consumer_closes_with_4408() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("MAX_QUEUE_BYTES", "1048576")]);
    let mut stuck = daemon.raw_websocket(true);
    stuck.subscribe(&["app.*"]);
    let mut reader = daemon.listener(&["client.disconnected"]).await;
    let mut publisher = daemon.raw_websocket(true);
    let batch = publish_many(200);
    publisher.text(&batch);
    let mut dropped = false;
    while !dropped {
        publisher.text(&batch);
        publisher.text("ping");
        publisher.frame();
        let status = daemon.rpc(r#"{"type":"command","action":"status"}"#).1;
        dropped = status["payload"]["counters"]["slow_consumers"] == 1;
    }
    assert_eq!(stuck.close_code(), 4408);
    assert_eq!(next_event(&mut reader).await.action, "client.disconnected");
}

#[tokio::test]
async fn topic_under_replay_can_be_dropped() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    for n in 0..300 {
        let payload = json!({"channel": "webchat", "to": "nobody", "text": n.to_string()});
        client.call("send", &payload).await.expect("queued");
    }
    let mut raw = daemon.raw_websocket(true);
    let first =
        r#"{"type":"command","action":"history","payload":{"limit":1,"channel":"webchat"}}"#;
    raw.text(first);
    let seq = raw.json()["payload"]["messages"][0]["seq"]
        .as_u64()
        .expect("a number");
    let subscribe = json!({"type": "command", "action": "subscribe", "payload": {"topics": ["message.*"], "since": seq - 300}});
    let unsubscribe =
        json!({"type": "command", "action": "unsubscribe", "payload": {"topics": ["message.*"]}});
    let both =
        [&subscribe, &unsubscribe].map(|command| frame(0x81, command.to_string().as_bytes()));
    raw.send(&both.concat());
    assert_field(&raw.json()["payload"], "topics", json!(["message.*"]));
    let left = loop {
        let frame = raw.json();
        if frame["action"] == "unsubscribe" {
            break frame;
        }
    };
    assert_field(&left["payload"], "topics", json!([]));
    raw.text("ping");
    assert_eq!(raw.frame(), Some(Frame::Text("pong".to_owned())));
}

#[tokio::test]
async fn published_data_arrives_as_it_was_written() {
    let daemon = Shared::daemon();
    let mut listener = daemon.raw_websocket(true);
    listener.subscribe(&["app.written.*"]);
    let mut publisher = daemon.raw_websocket(true);
    for (payload, arrives) in [
        (
            r#"{"topic":"app.written.a","data":{"b":1, "a":1.0}}"#,
            r#"{"b":1, "a":1.0}"#,
        ),
        (r#"{"data":null,"topic":"app.written.a"}"#, "{}"),
        (r#"{"topic":"app.written.a"}"#, "{}"),
        (r#"{"topic":"app.written.\u00e9","data":"\u00e9"}"#, "\"é\""),
        (
            r#"{"topic":"app.written.a","topic":"app.written.b","data":1}"#,
            "1",
        ),
    ] {
        publisher.text(&format!(
            r#"{{"type":"command","action":"publish","payload":{payload}}}"#
        ));
        assert_field(&publisher.json()["payload"], "delivered", 1);
        let Some(Frame::Text(event)) = listener.frame() else {
            panic!("no event for {payload}")
        };
        assert!(
            event.ends_with(&format!(",\"payload\":{arrives}}}")),
            "{event}"
        );
    }
    let wrong_half = r#"{"topic":"app.written.a","data":"\ud800"}"#;
    publisher.text(&format!(
        r#"{{"type":"command","action":"publish","payload":{wrong_half}}}"#
    ));
    assert_field(&publisher.json()["payload"], "code", "bad_payload");
}
