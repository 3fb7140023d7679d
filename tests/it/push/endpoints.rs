//! Which addresses and keys of devices are taken.

use serde_json::{Value, json};

use super::{browser::Browser, service::PushService};
use crate::support::{Daemon, Scratch, assert_field, refusal};

#[tokio::test]
async fn only_https_outside_of_the_own_network_is_taken() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let keys = Browser::new().keys();
    for endpoint in [
        "http://192.0.2.1/a",
        "https://127.0.0.1/a",
        "https://localhost/a",
        "https://[::1]/a",
        "https://[::ffff:10.0.0.1]/a",
        "https://10.0.0.1/a",
        "https://192.168.0.1:8443/a",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/a",
        "https://[fd00::1]/a",
        "https://0x7f000001/a",
        "https://user@1.1.1.1/a",
        "ftp://1.1.1.1/a",
        "",
    ] {
        let payload = json!({"endpoint": endpoint, "keys": keys});
        let code = refusal(&mut client, "push.subscribe", payload).await;
        assert_eq!(code, "bad_payload", "{endpoint}");
    }
    let long = format!("https://1.1.1.1/{}", "a".repeat(2048));
    let payload = json!({"endpoint": long, "keys": keys});
    assert_eq!(
        refusal(&mut client, "push.subscribe", payload).await,
        "bad_payload"
    );
    let list = client.call("push.list", &json!({})).await.expect("a list");
    assert_field(&list, "subscriptions", json!([]));
}

#[tokio::test]
async fn what_no_browser_gives_is_refused() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let keys = Browser::new().keys();
    // A point that is on no curve.
    let nowhere = format!("BA{}", "A".repeat(85));
    for (field, wrong) in [
        ("keys", json!({"p256dh": keys["p256dh"]})),
        (
            "keys",
            json!({"p256dh": keys["auth"], "auth": keys["auth"]}),
        ),
        ("keys", json!({"p256dh": nowhere, "auth": keys["auth"]})),
        ("topics", json!(["webchat"])),
        ("quiet", json!({"from": "22:00", "until": "22:00"})),
        ("language", json!("pt BR")),
    ] {
        let mut payload = json!({"endpoint": "https://1.1.1.1/a", "keys": keys});
        payload[field] = wrong.clone();
        let code = refusal(&mut client, "push.subscribe", payload).await;
        assert_eq!(code, "bad_payload", "{field}: {wrong}");
    }
    let neither = refusal(&mut client, "push.unsubscribe", json!({})).await;
    assert_eq!(neither, "bad_payload");
}

#[tokio::test]
async fn a_device_unsubscribes_by_its_address_or_its_id() {
    let Some(service) = PushService::willing() else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[]);
    let mut client = daemon.client().await;
    for device in ["a", "b"] {
        let quiet = json!({"from": "22:00", "until": "07:00", "offset_minutes": -180});
        let more = json!({"quiet": quiet, "topics": ["webchat/*"]});
        service.subscribe(&mut client, device, more.clone()).await;
        service.subscribe(&mut client, device, more).await;
    }
    let list = client.call("push.list", &json!({})).await.expect("a list");
    let all = list["subscriptions"].as_array().expect("a list");
    assert_eq!(all.len(), 2, "the same again replaces: {list}");
    assert_field(&all[0]["quiet"], "offset_minutes", -180);
    let mut removed = async |payload: Value| {
        let answer = client.call("push.unsubscribe", &payload).await;
        answer.expect("answered")["removed"] == true
    };
    let by_address = json!({"endpoint": service.endpoint("a")});
    assert!(removed(by_address.clone()).await && !removed(by_address).await);
    let by_id = json!({"id": all[1]["id"]});
    assert!(removed(by_id.clone()).await && !removed(by_id).await);
}
