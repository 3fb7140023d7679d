//! Evolution Go (<https://github.com/EvolutionAPI/evolution-go>), read at 0.6.1 (commit 89eaae3): `pkg/routes`,
//! `pkg/sendMessage`, `pkg/message`, `pkg/instance`, `pkg/whatsmeow/service`, `pkg/core`.
//!
//! The key is the token of an instance, or the server's own (`GLOBAL_API_KEY`) where the instance is to be
//! made. What it posts has neither a signature nor a header: a secret is in the address of the webhook. Like
//! the Evolution API 2.4 it answers 503 `LICENSE_REQUIRED` until it is registered with its maker. It has no
//! search.

mod posts;
mod wire;

use hyper::Method;
use serde_json::{Value, json};

use self::wire::call_of;
use super::{
    Pairing, Server, ServerContext,
    api::{Api, unanswered},
    downloads::{base64_fetched, base64_limits},
    groups, license, not_connected, not_it, quoted, refused_key, registered, shown,
    signature::{knows_secret, with_secret},
    status_of, whatsmeow,
};
use crate::{
    body::Multipart,
    http_client::{HttpAnswer, HttpBody, HttpLimits},
    integrations::{
        BoxFuture, DeliveryError, FetchError, FetchedFile, Group, Hook, HookReply, HookSender,
        Indicator, ReconcileResult, RunError,
        support::{
            base64::Base64Json,
            files::{
                incoming::most,
                limits::{EVOLUTION_GO, FileLimits},
                outgoing::{OutgoingFile, body},
            },
        },
        whatsapp::{
            connection::Status,
            events::Posts,
            settings::{ServerKind, WhatsappSettings},
            sought::FoundMessage,
            steps::{ReadMessage, Step, What},
            who::{Place, place, remote_jid},
        },
    },
    media::{Intake, Media},
    message::{take_at, text_at},
};

const KIND: ServerKind = ServerKind::EvolutionGo;

/// The events we want posted (`pkg/internal/event_types`).
const EVENTS: [&str; 6] = [
    "MESSAGE",
    "READ_RECEIPT",
    "CHAT_PRESENCE",
    "CALL",
    "CONNECTION",
    "QRCODE",
];

/// What an answer with a file has besides the file, at most.
const MAX_BESIDES: usize = 64 * 1024;

/// One instance of an Evolution Go.
pub(super) struct EvolutionGo {
    api: Api,
    secret: String,
    webhook_url: String,
    media: Media,
}

fn api_of(settings: &WhatsappSettings) -> Api {
    let headers = vec![("apikey", settings.token.clone())];
    Api::new(settings, headers, [&settings.token])
}

/// The instances, with the server's own key, or the one whose token it is.
pub(super) async fn instances(settings: &WhatsappSettings) -> Result<Value, String> {
    let api = api_of(settings);
    let asked = api.get("/instance/all").await;
    let answer = asked.map_err(|error| error.to_string())?;
    if let Value::Array(all) = &answer.json()["data"] {
        let told = all.iter().filter_map(|one| {
            let is_open = one["connected"] == true;
            Some(super::account(
                text_at(one, "name")?,
                is_open,
                text_at(one, "jid"),
                None,
            ))
        });
        return Ok(json!({"instances": told.collect::<Vec<_>>()}));
    }
    let asked = api.get("/instance/status").await;
    let answer = asked.map_err(|error| error.to_string())?;
    let body = answer.json();
    if let Some(trouble) = license(KIND, &body, answer.status, &api.address) {
        return Err(super::with_advice(&trouble));
    }
    match answer.status {
        401 | 403 => Err(refused_key(KIND, &api.address, answer.status)),
        // It says 400 of one without a session.
        200 | 400 if body.is_object() => {
            let data = &body["data"];
            let is_open = data["Connected"] == true && data["LoggedIn"] == true;
            let title = text_at(data, "Name");
            let told = super::account(&settings.instance, is_open, None, title);
            Ok(json!({"instances": [told]}))
        }
        status => Err(not_it(KIND, &api.address, status).why),
    }
}

impl EvolutionGo {
    pub(super) fn new(context: ServerContext) -> Self {
        Self {
            api: api_of(&context.settings),
            webhook_url: with_secret(&context.webhook_url, &context.secret),
            secret: context.secret,
            media: context.media,
        }
    }

