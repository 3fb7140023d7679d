//! `whatsapp-cloud`: `WhatsApp` by Meta's Cloud API
//! (<https://developers.facebook.com/docs/whatsapp/cloud-api>).
//!
//! Its webhook is signed; without the app's secret every post is refused.

mod wire;

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use self::wire::{bodies, inbound, refusal};
use super::{
    Accepted, BoxFuture, DeliveryError, Hook, HookReply, Indicator, Integration, Progress,
    RunContext, RunError,
    ingress::Ingress,
    support::hmac::hmac,
    support::http::{Http, HttpAnswer, HttpCall, HttpError, HttpLimits},
};
use crate::{
    config::BaseUrl,
    constant_time,
    message::{Message, MessageId, State},
    phone,
    random::hex,
    store::{StatusUpdate, StoreError},
};

pub use self::wire::NAME;

const VERSION: &str = "v23.0";

/// Time between two looks whether the credentials still hold.
const LOOK: Duration = Duration::from_secs(600);

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
}

/// One phone number.
pub struct Cloud {
    settings: CloudSettings,
    authorization: String,
    http: Http,
    ingress: Ingress,
}

impl Cloud {
    /// The integration, not running yet.
    pub fn new(settings: &CloudSettings, ingress: Ingress) -> Self {
        Self {
            authorization: format!("Bearer {}", settings.token),
            http: Http::new(settings.base.clone()).redacting([&settings.token]),
            settings: settings.clone(),
            ingress,
        }
    }

    async fn call(
        &self,
        method: Method,
        tail: &str,
        json: &Value,
    ) -> Result<HttpAnswer, HttpError> {
        let path = format!("/{VERSION}/{}{tail}", self.settings.phone_id);
        let call = HttpCall {
            method,
            path: &path,
            headers: &[("authorization", &self.authorization)],
            json,
            limits: HttpLimits::default(),
        };
        self.http.call(call).await
    }

