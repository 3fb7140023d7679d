//! `whatsapp-cloud`: `WhatsApp` by Meta's Cloud API
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp>).
//!
//! Its webhook is signed; without the app's secret every post is refused. Posts are taken apart in
//! `webhook`: what people and the user write goes by `inbound`, `revisions`, `calls` and `history`,
//! reports by `statuses`. What a message says is in `kinds` (with the list of Meta's types and what
//! becomes of each), `contacts` and `system`; who is who in `who`. What is sent is in `wire`, how files go up
//! and down in `files`, what refusals mean in `errors` and `codes`.
//!
//! # While nothing can be sent
//!
//! Where Meta refuses a message for the account's sake, the channel is impaired and its messages wait.
//! Then `run` looks at our number again after 5, 10, 20, 40, 60 seconds and every minute, or after an
//! hour where each further try would make it worse. A look that works proves no more than that number
//! and token are good, so it wakes the outbox, and the next attempt tells whether the trouble is over:
//! if not, that attempt is not counted and the wait goes on. `integrations restart` tries at once.

mod calls;
mod codes;
mod contacts;
mod errors;
mod files;
mod history;
mod inbound;
mod kinds;
mod recent;
mod revisions;
mod statuses;
mod system;
#[cfg(test)]
mod tests;
mod webhook;
mod who;
mod wire;

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use self::{
    errors::{end_of_run, is_standing, not_meta, reason, refusal},
    webhook::Receiver,
    who::address,
    wire::{bodies, is_reaction},
};
use super::{
    Accepted, BoxFuture, DeliveryError, FetchError, FetchedFile, Hook, HookReply, HookSender,
    Indicator, Integration, Progress, RunContext, RunError,
    ingress::Ingress,
    support::{
        files::{
            limits::CLOUD,
            outgoing::{self, Outgoing},
        },
        hmac::hmac,
    },
};
use crate::{
    config::{BaseUrl, FetchRule},
    constant_time,
    http_client::{Http, HttpAnswer, HttpBody, HttpCall, HttpError, HttpLimits, read_json},
    media::{Intake, Media},
    message::{Kind, Message, MessageId, text_at},
    phone,
    random::hex,
    store::StoreError,
};

/// The channel's name.
pub const NAME: &str = phone::CHANNELS[1];

const VERSION: &str = "v23.0";

/// The header that carries Meta's signature of a post.
const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// Time between two looks whether the credentials still hold.
const LOOK: Duration = Duration::from_secs(600);

/// The waits before the next looks while nothing can be sent.
const LOOKS_AGAIN: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(40),
    Duration::from_secs(60),
];

/// The wait where each further try makes it worse.
const STANDING_LOOK: Duration = Duration::from_secs(3600);

/// Newest messages of a peer among which one that can be marked as read is looked for.
const MAX_LOOKED_AT: usize = 16;

/// What the integration is made of.
#[derive(Clone, PartialEq, Eq)]
pub struct CloudSettings {
    /// The access token.
    pub token: String,
    /// The id of the phone number.
    pub phone_id: String,
    /// The app's secret; without it nothing comes in.
    pub app_secret: Option<String>,
    /// What Meta shows when it verifies the address.
    pub verify_token: Option<String>,
    /// Where the API is.
    pub base: BaseUrl,
    /// Which files that come in are fetched at once.
    pub fetches: FetchRule,
}

/// One phone number.
pub struct Cloud {
    settings: CloudSettings,
    authorization: String,
    http: Http,
    media: Media,
    receiver: Receiver,
    /// Each refusal for the account's sake, with the least time to wait.
    troubles: watch::Sender<Duration>,
}

impl Cloud {
    /// The integration, not running yet.
    pub fn new(settings: &CloudSettings, ingress: Ingress, media: Media) -> Self {
        Self {
            authorization: format!("Bearer {}", settings.token),
            http: Http::new(settings.base.clone()).redacting([&settings.token]),
            settings: settings.clone(),
            media,
            receiver: Receiver::new(&settings.phone_id, ingress, settings.fetches),
            troubles: watch::Sender::new(Duration::ZERO),
        }
    }

    async fn call(
        &self,
        method: Method,
        tail: &str,
        json: &Value,
    ) -> Result<HttpAnswer, HttpError> {
        let id = &self.settings.phone_id;
        call(&self.http, &self.authorization, id, (method, tail), json).await
    }

