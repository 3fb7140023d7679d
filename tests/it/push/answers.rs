//! What the answers of a push service do.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::service::{PushService, Reply};
use crate::support::{Scratch, assert_field, assert_fields};

/// A service that answers so in turn, and with 201 from then on.
fn service(replies: &'static [Reply]) -> Option<PushService> {
    let asked = AtomicUsize::new(0);
    PushService::start(move |_| {
        let turn = asked.fetch_add(1, Relaxed);
        replies.get(turn).copied().unwrap_or((201, None))
    })
}

async fn receive(client: &mut Client, text: &str) {
    let payload = json!({"channel": "webchat", "peer": "bia", "text": text});
    client.call("receive", &payload).await.expect("stored");
}

async fn list(client: &mut Client) -> Value {
    let list = client.call("push.list", &json!({})).await;
    list.expect("a list")["subscriptions"].take()
}

#[tokio::test]
async fn a_device_that_the_service_forgot_ends() {
    for reply in [&[(404, None)], &[(410, None)]] {
        let Some(service) = service(reply) else {
            return;
        };
        let home = Scratch::new();
        let daemon = service.daemon(&home, &[]);
        let mut client = daemon.client().await;
        service.subscribe(&mut client, "a", json!({})).await;
        receive(&mut client, "oi").await;
        service.saw();
        daemon.logs("push subscription ended");
        assert_eq!(list(&mut client).await, json!([]));
        let status = client.call("status", &json!({})).await.expect("status");
        assert_fields(
            &status["push"],
            &json!({"subscriptions": 0, "sent": 0, "failed": 0, "ended": 1}),
        );
    }
}

#[tokio::test]
async fn a_busy_service_gets_it_again_after_the_wait_it_asked_for() {
    let Some(service) = service(&[(429, Some(2)), (503, Some(1))]) else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[]);
    let mut client = daemon.client().await;
    service.subscribe(&mut client, "a", json!({})).await;
    receive(&mut client, "oi").await;
    let first = service.saw();
    let since = std::time::Instant::now();
    daemon.logs("a push failed");
    assert_field(&list(&mut client).await[0], "failures", 1);
    let again = service.saw();
    assert!(since.elapsed().as_millis() >= 1_900, "{since:?}");
    let third = service.saw();
    for later in [&again, &third] {
        assert_eq!(later.headers["topic"], first.headers["topic"]);
    }
    let sent = async |client: &mut Client| list(client).await[0]["sent"] == 1;
    while !sent(&mut client).await {
        tokio::task::yield_now().await;
    }
    assert_fields(&list(&mut client).await[0], &json!({"failures": null}));
}

#[tokio::test]
async fn what_is_too_large_goes_again_without_its_text() {
    let Some(service) = service(&[(413, None)]) else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[]);
    let mut client = daemon.client().await;
    let browser = service.subscribe(&mut client, "a", json!({})).await;
    receive(&mut client, "um texto").await;
    service.saw();
    let told = browser.open(&service.saw());
    assert_fields(&told, &json!({"peer": "bia", "count": 1, "text": null}));
}

#[tokio::test]
async fn a_service_that_refuses_is_told_of_with_its_host_alone() {
    let Some(service) = service(&[(400, None)]) else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[]);
    let mut client = daemon.client().await;
    service
        .subscribe(&mut client, "SECRET-device", json!({}))
        .await;
    receive(&mut client, "oi").await;
    service.saw();
    let line = daemon.logs("a push failed");
    let why = format!("localhost:{} answered 400", service.port);
    assert!(line.contains(&why), "{line}");
    let all = list(&mut client).await;
    assert_fields(&all[0], &json!({"failures": 1, "last_error": why}));
    assert!(!all.to_string().contains("SECRET"), "{all}");
    assert!(!daemon.log_watch.has_seen("SECRET-device"));
}
