//! The actions that change the connection itself: `auth`, `subscribe`, `unsubscribe`.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{command_handler::CommandHandler, replay::Replay};
use crate::{
    gateway::{bridge, client_handle::Identity, dispatch::answer::Answer},
    protocol::{
        self,
        error_code::{ErrorCode, Fault, close},
        payload::{Payload, bad_field},
        topic::Topic,
    },
};

/// Topics of one client at a time.
const MAX_TOPICS: usize = 256;

/// Replays of one client at a time.
const MAX_REPLAYS: usize = 4;

/// Kinds of clients that `auth` knows.
const CLIENT_KINDS: [&str; 5] = ["cli", "webchat", "agent", "mobile", "integration"];

/// Longest text a client may say of itself, in bytes.
const MAX_IDENTITY: usize = 128;

impl CommandHandler {
    /// Checks the token (not needed again after the header) and answers with the hello. A bridge is
    /// answered when its channel is known for good.
    pub(super) fn auth(&mut self, payload: &Payload) -> Answer {
        match self.admit(payload) {
            Err(fault) => Answer::Now(Err(fault)),
            Ok(None) => Answer::Now(Ok(self.hello())),
            Ok(Some(channel)) => {
                bridge::announce(&self.gateway, &self.handle, channel, self.hello())
            }
        }
    }

    /// Lets the client in; which channel it announces, where it does.
    fn admit(&mut self, payload: &Payload) -> Result<Option<String>, Fault> {
        match payload.optional_text("token") {
            Some(token) => self.check_token(token)?,
            None if self.authenticated => {}
            None => {
                self.fail_authentication();
                return Err(bad_field("token", "the token of .env", "left out"));
            }
        }
        let client = payload.value("client");
        let mut identity = client.map_or_else(|| Ok(Identity::default()), identity)?;
        let channel = bridge::announced(payload, &mut identity)?;
        if client.is_some() || channel.is_some() {
            self.handle.identify(identity);
        }
        self.enter();
        Ok(channel)
    }

    fn check_token(&mut self, token: &str) -> Result<(), Fault> {
        if let Some(wait) = self.gateway.blocked_for(self.address()) {
            self.end(close::RATE_LIMITED, "too many failed authentications");
            let text = "too many failed authentications from this address; wait and try again";
            let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            return Err(Fault::new(ErrorCode::RateLimited, text).retry_after(ms));
        }
        if self.gateway.is_token(token) {
            return Ok(());
        }
        self.fail_authentication();
        Err(Fault::new(
            ErrorCode::Unauthorized,
            "wrong token; the right one is CLEUDOCODEBOT_TOKEN in .env",
        ))
    }

    fn fail_authentication(&mut self) {
        self.gateway.authentication_failed(self.address());
        self.end(close::UNAUTHORIZED, "wrong or missing token");
    }

    fn address(&self) -> IpAddr {
        self.handle.address.ip()
    }

    /// From here on the client is known to the others. Only the first time counts.
    pub(super) fn enter(&mut self) {
        self.authenticated = true;
        self.permit.authenticated();
        if self.handle.enter() {
            let event =
                json!({"id": self.handle.name(), "address": self.handle.address.to_string()})
                    .to_string();
            self.gateway
                .publish("client.connected", |out| out.push_str(&event));
        }
    }

    fn hello(&self) -> String {
        let limits = &self.config.limits;
        json!({
            "protocol": protocol::VERSION,
            "server": "cleudocodebot",
            "version": env!("CARGO_PKG_VERSION"),
            "client_id": self.handle.name(),
            "limits": {
                "max_message_bytes": limits.max_message_bytes,
                "max_queue_bytes": limits.max_queue_bytes,
                "heartbeat_ms": u64::try_from(limits.heartbeat.as_millis()).unwrap_or(u64::MAX),
            },
        })
        .to_string()
    }

