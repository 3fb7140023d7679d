//! From a message to its answer.

use serde_json::json;

use super::{
    agent, announce, daemon, daemon_with, done, hand_in, offered, says, sent_to, turns_of, until,
};
use crate::support::{
    Scratch, assert_field, assert_fields, event_where, message, next_event, refusal,
};

#[tokio::test]
async fn a_message_is_answered_once_and_shown_as_it_grows() {
    let (_home, daemon) = daemon();
    let topics = ["agent.*", "typing", "message.status"];
    let mut page = daemon.listener(&topics).await;
    let mut pi = agent(&daemon, "clerk").await;
    let id = says(&mut page, "webchat", "ana", "Olá").await;
    let turn = offered(&mut pi).await;
    let number = id.as_str().expect("an id").trim_start_matches("m-");
    assert_fields(
        &turn,
        &json!({"turn_id": format!("t-{number}"), "channel": "webchat", "peer": "ana", "group": false,
            "message": "Olá", "messages": [id], "kind": "text", "attempt": 1,
            "history": {"channel": "webchat", "peer": "ana", "before": id}}),
    );
    until(&mut page, &turn, "running").await;
    for piece in ["Bom ", "dia"] {
        let delta = json!({"turn_id": turn["turn_id"], "text": piece});
        let answer = pi.call("agent.delta", &delta).await.expect("taken");
        assert_eq!(answer, json!({}));
        let told = event_where(&mut page, |event| event["text"] == piece).await;
        assert_fields(
            &told,
            &json!({"turn_id": turn["turn_id"], "agent": "clerk", "peer": "ana"}),
        );
    }
    let grown = event_where(&mut page, |event| event["text"] == "Bom dia").await;
    assert_fields(&grown, &json!({"direction": "out", "peer": "ana"}));
    let ended = done(&mut pi, &turn, "Bom dia!").await;
    assert_field(&ended, "state", "done");
    let answer = message(&mut page, &ended["message_id"]).await;
    assert_fields(
        &answer,
        &json!({"text": "Bom dia!", "peer": "ana", "direction": "out", "meta.turn": turn["turn_id"]}),
    );
    let again = json!({"turn_id": turn["turn_id"], "text": "Bom dia!"});
    assert_eq!(refusal(&mut pi, "agent.done", again).await, "conflict");
    assert_eq!(sent_to(&mut page, "webchat", "ana").await, ["Bom dia!"]);
    let listed = &turns_of(&mut page, "webchat", "ana").await[0];
    assert_fields(
        listed,
        &json!({"state": "done", "agent": "clerk", "message_id": ended["message_id"], "messages": [id]}),
    );
}

#[tokio::test]
async fn messages_that_come_together_are_one_turn() {
    let home = Scratch::new();
    let daemon = daemon_with(&home.0, &[("AGENT_GATHER", "1s")]);
    let mut page = daemon.client().await;
    let mut pi = agent(&daemon, "clerk").await;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(says(&mut page, "webchat", "ana", &format!("part {number}")).await);
    }
    let turn = offered(&mut pi).await;
    assert_field(&turn, "messages", json!(ids));
    let lines: Vec<String> = (0..10).map(|number| format!("part {number}")).collect();
    assert_field(&turn, "message", lines.join("\n"));
    done(&mut pi, &turn, "all of them").await;
    assert_eq!(turns_of(&mut page, "webchat", "ana").await.len(), 1);
}

