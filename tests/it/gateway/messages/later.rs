//! Messages for later, again and again, to several, and held back, as clients see it.

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::schedules::limited;
use crate::support::{
    Daemon, Scratch, Shared, assert_fields, daemon_command, event_where, message, program, refusal,
    run,
};

fn to(peer: &str, more: &Value) -> Value {
    let mut payload = json!({"channel": "webchat", "to": peer, "text": "for later"});
    let more = more.as_object().cloned().expect("an object");
    payload.as_object_mut().expect("an object").extend(more);
    payload
}

async fn send(client: &mut Client, peer: &str, more: Value) -> Value {
    client.call("send", &to(peer, &more)).await.expect("taken")
}

#[tokio::test]
async fn message_for_later_is_listed_moved_cancelled_and_sent_in_time() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    let mut ana = daemon.listener(&["message.status@webchat/later-ana"]).await;
    let soon = send(&mut client, "later-ana", json!({"in": "50ms"})).await;
    assert_eq!(soon["state"], "scheduled");
    let at_ms = soon["at_ms"].as_u64().expect("a time");
    let is_soon = |event: &Value| event["message_id"] == soon["message_id"];
    let scheduled = event_where(&mut ana, is_soon).await;
    assert_fields(&scheduled, &json!({"state": "scheduled", "at_ms": at_ms}));
    let queued = event_where(&mut ana, is_soon).await;
    assert_eq!(queued["state"], "queued");
    assert!(
        queued["updated_ms"].as_u64() >= Some(at_ms),
        "not before its time"
    );

    let key = json!({"at": 2_040_000_000_000_u64, "idempotency_key": "later-once"});
    let far = send(&mut client, "later-ana", key.clone()).await;
    let again = send(&mut client, "later-ana", key).await;
    assert_fields(
        &again,
        &json!({"message_id": far["message_id"], "duplicate": true, "state": "scheduled"}),
    );
    let near = send(
        &mut client,
        "later-ana",
        json!({"in": "2h", "grace": "10m"}),
    )
    .await;
    let asked = json!({"channel": "webchat", "peer": "later-ana"});
    let listed = client.call("scheduled", &asked).await.expect("listed");
    let ids: Vec<_> = listed["messages"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|one| &one["message_id"])
        .collect();
    assert_eq!(
        ids,
        [&near["message_id"], &far["message_id"]],
        "the earliest first"
    );
    let first = json!({"channel": "webchat", "peer": "later-ana", "limit": 1});
    let page = client.call("scheduled", &first).await.expect("listed");
    let rest = json!({"channel": "webchat", "peer": "later-ana", "after": page["next"]});
    let rest = client.call("scheduled", &rest).await.expect("listed");
    assert_eq!(rest["messages"][0]["message_id"], far["message_id"]);

    let moved = json!({"message_id": far["message_id"], "in": "1h"});
    let moved = client.call("reschedule", &moved).await.expect("moved");
    assert_fields(&moved, &json!({"state": "scheduled"}));
    let listed = client.call("scheduled", &asked).await.expect("listed");
    assert_eq!(listed["messages"][0]["message_id"], far["message_id"]);
    for id in [&far["message_id"], &near["message_id"]] {
        let cancelled = client.call("cancel", &json!({"message_id": id})).await;
        assert_eq!(cancelled.expect("cancelled")["state"], "cancelled");
    }
    let moved = json!({"message_id": far["message_id"], "in": "1h"});
    assert_eq!(refusal(&mut client, "reschedule", moved).await, "conflict");
}

#[tokio::test]
async fn time_that_is_none_is_refused() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    for more in [
        json!({"at": "tomorrow"}),
        json!({"at": 1}),
        json!({"at": -5}),
        json!({"at": true}),
        json!({"at": "2026-13-01 08:00"}),
        json!({"in": "soon"}),
        json!({"in": "99999d"}),
        json!({"in": "1h", "at": 2_040_000_000_000_u64}),
        json!({"in": "1h", "grace": "x"}),
        json!({"grace": "1h"}),
        json!({"in": "1h", "wait": true}),
    ] {
        assert_eq!(
            refusal(&mut client, "send", to("nobody", &more)).await,
            "bad_payload",
            "{more}"
        );
    }
}

