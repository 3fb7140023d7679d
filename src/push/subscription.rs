//! One subscription: where a device is pushed to, with which keys, of what, and whose it is. And its row.

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{owner::Owner, quiet::Quiet};
use crate::{
    http_client::OutsideUrl,
    message::{Pattern, text_at},
};

/// Longest address of a device at its push service, in bytes.
pub const MAX_ENDPOINT: usize = 2048;

/// The id of a subscription as it is shown: `p-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub u64);

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p-{}", self.0)
    }
}

impl FromStr for SubscriptionId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix("p-").ok_or(())?;
        digits.parse().map(Self).map_err(drop)
    }
}

/// The keys of a browser (RFC 8291 §3).
#[derive(Clone, PartialEq, Eq)]
pub struct Receiver {
    /// `p256dh`: its public key, an uncompressed point of P-256.
    pub public: [u8; 65],
    /// `auth`: the secret that it shares with us alone.
    pub auth: [u8; 16],
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver(…)")
    }
}

impl Receiver {
    /// Reads both as the Push API gives them: base64url, with or without padding. The error names the field.
    pub fn parse(public: &str, auth: &str) -> Result<Self, &'static str> {
        Ok(Self {
            public: decoded(public)
                .filter(|public: &[u8; 65]| public[0] == 4)
                .ok_or("p256dh")?,
            auth: decoded(auth).ok_or("auth")?,
        })
    }
}

fn decoded<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.trim_end_matches('=').as_bytes();
    BASE64URL_NOPAD.decode(text).ok()?.try_into().ok()
}

/// What a subscription is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubscription {
    /// The address, as it was given.
    pub endpoint: String,
    /// The same, taken apart.
    pub url: OutsideUrl,
    /// The browser's keys.
    pub receiver: Receiver,
    /// Only of these conversations; empty for all that its owner sees.
    pub topics: Vec<Pattern>,
    /// When of nothing.
    pub quiet: Option<Quiet>,
    /// The language of the device, such as `pt-BR`.
    pub language: Option<String>,
    /// Whose it is.
    pub owner: Owner,
}

/// How deliveries went since the daemon started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Pushes that the service took.
    pub sent: u64,
    /// When the last of these was, ms since 1970.
    pub last_ok_ms: Option<u64>,
    /// Attempts that failed since.
    pub failures: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
}

/// A subscription.
#[derive(Debug)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// When it was made first, ms since 1970.
    pub created_ms: u64,
    /// What it is made of.
    pub told: NewSubscription,
    report: Mutex<DeliveryReport>,
}

impl Subscription {
    pub(super) fn new(id: SubscriptionId, told: NewSubscription, created_ms: u64) -> Self {
        Self {
            id,
            created_ms,
            told,
            report: Mutex::default(),
        }
    }

    /// Whether it is for messages of this conversation.
    pub fn wants(&self, channel: &str, peer: &str) -> bool {
        let topics = &self.told.topics;
        topics.is_empty() || topics.iter().any(|topic| topic.covers(channel, peer))
    }

    /// How deliveries go.
    pub fn report(&self) -> MutexGuard<'_, DeliveryReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As it is shown: of its address only the host, because whoever knows the rest can use it.
    pub fn json(&self) -> Value {
        let NewSubscription {
            url, topics, quiet, ..
        } = &self.told;
        let report = self.report().clone();
        let mut json = json!({"id": self.id.to_string(), "host": url.authority(),
            "created_ms": self.created_ms, "sent": report.sent});
        if let Some(id) = self.told.owner.key_id() {
            json["key_id"] = json!(id.to_string());
        }
        if !topics.is_empty() {
            json["topics"] = topics.iter().map(ToString::to_string).collect();
        }
        if let Some(quiet) = quiet {
            json["quiet"] = quiet.json();
        }
        if let Some(language) = &self.told.language {
            json["language"] = json!(language);
        }
        if let Some(at_ms) = report.last_ok_ms {
            json["last_ok_ms"] = json!(at_ms);
        }
        if report.failures > 0 {
            json["failures"] = json!(report.failures);
        }
        if let Some(why) = report.last_error {
            json["last_error"] = json!(why);
        }
        json
    }

