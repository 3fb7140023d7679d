//! Sending, receiving, reading back: what the gateway is for.

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{Daemon, Scratch, next_event, refusal};

async fn send(client: &mut Client, to: &str, text: &str) -> Value {
    client
        .call(
            "send",
            &json!({"channel": "webchat", "to": to, "text": text}),
        )
        .await
        .expect("queued")
}

async fn state(client: &mut Client, id: &Value) -> Value {
    client
        .call("message", &json!({"message_id": id}))
        .await
        .expect("known")["message"]["state"]
        .take()
}

#[tokio::test]
async fn a_message_reaches_the_client_that_attends_its_peer() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut sender = daemon.client().await;
    let waiting = send(&mut sender, "ana", "before you came").await;
    assert_eq!(
        (&waiting["state"], &waiting["duplicate"]),
        (&json!("queued"), &json!(false))
    );
    assert_eq!(
        state(&mut sender, &waiting["message_id"]).await,
        "queued",
        "nobody attends ana yet"
    );

    let mut ana = daemon.listener(&["message.*@webchat/ana"]).await;
    let (mut texts, mut states) = (Vec::new(), Vec::new());
    while states.last() != Some(&json!("delivered")) {
        let event = next_event(&mut ana).await;
        assert_eq!(event.action, "message.status");
        texts.push(event.payload["text"].clone());
        states.push(event.payload["state"].clone());
    }
    assert_eq!(states, ["sending", "sent", "delivered"]);
    assert!(
        texts.iter().all(|text| text == "before you came"),
        "every event tells the whole message"
    );

    let payload = json!({"channel": "webchat", "to": "ana", "text": "now", "wait": true});
    let sent = sender.call("send", &payload).await.expect("sent");
    assert!(
        ["sent", "delivered"].contains(&sent["state"].as_str().unwrap_or_default()),
        "{sent}"
    );
}

#[tokio::test]
async fn what_a_visitor_says_comes_in_for_everyone_who_listens() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut agent = daemon.listener(&["message.received"]).await;
    let mut visitor = daemon.client().await;
    let said = json!({"channel": "webchat", "peer": "ana", "text": "olá", "dedup_key": "k1"});
    let first = visitor.call("receive", &said).await.expect("stored");
    let again = visitor.call("receive", &said).await.expect("known");
    assert_eq!(
        (&again["message_id"], &again["duplicate"]),
        (&first["message_id"], &json!(true))
    );
    let event = next_event(&mut agent).await.payload;
    assert_eq!(
        (&event["peer"], &event["text"], &event["state"]),
        (&json!("ana"), &json!("olá"), &json!("received"))
    );
    let pong = agent.call("ping", &json!({})).await.expect("alive");
    assert_eq!(pong["pong"], true, "the repeat made no second event");
    assert_eq!(
        refusal(
            &mut visitor,
            "receive",
            json!({"channel": "fax", "peer": "a", "text": "b"})
        )
        .await,
        "unknown_channel"
    );
}

#[tokio::test]
async fn history_finds_words_in_one_conversation() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    for (peer, text) in [("ana", "O PÃO"), ("ana", "leite"), ("bob", "pão")] {
        send(&mut client, peer, text).await;
    }
    let query = json!({"channel": "webchat", "peer": "ana", "contains": "pão"});
    let page = client.call("history", &query).await.expect("a page");
    assert_eq!(page["messages"][0]["text"], "O PÃO");
    assert_eq!(page["messages"][1], Value::Null);
    assert_eq!(page["next"], Value::Null);
    let nothing = json!({"contains": ""});
    assert_eq!(
        refusal(&mut client, "history", nothing).await,
        "bad_payload"
    );
}

#[cfg(feature = "store")]
#[tokio::test]
async fn history_is_read_in_pages_and_survives_kill_9() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    for n in 0..25 {
        send(
            &mut client,
            if n % 2 == 0 { "ana" } else { "bob" },
            &n.to_string(),
        )
        .await;
    }
    daemon.kill();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let (mut texts, mut before) = (Vec::new(), Value::Null);
    loop {
        let query = json!({"channel": "webchat", "peer": "ana", "limit": 5, "before": before});
        let page = client.call("history", &query).await.expect("a page");
        let of_page = page["messages"]
            .as_array()
            .expect("messages")
            .iter()
            .map(|m| m["text"].clone());
        texts.splice(0..0, of_page);
        before = page["next"].clone();
        if before.is_null() {
            break;
        }
    }
    let expected: Vec<Value> = (0..25)
        .step_by(2)
        .map(|n: i32| json!(n.to_string()))
        .collect();
    assert_eq!(texts, expected, "newest last, nothing missing");
}

#[cfg(feature = "store")]
#[tokio::test]
async fn an_idempotency_key_holds_across_a_restart() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let payload =
        json!({"channel": "webchat", "to": "ana", "text": "once", "idempotency_key": "k"});
    let first = daemon
        .client()
        .await
        .call("send", &payload)
        .await
        .expect("queued");
    daemon.kill();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let again = client.call("send", &payload).await.expect("known");
    assert_eq!(
        (&again["message_id"], &again["duplicate"]),
        (&first["message_id"], &json!(true))
    );
    let mut other = payload;
    other["text"] = json!("another text");
    assert_eq!(refusal(&mut client, "send", other).await, "conflict");
}

#[tokio::test]
async fn a_queued_message_can_be_cancelled_once() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let id = send(&mut client, "ana", "x").await["message_id"].clone();
    let cancelled = client
        .call("cancel", &json!({"message_id": id}))
        .await
        .expect("cancelled");
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(
        refusal(&mut client, "cancel", json!({"message_id": id})).await,
        "conflict"
    );
    assert_eq!(
        refusal(&mut client, "retry", json!({"message_id": id})).await,
        "conflict"
    );
    let seen = client
        .call("message", &json!({"message_id": id}))
        .await
        .expect("known");
    let states: Vec<_> = seen["history"]
        .as_array()
        .expect("history")
        .iter()
        .map(|step| &step["state"])
        .collect();
    assert_eq!(states, ["queued", "cancelled"]);
    let mut ana = daemon.listener(&["message.*@webchat/ana"]).await;
    send(&mut client, "ana", "second").await;
    assert_eq!(
        next_event(&mut ana).await.payload["text"],
        "second",
        "the cancelled one is never sent"
    );
}

#[tokio::test]
async fn answers_come_in_order_but_for_send_with_wait() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut raw = daemon.raw_websocket(true);
    raw.text(r#"{"type":"command","action":"send","id":"slow","payload":{"channel":"webchat","to":"ana","text":"x","wait":true}}"#);
    raw.text(r#"{"type":"command","action":"send","id":"disk","payload":{"channel":"webchat","to":"bob","text":"x"}}"#);
    raw.text(r#"{"type":"command","action":"ping","id":"quick"}"#);
    assert_eq!(raw.json()["id"], "disk");
    assert_eq!(raw.json()["id"], "quick");
    let _ana = daemon.listener(&["message.*@webchat/ana"]).await;
    assert_eq!(raw.json()["id"], "slow");
}
