//! Approved senders and pending pairing requests, stored in `pairing.json` in the home folder.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::{
    clock, fs,
    language::Language,
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

/// Characters of a name, and of the first words, that are kept.
const MAX_NAME: usize = 60;
const MAX_WORDS: usize = 120;

/// What is sent to a sender who was approved.
pub const WELCOME: &str =
    "You were let in. What you wrote before was not kept: please send it again.";

/// Pending requests of one channel at a time.
const MAX_PENDING: usize = 3;

/// A sender's request to be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingRequest {
    /// The channel.
    pub channel: String,
    /// The sender.
    pub sender: String,
    /// What the service calls them.
    pub name: Option<String>,
    /// The first words of what they wrote: in memory only, since no file but the store has what was said.
    pub words: String,
    /// The language they are answered in.
    pub language: Language,
    /// The code that the owner approves.
    pub code: String,
    /// When it was made, in ms since 1970.
    pub at_ms: u64,
    /// Until when its code is valid, in the store's time: a wall clock that jumps ends none.
    until_ms: u64,
}

/// Whoever asks, as the service and their message tell it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asker<'a> {
    /// The address.
    pub(super) sender: &'a str,
    /// The name.
    pub(super) name: Option<&'a str>,
    /// What they wrote.
    pub(super) text: &'a str,
    /// The language they are answered in.
    pub(super) language: Language,
}

/// A sender who was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedSender {
    /// The channel.
    pub channel: String,
    /// The sender.
    pub sender: String,
    /// What the service called them when they asked.
    pub name: Option<String>,
    /// Since when, in ms since 1970, where that is known.
    pub since_ms: Option<u64>,
}

/// What is kept of an approval besides who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Approval {
    name: Option<String>,
    since_ms: Option<u64>,
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
    approved: BTreeMap<String, BTreeMap<String, Approval>>,
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
        approved.is_some_and(|senders| senders.contains_key(sender))
    }

    /// Adds a request in memory; `save` writes it.
    pub(super) fn request(&self, channel: &str, asker: Asker<'_>) -> PairingOutcome {
        let sender = asker.sender;
        let mut table = self.table();
        let of_channel = || table.pending.iter().filter(|one| one.channel == channel);
        if of_channel().count() >= MAX_PENDING || of_channel().any(|one| one.sender == sender) {
            return PairingOutcome::Silent;
        }
        let code = code();
        table.pending.push(PairingRequest {
            channel: channel.to_owned(),
            sender: sender.to_owned(),
            name: asker.name.map(|name| shortened(name, MAX_NAME)),
            words: shortened(asker.text, MAX_WORDS),
            language: asker.language,
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

    /// Everyone approved.
    pub fn approved(&self) -> Vec<ApprovedSender> {
        let table = self.table();
        let all = table.approved.iter().flat_map(|(channel, senders)| {
            senders.iter().map(|(sender, approval)| ApprovedSender {
                channel: channel.clone(),
                sender: sender.clone(),
                name: approval.name.clone(),
                since_ms: approval.since_ms,
            })
        });
        all.collect()
    }

    /// The country of the first approved number.
    pub fn country(&self) -> Option<Country> {
        let table = self.table();
        let of_channel = |channel| table.approved.get(channel).into_iter().flatten();
        let mut numbers = phone::CHANNELS.into_iter().flat_map(of_channel);
        numbers.find_map(|(number, _)| Country::of(number))
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
            let approval = Approval {
                name: request.name.clone(),
                since_ms: Some(clock::now_ms()),
            };
            senders.insert(request.sender.clone(), approval);
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
            senders.is_some_and(|senders| senders.remove(sender).is_some())
        };
        self.save()?;
        Ok(was_there)
    }

    /// Whether somebody of these names was let in, or asks to be.
    pub fn has_any(&self, channel: &str, names: &[String]) -> bool {
        let table = self.table();
        let approved = table.approved.get(channel);
        names.iter().any(|name| {
            approved.is_some_and(|senders| senders.contains_key(name))
                || table
                    .pending
                    .iter()
                    .any(|one| one.channel == channel && one.sender == *name)
        })
    }

    /// Forgets who goes by these names: approvals and requests. Blocks.
    pub fn forget(&self, channel: &str, names: &[String]) -> Result<(), String> {
        {
            let mut table = self.table();
            if let Some(senders) = table.approved.get_mut(channel) {
                senders.retain(|sender, _| !names.contains(sender));
            }
            table
                .pending
                .retain(|one| one.channel != channel || !names.contains(&one.sender));
        }
        self.save()
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
                json!({"channel": one.channel, "sender": one.sender, "name": one.name, "code": one.code,
                    "language": one.language.tag(), "at_ms": one.at_ms, "until_ms": one.until_ms})
            })
            .collect();
        let approved = table.approved.iter();
        // Apart from the lists, which earlier versions read.
        let about = approved.clone().map(|(channel, senders)| {
            let senders = senders.iter().map(|(sender, approval)| {
                let about = json!({"name": approval.name, "since_ms": approval.since_ms});
                (sender.clone(), about)
            });
            (channel.clone(), Value::Object(senders.collect()))
        });
        let about = Value::Object(about.collect());
        let approved: BTreeMap<_, Vec<_>> = approved
            .map(|(channel, senders)| (channel, senders.keys().collect()))
            .collect();
        json!({"approved": approved, "about": about, "pending": pending}).to_string()
    }
}

/// The beginning of a text that somebody else wrote, on one line.
fn shortened(text: &str, most: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = words.chars().filter(|c| !c.is_control());
    let mut short: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
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
                let about = &value["about"][channel];
                let senders = senders.filter_map(Value::as_str).map(|sender| {
                    let approval = Approval {
                        name: text(&about[sender], "name"),
                        since_ms: about[sender]["since_ms"].as_u64(),
                    };
                    (sender.to_owned(), approval)
                });
                (channel.clone(), senders.collect())
            })
            .collect(),
        pending: pending
            .filter_map(|one| {
                Some(PairingRequest {
                    channel: text(one, "channel")?,
                    sender: text(one, "sender")?,
                    name: text(one, "name"),
                    words: String::new(),
                    language: one["language"]
                        .as_str()
                        .and_then(Language::of_tag)
                        .unwrap_or_default(),
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
mod tests;
