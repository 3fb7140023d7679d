//! What services say of an account before its settings are kept.

use serde_json::json;

use super::*;
use crate::{
    config::{Environment, Overrides, look_up},
    integrations::testing::server::{Answer, Asked, Server},
};

const TOKEN: &str = "123456:right";

/// All three services, each with an account for whoever has the right key.
fn services(asked: &Asked) -> Answer {
    let has = |header: &str| asked.head.contains(header);
    match asked.path.as_str() {
        path if path.starts_with("/bot") && !path.contains(TOKEN) => Answer::Json(
            401,
            json!({"ok": false, "error_code": 401, "description": "Unauthorized"}),
        ),
        path if path.ends_with("/getMe") => Answer::Json(
            200,
            json!({"ok": true, "result": {"id": 1, "first_name": "Shop", "username": "shop_bot"}}),
        ),
        path if path.ends_with("/getWebhookInfo") => Answer::Json(
            200,
            json!({"ok": true, "result": {"url": "https://other.example/secret"}}),
        ),
        "/instance/fetchInstances" if has("apikey: right") => Answer::Json(
            200,
            json!([{"name": "Shop", "connectionStatus": "open", "token": "hunter2"}]),
        ),
        path if path.starts_with("/v23.0/77") && has("authorization: bearer right") => {
            Answer::Json(
                200,
                json!({"id": "77", "display_phone_number": "+55 11 98765-4321", "verified_name": "Shop"}),
            )
        }
        _ => Answer::Json(
            401,
            json!({"response": {"message": "Unauthorized"}, "error": {"code": 190, "message": "Invalid OAuth access token"}}),
        ),
    }
}

async fn inquired(channel: &str, base: &str, settings: &[(&str, &str)]) -> Result<Value, String> {
    let prefix = match channel {
        "telegram" => "TELEGRAM",
        "whatsapp" => "WHATSAPP",
        _ => "WHATSAPP_CLOUD",
    };
    let base = (format!("{prefix}_BASE_URL"), base.to_owned());
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let overrides = Overrides {
        home: Some(std::env::temp_dir().join("cleudocodebot-nowhere")),
        settings: settings.iter().map(pair).chain([base]).collect(),
        ..Overrides::default()
    };
    let lookup = look_up(&overrides, &Environment::default()).expect("settings");
    let plans = plans(&lookup);
    let plan = plans.iter().find(|plan| plan.name == channel);
    plan.expect("a plan").inquire().await
}

#[tokio::test]
async fn a_service_says_whose_account_it_is_and_nothing_secret() {
    let server = Server::start(services).await;
    let base = format!("http://{}", server.base.authority());
    let bot = inquired("telegram", &base, &[("TELEGRAM_BOT_TOKEN", TOKEN)]).await;
    let expected = json!({"title": "Shop", "username": "shop_bot",
        "link": "https://t.me/shop_bot", "webhook": "other.example"});
    assert_eq!(bot, Ok(expected));
    let key = [("WHATSAPP_API_TOKEN_INSTANCE", "right")];
    let instances = inquired("whatsapp", &base, &key).await;
    let expected = json!({"instances": [{"name": "Shop", "state": "open"}]});
    assert_eq!(instances, Ok(expected));
    let values = [
        ("WHATSAPP_CLOUD_TOKEN", "right"),
        ("WHATSAPP_CLOUD_PHONE_ID", "77"),
    ];
    let number = inquired("whatsapp-cloud", &base, &values).await;
    let expected = json!({"title": "Shop", "number": "+55 11 98765-4321"});
    assert_eq!(number, Ok(expected));
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_words_without_it() {
    let server = Server::start(services).await;
    let base = format!("http://{}", server.base.authority());
    for (channel, settings) in [
        ("telegram", &[("TELEGRAM_BOT_TOKEN", "123456:hunter2")][..]),
        ("whatsapp", &[("WHATSAPP_API_TOKEN_INSTANCE", "hunter2")]),
        (
            "whatsapp-cloud",
            &[
                ("WHATSAPP_CLOUD_TOKEN", "hunter2"),
                ("WHATSAPP_CLOUD_PHONE_ID", "77"),
            ],
        ),
    ] {
        let why = inquired(channel, &base, settings).await.expect_err(channel);
        assert!(
            why.contains("401") && !why.contains("hunter2"),
            "{channel}: {why}"
        );
    }
}
