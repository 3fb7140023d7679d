//! What the Bot API answers to a message of ours, and to a poll.

use serde_json::{Value, json};

use super::{Findings, Stage, payload, refusal};
use crate::support::{
    assert_field, assert_mentions, event_where, fake::Reply, integration, message, until_state,
};

/// Sends a text and looks at what became of it.
async fn outcome(stage: &mut Stage, answers: Vec<Reply>) -> Value {
    stage.script("sendMessage", answers);
    let sent = stage.send("42", json!({"text": "hello"})).await;
    message(&mut stage.client, &sent["message_id"]).await
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let mut stage = Stage::open().await;
    let mut findings = Findings::default();
    let busy = json!({"ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 1}});
    for (row, answer) in [
        (
            "unknown words",
            refusal(400, "Bad Request: the moon is full"),
        ),
        ("trouble there", refusal(500, "Internal Server Error")),
        ("a restart there", refusal(502, "Bad Gateway")),
        ("a proxy", Reply::Text(502, "<html>Bad Gateway</html>")),
        ("too many", Reply::Json(429, busy)),
        ("too many, by the header alone", Reply::Busy(1, json!({}))),
    ] {
        let seen = outcome(&mut stage, vec![answer]).await;
        findings.check(row, &seen, &json!({"state": "sent"}));
    }
    findings.end();
}

/// A proxy or a firewall has no say about the message: it waits, and the channel tells.
#[tokio::test]
async fn what_is_not_telegram_lets_messages_wait() {
    for answer in [
        Reply::Text(404, "404 page not found\n"),
        Reply::Text(200, "<html>Sign in to the network</html>"),
    ] {
        let mut stage = Stage::open().await;
        crate::support::until_running(&mut stage.client, "telegram").await;
        stage.script("sendMessage", [answer]);
        let mut listener = stage.daemon.listener(&["integration.state"]).await;
        let mut statuses = stage.daemon.listener(&["message.status"]).await;
        let waiting = json!({"channel": "telegram", "to": "42", "text": "waits"});
        stage.client.call("send", &waiting).await.expect("queued");
        until_state(&mut listener, "telegram", "impaired").await;
        let seen = event_where(&mut statuses, |status| status["error"].is_string()).await;
        assert_field(&seen, "state", "sending");
        assert_field(&seen, "attempts", json!(null));
    }
}

#[tokio::test]
async fn what_is_final_fails_with_the_next_step() {
    let mut stage = Stage::open().await;
    let mut findings = Findings::default();
    for (code, said, next) in [
        (400, "Bad Request: chat not found", "numeric id"),
        (403, "Forbidden: bot was blocked by the user", "unblock"),
        (
            403,
            "Forbidden: bot can't initiate conversation with a user",
            "write to the bot first",
        ),
        (
            403,
            "Forbidden: bot was kicked from the supergroup chat",
            "add the bot",
        ),
        (403, "Forbidden: user is deactivated", "gone"),
        (
            400,
            "Bad Request: not enough rights to send text messages to the chat",
            "right",
        ),
        (400, "Bad Request: TOPIC_CLOSED", "topic"),
        (400, "Bad Request: message is too long", "too long"),
    ] {
        let seen = outcome(&mut stage, vec![refusal(code, said)]).await;
        findings.check(
            said,
            &seen,
            &json!({"state": "failed", "error~": next, "attempts": 1}),
        );
        findings.check(
            said,
            &seen,
            &json!({"error~": said.split(": ").nth(1).expect("words")}),
        );
    }
    findings.end();
}

/// The answered message was deleted: the text goes out all the same.
#[tokio::test]
async fn an_answer_to_a_deleted_message_is_sent_without_it() {
    let mut stage = Stage::open().await;
    stage.messages([super::with(
        super::private(5, 42),
        &json!({"text": "asked"}),
    )]);
    let asked = stage.stored(42).await[0]["message_id"].clone();
    stage.script(
        "sendMessage",
        [refusal(400, "Bad Request: message to be replied not found")],
    );
    let sent = stage
        .send("42", json!({"text": "late", "reply_to": asked}))
        .await;
    assert_field(&sent, "state", "sent");
}

/// Telegram fetches files by their address and may not like what it finds.
#[tokio::test]
async fn a_refused_file_is_not_lost_in_silence() {
    let mut stage = Stage::open().await;
    for said in [
        "wrong file identifier/HTTP URL specified",
        "failed to get HTTP URL content",
        "wrong type of the web page content",
    ] {
        let refused = || refusal(400, &format!("Bad Request: {said}"));
        stage.script("sendPhoto", [refused(), refused(), refused()]);
        let media = json!({"kind": "image", "url": "https://example.invalid/a.png"});
        let sent = stage
            .send("42", json!({"text": "look", "media": media}))
            .await;
        let seen = message(&mut stage.client, &sent["message_id"]).await;
        if seen["state"] == "sent" {
            let body = stage.fake.saw("/sendMessage").body;
            assert_mentions(&body, "text", "look");
            assert_mentions(&body, "text", "https://example.invalid/a.png");
        } else {
            assert_mentions(&seen, "error", said);
        }
    }
}

#[tokio::test]
async fn a_voice_message_is_sent_as_one() {
    let mut stage = Stage::open().await;
    let media = |url: &str, mime: &str| json!({"text": "", "media": {"kind": "audio", "url": url, "mime": mime}});
    let sent = stage
        .send("42", media("https://example.invalid/v.ogg", "audio/ogg"))
        .await;
    assert_field(&sent, "state", "sent");
    let body = stage.fake.saw("/sendVoice").body;
    assert_field(&body, "voice", "https://example.invalid/v.ogg");
    stage
        .send("42", media("https://example.invalid/s.mp3", "audio/mpeg"))
        .await;
    let body = stage.fake.saw("/sendAudio").body;
    assert_field(&body, "audio", "https://example.invalid/s.mp3");
}

/// Nothing but blanks is refused at once, or by the service with its words.
#[tokio::test]
async fn blanks_are_no_message() {
    let mut stage = Stage::open().await;
    let empty = || refusal(400, "Bad Request: message text is empty");
    stage.script("sendMessage", [empty(), empty(), empty()]);
    let payload = payload("42", &json!({"text": "   \n "}));
    if let Ok(sent) = stage.client.call("send", &payload).await {
        let seen = message(&mut stage.client, &sent["message_id"]).await;
        assert_field(&seen, "state", "failed");
        assert_mentions(&seen, "error", "empty");
    }
}

/// A webhook takes the updates: the state says so and what to do.
#[tokio::test]
async fn a_webhook_that_is_set_is_told() {
    let stage = Stage::open().await;
    let said = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
    stage.script("getUpdates", (0..50).map(|_| refusal(409, said)));
    let mut client = stage.daemon.listener(&["integration.state"]).await;
    client
        .call("integration.restart", &json!({"name": "telegram"}))
        .await
        .expect("done");
    let told = loop {
        let event = crate::support::next_event(&mut client).await.payload;
        if event["name"] == "telegram" && event.to_string().contains("webhook") {
            break event;
        }
    };
    assert_mentions(&json!({"said": told.to_string()}), "said", "deleteWebhook");
}

/// A wrong token is told apart from a service that is not there.
#[tokio::test]
async fn a_token_that_the_service_does_not_know_parks_the_bot() {
    for (token, said) in [
        ("123456:not-this-one", "TELEGRAM_BOT_TOKEN"),
        ("bot123456:not-this-one", "bot"),
    ] {
        let stage = Stage::with(&[("TELEGRAM_BOT_TOKEN", token)], &[]).await;
        let mut client = stage.daemon.listener(&["integration.state"]).await;
        let parked = match integration(&mut client, "telegram").await.expect("there") {
            one if one["state"] == "parked" => one,
            _ => until_state(&mut client, "telegram", "parked").await,
        };
        let told = parked.to_string();
        assert!(
            told.contains(said) && !told.contains("reaches its service"),
            "{told}"
        );
        assert!(!told.contains("not-this-one"), "{told}");
    }
}
