//! A person takes a conversation over and gives it back.

use cleudocodebot::client::Client;
use serde_json::json;

use super::{
    CHANNEL, aborted, agent, bridge, daemon, daemon_with, done, hand_in, offered, says, sent_to,
    turns_of,
};
use crate::support::{Gateway, Scratch, assert_field, assert_fields, event_where, refusal};

/// A client that a person writes with.
async fn person(daemon: &Gateway, kind: &str) -> Client {
    let mut client = daemon.listener(&["agent.*"]).await;
    let who = json!({"client": {"kind": kind, "name": "A person"}});
    client.call("auth", &who).await.expect("taken");
    client
}

async fn writes(client: &mut Client, peer: &str, text: &str) {
    let message = json!({"channel": CHANNEL, "to": peer, "text": text});
    client.call("send", &message).await.expect("queued");
}

#[tokio::test]
async fn writing_by_hand_stops_the_agent_until_it_is_given_back() {
    for kind in ["cli", "webchat", "mobile"] {
        let home = Scratch::new();
        let daemon = daemon_with(&home.0, &[]);
        let mut outside = bridge(&daemon).await;
        let mut pi = agent(&daemon, "clerk").await;
        let mut owner = person(&daemon, kind).await;
        says(&mut outside, CHANNEL, "ana", "hi").await;
        let turn = offered(&mut pi).await;
        writes(&mut owner, "ana", "it is me").await;
        let held = event_where(&mut owner, |event| event["by"].is_string()).await;
        assert_fields(
            &held,
            &json!({"channel": CHANNEL, "peer": "ana", "by": "hand"}),
        );
        assert_field(&aborted(&mut pi).await, "turn_id", turn["turn_id"].clone());
        let late = json!({"turn_id": turn["turn_id"], "text": "too late"});
        assert_eq!(refusal(&mut pi, "agent.done", late).await, "conflict");
        says(&mut outside, CHANNEL, "ana", "are you a robot?").await;
        // Nobody took this one over.
        says(&mut outside, CHANNEL, "bia", "hello").await;
        let other = offered(&mut pi).await;
        assert_field(&other, "peer", "bia");
        let listed = owner.call("agents", &json!({})).await.expect("listed");
        assert_fields(&listed["held"][0], &json!({"peer": "ana", "by": "hand"}));

        let back = json!({"channel": CHANNEL, "peer": "ana"});
        let released = owner.call("agent.resume", &back).await.expect("held");
        assert_eq!(released, json!({"released": true}));
        let given = event_where(&mut owner, |event| event["until_ms"] == 0).await;
        assert_field(&given, "peer", "ana");
        let again = owner.call("agent.resume", &back).await.expect("known");
        assert_eq!(again, json!({"released": false}));
        says(&mut outside, CHANNEL, "ana", "and now?").await;
        let turn = offered(&mut pi).await;
        assert_field(&turn, "message", "and now?");
        done(&mut pi, &turn, "now it is me").await;
        let sent = sent_to(&mut owner, CHANNEL, "ana").await;
        assert_eq!(sent, ["it is me", "now it is me"], "{kind}");
    }
}

#[tokio::test]
async fn programs_and_the_owner_on_the_page_hold_nothing() {
    let (daemon_home, daemon) = daemon();
    let mut outside = bridge(&daemon).await;
    let mut pi = agent(&daemon, "clerk").await;
    let mut script = daemon.client().await;
    writes(&mut script, "ana", "a newsletter").await;
    let mut job = person(&daemon, "cli").await;
    let offer = json!({"channel": CHANNEL, "to": "ana", "text": "an offer", "by_hand": false});
    job.call("send", &offer).await.expect("queued");
    let typed_nowhere = ["send", "-c", CHANNEL, "-t", "ana", "one more"];
    crate::support::done(&daemon_home.0, &typed_nowhere);
    let mut owner = person(&daemon, "webchat").await;
    let note = json!({"channel": "webchat", "to": "visitor", "text": "a note"});
    owner.call("send", &note).await.expect("queued");
    says(&mut outside, CHANNEL, "ana", "hi").await;
    says(&mut owner, "webchat", "visitor", "hi").await;
    let mut peers = [offered(&mut pi).await, offered(&mut pi).await]
        .map(|turn| turn["peer"].as_str().expect("a peer").to_owned());
    peers.sort();
    assert_eq!(peers, ["ana", "visitor"]);
}

