//! GOWA, go-whatsapp-web-multidevice (<https://github.com/aldinokemal/go-whatsapp-web-multidevice>), read at v9.2.0
//! (commit 51f7b19): `docs/openapi.yaml`, `src/ui/rest`, `src/usecase`, `src/validations`.
//!
//! The instance is one of its devices (`X-Device-Id`), the key what `--basic-auth` has, `user:password`.
//! What it posts is signed with the secret of the device's webhook (`X-Hub-Signature-256`). It tells of no
//! change of the connection, so that is looked at. Its code to scan is a picture.

mod posts;
mod wire;

use data_encoding::BASE64;
use hyper::Method;
use serde_json::{Value, json};

use self::wire::{GowaCall, call_of};
use super::{
    Pairing, Server, ServerContext,
    api::{Api, unanswered},
    downloads::fetched,
    groups, not_connected, not_it, quoted, refused_key, shown,
    signature::{Algorithm, Signature},
    status_of, whatsmeow, words,
};
use crate::{
    body::Multipart,
    http_client::{HttpAnswer, HttpBody, HttpLimits},
    integrations::{
        BoxFuture, DeliveryError, FetchError, FetchedFile, Group, Hook, HookReply, HookSender,
        Indicator, ReconcileResult, RunError, Trouble,
        support::files::{
            incoming::most,
            limits::{FileLimits, GOWA},
            outgoing::{OutgoingFile, body},
        },
        whatsapp::{
            connection::{CONNECT, Status},
            events::Posts,
            settings::{ServerKind, WhatsappSettings},
            sought::FoundMessage,
            steps::{ReadMessage, Step},
            who::{Place, place, remote_jid},
        },
    },
    media::{Intake, Media},
    message::{take_at, text_at},
    percent,
};

const KIND: ServerKind = ServerKind::Gowa;

/// How its posts are signed (`src/infrastructure/whatsapp/webhook.go`).
const SIGNATURE: Signature = Signature {
    header: "x-hub-signature-256",
    prefix: "sha256=",
    algorithm: Algorithm::Sha256,
};

/// Messages that are marked as read one by one, at most: the newest.
const MOST_READ: usize = 20;

/// Largest picture of a code, in bytes.
const MAX_PICTURE: usize = 1 << 20;

/// One device of a GOWA.
pub(super) struct Gowa {
    api: Api,
    device: String,
    secret: String,
    webhook_url: String,
    media: Media,
}

pub(super) fn api_of(settings: &WhatsappSettings) -> Api {
    let mut headers = vec![("x-device-id", settings.instance.clone())];
    // Without a password none is asked for.
    if settings.token.contains(':') {
        let credentials = BASE64.encode(settings.token.as_bytes());
        headers.push(("authorization", format!("Basic {credentials}")));
    }
    Api::new(settings, headers, [&settings.token])
}

/// Its devices.
pub(super) async fn instances(settings: &WhatsappSettings) -> Result<Value, String> {
    let api = api_of(settings);
    let asked = api.get("/devices").await;
    let answer = asked.map_err(|error| error.to_string())?;
    let body = answer.json();
    if answer.status == 401 {
        return Err(refused_key(KIND, &api.address, answer.status));
    }
    let all = match (&body["code"], &body["results"]) {
        (code, Value::Array(all)) if code == "SUCCESS" => all.clone(),
        (code, Value::Null) if code == "SUCCESS" => Vec::new(),
        _ => return Err(not_it(KIND, &api.address, answer.status).why),
    };
    let told = all.iter().filter_map(|one| {
        let is_open = one["state"] == "logged_in";
        let (jid, title) = (text_at(one, "jid"), text_at(one, "display_name"));
        Some(super::account(text_at(one, "id")?, is_open, jid, title))
    });
    Ok(json!({"instances": told.collect::<Vec<_>>()}))
}

impl Gowa {
    pub(super) fn new(context: ServerContext) -> Self {
        Self {
            api: api_of(&context.settings),
            device: context.settings.instance,
            secret: context.secret,
            webhook_url: context.webhook_url,
            media: context.media,
        }
    }

    fn of_device(&self, path: &str) -> String {
        format!("/devices/{}{path}", self.device)
    }

    /// What an answer means that is no success, for a message or anything else.
    fn refusal(&self, answer: &HttpAnswer) -> DeliveryError {
        let (status, body) = (answer.status, answer.json());
        let said = text_at(&body, "message").unwrap_or_default();
        let code = text_at(&body, "code").unwrap_or_default();
        let text = format!("GOWA says: {} (status {status})", quoted(said));
        match (status, code) {
            // Its own 401 is about the connection to WhatsApp, a bare one about the password.
            (401, "AUTHENTICATION_ERROR") => DeliveryError::Channel(not_connected(&text)),
            (401 | 403, "") => {
                DeliveryError::Unauthorized(refused_key(KIND, &self.api.address, status))
            }
            (_, "DEVICE_NOT_FOUND") => DeliveryError::Channel(self.missing()),
            // With the last, starting chats is restricted, which more tries make worse.
            (_, "VALIDATION_ERROR" | "INVALID_REQUEST" | "WA_REACHOUT_TIMELOCK") => {
                DeliveryError::Permanent(text)
            }
            // It says so as well where it could not ask.
            (_, "INVALID_JID") => DeliveryError::Transient(
                format!("{text}; this number is not on WhatsApp, or GOWA could not look it up"),
                answer.retry_after,
            ),
            (504, _) => DeliveryError::Unknown(text),
            (429, _) => DeliveryError::Transient(text, answer.retry_after),
            (404, "") | (200..=399, _) => {
                DeliveryError::Channel(not_it(KIND, &self.api.address, status))
            }
            _ => whatsmeow::meaning(said, text),
        }
    }

