//! Telegram's integration against a fake Bot API.

mod setup;

use cleudocodebot::clock;
use serde_json::json;

use self::setup::{TelegramSetup, send};
use crate::support::{
    Daemon, Scratch, assert_field, assert_fields, assert_mentions, daemon_command,
    fake::{Fake, Reply},
    integration, next_event, refusal,
    services::{telegram_ok, telegram_update, told_code, use_telegram},
    until_running, until_state,
};

#[cfg(feature = "store")]
#[tokio::test]
async fn updates_stored_before_confirmed() {
    let setup = TelegramSetup::new(
        vec![
            telegram_update(7, 42, "hushed-text olá"),
            telegram_update(8, 42, "again"),
        ],
        vec![],
    );
    let settings = [("TELEGRAM_ALLOW_FROM", "42")];
    let mut daemon = setup.daemon(&settings);
    let unconfirmed = setup.fake.saw("/getUpdates");
    assert!(unconfirmed.body.get("offset").is_none());
    assert!(unconfirmed.body["allowed_updates"].is_array());
    let confirmed = setup.fake.saw("/getUpdates");
    assert_field(&confirmed.body, "offset", 9);
    daemon.kill();
    // The service repeats an update, as after a crash before its confirmation.
    *setup.service.updates.lock().expect("not poisoned") = vec![
        telegram_update(8, 42, "again"),
        telegram_update(9, 42, "new"),
    ];
    let daemon = setup.daemon(&settings);
    while setup.fake.saw("/getUpdates").body["offset"] != 10 {}
    let mut client = daemon.client().await;
    let asked = json!({"channel": "telegram"});
    let page = client.call("history", &asked).await.expect("a page");
    let texts = page["messages"].as_array().expect("messages").iter();
    let texts: Vec<_> = texts.map(|message| &message["text"]).collect();
    assert_eq!(texts, ["hushed-text olá", "again", "new"]);
    // A reply to it is sent as a reply.
    let id = &page["messages"][0]["message_id"];
    send(&mut client, json!({"text": "hi", "reply_to": id})).await;
    let sent = setup.fake.saw("/sendMessage").body;
    assert_field(&sent["reply_parameters"], "message_id", 7);
    assert_field(&sent, "chat_id", 42);
}

#[tokio::test]
async fn long_text_and_media() {
    let setup = TelegramSetup::new(vec![], vec![]);
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let text = "hushed-text one. ".repeat(600);
    let sent = send(&mut client, json!({"text": text})).await;
    assert_eq!(sent["state"], "sent", "{sent}");
    let parts: Vec<_> = (0..3)
        .map(|_| setup.fake.saw("/sendMessage").body)
        .collect();
    let joined: Vec<_> = parts
        .iter()
        .map(|part| part["text"].as_str().expect("text"))
        .collect();
    assert_eq!(joined.join(" ").trim_end(), text.trim_end());
    let media = json!({"kind": "image", "url": "https://example.com/a.png"});
    send(&mut client, json!({"text": "look", "media": media})).await;
    let photo = setup.fake.saw("/sendPhoto").body;
    assert_fields(
        &photo,
        &json!({"photo": "https://example.com/a.png", "caption": "look"}),
    );
}

#[tokio::test]
async fn retry_after_and_blocked_bot() {
    let later = json!({"ok": false, "error_code": 429, "description": "Too Many Requests",
        "parameters": {"retry_after": 600}});
    let blocked = json!({"ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user"});
    let setup = TelegramSetup::new(
        vec![],
        vec![Reply::Json(403, blocked), Reply::Json(429, later)],
    );
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let failed = send(&mut client, json!({"text": "x"})).await;
    assert_field(&failed, "state", "failed");
    assert_mentions(&failed, "error", "blocked");
    let mut listener = daemon.listener(&["message.status"]).await;
    let payload = json!({"channel": "telegram", "to": "42", "text": "y"});
    client.call("send", &payload).await.expect("queued");
    while next_event(&mut listener).await.payload["error"].is_null() {}
    let outbox = client.call("outbox", &json!({})).await.expect("listed");
    let waiting = &outbox["waiting"][0];
    let wait =
        waiting["due_ms"].as_u64().expect("due") - waiting["updated_ms"].as_u64().expect("set");
    assert!((599_000..=601_000).contains(&wait), "{wait}");
    assert_field(
        &outbox["failed"][0],
        "message_id",
        json!(failed["message_id"]),
    );
}

