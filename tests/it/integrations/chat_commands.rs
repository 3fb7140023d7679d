//! `/zap` and `/wa` in a Telegram chat: what goes out on `WhatsApp`, and what the chat is told.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    integrations::cloud::{SECRET, change, post, signed},
    support::{
        Daemon, Scratch, daemon_command,
        fake::{Fake, Reply},
    },
};

/// A bot that has these updates and takes whatever is sent.
fn telegram(updates: Vec<Value>) -> Fake {
    Fake::start(move |request| {
        let ok = |result: Value| Reply::Json(200, json!({"ok": true, "result": result}));
        match request.path.rsplit('/').next().unwrap_or_default() {
            "getMe" => ok(json!({"id": 1})),
            "getUpdates" if request.body.get("offset").is_none() => ok(json!(updates)),
            "getUpdates" => Reply::Hang,
            _ => ok(json!({"message_id": 9, "chat": {"id": 42}})),
        }
    })
}

/// An Evolution API that answers every text so.
fn evolution(status: u16, answer: Value) -> Fake {
    Fake::start(move |request| match request.path.as_str() {
        "/instance/connectionState/Cleudocode" => {
            Reply::Json(200, json!({"instance": {"state": "open"}}))
        }
        "/webhook/set/Cleudocode" => Reply::Json(201, json!({})),
        _ => Reply::Json(status, answer.clone()),
    })
}

fn cloud() -> Fake {
    Fake::start(|request| {
        if request.path.ends_with("?fields=id") {
            return Reply::Json(200, json!({"id": "555"}));
        }
        Reply::Json(200, json!({"messages": [{"id": "wamid.1"}]}))
    })
}

fn update(id: i64, from: i64, text: &str) -> Value {
    json!({"update_id": id, "message": {"message_id": id, "text": text,
        "chat": {"id": from}, "from": {"id": from}}})
}

fn command(home: &Scratch, telegram: &Fake) -> Command {
    let mut command = daemon_command(&home.0);
    command
        .env("TELEGRAM_BOT_TOKEN", "123:token-of-the-test")
        .env("TELEGRAM_BASE_URL", telegram.url())
        .env("TELEGRAM_ALLOW_FROM", "42");
    command
}

fn with_evolution(command: &mut Command, evolution: &Fake) {
    command
        .env("WHATSAPP_BASE_URL", evolution.url())
        .env("WHATSAPP_API_TOKEN_INSTANCE", "evolution-key-of-the-test");
}

fn with_cloud(command: &mut Command, cloud: &Fake) {
    command
        .env("WHATSAPP_CLOUD_TOKEN", "cloud-token-of-the-test")
        .env("WHATSAPP_CLOUD_PHONE_ID", "555")
        .env("WHATSAPP_CLOUD_BASE_URL", cloud.url());
}

/// What the chat is told next: to whom and what.
fn told(telegram: &Fake) -> (Value, String) {
    let sent = telegram.saw("/sendMessage").body;
    let text = sent["text"].as_str().expect("a text").to_owned();
    (sent["chat_id"].clone(), text)
}

#[test]
fn it_goes_out_by_the_evolution_api_first_and_the_chat_is_told() {
    let zap = "/zap +55(11)99999-8888 good morning\nto all";
    let telegram = telegram(vec![update(1, 42, zap)]);
    let evolution = evolution(201, json!({"key": {"id": "3EB0"}}));
    let (cloud, home) = (cloud(), Scratch::new());
    let mut command = command(&home, &telegram);
    with_evolution(&mut command, &evolution);
    with_cloud(&mut command, &cloud);
    let _daemon = Daemon::from_command(command, &home.0);
    let sent = evolution.saw("/message/sendText/Cleudocode").body;
    assert_eq!(
        sent,
        json!({"number": "5511999998888", "text": "good morning\nto all"})
    );
    assert_eq!(
        told(&telegram),
        (json!(42), "Sent to 5511999998888.".to_owned())
    );
    assert!(cloud.never_saw("/messages") && evolution.never_saw("/message/sendText/Cleudocode"));
}

#[test]
fn it_goes_out_by_the_cloud_api_where_only_that_is_set_up() {
    let telegram = telegram(vec![update(1, 42, "/wa 5511999998888 hi")]);
    let (cloud, home) = (cloud(), Scratch::new());
    let mut command = command(&home, &telegram);
    with_cloud(&mut command, &cloud);
    let _daemon = Daemon::from_command(command, &home.0);
    let sent = cloud.saw("/messages").body;
    assert_eq!(
        (&sent["to"], &sent["text"]["body"]),
        (&json!("5511999998888"), &json!("hi"))
    );
    assert_eq!(
        told(&telegram),
        (json!(42), "Sent to 5511999998888.".to_owned())
    );
}

