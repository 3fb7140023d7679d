//! A phone number is one peer, however it is written.

use std::fs;

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::setup::{EvolutionSetup, post, upsert};
use crate::support::{Scratch, assert_field, history, next_event, program, run, until_running};

/// A number as people write it, in the normal form of this project, and as the id of an account that was
/// registered without the ninth digit.
const WRITTEN: &str = "+55 (11) 98765-4321";
const KNOWN: &str = "5511987654321";
const UNUSUAL: &str = "551187654321@s.whatsapp.net";

async fn peers(client: &mut Client) -> Vec<Value> {
    let messages = history(client, "whatsapp").await.into_iter();
    messages.map(|message| message["peer"].clone()).collect()
}

#[tokio::test]
async fn number_spellings_share_a_conversation() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.client().await;
    let topic = format!("message.*@whatsapp/{WRITTEN}");
    let mut listener = daemon.listener(&[&topic, "typing@whatsapp"]).await;
    for (name, own) in [("A", false), ("B", true), ("A", false)] {
        let body = upsert(name, UNUSUAL, own, "hello");
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    for to in [WRITTEN, "551187654321", "5511987654321@s.whatsapp.net"] {
        let payload = json!({"channel": "whatsapp", "to": to, "text": "hi", "wait": true});
        let sent = client.call("send", &payload).await.expect("sent");
        assert_field(&sent, "state", "sent");
        let body = setup.fake.saw("/message/sendText/Cleudocode").body;
        assert_field(&body, "number", json!(KNOWN));
    }
    assert_eq!(peers(&mut client).await, [KNOWN; 5]);
    let conversation = json!({"channel": "whatsapp", "peer": WRITTEN});
    let page = client.call("history", &conversation).await.expect("a page");
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(5));
    assert_field(&page, "peer", json!(KNOWN));
    let typing = json!({"event": "presence.update", "data": {"id": UNUSUAL,
        "presences": {UNUSUAL: {"lastKnownPresence": "composing"}}}});
    assert_eq!(post(&daemon, &typing, &secret), 200);
    // Two inbound messages, three sent ones with three states each, and the typing event.
    let events = [2, 3 * 3, 1].iter().sum();
    for _ in 0..events {
        let event = next_event(&mut listener).await;
        assert_eq!(event.payload["peer"], KNOWN, "{}", event.action);
    }
}

#[tokio::test]
async fn replies_use_the_original_address() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.client().await;
    until_running(&mut client, "whatsapp").await;
    let body = upsert("A", UNUSUAL, false, "hello");
    assert_eq!(post(&daemon, &body, &secret), 200);
    let conversation = json!({"channel": "whatsapp", "peer": WRITTEN});
    let read = client.call("read", &conversation).await.expect("read");
    assert_field(&read, "unread", 0);
    let key = json!({"remoteJid": UNUSUAL, "fromMe": false, "id": "A"});
    let body = setup.fake.saw("/chat/markMessageAsRead/Cleudocode").body;
    assert_eq!(body, json!({"readMessages": [key]}));
    let page = client.call("history", &conversation).await.expect("a page");
    let reaction = json!({"channel": "whatsapp", "to": WRITTEN, "text": "👍", "reaction": true,
        "reply_to": page["messages"][0]["message_id"], "wait": true});
    client.call("send", &reaction).await.expect("an outcome");
    let body = setup.fake.saw("/message/sendReaction/Cleudocode").body;
    assert_field(&body, "key", json!(key));
}

#[tokio::test]
async fn idempotent_across_number_spellings() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (daemon, _) = setup.daemon();
    let mut client = daemon.client().await;
    let mut ids = Vec::new();
    for to in [WRITTEN, KNOWN, "551187654321"] {
        let payload = json!({"channel": "whatsapp", "to": to, "text": "hi", "wait": true,
            "idempotency_key": "once"});
        let sent = client.call("send", &payload).await.expect("sent");
        ids.push(sent["message_id"].clone());
    }
    assert_eq!(ids, vec![ids[0].clone(); 3]);
    assert_eq!(peers(&mut client).await, [KNOWN]);
}

#[test]
fn an_export_knows_a_number_in_every_format() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (daemon, secret) = setup.daemon_with(&[("CLEUDOCODEBOT_COUNTRY", "BR")]);
    let body = upsert("A", UNUSUAL, false, "hello");
    assert_eq!(post(&daemon, &body, &secret), 200);
    let out = Scratch::new();
    for (at, peer) in [
        WRITTEN,
        KNOWN,
        "551187654321",
        "11 98765-4321",
        "11 99999-0000",
    ]
    .into_iter()
    .enumerate()
    {
        let folder = out.0.join(at.to_string());
        let html = ["--format", "html", "-o", folder.to_str().expect("UTF-8")];
        for format in [&["--format", "csv"][..], &["--format", "jsonl"], &html] {
            let whose = ["export", "-c", "whatsapp", "-p", peer];
            let (code, shown, told) = run(program(&setup.home.0, &[&whose, format].concat()));
            assert_eq!(code, 0, "{told}");
            let index = fs::read_to_string(folder.join("index.html")).unwrap_or_default();
            let is_there = shown.contains("hello") || index.contains("href=");
            let is_theirs = !peer.ends_with("0000");
            assert_eq!(is_there, is_theirs, "{peer} {format:?}: {shown}");
            assert_eq!(told.contains("no messages found"), !is_theirs, "{told}");
        }
    }
}