#[tokio::test]
async fn cut_off_answer_is_retried() {
    let setup = TelegramSetup::new(vec![], vec![Reply::Half]);
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let sent = send(&mut client, json!({"text": "x"})).await;
    assert_field(&sent, "state", "sent");
    let telegram = integration(&mut client, "telegram").await.expect("there");
    assert_field(&telegram["counters"], "unknown", 1);
}

#[tokio::test]
async fn wrong_token_parks_the_bot() {
    let setup = TelegramSetup::new(vec![], vec![]);
    let daemon = setup.daemon(&[("TELEGRAM_BOT_TOKEN", "wrong-and-secret")]);
    let mut client = daemon.listener(&["integration.state"]).await;
    let webchat = integration(&mut client, "webchat").await.expect("there");
    let parked = match integration(&mut client, "telegram").await.expect("there") {
        parked if parked["state"] == "parked" => parked,
        _ => until_state(&mut client, "telegram", "parked").await,
    };
    assert_mentions(&parked, "advice", "reload");
    assert_field(&webchat, "state", "running");
    let logged = daemon.logs("credentials were refused");
    assert!(!logged.contains("wrong-and-secret"), "{logged}");
}

#[tokio::test]
async fn second_poller_backs_off() {
    let setup = TelegramSetup::new(
        vec![telegram_update(7, 42, "after the other ended")],
        vec![],
    );
    let text = "Conflict: terminated by other getUpdates request";
    let conflict = json!({"ok": false, "error_code": 409, "description": text});
    let polls = &setup.service.polls;
    polls
        .lock()
        .expect("not poisoned")
        .push_back(Reply::Json(409, conflict));
    let daemon = setup.daemon(&[("TELEGRAM_ALLOW_FROM", "42")]);
    let topics = ["integration.state", "message.received"];
    let mut client = daemon.listener(&topics).await;
    let waiting = match integration(&mut client, "telegram").await.expect("there") {
        waiting if waiting["state"] == "backing_off" => waiting,
        _ => until_state(&mut client, "telegram", "backing_off").await,
    };
    assert_mentions(&waiting, "last_error", text);
    let wait =
        waiting["until_ms"].as_u64().expect("set") - waiting["since_ms"].as_u64().expect("set");
    assert!((34_900..=36_000).contains(&wait), "{wait}");
    setup.fake.saw("/getUpdates");
    let sent = send(&mut client, json!({"text": "x"})).await;
    assert_field(&sent, "state", "sent");
    assert!(
        setup.fake.never_saw("/getUpdates"),
        "it does not poll while it waits"
    );
    // A restart by the user ends the wait.
    let restart = json!({"name": "telegram"});
    client
        .call("integration.restart", &restart)
        .await
        .expect("done");
    until_state(&mut client, "telegram", "running").await;
    while next_event(&mut client).await.payload["text"] != "after the other ended" {}
}

