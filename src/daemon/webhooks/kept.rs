//! What of the receivers lasts besides how far each is: which are paused and parked, and the address each had.
//!
//! How far a receiver is lies in the store, as the place of a reader, so that it is never of another store than the
//! events.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{config::WebhookSettings, error::Result, fs, message::text_at};

/// The file in the home folder.
const FILE: &str = "webhooks.json";

/// What is kept of a receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// What tells its address from another.
    pub(super) address: String,
    /// Somebody paused it.
    pub(super) paused: bool,
    /// Why it is parked.
    pub(super) parked: Option<String>,
    /// Events that were no longer there when their turn came.
    pub(super) missed: u64,
}

impl Kept {
    /// What tells the address of a receiver from another, and shows nothing of it.
    pub(super) fn address_of(settings: &WebhookSettings) -> String {
        let url = &settings.url;
        let whole = format!(
            "{}\n{}\n{}",
            url.base().url(),
            url.target(),
            url.authorization().unwrap_or_default()
        );
        HEXLOWER.encode(&Sha256::digest(whole)[..8])
    }

    fn of_json(json: &Value) -> Self {
        let text = |name| text_at(json, name).map(str::to_owned);
        Self {
            address: text("address").unwrap_or_default(),
            paused: json["paused"] == true,
            parked: text("parked"),
            missed: json["missed"].as_u64().unwrap_or(0),
        }
    }

    fn json(&self) -> Value {
        json!({"address": self.address, "paused": self.paused, "parked": self.parked, "missed": self.missed})
    }
}

/// The file.
#[derive(Debug, Clone)]
pub(super) struct KeptFile(PathBuf);

impl KeptFile {
    pub(super) fn new(home: &Path) -> Self {
        Self(home.join(FILE))
    }

    /// All receivers that were known, by name; the error says why they cannot be read. Blocks.
    pub(super) fn load(&self) -> std::result::Result<BTreeMap<String, Kept>, String> {
        let path = self.0.display();
        let text = match std::fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(format!("{path}: {error}")),
        };
        let read: Map<String, Value> =
            serde_json::from_slice(&text).map_err(|error| format!("{path}: {error}"))?;
        let kept = read.iter();
        Ok(kept
            .map(|(name, json)| (name.clone(), Kept::of_json(json)))
            .collect())
    }

    /// Keeps these and no others. Blocks.
    pub(super) fn save(&self, all: &BTreeMap<String, Kept>) -> Result<()> {
        let all: Map<String, Value> = all
            .iter()
            .map(|(name, kept)| (name.clone(), kept.json()))
            .collect();
        fs::write_atomic(&self.0, Value::Object(all).to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::WebhookUrl, fs::scratch::Scratch};

    #[test]
    fn what_is_kept_reads_back_and_damage_is_told() {
        let folder = Scratch::new();
        let file = KeptFile::new(folder.path());
        assert_eq!(file.load(), Ok(BTreeMap::new()));
        let kept = Kept {
            address: "a".to_owned(),
            paused: true,
            parked: Some("410".to_owned()),
            missed: 3,
        };
        let all = BTreeMap::from([("webhook".to_owned(), kept)]);
        file.save(&all).expect("saved");
        assert_eq!(file.load(), Ok(all));
        std::fs::write(folder.path().join(FILE), "{").expect("written");
        assert!(file.load().is_err_and(|why| why.contains(FILE)));
    }

    #[test]
    fn another_query_or_user_is_another_address() {
        let address = |url: &str| {
            Kept::address_of(&WebhookSettings {
                number: 1,
                url: WebhookUrl::parse(url).expect("an address"),
                topics: Vec::new(),
                secret: None,
            })
        };
        let one = address("http://a.example/b");
        assert_eq!(one, address("http://a.example/b"));
        for other in [
            "http://a.example/b?c",
            "http://u@a.example/b",
            "https://a.example/b",
        ] {
            assert_ne!(one, address(other), "{other}");
        }
    }
}
