//! WAHA, the `WhatsApp` HTTP API (<https://github.com/devlikeapro/waha>), read at 2025.12.3 (a copy of its sources:
//! `src/api`, `src/structures`, `src/core/engines`) and in its documentation of July 2026
//! (<https://waha.devlike.pro/docs>); 2024.10.8 Core with NOWEB was run, without a way to `WhatsApp`.
//!
//! The instance is one of its sessions, `default` where it is the free Core, the key `WAHA_API_KEY`
//! (`X-Api-Key`). What it posts is signed with the secret of the session's webhook (`X-Webhook-Hmac`, SHA-512), but
//! not by a Core of 2024: so the secret is in the address, too.
//! Its engines have one payload; beside it NOWEB has what Baileys told (`_data.message`) and GOWS what
//! whatsmeow told (`_data.Message`), and there every kind of content is read. WEBJS has neither.

mod posts;
mod session;
mod wire;

use std::sync::atomic::AtomicBool;

use hyper::Method;
use serde_json::{Value, json};

pub(super) use self::session::instances;
use self::{
    session::state_of,
    wire::{body_of, file_url, id_of, serialized},
};
use super::{
    Pairing, Server, ServerContext,
    api::Api,
    downloads::fetched,
    groups, not_connected, not_it, quoted, refused_key, shown,
    signature::{Algorithm, Signature, knows_secret, with_secret},
    uploads, whatsmeow,
};
use crate::{
    http_client::{HttpAnswer, HttpBody, HttpLimits},
    integrations::{
        BoxFuture, DeliveryError, FetchError, FetchedFile, Group, Hook, HookReply, HookSender,
        Indicator, ReconcileResult, RunError, Trouble,
        support::files::{
            incoming::most,
            limits::{FileLimits, WAHA},
            outgoing::OutgoingFile,
        },
        whatsapp::{
            connection::{CONNECT, Status},
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

/// What it says of a session that it does not have (`manager.abc.ts`, `sessions.controller.ts`).
const MISSING: [&str; 2] = ["does not exist", "Session not found"];

/// What versions of 2024 say of one that is not started (`manager.core.ts`).
const STOPPED: [&str; 1] = ["find a session with name"];

/// One session of a WAHA.
pub(super) struct Waha {
    api: Api,
    session: String,
    secret: String,
    webhook_url: String,
    media: Media,
    /// Whether it refused the names of newer events.
    knows_oldest_events: AtomicBool,
}

pub(super) fn api_of(settings: &WhatsappSettings) -> Api {
    let headers = vec![("x-api-key", settings.token.clone())];
    Api::new(settings, headers, [&settings.token])
}

impl Waha {
    pub(super) fn new(context: ServerContext) -> Self {
        Self {
            api: api_of(&context.settings),
            session: context.settings.instance,
            webhook_url: with_secret(&context.webhook_url, &context.secret),
            secret: context.secret,
            media: context.media,
            knows_oldest_events: AtomicBool::new(false),
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
        if body["expected"].is_array() || STOPPED.iter().any(|stopped| said.contains(stopped)) {
            return DeliveryError::Channel(not_connected(&text));
        }
        match status {
            404 | 422 if MISSING.iter().any(|missing| said.contains(missing)) => {
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
        fetched(asked.await, |answer| self.refusal(answer))
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

/// Its words: of a session, of `NestJS`, of a failed validation or of an exception.
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

    fn groups(&self) -> BoxFuture<'_, Result<Vec<Group>, String>> {
        Box::pin(async {
            let path = format!("/api/{}/groups?exclude=participants", self.session);
            groups::listed(&self.api, &path, |answer| self.body(answer)).await
        })
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
        if knows_secret(hook, &self.secret) {
            return Ok(HookSender::Proven);
        }
        SIGNATURE.examine(hook)
    }

    fn read(&self, hook: &Hook) -> Result<Posts, HookReply> {
        if !knows_secret(hook, &self.secret) {
            SIGNATURE.check(hook, &self.secret)?;
        }
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

    /// `deleteMessage` of `src/api/chats.controller.ts`.
    fn delete<'a>(
        &'a self,
        peer: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let chat = wire::chat_id(peer);
        let id = format!("true_{chat}_{name}");
        let path = format!(
            "/api/{}/chats/{}/messages/{}",
            percent::encode(&self.session, &[]),
            percent::encode(&chat, &[]),
            percent::encode(&id, &[])
        );
        Box::pin(async move {
            let (method, limits) = (Method::DELETE, HttpLimits::default());
            let asked = self.api.call(method, &path, HttpBody::Empty, limits);
            self.body(&asked.await?).map(drop)
        })
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
