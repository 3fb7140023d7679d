//! Approved senders and pending pairing requests, stored in `pairing.json` in the home folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::{
    clock, fs,
    phone::{self, Country},
    random,
    store::Clock,
};

/// The file, in the home folder.
pub const FILE: &str = "pairing.json";

/// Letters and digits that are not mistaken for each other: no 0 and O, no 1 and I.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Characters of a code.
const CODE_LENGTH: usize = 8;

/// How long a code is valid: 1 h.
const VALID_MS: u64 = 3_600_000;

/// Pending requests of one channel at a time.
const MAX_PENDING: usize = 3;

/// A sender's request to be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingRequest {
    /// The channel.
    pub channel: String,
    /// The sender.
    pub sender: String,
    /// The code that the owner approves.
    pub code: String,
    /// When it was made, in ms since 1970.
    pub at_ms: u64,
    /// Until when its code is valid, in the store's time: a wall clock that jumps ends none.
    until_ms: u64,
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PairingOutcome {
    /// Send this code to the sender.
    Fresh(String),
    /// Send nothing: the sender has a code already, or too many requests are pending.
    Silent,
}

/// All pairings of a daemon. Look-ups never wait for the disk.
pub struct Pairings {
    path: PathBuf,
    /// The store's time.
    time: Clock,
    table: Mutex<PairingTable>,
    /// Held while the file is written; `table` is not, so that look-ups go on.
    writing: Mutex<()>,
}

#[derive(Default)]
struct PairingTable {
    approved: BTreeMap<String, BTreeSet<String>>,
    pending: Vec<PairingRequest>,
}

impl Pairings {
    /// Reads the file; a missing or damaged one approves nobody.
    /// `time` is the store's.
    pub fn open(path: PathBuf, time: Clock) -> Self {
        let text = std::fs::read(&path).unwrap_or_default();
        let latest_ms = time().saturating_add(VALID_MS);
        let table = serde_json::from_slice(&text)
            .map_or_else(|_| PairingTable::default(), |value| read(&value, latest_ms));
        Self {
            path,
            time,
            table: Mutex::new(table),
            writing: Mutex::default(),
        }
    }

    /// Drops expired requests first, so that no caller sees one.
    fn table(&self) -> MutexGuard<'_, PairingTable> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if !table.pending.is_empty() {
            let now_ms = (self.time)();
            table.pending.retain(|request| now_ms < request.until_ms);
        }
        table
    }

    /// Whether this sender was approved.
    pub fn knows(&self, channel: &str, sender: &str) -> bool {
        let table = self.table();
        let approved = table.approved.get(channel);
        approved.is_some_and(|senders| senders.contains(sender))
    }

    /// Adds a request in memory; `save` writes it.
    pub(super) fn request(&self, channel: &str, sender: &str) -> PairingOutcome {
        let mut table = self.table();
        let of_channel = || table.pending.iter().filter(|one| one.channel == channel);
        if of_channel().count() >= MAX_PENDING || of_channel().any(|one| one.sender == sender) {
            return PairingOutcome::Silent;
        }
        let code = code();
        table.pending.push(PairingRequest {
            channel: channel.to_owned(),
            sender: sender.to_owned(),
            code: code.clone(),
            at_ms: clock::now_ms(),
            until_ms: (self.time)().saturating_add(VALID_MS),
        });
        PairingOutcome::Fresh(code)
    }

    /// The pending requests.
    pub fn pending(&self) -> Vec<PairingRequest> {
        self.table().pending.clone()
    }

    /// Channel and sender of everyone approved.
    pub fn approved(&self) -> Vec<(String, String)> {
        let table = self.table();
        let pairs = table.approved.iter().flat_map(|(channel, senders)| {
            senders
                .iter()
                .map(|sender| (channel.clone(), sender.clone()))
        });
        pairs.collect()
    }

    /// The country of the first approved number.
    pub fn country(&self) -> Option<Country> {
        let table = self.table();
        let of_channel = |channel| table.approved.get(channel).into_iter().flatten();
        let mut numbers = phone::CHANNELS.into_iter().flat_map(of_channel);
        numbers.find_map(|number| Country::of(number))
    }

    /// Approves or rejects the request with this code; `None` if there is none. Blocks.
    pub fn decide(
        &self,
        channel: &str,
        code: &str,
        approve: bool,
    ) -> Result<Option<PairingRequest>, String> {
        let mut table = self.table();
        let place = table
            .pending
            .iter()
            .position(|one| one.channel == channel && one.code.eq_ignore_ascii_case(code));
        let Some(place) = place else {
            return Ok(None);
        };
        let request = table.pending.remove(place);
        if approve {
            let senders = table.approved.entry(channel.to_owned()).or_default();
            senders.insert(request.sender.clone());
        }
        drop(table);
        self.save()?;
        Ok(Some(request))
    }

    /// Revokes an approval; false if there was none. Blocks.
    pub fn revoke(&self, channel: &str, sender: &str) -> Result<bool, String> {
        let was_there = {
            let mut table = self.table();
            let senders = table.approved.get_mut(channel);
            senders.is_some_and(|senders| senders.remove(sender))
        };
        self.save()?;
        Ok(was_there)
    }

    /// Writes the file. Blocks. The text is taken under `writing`, so that the newest one wins.
    pub(super) fn save(&self) -> Result<(), String> {
        let _guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = self.text();
        let written = fs::write_atomic(&self.path, text.as_bytes());
        written.map_err(|error| error.to_string())
    }

    fn text(&self) -> String {
        let table = self.table();
        let pending: Value = table
            .pending
            .iter()
            .map(|one| {
                json!({"channel": one.channel, "sender": one.sender, "code": one.code, "at_ms": one.at_ms,
                    "until_ms": one.until_ms})
            })
            .collect();
        json!({"approved": table.approved, "pending": pending}).to_string()
    }
}