    /// Live topics join the bus at once; with `since`, message topics join it after their replay,
    /// which they leave the bus for where they were on it.
    pub(super) fn subscribe(&mut self, payload: &Payload) -> Result<String, Fault> {
        let (topics, since) = (topics(payload)?, payload.integer("since"));
        let seq = self.gateway.listeners.bus.last_seq();
        check_since(since, seq)?;
        let mut all = self.topics();
        all.extend(
            topics
                .iter()
                .filter(|topic| !all.contains(topic))
                .cloned()
                .collect::<Vec<_>>(),
        );
        check_bounds(all.len(), self.replays.len())?;
        let (stored, live): (Vec<_>, Vec<_>) = topics
            .into_iter()
            .partition(|topic| since.is_some() && topic.wants_messages());
        if !live.is_empty() {
            self.gateway
                .listeners
                .bus
                .subscribe(&self.handle, &live, None);
        }
        if let Some(since) = since.filter(|_| !stored.is_empty()) {
            self.forget(&stored);
            self.replays.push_back(Replay::new(stored, since));
        }
        Ok(json!({"topics": names(&all), "seq": seq}).to_string())
    }

    /// Takes topics away and answers with those that are left.
    pub(super) fn unsubscribe(&mut self, payload: &Payload) -> Result<String, Fault> {
        self.forget(&topics(payload)?);
        Ok(json!({"topics": names(&self.topics())}).to_string())
    }

    fn forget(&mut self, topics: &[Topic]) {
        self.gateway.listeners.bus.unsubscribe(&self.handle, topics);
        for replay in &mut self.replays {
            replay.topics.retain(|topic| !topics.contains(topic));
        }
    }

    /// Those on the bus and those that join it after their replay.
    fn topics(&self) -> Vec<Topic> {
        let replayed = self
            .replays
            .iter()
            .flat_map(|replay| replay.topics.iter().cloned());
        self.handle.topics().into_iter().chain(replayed).collect()
    }
}

fn check_bounds(topics: usize, replays: usize) -> Result<(), Fault> {
    if topics > MAX_TOPICS {
        let text = format!(
            "a client has at most {MAX_TOPICS} topics; a wider one such as message.* may do"
        );
        return Err(Fault::new(ErrorCode::TooLarge, text));
    }
    if replays >= MAX_REPLAYS {
        let text = format!("{MAX_REPLAYS} replays of this client are under way already");
        return Err(Fault::new(ErrorCode::QueueFull, text).retry_after(1000));
    }
    Ok(())
}

/// A number from the future means another store: its owner must hear that events may be missing.
fn check_since(since: Option<u64>, seq: u64) -> Result<(), Fault> {
    match since {
        Some(since) if since > seq => {
            let expected = format!("a sequence number up to {seq}, that of the last stored event");
            Err(bad_field("since", &expected, &since.to_string()))
        }
        _ => Ok(()),
    }
}

fn topics(payload: &Payload) -> Result<Vec<Topic>, Fault> {
    let parsed = payload.names("topics").map(str::parse);
    parsed.collect::<Result<_, String>>().map_err(|why| {
        Fault::new(ErrorCode::BadPayload, why).with_details(json!({"field": "topics"}))
    })
}

fn names(topics: &[Topic]) -> Vec<String> {
    topics.iter().map(ToString::to_string).collect()
}

fn identity(client: &Value) -> Result<Identity, Fault> {
    let text = |name: &str| match &client[name] {
        Value::Null => Ok(None),
        Value::String(text)
            if text.len() <= MAX_IDENTITY && !text.chars().any(char::is_control) =>
        {
            Ok(Some(text.clone()))
        }
        _ => {
            let expected =
                format!("a string of at most {MAX_IDENTITY} bytes without control characters");
            Err(bad_field(
                &format!("client.{name}"),
                &expected,
                "something else",
            ))
        }
    };
    let kind = text("kind")?;
    if kind
        .as_deref()
        .is_some_and(|kind| !CLIENT_KINDS.contains(&kind))
    {
        let expected = format!("one of {}", CLIENT_KINDS.join(", "));
        return Err(bad_field("client.kind", &expected, "something else"));
    }
    Ok(Identity {
        name: text("name")?,
        kind,
        version: text("version")?,
    })
}
