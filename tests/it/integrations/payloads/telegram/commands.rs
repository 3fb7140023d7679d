//! Commands in a chat: whose they are, obeyed once, and who may give them.

use serde_json::{Value, json};

use super::{CHOIR, Stage, in_group, private, with};
use crate::support::{
    assert_field,
    fake::{Fake, Reply},
    services::{self, EVOLUTION_KEY},
};

/// A stage with an Evolution API beside it, and that.
async fn with_whatsapp(allowed: &str) -> (Stage, Fake) {
    let evolution = services::evolution(|_| Reply::Json(201, json!({"key": {"id": "3EB0"}})));
    let url = evolution.url();
    let others = [
        ("WHATSAPP_BASE_URL", url.as_str()),
        ("WHATSAPP_API_TOKEN_INSTANCE", EVOLUTION_KEY),
        ("WHATSAPP_RATE", "0"),
    ];
    let stage = Stage::with(&[("TELEGRAM_ALLOW_FROM", allowed)], &others).await;
    (stage, evolution)
}

/// What was sent on `WhatsApp`, up to the text `the end`.
async fn sent(stage: &mut Stage, evolution: &Fake) -> Vec<Value> {
    let payload =
        json!({"channel": "whatsapp", "to": "491510000001", "text": "the end", "wait": true});
    let end = stage
        .client
        .call("send", &payload)
        .await
        .expect("an outcome");
    assert_field(&end, "state", "sent");
    let mut texts = Vec::new();
    while texts.last().is_none_or(|text| text != "the end") {
        texts.push(evolution.saw("/message/sendText/Cleudocode").body["text"].take());
    }
    texts.pop();
    texts
}

/// Until the bot has told of so many.
fn told(stage: &Stage, count: usize) {
    for _ in 0..count {
        stage.fake.saw("/sendMessage");
    }
}

/// Clients write the name of the bot behind a command in groups, in any case.
#[tokio::test]
async fn a_command_may_name_this_bot_and_no_other() {
    let (mut stage, evolution) = with_whatsapp("*").await;
    let command = |id: i64, text: &str| with(in_group(id, CHOIR), &json!({"text": text}));
    stage.messages([
        command(27, "/zap@field_bot 5521900001111 one"),
        command(28, "/zap@other_bot 5521900001111 not for us"),
        command(29, "/ZAP@Field_Bot 5521900001111 two"),
        command(30, "/wa@FIELD_BOT 5521900001111 three"),
        command(31, "/zap@ 5521900001111 for nobody"),
        with(
            command(32, "/zap 5521900001111 forwarded"),
            &json!({"forward_origin": {"type": "user", "sender_user": {"id": 9}}}),
        ),
    ]);
    told(&stage, 3);
    let mut texts = sent(&mut stage, &evolution).await;
    texts.sort_by_key(Value::to_string);
    assert_eq!(texts, ["one", "three", "two"]);
    assert_eq!(
        stage
            .stored(CHOIR)
            .await
            .iter()
            .filter(|one| one["direction"] == "in")
            .count(),
        6
    );
}

/// An edit that changed nothing but metadata, and one that corrects the text.
#[tokio::test]
async fn a_command_is_obeyed_once_and_never_from_an_edit() {
    let (mut stage, evolution) = with_whatsapp("*").await;
    let said = |text: &str| with(private(77, 42), &json!({"text": text}));
    stage.updates([
        json!({"message": said("/zap 5521900001111 hello")}),
        json!({"edited_message": said("/zap 5521900001111 hello")}),
        json!({"edited_message": said("/zap 5521900001111 hello!")}),
        json!({"edited_message": with(said("/zap 5521900001111 from before"), &json!({"message_id": 3}))}),
    ]);
    told(&stage, 1);
    assert_eq!(sent(&mut stage, &evolution).await, ["hello"]);
}

/// A post of a channel is no command of a person.
#[tokio::test]
async fn a_post_of_a_channel_is_not_obeyed() {
    let (mut stage, evolution) = with_whatsapp("*").await;
    let post = json!({"message_id": 6, "date": 0, "chat": {"id": super::ALERTS, "title": "Alerts", "type": "channel"}, "text": "/zap 5521900001111 hi"});
    stage.updates([json!({"channel_post": post})]);
    assert_eq!(sent(&mut stage, &evolution).await.len(), 0);
}

#[tokio::test]
async fn lists_are_understood_in_every_spelling() {
    for allowed in [
        "@analima",
        "@AnaLima",
        "telegram:42",
        "tg:42",
        "[\"42\"]",
        "42;43",
        "43, 42",
        "\"42\"",
    ] {
        let mut stage = Stage::with(&[("TELEGRAM_ALLOW_FROM", allowed)], &[]).await;
        stage.messages([with(private(36, 42), &json!({"text": "hi"}))]);
        assert_eq!(stage.stored(42).await.len(), 1, "{allowed}");
    }
}