    /// What an answer means that is no success. Whatever fails while it sends is a 500.
    fn refusal(&self, answer: &HttpAnswer) -> DeliveryError {
        let (status, body) = (answer.status, answer.json());
        if let Some(trouble) = license(KIND, &body, status, &self.api.address) {
            return DeliveryError::Channel(trouble);
        }
        let said = text_at(&body, "error").unwrap_or_default();
        let text = format!("Evolution Go says: {} (status {status})", quoted(said));
        match status {
            401 | 403 => DeliveryError::Unauthorized(refused_key(KIND, &self.api.address, status)),
            _ if wire::is_unknown_number(said) => {
                DeliveryError::Permanent(format!("{text}; check the number and its country code"))
            }
            400 | 413 if body.is_object() && !wire::is_of_connection(said) => {
                DeliveryError::Permanent(text)
            }
            _ if wire::is_of_our_file(said) => DeliveryError::Permanent(text),
            429 => DeliveryError::Transient(text, answer.retry_after),
            404 | 200..=399 => DeliveryError::Channel(not_it(KIND, &self.api.address, status)),
            _ => whatsmeow::meaning(said, text),
        }
    }

    fn data(&self, answer: &HttpAnswer) -> Result<Value, DeliveryError> {
        let mut body = answer.json();
        if (200..300).contains(&answer.status) && body["message"] == "success" {
            return Ok(take_at(&mut body, "data"));
        }
        Err(self.refusal(answer))
    }

    async fn bring_out(
        &self,
        step: &Step<'_>,
        file: Option<&OutgoingFile>,
    ) -> Result<Option<String>, DeliveryError> {
        let (path, body) = call_of(step)?;
        let answer = match file {
            Some(file) if !wire::is_sticker(step) => {
                let form = self.form(&body, file).await?;
                let limits = HttpLimits::for_file(file.row.bytes);
                self.api
                    .call(Method::POST, path, HttpBody::Form(form), limits)
                    .await?
            }
            Some(_) => {
                return Err(DeliveryError::Permanent(
                    "Evolution Go fetches stickers from an address, and has no call for a kept one"
                        .to_owned(),
                ));
            }
            None => self.api.post(path, &body).await?,
        };
        let data = self.data(&answer)?;
        // What it calls a reaction by is the name of the message reacted to.
        let is_reaction = matches!(step.what, What::Reaction { .. });
        let id = text_at(&data["Info"], "ID").filter(|_| !is_reaction);
        Ok(id.map(str::to_owned))
    }

    /// Answers cannot be told in a form.
    async fn form(&self, fields: &Value, file: &OutgoingFile) -> Result<Multipart, DeliveryError> {
        let mut form = Multipart::default();
        for (name, value) in fields.as_object().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                form = form.text(name, text);
            }
        }
        let bytes = body(&self.media, file.row.id).await?;
        let name = file.name();
        Ok(form
            .text("filename", &name)
            .file("file", &name, &file.row.mime, bytes))
    }

    async fn how_it_stands(&self) -> Result<Status, RunError> {
        let asked = self.api.get("/instance/status").await;
        let answer = asked.map_err(unanswered)?;
        match self.data(&answer) {
            Ok(data) if data["Connected"] == true && data["LoggedIn"] == true => Ok(Status::Open),
            Ok(data) if data["LoggedIn"] == true => Ok(Status::not_connected("it is connecting")),
            Ok(_) => Ok(Status::not_connected("no phone is paired")),
            Err(_)
                if wire::is_of_connection(text_at(&answer.json(), "error").unwrap_or_default()) =>
            {
                Ok(Status::Closed(not_connected("the instance is not started")))
            }
            Err(error) => status_of(error, answer.retry_after),
        }
    }

    /// The webhook is set where the instance is connected; one that is connected stays so.
    async fn set_webhook(&self) -> Result<(), RunError> {
        let wanted = json!({"webhookUrl": self.webhook_url, "subscribe": EVENTS, "immediate": true,
            "rabbitmqEnable": "", "websocketEnable": "", "natsEnable": ""});
        let asked = self.api.post("/instance/connect", &wanted).await;
        let answer = asked.map_err(unanswered)?;
        registered(self.data(&answer), answer.retry_after)
    }

    async fn code(&self) -> Result<Pairing, String> {
        self.set_webhook().await.map_err(super::told)?;
        let asked = self.api.get("/instance/qr").await;
        let answer = asked.map_err(|error| error.to_string())?;
        let body = answer.json();
        if text_at(&body, "error").is_some_and(wire::is_paired) {
            return Ok(Pairing::Connected);
        }
        if let Some(code) = text_at(&body["data"], "Code") {
            return Ok(Pairing::Code {
                code: code.to_owned(),
                typed: None,
                is_new: false,
            });
        }
        match self.refusal(&answer) {
            DeliveryError::Unauthorized(why) => Err(why),
            DeliveryError::Channel(trouble) => Err(super::with_advice(&trouble)),
            _ => Ok(Pairing::Waiting("Evolution Go has no code yet".to_owned())),
        }
    }

    async fn fetch_file(&self, file: &Value, into: &mut Intake) -> Result<FetchedFile, FetchError> {
        let kept = text_at(file, "id").and_then(|id| serde_json::from_str::<Value>(id).ok());
        let Some(message) = kept.filter(Value::is_object) else {
            let why = "Evolution Go did not tell how this file is fetched".to_owned();
            return Err(FetchError::Permanent(why));
        };
        let wanted = json!({"message": wire::in_go(&message)});
        let most = most(into);
        let limits = base64_limits(file, most, MAX_BESIDES);
        let mut json = Base64Json::new("base64", &[], into).data_url_within("data");
        let body = HttpBody::Json(&wanted);
        let path = "/message/downloadmedia";
        let asked = self
            .api
            .download(Method::POST, path, body, limits, &mut json);
        let asked = asked.await;
        base64_fetched(KIND, asked, json, most, |answer| {
            self.refusal(answer).into()
        })
        .map(|_| FetchedFile::default())
    }
}

