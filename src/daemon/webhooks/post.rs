//! One event to one receiver: its body, its signature, and what the answer means.
//!
//! Headers, signature and the meaning of 410 are those of Standard Webhooks 1.0
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use std::time::Duration;

use data_encoding::BASE64;
use hyper::Method;
use serde_json::{Value, json};

use crate::{
    clock::Utc,
    config::{WebhookSecret, WebhookSettings},
    http_client::{Http, HttpBody, HttpCall, HttpLimits, Streamed},
    integrations::support::hmac::hmac,
    protocol::message_json::push_message,
    store::StoredEvent,
};

/// The limits of one request. A receiver that takes longer works on the event before it answers, and is meant to do
/// that after.
const LIMITS: HttpLimits = HttpLimits {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(20),
    body: Duration::from_secs(5),
    stall: Duration::from_secs(5),
    max_bytes: 64 * 1024,
};

/// An event as it is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// The same whenever it is posted, by which a receiver knows a repeat.
    pub(super) id: String,
    /// The JSON text.
    pub(super) body: String,
}

impl Letter {
    /// A stored event.
    pub(super) fn of(event: &StoredEvent) -> Self {
        let message = &event.message;
        let (name, time) = (event.name().as_str(), Utc(message.updated_ms));
        let mut body = format!("{{\"type\":\"{name}\",\"timestamp\":\"{time}\",\"data\":");
        push_message(&mut body, message);
        body.push('}');
        // With the time, because another store begins its numbers anew.
        let id = format!("evt-{}-{}", event.seq, message.updated_ms);
        Self { id, body }
    }

    /// One that is about the webhook itself.
    pub(super) fn about(kind: &str, id: &str, now_ms: u64, data: &Value) -> Self {
        let time = Utc(now_ms).to_string();
        Self {
            id: id.to_owned(),
            body: json!({"type": kind, "timestamp": time, "data": data}).to_string(),
        }
    }
}

/// What came of posting one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver has it.
    Taken,
    /// The receiver wants no more: 410.
    Gone,
    /// It is to be posted again, for this reason, and not before this long where the receiver said so.
    Failed(String, Option<Duration>),
}

/// What posts to one receiver. It keeps connections.
pub(super) struct Poster {
    http: Http,
    target: String,
    authorization: Option<String>,
    secret: Option<WebhookSecret>,
}

impl Poster {
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        let url = &settings.url;
        Self {
            http: Http::new(url.base().clone()),
            target: url.target().to_owned(),
            authorization: url.authorization(),
            secret: settings.secret.clone(),
        }
    }

    /// Posts a letter, once.
    pub(super) async fn post(&self, letter: &Letter, now_ms: u64) -> Outcome {
        let timestamp = (now_ms / 1000).to_string();
        let signature = self.signature(letter, &timestamp);
        let mut headers = vec![
            ("webhook-id", letter.id.as_str()),
            ("webhook-timestamp", timestamp.as_str()),
        ];
        let optional = [
            ("webhook-signature", &signature),
            ("authorization", &self.authorization),
        ];
        for (name, value) in optional {
            headers.extend(value.as_deref().map(|value| (name, value)));
        }
        let call = HttpCall {
            method: Method::POST,
            path: &self.target,
            headers: &headers,
            body: HttpBody::JsonText(letter.body.clone()),
            limits: LIMITS,
        };
        match self.http.stream(call).await {
            Err(error) => Outcome::Failed(error.to_string(), None),
            Ok(Streamed::Refused(answer)) => self.refused(answer.status, answer.retry_after),
            Ok(Streamed::Pieces(mut pieces)) => {
                // It was taken, whatever becomes of the answer's body: that is read for the connection's sake.
                while let Ok(Some(_)) = pieces.next().await {}
                Outcome::Taken
            }
        }
    }

    fn signature(&self, letter: &Letter, timestamp: &str) -> Option<String> {
        let secret = self.secret.as_ref()?;
        let signed = format!("{}.{timestamp}.{}", letter.id, letter.body);
        let code = hmac(secret.bytes(), signed.as_bytes());
        Some(format!("v1,{}", BASE64.encode(&code)))
    }

    fn refused(&self, status: u16, wait: Option<Duration>) -> Outcome {
        let host = self.http.host();
        match status {
            410 => Outcome::Gone,
            300..=399 => {
                let why = format!("{host} answered {status}, a redirect, which is not followed");
                Outcome::Failed(why, wait)
            }
            _ => Outcome::Failed(format!("{host} answered {status}"), wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::WebhookUrl, message::Message, store::Occasion};

    fn poster(secret: Option<&str>) -> Poster {
        Poster::new(&WebhookSettings {
            number: 1,
            url: WebhookUrl::parse("https://a.example/hook?key=1").expect("an address"),
            topics: Vec::new(),
            secret: secret.map(|text| WebhookSecret::parse(text).expect("a secret")),
        })
    }

    #[test]
    fn the_example_of_the_specification_has_its_signature() {
        let letter = Letter {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            body: r#"{"test": 2432232314}"#.to_owned(),
        };
        let poster = poster(Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert_eq!(
            poster.signature(&letter, "1614265330").as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        let letter = Letter::about("webhook.test", "test-1", 0, &json!({}));
        assert_eq!(poster(None).signature(&letter, "1"), None);
    }

    #[test]
    fn a_letter_says_what_happened_when_and_is_the_same_each_time() {
        let message = Message {
            updated_ms: 1_795_387_053_123,
            ..Message::sample("webchat", "ana")
        };
        let event = StoredEvent {
            seq: 7,
            occasion: Occasion::Edited,
            message,
        };
        let letter = Letter::of(&event);
        assert_eq!(letter, Letter::of(&event));
        assert_eq!(letter.id, "evt-7-1795387053123");
        let body: Value = serde_json::from_str(&letter.body).expect("JSON");
        assert_eq!(body["type"], "message.edited");
        assert_eq!(body["timestamp"], "2026-11-22T22:37:33.123Z");
        assert_eq!(body["data"]["peer"], "ana");
    }

    #[test]
    fn only_410_ends_it_and_no_answer_shows_the_address() {
        let poster = poster(None);
        assert_eq!(poster.refused(410, None), Outcome::Gone);
        let wait = Some(Duration::from_secs(7));
        let busy = Outcome::Failed("a.example answered 503".to_owned(), wait);
        assert_eq!(poster.refused(503, wait), busy);
        for status in [301, 400, 404, 429, 500] {
            let Outcome::Failed(why, None) = poster.refused(status, None) else {
                panic!("{status}");
            };
            assert!(
                why.contains(&status.to_string()) && !why.contains("hook"),
                "{why}"
            );
        }
    }
}
