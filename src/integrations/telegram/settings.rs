//! What a bot is made of, and whose it is before that is written into the settings.

use serde_json::{Value, json};

use super::{api::Api, errors::CallError};
use crate::{
    config::{BaseUrl, FetchRule},
    message::text_at,
};

/// What a bot is made of.
#[derive(Clone, PartialEq, Eq)]
pub struct BotSettings {
    /// The bot's token.
    pub token: String,
    /// Where the API is.
    pub base: BaseUrl,
    /// Which files that come in are fetched at once.
    pub fetches: FetchRule,
}

/// What the service says of a bot (<https://core.telegram.org/bots/api#getme>): its name, the link that opens it,
/// and the host of its webhook where another program has one, which would keep its messages from coming here.
pub async fn bot(channel: &str, settings: &BotSettings) -> Result<Value, String> {
    let api = Api::new(channel, settings);
    let failed = |failure: CallError| {
        let advice = failure.advice(channel);
        let why = super::text(failure);
        advice.map_or(why.clone(), |advice| format!("{why}; {advice}"))
    };
    let me = api.ask("getMe").await.map_err(failed)?;
    let hook = api.ask("getWebhookInfo").await.map_err(failed)?;
    let mut bot = json!({});
    if let Some(title) = text_at(&me, "first_name") {
        bot["title"] = json!(title);
    }
    if let Some(name) = text_at(&me, "username") {
        bot["username"] = json!(name);
        bot["link"] = json!(format!("https://t.me/{name}"));
    }
    // The rest of the address may be a secret.
    let host = text_at(&hook, "url").and_then(|url| url.split('/').nth(2));
    if let Some(host) = host {
        bot["webhook"] = json!(host);
    }
    Ok(bot)
}