#[cfg(feature = "schedule")]
#[tokio::test]
async fn time_of_the_day_is_one_of_the_zone_that_is_set() {
    let home = Scratch::new();
    let daemon = Daemon::start_with(&home.0, &[("ZONE", "America/Sao_Paulo")]);
    let mut client = daemon.client().await;
    let sent = send(&mut client, "ana", json!({"at": "2034-11-27 08:00"})).await;
    // 11:00 UTC.
    assert_eq!(sent["at_ms"], 2_048_238_000_000_u64);
    let command = [
        "send",
        "-c",
        "webchat",
        "-t",
        "ana",
        "--at",
        "2034-11-27 08:00",
        "cli",
    ];
    let (code, out, err) = run(program(&home.0, &command));
    assert!(code == 0 && out.starts_with("scheduled m-"), "{out}{err}");
    let (_, out, _) = run(program(&home.0, &["outbox", "scheduled"]));
    assert!(out.contains("goes out at") && out.contains("cli"), "{out}");
    let tea = json!({"name": "tea", "every": "1h", "until": "2034-11-27",
        "send": {"channel": "webchat", "to": "ana", "text": "tea"}});
    let added = client.call("schedule.add", &tea).await.expect("added");
    // To the end of that day there.
    assert_eq!(added["until_ms"], 2_048_295_599_999_u64);
    let wrong = Scratch::new();
    let (code, _, err) = run(program(
        &wrong.0,
        &["daemon", "--set", "CLEUDOCODEBOT_ZONE=Brazil/Nowhere"],
    ));
    assert!(code != 0 && err.contains("America/Sao_Paulo"), "{err}");
}

#[cfg(feature = "store")]
#[tokio::test]
async fn what_is_for_later_and_what_is_paused_outlives_a_kill() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let later = send(&mut client, "ana", json!({"in": "1h"})).await;
    let paused = client
        .call("pause", &json!({"reason": "holidays"}))
        .await
        .expect("paused");
    assert_fields(
        &paused,
        &json!({"channel": "all", "paused": true, "reason": "holidays"}),
    );
    let held = send(&mut client, "ana", json!({})).await;
    assert_fields(
        &held,
        &json!({"state": "queued", "held": "paused: holidays"}),
    );
    let schedule = json!({"name": "tea", "every": "1d", "send": {"channel": "webchat", "to": "ana", "text": "tea"}});
    client.call("schedule.add", &schedule).await.expect("added");
    daemon.kill();

    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let mut ana = daemon.listener(&["message.status@webchat/ana"]).await;
    let kept = message(&mut client, &later["message_id"]).await;
    assert_fields(
        &kept,
        &json!({"state": "scheduled", "at_ms": later["at_ms"]}),
    );
    let status = client.call("status", &json!({})).await.expect("a status");
    assert_eq!(status["pauses"][0]["reason"], "holidays");
    assert_eq!(status["integrations"][0]["held"], "paused: holidays");
    let schedules = client.call("schedules", &json!({})).await.expect("listed");
    assert_fields(
        &schedules["schedules"][0],
        &json!({"name": "tea", "state": "active", "every_ms": 86_400_000}),
    );
    let waiting = client.call("outbox", &json!({})).await.expect("an outbox");
    assert_eq!(
        waiting["held"][0],
        json!({"channel": "webchat", "held": "paused: holidays"})
    );
    assert_eq!(waiting["waiting"][0]["state"], "queued");
    client.call("resume", &json!({})).await.expect("resumed");
    let sent = event_where(&mut ana, |event| event["state"] == "delivered").await;
    assert_eq!(sent["message_id"], held["message_id"]);
}

