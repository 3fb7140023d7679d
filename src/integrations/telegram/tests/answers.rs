//! What the service's refusals mean, and what is said of them.

use serde_json::{Value, json};

use super::stage::{Stage, draft};
use crate::{
    integrations::{
        DeliveryError, Integration, RunContext, RunError, telegram::errors::token_fault,
    },
    shutdown,
};

async fn refused(code: u16, description: &str) -> DeliveryError {
    let stage = Stage::new("*").await;
    stage.refuses(code, description);
    let delivered = stage.deliver(draft("42", "x")).await;
    delivered.expect_err("refused")
}

/// Why the run of a bot ends, and what the user is told to do about it.
async fn ended(stage: &Stage) -> (RunError, Option<String>) {
    let (_trigger, shutdown) = shutdown::channel();
    let run = stage.telegram.run(RunContext::new(shutdown, |_| {}));
    (run.await.expect_err("it ends"), stage.telegram.advice())
}

#[tokio::test]
async fn what_is_known_to_be_final_is_final_and_says_what_to_do() {
    for (code, description, advice) in [
        (400, "Bad Request: chat not found", "numeric id"),
        (
            400,
            "Bad Request: PEER_ID_INVALID",
            "write to the bot first",
        ),
        (
            403,
            "Forbidden: bot can't initiate conversation with a user",
            "write to the bot first",
        ),
        (403, "Forbidden: bot was blocked by the user", "unblock"),
        (403, "Forbidden: user is deactivated", "gone"),
        (
            403,
            "Forbidden: bot was kicked from the supergroup chat",
            "add the bot",
        ),
        (
            403,
            "Forbidden: bot is not a member of the channel chat",
            "add the bot",
        ),
        (
            400,
            "Bad Request: not enough rights to send photos to the chat",
            "right to send",
        ),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", "right to send"),
        (400, "Bad Request: TOPIC_CLOSED", "reopen"),
        (400, "Bad Request: message text is empty", ""),
        (400, "Bad Request: message is too long", ""),
        (
            400,
            "Bad Request: can't parse entities: unsupported start tag",
            "",
        ),
        (400, "Bad Request: REACTION_INVALID", "emoji"),
        (413, "Request Entity Too Large", "50 MB"),
        (404, "Not Found: method not found", "too old"),
    ] {
        let failure = refused(code, description).await;
        let DeliveryError::Permanent(why) = &failure else {
            panic!("{description}: {failure:?}");
        };
        assert!(
            why.contains(description) && why.contains(&code.to_string()) && why.contains(advice),
            "{why}"
        );
    }
}

