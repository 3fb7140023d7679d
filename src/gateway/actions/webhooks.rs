//! The actions about webhooks: list, test, replay, pause, resume.

use serde_json::{Value, json};

use super::answer::Answer;
use crate::{
    gateway::{
        Gateway,
        control::{Reply, Steer, WebhookStatus},
    },
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
};

pub(super) fn list(gateway: &Gateway) -> String {
    json!({"webhooks": webhooks_json(gateway)}).to_string()
}

/// As in `webhooks` and in `status`.
pub(super) fn webhooks_json(gateway: &Gateway) -> Vec<Value> {
    let all = gateway.webhooks.webhooks();
    all.iter().map(WebhookStatus::json).collect()
}

/// Asks the receiver, which may take its time: other answers overtake this one.
pub(super) fn test(gateway: &Gateway, payload: &Payload) -> Answer {
    let name = payload.text("name");
    match gateway.webhooks.test(name) {
        None => Answer::Now(Err(unknown(gateway, name))),
        Some(asked) => Answer::Unordered(Box::pin(async move {
            let answered = asked.await?;
            Ok(answered.to_string())
        })),
    }
}

pub(super) fn replay(gateway: &Gateway, payload: &Payload) -> Answer {
    let (name, since) = (payload.text("name"), payload.integer("since"));
    let asked = gateway.webhooks.replay(name, since.unwrap_or_default());
    answered(gateway, name, asked)
}

pub(super) fn steer(gateway: &Gateway, payload: &Payload, how: Steer) -> Answer {
    let name = payload.text("name");
    answered(gateway, name, gateway.webhooks.steer(name, how))
}

fn answered(gateway: &Gateway, name: &str, asked: Option<Reply<WebhookStatus>>) -> Answer {
    match asked {
        None => Answer::Now(Err(unknown(gateway, name))),
        Some(asked) => Answer::Later(Box::pin(async move {
            let status = asked.await?;
            Ok(status.json().to_string())
        })),
    }
}

fn unknown(gateway: &Gateway, name: &str) -> Fault {
    let all = gateway.webhooks.webhooks();
    let all: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let text = if all.is_empty() {
        "no webhook is set; give its address in CLEUDOCODEBOT_WEBHOOK_URL".to_owned()
    } else {
        format!(
            "there is no webhook {name:?}; those set are {}",
            all.join(", ")
        )
    };
    Fault::new(ErrorCode::NotFound, text)
}