#[tokio::test]
async fn what_comes_while_a_turn_runs_waits_for_its_end() {
    let (_home, daemon) = daemon();
    let mut page = daemon.listener(&["agent.status"]).await;
    let mut pi = agent(&daemon, "clerk").await;
    says(&mut page, "webchat", "ana", "first").await;
    let first = offered(&mut pi).await;
    says(&mut page, "webchat", "ana", "second").await;
    let waiting = event_where(&mut page, |event| {
        event["state"] == "waiting" && event["turn_id"] != first["turn_id"]
    });
    waiting.await;
    says(&mut page, "webchat", "ana", "third").await;
    // Another conversation does not wait for this one.
    says(&mut page, "webchat", "bia", "hello").await;
    let other = offered(&mut pi).await;
    assert_field(&other, "peer", "bia");
    done(&mut pi, &first, "to the first").await;
    let second = offered(&mut pi).await;
    assert_field(&second, "peer", "ana");
    assert!(
        second["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("second"))
    );
    done(&mut pi, &second, "to the others").await;
}

#[tokio::test]
async fn an_agent_gets_no_more_turns_at_a_time_than_it_takes() {
    let (_home, daemon) = daemon();
    let mut page = daemon.listener(&["agent.status"]).await;
    let mut pi = daemon.client().await;
    announce(&mut pi, "clerk", 1).await;
    says(&mut page, "webchat", "ana", "hi").await;
    let first = offered(&mut pi).await;
    says(&mut page, "webchat", "bia", "hi").await;
    event_where(&mut page, |event| {
        event["peer"] == "bia" && event["state"] == "waiting"
    })
    .await;
    done(&mut pi, &first, "hello").await;
    let second = offered(&mut pi).await;
    assert_field(&second, "peer", "bia");
    done(&mut pi, &second, "hello").await;
}

#[tokio::test]
async fn silence_is_an_answer_without_a_message() {
    let (_home, daemon) = daemon();
    let mut page = daemon.client().await;
    let mut pi = agent(&daemon, "clerk").await;
    says(&mut page, "webchat", "ana", "thanks, bye").await;
    let turn = offered(&mut pi).await;
    assert_eq!(done(&mut pi, &turn, " \n").await, json!({"state": "done"}));
    assert!(sent_to(&mut page, "webchat", "ana").await.is_empty());
}

#[tokio::test]
async fn a_session_lasts_until_it_is_begun_anew() {
    let (_home, daemon) = daemon();
    let mut page = daemon.client().await;
    let mut pi = agent(&daemon, "clerk").await;
    let mut sessions = Vec::new();
    for text in ["one", "two"] {
        says(&mut page, "webchat", "ana", text).await;
        let turn = offered(&mut pi).await;
        sessions.push(turn["session"].clone());
        done(&mut pi, &turn, "well").await;
    }
    assert_eq!(sessions[0], sessions[1]);
    let begun = says(&mut page, "webchat", "ana", "/new").await;
    says(&mut page, "webchat", "ana", "three").await;
    let turn = offered(&mut pi).await;
    assert_ne!(turn["session"], sessions[0]);
    assert_field(&turn["history"], "after", begun);
    assert_field(&turn, "message", "three");
}

#[tokio::test]
async fn files_come_with_the_turn_and_go_with_the_answer() {
    let (_home, daemon) = daemon();
    let mut page = daemon.client().await;
    let mut pi = agent(&daemon, "clerk").await;
    let picture = json!({"kind": "image", "data": "iVBORw0KGgo="});
    let said = json!({"channel": "webchat", "peer": "ana", "kind": "image", "media": picture, "text": "this?"});
    hand_in(&mut page, &said).await;
    let turn = offered(&mut pi).await;
    assert_fields(
        &turn,
        &json!({"kind": "image", "message": "this?", "media.kind": "image"}),
    );
    let media = json!({"media_id": turn["media"]["media_id"]});
    let answer = json!({"turn_id": turn["turn_id"], "text": "", "media": media});
    let ended = pi.call("agent.done", &answer).await.expect("queued");
    let sent = message(&mut page, &ended["message_id"]).await;
    assert_field(
        &sent["media"],
        "media_id",
        turn["media"]["media_id"].clone(),
    );
}

#[tokio::test]
async fn routes_give_conversations_to_others_or_to_nobody() {
    let home = Scratch::new();
    let routes = "webchat/silent-*=none,webchat/vip=butler";
    let daemon = daemon_with(&home.0, &[("AGENT_ROUTES", routes)]);
    let mut page = daemon.client().await;
    let mut pi = agent(&daemon, "clerk").await;
    let mut butler = agent(&daemon, "butler").await;
    says(&mut page, "webchat", "silent-ana", "anyone?").await;
    says(&mut page, "webchat", "vip", "hello").await;
    says(&mut page, "webchat", "bia", "hi").await;
    assert_field(&offered(&mut butler).await, "peer", "vip");
    assert_field(&offered(&mut pi).await, "peer", "bia");
    assert!(
        turns_of(&mut page, "webchat", "silent-ana")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn agents_are_listed_with_what_they_did() {
    let (_home, daemon) = daemon();
    let mut page = daemon.listener(&["agent.state"]).await;
    let listed = page.call("agents", &json!({})).await.expect("listed");
    assert_fields(
        &listed["agents"][0],
        &json!({"name": "clerk", "state": "away", "supervised": false}),
    );
    let mut pi = agent(&daemon, "clerk").await;
    assert_field(&next_event(&mut page).await.payload, "state", "running");
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = offered(&mut pi).await;
    let during = page.call("agents", &json!({})).await.expect("listed");
    assert_field(&during["running"][0], "turn_id", turn["turn_id"].clone());
    done(&mut pi, &turn, "hello").await;
    let status = page.call("status", &json!({})).await.expect("told");
    assert_fields(
        &status["agents"][0],
        &json!({"state": "running", "counters.turns": 1, "counters.answered": 1}),
    );
    let refused = refusal(&mut page, "agent.stop", json!({"name": "clerk"})).await;
    assert_eq!(refused, "not_found", "nobody supervises it");
    pi.close().await;
    assert_field(&next_event(&mut page).await.payload, "state", "away");
}

#[tokio::test]
async fn a_reload_sets_and_takes_away_agents() {
    let home = Scratch::new();
    let mut command = crate::support::daemon_command(&home.0);
    command.env_remove("AGENT").env("AGENT_GATHER", "50ms");
    let daemon = crate::support::Daemon::from_command(command, &home.0);
    let mut page = daemon.listener(&["agent.*"]).await;
    says(&mut page, "webchat", "ana", "before").await;
    let env = home.0.join(".env");
    let without = std::fs::read_to_string(&env).expect("there");
    std::fs::write(&env, format!("{without}AGENT=clerk\n")).expect("written");
    let reloaded = page.call("reload", &json!({})).await.expect("valid");
    assert!(
        reloaded["changed"].to_string().contains("agents"),
        "{reloaded}"
    );
    let mut pi = agent(&daemon, "clerk").await;
    says(&mut page, "webchat", "ana", "after").await;
    let turn = offered(&mut pi).await;
    assert_field(&turn, "message", "after");
    std::fs::write(&env, format!("{without}AGENT=No Such\n")).expect("written");
    page.call("reload", &json!({})).await.expect("a warning");
    let stopped = super::aborted(&mut pi).await;
    assert_field(&stopped, "turn_id", turn["turn_id"].clone());
    until(&mut page, &turn, "aborted").await;
}

#[cfg(feature = "store")]
#[tokio::test]
async fn what_comes_while_no_agent_is_set_is_not_answered_later() {
    let home = Scratch::new();
    let before = daemon_with(&home.0, &[]);
    let mut page = before.client().await;
    says(&mut page, "webchat", "ana", "for later").await;
    until_listed(&mut page).await;
    drop(before);
    let without = daemon_with(&home.0, &[("AGENT", "")]);
    let mut page = without.listener(&["agent.*"]).await;
    says(&mut page, "webchat", "ana", "is anyone there?").await;
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while turns_of(&mut page, "webchat", "ana").await[0]["state"] != "aborted" {
        assert!(
            std::time::Instant::now() < deadline,
            "the open turn never ended"
        );
        tokio::task::yield_now().await;
    }
    drop(without);
    let again = daemon_with(&home.0, &[]);
    let mut page = again.client().await;
    let mut pi = agent(&again, "clerk").await;
    says(&mut page, "webchat", "ana", "now").await;
    assert_field(&offered(&mut pi).await, "message", "now");
}

#[cfg(feature = "store")]
async fn until_listed(page: &mut cleudocodebot::client::Client) {
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while turns_of(page, "webchat", "ana").await.is_empty() {
        assert!(
            std::time::Instant::now() < deadline,
            "it never became a turn"
        );
        tokio::task::yield_now().await;
    }
}