#[tokio::test]
async fn what_the_user_writes_on_the_phone_takes_over_too() {
    let (_home, daemon) = daemon();
    let mut outside = bridge(&daemon).await;
    let mut pi = agent(&daemon, "clerk").await;
    let mut owner = daemon.listener(&["agent.handover"]).await;
    let past = json!({"channel": CHANNEL, "peer": "bia", "text": "last year", "meta": {"own": true, "history": true}});
    hand_in(&mut outside, &past).await;
    let own = json!({"channel": CHANNEL, "peer": "ana", "text": "me here", "meta": {"own": true}});
    hand_in(&mut outside, &own).await;
    let held = event_where(&mut owner, |event| event["by"] == "hand").await;
    assert_field(&held, "peer", "ana");
    says(&mut outside, CHANNEL, "ana", "ok").await;
    says(&mut outside, CHANNEL, "bia", "hello").await;
    assert_field(&offered(&mut pi).await, "peer", "bia");
    assert!(turns_of(&mut owner, CHANNEL, "ana").await.is_empty());
}

#[tokio::test]
async fn a_command_from_the_phone_is_obeyed_and_the_other_side_hears_nothing_of_it() {
    let (_home, daemon) = daemon();
    let mut outside = bridge(&daemon).await;
    let mut pi = agent(&daemon, "clerk").await;
    let mut owner = daemon.listener(&["agent.handover"]).await;
    for (text, until) in [("/pause", "held"), ("/resume", "given back")] {
        let own = json!({"channel": CHANNEL, "peer": "ana", "text": text, "meta": {"own": true}});
        hand_in(&mut outside, &own).await;
        let told = event_where(&mut owner, |event| event["by"] == "command").await;
        assert_eq!(told["until_ms"] == 0, until == "given back", "{told}");
    }
    says(&mut outside, CHANNEL, "ana", "and now?").await;
    assert_field(&offered(&mut pi).await, "message", "and now?");
    assert!(sent_to(&mut owner, CHANNEL, "ana").await.is_empty());
}

#[cfg(feature = "store")]
#[tokio::test]
async fn a_hold_survives_a_restart() {
    let home = Scratch::new();
    let mut daemon = daemon_with(&home.0, &[]);
    let mut owner = person(&daemon, "cli").await;
    let mut outside = bridge(&daemon).await;
    writes(&mut owner, "ana", "it is me").await;
    let longer = json!({"channel": CHANNEL, "peer": "bia", "minutes": 600});
    let held = owner.call("agent.takeover", &longer).await.expect("held");
    assert_fields(&held, &json!({"peer": "bia", "by": "command"}));
    drop((owner, outside));
    daemon.kill();
    drop(daemon);
    let daemon = daemon_with(&home.0, &[]);
    let mut pi = agent(&daemon, "clerk").await;
    outside = bridge(&daemon).await;
    for peer in ["ana", "bia", "caio"] {
        says(&mut outside, CHANNEL, peer, "hi").await;
    }
    assert_field(&offered(&mut pi).await, "peer", "caio");
}

#[tokio::test]
async fn people_pause_and_resume_the_agent_in_the_chat() {
    let (_home, daemon) = daemon();
    let mut outside = bridge(&daemon).await;
    let mut pi = agent(&daemon, "clerk").await;
    let mut owner = daemon.listener(&["agent.*"]).await;
    says(&mut outside, CHANNEL, "ana", "hi").await;
    let turn = offered(&mut pi).await;
    says(&mut outside, CHANNEL, "ana", "/pause").await;
    assert_field(&aborted(&mut pi).await, "turn_id", turn["turn_id"].clone());
    says(&mut outside, CHANNEL, "ana", "a person, please").await;
    says(&mut outside, CHANNEL, "ana", "/Resume").await;
    event_where(&mut owner, |event| event["until_ms"] == 0).await;
    says(&mut outside, CHANNEL, "ana", "back again").await;
    let turn = offered(&mut pi).await;
    assert_field(&turn, "message", "back again");
    done(&mut pi, &turn, "welcome").await;
    let sent = sent_to(&mut owner, CHANNEL, "ana").await;
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert!(
        sent[0].contains("/resume") && sent[2] == "welcome",
        "{sent:?}"
    );
}

