//! The services that integrations speak to: their fakes, the settings that point a daemon at them, and
//! what they post to webhooks.

use std::process::Command;

use serde_json::{Value, json};

use super::{
    Daemon,
    fake::{Fake, Reply, Request},
};

/// The token of the fake bot.
pub(crate) const TELEGRAM_TOKEN: &str = "123456:telegram-token-of-the-test";

/// The key of the fake Evolution API.
pub(crate) const EVOLUTION_KEY: &str = "evolution-key-of-the-test";

/// The secret with which the fake Cloud API signs.
pub(crate) const CLOUD_SECRET: &str = "app-secret-of-the-test";

/// Points the daemon at a fake Bot API.
pub(crate) fn use_telegram<'c>(command: &'c mut Command, fake: &Fake) -> &'c mut Command {
    command
        .env("TELEGRAM_BOT_TOKEN", TELEGRAM_TOKEN)
        .env("TELEGRAM_BASE_URL", fake.url())
}

/// Points the daemon at a fake Evolution API.
pub(crate) fn use_evolution<'c>(command: &'c mut Command, fake: &Fake) -> &'c mut Command {
    command
        .env("WHATSAPP_BASE_URL", fake.url())
        .env("WHATSAPP_API_TOKEN_INSTANCE", EVOLUTION_KEY)
}

/// Points the daemon at a fake Cloud API.
pub(crate) fn use_cloud<'c>(command: &'c mut Command, fake: &Fake) -> &'c mut Command {
    command
        .env("WHATSAPP_CLOUD_BASE_URL", fake.url())
        .env("WHATSAPP_CLOUD_TOKEN", "cloud-token-of-the-test")
        .env("WHATSAPP_CLOUD_PHONE_ID", "555")
}

/// A successful answer of the Bot API.
pub(crate) fn telegram_ok(result: impl Into<Value>) -> Reply {
    Reply::Json(200, json!({"ok": true, "result": result.into()}))
}

/// A text that somebody wrote to the bot.
pub(crate) fn telegram_update(id: i64, from: i64, text: &str) -> Value {
    json!({"update_id": id, "message": {"message_id": id, "text": text,
        "chat": {"id": from}, "from": {"id": from, "first_name": "Ana"}}})
}

/// An Evolution API that is connected and takes a webhook; `answer` answers everything else.
pub(crate) fn evolution(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Fake {
    Fake::start(move |request| match request.path.as_str() {
        "/instance/connectionState/Cleudocode" => {
            Reply::Json(200, json!({"instance": {"state": "open"}}))
        }
        "/webhook/set/Cleudocode" => Reply::Json(201, json!({})),
        _ => answer(request),
    })
}

/// A Cloud API that knows its phone number; `answer` answers everything else.
pub(crate) fn cloud(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Fake {
    Fake::start(move |request| {
        if request.path.ends_with("?fields=id") {
            return Reply::Json(200, json!({"id": "555"}));
        }
        answer(request)
    })
}

/// The Cloud API's answer to a message that it accepted.
pub(crate) fn cloud_accepted() -> Reply {
    Reply::Json(200, json!({"messages": [{"id": "wamid.1"}]}))
}

/// A change as the Cloud API posts it.
pub(crate) fn cloud_change(value: &Value) -> String {
    json!({"object": "whatsapp_business_account",
        "entry": [{"changes": [{"field": "messages", "value": value}]}]})
    .to_string()
}

/// The signature of a body, by another implementation than ours.
pub(crate) fn cloud_signature(body: &str) -> String {
    format!("sha256={}", signed("sha256", CLOUD_SECRET, body))
}

/// The authentication code of a body, by another implementation than ours.
pub(crate) fn signed(algorithm: &str, secret: &str, body: &str) -> String {
    let script = "import hmac,sys;print(hmac.new(sys.argv[2].encode(),sys.argv[3].encode(),sys.argv[1]).hexdigest())";
    let mut python = Command::new("python3");
    let output = python
        .args(["-c", script, algorithm, secret, body])
        .output()
        .expect("python3");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Posts to the webhook of the Cloud API; the status of the answer.
pub(crate) fn post_to_cloud(daemon: &Daemon, body: &str, signature: &str) -> u16 {
    let header = format!("X-Hub-Signature-256: {signature}");
    daemon.post("/webhooks/whatsapp-cloud", &header, body).0
}

/// The code that somebody who is not let in yet was told.
pub(crate) fn told_code(text: &str) -> &str {
    let is_code = |word: &&str| {
        let is_sign = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        word.len() == 8 && word.bytes().all(is_sign)
    };
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.find(is_code).expect("a code")
}
