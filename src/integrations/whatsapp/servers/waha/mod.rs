//! WAHA, the WhatsApp HTTP API (<https://github.com/devlikeapro/waha>), read at 2025.12.3 (a copy of its sources:
//! `src/api`, `src/structures`, `src/core/engines`) and in its documentation of July 2026
//! (<https://waha.devlike.pro/docs>).
//!
//! The instance is one of its sessions, `default` where it is the free Core, the key `WAHA_API_KEY`
//! (`X-Api-Key`). What it posts is signed with the secret of the session's webhook (`X-Webhook-Hmac`, SHA-512).
//! Its engines have one payload; beside it NOWEB has what Baileys told (`_data.message`) and GOWS what
//! whatsmeow told (`_data.Message`), and there every kind of content is read. WEBJS has neither.

mod posts;
mod wire;

use hyper::Method;
use serde_json::{Value, json};

use self::wire::{body_of, file_url, id_of, serialized};
use super::{
    Pairing, Server, ServerContext,
    api::{Api, unanswered},
    not_connected, not_it, quoted, refused_key, shown,
    signature::{Algorithm, Signature},
    status_of, uploads, whatsmeow, words,
};
use crate::{
    http_client::{HttpAnswer, HttpBody, HttpLimits},
    integrations::{
        BoxFuture, DeliveryError, FetchError, FetchedFile, Hook, HookReply, HookSender, Indicator,
        ReconcileResult, RunError, Trouble,
        support::files::{
            incoming::most,
            limits::{FileLimits, WAHA},
            outgoing::OutgoingFile,
        },
        whatsapp::{
            connection::{CONNECT, Status, told},
            events::Posts,
            settings::{ServerKind, WhatsappSettings},
            sought::FoundMessage,
            steps::{ReadMessage, Step},
        },
    },
    media::{Intake, Media},
    message::text_at,
    percent,
};

const KIND: ServerKind = ServerKind::Waha;

/// How its posts are signed.
const SIGNATURE: Signature = Signature {
    header: "x-webhook-hmac",
    prefix: "",
    algorithm: Algorithm::Sha512,
};

/// The events we want posted (`src/structures/enums.dto.ts`).
const EVENTS: [&str; 12] = [
    "session.status",
    "message.any",
    "message.reaction",
    "message.ack",
    "message.ack.group",
    "message.revoked",
    "message.edited",
    "presence.update",
    "poll.vote",
    "call.received",
    "call.accepted",
    "call.rejected",
];

/// One session of a WAHA.
pub(super) struct Waha {
    api: Api,
    session: String,
    secret: String,
    webhook_url: String,
    media: Media,
}

pub(super) fn api_of(settings: &WhatsappSettings) -> Api {
    let headers = vec![("x-api-key", settings.token.clone())];
    Api::new(settings, headers, [&settings.token])
}

/// Its sessions, those that are stopped too.
pub(super) async fn instances(settings: &WhatsappSettings) -> Result<Value, String> {
    let api = api_of(settings);
    let asked = api.get("/api/sessions?all=true").await;
    let answer = asked.map_err(|error| error.to_string())?;
    if matches!(answer.status, 401 | 403) {
        return Err(refused_key(KIND, &api.address, answer.status));
    }
    let found = answer.json();
    let Some(all) = found.as_array().filter(|_| answer.status == 200) else {
        return Err(not_it(KIND, &api.address, answer.status).why);
    };
    let told = all.iter().filter_map(|one| {
        let me = &one["me"];
        let is_open = one["status"] == "WORKING";
        let (jid, title) = (text_at(me, "id"), text_at(me, "pushName"));
        Some(super::account(text_at(one, "name")?, is_open, jid, title))
    });
    Ok(json!({"instances": told.collect::<Vec<_>>()}))
}

/// What the state of a session means (`WAHASessionStatus`).
fn state_of(status: &str) -> Status {
    match status {
        "WORKING" => Status::Open,
        "SCAN_QR_CODE" => Status::not_connected("no phone is paired"),
        "STARTING" => Status::not_connected("the session is starting"),
        "STOPPED" => Status::not_connected("the session is stopped"),
        "FAILED" => {
            Status::not_connected("the phone logged this device out, or the session failed")
        }
        other => Status::not_connected(other),
    }
}

impl Waha {
    pub(super) fn new(context: ServerContext) -> Self {
        Self {
            api: api_of(&context.settings),
            session: context.settings.instance,
            secret: context.secret,
            webhook_url: context.webhook_url,
            media: context.media,
        }
    }

    fn of_session(&self, path: &str) -> String {
        format!("/api/sessions/{}{path}", self.session)
    }

    fn missing(&self) -> Trouble {
        let why = format!("WAHA has no session {:?}", self.session);
        let advice = format!(
            "{CONNECT} makes it and pairs a phone; another name goes into WHATSAPP_INSTANCE_NAME, \
             and WAHA Core has the one named default"
        );
        Trouble::new(why, advice)
    }

