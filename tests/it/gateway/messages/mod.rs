//! `send`, `receive`, `history` and `cancel` over the WebSocket.

mod deleting;
mod later;
mod posted;
mod schedules;
mod several;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, Shared, assert_field, assert_fields, message, next_event, refusal,
};

async fn send(client: &mut Client, to: &str, text: &str) -> Value {
    client
        .call(
            "send",
            &json!({"channel": "webchat", "to": to, "text": text}),
        )
        .await
        .expect("queued")
}

#[tokio::test]
async fn message_reaches_its_peers_client() {
    let daemon = Shared::daemon();
    let mut sender = daemon.client().await;
    let waiting = send(&mut sender, "late-ana", "before you came").await;
    assert_fields(&waiting, &json!({"state": "queued", "duplicate": false}));
    let kept = message(&mut sender, &waiting["message_id"]).await;
    assert_eq!(
        kept["state"], "queued",
        "no client is subscribed to this peer yet"
    );

    let mut ana = daemon.listener(&["message.*@webchat/late-ana"]).await;
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
        "every event carries the whole message"
    );

    let payload = json!({"channel": "webchat", "to": "late-ana", "text": "now", "wait": true});
    let sent = sender.call("send", &payload).await.expect("sent");
    assert!(
        ["sent", "delivered"].contains(&sent["state"].as_str().unwrap_or_default()),
        "{sent}"
    );
}

#[tokio::test]
async fn format_of_a_text_is_kept_with_it_and_an_unknown_one_refused() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    let mut said =
        json!({"channel": "webchat", "to": "format-ana", "text": "**olá**", "format": "markdown"});
    let queued = client.call("send", &said).await.expect("queued");
    let kept = message(&mut client, &queued["message_id"]).await;
    assert_fields(
        &kept,
        &json!({"text": "**olá**", "meta": {"format": "markdown"}}),
    );
    said["format"] = json!("text");
    let queued = client.call("send", &said).await.expect("queued");
    let kept = message(&mut client, &queued["message_id"]).await;
    assert_eq!(kept.get("meta"), None, "{kept}");
    said["format"] = json!("html");
    assert_eq!(refusal(&mut client, "send", said).await, "bad_payload");
}

#[tokio::test]
async fn received_message_reaches_all_listeners() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut agent = daemon.listener(&["message.received"]).await;
    let mut visitor = daemon.client().await;
    let said = json!({"channel": "webchat", "peer": "ana", "text": "olá", "dedup_key": "k1"});
    let first = visitor.call("receive", &said).await.expect("stored");
    let again = visitor.call("receive", &said).await.expect("known");
    assert_fields(
        &again,
        &json!({"message_id": first["message_id"], "duplicate": true}),
    );
    let event = next_event(&mut agent).await.payload;
    assert_fields(
        &event,
        &json!({"peer": "ana", "text": "olá", "state": "received"}),
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
async fn history_searches_one_conversation() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    for (peer, text) in [("word-ana", "O PÃO"), ("word-ana", "leite"), ("bob", "pão")] {
        send(&mut client, peer, text).await;
    }
    let query = json!({"channel": "webchat", "peer": "word-ana", "contains": "pão"});
    let page = client.call("history", &query).await.expect("a page");
    assert_field(&page["messages"][0], "text", "O PÃO");
    assert_eq!(page["messages"][1], Value::Null);
    assert_field(&page, "next", Value::Null);
    let words = json!({"channel": "webchat", "peer": "word-ana", "words": "pao"});
    let page = client.call("history", &words).await.expect("a page");
    assert_field(&page["messages"][0], "text", "O PÃO");
    assert_eq!(page["messages"][1], Value::Null);
    for wrong in [
        json!({"words": "…"}),
        json!({"words": "a ".repeat(17)}),
        json!({"words": "a", "contains": "b"}),
    ] {
        assert_eq!(refusal(&mut client, "history", wrong).await, "bad_payload");
    }
    let nothing = json!({"contains": ""});
    assert_eq!(
        refusal(&mut client, "history", nothing).await,
        "bad_payload"
    );
}

#[tokio::test]
async fn history_says_what_is_expected_of_a_peer_that_cannot_be_one() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    let mut expected = async |channel: &str, peer: &str| {
        let query = json!({"channel": channel, "peer": peer, "limit": 1});
        let page = client.call("history", &query).await.expect("a page");
        page["expected"].as_str().map(str::to_owned)
    };
    let told = expected("whatsapp", "123").await.expect("no number");
    assert!(told.starts_with("a number with the code"), "{told}");
    for (channel, peer) in [
        ("whatsapp", "+55 (11) 98765-4321"),
        ("whatsapp", "120363000000000000@g.us"),
        ("webchat", "123"),
        ("telegram", "123"),
    ] {
        assert_eq!(expected(channel, peer).await, None, "{channel} {peer}");
    }
}

#[cfg(feature = "store")]
#[tokio::test]
async fn history_pages_survive_a_kill() {
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
async fn idempotency_key_survives_restart() {
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
    assert_fields(
        &again,
        &json!({"message_id": first["message_id"], "duplicate": true}),
    );
    let mut other = payload;
    other["text"] = json!("another text");
    assert_eq!(refusal(&mut client, "send", other).await, "conflict");
}

#[tokio::test]
async fn queued_message_is_cancelled_once() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    let id = send(&mut client, "cancel-ana", "x").await["message_id"].clone();
    let cancelled = client
        .call("cancel", &json!({"message_id": id}))
        .await
        .expect("cancelled");
    assert_field(&cancelled, "state", "cancelled");
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
    let mut ana = daemon.listener(&["message.*@webchat/cancel-ana"]).await;
    send(&mut client, "cancel-ana", "second").await;
    assert_eq!(
        next_event(&mut ana).await.payload["text"],
        "second",
        "the cancelled one is never sent"
    );
}

#[tokio::test]
async fn only_waiting_sends_answer_late() {
    let daemon = Shared::daemon();
    let mut raw = daemon.raw_websocket(true);
    raw.text(r#"{"type":"command","action":"send","id":"slow","payload":{"channel":"webchat","to":"slow-ana","text":"x","wait":true}}"#);
    raw.text(r#"{"type":"command","action":"send","id":"disk","payload":{"channel":"webchat","to":"bob","text":"x"}}"#);
    raw.text(r#"{"type":"command","action":"ping","id":"quick"}"#);
    assert_field(&raw.json(), "id", "disk");
    assert_field(&raw.json(), "id", "quick");
    let _ana = daemon.listener(&["message.*@webchat/slow-ana"]).await;
    assert_field(&raw.json(), "id", "slow");
}
