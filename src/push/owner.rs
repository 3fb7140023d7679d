//! Whose a subscription is: it sees what that key sees, and ends with it.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    keys::{Key, KeyId, Keyring},
    protocol::role,
};

/// Who made a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Whoever showed the token of `.env`, of which this is 32 bits of a hash: enough to notice that the token
    /// is another now, and too few to find it by.
    Token(u32),
    /// A key. Its number may be given out again once it is gone, so when it was made counts too.
    Key {
        /// Its id.
        id: KeyId,
        /// When it was made, ms since 1970.
        created_ms: u64,
    },
}

/// What an owner may be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// This conversation.
    Granted,
    /// Not this conversation.
    Outside,
    /// Nothing any more: the key is gone, or the token is another.
    Ended,
}

impl Owner {
    /// Whoever shows this token of `.env`.
    pub fn of_token(token: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"cleudocodebot push\0");
        hash.update(token);
        let hash = hash.finalize();
        Self::Token(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]))
    }

    /// Whoever shows the token of this key.
    pub fn of_key(key: &Key) -> Self {
        Self::Key {
            id: key.id,
            created_ms: key.created_ms,
        }
    }

    /// The id of the key.
    pub fn key_id(&self) -> Option<KeyId> {
        match self {
            Self::Token(_) => None,
            Self::Key { id, .. } => Some(*id),
        }
    }

    /// Whether this owner still is one; `token` is who shows that of `.env` now.
    pub fn is_there(&self, ring: &Keyring, token: Self, now_ms: u64) -> bool {
        match self {
            Self::Token(_) => *self == token,
            Self::Key { .. } => self.key(ring, now_ms).is_some(),
        }
    }

    fn key(&self, ring: &Keyring, now_ms: u64) -> Option<std::sync::Arc<Key>> {
        let key = ring.of_id(self.key_id()?)?;
        let is_it = Self::of_key(&key) == *self && key.is_good(now_ms);
        (is_it && role::PEOPLE.admits(key.role)).then_some(key)
    }

    /// What this owner may be told of a conversation.
    pub fn right(
        &self,
        ring: &Keyring,
        token: Self,
        (channel, peer): (&str, &str),
        now_ms: u64,
    ) -> Right {
        let covers = match self {
            Self::Token(_) => (*self == token).then_some(true),
            Self::Key { .. } => {
                let key = self.key(ring, now_ms);
                key.map(|key| key.conversations.covers(channel, peer))
            }
        };
        match covers {
            Some(true) => Right::Granted,
            Some(false) => Right::Outside,
            None => Right::Ended,
        }
    }

    /// Its part of a row.
    pub(super) fn row(&self) -> Value {
        match self {
            Self::Token(mark) => json!({"token": mark}),
            Self::Key { id, created_ms } => json!({"key": id.0, "created_ms": created_ms}),
        }
    }

    pub(super) fn of_row(row: &Value) -> Option<Self> {
        if let Some(mark) = row["token"].as_u64() {
            return u32::try_from(mark).ok().map(Self::Token);
        }
        Some(Self::Key {
            id: KeyId(row["key"].as_u64()?),
            created_ms: row["created_ms"].as_u64()?,
        })
    }
}
