//! `whatsapp`: `WhatsApp` by a self-hosted Evolution API, version 2
//! (<https://doc.evolution-api.com>, <https://github.com/evolution-foundation/evolution-api>).
//!
//! Its webhook has no signature: we register one with a secret header of ours, and check that. Its
//! bodies carry the API key, so none is ever logged. What is posted is taken in `hook`: `who` knows whose
//! it is, `kinds` what it says (and lists what becomes of each kind), `inbound` what is stored of it, `mention` whether a group's message names us.
//! `wire` has what is sent, `files` how kept files go out and theirs come in, `errors` what answers mean, `reconcile` messages whose answer was lost;
//! `connection` how the instance stands, `looks` when that is looked at, `pair` how a phone is paired,
//! `account` which instances there are before one is in the settings, `webhook` that the service posts to us.

mod account;
mod connection;
mod errors;
mod files;
mod hook;
mod inbound;
mod kinds;
mod looks;
mod mention;
mod pair;
mod reconcile;
#[cfg(test)]
mod tests;
mod webhook;
mod who;
mod wire;

use std::sync::{Mutex, PoisonError, atomic::AtomicBool};

use hyper::Method;
use serde_json::{Value, json};

use self::{
    connection::Status,
    errors::{Refusal, is_no_chat, is_success, refusal, unasked},
    looks::Looks,
    reconcile::unclaimed,
    wire::{Sought, bodies, jids, names_of, read_messages},
};
use super::{
    Accepted, BoxFuture, DeliveryError, FetchError, FetchedFile, Hook, HookReply, HookSender,
    Indicator, Integration, Progress, ReconcileResult, RunContext, RunError,
    ingress::Ingress,
    support::files::{
        limits::EVOLUTION,
        outgoing::{self, Outgoing},
    },
    support::hmac::hmac,
};
use crate::{
    config::{BaseUrl, FetchRule},
    constant_time,
    http_client::{Http, HttpAnswer, HttpBody, HttpCall, HttpError, HttpLimits},
    media::{Intake, Media},
    message::{Message, text_at},
    random::hex,
    store::StoreError,
};

pub use self::{account::instances, wire::NAME};

/// The header that carries our secret.
const SECRET_HEADER: &str = "x-cleudocodebot-secret";

/// How long `WhatsApp` shows that we write; the call is answered when it ends.
const TYPING_MS: u64 = 4000;

/// What the integration is made of.
#[derive(Clone, PartialEq, Eq)]
pub struct WhatsappSettings {
    /// Where the server is.
    pub base: BaseUrl,
    /// Its API key.
    pub token: String,
    /// The instance.
    pub instance: String,
    /// Where it reaches our webhook, where that is not this machine's loopback.
    pub webhook_url: Option<String>,
    /// The secret of a webhook set by hand; without it one is derived from token and
    /// instance, and registered at each start.
    pub webhook_secret: Option<String>,
    /// Which files that come in are fetched at once.
    pub fetches: FetchRule,
}

/// The secret of a webhook that we register: the same at every start, for what the service repeats
/// from the time we were away carries the one registered before, and a refusal ends its repeats.
fn derived(settings: &WhatsappSettings) -> String {
    let about = format!("webhook {}", settings.instance);
    hex(&hmac(settings.token.as_bytes(), about.as_bytes()))
}

/// One instance.
pub struct Whatsapp {
    settings: WhatsappSettings,
    secret: String,
    webhook_url: String,
    http: Http,
    media: Media,
    /// Where the service is, as it is told.
    address: String,
    ingress: Ingress,
    looks: Looks,
    /// Whether the service refused the names of newer events.
    knows_oldest_events: AtomicBool,
    /// The run under way, to which webhooks tell how the service fares.
    context: Mutex<Option<RunContext>>,
}

impl Whatsapp {
    /// The integration, not running yet; `address` is where the gateway listens.
    pub fn new(settings: &WhatsappSettings, address: &str, ingress: Ingress, media: Media) -> Self {
        let secret = settings.webhook_secret.clone();
        let secret = secret.unwrap_or_else(|| derived(settings));
        let here = || format!("http://{address}/webhooks/{NAME}");
        Self {
            http: Http::new(settings.base.clone()).redacting([&settings.token, &secret]),
            secret,
            media,
            webhook_url: settings.webhook_url.clone().unwrap_or_else(here),
            address: format!("{}{}", settings.base.authority(), settings.base.prefix()),
            settings: settings.clone(),
            ingress,
            looks: Looks::default(),
            knows_oldest_events: AtomicBool::new(false),
            context: Mutex::default(),
        }
    }

    /// Asks something of the instance.
    async fn call(
        &self,
        method: Method,
        path: &str,
        json: &Value,
    ) -> Result<HttpAnswer, HttpError> {
        let path = format!("{path}/{}", self.settings.instance);
        self.ask(method, &path, json).await
    }

    /// Asks something of the service.
    async fn ask(&self, method: Method, path: &str, json: &Value) -> Result<HttpAnswer, HttpError> {
        let call = HttpCall {
            method,
            path,
            headers: &[("apikey", &self.settings.token)],
            body: HttpBody::Json(json),
            limits: HttpLimits::default(),
        };
        self.http.call(call).await
    }

