//! Questions of agents to the owner.

use serde_json::{Value, json};

use super::{CHANNEL, agent, bridge, daemon, daemon_with, done, offered, says};
use crate::support::{Raw, Scratch, assert_field, assert_fields, event_where};

/// Asks with an id of its own, so that the answer can be told from what comes before it.
fn ask(agent: &mut Raw, turn: &Value, more: &Value) {
    let mut payload = json!({"turn_id": turn["turn_id"], "text": "Delete it?"});
    for (name, value) in more.as_object().expect("fields") {
        payload[name] = value.clone();
    }
    let command = json!({"type": "command", "action": "agent.ask", "id": 7, "payload": payload});
    agent.text(&command.to_string());
}

fn answer(agent: &mut Raw) -> Value {
    loop {
        let mut message = agent.json();
        if message["id"] == 7 {
            return message["payload"].take();
        }
    }
}

fn raw_agent(daemon: &crate::support::Gateway) -> Raw {
    let mut raw = daemon.raw_websocket(true);
    let who = json!({"client": {"kind": "agent", "name": "clerk"}});
    assert_field(&raw.call("auth", &who), "protocol", 1);
    raw
}

#[tokio::test]
async fn the_owners_next_message_is_the_answer() {
    let home = Scratch::new();
    let daemon = daemon_with(&home.0, &[("AGENT_OWNER", "webchat/boss")]);
    let mut page = daemon.listener(&["message.status"]).await;
    let mut outside = bridge(&daemon).await;
    let mut pi = raw_agent(&daemon);
    says(&mut outside, CHANNEL, "ana", "delete my account").await;
    let turn = pi.json()["payload"].take();
    ask(&mut pi, &turn, &json!({"options": ["Yes", "No"]}));
    let question = event_where(&mut page, |event| event["peer"] == "boss").await;
    let expected = format!("clerk ({CHANNEL}/ana): Delete it?\n1. Yes\n2. No");
    assert_fields(
        &question,
        &json!({"channel": "webchat", "text": expected, "meta.ask.turn_id": turn["turn_id"]}),
    );
    says(&mut page, "webchat", "boss", "2").await;
    assert_eq!(answer(&mut pi), json!({"answer": "No"}));
    // What the owner writes without being asked is for the agent.
    says(&mut page, "webchat", "boss", "thanks").await;
    let next = pi.json()["payload"].take();
    assert_fields(&next, &json!({"peer": "boss", "message": "thanks"}));
    let ended = pi.call(
        "agent.done",
        &json!({"turn_id": turn["turn_id"], "text": "No."}),
    );
    assert_field(&ended, "state", "done");
}

#[tokio::test]
async fn a_question_that_nobody_answers_is_cancelled_in_time() {
    let (_home, daemon) = daemon();
    let mut page = daemon.client().await;
    let mut pi = raw_agent(&daemon);
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = pi.json()["payload"].take();
    ask(&mut pi, &turn, &json!({"timeout_ms": 100}));
    assert_eq!(answer(&mut pi), json!({"cancelled": true}));
    // The turn goes on; the next message of the same conversation is one again.
    let ended = pi.call(
        "agent.done",
        &json!({"turn_id": turn["turn_id"], "text": "I did not."}),
    );
    assert_field(&ended, "state", "done");
    says(&mut page, "webchat", "ana", "1").await;
    assert_field(&pi.json()["payload"].take(), "message", "1");
}

#[tokio::test]
async fn no_deadline_runs_while_the_owner_thinks() {
    let home = Scratch::new();
    let settings = [
        ("AGENT_FIRST_TIMEOUT", "300ms"),
        ("AGENT_IDLE_TIMEOUT", "10s"),
        ("AGENT_OWNER", "webchat/boss"),
    ];
    let daemon = daemon_with(&home.0, &settings);
    let mut page = daemon.listener(&["message.status", "agent.status"]).await;
    let mut pi = raw_agent(&daemon);
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = pi.json()["payload"].take();
    ask(&mut pi, &turn, &json!({"timeout_ms": 900}));
    assert_eq!(answer(&mut pi), json!({"cancelled": true}));
    let ended = pi.call(
        "agent.done",
        &json!({"turn_id": turn["turn_id"], "text": "late"}),
    );
    assert_field(&ended, "state", "done");
}

#[tokio::test]
async fn a_question_ends_with_its_turn() {
    let (_home, daemon) = daemon();
    let mut page = daemon.listener(&["message.status"]).await;
    let mut pi = raw_agent(&daemon);
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = pi.json()["payload"].take();
    ask(&mut pi, &turn, &json!({}));
    event_where(&mut page, |event| event["text"] == "Delete it?").await;
    let abort = json!({"turn_id": turn["turn_id"]});
    page.call("agent.abort", &abort).await.expect("it ran");
    assert_eq!(answer(&mut pi), json!({"cancelled": true}));
    let mut other = agent(&daemon, "clerk").await;
    says(&mut page, "webchat", "ana", "so?").await;
    let turn = offered(&mut other).await;
    assert_field(&turn, "message", "so?");
    done(&mut other, &turn, "well").await;
}
