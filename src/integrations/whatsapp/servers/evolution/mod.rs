//! A self-hosted Evolution API, version 2
//! (<https://doc.evolution-api.com>, <https://github.com/evolution-foundation/evolution-api>).
//!
//! Its webhook has no signature: we register one with a secret header of ours, and check that. Its
//! bodies carry the API key, so none is ever logged. What is posted is read in `posts`; `wire` has what is
//! sent, `files` how kept files go out and theirs come in, `errors` what answers mean, `status` how the
//! instance stands, `pair` how a phone is paired, `account` which instances there are, `webhook` that the
//! service posts to us.

pub(super) mod account;
mod errors;
mod files;
mod pair;
mod posts;
mod status;
#[cfg(test)]
mod tests;
mod webhook;
mod wire;

use std::sync::atomic::AtomicBool;

use hyper::Method;
use serde_json::{Value, json};

use self::{
    errors::{Refusal, is_success, refusal, unasked},
    wire::{body, found, read_body},
};
use super::{Pairing, Server, ServerContext, api::Api, groups, json_of, shown, words};
use crate::{
    constant_time,
    http_client::{HttpAnswer, HttpBody, HttpError, HttpLimits},
    integrations::{
        BoxFuture, DeliveryError, FetchError, FetchedFile, Group, Hook, HookReply, HookSender,
        Indicator, ReconcileResult, RunError,
        support::files::{
            limits::{EVOLUTION, FileLimits},
            outgoing::OutgoingFile,
        },
        whatsapp::{
            connection::Status,
            events::Posts,
            settings::{ServerKind, WhatsappSettings},
            sought::FoundMessage,
            steps::{ReadMessage, Step},
            who::remote_jid,
        },
    },
    log::Log,
    media::{Intake, Media},
    message::text_at,
};

/// The header that carries our secret.
const SECRET_HEADER: &str = "x-cleudocodebot-secret";

/// How long `WhatsApp` shows that we write; the call is answered when it ends.
const TYPING_MS: u64 = 4000;

/// One instance of an Evolution API.
pub(super) struct Evolution {
    api: Api,
    instance: String,
    secret: String,
    webhook_url: String,
    media: Media,
    log: Log,
    /// Whether the service refused the names of newer events.
    knows_oldest_events: AtomicBool,
}

/// Its API as these settings name it.
fn api_of(settings: &WhatsappSettings) -> Api {
    let headers = vec![("apikey", settings.token.clone())];
    Api::new(settings, headers, [&settings.token])
}

impl Evolution {
    pub(super) fn new(context: ServerContext) -> Self {
        let settings = &context.settings;
        let headers = vec![("apikey", settings.token.clone())];
        Self {
            api: Api::new(settings, headers, [&settings.token, &context.secret]),
            instance: context.settings.instance,
            secret: context.secret,
            webhook_url: context.webhook_url,
            media: context.media,
            log: context.log,
            knows_oldest_events: AtomicBool::new(false),
        }
    }

    /// The path of a question about the instance.
    fn path(&self, path: &str) -> String {
        format!("{path}/{}", self.instance)
    }

    /// Asks something of the instance.
    async fn call(
        &self,
        method: Method,
        path: &str,
        json: &Value,
    ) -> Result<HttpAnswer, HttpError> {
        let (path, body) = (self.path(path), HttpBody::Json(json));
        let limits = HttpLimits::default();
        self.api.call(method, &path, body, limits).await
    }

    async fn bring_out(
        &self,
        step: &Step<'_>,
        file: Option<&OutgoingFile>,
    ) -> Result<Option<String>, DeliveryError> {
        let (path, body) = body(step);
        let answer = match file {
            Some(file) => self.upload(path, body, file).await?,
            None => self.call(Method::POST, path, &body).await?,
        };
        if !is_success(&answer) {
            return Err(self.refused(&answer, &step.to).await);
        }
        let answer = answer.json();
        Ok(text_at(&answer["key"], "id").map(str::to_owned))
    }