#[tokio::test]
async fn unknown_sender_must_pair() {
    let setup = TelegramSetup::new(
        vec![
            telegram_update(1, 42, "hushed-text let me in"),
            telegram_update(2, 42, "hello?"),
        ],
        vec![],
    );
    let daemon = setup.daemon(&[]);
    let mut client = daemon.listener(&["message.received"]).await;
    let told = setup.fake.saw("/sendMessage").body;
    let code = told_code(told["text"].as_str().expect("a text"));
    let pending = client.call("pairing", &json!({})).await.expect("listed");
    assert_field(&pending["pending"][0], "sender", "42");
    let approve = json!({"channel": "telegram", "code": code});
    let approved = client
        .call("pairing.approve", &approve)
        .await
        .expect("done");
    assert_field(&approved, "sender", "42");
    let welcome = setup.fake.saw("/sendMessage").body["text"].clone();
    let is_told = welcome.as_str().is_some_and(|text| !text.contains(code));
    assert!(is_told, "who was let in is told so: {welcome}");
    setup
        .service
        .updates
        .lock()
        .expect("not poisoned")
        .push(telegram_update(3, 42, "thanks"));
    // The hanging poll does not return it; the poll of a new run does.
    client
        .call("integration.restart", &json!({"name": "telegram"}))
        .await
        .expect("done");
    let heard = next_event(&mut client).await.payload;
    assert_eq!(
        heard["text"], "thanks",
        "what was written before is not processed"
    );
    assert!(
        setup.fake.never_saw("/sendMessage"),
        "one code is told once"
    );
}

#[tokio::test]
async fn typing_is_shown_without_waiting() {
    let hangs = vec![Reply::Hang];
    let setup = TelegramSetup::new(vec![], hangs);
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let mut listener = daemon.listener(&["typing"]).await;
    until_running(&mut client, "telegram").await;
    for text in ["Hel", "Hello"] {
        let payload = json!({"channel": "telegram", "to": "42", "text": text});
        let shown = client.call("typing", &payload).await.expect("taken");
        assert_eq!(shown, json!({"shown": true}));
        let event = next_event(&mut listener).await;
        let (payload, now) = (event.payload, clock::now_ms());
        let told = ["channel", "peer", "direction", "text"].map(|name| payload[name].clone());
        assert_eq!(json!(told), json!(["telegram", "42", "out", text]));
        let lapses = payload["until_ms"].as_u64().expect("a time");
        assert!(lapses > now && lapses <= now + 10_000, "{lapses} at {now}");
    }
    let asked = setup.fake.saw("/sendChatAction").body;
    assert_eq!(asked, json!({"chat_id": 42, "action": "typing"}));
    // The call hangs, but the message is sent; the second indicator came too soon and was left out.
    assert_field(
        &send(&mut client, json!({"text": "x"})).await,
        "state",
        "sent",
    );
    assert!(setup.fake.never_saw("/sendChatAction"));
    let read = json!({"channel": "telegram", "peer": "42"});
    client.call("read", &read).await.expect("read");
    for wrong in [
        json!({"channel": "telegram"}),
        json!({"channel": "telegram", "to": "42", "peer": "42"}),
    ] {
        let code = refusal(&mut client, "typing", wrong).await;
        assert_eq!(code, "bad_payload");
    }
    let theirs = json!({"channel": "telegram", "peer": "42"});
    let code = refusal(&mut client, "typing", theirs).await;
    assert_eq!(code, "channel_unavailable");
    let nowhere = json!({"channel": "fax", "to": "42"});
    let code = refusal(&mut client, "typing", nowhere).await;
    assert_eq!(code, "unknown_channel");
}

/// `cargo test --release --test it -- --ignored --nocapture throughput`
#[tokio::test]
#[ignore = "measures"]
async fn outbox_throughput() {
    const MESSAGES: u32 = 20_000;
    let setup = TelegramSetup::new(vec![], vec![]);
    let daemon = setup.daemon(&[("TELEGRAM_RATE", "0")]);
    let mut client = daemon.client().await;
    let begun = std::time::Instant::now();
    for n in 0..MESSAGES {
        let payload =
            json!({"channel": "telegram", "to": (n % 200).to_string(), "text": n.to_string()});
        let command = json!({"type": "command", "action": "send", "payload": payload});
        client.send_text(&command.to_string()).await.expect("sent");
        if n % 500 == 499 {
            client.call("ping", &json!({})).await.expect("alive");
        }
    }
    // Each peer has its order: when its last message is sent, all of them are.
    for peer in 0..200 {
        let last = json!({"to": peer.to_string(), "text": "last"});
        assert_field(&send(&mut client, last).await, "state", "sent");
    }
    let sent = MESSAGES + 200;
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{sent} messages in {took:.1} s: {:.0}/s, {:.0} µs of server CPU a message",
        f64::from(sent) / took,
        daemon.cpu_ticks() * 10_000.0 / f64::from(sent)
    );
}