#[tokio::test]
async fn what_is_not_known_is_tried_again() {
    for (code, description) in [
        (400, "Bad Request: group send failed"),
        (
            400,
            "Bad Request: wrong file_id or the file is temporarily unavailable",
        ),
        (403, "Forbidden: something new"),
        (418, "I'm a teapot"),
        (500, "Internal Server Error: restart"),
        (409, "Conflict: terminated by other getUpdates request"),
    ] {
        let failure = refused(code, description).await;
        assert!(
            matches!(&failure, DeliveryError::Transient(why, None) if why.contains(description)),
            "{failure:?}"
        );
    }
    let stage = Stage::new("*").await;
    stage.answers(429, &json!({"ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 7}}));
    let failure = stage.deliver(draft("42", "x")).await;
    assert!(matches!(failure, Err(DeliveryError::Transient(_, Some(wait))) if wait.as_secs() == 7));
}

#[tokio::test]
async fn what_is_not_the_bot_api_is_the_channels_trouble() {
    for (status, body) in [
        (404, "<html>"),
        (403, "{\"error\":\"forbidden\"}"),
        (200, "welcome to the hotel"),
        (302, ""),
    ] {
        let stage = Stage::new("*").await;
        stage.answers_text(status, body);
        let failure = stage.deliver(draft("42", "x")).await;
        let Err(DeliveryError::Channel(trouble)) = &failure else {
            panic!("{status}: {failure:?}");
        };
        assert!(trouble.why.contains(&status.to_string()), "{trouble:?}");
        assert!(
            trouble
                .advice
                .as_ref()
                .is_some_and(|advice| advice.contains("TELEGRAM_BASE_URL"))
        );
    }
    for status in [502, 504, 429] {
        let stage = Stage::new("*").await;
        stage.answers_text(status, "<html>");
        let failure = stage.deliver(draft("42", "x")).await;
        assert!(
            matches!(failure, Err(DeliveryError::Transient(..))),
            "{failure:?}"
        );
    }
    let stage = Stage::new("*").await;
    stage.answers_text(404, "<html>");
    let (failure, advice) = ended(&stage).await;
    assert!(
        matches!(&failure, RunError::Failed(why, None) if why.contains("not as the Bot API does")),
        "{failure:?}"
    );
    assert!(advice.is_some_and(|advice| advice.contains("TELEGRAM_BASE_URL")));
}

#[tokio::test]
async fn a_wrong_token_says_what_is_odd_about_it_and_is_never_shown() {
    for (token, path, says) in [
        ("bot123456:secret", "", "begins with bot"),
        ("123456:secret\u{200b}", "", "not seen"),
        ("123456: secret", "", "white space"),
        ("\"123456:secret\"", "", "quotes"),
        ("secret", "", "NUMBER:LETTERS"),
        ("123456:other-secret", "", "@BotFather"),
        ("123456:secret", "/api", "TELEGRAM_BASE_URL"),
    ] {
        let stage = Stage::with_token("*", token, path).await;
        let (failure, _) = ended(&stage).await;
        let RunError::Refused(why) = &failure else {
            panic!("{token}: {failure:?}");
        };
        assert!(why.contains(says) && !why.contains("secret"), "{why}");
        let failure = stage.deliver(draft("42", "x")).await;
        assert!(
            matches!(failure, Err(DeliveryError::Unauthorized(_))),
            "{failure:?}"
        );
    }
    assert_eq!(token_fault("123456:AA-_b"), None);
    for (code, description) in [
        (401, "Unauthorized"),
        (404, "Not Found"),
        (421, "Misdirected Request: unallowed token specified"),
        (400, "Bad Request: Logged out"),
    ] {
        let failure = refused(code, description).await;
        assert!(
            matches!(failure, DeliveryError::Unauthorized(_)),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn a_base_that_was_copied_with_its_bot_works() {
    let stage = Stage::with_token("*", "123456:secret", "/bot").await;
    assert!(stage.deliver(draft("42", "x")).await.is_ok());
}

#[tokio::test]
async fn a_webhook_in_the_way_is_named_and_removed_only_when_asked() {
    let stage = Stage::new("*").await;
    let me = json!({"ok": true, "result": {"id": 1, "username": "field_bot"}});
    let ok = |result: Value| json!({"ok": true, "result": result});
    stage.answers(200, &me);
    stage.refuses(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first");
    let (failure, advice) = ended(&stage).await;
    assert!(
        matches!(&failure, RunError::Failed(why, Some(wait)) if why.contains("webhook") && wait.as_secs() == 35)
    );
    assert!(advice.is_some_and(|advice| advice.contains("integrations connect telegram")));
    stage.asked();
    stage.answers(200, &ok(json!({"url": "https://old.example/secret-path"})));
    stage.answers(200, &ok(json!(true)));
    assert_eq!(
        stage.telegram.connect().await,
        Ok(json!({"state": "connected"}))
    );
    let methods: Vec<String> = stage
        .asked()
        .into_iter()
        .map(|(method, _)| method)
        .collect();
    assert_eq!(methods, ["getWebhookInfo", "deleteWebhook"]);
    let lines = stage.log.last(10, crate::log::LogLevel::Info);
    assert!(lines.iter().any(|line| line.text().contains("old.example") && !line.text().contains("secret-path")));
    stage.answers(200, &ok(json!({"url": ""})));
    assert_eq!(
        stage.telegram.connect().await,
        Ok(json!({"state": "connected"}))
    );
    assert_eq!(stage.asked().len(), 1);
    stage.refuses(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running");
    let (failure, advice) = ended(&stage).await;
    assert!(matches!(failure, RunError::Failed(_, Some(wait)) if wait.as_secs() == 35));
    assert!(advice.is_some_and(|advice| advice.contains("the other program")));
}
