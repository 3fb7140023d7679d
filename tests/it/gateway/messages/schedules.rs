//! What may be in a schedule, as clients see it.

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{Daemon, Gateway, Scratch, refusal};

/// A client with a key for Ana alone.
pub(super) async fn limited(daemon: &Daemon, role: &str) -> Client {
    limited_to(daemon, role, "webchat/ana").await
}

/// A client with a key for this conversation alone.
pub(super) async fn limited_to(daemon: &Daemon, role: &str, place: &str) -> Client {
    let mut owner = daemon.client().await;
    let new = json!({"name": format!("{role} of {place}"), "role": role, "peers": [place]});
    let made = owner.call("key.add", &new).await.expect("a key");
    let token = made["token"].as_str().expect("a token").to_owned();
    let gateway = Gateway {
        address: daemon.address,
        token,
    };
    gateway.client().await
}

fn schedule(name: &str, more: &Value) -> Value {
    let mut send = json!({"channel": "webchat", "to": "ana", "text": "x"});
    let more = more.as_object().cloned().expect("an object");
    send.as_object_mut().expect("an object").extend(more);
    json!({"name": name, "every": "1h", "send": send})
}

#[tokio::test]
async fn it_is_for_one_conversation() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    for to in [json!(["ana", "bia"]), json!(["ana"])] {
        let asked = schedule("several", &json!({"to": to}));
        let refused = client.call("schedule.add", &asked).await;
        let refused = refused.expect_err("several").to_string();
        assert!(refused.contains("one address"), "{refused}");
    }
}

#[tokio::test]
async fn a_file_in_the_command_is_kept_and_goes_out() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let file =
        json!({"media": {"mime": "text/plain", "name": "tea.txt", "data": "dGVhIGF0IGZpdmU="}});
    let added = client.call("schedule.add", &schedule("tea", &file)).await;
    let added = added.expect("added");
    let kept = &added["media"];
    assert!(kept["media_id"].is_string(), "{added}");
    assert!(!added.to_string().contains("dGVh"), "{added}");
    let named = json!({"name": "tea"});
    let run = client.call("schedule.run", &named).await.expect("there");
    let message = json!({"message_id": run["last"]["message_id"]});
    let message = client.call("message", &message).await.expect("stored");
    let sent = &message["message"]["media"];
    assert_eq!(sent["media_id"], kept["media_id"], "{message}");
    let wrong = schedule(
        "wrong",
        &json!({"media": {"mime": "text/plain", "data": "?"}}),
    );
    let code = refusal(&mut client, "schedule.add", wrong).await;
    assert_eq!(code, "bad_payload");
}

#[tokio::test]
async fn one_of_a_limited_key_is_changed_by_its_whole_name_however_long() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut ana = limited(&daemon, "operator").await;
    let name = "n".repeat(64);
    let added = ana.call("schedule.add", &schedule(&name, &json!({}))).await;
    let placed = format!("webchat/ana/{name}");
    assert_eq!(added.expect("added")["name"], placed);
    let mut owner = daemon.client().await;
    for client in [&mut ana, &mut owner] {
        let changed = schedule(&placed, &json!({"text": "changed"}));
        let changed = client.call("schedule.add", &changed).await;
        assert_eq!(changed.expect("changed")["name"], placed);
    }
    let listed = owner.call("schedules", &json!({})).await.expect("listed");
    assert_eq!(listed["schedules"].as_array().map(Vec::len), Some(1));
    let longer = schedule(&"n".repeat(65), &json!({}));
    assert_eq!(
        refusal(&mut owner, "schedule.add", longer).await,
        "bad_payload"
    );
}

#[tokio::test]
async fn names_of_limited_keys_are_apart_where_a_peer_has_a_slash() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut ana = limited(&daemon, "operator").await;
    let mut other = limited_to(&daemon, "operator", "webchat/ana/b").await;
    let of_other = json!({"to": "ana/b"});
    // As an earlier version named one.
    let mut owner = daemon.client().await;
    let former = schedule("webchat/ana/b/old", &of_other);
    owner.call("schedule.add", &former).await.expect("added");
    let added = ana.call("schedule.add", &schedule("b/x", &json!({}))).await;
    assert_eq!(added.expect("added")["name"], "webchat/ana/b/x");
    let added = other.call("schedule.add", &schedule("x", &of_other)).await;
    assert_eq!(added.expect("not taken")["name"], "webchat/ana%2Fb/x");
    let again = other
        .call("schedule.add", &schedule("old", &of_other))
        .await;
    assert_eq!(again.expect("replaced")["name"], "webchat/ana/b/old");
    for (name, whole) in [("x", "webchat/ana%2Fb/x"), ("old", "webchat/ana/b/old")] {
        let removed = other.call("schedule.remove", &json!({"name": name})).await;
        assert_eq!(removed.expect("by its short name")["name"], whole);
    }
    let listed = owner.call("schedules", &json!({})).await.expect("listed");
    assert_eq!(listed["schedules"].as_array().map(Vec::len), Some(1));
}
