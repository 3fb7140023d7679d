//! `whatsapp`: `WhatsApp` by a self-hosted Evolution API, version 2
//! (<https://doc.evolution-api.com>).
//!
//! Its webhook has no signature: we register one with a secret header of ours, and check that. Its
//! bodies carry the API key, so none is ever logged. What goes over the wire is in `wire`, messages
//! whose answer was lost are in `doubt`.

mod reconcile;
mod wire;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hyper::Method;
use serde_json::{Value, json};

use self::{
    reconcile::{Posted, Whose, report, unclaimed},
    wire::{
        bodies, inbound, jids, names_of, pairing, presences, read_messages, refusal, state_of,
        unasked,
    },
};
use super::{
    Accepted, BoxFuture, DeliveryError, Hook, HookReply, Indicator, Integration, Progress,
    ReconcileResult, RunContext, RunError, Trouble,
    ingress::Ingress,
    support::hmac::hmac,
    support::http::{Http, HttpAnswer, HttpCall, HttpError, HttpLimits},
};
use crate::{
    config::BaseUrl,
    constant_time,
    message::{Message, State},
    random::hex,
    store::StoreError,
};

pub use self::wire::NAME;

/// The header that carries our secret.
const SECRET_HEADER: &str = "x-cleudocodebot-secret";

/// Time between two looks at the connection of the instance.
const LOOK: Duration = Duration::from_secs(60);

/// How long `WhatsApp` shows that we write; the call is answered when it ends.
const TYPING_MS: u64 = 4000;

/// Events we want posted.
const EVENTS: [&str; 5] = [
    "MESSAGES_UPSERT",
    "MESSAGES_UPDATE",
    "CONNECTION_UPDATE",
    "QRCODE_UPDATED",
    "PRESENCE_UPDATE",
];

/// What the integration is made of.
#[derive(Clone, PartialEq, Eq)]
pub struct EvolutionSettings {
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
}

/// The secret of a webhook that we register: the same at every start, for what the service repeats
/// from the time we were away carries the one registered before, and a refusal ends its repeats.
fn derived(settings: &EvolutionSettings) -> String {
    let about = format!("webhook {}", settings.instance);
    hex(&hmac(settings.token.as_bytes(), about.as_bytes()))
}

/// One instance.
pub struct Evolution {
    settings: EvolutionSettings,
    secret: String,
    webhook_url: String,
    http: Http,
    ingress: Ingress,
    /// The run under way, to which webhooks tell how the service fares.
    context: Mutex<Option<RunContext>>,
}