#[tokio::test]
async fn pause_under_load_holds_all_and_resume_lets_all_go_in_order() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let mut ana = daemon
        .listener(&["message.status@webchat/ana", "gate.paused"])
        .await;
    for _ in 0..50 {
        send(&mut client, "ana", json!({})).await;
    }
    client.call("pause", &json!({})).await.expect("paused");
    let mut all = Vec::new();
    for _ in 0..50 {
        all.push(send(&mut client, "ana", json!({})).await["message_id"].clone());
    }
    // What is asked for behind it comes behind what had left before.
    let history = client
        .call("history", &json!({"channel": "webchat", "limit": 200}))
        .await
        .expect("a page");
    let of_state = |wanted: &str| {
        let rows = history["messages"].as_array().expect("rows").iter();
        rows.filter(|one| one["state"] == wanted).count()
    };
    assert!(
        of_state("queued") >= 50 && of_state("sending") == 0,
        "{history}"
    );
    client.call("resume", &json!({})).await.expect("resumed");
    let mut order = Vec::new();
    while order.len() < 50 {
        let done = event_where(&mut ana, |event| event["state"] == "delivered").await;
        if all.contains(&done["message_id"]) {
            order.push(done["message_id"].clone());
        }
    }
    assert_eq!(order, all);
    let (code, out, err) = run(program(
        &home.0,
        &["pause", "webchat", "--for", "2h", "--reason", "lunch"],
    ));
    assert!(
        code == 0 && out.contains("webchat  paused  until") && out.contains("lunch"),
        "{out}{err}"
    );
    let (_, out, _) = run(program(&home.0, &["integrations"]));
    assert!(out.contains("paused until"), "{out}");
    let (code, out, _) = run(program(&home.0, &["resume"]));
    assert!(code == 0 && out.contains("sends"), "{out}");
    assert_eq!(
        refusal(&mut client, "pause", json!({"channel": "fax"})).await,
        "unknown_channel"
    );
    assert_eq!(
        refusal(&mut client, "pause", json!({"for": "0"})).await,
        "bad_payload"
    );
}

#[tokio::test]
async fn schedule_is_added_run_paused_and_removed() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let schedule = |more: Value| {
        let mut payload =
            json!({"name": "tea", "send": {"channel": "webchat", "to": "ana", "text": "tea"}});
        payload
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().expect("an object"));
        payload
    };
    let added = client
        .call(
            "schedule.add",
            &schedule(json!({"every": "1h", "count": 3})),
        )
        .await;
    assert_fields(
        &added.expect("added"),
        &json!({"state": "active", "count": 3, "to": "ana"}),
    );
    let ran = client
        .call("schedule.run", &json!({"name": "tea"}))
        .await
        .expect("sent");
    let sent = message(&mut client, &ran["last"]["message_id"]).await;
    assert_eq!(sent["text"], "tea");
    // Whoever changes a part of it is told the rest.
    let poll = json!({"channel": "webchat", "to": "ana", "kind": "poll", "reply_to": sent["message_id"],
        "content": {"question": "tea?", "options": ["yes", "no"]}, "urgent": true});
    let poll = json!({"name": "poll", "every": "1h", "send": poll, "paused": true});
    let told = client.call("schedule.add", &poll).await.expect("added");
    assert_fields(
        &told,
        &json!({"reply_to": sent["message_id"], "meta": {"urgent": true}, "state": "paused"}),
    );
    assert_eq!(told["content"]["question"], "tea?");
    let named = json!({"name": "poll"});
    client.call("schedule.remove", &named).await.expect("there");
    for (more, code) in [
        (json!({}), "bad_payload"),
        (json!({"every": "1s"}), "bad_payload"),
        (json!({"every": "1h", "cron": "* * * * *"}), "bad_payload"),
        (json!({"cron": "61 * * * *"}), "bad_payload"),
        (json!({"every": "1h", "until": 1000}), "bad_payload"),
        (
            json!({"every": "1h", "send": {"channel": "fax", "to": "a", "text": "x"}}),
            "unknown_channel",
        ),
        (
            json!({"every": "1h", "send": {"channel": "webchat", "to": "a", "text": "x", "in": "1h"}}),
            "bad_payload",
        ),
        (
            json!({"every": "1h", "send": {"channel": "webchat", "to": "a"}}),
            "bad_payload",
        ),
        (json!({"every": "1h", "name": "\u{202e}"}), "bad_payload"),
    ] {
        assert_eq!(
            refusal(&mut client, "schedule.add", schedule(more.clone())).await,
            code,
            "{more}"
        );
    }
    assert_eq!(
        refusal(&mut client, "schedule.run", json!({"name": "coffee"})).await,
        "not_found"
    );
    let (code, out, err) = run(program(&home.0, &["schedule", "run", "tea"]));
    assert!(code == 0 && out.starts_with("queued m-"), "{out}{err}");
    let (code, out, err) = run(program(&home.0, &["schedule", "pause", "tea"]));
    assert!(code == 0 && out.contains("paused"), "{out}{err}");
    let add = [
        "schedule", "add", "often", "--every", "30m", "-c", "webchat", "-t", "ana", "olá",
    ];
    let (code, out, err) = run(program(&home.0, &add));
    assert!(
        code == 0 && out.contains("often  active  every 30m"),
        "{out}{err}"
    );
    let (code, _, err) = run(program(&home.0, &add));
    let told = "it took the place of the one of that name: olá";
    assert!(code == 0 && err.contains(told), "{err}");
    let (_, out, _) = run(program(&home.0, &["schedule"]));
    assert!(out.contains("tea") && out.contains("often"), "{out}");
    let (code, _, err) = run(program(
        &home.0,
        &["schedule", "add", "x", "-c", "webchat", "-t", "ana", "olá"],
    ));
    assert!(code == 2 && err.contains("--cron"), "{err}");
    let (code, out, _) = run(program(&home.0, &["schedule", "remove", "often"]));
    assert!(code == 0 && out.contains("removed: often"), "{out}");
}

