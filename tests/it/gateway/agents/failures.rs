//! Agents that leave, fail, are late, or say what is not theirs to say.

use serde_json::{Value, json};

use super::{
    aborted, agent, announce, daemon, daemon_with, done, failed, offered, says, sent_to, turns_of,
    until,
};
use crate::support::{Frame, Scratch, assert_field, assert_fields, assert_mentions, refusal};

#[tokio::test]
async fn a_turn_of_an_agent_that_left_is_offered_once_more_and_marked() {
    let (_home, daemon) = daemon();
    let mut page = daemon.listener(&["agent.status"]).await;
    let mut pi = agent(&daemon, "clerk").await;
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = offered(&mut pi).await;
    pi.close().await;
    let waiting = until(&mut page, &turn, "waiting").await;
    assert_mentions(&until(&mut page, &turn, "waiting").await, "error", "left");
    assert_field(&waiting, "attempt", 0);
    let mut back = agent(&daemon, "clerk").await;
    let again = offered(&mut back).await;
    assert_fields(
        &again,
        &json!({"turn_id": turn["turn_id"], "attempt": 2, "message": "hi"}),
    );
    done(&mut back, &again, "hello").await;
    assert_eq!(sent_to(&mut page, "webchat", "ana").await, ["hello"]);
}

#[tokio::test]
async fn a_newer_client_of_the_name_gets_the_turn_and_the_older_is_closed() {
    let (_home, daemon) = daemon();
    let mut page = daemon.client().await;
    let mut old = daemon.raw_websocket(true);
    let who = json!({"client": {"kind": "agent", "name": "clerk"}});
    assert_field(&old.call("auth", &who), "protocol", 1);
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = old.json()["payload"].take();
    let mut new = agent(&daemon, "clerk").await;
    let code = loop {
        match old.frame() {
            Some(Frame::Close(code, _)) => break code,
            Some(_) => {}
            None => panic!("no close frame"),
        }
    };
    assert_eq!(code, 4409, "replaced");
    let again = offered(&mut new).await;
    assert_fields(&again, &json!({"turn_id": turn["turn_id"], "attempt": 2}));
    done(&mut new, &again, "hello").await;
    // Announcing oneself again changes nothing.
    announce(&mut new, "clerk", 16).await;
    says(&mut page, "webchat", "ana", "and?").await;
    assert_field(&offered(&mut new).await, "attempt", 1);
}