    async fn look(&self, context: &RunContext) -> Result<(), RunError> {
        loop {
            let asked = self.call(Method::GET, "?fields=id", &Value::Null).await;
            let answer = asked.map_err(|error| RunError::Failed(error.to_string(), None))?;
            if answer.status != 200 {
                return Err(match refusal(&answer) {
                    DeliveryError::Unauthorized(why) => RunError::Refused(why),
                    DeliveryError::Transient(why, wait) => RunError::Failed(why, wait),
                    DeliveryError::Permanent(why)
                    | DeliveryError::Unknown(why)
                    | DeliveryError::Interrupted(why) => RunError::Failed(why, None),
                    DeliveryError::Channel(trouble) => RunError::Failed(trouble.why, None),
                    DeliveryError::Away => RunError::Failed("refused".to_owned(), None),
                });
            }
            context.alive();
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn send(&self, message: &Message, progress: &Progress) -> Result<(), DeliveryError> {
        let bodies = bodies(message);
        let last = bodies.len().saturating_sub(1);
        for (part, mut body) in bodies.into_iter().enumerate().skip(progress.parts()) {
            progress.keep().await;
            body["messaging_product"] = json!("whatsapp");
            body["recipient_type"] = json!("individual");
            body["to"] = json!(phone::person(&message.peer));
            body["biz_opaque_callback_data"] = json!(if part == last {
                message.id.to_string()
            } else {
                format!("{}/{part}", message.id)
            });
            let answer = self.call(Method::POST, "/messages", &body).await?;
            if answer.status != 200 {
                return Err(refusal(&answer));
            }
            let id = answer.json()["messages"][0]["id"].take();
            progress.part_sent(id.as_str().map(str::to_owned));
        }
        Ok(())
    }

    /// Says that a message was read; with `typing`, also that we write. One goes only with the other.
    async fn seen(&self, message: &Message, typing: bool) -> Result<(), String> {
        let id = message.meta.as_ref().and_then(|meta| meta["id"].as_str());
        let Some(id) = id else { return Ok(()) };
        let mut body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": id});
        if typing {
            body["typing_indicator"] = json!({"type": "text"});
        }
        let asked = self.call(Method::POST, "/messages", &body).await;
        match asked.map_err(|error| error.to_string())?.status {
            200 => Ok(()),
            status => Err(format!("Meta answered {status}")),
        }
    }

    /// The newest message of a peer: what we write is shown as an answer to it.
    async fn newest_of(&self, peer: &str) -> Result<Option<Message>, StoreError> {
        let peer = peer.to_owned();
        let store = self.ingress.store();
        let all = (None, MessageId(u64::MAX));
        let newest =
            store.run_blocking(move |store| store.received_between((NAME, &peer), all.0, all.1, 1));
        Ok(newest.await?.pop())
    }

    async fn posted(&self, hook: &Hook) -> HookReply {
        let Some(secret) = &self.settings.app_secret else {
            return HookReply::forbidden("WHATSAPP_CLOUD_APP_SECRET is not set");
        };
        let expected = format!("sha256={}", hex(&hmac(secret.as_bytes(), &hook.body)));
        let given = hook.header("x-hub-signature-256").unwrap_or_default();
        if !constant_time::equal(expected.as_bytes(), given.as_bytes()) {
            return HookReply::forbidden("the signature is wrong");
        }
        let body: Value = serde_json::from_slice(&hook.body).unwrap_or(Value::Null);
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for change in list(&body["entry"])
            .iter()
            .flat_map(|entry| list(&entry["changes"]))
        {
            let value = &change["value"];
            let ours = value["metadata"]["phone_number_id"].as_str();
            if ours.is_some_and(|id| id != self.settings.phone_id) {
                continue;
            }
            if let Err(error) = self.take(value).await {
                return HookReply::again(&error.to_string());
            }
        }
        HookReply::done()
    }

    async fn take(&self, value: &Value) -> Result<(), StoreError> {
        for message in value["messages"].as_array().into_iter().flatten() {
            if let Some(inbound) = inbound(message, &value["contacts"]) {
                self.ingress.take(inbound).await?;
            }
        }
        for status in value["statuses"].as_array().into_iter().flatten() {
            self.report(status).await?;
        }
        Ok(())
    }

    /// A report may come before the answer to its call: then our own id, which it carries, helps.
    async fn report(&self, status: &Value) -> Result<(), StoreError> {
        let state = match status["status"].as_str() {
            Some("sent") => State::Sent,
            Some("delivered") => State::Delivered,
            Some("read") => State::Read,
            Some("failed") => State::Failed,
            _ => return Ok(()),
        };
        let why = status["errors"][0]["title"]
            .as_str()
            .unwrap_or("no reason given");
        let error = (state == State::Failed).then(|| format!("Meta says: {why}"));
        let reference = status["id"].as_str().unwrap_or_default();
        if self.ingress.report(reference, state, error.clone()).await? {
            return Ok(());
        }
        let ours = status["biz_opaque_callback_data"].as_str();
        // With a part in front of the last the message is not sent yet, but it may be lost.
        let ours = match ours.and_then(|ours| ours.split_once('/')) {
            Some((id, _)) => (state == State::Failed).then_some(id),
            None => ours,
        };
        let Some(Ok(id)) = ours.map(str::parse::<MessageId>) else {
            return Ok(());
        };
        let store = self.ingress.store();
        let step = StatusUpdate {
            error,
            ..StatusUpdate::to(state)
        };
        // The id is only what was once sent with it: it may have been given by another store.
        match store.answered(NAME, id, vec![], step)?.await {
            Ok(_) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
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

impl Integration for Cloud {
    fn name(&self) -> &'static str {
        NAME
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move { context.spent_on(self.look(&context)).await })
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        progress.through(self.send(message, progress))
    }

    fn can_show(&self, _: Indicator, _: &str) -> bool {
        true
    }

    fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let newest = self.newest_of(peer).await;
            match newest.map_err(|error| error.to_string())? {
                Some(message) => self.seen(&message, true).await,
                None => Ok(()),
            }
        })
    }

    /// The newest stands for those before it.
    fn mark_read<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            match messages.first() {
                Some(newest) => self.seen(newest, false).await,
                None => Ok(()),
            }
        })
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