    /// What a refusal means. Some texts mean a lost connection or a fault of Evolution alike: then the
    /// instance is asked how it stands.
    async fn refused(&self, answer: &HttpAnswer, peer: &str) -> DeliveryError {
        match refusal(answer, &self.api.address, peer) {
            Refusal::Is(error) => error,
            Refusal::MayBeUnconnected(why, earliest) => match self.how_it_stands().await {
                Ok(Status::Open) | Err(RunError::Failed(..)) => {
                    DeliveryError::Transient(why, earliest)
                }
                Err(RunError::Refused(why)) => DeliveryError::Unauthorized(why),
                Ok(
                    Status::Closed(trouble) | Status::Missing(trouble) | Status::Unusable(trouble),
                ) => DeliveryError::Channel(trouble),
            },
        }
    }

    async fn sent_to(&self, jid: &str) -> Result<Vec<FoundMessage>, ReconcileResult> {
        let wanted = json!({"where": {"key": {"remoteJid": jid, "fromMe": true}},
            "page": 1, "offset": 50});
        let asked = self.call(Method::POST, "/chat/findMessages", &wanted).await;
        let answer = asked.map_err(|error| ReconcileResult::Unasked(error.to_string(), None))?;
        if answer.status >= 300 {
            return Err(unasked(&answer));
        }
        found(&answer.json()).ok_or(ReconcileResult::Unknown)
    }

    /// Asks for something that nobody waits for.
    async fn show(&self, path: &str, json: &Value) -> Result<(), String> {
        shown(
            ServerKind::Evolution,
            self.call(Method::POST, path, json).await,
        )
    }
}

impl Server for Evolution {
    fn limits(&self) -> &'static FileLimits {
        &EVOLUTION
    }

    fn send<'a>(
        &'a self,
        step: &'a Step<'a>,
        file: Option<&'a OutgoingFile>,
    ) -> BoxFuture<'a, Result<Option<String>, DeliveryError>> {
        Box::pin(self.bring_out(step, file))
    }

    fn search<'a>(
        &'a self,
        jid: &'a str,
    ) -> BoxFuture<'a, Result<Vec<FoundMessage>, ReconcileResult>> {
        Box::pin(self.sent_to(jid))
    }

    fn status(&self) -> BoxFuture<'_, Result<Status, RunError>> {
        Box::pin(self.how_it_stands())
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<Group>, String>> {
        Box::pin(async {
            // Without that it refuses (`getParticipantsValidate` in `abstract.router.ts`).
            let path = self.path("/group/fetchAllGroups") + "?getParticipants=false";
            let answer = groups::ask(&self.api, &path).await?;
            if !is_success(&answer) {
                return Err(words(self.refused(&answer, "").await));
            }
            Ok(groups::groups(&answer.json()))
        })
    }

    fn register(&self) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(self.set())
    }

    fn keep_webhook(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.keep())
    }

    fn pair(&self, is_missing: bool) -> BoxFuture<'_, Result<Pairing, String>> {
        Box::pin(async move {
            if is_missing {
                self.create().await
            } else {
                self.code().await
            }
        })
    }

    fn examine(&self, hook: &Hook) -> Result<HookSender, HookReply> {
        let given = hook.header(SECRET_HEADER).unwrap_or_default();
        if hook.is_get || !constant_time::equal(given.as_bytes(), self.secret.as_bytes()) {
            return Err(HookReply::forbidden("the secret header is wrong"));
        }
        Ok(HookSender::Proven)
    }

    fn read(&self, hook: &Hook) -> Result<Posts, HookReply> {
        Ok(posts::read(json_of(hook)?))
    }

    fn fetch<'a>(
        &'a self,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>> {
        Box::pin(self.fetch_file(file, into))
    }

    fn can_show(&self, _: Indicator, _: &str) -> bool {
        true
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        let body = json!({"number": peer, "presence": "composing", "delay": TYPING_MS});
        Box::pin(async move { self.show("/chat/sendPresence", &body).await })
    }

    /// `deleteMessageForEveryone` of `src/api/routes/chat.router.ts`.
    fn delete<'a>(
        &'a self,
        peer: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let key = json!({"id": name, "remoteJid": remote_jid(peer), "fromMe": true});
        Box::pin(async move {
            let path = "/chat/deleteMessageForEveryone";
            let answer = self.call(Method::DELETE, path, &key).await?;
            if is_success(&answer) {
                return Ok(());
            }
            Err(self.refused(&answer, peer).await)
        })
    }

    fn mark_read<'a>(&'a self, messages: &'a [ReadMessage]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let body = read_body(messages);
            self.show("/chat/markMessageAsRead", &body).await
        })
    }
}
