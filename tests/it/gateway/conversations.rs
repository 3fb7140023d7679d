//! Conversations as clients see them: the list, names, what is unread, and read marks.

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, Shared, assert_field, assert_fields, next_event, program, refusal, run,
    until_running,
};

async fn receive(client: &mut Client, peer: &str, text: &str) -> Value {
    let payload = json!({"channel": "webchat", "peer": peer, "text": text,
        "meta": {"name": format!("The {peer}")}});
    let mut taken = client.call("receive", &payload).await.expect("taken");
    taken["message_id"].take()
}

async fn listed(client: &mut Client, asked: Value) -> Value {
    client.call("conversations", &asked).await.expect("a page")
}

#[tokio::test]
async fn conversations_newest_first_with_unread() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    assert_eq!(
        listed(&mut client, json!({})).await,
        json!({"conversations": []})
    );
    receive(&mut client, "ana", "hello").await;
    let last = receive(&mut client, "ana", "anyone?").await;
    let answer = json!({"channel": "webchat", "to": "bia", "text": "out"});
    client.call("send", &answer).await.expect("queued");
    let page = listed(&mut client, json!({"limit": 1})).await;
    let bia = &page["conversations"][0];
    assert_fields(bia, &json!({"peer": "bia", "unread": 0}));
    assert_field(&bia["last"], "text", "out");
    let rest = json!({"before": page["next"], "channel": "webchat"});
    let page = listed(&mut client, rest).await;
    let ana = &page["conversations"][0];
    assert_field(&ana["last"], "message_id", json!(last));
    let told = ["channel", "peer", "name", "unread"].map(|field| ana[field].clone());
    assert_eq!(json!(told), json!(["webchat", "ana", "The ana", 2]));
    assert_eq!((page.get("next"), ana.get("read_up_to")), (None, None));
    for wrong in [
        json!({"limit": 0}),
        json!({"limit": 1001}),
        json!({"before": "x"}),
    ] {
        let code = refusal(&mut client, "conversations", wrong).await;
        assert_eq!(code, "bad_payload");
    }
}

#[tokio::test]
async fn read_marks_only_move_forward() {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let first = receive(&mut client, "ana", "1").await;
    let second = receive(&mut client, "ana", "2").await;
    let mut listener = daemon.listener(&["conversation.*@webchat/ana"]).await;
    let mut elsewhere = daemon.listener(&["conversation.*@webchat/bia"]).await;
    let ana = json!({"channel": "webchat", "peer": "ana"});
    let up_to = |id: &Value| json!({"channel": "webchat", "peer": "ana", "message_id": id});
    let read = client.call("read", &up_to(&first)).await.expect("read");
    assert_eq!(read, json!({"message_id": first, "unread": 1}));
    for asked in [&ana, &up_to(&first)] {
        let read = client.call("read", asked).await.expect("read");
        assert_eq!(read, json!({"message_id": second, "unread": 0}));
    }
    let last = receive(&mut client, "ana", "3").await;
    client.call("read", &ana).await.expect("read");
    for id in [&first, &second, &last] {
        let event = next_event(&mut listener).await;
        assert_eq!(event.action, "conversation.read");
        assert_eq!(event.payload, up_to(id));
    }
    let bia = receive(&mut client, "bia", "4").await;
    let marked = json!({"channel": "webchat", "peer": "bia"});
    client.call("read", &marked).await.expect("read");
    assert_field(
        &next_event(&mut elsewhere).await.payload,
        "message_id",
        json!(bia),
    );
    for unknown in [
        up_to(&bia),
        up_to(&json!("m-1x")),
        json!({"channel": "webchat", "peer": "x"}),
    ] {
        assert_eq!(refusal(&mut client, "read", unknown).await, "not_found");
    }
    if cfg!(feature = "store") {
        daemon.kill();
        let daemon = Daemon::start(&home.0);
        let mut client = daemon.client().await;
        let page = listed(&mut client, json!({"channel": "webchat"})).await;
        assert_field(&page["conversations"][1], "read_up_to", json!(last));
        assert_field(&page["conversations"][1], "unread", 0);
    }
}

#[tokio::test]
async fn typing_reaches_listeners_both_ways() {
    let daemon = Shared::daemon();
    let mut client = daemon.client().await;
    until_running(&mut client, "webchat").await;
    let visitor = json!({"channel": "webchat", "peer": "typing-ana", "text": "he"});
    let us = json!({"channel": "webchat", "to": "typing-ana"});
    for asked in [&visitor, &us] {
        let nobody = client.call("typing", asked).await.expect("taken");
        assert_eq!(nobody, json!({"shown": false}));
    }
    let topics = ["typing@webchat/typing-ana", "message.*@webchat/typing-ana"];
    let mut listener = daemon.listener(&topics).await;
    for (asked, direction) in [(&visitor, "in"), (&us, "out")] {
        let heard = client.call("typing", asked).await.expect("taken");
        assert_eq!(heard, json!({"shown": true}));
        let event = next_event(&mut listener).await;
        assert_eq!(event.action, "typing");
        assert_field(&event.payload, "direction", json!(direction));
        assert_eq!(event.payload.get("text"), asked.get("text"));
    }
}

#[tokio::test]
async fn conversations_command_lists_and_reads() {
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.client().await;
    let shell = |arguments: &[&str]| {
        let (code, out, told) = run(program(&home.0, arguments));
        assert_eq!(code, 0, "{arguments:?}: {out}{told}");
        (out, told)
    };
    assert!(shell(&["conversations"]).1.contains("no conversation yet"));
    let id = receive(&mut client, "ana", "hello").await;
    let (shown, _) = shell(&["conversations"]);
    assert!(
        shown.starts_with("The ana  webchat  ana  1 unread  "),
        "{shown}"
    );
    assert!(shown.ends_with("  <- hello\n"), "{shown}");
    let (told, _) = shell(&["conversations", "read", "webchat", "ana"]);
    assert_eq!(
        told,
        format!("read up to {}, 0 unread\n", id.as_str().unwrap_or_default())
    );
    let (line, _) = shell(&["conversations", "--json", "-c", "webchat"]);
    let one: Value = serde_json::from_str(&line).expect("JSON");
    assert_field(&one, "read_up_to", json!(id));
    let (code, ..) = run(program(&home.0, &["conversations", "burn"]));
    assert_eq!(code, 2);
}