/// No code is valid for longer than `latest_ms`; those of earlier versions are until then.
fn read(value: &Value, latest_ms: u64) -> PairingTable {
    let text = |value: &Value, name: &str| value[name].as_str().map(str::to_owned);
    let pending = value["pending"].as_array().into_iter().flatten();
    let approved = value["approved"].as_object().into_iter().flatten();
    PairingTable {
        approved: approved
            .map(|(channel, senders)| {
                let senders = senders.as_array().into_iter().flatten();
                let senders = senders.filter_map(Value::as_str).map(str::to_owned);
                (channel.clone(), senders.collect())
            })
            .collect(),
        pending: pending
            .filter_map(|one| {
                Some(PairingRequest {
                    channel: text(one, "channel")?,
                    sender: text(one, "sender")?,
                    code: text(one, "code")?,
                    at_ms: one["at_ms"].as_u64()?,
                    until_ms: one["until_ms"].as_u64().unwrap_or(latest_ms).min(latest_ms),
                })
            })
            .collect(),
    }
}

fn code() -> String {
    let chance = random::bytes::<CODE_LENGTH>();
    let letters = chance.iter().map(|byte| ALPHABET[usize::from(*byte) % 32]);
    letters.map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::*;

    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn open(path: &Path) -> Pairings {
        Pairings::open(path.to_owned(), Arc::new(|| 7))
    }

    fn scratch() -> Scratch {
        let name = format!("cdb-pairing-{}", &random::token()[..16]);
        Scratch(std::env::temp_dir().join(name))
    }

    #[test]
    fn a_code_is_valid_for_an_hour_of_the_stores_time_across_restarts() {
        let path = scratch();
        let at = |time_ms: u64| Pairings::open(path.0.clone(), Arc::new(move || time_ms));
        let pairings = at(5);
        pairings.request("t", "ana");
        pairings.save().expect("written");
        assert_eq!(at(5 + VALID_MS - 1).pending().len(), 1);
        assert_eq!(at(5 + VALID_MS).pending().len(), 0);
        let text = std::fs::read_to_string(&path.0).expect("read");
        let older = text.replace("until_ms", "another");
        std::fs::write(&path.0, older).expect("written");
        let late = at(1_000_000_000).pending();
        assert_eq!(late.len(), 1, "what an earlier version wrote gets its hour");
    }

    #[test]
    fn three_requests_may_pend_and_approvals_survive_a_restart() {
        let path = scratch();
        let pairings = open(&path.0);
        let PairingOutcome::Fresh(code) = pairings.request("t", "ana") else {
            panic!("the first gets a code");
        };
        assert!(code.len() == 8 && !code.contains(['0', 'O', '1', 'I']));
        assert_eq!(pairings.request("t", "ana"), PairingOutcome::Silent);
        for (sender, silent) in [("bob", false), ("eve", false), ("mal", true)] {
            let outcome = pairings.request("t", sender);
            assert_eq!(outcome == PairingOutcome::Silent, silent, "{sender}");
        }
        assert!(!pairings.knows("t", "ana"));
        pairings.save().expect("written");
        assert_eq!(open(&path.0).pending().len(), 3);
        assert_eq!(pairings.decide("other", &code, true), Ok(None));
        let code = code.to_ascii_lowercase();
        let request = pairings.decide("t", &code, true).expect("written");
        assert_eq!(request.map(|one| one.sender).as_deref(), Some("ana"));
        let again = open(&path.0);
        assert!(again.knows("t", "ana") && !again.knows("t", "bob"));
        assert_eq!(again.pending().len(), 2);
        assert_eq!(again.revoke("t", "ana"), Ok(true));
        assert!(!open(&path.0).knows("t", "ana"));
    }
}