    /// What an answer means that is no success (`AllExceptionsFilter.ts`, `manager.abc.ts`,
    /// `exceptions.ts`).
    fn refusal(&self, answer: &HttpAnswer) -> DeliveryError {
        let (status, body) = (answer.status, answer.json());
        let said = said(&body);
        let text = format!("WAHA says: {} (status {status})", quoted(&said));
        if matches!(status, 401 | 403) {
            return DeliveryError::Unauthorized(refused_key(KIND, &self.api.address, status));
        }
        if body["expected"].is_array() {
            return DeliveryError::Channel(not_connected(&text));
        }
        let is_of_session = said.contains("ession");
        match status {
            404 | 422
                if is_of_session && (said.contains("not exist") || said.contains("not found")) =>
            {
                DeliveryError::Channel(self.missing())
            }
            // What only its paid version has, what the engine cannot do, and what is malformed.
            400 | 413 | 422 | 501 if body.is_object() => DeliveryError::Permanent(text),
            429 => DeliveryError::Transient(text, answer.retry_after),
            404 | 200..=399 => DeliveryError::Channel(not_it(KIND, &self.api.address, status)),
            _ => whatsmeow::meaning(&said, text),
        }
    }

    fn body(&self, answer: &HttpAnswer) -> Result<Value, DeliveryError> {
        let is_json = || answer.body.is_empty() || !answer.json().is_null();
        if (200..300).contains(&answer.status) && is_json() {
            return Ok(answer.json());
        }
        Err(self.refusal(answer))
    }

    async fn bring_out(
        &self,
        step: &Step<'_>,
        file: Option<&OutgoingFile>,
    ) -> Result<Option<String>, DeliveryError> {
        let (method, path, mut body) = body_of(step);
        body["session"] = json!(self.session);
        let mut limits = HttpLimits::default();
        if let Some(file) = file {
            let data = uploads::base64(&self.media, file).await?;
            body["file"] =
                json!({"mimetype": file.row.mime, "filename": file.name(), "data": data});
            limits = HttpLimits::for_file(file.row.bytes);
        }
        let call = self.api.call(method, path, HttpBody::Json(&body), limits);
        let answer = call.await?;
        Ok(id_of(&self.body(&answer)?))
    }

    async fn session(&self) -> Result<Result<Value, Status>, RunError> {
        let asked = self.api.get(&self.of_session("")).await;
        let answer = asked.map_err(unanswered)?;
        match self.body(&answer) {
            Ok(found) if found["status"].is_string() => Ok(Ok(found)),
            Ok(_) => Ok(Err(Status::Unusable(not_it(
                KIND,
                &self.api.address,
                answer.status,
            )))),
            Err(DeliveryError::Channel(trouble)) if trouble == self.missing() => {
                Ok(Err(Status::Missing(trouble)))
            }
            Err(error) => status_of(error, answer.retry_after).map(Err),
        }
    }

    async fn how_it_stands(&self) -> Result<Status, RunError> {
        Ok(match self.session().await? {
            Ok(found) => state_of(text_at(&found, "status").unwrap_or_default()),
            Err(status) => status,
        })
    }

    fn webhook(&self) -> Value {
        json!({"url": self.webhook_url, "events": EVENTS, "hmac": {"key": self.secret},
            "retries": {"policy": "exponential", "delaySeconds": 2, "attempts": 10}})
    }

    fn is_ours(&self, webhook: &Value) -> bool {
        let has = |event: &&str| {
            let all = webhook["events"].as_array();
            all.is_some_and(|all| all.iter().any(|one| one == *event || one == "*"))
        };
        webhook["url"] == self.webhook_url.as_str()
            && webhook["hmac"]["key"] == self.secret.as_str()
            && EVENTS.iter().all(has)
    }

    /// Adds our webhook to those of the session, where it is not there: WAHA restarts a session whose
    /// configuration is set.
    async fn set_webhook(&self) -> Result<(), RunError> {
        let Ok(found) = self.session().await? else {
            return Ok(());
        };
        let mut config = found["config"].clone();
        let all = config["webhooks"].as_array().cloned().unwrap_or_default();
        if all.iter().any(|webhook| self.is_ours(webhook)) {
            return Ok(());
        }
        let others = all
            .into_iter()
            .filter(|webhook| webhook["url"] != self.webhook_url.as_str());
        let webhooks: Vec<Value> = others.chain([self.webhook()]).collect();
        if !config.is_object() {
            config = json!({});
        }
        config["webhooks"] = json!(webhooks);
        let wanted = json!({"name": self.session, "config": config});
        let (path, body) = (self.of_session(""), HttpBody::Json(&wanted));
        let limits = HttpLimits::for_file(0);
        let asked = self.api.call(Method::PUT, &path, body, limits).await;
        let answer = asked.map_err(unanswered)?;
        let set = self.body(&answer).map(drop).map_err(words);
        set.map_err(|why| {
            let text = format!(
                "the webhook {} could not be registered: {why}",
                self.webhook_url
            );
            RunError::Failed(text, answer.retry_after)
        })
    }

