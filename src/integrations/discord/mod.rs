//! `discord`: bots by the gateway and the REST API, version 10 (<https://docs.discord.com/developers>), so that nothing
//! has to be reachable from outside.
//!
//! What comes in by `gateway` (the connection and its session) goes through `receive` (what an event means, and
//! whether who did it is heard), `inbound` (who, where, in answer to what) and `kinds` (what it says: the table of all
//! kinds stands there); what was missed between two sessions by `catch_up`. What goes out goes through `wire` (which calls) and `send`; `api` makes the calls, within the
//! limits that `rate` knows. How places and messages are called is in `address`, what is known of them in `places`,
//! what the service's refusals mean in `errors`.

mod address;
mod api;
mod catch_up;
mod errors;
mod files;
mod gateway;
mod inbound;
mod kinds;
mod places;
mod rate;
mod receive;
mod send;
mod settings;
#[cfg(test)]
mod tests;
mod who;
mod wire;

use std::sync::Arc;

use serde_json::{Value, json};

use self::{
    address::Address, api::DiscordApi, gateway::Gateway, places::Places, receive::Receiver,
    send::Sender,
};
use super::{
    Accepted, BoxFuture, DeliveryError, FetchError, FetchedFile, Indicator, Integration, Progress,
    ReconcileResult, RunContext, RunError, ingress::Ingress,
};
use crate::{
    media::{Intake, Media},
    message::{Message, text_at},
};

pub use self::settings::DiscordSettings;

/// The peer that an address means, in whichever way it is spelled: `<#42>`, a link to the channel and `42` are one;
/// a person is `user:7`. The error says what is expected.
pub fn peer(address: &str) -> Result<String, String> {
    Address::parse(address).map(|address| address.to_string())
}

/// The flags of an application that may read what is written
/// (<https://docs.discord.com/developers/resources/application#application-object-application-flags>).
const READS_CONTENT: u64 = (1 << 18) | (1 << 19);

/// What a bot is invited with: to view channels, send messages and files, also in threads, read the history, react,
/// and make polls (<https://docs.discord.com/developers/topics/permissions>).
const PERMISSIONS: u64 =
    (1 << 6) | (1 << 10) | (1 << 11) | (1 << 14) | (1 << 15) | (1 << 16) | (1 << 38) | (1 << 49);

/// One bot.
pub struct Discord {
    name: String,
    api: Arc<DiscordApi>,
    gateway: Gateway,
    receiver: Receiver,
    sender: Sender,
}

impl Discord {
    /// A bot on the channel `name`.
    pub fn new(name: &str, settings: &DiscordSettings, ingress: Ingress, media: Media) -> Self {
        Self::of(
            name,
            DiscordApi::new(name, settings),
            settings,
            ingress,
            media,
        )
    }

    fn of(
        name: &str,
        api: DiscordApi,
        settings: &DiscordSettings,
        ingress: Ingress,
        media: Media,
    ) -> Self {
        let api = Arc::new(api);
        let places = Arc::new(Places::new(Arc::clone(&api)));
        let log = ingress.log().clone();
        Self {
            name: name.to_owned(),
            gateway: Gateway::new(name, Arc::clone(&api), log),
            receiver: Receiver::new(name, Arc::clone(&places), ingress.clone(), settings.fetches),
            sender: Sender::new(name, Arc::clone(&api), places, ingress, media),
            api,
        }
    }
}

/// What the service says of a bot before its token is written into the settings: its name, and the link that invites
/// it to a server. A bot that could not read what is written is refused here, with what to switch on.
pub async fn bot(channel: &str, settings: &DiscordSettings) -> Result<Value, String> {
    let api = DiscordApi::new(channel, settings);
    let failed = |failure: errors::RestError| failure.text();
    let me = api.me().await.map_err(failed)?;
    let application = api.application().await.map_err(failed)?;
    let flags = application["flags"].as_u64().unwrap_or_default();
    if flags & READS_CONTENT == 0 {
        let key = gateway::MISSING_INTENT;
        return Err(format!("the bot may not read what is written: {key}"));
    }
    let mut bot = json!({});
    if let Some(title) = text_at(&me, "global_name").or(text_at(&me, "username")) {
        bot["title"] = json!(title);
    }
    if let Some(name) = text_at(&me, "username") {
        bot["username"] = json!(name);
    }
    if let Some(id) = text_at(&application, "id") {
        bot["link"] = json!(invitation(id));
    }
    Ok(bot)
}

/// The address that lets the bot into a server
/// (<https://docs.discord.com/developers/topics/oauth2#bot-authorization-flow>).
fn invitation(application: &str) -> String {
    format!(
        "https://discord.com/oauth2/authorize?client_id={application}&scope=bot&permissions={PERMISSIONS}"
    )
}

impl Integration for Discord {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move {
            let listening = async { Err(self.gateway.listen(&self.receiver, &context).await) };
            context.spent_on(listening).await
        })
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        progress.through(self.sender.send(message, progress))
    }

    fn fetch<'a>(
        &'a self,
        _: &'a Message,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>> {
        Box::pin(self.api.fetch_file(file, into))
    }

    fn reconcile<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, ReconcileResult> {
        Box::pin(self.sender.reconcile(message, progress))
    }

    /// A bot's readers cannot see that it read.
    fn can_show(&self, sign: Indicator, _: &str) -> bool {
        sign == Indicator::Typing
    }

    fn deletes(&self) -> bool {
        true
    }

    fn delete<'a>(
        &'a self,
        _: &'a Message,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(self.sender.delete(names))
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.sender.typing(peer))
    }

    /// There is no device to pair; what the bot needs is to be let into a server.
    fn connect(&self) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async move {
            let found = self.api.application().await;
            let found = found.map_err(|error| error.text())?;
            let link = text_at(&found, "id").map(invitation);
            Ok(json!({"state": "connected", "link": link}))
        })
    }
}
