//! The Evolution API against a fake of it, and the webhook it is given.

use std::{
    collections::VecDeque,
    sync::{Mutex, mpsc},
    time::Instant,
};

use cleudocodebot::clock;
use serde_json::{Value, json};

use crate::{
    fake::{Fake, Reply, until_running},
    support::{Daemon, PATIENCE, Scratch, daemon_command, next_event},
};

struct Stage {
    fake: Fake,
    home: Scratch,
}

impl Stage {
    fn new(answers: Vec<Reply>, found: Value) -> Self {
        let answers = Mutex::new(VecDeque::from(answers));
        Self::serving(found, move || {
            let next = answers.lock().expect("whole").pop_front();
            next.unwrap_or_else(|| Reply::Json(201, json!({"key": {"id": "3EB0"}})))
        })
    }

    /// A service that answers what is sent so, and finds these messages.
    fn serving(found: Value, answer: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        let fake = Fake::start(move |request| match request.path.as_str() {
            "/instance/connectionState/Cleudocode" => {
                Reply::Json(200, json!({"instance": {"state": "open"}}))
            }
            "/webhook/set/Cleudocode" => Reply::Json(201, json!({})),
            "/chat/findMessages/Cleudocode" => {
                Reply::Json(200, json!({"messages": {"records": found}}))
            }
            _ => answer(),
        });
        Self {
            fake,
            home: Scratch::new(),
        }
    }

    /// The daemon, and the secret header it registered.
    fn daemon(&self) -> (Daemon, String) {
        let mut command = daemon_command(&self.home.0);
        command
            .env("WHATSAPP_BASE_URL", self.fake.url())
            .env("WHATSAPP_API_TOKEN_INSTANCE", "evolution-key-of-the-test")
            .env("WHATSAPP_ALLOW_FROM", "5511");
        let daemon = Daemon::from_command(command, &self.home.0);
        let webhook = self.fake.saw("/webhook/set/Cleudocode").body["webhook"].take();
        let url = format!("http://{}/webhooks/whatsapp", daemon.address);
        assert_eq!(webhook["url"], url.as_str());
        let secret = webhook["headers"]["x-cleudocodebot-secret"].as_str();
        (daemon, secret.expect("a secret").to_owned())
    }
}

fn post(daemon: &Daemon, body: &Value, secret: &str) -> u16 {
    let body = body.to_string();
    daemon
        .http(&format!(
            "POST /webhooks/whatsapp HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             x-cleudocodebot-secret: {secret}\r\nContent-Length: {}\r\n\r\n{body}",
            daemon.address,
            body.len()
        ))
        .0
}

fn upsert(id: &str, jid: &str, own: bool, text: &str) -> Value {
    json!({"event": "messages.upsert", "instance": "Cleudocode", "apikey": "k", "data": {
        "key": {"id": id, "remoteJid": jid, "fromMe": own}, "message": {"conversation": text}}})
}

