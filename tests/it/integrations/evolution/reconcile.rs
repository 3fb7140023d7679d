//! Sends whose answer was late or lost, and webhooks about them that arrive meanwhile.

use std::{
    sync::{Mutex, mpsc},
    thread,
    time::Instant,
};

use cleudocodebot::{client::Client, clock};
use serde_json::{Value, json};

use super::setup::{EvolutionSetup, post, upsert};
use crate::support::{PATIENCE, assert_field, fake::Reply, history, message, poster::Poster};

/// The texts stored, oldest first.
async fn texts(client: &mut Client) -> Vec<Value> {
    let messages = history(client, "whatsapp").await.into_iter();
    messages.map(|message| message["text"].clone()).collect()
}

#[tokio::test]
async fn lost_answer_is_found() {
    let record = json!({"key": {"id": "FOUND"}, "message": {"conversation": "hushed-text hi"},
        "messageTimestamp": 4_000_000_000_u64});
    let setup = EvolutionSetup::new(vec![Reply::Half], json!([record]));
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "551133334444", "text": "hushed-text hi", "wait": true});
    let sent = client.call("send", &payload).await.expect("an outcome");
    assert_field(&sent, "state", "sent");
    setup.fake.saw("/message/sendText/Cleudocode");
    assert!(setup.fake.never_saw("/message/sendText/Cleudocode"));
    let body = json!({"event": "MESSAGES_UPDATE", "data": {"keyId": "FOUND", "status": "READ"}});
    assert_eq!(post(&daemon, &body, &secret), 200);
}

/// The service posts a receipt before it answers the call that sent the message.
#[tokio::test]
async fn early_receipt_is_retried() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let setup = EvolutionSetup::serving(json!([]), move |_| {
        let _ = held.lock().expect("not poisoned").recv_timeout(PATIENCE);
        Reply::Json(201, json!({"key": {"id": "3EB0"}}))
    });
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "+551133334444", "text": "hi"});
    let queued = client.call("send", &payload).await.expect("queued");
    setup.fake.saw("/message/sendText/Cleudocode");

    let data = json!({"keyId": "3EB0", "remoteJid": "551133334444@s.whatsapp.net", "fromMe": true, "status": "DELIVERY_ACK"});
    let receipt = json!({"event": "messages.update", "data": data});
    let own = upsert("3EB0", "551133334444@s.whatsapp.net", true, "hi");
    assert_eq!(post(&daemon, &receipt, &secret), 503);
    assert_eq!(post(&daemon, &own, &secret), 503);
    let elsewhere = upsert("P", "552233334444@s.whatsapp.net", true, "from my phone");
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
    let seen = message(&mut client, &queued["message_id"]).await;
    assert_field(&seen, "state", "delivered");
    let texts = texts(&mut client).await;
    assert_eq!(texts, ["hi", "from my phone"], "ours is not stored twice");
}

#[tokio::test]
async fn earlier_same_text_is_ignored() {
    let before = json!({"key": {"id": "3EB0"}, "message": {"conversation": "ok"},
        "messageTimestamp": 4_000_000_000_u64});
    let taken = |id: &str| Reply::Json(201, json!({"key": {"id": id}}));
    let answers = vec![taken("3EB0"), Reply::Half, taken("3EB1")];
    let setup = EvolutionSetup::new(answers, json!([before]));
    let (daemon, _) = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "551133334444", "text": "ok", "wait": true});
    for _ in 0..2 {
        let sent = client.call("send", &payload).await.expect("an outcome");
        assert_field(&sent, "state", "sent");
    }
    for _ in 0..3 {
        setup.fake.saw("/message/sendText/Cleudocode");
    }
}

#[tokio::test]
async fn found_part_is_not_resent() {
    let text = "hushed-text one. ".repeat(300);
    let first = text[..=text[..4000].rfind(". ").expect("a sentence")].to_owned();
    let record = json!({"key": {"id": "FIRST"}, "message": {"conversation": first},
        "messageTimestamp": 4_000_000_000_u64});
    let setup = EvolutionSetup::new(vec![Reply::Half], json!([record]));
    let (daemon, _) = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": "551133334444", "text": text, "wait": true});
    let sent = client.call("send", &payload).await.expect("an outcome");
    assert_field(&sent, "state", "sent");
    assert_field(
        &setup.fake.saw("/message/sendText/Cleudocode").body,
        "text",
        json!(first),
    );
    let second = setup.fake.saw("/message/sendText/Cleudocode").body;
    assert_field(&second, "text", json!(text[first.len()..].trim_start()));
    assert!(setup.fake.never_saw("/message/sendText/Cleudocode"));
}