#[tokio::test]
async fn key_for_one_conversation_sees_and_schedules_no_other() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut owner = daemon.client().await;
    let of_bia = send(&mut owner, "bia", json!({"in": "1h"})).await;
    let schedule = |name: &str, peer: &str| json!({"name": name, "every": "1h", "send": {"channel": "webchat", "to": peer, "text": "x"}});
    owner
        .call("schedule.add", &schedule("of bia", "bia"))
        .await
        .expect("added");
    let mut ana = limited(&daemon, "operator").await;
    let own = send(&mut ana, "ana", json!({"in": "1h"})).await;
    let listed = ana.call("scheduled", &json!({})).await.expect("listed");
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["messages"][0]["message_id"], own["message_id"]);
    let moved = json!({"message_id": of_bia["message_id"], "in": "2h"});
    assert_eq!(refusal(&mut ana, "reschedule", moved).await, "not_found");
    let schedules = ana.call("schedules", &json!({})).await.expect("listed");
    assert_eq!(schedules["schedules"], json!([]));
    for (action, payload, code) in [
        ("schedule.add", schedule("mine", "bia"), "forbidden"),
        // As one that there is not.
        ("schedule.run", json!({"name": "of bia"}), "not_found"),
        ("schedule.run", json!({"name": "of nobody"}), "not_found"),
        ("schedule.remove", json!({"name": "of bia"}), "not_found"),
        (
            "send",
            json!({"channel": "webchat", "to": ["ana", "bia"], "text": "x"}),
            "forbidden",
        ),
        ("pause", json!({}), "forbidden"),
        ("resume", json!({"channel": "webchat"}), "forbidden"),
    ] {
        assert_eq!(
            refusal(&mut ana, action, payload.clone()).await,
            code,
            "{action} {payload}"
        );
    }
    // A name that is taken where the key may not look is as good as a free one.
    for name in ["of bia", "of nobody"] {
        let added = ana.call("schedule.add", &schedule(name, "ana")).await;
        let placed = format!("webchat/ana/{name}");
        assert_eq!(added.expect("its own")["name"], placed);
        let again = ana.call("schedule.add", &schedule(name, "ana")).await;
        assert_eq!(again.expect("replaced")["name"], placed);
        let removed = ana.call("schedule.remove", &json!({"name": name})).await;
        assert_eq!(removed.expect("by its short name")["name"], placed);
    }
    let left = owner.call("schedules", &json!({})).await.expect("listed");
    assert_eq!(left["schedules"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["schedules"][0]["name"], "of bia");
    let alone = json!({"channel": "webchat", "to": ["ana"], "text": "x"});
    ana.call("send", &alone).await.expect("its own");
    let mut sender = limited(&daemon, "send").await;
    let urgent = to("ana", &json!({"urgent": true}));
    assert_eq!(refusal(&mut sender, "send", urgent).await, "forbidden");
}

#[tokio::test]
async fn channel_sends_only_where_it_may() {
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    command.env("EXTERNAL_SEND_TO", "ana, *@g.us");
    let daemon = Daemon::from_command(command, &home.0);
    let mut bridge = daemon.client().await;
    let who = json!({"client": {"name": "test", "kind": "integration", "channel": "fax"}});
    bridge.call("auth", &who).await.expect("taken");
    let mut client = daemon.client().await;
    for (peer, is_allowed) in [("ana", true), ("12@g.us", true), ("bia", false)] {
        let payload = json!({"channel": "fax", "to": peer, "text": "x"});
        match client.call("send", &payload).await {
            Ok(_) => assert!(is_allowed, "{peer}"),
            Err(error) => {
                assert!(
                    !is_allowed && error.to_string().contains("SEND_TO"),
                    "{peer}: {error}"
                );
            }
        }
    }
}
