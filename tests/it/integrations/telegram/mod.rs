//! Telegram against a fake of its Bot API.

mod stage;

use cleudocodebot::clock;
use serde_json::json;

use self::stage::{Stage, TOKEN, send, until_state, update};
use crate::support::{
    Daemon, Scratch, daemon_command,
    fake::{Fake, Reply, until_running},
    next_event, refusal,
};

#[cfg(feature = "store")]
#[tokio::test]
async fn what_comes_in_is_stored_before_it_is_confirmed_and_once() {
    let stage = Stage::new(
        vec![update(7, 42, "hushed-text olá"), update(8, 42, "again")],
        vec![],
    );
    let settings = [("TELEGRAM_ALLOW_FROM", "42")];
    let mut daemon = stage.daemon(&settings);
    let unconfirmed = stage.fake.saw("/getUpdates");
    assert!(unconfirmed.body.get("offset").is_none());
    assert!(unconfirmed.body["allowed_updates"].is_array());
    let confirmed = stage.fake.saw("/getUpdates");
    assert_eq!(confirmed.body["offset"], 9);
    daemon.kill();
    // The service repeats what it gave out, as after a crash before the confirmation.
    *stage.service.updates.lock().expect("whole") =
        vec![update(8, 42, "again"), update(9, 42, "new")];
    let daemon = stage.daemon(&settings);
    while stage.fake.saw("/getUpdates").body["offset"] != 10 {}
    let mut client = daemon.client().await;
    let asked = json!({"channel": "telegram"});
    let page = client.call("history", &asked).await.expect("a page");
    let texts = page["messages"].as_array().expect("messages").iter();
    let texts: Vec<_> = texts.map(|message| &message["text"]).collect();
    assert_eq!(texts, ["hushed-text olá", "again", "new"]);
    // An answer to it goes out as one.
    let id = &page["messages"][0]["message_id"];
    send(&mut client, json!({"text": "hi", "reply_to": id})).await;
    let sent = stage.fake.saw("/sendMessage").body;
    assert_eq!(sent["reply_parameters"]["message_id"], 7);
    assert_eq!(sent["chat_id"], 42);
}

#[tokio::test]
async fn a_long_text_goes_out_in_parts_and_media_by_url() {
    let stage = Stage::new(vec![], vec![]);
    let daemon = stage.daemon(&[]);
    let mut client = daemon.client().await;
    let text = "hushed-text one. ".repeat(600);
    let sent = send(&mut client, json!({"text": text})).await;
    assert_eq!(sent["state"], "sent", "{sent}");
    let parts: Vec<_> = (0..3)
        .map(|_| stage.fake.saw("/sendMessage").body)
        .collect();
    let joined: Vec<_> = parts
        .iter()
        .map(|part| part["text"].as_str().expect("text"))
        .collect();
    assert_eq!(joined.join(" ").trim_end(), text.trim_end());
    let media = json!({"kind": "image", "url": "https://example.com/a.png"});
    send(&mut client, json!({"text": "look", "media": media})).await;
    let photo = stage.fake.saw("/sendPhoto").body;
    assert_eq!(
        (&photo["photo"], &photo["caption"]),
        (&json!("https://example.com/a.png"), &json!("look"))
    );
}

#[tokio::test]
async fn a_bot_that_waits_is_obeyed_and_a_blocked_one_gives_up() {
    let later = json!({"ok": false, "error_code": 429, "description": "Too Many Requests",
        "parameters": {"retry_after": 600}});
    let blocked = json!({"ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user"});
    let stage = Stage::new(
        vec![],
        vec![Reply::Json(403, blocked), Reply::Json(429, later)],
    );
    let daemon = stage.daemon(&[]);
    let mut client = daemon.client().await;
    let failed = send(&mut client, json!({"text": "x"})).await;
    assert_eq!(failed["state"], "failed");
    assert!(
        failed["error"]
            .as_str()
            .is_some_and(|why| why.contains("blocked"))
    );
    let mut listener = daemon.listener(&["message.status"]).await;
    let payload = json!({"channel": "telegram", "to": "42", "text": "y"});
    client.call("send", &payload).await.expect("queued");
    while next_event(&mut listener).await.payload["error"].is_null() {}
    let outbox = client.call("outbox", &json!({})).await.expect("listed");
    let waiting = &outbox["waiting"][0];
    let wait =
        waiting["due_ms"].as_u64().expect("due") - waiting["updated_ms"].as_u64().expect("set");
    assert!((599_000..=601_000).contains(&wait), "{wait}");
    assert_eq!(outbox["failed"][0]["message_id"], failed["message_id"]);
}

