//! How conversations are kept, as clients see it: pinned, archived, muted, marked as unread.

use std::iter;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, Shared, assert_fields, next_event, program, refusal, run, until_running,
};

async fn receive(client: &mut Client, peer: &str) -> Value {
    let payload = json!({"channel": "webchat", "peer": peer, "text": "hi",
        "meta": {"name": format!("The {peer}")}});
    let mut taken = client.call("receive", &payload).await.expect("taken");
    taken["message_id"].take()
}

/// What is asked or answered of Ana's conversation.
fn ana(more: &Value) -> Value {
    let mut payload = json!({"channel": "webchat", "peer": "ana"});
    let more = more.as_object().cloned().expect("an object");
    payload.as_object_mut().expect("an object").extend(more);
    payload
}

async fn set(client: &mut Client, more: Value) -> Value {
    let answer = client.call("conversation.set", &ana(&more)).await;
    answer.expect("set")
}

/// The rows of a page, as peer and what is set.
async fn listed(client: &mut Client, asked: Value) -> Vec<String> {
    let page = client.call("conversations", &asked).await.expect("a page");
    let rows = page["conversations"].as_array().expect("rows").iter();
    let names = ["pinned", "archived", "muted", "unread_mark"];
    rows.map(|row| {
        for absent in names.iter().filter(|name| row[**name] != true) {
            assert_eq!(row.get(absent), None, "only what is true is there");
        }
        let set = names.into_iter().filter(|name| row[*name] == true);
        let peer = row["peer"].as_str().expect("a peer");
        iter::once(peer).chain(set).collect::<Vec<_>>().join(" ")
    })
    .collect()
}

#[tokio::test]
async fn each_change_is_answered_told_and_listed() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    receive(&mut client, "ana").await;
    receive(&mut client, "bia").await;
    let mut listener = daemon.listener(&["conversation.*@webchat/ana"]).await;
    let mut elsewhere = daemon.listener(&["conversation.changed@webchat/bia"]).await;
    let mut is = json!({"pinned": false, "archived": false, "muted": false, "unread_mark": false});
    for (asked, field) in [
        (json!({"pinned": true}), "pinned"),
        (json!({"archived": true}), "archived"),
        (json!({"muted": true}), "muted"),
        (json!({"unread": true}), "unread_mark"),
    ] {
        is[field] = json!(true);
        assert_eq!(set(&mut client, asked.clone()).await, ana(&is));
        let event = next_event(&mut listener).await;
        assert_eq!(event.action, "conversation.changed");
        assert_eq!(event.payload, ana(&is));
        assert_eq!(set(&mut client, asked).await, ana(&is), "again, not told");
    }
    let all = "ana pinned archived muted unread_mark";
    assert_eq!(listed(&mut client, json!({})).await, ["bia", all]);
    let nothing = json!({"pinned": false, "archived": false, "muted": false, "unread": false});
    let bare = json!({"pinned": false, "archived": false, "muted": false, "unread_mark": false});
    assert_eq!(set(&mut client, nothing).await, ana(&bare));
    assert_eq!(next_event(&mut listener).await.payload, ana(&bare));
    assert_eq!(listed(&mut client, json!({})).await, ["bia", "ana"]);
    let bia = json!({"channel": "webchat", "peer": "bia", "pinned": true});
    client.call("conversation.set", &bia).await.expect("set");
    assert_fields(
        &next_event(&mut elsewhere).await.payload,
        &json!({"peer": "bia", "pinned": true}),
    );
}

