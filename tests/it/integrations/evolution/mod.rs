//! The Evolution API's integration against a fake: sends, receipts, inbound messages, indicators.

mod connection;
mod files;
mod numbers;
mod reconcile;
mod setup;

use cleudocodebot::clock;
use serde_json::json;

use self::setup::{EvolutionSetup, post, upsert};
use crate::support::{
    assert_field, assert_fields, fake::Reply, history, message, next_event, until_running,
};

#[tokio::test]
async fn send_and_receipts() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "+551133334444", "text": "hushed-text hi", "wait": true});
    let sent = client.call("send", &payload).await.expect("sent");
    assert_field(&sent, "state", "sent");
    let body = setup.fake.saw("/message/sendText/Cleudocode").body;
    assert_eq!(
        body,
        json!({"number": "551133334444", "text": "hushed-text hi"})
    );
    for status in ["READ", "DELIVERY_ACK", "SERVER_ACK", "PENDING"] {
        let data = json!({"keyId": "3EB0", "remoteJid": "551133334444@s.whatsapp.net", "fromMe": true, "status": status});
        let body = json!({"event": "messages.update", "data": data});
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    let seen = message(&mut client, &sent["message_id"]).await;
    assert_field(&seen, "state", "read");
}

#[tokio::test]
async fn webhook_needs_secret_and_deduplicates() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (daemon, secret) = setup.daemon();
    let body = upsert("A", "551133334444@s.whatsapp.net", false, "hushed-text olá");
    assert_eq!(post(&daemon, &body, "guess"), 403);
    assert_eq!(post(&daemon, &body, ""), 403);
    assert_eq!(post(&daemon, &body, &secret), 200);
    assert_eq!(post(&daemon, &body, &secret), 200);
    let own = upsert("B", "551133334444@s.whatsapp.net", true, "from my phone");
    assert_eq!(post(&daemon, &own, &secret), 200);
    let group = upsert("C", "1@g.us", false, "a stranger's group");
    assert_eq!(post(&daemon, &group, &secret), 200);
    let mut client = daemon.client().await;
    let messages = history(&mut client, "whatsapp").await;
    let shown: Vec<_> = messages
        .iter()
        .map(|message| (message["text"].clone(), message["meta"]["own"].clone()))
        .collect();
    assert_eq!(
        shown,
        [
            (json!("hushed-text olá"), json!(null)),
            (json!("from my phone"), json!(true))
        ]
    );
}

/// Webhooks that the service repeats after a restart carry the secret of before, and it gives up on a 403.
#[tokio::test]
async fn old_webhook_secret_stays_valid() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (mut daemon, before) = setup.daemon();
    daemon.kill();
    let (daemon, after) = setup.daemon();
    assert_eq!(after.len(), 64);
    let body = upsert("A", "551133334444@s.whatsapp.net", false, "hushed-text olá");
    assert_eq!(post(&daemon, &body, &before), 200);
    assert_eq!(post(&daemon, &body, "evolution-key-of-the-test"), 403);
}

#[tokio::test]
async fn unknown_number_fails_at_once() {
    let gone = json!({"status": 400, "response": {"message": [{"exists": false}]}});
    let setup = EvolutionSetup::new(vec![Reply::Json(400, gone)], json!([]));
    let (daemon, _) = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "551133334444", "text": "hushed-text hi", "wait": true});
    let failed = client.call("send", &payload).await.expect("an outcome");
    assert_field(&failed, "state", "failed");
    let paired = client
        .call("integration.connect", &json!({"name": "whatsapp"}))
        .await;
    assert_field(&paired.expect("asked"), "state", "connected");
}