#[tokio::test]
async fn an_answer_cut_off_in_the_middle_is_tried_again_and_told() {
    let stage = Stage::new(vec![], vec![Reply::Half]);
    let daemon = stage.daemon(&[]);
    let mut client = daemon.client().await;
    let sent = send(&mut client, json!({"text": "x"})).await;
    assert_eq!(sent["state"], "sent");
    let status = client
        .call("integrations", &json!({}))
        .await
        .expect("listed");
    let all = status["integrations"].as_array().expect("a list");
    let telegram = all
        .iter()
        .find(|one| one["name"] == "telegram")
        .expect("there");
    assert_eq!(telegram["counters"]["unknown"], 1);
}

#[tokio::test]
async fn a_wrong_token_parks_the_bot_and_nothing_else() {
    let stage = Stage::new(vec![], vec![]);
    let daemon = stage.daemon(&[("TELEGRAM_BOT_TOKEN", "wrong-and-secret")]);
    let mut client = daemon.listener(&["integration.state"]).await;
    let all = client
        .call("integrations", &json!({}))
        .await
        .expect("listed");
    let of = |name: &str| {
        let all = all["integrations"].as_array().expect("a list");
        all.iter()
            .find(|one| one["name"] == name)
            .expect("there")
            .clone()
    };
    let parked = match of("telegram") {
        parked if parked["state"] == "parked" => parked,
        _ => until_state(&mut client, "parked").await,
    };
    assert!(
        parked["advice"]
            .as_str()
            .is_some_and(|text| text.contains("reload"))
    );
    assert_eq!(of("webchat")["state"], "running");
    let logged = daemon.logs("credentials were refused");
    assert!(!logged.contains("wrong-and-secret"), "{logged}");
}

#[tokio::test]
async fn a_bot_that_another_polls_waits_for_it_to_end_and_sends_meanwhile() {
    let stage = Stage::new(vec![update(7, 42, "after the other ended")], vec![]);
    let text = "Conflict: terminated by other getUpdates request";
    let conflict = json!({"ok": false, "error_code": 409, "description": text});
    let polls = &stage.service.polls;
    polls
        .lock()
        .expect("whole")
        .push_back(Reply::Json(409, conflict));
    let daemon = stage.daemon(&[("TELEGRAM_ALLOW_FROM", "42")]);
    let topics = ["integration.state", "message.received"];
    let mut client = daemon.listener(&topics).await;
    let all = client
        .call("integrations", &json!({}))
        .await
        .expect("listed");
    let mut all = all["integrations"].as_array().expect("a list").iter();
    let now = all.find(|one| one["name"] == "telegram").expect("there");
    let waiting = match now {
        waiting if waiting["state"] == "backing_off" => waiting.clone(),
        _ => until_state(&mut client, "backing_off").await,
    };
    assert!(
        waiting["last_error"]
            .as_str()
            .is_some_and(|why| why.contains(text))
    );
    let wait =
        waiting["until_ms"].as_u64().expect("set") - waiting["since_ms"].as_u64().expect("set");
    assert!((34_900..=36_000).contains(&wait), "{wait}");
    stage.fake.saw("/getUpdates");
    let sent = send(&mut client, json!({"text": "x"})).await;
    assert_eq!(sent["state"], "sent");
    assert!(
        stage.fake.never_saw("/getUpdates"),
        "it does not poll while it waits"
    );
    // Whoever knows that the other one ended need not wait.
    let restart = json!({"name": "telegram"});
    client
        .call("integration.restart", &restart)
        .await
        .expect("done");
    until_state(&mut client, "running").await;
    while next_event(&mut client).await.payload["text"] != "after the other ended" {}
}

