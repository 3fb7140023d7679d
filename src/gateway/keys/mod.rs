//! The keys of clients as the gateway uses them: finding one by what a client shows, ending them together with
//! the connections they opened, lending one for a turn, and the codes that another device exchanges for one.
//!
//! Not here: what a key is and where it is kept (`crate::keys`), and what it lets do (`permissions`).

mod codes;
mod watch;

use std::{net::IpAddr, sync::Arc};

use serde_json::{Value, json};

use self::codes::PairingCodes;
pub(super) use self::codes::{MAX_LIFE, OpenCode};
pub use self::watch::end_expired;
use super::{Gateway, clients::handle::ClientHandle, permissions::Access};
use crate::{
    clock,
    keys::{Key, KeyError, Keyring, NewKey, TokenFault},
    log::LogField,
    message::ConversationSet,
    protocol::{
        describe::event,
        error_code::{ErrorCode, Fault, close},
        role::Role,
    },
    push::Owner,
};

/// Keys for turns of one agent at a time.
const MAX_PASSED: usize = 64;

/// The keys of the clients of one gateway.
#[derive(Debug)]
pub(super) struct ClientKeys {
    ring: Arc<Keyring>,
    codes: PairingCodes,
}

impl ClientKeys {
    pub(super) fn new(ring: Arc<Keyring>) -> Self {
        Self {
            ring,
            codes: PairingCodes::default(),
        }
    }

    /// All of them.
    pub(super) fn ring(&self) -> &Arc<Keyring> {
        &self.ring
    }

    /// The codes that other devices were shown.
    pub(super) fn codes(&self) -> &PairingCodes {
        &self.codes
    }

    /// The key of a token that a client of this address shows.
    pub(super) fn find(&self, token: &str, address: IpAddr) -> Result<Arc<Key>, TokenFault> {
        let now_ms = clock::now_ms();
        let key = self.ring.find(token, now_ms)?;
        self.ring.used(&key, address, now_ms);
        Ok(key)
    }

    /// Makes a key for one conversation, good until its agent leaves; `None` where too many are out.
    fn pass_to(
        &self,
        agent: &ClientHandle,
        channel: &str,
        peer: &str,
    ) -> Option<(String, Option<Arc<Key>>)> {
        let new = NewKey {
            name: format!("a turn of {}", agent.name()),
            role: Role::Agent,
            conversations: ConversationSet::one(channel, peer),
            expires_ms: None,
        };
        let (key, token) = self.ring.pass(new, clock::now_ms())?;
        Some((token, agent.keep_passed(key, MAX_PASSED)))
    }
}

impl Gateway {
    /// Lends an agent a key for one conversation, good until it leaves; `None` where too many are out.
    pub(super) fn pass_key(
        &self,
        agent: &ClientHandle,
        channel: &str,
        peer: &str,
    ) -> Option<String> {
        let (token, oldest) = self.keys.pass_to(agent, channel, peer)?;
        if let Some(oldest) = oldest {
            self.end_lent(&oldest);
        }
        Some(token)
    }

    /// Ends what a client was, bridge or agent, for this reason, and the keys that were lent to it, with every
    /// connection that they opened.
    pub(super) fn end_leases(&self, client: &ClientHandle, why: &str) {
        let leases = client.take_leases();
        if let Some(bridge) = leases.bridge {
            bridge.release(why);
        }
        if let Some(agent) = leases.agent {
            agent.release(why);
        }
        for key in leases.passed {
            self.end_lent(&key);
        }
    }

    fn end_lent(&self, key: &Key) {
        self.keys.ring.end_passing(key);
        self.close_its_connections(key, "the turn that this key was for is over");
    }

    /// How many there were.
    fn close_its_connections(&self, key: &Key, reason: &'static str) -> usize {
        let is_its = |access: &Access| access.is_of(key.id);
        self.listeners
            .bus
            .close_of(is_its, close::FORBIDDEN, reason)
    }

    /// Where other devices reach this gateway, and why they may not.
    pub(super) fn address_for_devices(&self) -> (String, Option<String>) {
        let settings = self.settings();
        if let Some(url) = settings.secure_url() {
            return (url.url(), None);
        }
        let port = self.address.port();
        if let (true, Some(host)) = (settings.tls.is_some(), settings.allowed_hosts.first()) {
            let has_port = host.contains(':');
            let host = if has_port {
                host.clone()
            } else {
                format!("{host}:{port}")
            };
            return (format!("https://{host}"), None);
        }
        let address = format!("http://{}", settings.authority(port));
        let warning = "only this machine reaches this address; cleudocodebot onboard --reach makes one that others reach";
        (address, Some(warning.to_owned()))
    }

    /// As a key is shown.
    pub(super) fn key_json(&self, key: &Key) -> Value {
        let mut json = key.json();
        json["clients"] = json!(self.listeners.bus.count_of(key.id));
        json
    }

    /// Closes every connection of a key that is no longer good; how many.
    pub(super) fn close_of_key(&self, key: &Key, state: &'static str) -> usize {
        let reason = if state == EXPIRED {
            "this key has expired"
        } else {
            "this key was revoked"
        };
        let closed = self.close_its_connections(key, reason);
        self.end_pushes_of(key);
        self.publish_key(key, state);
        closed
    }

    /// Ends the push subscriptions of a key. Nothing is pushed for one that is gone, whatever the disk says.
    fn end_pushes_of(&self, key: &Key) {
        let (push, owner, log) = (Arc::clone(&self.push), Owner::of_key(key), self.log.clone());
        if push.is_empty() {
            return;
        }
        tokio::spawn(async move {
            if let Err(error) = push.retain(|one| one.told.owner != owner).await {
                let fields: [LogField<'_>; 1] = [("error", &error)];
                let text = "the push subscriptions of a key stay on the disk until the next start";
                log.warn("push", text, &fields);
            }
        });
    }

    /// Tells what became of a key.
    pub(super) fn publish_key(&self, key: &Key, state: &str) {
        let payload = json!({"id": key.id.to_string(), "name": key.name(), "state": state});
        self.publish(event::KEY_CHANGED, |out| {
            out.push_str(&payload.to_string());
        });
    }
}

/// The states that `key.changed` names.
pub(super) const ACTIVE: &str = "active";
pub(super) const REVOKED: &str = "revoked";
pub(super) const EXPIRED: &str = "expired";

impl From<KeyError> for Fault {
    fn from(error: KeyError) -> Self {
        let text = error.to_string();
        match error {
            KeyError::Unknown(_) => Self::new(ErrorCode::NotFound, text),
            KeyError::NameTaken(_) | KeyError::Full => Self::new(ErrorCode::Conflict, text),
            KeyError::NotKept(why) | KeyError::NotRemoved(why) => why.fault(text),
        }
    }
}