#[tokio::test]
async fn reading_takes_off_the_mark_and_tells_it() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let id = receive(&mut client, "ana").await;
    let read = json!({"channel": "webchat", "peer": "ana"});
    client.call("read", &read).await.expect("read");
    set(&mut client, json!({"unread": true})).await;
    let unread = json!({"only": "unread"});
    assert_eq!(
        listed(&mut client, unread.clone()).await,
        ["ana unread_mark"]
    );
    let mut listener = daemon.listener(&["conversation.*"]).await;
    for _ in 0..2 {
        // The second has nothing to tell.
        let answer = client.call("read", &read).await.expect("read");
        assert_eq!(answer, json!({"message_id": id, "unread": 0}));
    }
    set(&mut client, json!({"pinned": true})).await;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(next_event(&mut listener).await);
    }
    let names: Vec<_> = told.iter().map(|event| event.action.as_str()).collect();
    let wanted = [
        "conversation.changed",
        "conversation.read",
        "conversation.changed",
    ];
    assert_eq!(names, wanted);
    assert_fields(&told[0].payload, &json!({"unread_mark": false}));
    assert_fields(&told[1].payload, &json!({"message_id": id}));
    assert_eq!(listed(&mut client, unread).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_list_has_only_what_is_asked_for() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    for peer in ["ana", "bia", "caio"] {
        receive(&mut client, peer).await;
    }
    let of = |peer: &str, field: &str| json!({"channel": "webchat", "peer": peer, field: true});
    for asked in [of("ana", "pinned"), of("bia", "archived")] {
        client.call("conversation.set", &asked).await.expect("set");
    }
    let group = json!({"channel": "webchat", "peer": "choir", "sender": "ana", "text": "la"});
    client.call("receive", &group).await.expect("taken");
    client
        .call("read", &json!({"channel": "webchat", "peer": "caio"}))
        .await
        .expect("read");
    for (only, expected) in [
        ("pinned", &["ana pinned"][..]),
        ("archived", &["bia archived"]),
        ("unread", &["choir", "bia archived", "ana pinned"]),
        ("groups", &["choir"]),
    ] {
        assert_eq!(listed(&mut client, json!({"only": only})).await, expected);
    }
    let first = json!({"only": "unread", "limit": 2});
    let page = client.call("conversations", &first).await.expect("a page");
    let rest = json!({"only": "unread", "before": page["next"]});
    assert_eq!(listed(&mut client, rest).await, ["ana pinned"]);
    receive(&mut client, "bia").await;
    assert!(
        listed(&mut client, json!({"only": "archived"}))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_by_name() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    until_running(&mut client, "webchat").await;
    let peer = "flags-wrong";
    receive(&mut client, peer).await;
    for (more, field) in [
        (json!({}), "pinned"),
        (json!({"pinned": null}), "pinned"),
        (json!({"unread_mark": true}), "pinned"),
        (json!({"muted": 1}), "muted"),
        (json!({"archived": "yes"}), "archived"),
        (json!({"pinned": true, "unread": []}), "unread"),
    ] {
        let mut payload = json!({"channel": "webchat", "peer": peer});
        let more = more.as_object().cloned().expect("an object");
        payload.as_object_mut().expect("an object").extend(more);
        let refused = client.call("conversation.set", &payload).await;
        let refused = format!("{:?}", refused.expect_err("refused"));
        assert!(
            refused.contains(&format!("\\\"{field}\\\"")),
            "{payload}: {refused}"
        );
    }
    let unknown = json!({"channel": "webchat", "peer": "flags-nobody", "pinned": true});
    assert_eq!(
        refusal(&mut client, "conversation.set", unknown).await,
        "not_found"
    );
    let without = json!({"channel": "webchat", "pinned": true});
    assert_eq!(
        refusal(&mut client, "conversation.set", without).await,
        "bad_payload"
    );
    let sort = json!({"only": "loud"});
    assert_eq!(
        refusal(&mut client, "conversations", sort).await,
        "bad_payload"
    );
}

#[cfg(feature = "store")]
#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    receive(&mut client, "ana").await;
    set(&mut client, json!({"pinned": true, "archived": true})).await;
    set(&mut client, json!({"unread": true, "muted": true})).await;
    daemon.kill();
    drop(daemon);
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let all = "ana pinned archived muted unread_mark";
    assert_eq!(listed(&mut client, json!({})).await, [all]);
}

#[tokio::test]
async fn the_command_keeps_and_lists() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    for peer in ["ana", "bia"] {
        receive(&mut client, peer).await;
    }
    let shell = |arguments: &str| {
        let words: Vec<_> = arguments.split(' ').collect();
        let (code, out, told) = run(program(&home.0, &words));
        assert_eq!(code, 0, "{arguments:?}: {out}{told}");
        (out, told)
    };
    for (line, said) in [
        ("pin webchat bia", "pinned"),
        ("mute webchat bia", "muted"),
        ("archive webchat ana", "until its next message"),
    ] {
        let (out, _) = shell(&format!("conversations {line}"));
        assert!(out.contains(said), "{line}: {out}");
    }
    let (out, told) = shell("conversations");
    assert!(
        out.starts_with("The bia  webchat  bia  1 unread  pinned, muted  "),
        "{out}"
    );
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(told.contains("1 archived, not shown: --archived"), "{told}");
    let (out, _) = shell("conversations --archived");
    assert!(
        out.starts_with("The ana  webchat  ana  1 unread  archived  "),
        "{out}"
    );
    assert_eq!(shell("conversations --json").0.lines().count(), 2);
    assert!(
        shell("conversations --groups")
            .1
            .contains("no such conversation")
    );
    for line in [
        "unpin webchat bia",
        "unmute webchat bia",
        "unarchive webchat ana",
    ] {
        shell(&format!("conversations {line}"));
    }
    assert_eq!(listed(&mut client, json!({})).await, ["bia", "ana"]);
    shell("conversations unread webchat ana");
    let marked = shell("conversations --unread").0;
    assert!(marked.contains("marked"), "{marked}");
    for wrong in [
        &["conversations", "pin", "webchat"][..],
        &["conversations", "--pinned", "--groups"],
        &["conversations", "unsilence", "webchat", "ana"],
    ] {
        assert_eq!(run(program(&home.0, wrong)).0, 2, "{wrong:?}");
    }
}