#[tokio::test]
async fn an_unknown_sender_is_asked_to_pair_and_heard_only_then() {
    let stage = Stage::new(
        vec![
            update(1, 42, "hushed-text let me in"),
            update(2, 42, "hello?"),
        ],
        vec![],
    );
    let daemon = stage.daemon(&[]);
    let mut client = daemon.listener(&["message.received"]).await;
    let told = stage.fake.saw("/sendMessage").body;
    let code = told["text"]
        .as_str()
        .and_then(|text| text.rsplit(' ').next());
    let code = code.expect("a code").to_owned();
    let pending = client.call("pairing", &json!({})).await.expect("listed");
    assert_eq!(pending["pending"][0]["sender"], "42");
    let approve = json!({"channel": "telegram", "code": code});
    let approved = client
        .call("pairing.approve", &approve)
        .await
        .expect("done");
    assert_eq!(approved["sender"], "42");
    stage
        .service
        .updates
        .lock()
        .expect("whole")
        .push(update(3, 42, "thanks"));
    // The poll that hangs does not see it; a new run does.
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
        stage.fake.never_saw("/sendMessage"),
        "one code is told once"
    );
}

#[tokio::test]
async fn a_peer_sees_that_we_write_and_nobody_waits_for_it() {
    let hangs = vec![Reply::Hang];
    let stage = Stage::new(vec![], hangs);
    let daemon = stage.daemon(&[]);
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
    let asked = stage.fake.saw("/sendChatAction").body;
    assert_eq!(asked, json!({"chat_id": 42, "action": "typing"}));
    // The call hangs, the message does not; the second sign was too soon to be one.
    assert_eq!(
        send(&mut client, json!({"text": "x"})).await["state"],
        "sent"
    );
    assert!(stage.fake.never_saw("/sendChatAction"));
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
async fn throughput_of_the_outbox_to_a_local_service() {
    const MESSAGES: u32 = 20_000;
    let stage = Stage::new(vec![], vec![]);
    let daemon = stage.daemon(&[("TELEGRAM_RATE", "0")]);
    let (mut client, pid) = (daemon.client().await, daemon.child.id());
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
    // Order is kept for each peer: when its last message is sent, all are.
    for peer in 0..200 {
        let last = json!({"to": peer.to_string(), "text": "last"});
        assert_eq!(send(&mut client, last).await["state"], "sent");
    }
    let sent = MESSAGES + 200;
    let took = begun.elapsed().as_secs_f64();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let ticks: u64 = stat
        .split(' ')
        .skip(13)
        .take(2)
        .filter_map(|n| n.parse::<u64>().ok())
        .sum();
    println!(
        "{sent} messages in {took:.1} s: {:.0}/s, {:.0} µs of server CPU a message",
        f64::from(sent) / took,
        ticks as f64 * 10_000.0 / f64::from(sent)
    );
}

#[test]
fn a_server_that_holds_no_poll_is_not_asked_in_a_loop() {
    let fake = Fake::start(|request| {
        let result = if request.path.ends_with("/getUpdates") {
            // Nothing, or what it gave out before.
            json!([update(1, 42, "old news")])
        } else {
            json!({"id": 1})
        };
        Reply::Json(200, json!({"ok": true, "result": result}))
    });
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    command
        .env("TELEGRAM_BOT_TOKEN", TOKEN)
        .env("TELEGRAM_BASE_URL", fake.url());
    let _daemon = Daemon::from_command(command, &home.0);
    fake.saw("/getUpdates");
    fake.saw("/getUpdates");
    let begun = std::time::Instant::now();
    fake.saw("/getUpdates");
    assert!(begun.elapsed() >= std::time::Duration::from_millis(900));
}

#[cfg(feature = "store")]
#[tokio::test]
async fn a_crash_between_two_parts_sends_no_accepted_part_again() {
    let taken = json!({"ok": true, "result": {"message_id": 7, "chat": {"id": 42}}});
    let answers = vec![Reply::Json(200, taken), Reply::Hang];
    let stage = Stage::new(vec![], answers);
    let mut daemon = stage.daemon(&[]);
    let mut client = daemon.client().await;
    let text = "hushed-text one. ".repeat(300);
    let payload = json!({"channel": "telegram", "to": "42", "text": text});
    let sent = client.call("send", &payload).await.expect("queued");
    stage.fake.saw("/sendMessage");
    let second = stage.fake.saw("/sendMessage").body;
    daemon.kill();
    let daemon = stage.daemon(&[]);
    assert_eq!(stage.fake.saw("/sendMessage").body, second);
    let mut client = daemon.client().await;
    let asked =
        json!({"channel": "telegram", "to": "42", "text": "then", "reply_to": sent["message_id"]});
    send(&mut client, asked).await;
    // What answers it answers its first part, whose name came before the crash.
    let next = stage.fake.saw("/sendMessage").body;
    assert_eq!(next["reply_parameters"]["message_id"], 7);
}
