//! One key: whose it is, what it may do, and until when. And its row.

use std::{
    fmt,
    str::FromStr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    message::{ConversationSet, Pattern, text_at},
    protocol::role::Role,
};

/// The id of a key as it is shown: `k-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k-{}", self.0)
    }
}

impl FromStr for KeyId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix("k-").ok_or(())?;
        digits.parse().map(Self).map_err(drop)
    }
}

/// What a key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// In which conversations.
    pub conversations: ConversationSet,
    /// From when on it is no longer good, ms since 1970.
    pub expires_ms: Option<u64>,
}

/// When a key was used last, and from where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// ms since 1970.
    pub at_ms: Option<u64>,
    /// The address without its port.
    pub address: Option<String>,
}

/// A key.
#[derive(Debug)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// What it may do.
    pub role: Role,
    /// In which conversations.
    pub conversations: ConversationSet,
    /// When it was made, ms since 1970.
    pub created_ms: u64,
    /// From when on it is no longer good, ms since 1970.
    pub expires_ms: Option<u64>,
    /// The SHA-256 of its token.
    pub(super) hash: [u8; 32],
    is_revoked: AtomicBool,
    ended: Notify,
    state: Mutex<KeyState>,
}

/// What changes about it.
#[derive(Debug, Default)]
struct KeyState {
    name: String,
    seen: Seen,
}

impl Key {
    /// One that opens nothing.
    #[cfg(test)]
    pub(crate) fn for_test(new: NewKey) -> Self {
        Self::new(KeyId(1), new, [0; 32], 0)
    }

    pub(super) fn new(id: KeyId, new: NewKey, hash: [u8; 32], now_ms: u64) -> Self {
        Self {
            id,
            role: new.role,
            conversations: new.conversations,
            created_ms: now_ms,
            expires_ms: new.expires_ms,
            hash,
            is_revoked: AtomicBool::new(false),
            ended: Notify::new(),
            state: Mutex::new(KeyState {
                name: new.name,
                seen: Seen::default(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, KeyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What people call it.
    pub fn name(&self) -> String {
        self.state().name.clone()
    }

    pub(super) fn rename(&self, name: &str) {
        name.clone_into(&mut self.state().name);
    }

    /// When it was used last.
    pub fn seen(&self) -> Seen {
        self.state().seen.clone()
    }

    /// Notes that it was used; what was known before.
    pub(super) fn see(&self, seen: Seen) -> Seen {
        std::mem::replace(&mut self.state().seen, seen)
    }

    pub(super) fn revoke(&self) {
        self.is_revoked.store(true, Relaxed);
        self.ended.notify_waiters();
    }

    /// Resolves once it was revoked, or taken out because it expired.
    pub async fn ended(&self) {
        let mut ended = std::pin::pin!(self.ended.notified());
        // Before the flag is looked at, so that none is missed in between.
        ended.as_mut().enable();
        if !self.is_revoked() {
            ended.await;
        }
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        self.is_revoked.load(Relaxed)
    }

    /// Whether it is good at this time.
    pub fn is_good(&self, now_ms: u64) -> bool {
        !self.is_revoked() && self.expires_ms.is_none_or(|end| now_ms < end)
    }

    /// As it is shown: everything but the hash.
    pub fn json(&self) -> Value {
        let state = self.state();
        let mut json = json!({"key_id": self.id.to_string(), "name": state.name,
            "role": self.role.as_str(), "created_ms": self.created_ms});
        let ConversationSet { channels, peers } = &self.conversations;
        if !channels.is_empty() {
            json["channels"] = json!(channels);
        }
        if !peers.is_empty() {
            json["peers"] = peers.iter().map(ToString::to_string).collect();
        }
        if let Some(end) = self.expires_ms {
            json["expires_ms"] = json!(end);
        }
        if let Some(at_ms) = state.seen.at_ms {
            json["last_seen_ms"] = json!(at_ms);
        }
        if let Some(address) = &state.seen.address {
            json["last_address"] = json!(address);
        }
        json
    }

    /// Its row: as it is shown, and the hash.
    pub(super) fn row(&self) -> Vec<u8> {
        let mut json = self.json();
        json["sha256"] = json!(HEXLOWER.encode(&self.hash));
        json.to_string().into_bytes()
    }

    /// Reads a row back; `None` where it is none of ours.
    pub(super) fn of_row(row: &[u8]) -> Option<Self> {
        let json: Value = serde_json::from_slice(row).ok()?;
        let hash = HEXLOWER.decode(json["sha256"].as_str()?.as_bytes()).ok()?;
        let texts = |name: &str| {
            let texts = json[name].as_array().into_iter().flatten();
            texts.filter_map(Value::as_str)
        };
        let peers: Option<Vec<_>> = texts("peers").map(Pattern::parse).collect();
        let key = Self::new(
            json["key_id"].as_str()?.parse().ok()?,
            NewKey {
                name: text_at(&json, "name")?.to_owned(),
                role: json["role"].as_str()?.parse().ok()?,
                conversations: ConversationSet {
                    channels: texts("channels").map(str::to_owned).collect(),
                    peers: peers?,
                },
                expires_ms: json["expires_ms"].as_u64(),
            },
            hash.try_into().ok()?,
            json["created_ms"].as_u64()?,
        );
        key.see(Seen {
            at_ms: json["last_seen_ms"].as_u64(),
            address: text_at(&json, "last_address").map(str::to_owned),
        });
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_back_and_shows_no_hash() {
        let new = NewKey {
            name: "João's phone".to_owned(),
            role: Role::Send,
            conversations: ConversationSet {
                channels: vec!["telegram".to_owned()],
                peers: vec![Pattern::parse("telegram/-100*").expect("a pattern")],
            },
            expires_ms: Some(2_000),
        };
        let key = Key::new(KeyId(7), new, [0xab; 32], 1_000);
        key.see(Seen {
            at_ms: Some(1_500),
            address: Some("10.0.0.2".to_owned()),
        });
        let back = Key::of_row(&key.row()).expect("a key");
        assert_eq!((back.json(), back.hash), (key.json(), key.hash));
        assert_eq!(back.conversations, key.conversations);
        assert!(!key.json().to_string().contains("abab"));
        assert!(Key::of_row(b"{}").is_none() && Key::of_row(b"x").is_none());
    }

    #[test]
    fn a_key_is_good_until_it_expires_or_is_revoked() {
        let new = NewKey {
            name: "a".to_owned(),
            role: Role::Read,
            conversations: ConversationSet::default(),
            expires_ms: Some(2_000),
        };
        let key = Key::new(KeyId(1), new, [0; 32], 0);
        assert!(key.is_good(1_999) && !key.is_good(2_000));
        key.revoke();
        assert!(!key.is_good(0));
    }
}