    /// Its row.
    pub(super) fn row(&self) -> Vec<u8> {
        let NewSubscription {
            endpoint,
            receiver,
            topics,
            quiet,
            language,
            owner,
            ..
        } = &self.told;
        let topics: Vec<String> = topics.iter().map(ToString::to_string).collect();
        let row = json!({"number": self.id.0, "created_ms": self.created_ms, "endpoint": endpoint,
            "p256dh": BASE64URL_NOPAD.encode(&receiver.public),
            "auth": BASE64URL_NOPAD.encode(&receiver.auth), "topics": topics,
            "quiet": quiet.map(Quiet::json), "language": language, "owner": owner.row()});
        row.to_string().into_bytes()
    }

    /// Reads a row back; `None` where it is none of ours.
    pub(super) fn of_row(row: &[u8]) -> Option<Self> {
        let json: Value = serde_json::from_slice(row).ok()?;
        let endpoint = json["endpoint"].as_str()?;
        let topics = json["topics"].as_array()?.iter();
        let topics: Option<Vec<_>> = topics.map(|text| Pattern::parse(text.as_str()?)).collect();
        let quiet = match &json["quiet"] {
            Value::Null => None,
            quiet => Some(Quiet::parse(quiet).ok()?),
        };
        let told = NewSubscription {
            endpoint: endpoint.to_owned(),
            url: OutsideUrl::parse(endpoint)?,
            receiver: Receiver::parse(json["p256dh"].as_str()?, json["auth"].as_str()?).ok()?,
            topics: topics?,
            quiet,
            language: text_at(&json, "language").map(str::to_owned),
            owner: Owner::of_row(&json["owner"])?,
        };
        let id = SubscriptionId(json["number"].as_u64()?);
        Some(Self::new(id, told, json["created_ms"].as_u64()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyId;

    fn told(endpoint: &str, owner: Owner) -> NewSubscription {
        let mut public = [7; 65];
        public[0] = 4;
        NewSubscription {
            endpoint: endpoint.to_owned(),
            url: OutsideUrl::parse(endpoint).expect("an address"),
            receiver: Receiver {
                public,
                auth: [9; 16],
            },
            topics: vec![Pattern::parse("telegram/-100*").expect("a pattern")],
            quiet: Quiet::parse(&json!({"from": "22:00", "until": "07:00"})).ok(),
            language: Some("pt-BR".to_owned()),
            owner,
        }
    }

    #[test]
    fn a_row_is_read_back_and_what_is_shown_has_no_secret() {
        let key = Owner::Key {
            id: KeyId(3),
            created_ms: 5,
        };
        for owner in [key, Owner::of_token("secret-token-of-env")] {
            let told = told("https://push.example/send/SECRET", owner);
            let one = Subscription::new(SubscriptionId(7), told, 1_000);
            let back = Subscription::of_row(&one.row()).expect("a subscription");
            assert_eq!((back.id, back.created_ms), (one.id, one.created_ms));
            assert_eq!(back.told, one.told);
            let shown = one.json().to_string();
            assert!(shown.contains("push.example") && !shown.contains("SECRET"));
            assert!(
                !shown.contains(&BASE64URL_NOPAD.encode(&[9; 16])),
                "{shown}"
            );
        }
        assert!(Subscription::of_row(b"{}").is_none() && Subscription::of_row(b"x").is_none());
    }

    #[test]
    fn the_keys_of_a_browser_have_their_lengths_and_may_be_padded() {
        let mut point = [1; 65];
        point[0] = 4;
        let (public, auth) = (
            BASE64URL_NOPAD.encode(&point),
            BASE64URL_NOPAD.encode(&[2; 16]),
        );
        let padded = Receiver::parse(&format!("{public}="), &format!("{auth}=="));
        assert_eq!(padded, Receiver::parse(&public, &auth));
        assert!(padded.is_ok());
        assert_eq!(Receiver::parse(&auth, &auth), Err("p256dh"));
        assert_eq!(Receiver::parse(&public, &public), Err("auth"));
        point[0] = 2;
        let compressed = BASE64URL_NOPAD.encode(&point);
        assert_eq!(Receiver::parse(&compressed, &auth), Err("p256dh"));
    }
}
