//! wuzapi (<https://github.com/asternic/wuzapi>), read at commit 79ee4cd of May 2025 (`handlers.go`, `routes.go`,
//! `wmiau.go`, `API.md`) and for what it posts also at commit 6046c69 (`helpers.go`, HMAC and JSON).
//!
//! The key is the token of one of its users, who is the account: the name of the instance is not told to it.
//! What it posts is proven by a secret in the address of the webhook, which its versions without signatures
//! keep too; one that signs (`x-hmac-signature`) may be set by hand. It posts a form with JSON in a field, or
//! JSON (`WEBHOOK_FORMAT`). It has neither polls nor a search, and draws its code to scan itself.

mod posts;
mod wire;

use hyper::Method;
use serde_json::{Value, json};

use self::wire::{call_of, file_call};
use super::{
    Pairing, Server, ServerContext,
    api::{Api, unanswered},
    downloads::{base64_fetched, base64_limits},
    groups, not_connected, not_it, quoted, refused_key, registered, shown,
    signature::{Algorithm, Signature, knows_secret, with_secret},
    status_of, uploads, whatsmeow, words,
};
use crate::{
    http_client::{HttpAnswer, HttpBody, HttpLimits},
    integrations::{
        BoxFuture, DeliveryError, FetchError, FetchedFile, Group, Hook, HookReply, HookSender,
        Indicator, ReconcileResult, RunError,
        support::{
            base64::Base64Json,
            files::{
                incoming::most,
                limits::{FileLimits, WUZAPI},
                outgoing::OutgoingFile,
            },
        },
        whatsapp::{
            connection::Status,
            events::Posts,
            settings::{ServerKind, WhatsappSettings},
            sought::FoundMessage,
            steps::{ReadMessage, Step, What},
            who::remote_jid,
        },
    },
    media::{Intake, Media},
    message::{take_at, text_at},
};

const KIND: ServerKind = ServerKind::Wuzapi;

/// How its posts are signed where that is set by hand (`helpers.go`, `generateHmacSignature`).
const SIGNATURE: Signature = Signature {
    header: "x-hmac-signature",
    prefix: "",
    algorithm: Algorithm::Sha256,
};

/// The events we want posted. A version leaves out those that it does not know (`handlers.go`, `messageTypes`): that
/// of May 2025 the last five, and then the connection is seen by looking alone.
const EVENTS: [&str; 8] = [
    "Message",
    "ReadReceipt",
    "ChatPresence",
    "Connected",
    "Disconnected",
    "ConnectFailure",
    "LoggedOut",
    "CallOffer",
];

/// What an answer with a file has besides the file, at most.
const MAX_BESIDES: usize = 64 * 1024;

/// One user of a wuzapi.
pub(super) struct Wuzapi {
    api: Api,
    secret: String,
    webhook_url: String,
    media: Media,
}

fn api_of(settings: &WhatsappSettings) -> Api {
    let headers = vec![("token", settings.token.clone())];
    Api::new(settings, headers, [&settings.token])
}

/// The one account that a token is of.
pub(super) async fn instances(settings: &WhatsappSettings) -> Result<Value, String> {
    let api = api_of(settings);
    let asked = api.get("/session/status").await;
    let answer = asked.map_err(|error| error.to_string())?;
    let body = answer.json();
    if matches!(answer.status, 401 | 403) {
        return Err(refused_key(KIND, &api.address, answer.status));
    }
    if !body["code"].is_number() {
        return Err(not_it(KIND, &api.address, answer.status).why);
    }
    let data = &body["data"];
    let is_open = wire::is_on(data, "LoggedIn") && wire::is_on(data, "Connected");
    let told = super::account(&settings.instance, is_open, wire::text(data, "Jid"), None);
    Ok(json!({"instances": [told]}))
}

impl Wuzapi {
    pub(super) fn new(context: ServerContext) -> Self {
        Self {
            api: api_of(&context.settings),
            webhook_url: with_secret(&context.webhook_url, &context.secret),
            secret: context.secret,
            media: context.media,
        }
    }

    /// What an answer means that is no success. A user whose session is not started answers 500.
    fn refusal(&self, answer: &HttpAnswer) -> DeliveryError {
        let (status, body) = (answer.status, answer.json());
        let said = text_at(&body, "error").unwrap_or_default();
        let text = format!("wuzapi says: {} (status {status})", quoted(said));
        match status {
            401 | 403 => DeliveryError::Unauthorized(refused_key(KIND, &self.api.address, status)),
            400 | 413 if body["code"].is_number() => DeliveryError::Permanent(text),
            429 => DeliveryError::Transient(text, answer.retry_after),
            404 | 405 | 200..=399 => {
                DeliveryError::Channel(not_it(KIND, &self.api.address, status))
            }
            _ => whatsmeow::meaning(said, text),
        }
    }

    fn data(&self, answer: &HttpAnswer) -> Result<Value, DeliveryError> {
        let mut body = answer.json();
        if (200..300).contains(&answer.status) && body["success"] == true {
            return Ok(take_at(&mut body, "data"));
        }
        Err(self.refusal(answer))
    }

    async fn bring_out(
        &self,
        step: &Step<'_>,
        file: Option<&OutgoingFile>,
    ) -> Result<Option<String>, DeliveryError> {
        let answer = if let (What::File(sent), Some(file)) = (&step.what, file) {
            let data = uploads::base64(&self.media, file).await?;
            let (path, body) = file_call(step, sent, Some((&file.name(), &file.row.mime, &data)));
            let limits = HttpLimits::for_file(file.row.bytes);
            let body = HttpBody::Json(&body);
            self.api.call(Method::POST, path, body, limits).await?
        } else {
            let (path, body) = call_of(step)?;
            self.api.post(path, &body).await?
        };
        let data = self.data(&answer)?;
        // What it calls a reaction by is the name of the message reacted to.
        let is_reaction = matches!(step.what, What::Reaction { .. });
        Ok(wire::text(&data, "Id")
            .filter(|_| !is_reaction)
            .map(str::to_owned))
    }