impl Server for EvolutionGo {
    fn limits(&self) -> &'static FileLimits {
        &EVOLUTION_GO
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
        _: &'a str,
    ) -> BoxFuture<'a, Result<Vec<FoundMessage>, ReconcileResult>> {
        Box::pin(std::future::ready(Err(ReconcileResult::Unknown)))
    }

    fn status(&self) -> BoxFuture<'_, Result<Status, RunError>> {
        Box::pin(self.how_it_stands())
    }

    fn groups(&self) -> BoxFuture<'_, Result<Vec<Group>, String>> {
        let opened = |answer: &HttpAnswer| self.data(answer);
        Box::pin(groups::listed(&self.api, "/group/list", opened))
    }

    fn register(&self) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(self.set_webhook())
    }

    /// What webhook an instance has is told to the server's own key alone.
    fn keep_webhook(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn pair(&self, _: bool) -> BoxFuture<'_, Result<Pairing, String>> {
        Box::pin(self.code())
    }

    fn examine(&self, hook: &Hook) -> Result<HookSender, HookReply> {
        if knows_secret(hook, &self.secret) {
            return Ok(HookSender::Proven);
        }
        Err(HookReply::forbidden("the secret in the address is wrong"))
    }

    fn read(&self, hook: &Hook) -> Result<Posts, HookReply> {
        Ok(posts::read(super::json_of(hook)?))
    }

    fn fetch<'a>(
        &'a self,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>> {
        Box::pin(self.fetch_file(file, into))
    }

    /// In a group it names the group as the author of what was read (`pkg/message/service`, `MarkRead`).
    fn can_show(&self, indicator: Indicator, peer: &str) -> bool {
        indicator == Indicator::Typing || place(peer) == Place::Person
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        let wanted = json!({"number": peer, "state": "composing", "isAudio": false});
        Box::pin(async move { shown(KIND, self.api.post("/message/presence", &wanted).await) })
    }

    /// `DeleteMessageEveryone` of `pkg/message/service/message_service.go`.
    fn delete<'a>(
        &'a self,
        peer: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let wanted = json!({"chat": remote_jid(peer), "messageId": name});
        Box::pin(async move {
            let answer = self.api.post("/message/delete", &wanted).await?;
            self.data(&answer).map(drop)
        })
    }

    fn mark_read<'a>(&'a self, messages: &'a [ReadMessage]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let ids: Vec<&str> = messages.iter().map(|one| one.id.as_str()).collect();
            let chat = messages.first().map(|one| one.chat.as_str());
            let wanted = json!({"id": ids, "number": chat});
            shown(KIND, self.api.post("/message/markread", &wanted).await)
        })
    }
}
