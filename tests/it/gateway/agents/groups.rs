//! Groups: agents answer what is meant for them.

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::{CHANNEL, agent, bridge, daemon, daemon_with, done, hand_in, offered, turns_of};
use crate::support::{Scratch, assert_field, assert_fields, message, next_event};

const GROUP: &str = "120@g.us";

/// What a member writes in the group, with more fields.
async fn member_says(client: &mut Client, group: &str, text: &str, more: &Value) -> Value {
    let mut said = json!({"channel": CHANNEL, "peer": group, "sender": "ana", "text": text});
    for (name, value) in more.as_object().expect("fields") {
        said[name] = value.clone();
    }
    hand_in(client, &said).await
}

#[tokio::test]
async fn in_a_group_only_what_is_meant_for_us_is_answered() {
    let (_home, daemon) = daemon();
    let mut outside = bridge(&daemon).await;
    let mut user = daemon.client().await;
    let mut pi = agent(&daemon, "clerk").await;
    member_says(&mut outside, GROUP, "who brings cake?", &json!({})).await;
    let mention = json!({"meta": {"mentioned": true}});
    let asked = member_says(&mut outside, GROUP, "@us, you?", &mention).await;
    let turn = offered(&mut pi).await;
    assert_fields(
        &turn,
        &json!({"group": true, "sender": "ana", "peer": GROUP, "messages": [asked]}),
    );
    let ended = done(&mut pi, &turn, "yes").await;
    let sent = message(&mut user, &ended["message_id"]).await;
    assert_field(&sent, "reply_to", asked);
    // The service calls our answer by a name of its own, which a reply to it carries.
    let delivered = json!({"message_id": ended["message_id"], "references": ["ours-1"]});
    loop {
        let event = next_event(&mut outside).await;
        if event.payload["message_id"] == ended["message_id"] {
            break;
        }
    }
    outside.call("delivered", &delivered).await.expect("known");
    let to_theirs = json!({"reply_to": "theirs-7"});
    member_says(&mut outside, GROUP, "me too", &to_theirs).await;
    let to_ours = json!({"reply_to": "ours-1"});
    let asked = member_says(&mut outside, GROUP, "which one?", &to_ours).await;
    let turn = offered(&mut pi).await;
    assert_field(&turn, "messages", json!([asked]));
    done(&mut pi, &turn, "chocolate").await;
    assert_eq!(turns_of(&mut user, CHANNEL, GROUP).await.len(), 2);
}

#[tokio::test]
async fn in_an_open_group_every_message_is_answered() {
    let home = Scratch::new();
    let groups = format!("{CHANNEL}/*@g.us");
    let daemon = daemon_with(&home.0, &[("AGENT_GROUPS", &groups)]);
    let mut outside = bridge(&daemon).await;
    let mut pi = agent(&daemon, "clerk").await;
    member_says(&mut outside, "elsewhere", "hi", &json!({})).await;
    member_says(&mut outside, GROUP, "hi", &json!({})).await;
    assert_field(&offered(&mut pi).await, "peer", GROUP);
}

#[tokio::test]
async fn bots_broadcasts_and_what_needs_no_answer_get_none() {
    let (_home, daemon) = daemon();
    let mut outside = bridge(&daemon).await;
    let mut pi = agent(&daemon, "clerk").await;
    let to = |peer: &str, more: Value| {
        let mut said = json!({"channel": CHANNEL, "peer": peer, "text": "hi"});
        for (name, value) in more.as_object().expect("fields") {
            said[name] = value.clone();
        }
        said
    };
    let call = json!({"kind": "call", "content": {"video": false}});
    for said in [
        to("a", json!({"meta": {"bot": true}})),
        to("b", json!({"meta": {"broadcast": true}})),
        to("c", json!({"meta": {"history": true}})),
        to("1@newsletter", json!({})),
        to("status@broadcast", json!({})),
        to("d", call),
        to("person", json!({})),
    ] {
        hand_in(&mut outside, &said).await;
    }
    assert_field(&offered(&mut pi).await, "peer", "person");
}
