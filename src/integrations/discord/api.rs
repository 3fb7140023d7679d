//! Calls of the REST API, version 10 (<https://docs.discord.com/developers/reference>), within its limits.

use hyper::Method;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::{
    errors::{DiscordRefusal, RestError, token_fault},
    rate::{Rates, Route, wait_of},
    settings::DiscordSettings,
};
use crate::{
    config::services::DISCORD,
    http_client::{Http, HttpBody, HttpCall, HttpLimits},
};

/// In front of every path.
const VERSION: &str = "/api/v10";

/// What the service wants to know of its callers; it blocks others
/// (<https://docs.discord.com/developers/reference#user-agent>).
const AGENT: &str = concat!(
    "DiscordBot (https://github.com/cleudocode/cleudocodebot, ",
    env!("CARGO_PKG_VERSION"),
    ")"
);

/// Longest time that a call waits for its limit; what would wait longer is for the outbox to try again.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// One bot's access to the service.
pub(super) struct DiscordApi {
    settings: DiscordSettings,
    /// The key of the token in the settings.
    key: String,
    http: Http,
    rates: Rates,
    authorization: String,
    /// Where stickers are: on the service's own host for files.
    pub(super) cdn: String,
}

/// A call: its route, and where exactly.
pub(super) struct Ask<'a> {
    method: Method,
    route: Route,
    path: String,
    body: HttpBody<'a>,
    limits: HttpLimits,
}

impl<'a> Ask<'a> {
    pub(super) fn get(template: &'static str, of: u64, path: String) -> Self {
        Self::new(Method::GET, template, of, path, HttpBody::Empty)
    }

    pub(super) fn new(
        method: Method,
        template: &'static str,
        of: u64,
        path: String,
        body: HttpBody<'a>,
    ) -> Self {
        Self {
            method,
            route: Route { template, of },
            path,
            body,
            limits: HttpLimits::default(),
        }
    }

    /// The same within other limits.
    pub(super) fn within(mut self, limits: HttpLimits) -> Self {
        self.limits = limits;
        self
    }
}

impl DiscordApi {
    /// The access of the bot on the channel `name`.
    pub(super) fn new(name: &str, settings: &DiscordSettings) -> Self {
        Self {
            key: DISCORD.token_keys(name).swap_remove(0),
            http: Http::new(settings.base.clone()).redacting([&settings.token]),
            rates: Rates::default(),
            authorization: format!("Bot {}", settings.token),
            settings: settings.clone(),
            cdn: "https://cdn.discordapp.com".to_owned(),
        }
    }

    /// Makes one call.
    pub(super) async fn call(&self, ask: Ask<'_>) -> Result<Value, RestError> {
        let Ask {
            method,
            route,
            path,
            body,
            limits,
        } = ask;
        if let Some(fault) = token_fault(self.token()) {
            return Err(RestError::Refused(DiscordRefusal::of_token(
                &self.key, fault,
            )));
        }
        self.wait_turn(&route).await?;
        let path = format!("{VERSION}{path}");
        let call = HttpCall {
            method,
            path: &path,
            headers: &[
                ("authorization", self.authorization.as_str()),
                ("user-agent", AGENT),
            ],
            body,
            limits,
        };
        let answer = self.http.call(call).await.map_err(RestError::Http)?;
        self.rates.note(&route, &answer);
        if (200..300).contains(&answer.status) {
            return Ok(answer.json());
        }
        let wait = (answer.status == 429).then(|| wait_of(&answer));
        Err(RestError::Refused(DiscordRefusal::new(
            &answer,
            wait.or(answer.retry_after),
            &self.settings.base,
            &self.key,
        )))
    }

    /// Waits until the limit of a route lets a call through, unless that takes too long.
    async fn wait_turn(&self, route: &Route) -> Result<(), RestError> {
        let mut waited = Duration::ZERO;
        while let Err(wait) = self.rates.take(route) {
            waited += wait;
            if waited > LONGEST_WAIT {
                return Err(RestError::Busy(wait));
            }
            sleep(wait).await;
        }
        Ok(())
    }

