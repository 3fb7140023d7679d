//! `/zap` and `/wa` in a Telegram chat: what is sent on `WhatsApp`, and what the chat is told.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, assert_field, assert_fields, daemon_command,
    fake::{Fake, Reply},
    services::{
        self, CLOUD_SECRET, cloud_change, cloud_signature, post_to_cloud, telegram_ok,
        telegram_update, use_cloud, use_evolution, use_telegram,
    },
};

/// A Bot API that has these updates and accepts whatever is sent.
fn telegram(updates: Vec<Value>) -> Fake {
    Fake::start(
        move |request| match request.path.rsplit('/').next().unwrap_or_default() {
            "getMe" => telegram_ok(json!({"id": 1})),
            "getUpdates" if request.body.get("offset").is_none() => telegram_ok(json!(updates)),
            "getUpdates" => Reply::Hang,
            _ => telegram_ok(json!({"message_id": 9, "chat": {"id": 42}})),
        },
    )
}

/// An Evolution API that answers every text with this.
fn evolution(status: u16, answer: Value) -> Fake {
    services::evolution(move |_| Reply::Json(status, answer.clone()))
}

fn cloud() -> Fake {
    services::cloud(|_| services::cloud_accepted())
}

fn command(home: &Scratch, telegram: &Fake) -> Command {
    let mut command = daemon_command(&home.0);
    use_telegram(&mut command, telegram).env("TELEGRAM_ALLOW_FROM", "42");
    command
}

/// The next message that the bot sends: its chat and text.
fn told(telegram: &Fake) -> (Value, String) {
    let sent = telegram.saw("/sendMessage").body;
    let text = sent["text"].as_str().expect("a text").to_owned();
    (sent["chat_id"].clone(), text)
}

#[test]
fn evolution_api_is_preferred() {
    let zap = "/zap +55(11)99999-8888 good morning\nto all";
    let telegram = telegram(vec![telegram_update(1, 42, zap)]);
    let evolution = evolution(201, json!({"key": {"id": "3EB0"}}));
    let (cloud, home) = (cloud(), Scratch::new());
    let mut command = command(&home, &telegram);
    use_evolution(&mut command, &evolution);
    use_cloud(&mut command, &cloud);
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
fn cloud_api_is_the_fallback() {
    let telegram = telegram(vec![telegram_update(1, 42, "/wa 5511999998888 hi")]);
    let (cloud, home) = (cloud(), Scratch::new());
    let mut command = command(&home, &telegram);
    use_cloud(&mut command, &cloud);
    let _daemon = Daemon::from_command(command, &home.0);
    let sent = cloud.saw("/messages").body;
    assert_fields(&sent, &json!({"to": "5511999998888", "text.body": "hi"}));
    assert_eq!(
        told(&telegram),
        (json!(42), "Sent to 5511999998888.".to_owned())
    );
}

#[test]
fn failure_is_told_with_reason() {
    let telegram = telegram(vec![telegram_update(1, 42, "/zap 5511999998888 hi")]);
    let gone = json!({"status": 400, "response": {"message": [{"exists": false}]}});
    let (evolution, home) = (evolution(400, gone), Scratch::new());
    let mut command = command(&home, &telegram);
    use_evolution(&mut command, &evolution);
    let _daemon = Daemon::from_command(command, &home.0);
    let (chat, text) = told(&telegram);
    assert_eq!(
        (chat, text.as_str()),
        (
            json!(42),
            "Not sent to 5511999998888: this number is not on WhatsApp (exists: false, status 400); \
             check it and its country code"
        )
    );
}

/// The Cloud API accepts a message to an unknown number and reports the failure later.
#[test]
fn later_failure_reaches_the_chat() {
    let telegram = telegram(vec![telegram_update(1, 42, "/zap 5511999998888 hi")]);
    let (cloud, home) = (cloud(), Scratch::new());
    let mut command = command(&home, &telegram);
    use_cloud(&mut command, &cloud);
    command.env("WHATSAPP_CLOUD_APP_SECRET", CLOUD_SECRET);
    let daemon = Daemon::from_command(command, &home.0);
    assert_eq!(told(&telegram).1, "Sent to 5511999998888.");
    let errors = json!([{"code": 131_026, "title": "Message undeliverable"}]);
    let status = json!({"id": "wamid.1", "status": "failed", "errors": errors});
    let body = cloud_change(&json!({"statuses": [status]}));
    assert_eq!(post_to_cloud(&daemon, &body, &cloud_signature(&body)), 200);
    let (chat, text) = told(&telegram);
    let start = "Not delivered to 5511999998888: ";
    assert!(chat == 42 && text.starts_with(start), "{text}");
}

#[test]
fn strangers_cannot_send() {
    let telegram = telegram(vec![
        telegram_update(1, 99, "/zap 5511999998888 from a stranger"),
        telegram_update(2, 42, "/zap 5511999998888 from the owner"),
    ]);
    let evolution = evolution(201, json!({"key": {"id": "3EB0"}}));
    let home = Scratch::new();
    let mut command = command(&home, &telegram);
    use_evolution(&mut command, &evolution);
    let _daemon = Daemon::from_command(command, &home.0);
    let sent = evolution.saw("/message/sendText/Cleudocode").body;
    assert_field(&sent, "text", "from the owner");
    let mut all = [told(&telegram), told(&telegram)];
    all.sort_by_key(|(chat, _)| chat.as_i64());
    assert_eq!(all[0].1, "Sent to 5511999998888.");
    assert!(all[1].0 == 99 && all[1].1.contains("Your code is "));
    assert!(evolution.never_saw("/message/sendText/Cleudocode"));
}

#[test]
fn malformed_commands_are_explained() {
    let telegram = telegram(vec![
        telegram_update(1, 42, "/zap"),
        telegram_update(2, 42, "/wa ana hello"),
        telegram_update(3, 42, "/zap 5511999998888 hi"),
    ]);
    let home = Scratch::new();
    let _daemon = Daemon::from_command(command(&home, &telegram), &home.0);
    let usage = "Use: /zap NUMBER TEXT, the number with its country code";
    for expected in [usage, usage, "WhatsApp is not set up here"] {
        assert_eq!(told(&telegram), (json!(42), expected.to_owned()));
    }
}

/// After a crash the service repeats an update; its command must not run again.
#[cfg(feature = "store")]
#[test]
fn repeated_update_sends_once() {
    let zap = || vec![telegram_update(1, 42, "/zap 5511999998888 once")];
    let evolution = evolution(201, json!({"key": {"id": "3EB0"}}));
    let home = Scratch::new();
    for life in 0..2 {
        let telegram = telegram(zap());
        let mut command = command(&home, &telegram);
        use_evolution(&mut command, &evolution);
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