#[tokio::test]
async fn typing_and_read_are_shown() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.client().await;
    until_running(&mut client, "whatsapp").await;
    let typing = json!({"channel": "whatsapp", "to": "+551133334444"});
    let shown = client.call("typing", &typing).await.expect("taken");
    assert_field(&shown, "shown", true);
    let body = setup.fake.saw("/chat/sendPresence/Cleudocode").body;
    let wanted = json!({"number": "551133334444", "presence": "composing", "delay": 4000});
    assert_eq!(body, wanted);
    for (id, own) in [("A", false), ("B", false), ("own", true), ("C", false)] {
        let body = upsert(id, "551133334444@s.whatsapp.net", own, "olá");
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    let ana = json!({"channel": "whatsapp", "peer": "551133334444"});
    let read = client.call("read", &ana).await.expect("read");
    assert_field(&read, "unread", 0);
    let key =
        |id: &str| json!({"remoteJid": "551133334444@s.whatsapp.net", "fromMe": false, "id": id});
    let body = setup.fake.saw("/chat/markMessageAsRead/Cleudocode").body;
    let wanted = json!({"readMessages": [key("C"), key("B"), key("A")]});
    assert_eq!(body, wanted);
    client.call("read", &ana).await.expect("read again");
    let body = upsert("D", "551133334444@s.whatsapp.net", false, "olá");
    assert_eq!(post(&daemon, &body, &secret), 200);
    client.call("read", &ana).await.expect("read");
    let body = setup.fake.saw("/chat/markMessageAsRead/Cleudocode").body;
    assert_eq!(body, json!({"readMessages": [key("D")]}));
}

#[tokio::test]
async fn typing_of_allowed_peers_only() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (daemon, secret) = setup.daemon();
    let mut listener = daemon.listener(&["typing@whatsapp"]).await;
    let presence = |jid: &str, member: &str, what: &str| {
        json!({"event": "presence.update", "data": {"id": jid,
            "presences": {member: {"lastKnownPresence": what}}}})
    };
    let (ana, eve) = ("551133334444@s.whatsapp.net", "666@s.whatsapp.net");
    for body in [
        presence(eve, eve, "composing"),
        presence(ana, ana, "unavailable"),
        presence(ana, ana, "composing"),
        presence(ana, ana, "available"),
        presence("1@g.us", ana, "recording"),
        json!({"event": "presence.update", "data": null}),
    ] {
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    for (peer, sender, goes_on) in [
        ("551133334444", json!(null), true),
        ("551133334444", json!(null), false),
        ("1@g.us", json!("551133334444"), true),
    ] {
        let event = next_event(&mut listener).await.payload;
        assert_fields(&event, &json!({"peer": peer, "sender": sender}));
        assert_field(&event, "direction", "in");
        let lapses = event["until_ms"].as_u64().expect("a time");
        assert_eq!(lapses > clock::now_ms(), goes_on, "{event}");
    }
}

#[tokio::test]
async fn reaction_names_its_message() {
    let setup = EvolutionSetup::new(vec![], json!([]));
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "551133334444", "text": "hi", "wait": true});
    let ours = client.call("send", &payload).await.expect("sent");
    let member = json!({"event": "messages.upsert", "data": {"message": {"conversation": "in a group"},
        "key": {"id": "G", "remoteJid": "1@g.us", "fromMe": false, "participant": "551133334444@s.whatsapp.net"}}});
    for body in [
        upsert("A", "551133334444@s.whatsapp.net", false, "theirs"),
        upsert(
            "B",
            "551133334444@s.whatsapp.net",
            true,
            "ours, from the phone",
        ),
        member,
    ] {
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    let messages = history(&mut client, "whatsapp").await;
    let of = |text: &str| {
        let found = messages.iter().find(|message| message["text"] == text);
        found.expect("there")["message_id"].clone()
    };
    let (person, group) = ("551133334444@s.whatsapp.net", "1@g.us");
    for (on, to, key) in [
        (
            ours["message_id"].clone(),
            "551133334444",
            json!({"remoteJid": person, "fromMe": true, "id": "3EB0"}),
        ),
        (
            of("theirs"),
            "551133334444",
            json!({"remoteJid": person, "fromMe": false, "id": "A"}),
        ),
        (
            of("ours, from the phone"),
            "551133334444",
            json!({"remoteJid": person, "fromMe": true, "id": "B"}),
        ),
        (
            of("in a group"),
            group,
            json!({"remoteJid": group, "fromMe": false, "id": "G", "participant": person}),
        ),
    ] {
        let reaction = json!({"channel": "whatsapp", "to": to, "text": "👍", "reply_to": on,
            "reaction": true, "wait": true});
        let sent = client.call("send", &reaction).await.expect("an outcome");
        assert_field(&sent, "state", "sent");
        let body = setup.fake.saw("/message/sendReaction/Cleudocode").body;
        assert_eq!(body, json!({"key": key, "reaction": "👍"}));
    }
}