/// The echo of a message races with the commit that stores its id: the service answers while it posts
/// again and again.
#[tokio::test]
async fn concurrent_echo_is_stored_once() {
    const MESSAGES: usize = 150;
    let (outbound, sent) = mpsc::channel();
    let setup = EvolutionSetup::serving(json!([]), move |request| {
        let number = request.body["number"].as_str().unwrap_or_default();
        let (release, held) = mpsc::channel::<()>();
        let _ = outbound.send((number.to_owned(), release));
        let _ = held.recv_timeout(PATIENCE);
        Reply::Json(201, json!({"key": {"id": format!("E{number}")}}))
    });
    let (daemon, secret) = setup.daemon_with(&[("WHATSAPP_RATE", "0")]);
    let mut client = daemon.client().await;
    for number in 0..MESSAGES {
        let to = (551_133_330_000_usize + number).to_string();
        let payload = json!({"channel": "whatsapp", "to": to, "text": "hi"});
        client.call("send", &payload).await.expect("queued");
    }
    let sent = Mutex::new(sent.into_iter().take(MESSAGES));
    let address = daemon.address;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut poster = Poster::to(address);
                loop {
                    let next = sent.lock().expect("not poisoned").next();
                    let Some((number, release)) = next else {
                        return;
                    };
                    insist(&mut poster, &secret, &number, &release);
                }
            });
        }
    });
    let messages = history(&mut client, "whatsapp").await;
    assert_eq!(messages.len(), MESSAGES, "none is stored twice");
    let unread = messages.iter().find(|message| message["state"] != "read");
    assert_eq!(unread, None, "every message is read");
}

/// Posts the echo of a message and its receipt until both are accepted; the answer comes meanwhile.
fn insist(poster: &mut Poster, secret: &str, number: &str, release: &mpsc::Sender<()>) {
    let (name, jid) = (format!("E{number}"), format!("{number}@s.whatsapp.net"));
    let header = format!("x-cleudocodebot-secret: {secret}");
    let data = json!({"keyId": name, "remoteJid": jid, "status": "READ"});
    let receipt = json!({"event": "messages.update", "data": data});
    let mut both = vec![upsert(&name, &jid, true, "hi"), receipt];
    let deadline = Instant::now() + PATIENCE;
    while !both.is_empty() {
        assert!(Instant::now() < deadline, "never taken");
        both.retain(|body| {
            poster.post("/webhooks/whatsapp", &header, &body.to_string()) != Some(200)
        });
        let _ = release.send(());
    }
}

/// Some numbers exist with and without a digit; the service knows only the spelling of the account.
#[tokio::test]
async fn lost_answer_found_by_spelling() {
    let (given, theirs) = ("5511987654321", "551187654321@s.whatsapp.net");
    let record = json!({"key": {"id": "FOUND", "remoteJid": theirs},
        "message": {"conversation": "hi"}, "messageTimestamp": 4_000_000_000_u64});
    let setup = EvolutionSetup::new(vec![Reply::Half], json!([record]));
    let (daemon, secret) = setup.daemon();
    let mut client = daemon.client().await;
    let payload = json!({"channel": "whatsapp", "to": given, "text": "hi", "wait": true});
    let sent = client.call("send", &payload).await.expect("an outcome");
    assert_field(&sent, "state", "sent");
    for jid in [&format!("{given}@s.whatsapp.net"), theirs] {
        let asked = setup.fake.saw("/chat/findMessages/Cleudocode").body;
        assert_field(&asked["where"]["key"], "remoteJid", json!(*jid));
    }
    assert!(setup.fake.never_saw("/message/sendText/Cleudocode"));
    let own = upsert("FOUND", theirs, true, "hi");
    assert_eq!(post(&daemon, &own, &secret), 200);
    assert_eq!(texts(&mut client).await, ["hi"], "and it is not kept twice");
}

