//! The action `auth`: the token, what the client says of itself, the channel or the agent it may announce,
//! and the hello.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::command_handler::CommandHandler;
use crate::{
    gateway::{
        TokenRefusal,
        actions::{agents, answer::Answer, bridge},
        clients::{
            agent,
            bridge::{Announced, announced},
            handle::ClientIdentity,
        },
        permissions::Access,
    },
    protocol::{
        self,
        describe::event,
        error_code::{ErrorCode, Fault, close},
        payload::{Payload, bad_field},
        role::{self, Least},
    },
};

/// Kinds of clients that `auth` knows.
const CLIENT_KINDS: [&str; 5] = ["cli", "webchat", "agent", "mobile", "integration"];

/// Why a client is bridge or agent no longer.
const ANOTHER_KEY: &str = "it showed another key";

/// Longest name, kind or version of a client, in bytes.
const MAX_IDENTITY: usize = 128;

impl CommandHandler {
    /// Checks the token (not needed again after the header) and answers with the hello. A bridge is
    /// answered when its channel is known for good.
    pub(super) fn authenticate(&mut self, payload: &Payload) -> Answer {
        match self.admit(payload) {
            Err(fault) if fault.code == ErrorCode::RateLimited => self.held_back(fault),
            Err(fault) => Answer::Now(Err(fault)),
            Ok(None) => Answer::Now(Ok(self.hello())),
            Ok(Some(channel)) => {
                bridge::announce(&self.gateway, &self.handle, channel, self.hello())
            }
        }
    }

    /// Lets the client in; which channel it announces, where it does.
    fn admit(&mut self, payload: &Payload) -> Result<Option<String>, Fault> {
        let access = match payload.optional_text("token") {
            Some(token) => self.check_token(token)?,
            None if self.authenticated => self.handle.access(),
            None => {
                self.request_close(close::UNAUTHORIZED, "missing token");
                let expected = "the token of .env, or that of a key";
                return Err(bad_field("token", expected, "left out"));
            }
        };
        access.expect_good()?;
        let client = payload.value("client");
        let mut identity = client.map_or_else(|| Ok(ClientIdentity::default()), identity)?;
        let channel = announced(payload, &mut identity)?;
        let agent = agent::announced(client, &identity)?;
        let named = channel.as_ref().map(Announced::name);
        expect_announced(&access, named, agent.is_some())?;
        let channel = channel.map(Announced::checked).transpose()?;
        self.take_access(access);
        self.gateway.listeners.bus.access_changed();
        if client.is_some() || channel.is_some() {
            self.handle.identify(identity);
        }
        self.mark_authenticated();
        if let Some((name, turns)) = agent {
            agents::announce(&self.gateway, &self.handle, &name, turns);
        }
        Ok(channel)
    }

    /// What the client was by its former key, it is no longer by another: a revoked key would go on serving its
    /// channel by a connection that is not its own any more.
    fn take_access(&self, access: Access) {
        if !self.handle.access().is_same(&access) {
            self.gateway.end_leases(&self.handle, ANOTHER_KEY);
        }
        self.handle.set_access(access);
    }

    fn check_token(&mut self, token: &str) -> Result<Access, Fault> {
        let checked = self.gateway.check_token(self.address(), token);
        checked.map_err(|refusal| match refusal {
            TokenRefusal::Wrong(why) => {
                self.request_close(close::UNAUTHORIZED, "wrong token");
                Fault::new(ErrorCode::Unauthorized, why)
            }
            TokenRefusal::TooMany(wait) => {
                self.request_close(close::RATE_LIMITED, "too many wrong tokens");
                let text = "too many wrong tokens from this address; the right one is let in";
                let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                Fault::new(ErrorCode::RateLimited, text).retry_after(ms)
            }
        })
    }

    /// Answers late, or never where too many wait for it already; the connection closes then.
    fn held_back(&self, fault: Fault) -> Answer {
        let held_back = self.gateway.attempts.hold_back(self.address());
        Answer::Later(Box::pin(async move {
            match held_back {
                Some(held_back) => held_back.wait().await,
                None => std::future::pending().await,
            }
            Err(fault)
        }))
    }

    fn address(&self) -> IpAddr {
        self.handle.address.ip()
    }

    /// The client counts as authenticated from here on; others are told the first time only.
    pub(super) fn mark_authenticated(&mut self) {
        self.authenticated = true;
        let key = self.handle.access().key().map(|key| key.id);
        self.permit.mark_authenticated(key);
        if self.handle.set_authenticated() {
            self.gateway.publish(event::CLIENT_CONNECTED, |out| {
                let (id, address) = (
                    self.handle.name().to_string(),
                    self.handle.address.to_string(),
                );
                let ClientIdentity { name, kind, .. } = self.handle.identity();
                let mut payload = json!({"id": id, "address": address});
                for (field, value) in [("name", name), ("kind", kind)] {
                    if let Some(value) = value {
                        payload[field] = json!(value);
                    }
                }
                out.push_str(&payload.to_string());
            });
        }
    }

    fn hello(&self) -> String {
        let limits = &self.config.limits;
        let access = self.handle.access();
        let mut hello = json!({
            "protocol": protocol::VERSION,
            "server": "cleudocodebot",
            "version": env!("CARGO_PKG_VERSION"),
            "client_id": self.handle.name().to_string(),
            "limits": {
                "max_message_bytes": limits.max_message_bytes,
                "max_media_bytes": limits.max_media_bytes,
                "max_queue_bytes": limits.max_queue_bytes,
                "heartbeat_ms": u64::try_from(limits.heartbeat.as_millis()).unwrap_or(u64::MAX),
            },
            "role": access.role().as_str(),
        });
        if let Some(key) = access.key() {
            hello["key"] = key.json();
        }
        hello.to_string()
    }
}

/// Fails where the key is not for the bridge of this channel, or for an agent.
fn expect_announced(access: &Access, channel: Option<&str>, is_agent: bool) -> Result<(), Fault> {
    let needs = |least: Least, what: &str| {
        if least.admits(access.role()) {
            return Ok(());
        }
        let role = access.role().as_str();
        let text = format!("this key is of role {role}; {what}");
        Err(Fault::new(ErrorCode::Forbidden, text))
    };
    if let Some(channel) = channel {
        needs(role::BRIDGES, "a bridge needs one of role bridge")?;
        access.expect_within(channel, None)?;
    }
    if is_agent {
        needs(role::AGENTS, "an agent needs one of role agent")?;
        // It would be offered the turns of all conversations.
        if access.limits().is_some() {
            let text = "an agent answers in every conversation, and this key is limited to some";
            return Err(Fault::new(ErrorCode::Forbidden, text));
        }
    }
    Ok(())
}

fn identity(client: &Value) -> Result<ClientIdentity, Fault> {
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
    Ok(ClientIdentity {
        name: text("name")?,
        kind,
        version: text("version")?,
    })
}