#[tokio::test]
async fn a_failure_goes_to_the_next_agent_and_then_to_the_apology() {
    let home = Scratch::new();
    let settings = [
        ("AGENT", "clerk,second"),
        ("AGENT_APOLOGY", "Desculpe, agora não."),
    ];
    let daemon = daemon_with(&home.0, &settings);
    let mut page = daemon.listener(&["agent.status"]).await;
    let mut pi = agent(&daemon, "clerk").await;
    let mut second = agent(&daemon, "second").await;
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = offered(&mut pi).await;
    let answer = pi.call("agent.failed", &failed(&turn, "permanent")).await;
    assert_eq!(answer.expect("taken"), json!({"state": "waiting"}));
    let next = offered(&mut second).await;
    assert_fields(&next, &json!({"turn_id": turn["turn_id"], "attempt": 1}));
    let answer = second
        .call("agent.failed", &failed(&next, "transient"))
        .await;
    assert_eq!(answer.expect("taken"), json!({"state": "waiting"}));
    let last = offered(&mut second).await;
    assert_field(&last, "attempt", 2);
    let answer = second
        .call("agent.failed", &failed(&last, "transient"))
        .await;
    assert_eq!(answer.expect("taken"), json!({"state": "failed"}));
    assert_field(
        &until(&mut page, &turn, "failed").await,
        "error",
        "no model here",
    );
    assert_eq!(
        sent_to(&mut page, "webchat", "ana").await,
        ["Desculpe, agora não."]
    );
    let listed = page.call("agents", &json!({})).await.expect("listed");
    assert_field(&listed["failed"][0], "turn_id", turn["turn_id"].clone());

    let retry = json!({"turn_id": turn["turn_id"]});
    let answer = page.call("agent.retry", &retry).await.expect("it failed");
    assert_eq!(answer, json!({"state": "waiting"}));
    let again = offered(&mut pi).await;
    assert_fields(&again, &json!({"turn_id": turn["turn_id"], "attempt": 1}));
    done(&mut pi, &again, "at last").await;
    assert_eq!(refusal(&mut page, "agent.retry", retry).await, "conflict");
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_waited_for_and_then_passed_over() {
    let home = Scratch::new();
    let settings = [("AGENT", "clerk,second"), ("AGENT_READY_TIMEOUT", "100ms")];
    let daemon = daemon_with(&home.0, &settings);
    let mut page = daemon.listener(&["agent.status"]).await;
    let mut second = agent(&daemon, "second").await;
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = offered(&mut second).await;
    let waiting = until(&mut page, &turn, "running").await;
    assert_fields(
        &waiting,
        &json!({"agent": "second", "error~": "clerk is not connected"}),
    );
    second.close().await;
    assert_mentions(
        &until(&mut page, &turn, "failed").await,
        "error",
        "not connected",
    );
    assert!(
        sent_to(&mut page, "webchat", "ana").await.is_empty(),
        "no apology is set"
    );
}

#[tokio::test]
async fn each_deadline_ends_the_attempt_and_tells_the_agent() {
    for (settings, spoke, why) in [
        (
            ("AGENT_FIRST_TIMEOUT", "200ms"),
            false,
            "AGENT_FIRST_TIMEOUT",
        ),
        (("AGENT_IDLE_TIMEOUT", "200ms"), true, "AGENT_IDLE_TIMEOUT"),
        (("AGENT_TIMEOUT", "200ms"), true, "AGENT_TIMEOUT"),
    ] {
        let home = Scratch::new();
        let daemon = daemon_with(&home.0, &[settings]);
        let mut page = daemon.listener(&["agent.status"]).await;
        let mut pi = agent(&daemon, "clerk").await;
        says(&mut page, "webchat", "ana", "hi").await;
        let turn = offered(&mut pi).await;
        if spoke {
            let sign = json!({"turn_id": turn["turn_id"], "text": ""});
            // It may be late by now.
            let _ = pi.call("agent.delta", &sign).await;
        }
        assert_mentions(&aborted(&mut pi).await, "reason", why);
        assert_mentions(&until(&mut page, &turn, "failed").await, "error", why);
        let late = json!({"turn_id": turn["turn_id"], "text": "too late"});
        assert_eq!(refusal(&mut pi, "agent.done", late).await, "conflict");
        assert!(sent_to(&mut page, "webchat", "ana").await.is_empty());
    }
}

#[tokio::test]
async fn anyone_may_stop_a_turn() {
    let (_home, daemon) = daemon();
    let mut page = daemon.listener(&["agent.status"]).await;
    let mut pi = agent(&daemon, "clerk").await;
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = offered(&mut pi).await;
    says(&mut page, "webchat", "ana", "and this").await;
    let id = json!({"turn_id": turn["turn_id"]});
    let stopped = page.call("agent.abort", &id).await.expect("it ran");
    assert_eq!(stopped, json!({"state": "aborted"}));
    assert_field(&aborted(&mut pi).await, "turn_id", turn["turn_id"].clone());
    assert_eq!(
        refusal(&mut page, "agent.abort", id.clone()).await,
        "conflict"
    );
    assert_eq!(refusal(&mut page, "agent.retry", id).await, "conflict");
    let next = offered(&mut pi).await;
    assert_field(&next, "message", "and this");
    done(&mut pi, &next, "yes").await;
    assert_eq!(sent_to(&mut page, "webchat", "ana").await, ["yes"]);
}

#[tokio::test]
async fn a_turn_that_waits_for_its_agent_can_be_stopped() {
    let (_home, daemon) = daemon();
    let mut page = daemon.listener(&["agent.status"]).await;
    says(&mut page, "webchat", "ana", "hi").await;
    let waiting = crate::support::event_where(&mut page, |event| event["state"] == "waiting").await;
    let id = json!({"turn_id": waiting["turn_id"]});
    let stopped = page.call("agent.abort", &id).await.expect("it waited");
    assert_eq!(stopped, json!({"state": "aborted"}));
    assert_field(
        &turns_of(&mut page, "webchat", "ana").await[0],
        "state",
        "aborted",
    );
}

#[tokio::test]
async fn nobody_speaks_for_a_turn_that_another_has() {
    let home = Scratch::new();
    let daemon = daemon_with(&home.0, &[]);
    let mut page = daemon.client().await;
    let mut pi = agent(&daemon, "clerk").await;
    let mut other = agent(&daemon, "other").await;
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = offered(&mut pi).await;
    let id = &turn["turn_id"];
    for (action, payload) in [
        ("agent.delta", json!({"turn_id": id, "text": "x"})),
        ("agent.done", json!({"turn_id": id, "text": "x"})),
        ("agent.failed", failed(&turn, "permanent")),
        ("agent.ask", json!({"turn_id": id, "text": "x?"})),
    ] {
        assert_eq!(
            refusal(&mut other, action, payload.clone()).await,
            "conflict",
            "{action}"
        );
        assert_eq!(
            refusal(&mut page, action, payload.clone()).await,
            "conflict",
            "{action}"
        );
        let mut unknown = payload;
        unknown["turn_id"] = json!("t-999999");
        assert_eq!(
            refusal(&mut pi, action, unknown).await,
            "conflict",
            "{action}"
        );
    }
    done(&mut pi, &turn, "hello").await;
    assert_eq!(sent_to(&mut page, "webchat", "ana").await, ["hello"]);
}

#[tokio::test]
async fn garbage_is_refused_by_the_name_of_its_field() {
    let (_home, daemon) = daemon();
    let mut page = daemon.client().await;
    let mut pi = agent(&daemon, "clerk").await;
    says(&mut page, "webchat", "ana", "hi").await;
    let turn = offered(&mut pi).await;
    let id = &turn["turn_id"];
    for (action, payload) in [
        ("agent.delta", json!({"turn_id": 7, "text": "x"})),
        ("agent.delta", json!({"turn_id": id})),
        ("agent.done", json!({"turn_id": id, "text": null})),
        (
            "agent.done",
            json!({"turn_id": id, "text": "x", "media": "cat.png"}),
        ),
        (
            "agent.done",
            json!({"turn_id": id, "text": "x", "media": {"url": "file:///etc/passwd"}}),
        ),
        (
            "agent.failed",
            json!({"turn_id": id, "error": "x", "certainty": "perhaps"}),
        ),
        (
            "agent.failed",
            json!({"turn_id": id, "error": "x", "certainty": "transient", "retry_after_ms": -1}),
        ),
        ("agent.ask", json!({"turn_id": id, "text": " "})),
        (
            "agent.ask",
            json!({"turn_id": id, "text": "x", "options": []}),
        ),
        (
            "agent.takeover",
            json!({"channel": "webchat", "peer": "ana", "minutes": 0}),
        ),
        ("turns", json!({"peer": "ana"})),
        ("turns", json!({"state": "lost"})),
    ] {
        let code = refusal(&mut pi, action, payload.clone()).await;
        assert_eq!(code, "bad_payload", "{action} {payload}");
    }

    assert_eq!(
        refusal(&mut page, "agent.abort", json!({"turn_id": "nonsense"})).await,
        "not_found"
    );
    assert_eq!(
        refusal(&mut page, "agent.retry", json!({"turn_id": "t-4711"})).await,
        "not_found"
    );

    for name in ["none", "My Agent", "-pi", &"a".repeat(65)] {
        let who = json!({"client": {"kind": "agent", "name": name}});
        assert_eq!(
            refusal(&mut page, "auth", who).await,
            "bad_payload",
            "{name}"
        );
    }
    let turns: Value = json!({"client": {"kind": "agent", "name": "ok", "turns": 0}});
    assert_eq!(refusal(&mut page, "auth", turns).await, "bad_payload");
    done(&mut pi, &turn, "unharmed").await;
    assert_eq!(sent_to(&mut page, "webchat", "ana").await, ["unharmed"]);
}

#[tokio::test]
async fn the_keys_of_the_daemons_own_messages_are_refused() {
    let (_home, daemon) = daemon();
    let mut page = daemon.client().await;
    for key in [
        "turn-t-17",
        "apology-t-17",
        "command-m-17",
        "slash-m-17",
        "usage-m-17",
    ] {
        let message =
            json!({"channel": "webchat", "to": "ana", "text": "mine", "idempotency_key": key});
        assert_eq!(
            refusal(&mut page, "send", message).await,
            "bad_payload",
            "{key}"
        );
    }
    let message =
        json!({"channel": "webchat", "to": "ana", "text": "mine", "idempotency_key": "turn-17"});
    page.call("send", &message).await.expect("queued");
}