    fn missing(&self) -> Trouble {
        let why = format!("GOWA has no device {:?}", self.device);
        let advice = format!(
            "{CONNECT} makes it and pairs a phone; another name goes into WHATSAPP_INSTANCE_NAME"
        );
        Trouble::new(why, advice)
    }

    /// Its answer, or why it is none.
    fn results(&self, answer: &HttpAnswer) -> Result<Value, DeliveryError> {
        let mut body = answer.json();
        if (200..300).contains(&answer.status) && body["code"] == "SUCCESS" {
            return Ok(take_at(&mut body, "results"));
        }
        Err(self.refusal(answer))
    }

    async fn bring_out(
        &self,
        step: &Step<'_>,
        file: Option<&OutgoingFile>,
    ) -> Result<Option<String>, DeliveryError> {
        let GowaCall {
            path,
            fields,
            file_field,
        } = call_of(step)?;
        let answer = match (file, file_field) {
            (Some(file), Some(field)) => {
                let form = form(&fields, field, file, &self.media).await?;
                let limits = HttpLimits::for_file(file.row.bytes);
                let body = HttpBody::Form(form);
                self.api.call(Method::POST, &path, body, limits).await?
            }
            _ => self.api.post(&path, &fields).await?,
        };
        let results = self.results(&answer)?;
        Ok(text_at(&results, "message_id").map(str::to_owned))
    }

    async fn how_it_stands(&self) -> Result<Status, RunError> {
        let asked = self.api.get(&self.of_device("/status")).await;
        let answer = asked.map_err(unanswered)?;
        let said = text_at(&answer.json(), "message")
            .unwrap_or_default()
            .to_owned();
        match self.results(&answer) {
            Ok(found) if found["is_connected"] == true && found["is_logged_in"] == true => {
                Ok(Status::Open)
            }
            Ok(found) if found["is_logged_in"] == true => {
                Ok(Status::not_connected("it is connecting"))
            }
            Ok(_) => Ok(Status::not_connected("no phone is paired")),
            // `device NAME not found`, as an internal error.
            Err(_) if said.contains("not found") => Ok(Status::Missing(self.missing())),
            Err(error) => status_of(error, answer.retry_after),
        }
    }

    /// Sets the webhook of the device. Versions without one of a device's own have it on their command
    /// line, and then only a secret in our settings can be the same.
    async fn set_webhook(&self) -> Result<(), RunError> {
        let wanted = json!({"webhook_url": self.webhook_url, "webhook_secret": self.secret,
            "webhook_events": "", "webhook_insecure_skip_verify": false});
        let path = self.of_device("/webhook");
        let (body, limits) = (HttpBody::Json(&wanted), HttpLimits::default());
        let asked = self.api.call(Method::PATCH, &path, body, limits).await;
        let answer = asked.map_err(unanswered)?;
        match self.results(&answer) {
            Ok(_) => Ok(()),
            Err(error) => Err(RunError::Failed(
                format!(
                    "the webhook {} could not be registered: {}; from version 9 on it can, or start GOWA with \
                     --webhook and --webhook-secret and set WHATSAPP_WEBHOOK_SECRET",
                    self.webhook_url,
                    words(error)
                ),
                answer.retry_after,
            )),
        }
    }

    async fn keep(&self) {
        let Ok(answer) = self.api.get(&self.of_device("/webhook")).await else {
            return;
        };
        let Ok(found) = self.results(&answer) else {
            return;
        };
        let is_ours = found["webhook_url"] == self.webhook_url.as_str()
            && found["webhook_secret"] == self.secret.as_str();
        if !is_ours {
            let _ = self.set_webhook().await;
        }
    }

    async fn picture(&self, is_missing: bool) -> Result<Pairing, String> {
        if is_missing {
            let wanted = json!({"device_id": self.device,
                "webhook_url": self.webhook_url, "webhook_secret": self.secret});
            let asked = self.api.post("/devices", &wanted).await;
            let answer = asked.map_err(|error| error.to_string())?;
            self.results(&answer).map_err(words)?;
        }
        let asked = self.api.get(&self.of_device("/login")).await;
        let answer = asked.map_err(|error| error.to_string())?;
        if answer.json()["code"] == "ALREADY_LOGGED_IN" {
            return Ok(Pairing::Connected);
        }
        let found = self.results(&answer).map_err(words)?;
        let Some(path) = text_at(&found, "qr_link").and_then(statics) else {
            return Ok(Pairing::Waiting("GOWA has no code yet".to_owned()));
        };
        let limits = HttpLimits {
            max_bytes: MAX_PICTURE,
            ..HttpLimits::default()
        };
        let asked = self.api.call(Method::GET, &path, HttpBody::Empty, limits);
        let drawn = asked.await.map_err(|error| error.to_string())?;
        if drawn.status != 200 {
            return Ok(Pairing::Waiting("GOWA has no code yet".to_owned()));
        }
        Ok(Pairing::Picture(BASE64.encode(&drawn.body)))
    }