#[test]
fn short_polls_are_throttled() {
    let fake = Fake::start(|request| {
        let result = if request.path.ends_with("/getUpdates") {
            // Answers at once, with an update that was confirmed before.
            json!([telegram_update(1, 42, "old news")])
        } else {
            json!({"id": 1})
        };
        telegram_ok(result)
    });
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    use_telegram(&mut command, &fake);
    let _daemon = Daemon::from_command(command, &home.0);
    fake.saw("/getUpdates");
    fake.saw("/getUpdates");
    let begun = std::time::Instant::now();
    fake.saw("/getUpdates");
    assert!(begun.elapsed() >= std::time::Duration::from_millis(900));
}

#[cfg(feature = "store")]
#[tokio::test]
async fn crash_resends_no_accepted_part() {
    let taken = json!({"ok": true, "result": {"message_id": 7, "chat": {"id": 42}}});
    let answers = vec![Reply::Json(200, taken), Reply::Hang];
    let setup = TelegramSetup::new(vec![], answers);
    let mut daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let text = "hushed-text one. ".repeat(300);
    let payload = json!({"channel": "telegram", "to": "42", "text": text});
    let sent = client.call("send", &payload).await.expect("queued");
    setup.fake.saw("/sendMessage");
    let second = setup.fake.saw("/sendMessage").body;
    daemon.kill();
    let daemon = setup.daemon(&[]);
    assert_eq!(setup.fake.saw("/sendMessage").body, second);
    let mut client = daemon.client().await;
    let asked =
        json!({"channel": "telegram", "to": "42", "text": "then", "reply_to": sent["message_id"]});
    send(&mut client, asked).await;
    // A reply refers to its first part, whose id was stored before the crash.
    let next = setup.fake.saw("/sendMessage").body;
    assert_field(&next["reply_parameters"], "message_id", 7);
}

#[tokio::test]
async fn sent_message_is_deleted_in_all_its_parts_and_a_refusal_is_told() {
    let setup = TelegramSetup::new(vec![], vec![]);
    let daemon = setup.daemon(&[]);
    let mut client = daemon.client().await;
    let sent = send(
        &mut client,
        json!({"text": "hushed-text one. ".repeat(300)}),
    )
    .await;
    let asked = json!({"message_id": sent["message_id"]});
    // Somebody deleted the first part before.
    let refused = |code: u16, why: &str| {
        let body = json!({"ok": false, "error_code": code, "description": why});
        Reply::Json(code, body)
    };
    let gone = refused(400, "Bad Request: message to delete not found");
    setup
        .service
        .answers
        .lock()
        .expect("not poisoned")
        .push_back(gone);
    client.call("delete", &asked).await.expect("deleted");
    let deleted: Vec<_> = (0..2)
        .map(|_| setup.fake.saw("/deleteMessage").body)
        .collect();
    assert_eq!(
        deleted,
        [
            json!({"chat_id": 42, "message_id": 100}),
            json!({"chat_id": 42, "message_id": 101})
        ]
    );

    let sent = send(&mut client, json!({"text": "hushed-text"})).await;
    let asked = json!({"message_id": sent["message_id"]});
    let late = refused(400, "Bad Request: message can't be deleted for everyone");
    setup
        .service
        .answers
        .lock()
        .expect("not poisoned")
        .push_back(late);
    let fault = client.call("delete", &asked).await.expect_err("refused");
    assert!(fault.to_string().contains("can't be deleted"), "{fault}");
    let kept = client.call("message", &asked).await.expect("it");
    assert!(kept["message"]["deleted_ms"].is_null(), "{kept}");
}
