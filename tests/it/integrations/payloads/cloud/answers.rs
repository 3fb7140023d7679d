//! What Meta answers to a message of ours, at once and later.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::{ANA, Findings, Stage};
use crate::support::{
    assert_field, assert_fields, assert_mentions, event_where, fake::Reply, message, services,
    until_running, until_state,
};

fn refused(status: u16, code: i64, words: &str, details: Value) -> Reply {
    let mut error = json!({"message": format!("(#{code}) {words}"), "type": "OAuthException",
        "code": code, "fbtrace_id": "A1"});
    error["error_data"] = details;
    Reply::Json(status, json!({"error": error}))
}

async fn answering(answers: Vec<Reply>) -> Stage {
    let answers = Mutex::new(answers);
    let fake = services::cloud(move |_| {
        let mut answers = answers.lock().expect("not poisoned");
        if answers.is_empty() {
            services::cloud_accepted()
        } else {
            answers.remove(0)
        }
    });
    Stage::on(fake, &[]).await
}

async fn outcome(stage: &mut Stage) -> Value {
    let sent = stage.send(ANA, json!({"text": "hello"})).await;
    message(&mut stage.client, &sent["message_id"]).await
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let rows = [
        (400, 131_000, "Something went wrong"),
        (500, 131_016, "Service unavailable"),
        (429, 130_429, "Rate limit hit"),
        (400, 80_007, "Rate limit issues"),
        (400, 999_999, "What nobody has seen"),
        (500, 2, "Service temporarily unavailable"),
    ];
    let answers = rows.into_iter().flat_map(|(status, code, words)| {
        [
            refused(status, code, words, json!(null)),
            services::cloud_accepted(),
        ]
    });
    let busy = [Reply::Busy(1, json!({})), services::cloud_accepted()];
    let mut stage = answering(answers.chain(busy).collect()).await;
    let mut findings = Findings::default();
    for words in rows
        .map(|(_, _, words)| words)
        .into_iter()
        .chain(["too many"])
    {
        let seen = outcome(&mut stage).await;
        findings.check(words, &seen, &json!({"state": "sent", "attempts": 2}));
    }
    findings.end();
}

/// A proxy or a firewall has no say about the message: it waits, and the channel tells.
#[tokio::test]
async fn what_is_not_meta_lets_messages_wait() {
    for answer in [
        Reply::Text(502, "<html>Bad Gateway</html>"),
        Reply::Text(404, "404 page not found"),
    ] {
        let mut stage = answering(vec![answer]).await;
        let mut listener = stage.daemon.listener(&["integration.state"]).await;
        until_running(&mut stage.client, "whatsapp-cloud").await;
        let payload = json!({"channel": "whatsapp-cloud", "to": ANA, "text": "waits"});
        let mut statuses = stage.daemon.listener(&["message.status"]).await;
        stage.client.call("send", &payload).await.expect("queued");
        until_state(&mut listener, "whatsapp-cloud", "impaired").await;
        let waiting = event_where(&mut statuses, |status| status["error"].is_string()).await;
        assert_fields(&waiting, &json!({"state": "sending", "attempts": null}));
    }
}

#[tokio::test]
async fn what_is_final_says_why() {
    let mut findings = Findings::default();
    for (code, words, details, next) in [
        (131_047, "Re-engagement message", json!(null), "template"),
        (
            131_026,
            "Message undeliverable",
            json!({"details": "Not a WhatsApp user"}),
            "Not a WhatsApp user",
        ),
        (
            131_030,
            "Recipient phone number not in allowed list",
            json!(null),
            "test",
        ),
        (
            100,
            "Invalid parameter",
            json!({"details": "text.body is too long"}),
            "text.body is too long",
        ),
        (
            100,
            "Invalid parameter",
            json!("a plain string"),
            "Invalid parameter",
        ),
        (
            132_001,
            "Template name does not exist",
            json!(null),
            "template",
        ),
    ] {
        let mut stage = answering(vec![refused(400, code, words, details)]).await;
        let seen = outcome(&mut stage).await;
        findings.check(
            words,
            &seen,
            &json!({"state": "failed", "attempts": 1, "error~": next}),
        );
        findings.check(words, &seen, &json!({"error~": code.to_string()}));
    }
    findings.end();
}

#[tokio::test]
async fn refused_credentials_park_the_channel() {
    for answer in [
        refused(401, 190, "Error validating access token", json!(null)),
        refused(403, 10, "Application does not have permission", json!(null)),
    ] {
        let stage = answering(vec![answer]).await;
        let mut listener = stage.daemon.listener(&["integration.state"]).await;
        let mut client = stage.daemon.client().await;
        until_running(&mut client, "whatsapp-cloud").await;
        let payload = json!({"channel": "whatsapp-cloud", "to": ANA, "text": "waits"});
        client.call("send", &payload).await.expect("queued");
        let parked = until_state(&mut listener, "whatsapp-cloud", "parked").await;
        let told = json!({"said": parked.to_string()});
        assert_mentions(&told, "said", "WHATSAPP_CLOUD_TOKEN");
    }
}

/// The reason of a later failure stands in different places.
#[tokio::test]
async fn a_later_failure_names_details_and_code() {
    let mut stage = Stage::open().await;
    let mut findings = Findings::default();
    let voice = "Unsupported Voice mime type audio/opus. Please use audio/ogg; codecs=opus";
    for (number, (error, part)) in [
        (json!({"code": 131_053, "title": "Media upload error", "error_data": {"details": voice}}), voice),
        (json!({"code": 131_053, "title": "Media upload error", "error_data": voice}), voice),
        (json!({"code": "131026", "title": "Message undeliverable"}), "131026"),
        (json!({"code": 131_026, "message": "Message undeliverable", "title": ""}), "Message undeliverable"),
        (json!({"code": 999_999}), "999999"),
        (json!("no object at all"), ""),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = stage.send(ANA, json!({"text": "hi"})).await;
        let status = json!({"id": format!("wamid.sent{}", number + 1), "status": "failed", "recipient_id": ANA, "errors": [error]});
        stage.post(&[("messages", json!({"statuses": [status]}))]);
        let seen = message(&mut stage.client, &sent["message_id"]).await;
        findings.check(&error.to_string(), &seen, &json!({"state": "failed", "error~": part}));
    }
    findings.end();
}

/// A voice message that was listened to was read.
#[tokio::test]
async fn every_status_is_read() {
    let mut stage = Stage::open().await;
    let sent = stage.send(ANA, json!({"text": "hi"})).await;
    for (status, state) in [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("hologram", "delivered"),
        ("played", "read"),
        ("delivered", "read"),
    ] {
        let status = json!({"id": "wamid.sent1", "status": status, "recipient_id": ANA, "timestamp": "1780000000"});
        stage.post(&[("messages", json!({"statuses": [status]}))]);
        let seen = message(&mut stage.client, &sent["message_id"]).await;
        assert_field(&seen, "state", state);
    }
    assert_fields(&sent, &json!({"state": "sent"}));
}