    async fn how_it_stands(&self) -> Result<Status, RunError> {
        let asked = self.api.get("/session/status").await;
        let answer = asked.map_err(unanswered)?;
        match self.data(&answer) {
            Ok(data) if wire::is_on(&data, "LoggedIn") && wire::is_on(&data, "Connected") => {
                Ok(Status::Open)
            }
            Ok(data) if wire::is_on(&data, "LoggedIn") => {
                Ok(Status::not_connected("it is connecting"))
            }
            Ok(_) => Ok(Status::not_connected("no phone is paired")),
            Err(DeliveryError::Channel(_)) if text_at(&answer.json(), "error").is_some() => {
                Ok(Status::Closed(not_connected("the session is not started")))
            }
            Err(error) => status_of(error, answer.retry_after),
        }
    }

    /// `events` is read by newer versions, the subscription of older ones is that of the session.
    async fn set_webhook(&self) -> Result<(), RunError> {
        let wanted = json!({"webhookurl": self.webhook_url, "webhook": self.webhook_url,
            "events": EVENTS, "active": true});
        let asked = self.api.post("/webhook", &wanted).await;
        let answer = asked.map_err(unanswered)?;
        registered(self.data(&answer), answer.retry_after)
    }

    async fn keep(&self) {
        let Ok(answer) = self.api.get("/webhook").await else {
            return;
        };
        let Ok(data) = self.data(&answer) else {
            return;
        };
        if data["webhook"] != self.webhook_url.as_str() {
            let _ = self.set_webhook().await;
        }
    }

    /// Starts the session, and hands out the picture of the code.
    async fn picture(&self) -> Result<Pairing, String> {
        let _ = self.set_webhook().await;
        let wanted = json!({"Subscribe": EVENTS, "Immediate": true});
        let asked = self.api.post("/session/connect", &wanted).await;
        let answer = asked.map_err(|error| error.to_string())?;
        let is_on = text_at(&answer.json(), "error").is_some_and(|said| said.contains("lready"));
        if !is_on {
            self.data(&answer).map_err(words)?;
        }
        let asked = self.api.get("/session/qr").await;
        let answer = asked.map_err(|error| error.to_string())?;
        let body = answer.json();
        if text_at(&body, "error").is_some_and(|said| said.contains("lready")) {
            return Ok(Pairing::Connected);
        }
        let picture = wire::text(&body["data"], "QRCode").and_then(|url| url.split_once(','));
        Ok(match picture {
            Some((_, png)) => Pairing::Picture(png.to_owned()),
            None => Pairing::Waiting("wuzapi has no code yet".to_owned()),
        })
    }

    async fn fetch_file(&self, file: &Value, into: &mut Intake) -> Result<FetchedFile, FetchError> {
        let Some((path, wanted)) = text_at(file, "id").and_then(wire::download) else {
            let why = "wuzapi cannot fetch files of this kind later than they are posted";
            return Err(FetchError::Permanent(why.to_owned()));
        };
        let most = most(into);
        let limits = base64_limits(file, most, MAX_BESIDES);
        let mut json = Base64Json::new("Data", &["Mimetype"], into).data_url_within("data");
        let body = HttpBody::Json(&wanted);
        let asked = self
            .api
            .download(Method::POST, path, body, limits, &mut json);
        let asked = asked.await;
        let fields = base64_fetched(KIND, asked, json, most, |answer| {
            self.refusal(answer).into()
        })?;
        let mime = fields.get("Mimetype").and_then(Value::as_str);
        Ok(FetchedFile {
            mime: mime.map(str::to_owned),
            ..FetchedFile::default()
        })
    }
}

impl Server for Wuzapi {
    fn limits(&self) -> &'static FileLimits {
        &WUZAPI
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
        let opened = |answer: &HttpAnswer| Ok(take_at(&mut self.data(answer)?, "Groups"));
        Box::pin(groups::listed(&self.api, "/group/list", opened))
    }

    fn register(&self) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(self.set_webhook())
    }

    fn keep_webhook(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.keep())
    }

    fn pair(&self, _: bool) -> BoxFuture<'_, Result<Pairing, String>> {
        Box::pin(self.picture())
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
        match posts::body_of(hook) {
            Some(body) => Ok(posts::read(&body)),
            None => Err(HookReply::new(400, "the body is not JSON")),
        }
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
        let wanted = json!({"Phone": peer, "State": "composing", "Media": ""});
        Box::pin(async move { shown(KIND, self.api.post("/chat/presence", &wanted).await) })
    }

    /// `DeleteMessage` of `handlers.go`.
    fn delete<'a>(
        &'a self,
        peer: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let wanted = json!({"Phone": remote_jid(peer), "Id": name});
        Box::pin(async move {
            let answer = self.api.post("/chat/delete", &wanted).await?;
            self.data(&answer).map(drop)
        })
    }

    /// One call for each author, as a group has several.
    fn mark_read<'a>(&'a self, messages: &'a [ReadMessage]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            for wanted in wire::read_bodies(messages) {
                shown(KIND, self.api.post("/chat/markread", &wanted).await)?;
            }
            Ok(())
        })
    }
}