    async fn code(&self, is_missing: bool) -> Result<Pairing, String> {
        if is_missing {
            let wanted = json!({"name": self.session, "start": true,
                "config": {"webhooks": [self.webhook()]}});
            let asked = self.api.post("/api/sessions", &wanted).await;
            let answer = asked.map_err(|error| error.to_string())?;
            self.body(&answer).map_err(words)?;
        }
        let found = match self.session().await {
            Ok(Ok(found)) => found,
            Ok(Err(status)) => {
                return Err(status
                    .trouble()
                    .map_or_else(String::new, |one| one.why.clone()));
            }
            Err(error) => return Err(told(error)),
        };
        match text_at(&found, "status").unwrap_or_default() {
            "WORKING" => Ok(Pairing::Connected),
            // A failed one has to forget the account before it makes a code.
            state @ ("STOPPED" | "FAILED") => {
                let step = if state == "FAILED" {
                    "/logout"
                } else {
                    "/start"
                };
                let asked = self.api.post(&self.of_session(step), &json!({})).await;
                let answer = asked.map_err(|error| error.to_string())?;
                self.body(&answer).map_err(words)?;
                Ok(Pairing::Waiting("WAHA starts the session".to_owned()))
            }
            "SCAN_QR_CODE" => {
                let path = format!("/api/{}/auth/qr?format=raw", self.session);
                let asked = self.api.get(&path).await;
                let answer = asked.map_err(|error| error.to_string())?;
                let body = self.body(&answer).map_err(words)?;
                Ok(match text_at(&body, "value") {
                    Some(code) => Pairing::Code {
                        code: code.to_owned(),
                        typed: None,
                        is_new: is_missing,
                    },
                    None => Pairing::Waiting("WAHA has no code yet".to_owned()),
                })
            }
            _ => Ok(Pairing::Waiting("WAHA starts the session".to_owned())),
        }
    }

    /// Its files are at the address that WAHA has of itself, which may not be the one that we reach it by.
    async fn fetch_file(&self, file: &Value, into: &mut Intake) -> Result<FetchedFile, FetchError> {
        let Some(path) = text_at(file, "id").and_then(file_url) else {
            return Err(FetchError::Permanent(
                "WAHA did not keep this file".to_owned(),
            ));
        };
        let limits = HttpLimits {
            max_bytes: most(into),
            ..HttpLimits::for_file(file["bytes"].as_u64().unwrap_or(0))
        };
        let asked = self
            .api
            .download(Method::GET, path, HttpBody::Empty, limits, into);
        super::fetched(asked.await, |answer| self.refusal(answer))
    }

    async fn sent_to(&self, jid: &str) -> Result<Vec<FoundMessage>, ReconcileResult> {
        let chat = percent::encode(&wire::chat_id(jid), b"@");
        let path = format!(
            "/api/{}/chats/{chat}/messages?limit=50&downloadMedia=false&filter.fromMe=true",
            self.session
        );
        let asked = self.api.get(&path).await;
        let answer = asked.map_err(|error| ReconcileResult::Unasked(error.to_string(), None))?;
        match self.body(&answer) {
            Ok(Value::Array(all)) => Ok(all.iter().filter_map(posts::found).collect()),
            Err(DeliveryError::Transient(why, earliest)) => {
                Err(ReconcileResult::Unasked(why, earliest))
            }
            Err(DeliveryError::Channel(trouble)) => {
                Err(ReconcileResult::Unasked(trouble.why, None))
            }
            // NOWEB keeps no messages unless its store is on.
            _ => Err(ReconcileResult::Unknown),
        }
    }
}

/// Its words: of a session, of NestJS, of a failed validation or of an exception.
fn said(body: &Value) -> String {
    let of = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => {
            let all: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            Some(all.join("; ")).filter(|text| !text.is_empty())
        }
        _ => None,
    };
    let exception = &body["exception"]["message"];
    let all = [exception, &body["message"], &body["error"]];
    all.into_iter().find_map(of).unwrap_or_default()
}

impl Server for Waha {
    fn limits(&self) -> &'static FileLimits {
        &WAHA
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

    fn register(&self) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(self.set_webhook())
    }

    fn keep_webhook(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let _ = self.set_webhook().await;
        })
    }

    fn pair(&self, is_missing: bool) -> BoxFuture<'_, Result<Pairing, String>> {
        Box::pin(self.code(is_missing))
    }

    fn examine(&self, hook: &Hook) -> Result<HookSender, HookReply> {
        SIGNATURE.examine(hook)
    }

    fn read(&self, hook: &Hook) -> Result<Posts, HookReply> {
        SIGNATURE.check(hook, &self.secret)?;
        Ok(posts::read(&super::json_of(hook)?, state_of))
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
        let wanted = json!({"session": self.session, "chatId": wire::chat_id(peer)});
        Box::pin(async move { shown(KIND, self.api.post("/api/startTyping", &wanted).await) })
    }

    fn mark_read<'a>(&'a self, messages: &'a [ReadMessage]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let ids: Vec<String> = messages.iter().map(serialized).collect();
            let chat = messages.first().map(|one| wire::chat_id(&one.chat));
            let wanted = json!({"session": self.session, "chatId": chat, "messageIds": ids});
            shown(KIND, self.api.post("/api/sendSeen", &wanted).await)
        })
    }
}