#[tokio::test]
async fn texts_go_out_and_receipts_come_back() {
    let stage = Stage::new(vec![], json!([]));
    let (daemon, secret) = stage.daemon();
    let mut client = daemon.client().await;
    let payload =
        json!({"channel": "whatsapp", "to": "+5511", "text": "hushed-text hi", "wait": true});
    let sent = client.call("send", &payload).await.expect("sent");
    assert_eq!(sent["state"], "sent");
    let body = stage.fake.saw("/message/sendText/Cleudocode").body;
    assert_eq!(body, json!({"number": "5511", "text": "hushed-text hi"}));
    for status in ["READ", "DELIVERY_ACK", "SERVER_ACK", "PENDING"] {
        let data = json!({"keyId": "3EB0", "remoteJid": "5511@s.whatsapp.net", "fromMe": true, "status": status});
        let body = json!({"event": "messages.update", "data": data});
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    let asked = json!({"message_id": sent["message_id"]});
    let seen = client.call("message", &asked).await.expect("known");
    assert_eq!(seen["message"]["state"], "read");
}

#[tokio::test]
async fn what_comes_in_needs_the_secret_and_comes_in_once() {
    let stage = Stage::new(vec![], json!([]));
    let (daemon, secret) = stage.daemon();
    let body = upsert("A", "5511@s.whatsapp.net", false, "hushed-text olá");
    assert_eq!(post(&daemon, &body, "guess"), 403);
    assert_eq!(post(&daemon, &body, ""), 403);
    assert_eq!(post(&daemon, &body, &secret), 200);
    assert_eq!(post(&daemon, &body, &secret), 200);
    let own = upsert("B", "5511@s.whatsapp.net", true, "from my phone");
    assert_eq!(post(&daemon, &own, &secret), 200);
    let group = upsert("C", "1@g.us", false, "a stranger's group");
    assert_eq!(post(&daemon, &group, &secret), 200);
    let mut client = daemon.client().await;
    let page = client
        .call("history", &json!({"channel": "whatsapp"}))
        .await;
    let page = page.expect("a page");
    let shown = page["messages"].as_array().expect("messages").iter();
    let shown: Vec<_> = shown
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

/// What the service repeats from the time we were away carries the secret it had then, and it takes
/// a 403 for the last word.
#[tokio::test]
async fn what_was_posted_while_we_were_away_is_taken_after_a_restart() {
    let stage = Stage::new(vec![], json!([]));
    let (mut daemon, before) = stage.daemon();
    daemon.kill();
    let (daemon, after) = stage.daemon();
    assert_eq!(after.len(), 64);
    let body = upsert("A", "5511@s.whatsapp.net", false, "hushed-text olá");
    assert_eq!(post(&daemon, &body, &before), 200);
    assert_eq!(post(&daemon, &body, "evolution-key-of-the-test"), 403);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_again_and_nothing_is_sent_twice() {
    let record = json!({"key": {"id": "FOUND"}, "message": {"conversation": "hushed-text hi"},
        "messageTimestamp": 4_000_000_000_u64});
    let stage = Stage::new(vec![Reply::Half], json!([record]));
    let (daemon, secret) = stage.daemon();
    let mut client = daemon.client().await;
    let payload =
        json!({"channel": "whatsapp", "to": "5511", "text": "hushed-text hi", "wait": true});
    let sent = client.call("send", &payload).await.expect("an outcome");
    assert_eq!(sent["state"], "sent");
    stage.fake.saw("/message/sendText/Cleudocode");
    assert!(stage.fake.never_saw("/message/sendText/Cleudocode"));
    let body = json!({"event": "MESSAGES_UPDATE", "data": {"keyId": "FOUND", "status": "READ"}});
    assert_eq!(post(&daemon, &body, &secret), 200);
}

#[tokio::test]
async fn a_number_that_is_not_there_fails_at_once() {
    let gone = json!({"status": 400, "response": {"message": [{"exists": false}]}});
    let stage = Stage::new(vec![Reply::Json(400, gone)], json!([]));
    let (daemon, _) = stage.daemon();
    let mut client = daemon.client().await;
    let payload =
        json!({"channel": "whatsapp", "to": "5511", "text": "hushed-text hi", "wait": true});
    let failed = client.call("send", &payload).await.expect("an outcome");
    assert_eq!(failed["state"], "failed");
    let paired = client
        .call("integration.connect", &json!({"name": "whatsapp"}))
        .await;
    assert_eq!(paired.expect("asked")["state"], "connected");
}

#[tokio::test]
async fn a_peer_sees_that_we_write_and_what_we_read() {
    let stage = Stage::new(vec![], json!([]));
    let (daemon, secret) = stage.daemon();
    let mut client = daemon.client().await;
    until_running(&mut client, "whatsapp").await;
    let typing = json!({"channel": "whatsapp", "to": "+5511"});
    let shown = client.call("typing", &typing).await.expect("taken");
    assert_eq!(shown["shown"], true);
    let body = stage.fake.saw("/chat/sendPresence/Cleudocode").body;
    let wanted = json!({"number": "5511", "presence": "composing", "delay": 4000});
    assert_eq!(body, wanted);
    for (id, own) in [("A", false), ("B", false), ("own", true), ("C", false)] {
        let body = upsert(id, "5511@s.whatsapp.net", own, "olá");
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    let ana = json!({"channel": "whatsapp", "peer": "5511"});
    let read = client.call("read", &ana).await.expect("read");
    assert_eq!(read["unread"], 0);
    let key = |id: &str| json!({"remoteJid": "5511@s.whatsapp.net", "fromMe": false, "id": id});
    let body = stage.fake.saw("/chat/markMessageAsRead/Cleudocode").body;
    let wanted = json!({"readMessages": [key("C"), key("B"), key("A")]});
    assert_eq!(body, wanted);
    client.call("read", &ana).await.expect("read again");
    let body = upsert("D", "5511@s.whatsapp.net", false, "olá");
    assert_eq!(post(&daemon, &body, &secret), 200);
    client.call("read", &ana).await.expect("read");
    let body = stage.fake.saw("/chat/markMessageAsRead/Cleudocode").body;
    assert_eq!(body, json!({"readMessages": [key("D")]}));
}

#[tokio::test]
async fn a_peer_that_writes_is_told_and_a_stranger_is_not() {
    let stage = Stage::new(vec![], json!([]));
    let (daemon, secret) = stage.daemon();
    let mut listener = daemon.listener(&["typing@whatsapp"]).await;
    let presence = |jid: &str, member: &str, what: &str| {
        json!({"event": "presence.update", "data": {"id": jid,
            "presences": {member: {"lastKnownPresence": what}}}})
    };
    let (ana, eve) = ("5511@s.whatsapp.net", "666@s.whatsapp.net");
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
        ("5511", json!(null), true),
        ("5511", json!(null), false),
        ("1@g.us", json!("5511"), true),
    ] {
        let event = next_event(&mut listener).await.payload;
        assert_eq!((&event["peer"], &event["sender"]), (&json!(peer), &sender));
        assert_eq!(event["direction"], "in");
        let lapses = event["until_ms"].as_u64().expect("a time");
        assert_eq!(lapses > clock::now_ms(), goes_on, "{event}");
    }
}

/// The service posts what became of a message before it answers the call that sent it.
#[tokio::test]
async fn a_receipt_that_comes_before_the_answer_is_asked_for_again_and_not_lost() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let stage = Stage::serving(json!([]), move || {
        let _ = held.lock().expect("whole").recv_timeout(PATIENCE);
        Reply::Json(201, json!({"key": {"id": "3EB0"}}))
    });
    let (daemon, secret) = stage.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "+5511", "text": "hi"});
    let queued = client.call("send", &payload).await.expect("queued");
    stage.fake.saw("/message/sendText/Cleudocode");

    let data = json!({"keyId": "3EB0", "remoteJid": "5511@s.whatsapp.net", "fromMe": true, "status": "DELIVERY_ACK"});
    let receipt = json!({"event": "messages.update", "data": data});
    let own = upsert("3EB0", "5511@s.whatsapp.net", true, "hi");
    assert_eq!(post(&daemon, &receipt, &secret), 503);
    assert_eq!(post(&daemon, &own, &secret), 503);
    let elsewhere = upsert("P", "5522@s.whatsapp.net", true, "from my phone");
    assert_eq!(
        post(&daemon, &elsewhere, &secret),
        200,
        "no other chat waits"
    );

    release.send(()).expect("the service waits");
    for posted in [&receipt, &own] {
        let deadline = Instant::now() + PATIENCE;
        while post(&daemon, posted, &secret) != 200 {
            assert!(Instant::now() < deadline, "never taken");
        }
    }
    let asked = json!({"message_id": queued["message_id"]});
    let seen = client.call("message", &asked).await.expect("known");
    assert_eq!(seen["message"]["state"], "delivered");
    let page = client
        .call("history", &json!({"channel": "whatsapp"}))
        .await;
    let page = page.expect("a page");
    let texts = page["messages"].as_array().expect("messages").iter();
    let texts: Vec<_> = texts.map(|message| &message["text"]).collect();
    assert_eq!(texts, ["hi", "from my phone"], "and ours is not kept twice");
}