#[tokio::test]
async fn clock_skew_sends_nothing_twice() {
    for (ago, calls) in [(60, 1), (3600, 2)] {
        let record = json!({"key": {"id": "FOUND"}, "message": {"conversation": "hi"},
            "messageTimestamp": clock::now_ms() / 1000 - ago});
        let setup = EvolutionSetup::new(vec![Reply::Half], json!([record]));
        let (daemon, _) = setup.daemon();
        let mut client = daemon.client().await;
        let payload =
            json!({"channel": "whatsapp", "to": "551133334444", "text": "hi", "wait": true});
        let sent = client.call("send", &payload).await.expect("an outcome");
        assert_field(&sent, "state", "sent");
        for _ in 0..calls {
            setup.fake.saw("/message/sendText/Cleudocode");
        }
        let no_more = setup.fake.never_saw("/message/sendText/Cleudocode");
        assert!(no_more, "{ago} s ago");
    }
}

/// After an attempt without an answer, an echo may be of that attempt or written on the phone. Until the
/// next attempt it is held back, also across a restart.
#[cfg(feature = "store")]
#[tokio::test]
async fn unanswered_attempt_holds_its_echo() {
    let answered = Reply::Json(201, json!({"key": {"id": "3EB0"}}));
    let setup = EvolutionSetup::new(
        vec![answered, Reply::Half, Reply::Half, Reply::Half],
        json!([]),
    );
    let delays = [("CLEUDOCODEBOT_RETRY_DELAYS", "1h")];
    let (mut daemon, secret) = setup.daemon_with(&delays);
    let mut client = daemon.client().await;
    let mut payload =
        json!({"channel": "whatsapp", "to": "553333334444", "text": "hi", "wait": true});
    let sent = client.call("send", &payload).await.expect("an outcome");
    payload = json!({"channel": "whatsapp", "to": "553333334444", "text": "👍", "reaction": true,
        "reply_to": sent["message_id"]});
    client.call("send", &payload).await.expect("queued");
    let file = json!({"kind": "image", "url": "https://example.org/a.png"});
    payload = json!({"channel": "whatsapp", "to": "5548999998888", "text": "look", "media": file});
    client.call("send", &payload).await.expect("queued");
    payload = json!({"channel": "whatsapp", "to": "554433334444", "media": file});
    client.call("send", &payload).await.expect("queued");
    for _ in 0..3 {
        daemon.logs("an attempt got no answer");
    }
    let image = |caption: Value| json!({"imageMessage": {"caption": caption}});
    let reaction = json!({"reactionMessage": {"text": "👍", "key": {"id": "3EB0"}}});
    let own = |name: &str, jid: &str, message: &Value| {
        json!({"event": "messages.upsert", "data": {"message": message,
            "key": {"id": name, "remoteJid": format!("{jid}@s.whatsapp.net"), "fromMe": true}}})
    };
    let about = [
        own("A", "553333334444", &reaction),
        own("B", "554899998888", &image(json!("look"))),
        own("C", "554433334444", &image(Value::Null)),
        json!({"event": "messages.update", "data": {"status": "READ",
            "key": {"id": "D", "remoteJid": "554899998888@s.whatsapp.net"}}}),
        json!({"event": "messages.update", "data": {"status": "READ", "keyId": "E",
            "remoteJid": "1234@lid"}}),
    ];
    for body in &about {
        assert_eq!(post(&daemon, body, &secret), 503, "{body}");
    }
    daemon.kill();
    let (daemon, secret) = setup.daemon_with(&delays);
    for body in &about {
        assert_eq!(post(&daemon, body, &secret), 503, "{body}");
    }
    for body in [
        own(
            "F",
            "553333334444",
            &json!({"conversation": "from my phone"}),
        ),
        own("G", "554433334444", &image(json!("from my phone"))),
        own("H", "551133334444", &image(json!("look"))),
    ] {
        assert_eq!(post(&daemon, &body, &secret), 200, "{body}");
    }
}
