//! What keeps agents from answering too much, or from being obeyed.

use std::collections::HashSet;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::{
    CHANNEL, agent, bridge, daemon, daemon_with, done, offered, says, sent_to, turns_of, until,
};
#[cfg(feature = "store")]
use crate::support::assert_mentions;
use crate::support::{Scratch, assert_field, event_where, next_event};

#[tokio::test]
async fn beyond_the_rate_messages_are_gathered() {
    let home = Scratch::new();
    let daemon = daemon_with(&home.0, &[("AGENT_RATE", "1")]);
    let mut page = daemon.listener(&["agent.status"]).await;
    let mut pi = agent(&daemon, "clerk").await;
    says(&mut page, "webchat", "ana", "one").await;
    let turn = offered(&mut pi).await;
    done(&mut pi, &turn, "1").await;
    says(&mut page, "webchat", "ana", "two").await;
    let next = event_where(&mut page, |event| {
        event["state"] == "waiting" && event["turn_id"] != turn["turn_id"]
    });
    let waiting = next.await;
    says(&mut page, "webchat", "bia", "of another").await;
    assert_field(&offered(&mut pi).await, "peer", "bia");
    let open = turns_of(&mut page, "webchat", "ana").await;
    assert_field(&open[0], "turn_id", waiting["turn_id"].clone());
    assert_field(&open[0], "state", "waiting");
}

#[cfg(feature = "store")]
#[tokio::test]
async fn a_day_has_so_many_answers_also_across_a_restart() {
    let home = Scratch::new();
    let settings = [("AGENT_DAILY", "2"), ("AGENT_APOLOGY", "sorry")];
    let mut daemon = daemon_with(&home.0, &settings);
    let mut page = daemon.client().await;
    let mut pi = agent(&daemon, "clerk").await;
    for peer in ["ana", "bia"] {
        says(&mut page, "webchat", peer, "hi").await;
        let turn = offered(&mut pi).await;
        done(&mut pi, &turn, "hello").await;
    }
    drop((page, pi));
    daemon.kill();
    drop(daemon);
    let daemon = daemon_with(&home.0, &settings);
    let mut page = daemon.listener(&["agent.status"]).await;
    says(&mut page, "webchat", "caio", "hi").await;
    let failed = event_where(&mut page, |event| event["state"] == "failed").await;
    assert_mentions(&failed, "error", "AGENT_DAILY");
    let sent = sent_to(&mut page, "webchat", "caio").await;
    assert!(sent.is_empty(), "not even an apology: {sent:?}");
}

#[tokio::test]
async fn an_answer_is_never_obeyed() {
    let (_home, daemon) = daemon();
    let mut page = daemon.listener(&["agent.*"]).await;
    let mut pi = agent(&daemon, "clerk").await;
    for (peer, text) in [
        ("ana", "/zap 5511999998888 you won"),
        ("bia", "/pause"),
        (
            "caio",
            "{\"type\":\"command\",\"action\":\"shutdown\",\"payload\":{}}",
        ),
    ] {
        says(&mut page, "webchat", peer, "what do you say?").await;
        let turn = offered(&mut pi).await;
        done(&mut pi, &turn, text).await;
        until(&mut page, &turn, "done").await;
        assert_eq!(sent_to(&mut page, "webchat", peer).await, [text]);
    }
    let whatsapp = page.call("history", &json!({"channel": "whatsapp"})).await;
    let sent = whatsapp.expect("a page");
    assert_eq!(sent["messages"], json!([]));
    let listed = page.call("agents", &json!({})).await.expect("listed");
    assert_field(&listed, "held", json!([]));
}

/// Answers every turn with the message it is about, and passes on what is sent to the bridge until the
/// conversation is held. How many messages went from here to there.
async fn echo(mut outside: Client, mut pi: Client, mut other: Client, mut held: Client) -> usize {
    let mut passed = 0;
    let mut known: HashSet<Value> = HashSet::new();
    loop {
        tokio::select! {
            event = pi.event() => {
                let Ok(Some(event)) = event else { return passed };
                if event.action == "agent.turn" {
                    let turn = event.payload;
                    let answer = json!({"turn_id": turn["turn_id"], "text": turn["message"]});
                    // The conversation may be held by now.
                    let _ = pi.call("agent.done", &answer).await;
                }
            }
            event = outside.event() => {
                let Ok(Some(event)) = event else { return passed };
                let message = event.payload;
                if event.action == "deliver" && known.insert(message["message_id"].clone()) {
                    passed += 1;
                    says(&mut other, CHANNEL, "them", message["text"].as_str().expect("a text")).await;
                    let sent = json!({"message_id": message["message_id"]});
                    let _ = outside.call("delivered", &sent).await;
                }
            }
            event = held.event() => {
                let Ok(Some(event)) = event else { return passed };
                if event.payload["by"] == "loop" {
                    return passed;
                }
            }
        }
    }
}

#[tokio::test]
async fn two_gateways_that_answer_each_other_stop_by_themselves() {
    let homes = [Scratch::new(), Scratch::new()];
    let settings = [("AGENT_GATHER", "10ms"), ("AGENT_RATE", "1000")];
    let [here, there] = [&homes[0], &homes[1]].map(|home| daemon_with(&home.0, &settings));
    let (mut sides, mut greeter) = (Vec::new(), None);
    for (one, other) in [(&here, &there), (&there, &here)] {
        let outside = bridge(one).await;
        let pi = agent(one, "clerk").await;
        let hand_in = other.client().await;
        let held = one.listener(&["agent.handover"]).await;
        sides.push((outside, pi, hand_in, held));
        greeter.get_or_insert(one.client().await);
    }
    let greeting = json!({"channel": CHANNEL, "to": "them", "text": "Hello!"});
    let mut greeter = greeter.expect("a client");
    greeter.call("send", &greeting).await.expect("queued");
    let mut sides = sides
        .into_iter()
        .map(|(outside, pi, other, held)| Box::pin(echo(outside, pi, other, held)));
    let (one, other) = (sides.next().expect("here"), sides.next().expect("there"));
    let both = async {
        tokio::select! {
            passed = one => passed,
            passed = other => passed,
        }
    };
    let passed = tokio::time::timeout(crate::support::PATIENCE, both).await;
    let passed = passed.expect("they stopped");
    assert!((5..=12).contains(&passed), "{passed} messages went over");
}

#[tokio::test]
async fn an_agent_that_reads_nothing_harms_nobody() {
    let home = Scratch::new();
    let settings = [("AGENT", "clerk,second"), ("AGENT_FIRST_TIMEOUT", "4s")];
    let daemon = daemon_with(&home.0, &settings);
    let mut page = daemon.client().await;
    let mut deaf = daemon.raw_websocket(true);
    let who = json!({"client": {"kind": "agent", "name": "clerk", "turns": 1024}});
    assert_field(&deaf.call("auth", &who), "protocol", 1);
    let mut second = agent(&daemon, "second").await;
    let long = "x".repeat(60_000);
    for peer in 0..30 {
        says(&mut page, "webchat", &format!("peer-{peer}"), &long).await;
    }
    let mut answered = HashSet::new();
    while answered.len() < 30 {
        let event = next_event(&mut second).await;
        if event.action == "agent.turn" {
            let turn = event.payload;
            done(&mut second, &turn, "ok").await;
            answered.insert(turn["peer"].as_str().expect("a peer").to_owned());
        }
    }
}
