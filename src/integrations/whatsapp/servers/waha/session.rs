//! The session: its state, its webhook, and how a phone is paired with it.

use std::sync::atomic::Ordering;

use hyper::Method;
use serde_json::{Value, json};

use super::{KIND, Waha, api_of, said};
use crate::{
    http_client::{HttpAnswer, HttpBody, HttpError, HttpLimits},
    integrations::{
        DeliveryError, RunError,
        whatsapp::{
            connection::{Status, told},
            servers::{
                Pairing, account, api::unanswered, not_it, refused_key, registered, status_of,
                words,
            },
            settings::WhatsappSettings,
        },
    },
    message::text_at,
};

/// The events we want posted (`src/structures/enums.dto.ts`).
const EVENTS: [&str; 12] = [
    "session.status",
    "message.any",
    "message.reaction",
    "message.ack",
    "message.revoked",
    "presence.update",
    "poll.vote",
    "call.received",
    "call.accepted",
    "call.rejected",
    "message.ack.group",
    "message.edited",
];

/// How many of them 2024.10 knew. One name that a version does not know is a 400 for all.
const OLDEST: usize = 10;

/// Its sessions, those that are stopped too.
pub(in super::super) async fn instances(settings: &WhatsappSettings) -> Result<Value, String> {
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
        Some(account(text_at(one, "name")?, is_open, jid, title))
    });
    Ok(json!({"instances": told.collect::<Vec<_>>()}))
}

/// What the state of a session means (`WAHASessionStatus`).
pub(super) fn state_of(status: &str) -> Status {
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

    pub(super) async fn how_it_stands(&self) -> Result<Status, RunError> {
        Ok(match self.session().await? {
            Ok(found) => state_of(text_at(&found, "status").unwrap_or_default()),
            Err(status) => status,
        })
    }

    /// The events that this version knows, as far as it was asked.
    fn events(&self) -> &'static [&'static str] {
        if self.knows_oldest_events.load(Ordering::Relaxed) {
            &EVENTS[..OLDEST]
        } else {
            &EVENTS
        }
    }

    fn webhook(&self) -> Value {
        json!({"url": self.webhook_url, "events": self.events(), "hmac": {"key": self.secret},
            "retries": {"policy": "exponential", "delaySeconds": 2, "attempts": 10}})
    }

    fn is_ours(&self, webhook: &Value) -> bool {
        let has = |event: &&str| {
            let all = webhook["events"].as_array();
            all.is_some_and(|all| all.iter().any(|one| one == *event || one == "*"))
        };
        webhook["url"] == self.webhook_url.as_str()
            && webhook["hmac"]["key"] == self.secret.as_str()
            && self.events().iter().all(has)
    }

    /// Asks for something with our webhook in it; where that has events which this version does not know, with the
    /// oldest ones alone.
    async fn ask_with_webhook(
        &self,
        method: Method,
        path: &str,
        wanted: impl Fn(Value) -> Value,
    ) -> Result<HttpAnswer, HttpError> {
        loop {
            let json = wanted(self.webhook());
            let limits = HttpLimits::for_file(0);
            let asked = self
                .api
                .call(method.clone(), path, HttpBody::Json(&json), limits);
            let answer = asked.await?;
            let is_of_events = answer.status == 400 && said(&answer.json()).contains("events");
            if !is_of_events || self.knows_oldest_events.swap(true, Ordering::Relaxed) {
                return Ok(answer);
            }
        }
    }

    /// Adds our webhook to those of the session, where it is not there: WAHA restarts a session whose
    /// configuration is set.
    pub(super) async fn set_webhook(&self) -> Result<(), RunError> {
        let Ok(found) = self.session().await? else {
            return Ok(());
        };
        let all = found["config"]["webhooks"].as_array();
        let all = all.cloned().unwrap_or_default();
        if all.iter().any(|webhook| self.is_ours(webhook)) {
            return Ok(());
        }
        // One with another secret is an older one of ours.
        let address = |url: &Value| {
            let url = url.as_str().unwrap_or_default();
            url.split('?').next().unwrap_or_default().to_owned()
        };
        let ours = address(&json!(self.webhook_url));
        let others = all.into_iter().filter(|one| address(&one["url"]) != ours);
        let others: Vec<Value> = others.collect();
        let wanted = |webhook: Value| {
            let mut config = match &found["config"] {
                Value::Object(config) => json!(config),
                _ => json!({}),
            };
            let webhooks = others.iter().cloned().chain([webhook]);
            config["webhooks"] = webhooks.collect();
            json!({"name": self.session, "config": config})
        };
        let path = self.of_session("");
        let asked = self.ask_with_webhook(Method::PUT, &path, wanted).await;
        let answer = asked.map_err(unanswered)?;
        registered(self.body(&answer), answer.retry_after)
    }

    pub(super) async fn code(&self, is_missing: bool) -> Result<Pairing, String> {
        if is_missing {
            let wanted = |webhook: Value| {
                json!({"name": self.session, "start": true,
                "config": {"webhooks": [webhook]}})
            };
            let asked = self
                .ask_with_webhook(Method::POST, "/api/sessions", wanted)
                .await;
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
}