#[test]
fn a_message_that_cannot_go_out_is_told_with_its_reason() {
    let telegram = telegram(vec![update(1, 42, "/zap 5511999998888 hi")]);
    let gone = json!({"status": 400, "response": {"message": [{"exists": false}]}});
    let (evolution, home) = (evolution(400, gone), Scratch::new());
    let mut command = command(&home, &telegram);
    with_evolution(&mut command, &evolution);
    let _daemon = Daemon::from_command(command, &home.0);
    let (chat, text) = told(&telegram);
    assert_eq!(
        (chat, text.as_str()),
        (
            json!(42),
            "Not sent to 5511999998888: this number is not on WhatsApp"
        )
    );
}

/// The Cloud API takes a message for a number that is not there, and says so later.
#[test]
fn a_failure_that_only_the_webhook_tells_reaches_the_chat() {
    let telegram = telegram(vec![update(1, 42, "/zap 5511999998888 hi")]);
    let (cloud, home) = (cloud(), Scratch::new());
    let mut command = command(&home, &telegram);
    with_cloud(&mut command, &cloud);
    command.env("WHATSAPP_CLOUD_APP_SECRET", SECRET);
    let daemon = Daemon::from_command(command, &home.0);
    assert_eq!(told(&telegram).1, "Sent to 5511999998888.");
    let errors = json!([{"code": 131_026, "title": "Message undeliverable"}]);
    let status = json!({"id": "wamid.1", "status": "failed", "errors": errors});
    let body = change(&json!({"statuses": [status]}));
    assert_eq!(post(&daemon, &body, &signed(&body)), 200);
    let (chat, text) = told(&telegram);
    let start = "Not delivered to 5511999998888: ";
    assert!(chat == 42 && text.starts_with(start), "{text}");
}

#[test]
fn whoever_is_not_allowed_is_not_heard() {
    let telegram = telegram(vec![
        update(1, 99, "/zap 5511999998888 from a stranger"),
        update(2, 42, "/zap 5511999998888 from the owner"),
    ]);
    let evolution = evolution(201, json!({"key": {"id": "3EB0"}}));
    let home = Scratch::new();
    let mut command = command(&home, &telegram);
    with_evolution(&mut command, &evolution);
    let _daemon = Daemon::from_command(command, &home.0);
    let sent = evolution.saw("/message/sendText/Cleudocode").body;
    assert_eq!(sent["text"], "from the owner");
    let mut all = [told(&telegram), told(&telegram)];
    all.sort_by_key(|(chat, _)| chat.as_i64());
    assert_eq!(all[0].1, "Sent to 5511999998888.");
    assert!(all[1].0 == 99 && all[1].1.contains("pairing approve"));
    assert!(evolution.never_saw("/message/sendText/Cleudocode"));
}

#[test]
fn what_is_malformed_or_cannot_be_done_is_explained() {
    let telegram = telegram(vec![
        update(1, 42, "/zap"),
        update(2, 42, "/wa ana hello"),
        update(3, 42, "/zap 5511999998888 hi"),
    ]);
    let home = Scratch::new();
    let _daemon = Daemon::from_command(command(&home, &telegram), &home.0);
    let usage = "Use: /zap NUMBER TEXT, the number with its country code";
    for expected in [usage, usage, "WhatsApp is not set up here"] {
        assert_eq!(told(&telegram), (json!(42), expected.to_owned()));
    }
}

/// The service repeats an update after a crash: its command is obeyed once.
#[cfg(feature = "store")]
#[test]
fn a_repeated_command_is_obeyed_once() {
    let zap = || vec![update(1, 42, "/zap 5511999998888 once")];
    let evolution = evolution(201, json!({"key": {"id": "3EB0"}}));
    let home = Scratch::new();
    for life in 0..2 {
        let telegram = telegram(zap());
        let mut command = command(&home, &telegram);
        with_evolution(&mut command, &evolution);
        let mut daemon = Daemon::from_command(command, &home.0);
        if life == 0 {
            evolution.saw("/message/sendText/Cleudocode");
            assert_eq!(told(&telegram).1, "Sent to 5511999998888.");
        } else {
            while telegram.saw("/getUpdates").body["offset"] != 2 {}
        }
        daemon.kill();
    }
    assert!(evolution.never_saw("/message/sendText/Cleudocode"));
}