    async fn fetch_file(&self, file: &Value, into: &mut Intake) -> Result<FetchedFile, FetchError> {
        let Some(id) = text_at(file, "id") else {
            return Err(FetchError::Permanent(
                "GOWA has no name for this file".to_owned(),
            ));
        };
        let path = if id.starts_with("/statics/") {
            id.to_owned()
        } else {
            let answer = self.api.get(id).await?;
            let found = self.results(&answer)?;
            let path = text_at(&found, "file_path").map(|path| format!("/{path}"));
            path.ok_or_else(|| FetchError::Transient("GOWA has no file yet".to_owned(), None))?
        };
        let limits = HttpLimits {
            max_bytes: most(into),
            ..HttpLimits::for_file(file["bytes"].as_u64().unwrap_or(0))
        };
        let asked = self
            .api
            .download(Method::GET, &path, HttpBody::Empty, limits, into);
        fetched(asked.await, |answer| self.refusal(answer))
    }

    async fn sent_to(&self, jid: &str) -> Result<Vec<FoundMessage>, ReconcileResult> {
        let jid = percent::encode(jid, b"@");
        let path = format!("/chat/{jid}/messages?limit=50&is_from_me=true");
        let asked = self.api.get(&path).await;
        let answer = asked.map_err(|error| ReconcileResult::Unasked(error.to_string(), None))?;
        match self.results(&answer) {
            Ok(results) => Ok(wire::found(&results)),
            // Of a chat that it does not know there are no messages.
            Err(_) if answer.status == 404 => Ok(Vec::new()),
            Err(DeliveryError::Permanent(_)) => Err(ReconcileResult::Unknown),
            Err(error) => Err(ReconcileResult::Unasked(words(error), answer.retry_after)),
        }
    }
}

/// The path below `/statics/` of an address that it names.
fn statics(url: &str) -> Option<String> {
    url.find("/statics/").map(|at| url[at..].to_owned())
}

/// The form of a call that brings a file.
async fn form(
    fields: &Value,
    field: &str,
    file: &OutgoingFile,
    media: &Media,
) -> Result<Multipart, DeliveryError> {
    let mut form = Multipart::default();
    for (name, value) in fields.as_object().into_iter().flatten() {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        form = form.text(name, &text);
    }
    let bytes = body(media, file.row.id).await?;
    Ok(form.file(field, &file.name(), &file.row.mime, bytes))
}

impl Server for Gowa {
    fn limits(&self) -> &'static FileLimits {
        &GOWA
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
        let opened = |answer: &HttpAnswer| Ok(take_at(&mut self.results(answer)?, "data"));
        Box::pin(groups::listed(&self.api, "/user/my/groups", opened))
    }

    fn register(&self) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(self.set_webhook())
    }

    fn keep_webhook(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.keep())
    }

    fn pair(&self, is_missing: bool) -> BoxFuture<'_, Result<Pairing, String>> {
        Box::pin(self.picture(is_missing))
    }

    fn examine(&self, hook: &Hook) -> Result<HookSender, HookReply> {
        SIGNATURE.examine(hook)
    }

    fn read(&self, hook: &Hook) -> Result<Posts, HookReply> {
        SIGNATURE.check(hook, &self.secret)?;
        Ok(posts::read(&super::json_of(hook)?))
    }

    fn fetch<'a>(
        &'a self,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>> {
        Box::pin(self.fetch_file(file, into))
    }

    /// In a group it names ourselves as the author of what was read, which `WhatsApp` takes no notice of
    /// (`src/usecase/message.go`, `MarkAsRead`).
    fn can_show(&self, indicator: Indicator, peer: &str) -> bool {
        indicator == Indicator::Typing || place(peer) == Place::Person
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        let wanted = json!({"phone": remote_jid(peer), "action": "start"});
        Box::pin(async move { shown(KIND, self.api.post("/send/chat-presence", &wanted).await) })
    }

    /// `RevokeMessage` of `src/ui/rest/message.go`.
    fn delete<'a>(
        &'a self,
        peer: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let path = format!("/message/{}/revoke", percent::encode(name, &[]));
        let wanted = json!({"phone": remote_jid(peer)});
        Box::pin(async move {
            let answer = self.api.post(&path, &wanted).await?;
            self.results(&answer).map(drop)
        })
    }

    fn mark_read<'a>(&'a self, messages: &'a [ReadMessage]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            for message in messages.iter().take(MOST_READ) {
                let path = format!("/message/{}/read", percent::encode(&message.id, &[]));
                let wanted = json!({"phone": message.chat});
                shown(KIND, self.api.post(&path, &wanted).await)?;
            }
            Ok(())
        })
    }
}
