//! What is pushed to a device, and what is not.

use cleudocodebot::{client::Client, clock};
use serde_json::{Value, json};

use super::{browser::claims, service::PushService};
use crate::support::{Scratch, assert_fields};

async fn receive(client: &mut Client, peer: &str, text: &str, meta: Value) {
    let payload = json!({"channel": "webchat", "peer": peer, "text": text, "meta": meta});
    client.call("receive", &payload).await.expect("stored");
}

#[tokio::test]
async fn a_message_reaches_the_device_encrypted_signed_and_with_its_topic() {
    let Some(service) = PushService::willing() else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[("PUSH_CONTACT", "mailto:owner@example.org")]);
    let mut client = daemon.client().await;
    assert!(!home.0.join("push.key").exists(), "nobody asked");
    let key = client.call("push.key", &json!({})).await.expect("a key");
    let public_key = key["public_key"].as_str().expect("a text").to_owned();
    let more = json!({"language": "pt-BR"});
    let browser = service.subscribe(&mut client, "SECRET-device", more).await;
    receive(&mut client, "bia", "oi,\ntudo bem?", json!({"name": "Bia"})).await;
    let pushed = service.saw();
    assert_eq!(pushed.path, "/SECRET-device");
    let origin = format!("https://localhost:{}", service.port);
    let signed = claims(&pushed, &public_key);
    assert_fields(
        &signed,
        &json!({"aud": origin, "sub": "mailto:owner@example.org"}),
    );
    let left = signed["exp"].as_u64().expect("a time") - clock::now_ms() / 1000;
    assert!((3_600..=86_400).contains(&left), "{left} s");
    for (name, value) in [
        ("content-encoding", "aes128gcm"),
        ("content-type", "application/octet-stream"),
        ("ttl", "86400"),
        ("urgency", "high"),
    ] {
        assert_eq!(pushed.headers[name], value);
    }
    assert_eq!(pushed.headers["topic"].len(), 32);
    assert!(pushed.body.len() <= 4096);
    assert_fields(
        &browser.open(&pushed),
        &json!({"channel": "webchat", "peer": "bia", "name": "Bia", "text": "oi, tudo bem?",
            "message_id": "m-1", "count": 1, "unread": 1, "kind": "text", "lang": "pt-BR",
            "open": "#chat/webchat/bia"}),
    );
    daemon.logs("push subscription added");
    assert!(!daemon.log_watch.has_seen("SECRET-device"));
}

#[tokio::test]
async fn a_burst_is_one_push_and_the_next_of_a_conversation_has_the_same_topic() {
    let Some(service) = PushService::willing() else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[("PUSH_PREVIEW", "0")]);
    let mut client = daemon.client().await;
    let browser = service.subscribe(&mut client, "a", json!({})).await;
    for number in 0..5 {
        receive(&mut client, "bia", &format!("segredo {number}"), json!({})).await;
    }
    let first = service.saw();
    let told = browser.open(&first);
    assert_fields(
        &told,
        &json!({"count": 5, "unread": 5, "message_id": "m-5"}),
    );
    assert!(!told.to_string().contains("segredo"), "{told}");
    receive(&mut client, "bia", "segredo", json!({})).await;
    receive(&mut client, "caio", "segredo", json!({})).await;
    let (other, next) = (service.saw(), service.saw());
    assert_ne!(other.headers["topic"], first.headers["topic"]);
    assert_eq!(next.headers["topic"], first.headers["topic"]);
    assert!(service.rest().is_empty());
    // What the service saw is counted once its answer is back.
    let status = loop {
        let status = client.call("status", &json!({})).await.expect("status");
        if status["push"]["sent"] == 3 {
            break status;
        }
    };
    assert_fields(
        &status["push"],
        &json!({"subscriptions": 1, "failed": 0, "dropped": 0}),
    );
    let metrics = daemon.get("GET", "/metrics", &daemon.authorization()).2;
    assert!(metrics.contains("\ncleudocodebot_push_sent_total 3\n"));
}

#[tokio::test]
async fn what_is_read_elsewhere_muted_or_did_not_come_in_now_is_not_pushed() {
    let Some(service) = PushService::willing() else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[]);
    let mut client = daemon.client().await;
    let browser = service.subscribe(&mut client, "a", json!({})).await;
    let _reader = daemon.listener(&["message.*@webchat/ana"]).await;
    receive(&mut client, "ana", "read elsewhere", json!({})).await;
    for mark in ["history", "own"] {
        receive(&mut client, mark, "not now", json!({mark: true})).await;
    }
    let reaction = json!({"channel": "webchat", "peer": "bia", "kind": "reaction",
        "content": {"to": "m-1", "emoji": "👍"}});
    client.call("receive", &reaction).await.expect("stored");
    let sent = json!({"channel": "webchat", "to": "caio", "text": "ours"});
    client.call("send", &sent).await.expect("queued");
    receive(&mut client, "gil", "before", json!({})).await;
    let mute = json!({"channel": "webchat", "peer": "gil", "muted": true});
    client.call("conversation.set", &mute).await.expect("muted");
    receive(&mut client, "gil", "after", json!({})).await;
    receive(&mut client, "davi", "read at once", json!({})).await;
    let read = json!({"channel": "webchat", "peer": "davi"});
    client.call("read", &read).await.expect("read");
    receive(&mut client, "eva", "the only one", json!({})).await;
    assert_fields(&browser.open(&service.saw()), &json!({"peer": "eva"}));
    // All others were due at the same time or before.
    receive(&mut client, "fim", "the end", json!({})).await;
    assert_eq!(service.saw().headers["ttl"], "86400");
    assert!(service.rest().is_empty());
}

#[tokio::test]
async fn a_device_gets_only_what_it_subscribed_to() {
    let Some(service) = PushService::willing() else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[]);
    let mut client = daemon.client().await;
    let topics = json!({"topics": ["webchat/b*", "telegram/*"]});
    service.subscribe(&mut client, "some", topics).await;
    service.subscribe(&mut client, "all", json!({})).await;
    receive(&mut client, "ana", "x", json!({})).await;
    receive(&mut client, "bia", "x", json!({})).await;
    let mut paths: Vec<_> = (0..3).map(|_| service.saw().path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/all", "/all", "/some"]);
}

/// What was subscribed is there after a restart, with the same key.
#[cfg(feature = "store")]
#[tokio::test]
async fn subscriptions_and_the_key_outlive_a_restart() {
    let Some(service) = PushService::willing() else {
        return;
    };
    let home = Scratch::new();
    let mut daemon = service.daemon(&home, &[]);
    let mut client = daemon.client().await;
    let before = client.call("push.key", &json!({})).await.expect("a key");
    let browser = service.subscribe(&mut client, "a", json!({})).await;
    drop(client);
    daemon.kill();
    drop(daemon);
    let daemon = service.daemon(&home, &[]);
    let mut client = daemon.client().await;
    let after = client.call("push.key", &json!({})).await.expect("a key");
    assert_eq!(before, after);
    receive(&mut client, "bia", "oi", json!({})).await;
    let pushed = service.saw();
    claims(&pushed, after["public_key"].as_str().expect("a text"));
    assert_fields(&browser.open(&pushed), &json!({"text": "oi"}));
}
