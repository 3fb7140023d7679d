//! The webhook: set at each start, and again where it is gone or another's. Others may change it, and a
//! new database forgets it.

use std::sync::atomic::Ordering;

use hyper::Method;
use serde_json::{Value, json};

use super::{
    Evolution, SECRET_HEADER,
    errors::{Fault, fault, is_success},
};
use crate::{
    http_client::HttpAnswer,
    integrations::{RunError, whatsapp::servers::api::unanswered},
    log::LogField,
};

/// Events we want posted. All that people do comes by these.
const EVENTS: [&str; 8] = [
    "MESSAGES_UPSERT",
    "MESSAGES_UPDATE",
    "CONNECTION_UPDATE",
    "QRCODE_UPDATED",
    "PRESENCE_UPDATE",
    "MESSAGES_EDITED",
    "MESSAGES_DELETE",
    "CALL",
];

/// How many of them the first versions knew. One name that a version does not know is a 400 for all.
const OLDEST: usize = 5;

impl Evolution {
    fn webhook(&self, events: &[&str]) -> Value {
        json!({"webhook": {"enabled": true, "url": self.webhook_url,
            "headers": {SECRET_HEADER: self.secret}, "byEvents": false, "base64": false, "events": events}})
    }

    /// The events that this version of the service knows, as far as it was asked.
    fn events(&self) -> &'static [&'static str] {
        let knows_all = !self.knows_oldest_events.load(Ordering::Relaxed);
        if knows_all {
            &EVENTS
        } else {
            &EVENTS[..OLDEST]
        }
    }

    /// Has the service post to us.
    pub(super) async fn set(&self) -> Result<(), RunError> {
        let mut answer = self.set_webhook(&EVENTS).await?;
        let is_old = answer.status == 400;
        if is_old {
            answer = self.set_webhook(&EVENTS[..OLDEST]).await?;
        }
        if is_success(&answer) {
            self.knows_oldest_events.store(is_old, Ordering::Relaxed);
            return Ok(());
        }
        let why = match fault(&answer, &self.api.address) {
            Fault::Other(why) | Fault::Unauthorized(why) => why,
            Fault::Trouble(trouble) => trouble.why,
            Fault::NoInstance => "the instance is gone".to_owned(),
        };
        let text = format!(
            "the webhook {} could not be registered: {why}",
            self.webhook_url
        );
        Err(RunError::Failed(text, answer.retry_after))
    }

    async fn set_webhook(&self, events: &[&str]) -> Result<HttpAnswer, RunError> {
        let webhook = self.webhook(events);
        let asked = self.call(Method::POST, "/webhook/set", &webhook).await;
        asked.map_err(unanswered)
    }

    /// Sets the webhook again where it is gone or another's. What stands in the answer holds our secret.
    pub(super) async fn keep(&self) {
        let asked = self.call(Method::GET, "/webhook/find", &Value::Null).await;
        let Ok(answer) = asked else {
            return;
        };
        if answer.status == 200 && self.is_ours(&answer.json()) {
            return;
        }
        let url: [LogField<'_>; 1] = [("url", &self.webhook_url)];
        let log = &self.log;
        match self.set().await {
            Ok(()) if answer.status == 200 => {
                log.warn(
                    "integration",
                    "the webhook was gone or another's and is set again",
                    &url,
                );
            }
            Ok(()) => {}
            Err(RunError::Failed(why, _) | RunError::Refused(why)) => {
                log.warn(
                    "integration",
                    "the webhook cannot be set again",
                    &[("error", &why)],
                );
            }
        }
    }

    /// Whether a webhook as it was found is as we set it. What is called `byEvents` when it is set is
    /// called otherwise when it is read.
    fn is_ours(&self, found: &Value) -> bool {
        let is_posted = |event: &&str| {
            let all = found["events"].as_array();
            all.is_some_and(|all| all.iter().any(|one| one == *event))
        };
        found["url"] == self.webhook_url.as_str()
            && found["enabled"] == true
            && found["headers"][SECRET_HEADER] == self.secret.as_str()
            && found["webhookByEvents"] != true
            && self.events().iter().all(is_posted)
    }
}