#[tokio::test]
async fn a_reaction_says_whose_message_it_is_on() {
    let stage = Stage::new(vec![], json!([]));
    let (daemon, secret) = stage.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "5511", "text": "hi", "wait": true});
    let ours = client.call("send", &payload).await.expect("sent");
    let member = json!({"event": "messages.upsert", "data": {"message": {"conversation": "in a group"},
        "key": {"id": "G", "remoteJid": "1@g.us", "fromMe": false, "participant": "5511@s.whatsapp.net"}}});
    for body in [
        upsert("A", "5511@s.whatsapp.net", false, "theirs"),
        upsert("B", "5511@s.whatsapp.net", true, "ours, from the phone"),
        member,
    ] {
        assert_eq!(post(&daemon, &body, &secret), 200);
    }
    let page = client
        .call("history", &json!({"channel": "whatsapp"}))
        .await;
    let page = page.expect("a page");
    let of = |text: &str| {
        let mut all = page["messages"].as_array().expect("messages").iter();
        let found = all.find(|message| message["text"] == text);
        found.expect("there")["message_id"].clone()
    };
    let (person, group) = ("5511@s.whatsapp.net", "1@g.us");
    for (on, to, key) in [
        (
            ours["message_id"].clone(),
            "5511",
            json!({"remoteJid": person, "fromMe": true, "id": "3EB0"}),
        ),
        (
            of("theirs"),
            "5511",
            json!({"remoteJid": person, "fromMe": false, "id": "A"}),
        ),
        (
            of("ours, from the phone"),
            "5511",
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
        assert_eq!(sent["state"], "sent");
        let body = stage.fake.saw("/message/sendReaction/Cleudocode").body;
        assert_eq!(body, json!({"key": key, "reaction": "👍"}));
    }
}

