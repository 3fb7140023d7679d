//! A subscription belongs to the key that made it: it sees what the key sees, and ends with it.

use cleudocodebot::client::{Client, Endpoint};
use serde_json::{Value, json};

use super::service::PushService;
use crate::support::{Daemon, Scratch, refusal};

async fn client_of(daemon: &Daemon, token: &Value) -> Client {
    let endpoint = Endpoint {
        token: token.as_str().map(str::to_owned),
        ..daemon.endpoint()
    };
    Client::connect(&endpoint).await.expect("a connection")
}

async fn receive(client: &mut Client, peer: &str) {
    let payload = json!({"channel": "webchat", "peer": peer, "text": "oi"});
    client.call("receive", &payload).await.expect("stored");
}

async fn count(client: &mut Client) -> usize {
    let list = client.call("push.list", &json!({})).await.expect("a list");
    list["subscriptions"].as_array().expect("a list").len()
}

#[tokio::test]
async fn a_key_gets_what_it_may_see_and_its_devices_end_with_it() {
    let Some(service) = PushService::willing() else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[]);
    let mut owner = daemon.client().await;
    let new = json!({"name": "phone", "role": "read", "peers": ["webchat/bia"]});
    let made = owner.call("key.add", &new).await.expect("a key");
    let mut phone = client_of(&daemon, &made["token"]).await;
    service.subscribe(&mut phone, "phone", json!({})).await;
    service.subscribe(&mut owner, "owner", json!({})).await;
    assert_eq!((count(&mut phone).await, count(&mut owner).await), (1, 2));
    receive(&mut owner, "ana").await;
    receive(&mut owner, "bia").await;
    let mut paths: Vec<_> = (0..3).map(|_| service.saw().path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/owner", "/owner", "/phone"]);
    let revoked = json!({"key_id": "phone"});
    owner.call("key.revoke", &revoked).await.expect("revoked");
    while count(&mut owner).await > 1 {
        tokio::task::yield_now().await;
    }
    receive(&mut owner, "bia").await;
    receive(&mut owner, "caio").await;
    let paths = [service.saw().path, service.saw().path];
    assert_eq!(paths, ["/owner", "/owner"]);
    assert!(service.rest().is_empty());
}

#[tokio::test]
async fn programs_do_not_subscribe_and_a_key_does_not_end_anothers_device() {
    let Some(service) = PushService::willing() else {
        return;
    };
    let home = Scratch::new();
    let daemon = service.daemon(&home, &[]);
    let mut owner = daemon.client().await;
    let mut tokens = Vec::new();
    for new in [
        json!({"name": "a", "role": "agent"}),
        json!({"name": "b", "role": "bridge", "channels": ["x"]}),
        json!({"name": "c", "role": "operator"}),
    ] {
        let made = owner.call("key.add", &new).await.expect("a key");
        tokens.push(made["token"].clone());
    }
    for token in &tokens[..2] {
        let mut program = client_of(&daemon, token).await;
        let code = refusal(&mut program, "push.key", json!({})).await;
        assert_eq!(code, "forbidden");
    }
    service.subscribe(&mut owner, "owner", json!({})).await;
    let mut operator = client_of(&daemon, &tokens[2]).await;
    assert_eq!(count(&mut operator).await, 0);
    let by_id = json!({"id": "p-1"});
    let answer = operator.call("push.unsubscribe", &by_id).await;
    assert_eq!(answer.expect("answered")["removed"], false);
    assert_eq!(count(&mut owner).await, 1);
}