#[tokio::test]
async fn stop_ends_the_answer_under_way_and_nothing_else() {
    let (_home, daemon) = daemon();
    let mut pi = agent(&daemon, "clerk").await;
    let mut page = daemon.listener(&["agent.*"]).await;
    says(&mut page, "webchat", "ana", "tell me everything").await;
    let turn = offered(&mut pi).await;
    says(&mut page, "webchat", "ana", "/stop").await;
    assert_field(&aborted(&mut pi).await, "turn_id", turn["turn_id"].clone());
    says(&mut page, "webchat", "ana", "just the end").await;
    let turn = offered(&mut pi).await;
    assert_field(&turn, "message", "just the end");
    done(&mut pi, &turn, "they married").await;
    assert_eq!(
        sent_to(&mut page, "webchat", "ana").await,
        ["Stopped.", "they married"]
    );
}

#[tokio::test]
async fn what_is_gathered_is_stopped_too_and_seen_to_be() {
    let home = Scratch::new();
    let daemon = daemon_with(&home.0, &[("AGENT_GATHER", "10m")]);
    let mut pi = agent(&daemon, "clerk").await;
    let mut page = daemon.listener(&["message.status"]).await;
    for (command, reply) in [("/stop", "Stopped."), ("/new", "A new conversation")] {
        says(&mut page, "webchat", "ana", "tell me everything").await;
        says(&mut page, "webchat", "ana", "or nothing").await;
        says(&mut page, "webchat", "ana", command).await;
        let said = event_where(&mut page, |event| event["direction"] == "out").await;
        let text = said["text"].as_str().expect("a text");
        assert!(text.starts_with(reply), "{text}");
        let turns = turns_of(&mut pi, "webchat", "ana").await;
        assert_field(&turns[0], "state", "aborted");
        let messages = turns[0]["messages"].as_array().map(Vec::len);
        assert_eq!(messages, Some(2), "{turns:?}");
    }
    says(&mut page, "webchat", "ana", "/stop").await;
    let said = event_where(&mut page, |event| event["direction"] == "out").await;
    assert_field(&said, "text", "There was nothing to stop.");
}

#[tokio::test]
async fn a_brazilian_is_answered_in_portuguese() {
    let home = Scratch::new();
    let daemon = daemon_with(&home.0, &[("CLEUDOCODEBOT_COUNTRY", "BR")]);
    let mut page = daemon.listener(&["message.status"]).await;
    says(&mut page, "webchat", "ana", "/stop").await;
    let said = event_where(&mut page, |event| event["direction"] == "out").await;
    assert_field(&said, "text", "Não havia nada para parar.");
    let english =
        json!({"channel": "webchat", "peer": "bob", "text": "/stop", "meta": {"language": "en"}});
    hand_in(&mut page, &english).await;
    let said = event_where(&mut page, |event| event["peer"] == "bob").await;
    assert_field(&said, "text", "There was nothing to stop.");
}

#[tokio::test]
async fn nobody_is_taken_over_by_a_name_that_cannot_be_an_address() {
    let home = Scratch::new();
    let daemon = daemon_with(
        &home.0,
        &[
            ("WHATSAPP_CLOUD_TOKEN", "token"),
            ("WHATSAPP_CLOUD_PHONE_ID", "1"),
            ("WHATSAPP_CLOUD_APP_SECRET", "a-secret-of-this-test"),
            // Nobody is there.
            ("WHATSAPP_CLOUD_BASE_URL", "http://127.0.0.1:1"),
        ],
    );
    let mut owner = person(&daemon, "cli").await;
    let nobody = json!({"channel": "whatsapp-cloud", "peer": "Zé Ninguém"});
    assert_eq!(
        refusal(&mut owner, "agent.takeover", nobody).await,
        "bad_payload"
    );
    for peer in ["5511987654321", "1"] {
        let held = json!({"channel": "whatsapp-cloud", "peer": peer});
        let held = owner.call("agent.takeover", &held).await.expect("held");
        assert_field(&held, "peer", peer);
    }
}