    /// Whether the API is there, takes our token and knows our number.
    async fn look(&self) -> Result<(), DeliveryError> {
        let answer = self.call(Method::GET, "?fields=id", &Value::Null).await?;
        accepted(&answer).map(drop)
    }

    async fn look_on(&self, context: &RunContext) -> Result<(), RunError> {
        let mut troubles = self.troubles.subscribe();
        let mut turn = 0;
        loop {
            let mut wait = LOOKS_AGAIN[turn];
            match self.look().await {
                Ok(()) => {
                    context.alive();
                    if !matches!(timeout(LOOK, troubles.changed()).await, Ok(Ok(()))) {
                        turn = 0;
                        continue;
                    }
                    wait = wait.max(*troubles.borrow_and_update());
                }
                Err(DeliveryError::Channel(trouble)) => context.impaired(&trouble),
                Err(error) => return Err(end_of_run(error)),
            }
            sleep(wait).await;
            turn = (turn + 1).min(LOOKS_AGAIN.len() - 1);
        }
    }

    async fn send(&self, message: &Message, progress: &Progress) -> Result<(), DeliveryError> {
        if is_reaction(message) && message.reply_to.is_none() {
            let why = "WhatsApp has no name for the message to react to";
            return Err(DeliveryError::Permanent(why.to_owned()));
        }
        // What waited for a number or a user id that changed meanwhile follows the person.
        let peer = self.receiver.ingress.canonical(&message.peer).await;
        let peer = peer.map_err(|error| DeliveryError::Transient(error.to_string(), None))?;
        let files = outgoing::checked(&self.media, message, &CLOUD).await?;
        let bodies = bodies(message);
        let last = bodies.len().saturating_sub(1);
        for (part, mut body) in bodies.into_iter().enumerate().skip(progress.parts()) {
            progress.keep().await;
            body["messaging_product"] = json!("whatsapp");
            address(&mut body, &peer);
            body["biz_opaque_callback_data"] = json!(if part == last {
                message.id.to_string()
            } else {
                format!("{}/{part}", message.id)
            });
            // The files come first, a body each.
            let file = files.get(part).and_then(Outgoing::kept);
            let answer = match file {
                Some(file) => self.send_kept(&mut body, file).await?,
                None => self.call(Method::POST, "/messages", &body).await?,
            };
            let taken = accepted(&answer).inspect_err(|error| self.heard(error, &answer))?;
            let id = text_at(&taken["messages"][0], "id");
            progress.part_sent(id.map(str::to_owned));
        }
        Ok(())
    }

    /// Has `run` look after the channel where a message was refused for its sake.
    fn heard(&self, error: &DeliveryError, answer: &HttpAnswer) {
        if matches!(error, DeliveryError::Channel(_)) {
            let least = is_standing(answer).then_some(STANDING_LOOK);
            self.troubles.send_replace(least.unwrap_or_default());
        }
    }

    /// Says that a message was read; with `typing`, also that we write. One goes only with the other.
    async fn seen(&self, messages: &[Message], typing: bool) -> Result<(), String> {
        let Some(id) = messages.iter().find_map(readable) else {
            return Ok(());
        };
        let mut body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": id});
        if typing {
            body["typing_indicator"] = json!({"type": "text"});
        }
        let asked = self.call(Method::POST, "/messages", &body).await;
        let answer = asked.map_err(|error| error.to_string())?;
        accepted(&answer).map(drop).map_err(reason)
    }

    /// The newest messages of a peer: what we write is shown as an answer to one of them.
    async fn newest_of(&self, peer: &str) -> Result<Vec<Message>, StoreError> {
        let peer = peer.to_owned();
        let store = self.receiver.ingress.store();
        let all = (None, MessageId(u64::MAX));
        store
            .run_blocking(move |store| {
                store.received_between((NAME, &peer), all.0, all.1, MAX_LOOKED_AT)
            })
            .await
    }