impl Evolution {
    /// The integration, not running yet; `address` is where the gateway listens.
    pub fn new(settings: &EvolutionSettings, address: &str, ingress: Ingress) -> Self {
        let secret = settings.webhook_secret.clone();
        let secret = secret.unwrap_or_else(|| derived(settings));
        let here = || format!("http://{address}/webhooks/{NAME}");
        Self {
            http: Http::new(settings.base.clone()).redacting([&settings.token, &secret]),
            secret,
            webhook_url: settings.webhook_url.clone().unwrap_or_else(here),
            settings: settings.clone(),
            ingress,
            context: Mutex::default(),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        json: &Value,
    ) -> Result<HttpAnswer, HttpError> {
        let path = format!("{path}/{}", self.settings.instance);
        let call = HttpCall {
            method,
            path: &path,
            headers: &[("apikey", &self.settings.token)],
            json,
            limits: HttpLimits::default(),
        };
        self.http.call(call).await
    }

    async fn connection(&self) -> Result<String, RunError> {
        let asked = self
            .call(Method::GET, "/instance/connectionState", &Value::Null)
            .await;
        let answer = asked.map_err(|error| RunError::Failed(error.to_string(), None))?;
        match answer.status {
            200 => Ok(answer.json()["instance"]["state"]
                .as_str()
                .unwrap_or("unknown")
                .to_owned()),
            401 | 403 => Err(RunError::Refused(
                "the Evolution API refused WHATSAPP_API_TOKEN_INSTANCE".to_owned(),
            )),
            404 => Err(RunError::Failed(
                format!(
                    "there is no instance {:?}; create it first",
                    self.settings.instance
                ),
                None,
            )),
            status => Err(RunError::Failed(
                format!("the Evolution API answered {status}"),
                None,
            )),
        }
    }

    async fn register(&self) -> Result<(), RunError> {
        let webhook = json!({"webhook": {"enabled": true, "url": self.webhook_url,
            "headers": {SECRET_HEADER: self.secret}, "byEvents": false, "base64": false, "events": EVENTS}});
        let asked = self.call(Method::POST, "/webhook/set", &webhook).await;
        let answer = asked.map_err(|error| RunError::Failed(error.to_string(), None))?;
        if answer.status < 300 {
            return Ok(());
        }
        let text = format!(
            "the webhook could not be registered: status {}",
            answer.status
        );
        Err(RunError::Failed(text, None))
    }

    async fn look(&self) -> Result<(), RunError> {
        let mut state = self.connection().await?;
        self.register().await?;
        loop {
            self.became(&state);
            tokio::time::sleep(LOOK).await;
            state = self.connection().await?;
        }
    }

    fn became(&self, state: &str) {
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(context) = context.as_ref() else {
            return;
        };
        match state {
            "open" => context.alive(),
            other => context.impaired(&Trouble::new(
                format!("WhatsApp is not connected ({other})"),
                format!("cleudocodebot integrations connect {NAME}"),
            )),
        }
    }

    async fn send(&self, message: &Message, progress: &Progress) -> Result<(), DeliveryError> {
        for (path, body) in bodies(message).into_iter().skip(progress.parts()) {
            progress.keep().await;
            let answer = self.call(Method::POST, path, &body).await?;
            if !(200..300).contains(&answer.status) {
                return Err(refusal(&answer));
            }
            let id = answer.json()["key"]["id"].take();
            progress.part_sent(id.as_str().map(str::to_owned));
        }
        Ok(())
    }

    /// Looks for the text whose answer was lost among the last messages to this peer.
    async fn find(&self, message: &Message, progress: &Progress) -> ReconcileResult {
        let steps = bodies(message);
        let part = progress.parts();
        let Some(text) = steps.get(part).and_then(|(_, body)| body["text"].as_str()) else {
            return ReconcileResult::Unknown;
        };
        for jid in jids(&message.peer) {
            let found = self.found(&jid, text, message.created_ms / 1000).await;
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

    /// The name of a message of this text to this address that no message of ours is known by.
    async fn found(
        &self,
        jid: &str,
        text: &str,
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
        let names = names_of(&answer.json(), text, since).ok_or(ReconcileResult::Unknown)?;
        let name = unclaimed(self.ingress.store(), names).await;
        name.map_err(|error| failed(error.to_string()))
    }

    async fn posted(&self, body: &Value) -> Result<HookReply, StoreError> {
        let event = body["event"].as_str().unwrap_or_default();
        let event = event.to_ascii_lowercase().replace('_', ".");
        let data = &body["data"];
        let all = data
            .as_array()
            .map_or(std::slice::from_ref(data), Vec::as_slice);
        if event == "connection.update" {
            self.became(data["state"].as_str().unwrap_or("unknown"));
        }
        for one in all {
            let done = match event.as_str() {
                "messages.upsert" => self.upsert(one).await?,
                "messages.update" => self.update(one).await?,
                "presence.update" => {
                    self.present(one);
                    true
                }
                _ => true,
            };
            if !done {
                return Ok(HookReply::again("a message under way is not known yet"));
            }
        }
        Ok(HookReply::done())
    }

    /// False where it has to be posted again.
    async fn upsert(&self, data: &Value) -> Result<bool, StoreError> {
        let Some((inbound, is_own)) = inbound(data) else {
            return Ok(true);
        };
        if !is_own {
            self.ingress.take(inbound).await?;
            return Ok(true);
        }
        // Ours, written here or on the phone: which, the names of those sent here tell.
        let posted = Posted {
            name: data["key"]["id"].as_str().unwrap_or_default(),
            jid: data["key"]["remoteJid"].as_str(),
            text: Some(&inbound.text),
        };
        match report(&self.ingress, &posted, State::Sent, None).await? {
            Whose::Ours => Ok(true),
            Whose::InDoubt => Ok(false),
            Whose::NotOurs => {
                self.ingress.keep(inbound).await?;
                Ok(true)
            }
        }
    }

    fn present(&self, data: &Value) {
        for (peer, sender, goes_on) in presences(data) {
            self.ingress.typing(&peer, sender.as_deref(), goes_on);
        }
    }

    /// Asks for something that nobody waits for.
    async fn ask(&self, path: &str, json: &Value) -> Result<(), String> {
        let asked = self.call(Method::POST, path, json).await;
        match asked.map_err(|error| error.to_string())?.status {
            200..300 => Ok(()),
            status => Err(format!("the Evolution API answered {status}")),
        }
    }

    async fn update(&self, data: &Value) -> Result<bool, StoreError> {
        let name = data["keyId"].as_str().or(data["key"]["id"].as_str());
        let (Some(name), Some(state)) = (name, state_of(&data["status"])) else {
            return Ok(true);
        };
        let failed = state == State::Failed;
        let error = failed.then(|| "WhatsApp reports an error".to_owned());
        let jid = data["remoteJid"].as_str();
        let posted = Posted {
            name,
            jid: jid.or(data["key"]["remoteJid"].as_str()),
            text: None,
        };
        let whose = report(&self.ingress, &posted, state, error).await?;
        Ok(whose != Whose::InDoubt)
    }
}

impl Integration for Evolution {
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
        Box::pin(async move { self.ask("/chat/sendPresence", &body).await })
    }

    fn mark_read<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            match read_messages(messages) {
                Some(body) => self.ask("/chat/markMessageAsRead", &body).await,
                None => Ok(()),
            }
        })
    }

    fn hook<'a>(&'a self, hook: &'a Hook) -> BoxFuture<'a, HookReply> {
        Box::pin(async move {
            let given = hook.header(SECRET_HEADER).unwrap_or_default();
            if hook.is_get || !constant_time::equal(given.as_bytes(), self.secret.as_bytes()) {
                return HookReply::forbidden("the secret header is wrong");
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
        Box::pin(async move {
            let state = self.connection().await.map_err(|error| match error {
                RunError::Failed(why, _) | RunError::Refused(why) => why,
            })?;
            self.became(&state);
            if state == "open" {
                return Ok(json!({"state": "connected"}));
            }
            let asked = self
                .call(Method::GET, "/instance/connect", &Value::Null)
                .await;
            let found = asked.map_err(|error| error.to_string())?;
            Ok(pairing(&found.json()))
        })
    }
}
