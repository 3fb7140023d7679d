//! What may be in a schedule, as clients see it.

use serde_json::{Value, json};

use super::later::limited;
use crate::support::{Daemon, Scratch, refusal};

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