    /// The app's secret and the signature of a post, if it looks like one.
    fn signed<'a>(&'a self, hook: &'a Hook) -> Result<(&'a str, &'a str), HookReply> {
        let secret = self.settings.app_secret.as_deref();
        let secret =
            secret.ok_or_else(|| HookReply::forbidden("WHATSAPP_CLOUD_APP_SECRET is not set"))?;
        let given = hook.header(SIGNATURE_HEADER).unwrap_or_default();
        let digits = given.strip_prefix("sha256=").unwrap_or_default();
        if digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            Ok((secret, given))
        } else {
            Err(HookReply::forbidden("the signature is wrong"))
        }
    }

    async fn posted(&self, hook: &Hook) -> HookReply {
        let (secret, given) = match self.signed(hook) {
            Ok(both) => both,
            Err(refusal) => return refusal,
        };
        let expected = format!("sha256={}", hex(&hmac(secret.as_bytes(), &hook.body)));
        if !constant_time::equal(expected.as_bytes(), given.as_bytes()) {
            return HookReply::forbidden("the signature is wrong");
        }
        if let Ok(body) = read_json(&hook.body) {
            return self.receiver.taken(&body).await;
        }
        // It would be the same at every repeat.
        let log = self.receiver.ingress.log();
        let what = "a webhook was signed and is no JSON";
        log.warn_limited("integration", what, &[("name", &NAME)]);
        HookReply::done()
    }

    fn verified(&self, hook: &Hook) -> HookReply {
        let given = hook.parameter("hub.verify_token").unwrap_or_default();
        let is_asked = hook.parameter("hub.mode").as_deref() == Some("subscribe");
        match &self.settings.verify_token {
            Some(token) if is_asked && constant_time::equal(token.as_bytes(), given.as_bytes()) => {
                HookReply::new(200, &hook.parameter("hub.challenge").unwrap_or_default())
            }
            Some(_) => HookReply::forbidden("the verify token is wrong"),
            None => HookReply::forbidden("WHATSAPP_CLOUD_VERIFY_TOKEN is not set"),
        }
    }
}

async fn call(
    http: &Http,
    authorization: &str,
    phone_id: &str,
    (method, tail): (Method, &str),
    json: &Value,
) -> Result<HttpAnswer, HttpError> {
    let path = format!("/{VERSION}/{phone_id}{tail}");
    let call = HttpCall {
        method,
        path: &path,
        headers: &[("authorization", authorization)],
        body: HttpBody::Json(json),
        limits: HttpLimits::default(),
    };
    http.call(call).await
}

/// Whose number these settings are of
/// (<https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers>),
/// before they are written.
pub async fn number(settings: &CloudSettings) -> Result<Value, String> {
    let http = Http::new(settings.base.clone()).redacting([&settings.token]);
    let authorization = format!("Bearer {}", settings.token);
    let fields = (Method::GET, "?fields=id,display_phone_number,verified_name");
    let asked = call(
        &http,
        &authorization,
        &settings.phone_id,
        fields,
        &Value::Null,
    );
    let answer = asked.await.map_err(|error| error.to_string())?;
    let found = accepted(&answer).map_err(reason)?;
    let mut told = json!({});
    for (name, field) in [
        ("title", "verified_name"),
        ("number", "display_phone_number"),
    ] {
        if let Some(text) = text_at(&found, field) {
            told[name] = json!(text);
        }
    }
    Ok(told)
}

/// The body of an answer that says yes. Meta answers with 200 and an object.
fn accepted(answer: &HttpAnswer) -> Result<Value, DeliveryError> {
    if answer.status != 200 {
        return Err(refusal(answer));
    }
    let body = answer.json();
    if body.is_object() {
        Ok(body)
    } else {
        Err(not_meta(answer))
    }
}

/// The name of a message that can be marked as read: one that a person wrote to us just now.
fn readable(message: &Message) -> Option<&str> {
    let meta = message.meta.as_ref()?;
    let is_written = !matches!(message.kind, Kind::Call | Kind::System);
    let is_theirs = meta["own"] != true && meta["history"] != true;
    text_at(meta, "id").filter(|_| is_written && is_theirs)
}

impl Integration for Cloud {
    fn name(&self) -> &'static str {
        NAME
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move { context.spent_on(self.look_on(&context)).await })
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

    fn can_show(&self, _: Indicator, _: &str) -> bool {
        true
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let newest = self.newest_of(peer).await;
            let newest = newest.map_err(|error| error.to_string())?;
            self.seen(&newest, true).await
        })
    }

    /// The newest stands for those before it.
    fn mark_read<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.seen(messages, false))
    }

    /// The signature covers the body, so the head alone proves nothing.
    fn examine(&self, hook: &Hook) -> Result<HookSender, HookReply> {
        if !hook.is_get {
            self.signed(hook)?;
        }
        Ok(HookSender::Unproven)
    }

    fn hook<'a>(&'a self, hook: &'a Hook) -> BoxFuture<'a, HookReply> {
        Box::pin(async move {
            if hook.is_get {
                self.verified(hook)
            } else {
                self.posted(hook).await
            }
        })
    }
}