#[tokio::test]
async fn the_same_text_sent_before_is_not_taken_for_the_one_whose_answer_was_lost() {
    let before = json!({"key": {"id": "3EB0"}, "message": {"conversation": "ok"},
        "messageTimestamp": 4_000_000_000_u64});
    let taken = |id: &str| Reply::Json(201, json!({"key": {"id": id}}));
    let answers = vec![taken("3EB0"), Reply::Half, taken("3EB1")];
    let stage = Stage::new(answers, json!([before]));
    let (daemon, _) = stage.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "5511", "text": "ok", "wait": true});
    for _ in 0..2 {
        let sent = client.call("send", &payload).await.expect("an outcome");
        assert_eq!(sent["state"], "sent");
    }
    for _ in 0..3 {
        stage.fake.saw("/message/sendText/Cleudocode");
    }
}

#[tokio::test]
async fn a_part_found_after_a_lost_answer_is_not_sent_again() {
    let text = "hushed-text one. ".repeat(300);
    let first = text[..=text[..4000].rfind(". ").expect("a sentence")].to_owned();
    let record = json!({"key": {"id": "FIRST"}, "message": {"conversation": first},
        "messageTimestamp": 4_000_000_000_u64});
    let stage = Stage::new(vec![Reply::Half], json!([record]));
    let (daemon, _) = stage.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "5511", "text": text, "wait": true});
    let sent = client.call("send", &payload).await.expect("an outcome");
    assert_eq!(sent["state"], "sent");
    assert_eq!(
        stage.fake.saw("/message/sendText/Cleudocode").body["text"],
        first
    );
    let second = stage.fake.saw("/message/sendText/Cleudocode").body;
    assert_eq!(second["text"], text[first.len()..].trim_start());
    assert!(stage.fake.never_saw("/message/sendText/Cleudocode"));
}
