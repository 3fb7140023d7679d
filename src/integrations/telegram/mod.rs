//! `telegram`: bots by the Bot API (<https://core.telegram.org/bots/api>), with a long poll, so that
//! nothing has to be reachable from outside.
//!
//! What comes in goes through `updates` (what an update tells), `inbound` (who, where, in answer to what)
//! and `kinds` (what it says: the table of all kinds stands there) to `receive`, which stores it. What
//! goes out goes through `wire` (which calls), `step` (one call) and `send`; files both ways are in `files`. What the service's refusals mean is in
//! `errors`, how places and messages are called in `target`.

mod api;
mod errors;
mod files;
mod inbound;
mod kinds;
mod polls;
mod reactions;
mod receive;
mod said;
mod send;
mod settings;
mod target;
#[cfg(test)]
mod tests;
mod updates;
mod who;
mod wire;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use self::{
    api::Api, errors::CallError, receive::Receiver, send::Sender, target::Target, who::Author,
};
use super::{
    Accepted, BoxFuture, DeliveryError, FetchError, FetchedFile, Indicator, Integration, Progress,
    RunContext, RunError, ingress::Ingress,
};
use crate::{
    http_client::HttpLimits,
    media::{Intake, Media},
    message::{Message, text_at},
};

pub use self::settings::BotSettings;

/// The peer that an address means, in whichever way it is spelled: `telegram:42` is `42`, and
/// `-1001:topic:285` is `-1001/285`.
pub fn peer(address: &str) -> String {
    Target::parse(address).to_string()
}

/// How long the service holds a poll, in seconds.
const POLL_SECONDS: u64 = 50;

/// The time that a poll without news takes at least.
const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// One bot.
pub struct Telegram {
    name: String,
    api: Arc<Api>,
    sender: Sender,
    receiver: Receiver,
    ingress: Ingress,
    /// What the user can do about the last failure, where that is known.
    advice: Mutex<Option<String>>,
}

impl Telegram {
    /// A bot on the channel `name`.
    pub fn new(name: &str, settings: &BotSettings, ingress: Ingress, media: Media) -> Self {
        let api = Arc::new(Api::new(name, settings));
        Self {
            name: name.to_owned(),
            sender: Sender::new(name, Arc::clone(&api), ingress.clone(), media),
            receiver: Receiver::new(name, Arc::clone(&api), ingress.clone(), settings.fetches),
            api,
            ingress,
            advice: Mutex::default(),
        }
    }

    /// Takes an update as if a poll had brought it, for tests/fuzz; in no other build.
    #[cfg(fuzzing)]
    #[doc(hidden)]
    pub async fn take_update(&self, update: &Value) -> Result<(), crate::store::StoreError> {
        let me = json!({"id": 1, "username": "fuzz_bot"});
        let me = Author::of(&me, &Value::Null, &Value::Null);
        self.receiver.take(update, &me).await
    }

    fn advise(&self, advice: Option<String>) {
        *self.advice.lock().unwrap_or_else(PoisonError::into_inner) = advice;
    }

    fn failed(&self, failure: CallError) -> RunError {
        self.advise(failure.advice(&self.name));
        failure.into()
    }

    /// Asks for updates until one call fails. The bot's name is asked for at each start, since it may
    /// change.
    async fn poll(&self, context: &RunContext) -> Result<(), RunError> {
        self.advise(None);
        let asked = self.api.ask("getMe").await;
        let me = asked.map_err(|failure| self.failed(failure))?;
        let me = Author::of(&me, &Value::Null, &Value::Null);
        context.alive();
        let limits = HttpLimits {
            first_byte: Duration::from_secs(POLL_SECONDS + 10),
            ..HttpLimits::default()
        };
        let mut body = json!({"timeout": POLL_SECONDS, "allowed_updates": updates::ALLOWED});
        loop {
            let (begun, before) = (Instant::now(), body["offset"].clone());
            let asked = self.api.call("getUpdates", &body, limits).await;
            let updates = asked.map_err(|failure| self.failed(failure))?;
            context.alive();
            for update in updates.as_array().into_iter().flatten() {
                // Stored first: the next poll confirms it.
                let taken = self.receiver.take(update, &me).await;
                taken.map_err(|error| {
                    RunError::Failed(format!("what came in could not be stored: {error}"), None)
                })?;
                if let Some(id) = update["update_id"].as_i64() {
                    body["offset"] = json!(id + 1);
                }
            }
            if body["offset"] == before {
                // A server that holds no poll must not be asked without a pause.
                sleep_until(begun + SHORTEST_POLL).await;
            }
        }
    }

    /// Removes the webhook that keeps the bot from asking for updates; what waits stays
    /// (<https://core.telegram.org/bots/api#deletewebhook>). Only where the user asks for it: another program
    /// may live from it.
    async fn remove_webhook(&self) -> Result<(), CallError> {
        let found = self.api.ask("getWebhookInfo").await?;
        let Some(url) = text_at(&found, "url") else {
            return Ok(());
        };
        self.api.ask("deleteWebhook").await?;
        // The rest of the address may be a secret.
        let host = url.split('/').nth(2).unwrap_or_default();
        self.ingress.log().info(
            "integration",
            "the bot's webhook was removed",
            &[("name", &self.name), ("host", &host)],
        );
        Ok(())
    }
}

/// What failed, without the kind of failure.
fn text(failure: CallError) -> String {
    match failure {
        CallError::Http(error) => error.to_string(),
        CallError::Refused(refusal) => refusal.text,
        CallError::File(error) => error.to_string(),
    }
}

/// What the service says of a bot before its token is written into the settings (<https://core.telegram.org/bots/api#getme>): its name, the link that opens it,
/// and the host of its webhook where another program has one, which would keep its messages from coming here.
pub async fn bot(channel: &str, settings: &BotSettings) -> Result<Value, String> {
    let api = Api::new(channel, settings);
    let failed = |failure: CallError| {
        let advice = failure.advice(channel);
        let why = text(failure);
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

impl Integration for Telegram {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move { context.spent_on(self.poll(&context)).await })
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        progress.through(self.sender.send(message, progress))
    }

    fn deletes(&self) -> bool {
        true
    }

    fn delete<'a>(
        &'a self,
        message: &'a Message,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(self.sender.delete(&message.peer, names))
    }

    fn fetch<'a>(
        &'a self,
        _: &'a Message,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>> {
        Box::pin(self.api.fetch_file(file, into))
    }

    /// A bot's readers cannot see that it read.
    fn can_show(&self, sign: Indicator, _: &str) -> bool {
        sign == Indicator::Typing
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.sender.typing(peer).await.map_err(text) })
    }

    fn advice(&self) -> Option<String> {
        let advice = self.advice.lock();
        advice.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// There is no device to pair; what can stand between the bot and its updates is a webhook.
    fn connect(&self) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async move {
            self.remove_webhook().await.map_err(text)?;
            Ok(json!({"state": "connected"}))
        })
    }
}