    async fn send(&self, message: &Message, progress: &Progress) -> Result<(), DeliveryError> {
        if let Some(error) = is_no_chat(&message.peer) {
            return Err(error);
        }
        let files = outgoing::checked(&self.media, message, &EVOLUTION).await?;
        let steps = bodies(message).into_iter().enumerate();
        for (at, (path, mut body)) in steps.skip(progress.parts()) {
            progress.keep().await;
            // The files come first, a step each.
            let file = files.get(at).and_then(Outgoing::kept);
            let answer = match file {
                Some(file) => self.upload(path, body.take(), file).await?,
                None => self.call(Method::POST, path, &body).await?,
            };
            if !is_success(&answer) {
                return Err(self.refused(&answer, &message.peer).await);
            }
            let answer = answer.json();
            progress.part_sent(text_at(&answer["key"], "id").map(str::to_owned));
            self.looks.end_trouble();
        }
        Ok(())
    }

    /// What a refusal means. Some texts mean a lost connection or a fault of Evolution alike: then the
    /// instance is asked how it stands.
    async fn refused(&self, answer: &HttpAnswer, peer: &str) -> DeliveryError {
        let error = match refusal(answer, &self.address, peer) {
            Refusal::Is(error) => error,
            Refusal::MayBeUnconnected(why, earliest) => match self.status().await {
                Ok(Status::Open) | Err(RunError::Failed(..)) => {
                    DeliveryError::Transient(why, earliest)
                }
                Err(RunError::Refused(why)) => DeliveryError::Unauthorized(why),
                Ok(
                    Status::Closed(trouble) | Status::Missing(trouble) | Status::Unusable(trouble),
                ) => DeliveryError::Channel(trouble),
            },
        };
        if matches!(error, DeliveryError::Channel(_)) {
            self.looks.begin_trouble(true);
        }
        error
    }

    /// Looks for the part whose answer was lost among the last messages to this peer.
    async fn find(&self, message: &Message, progress: &Progress) -> ReconcileResult {
        let steps = bodies(message);
        let part = progress.parts();
        let Some(sought) = steps.get(part).and_then(Sought::of) else {
            return ReconcileResult::Unknown;
        };
        let addresses = match self.addresses(&message.peer).await {
            Ok(addresses) => addresses,
            Err(error) => return ReconcileResult::Unasked(error.to_string(), None),
        };
        for jid in addresses {
            let found = self.found(&jid, &sought, message.created_ms / 1000).await;
            match found {
                Err(fate) => return fate,
                Ok(None) => {}
                Ok(Some(name)) => {
                    progress.part_sent(Some(name));
                    if part + 1 < steps.len() {
                        return ReconcileResult::NotSent;
                    }
                    return ReconcileResult::Sent(Accepted::Sent(progress.references()));
                }
            }
        }
        ReconcileResult::NotSent
    }

    /// The name of such a message to this address that no message is known by.
    async fn found(
        &self,
        jid: &str,
        sought: &Sought<'_>,
        since: u64,
    ) -> Result<Option<String>, ReconcileResult> {
        let failed = |why: String| ReconcileResult::Unasked(why, None);
        let wanted = json!({"where": {"key": {"remoteJid": jid, "fromMe": true}},
            "page": 1, "offset": 50});
        let asked = self.call(Method::POST, "/chat/findMessages", &wanted).await;
        let answer = asked.map_err(|error| failed(error.to_string()))?;
        if answer.status >= 300 {
            return Err(unasked(&answer));
        }
        let names = names_of(&answer.json(), sought, since).ok_or(ReconcileResult::Unknown)?;
        let name = unclaimed(self.ingress.store(), names).await;
        name.map_err(|error| failed(error.to_string()))
    }

    /// All addresses that a message to this peer may have there: a number in both spellings, a hidden
    /// id, or the number of one.
    async fn addresses(&self, peer: &str) -> Result<Vec<String>, StoreError> {
        let known = self.ingress.canonical(peer).await?;
        let asked = known.clone();
        let read = move |store: &crate::store::Store| store.aliases(NAME, &asked);
        let aliases = self.ingress.store().run_blocking(read).await?;
        let mut all = jids(&known);
        all.extend(aliases.into_iter().filter(|alias| alias.contains('@')));
        Ok(all)
    }

    /// Asks for something that nobody waits for.
    async fn show(&self, path: &str, json: &Value) -> Result<(), String> {
        let asked = self.call(Method::POST, path, json).await;
        match asked.map_err(|error| error.to_string())?.status {
            200..300 => Ok(()),
            status => Err(format!("the Evolution API answered {status}")),
        }
    }
}

impl Integration for Whatsapp {
    fn name(&self) -> &'static str {
        NAME
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        *self.context.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.clone());
        Box::pin(async move { context.spent_on(self.look()).await })
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        progress.through(self.send(message, progress))
    }

    fn fetch<'a>(
        &'a self,
        _: &'a Message,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>> {
        Box::pin(self.fetch_file(file, into))
    }

    fn reconcile<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, ReconcileResult> {
        Box::pin(self.find(message, progress))
    }

    fn can_show(&self, _: Indicator, _: &str) -> bool {
        true
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        let body = json!({"number": peer, "presence": "composing", "delay": TYPING_MS});
        Box::pin(async move { self.show("/chat/sendPresence", &body).await })
    }

    fn mark_read<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            match read_messages(messages) {
                Some(body) => self.show("/chat/markMessageAsRead", &body).await,
                None => Ok(()),
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

    fn hook<'a>(&'a self, hook: &'a Hook) -> BoxFuture<'a, HookReply> {
        Box::pin(async move {
            if let Err(refusal) = self.examine(hook) {
                return refusal;
            }
            let Ok(body) = serde_json::from_slice(&hook.body) else {
                return HookReply::new(400, "the body is not JSON");
            };
            let posted = self.posted(&body).await;
            posted.unwrap_or_else(|error| HookReply::again(&error.to_string()))
        })
    }

    fn pairs_a_device(&self) -> bool {
        true
    }

    fn connect(&self) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(self.pair())
    }
}