    /// Who the bot is (<https://docs.discord.com/developers/resources/user#get-current-user>).
    pub(super) async fn me(&self) -> Result<Value, RestError> {
        self.call(Ask::get("GET /users/@me", 0, "/users/@me".to_owned()))
            .await
    }

    /// What application it is of
    /// (<https://docs.discord.com/developers/resources/application#get-current-application>).
    pub(super) async fn application(&self) -> Result<Value, RestError> {
        let path = "/applications/@me".to_owned();
        self.call(Ask::get("GET /applications/@me", 0, path)).await
    }

    /// Where events are had, and how many sessions may still be begun
    /// (<https://docs.discord.com/developers/events/gateway#get-gateway-bot>).
    pub(super) async fn gateway(&self) -> Result<Value, RestError> {
        self.call(Ask::get("GET /gateway/bot", 0, "/gateway/bot".to_owned()))
            .await
    }

    /// A channel or thread (<https://docs.discord.com/developers/resources/channel#get-channel>).
    pub(super) async fn channel(&self, channel: u64) -> Result<Value, RestError> {
        let path = format!("/channels/{channel}");
        self.call(Ask::get("GET /channels/{}", channel, path)).await
    }

    /// A message (<https://docs.discord.com/developers/resources/message#get-channel-message>).
    pub(super) async fn message(&self, channel: u64, message: u64) -> Result<Value, RestError> {
        let path = format!("/channels/{channel}/messages/{message}");
        let template = "GET /channels/{}/messages/{}";
        self.call(Ask::get(template, channel, path)).await
    }

    /// Messages of a channel behind this one, newest first
    /// (<https://docs.discord.com/developers/resources/message#get-channel-messages>).
    pub(super) async fn messages_after(
        &self,
        channel: u64,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Value>, RestError> {
        let path = format!("/channels/{channel}/messages?after={after}&limit={limit}");
        let asked = Ask::get("GET /channels/{}/messages", channel, path);
        let found = self.call(asked).await?;
        Ok(found.as_array().cloned().unwrap_or_default())
    }

    /// The channel of the direct messages with a person; the same each time
    /// (<https://docs.discord.com/developers/resources/user#create-dm>).
    pub(super) async fn direct(&self, user: u64) -> Result<Value, RestError> {
        let body = json!({"recipient_id": user.to_string()});
        let path = "/users/@me/channels".to_owned();
        let template = "POST /users/@me/channels";
        let body = HttpBody::Json(&body);
        self.call(Ask::new(Method::POST, template, 0, path, body))
            .await
    }

    /// Shows for ten seconds that we write
    /// (<https://docs.discord.com/developers/resources/channel#trigger-typing-indicator>).
    pub(super) async fn typing(&self, channel: u64) -> Result<(), RestError> {
        let path = format!("/channels/{channel}/typing");
        let template = "POST /channels/{}/typing";
        let asked = Ask::new(Method::POST, template, channel, path, HttpBody::Empty);
        self.call(asked).await.map(drop)
    }

    /// Deletes a message (<https://docs.discord.com/developers/resources/message#delete-message>).
    pub(super) async fn delete(&self, channel: u64, message: u64) -> Result<(), RestError> {
        let path = format!("/channels/{channel}/messages/{message}");
        let template = "DELETE /channels/{}/messages/{}";
        let asked = Ask::new(Method::DELETE, template, channel, path, HttpBody::Empty);
        self.call(asked).await.map(drop)
    }

    /// The client, for what is no call.
    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// The address of the service, with a slash behind it.
    pub(super) fn base_url(&self) -> String {
        self.settings.base.url() + "/"
    }

    /// The token.
    pub(super) fn token(&self) -> &str {
        &self.settings.token
    }

    /// The key of the token in the settings.
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}
