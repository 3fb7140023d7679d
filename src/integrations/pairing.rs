//! Who was let in besides the allow-lists, and who asks: kept in `pairing.json` in the home folder.

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
};

/// Where they are, in the home folder.
pub const FILE: &str = "pairing.json";

/// Letters and digits that nobody confuses: no 0 and O, no 1 and I.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Characters of a code.
const CODE_LENGTH: usize = 8;

/// How long a code is valid: 1 h.
const VALID_MS: u64 = 3_600_000;

/// Senders that may ask at a time, for each channel.
const MAX_PENDING: usize = 3;

/// Someone who asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where.
    pub channel: String,
    /// Who.
    pub sender: String,
    /// What the owner approves.
    pub code: String,
    /// Since when, ms since 1970.
    pub at_ms: u64,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PairingOutcome {
    /// The sender is to be told this code.
    Fresh(String),
    /// The sender was told a code before, or too many ask already.
    Silent,
}

/// All pairings of a daemon. What only looks never waits for the disk.
pub struct Pairings {
    path: PathBuf,
    book: Mutex<Book>,
    /// Held while the file is written, which `book` never is.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Book {
    approved: BTreeMap<String, BTreeSet<String>>,
    pending: Vec<Request>,
}

impl Pairings {
    /// Reads the file; one that is missing or damaged lets nobody in.
    pub fn open(path: PathBuf) -> Self {
        let text = std::fs::read(&path).unwrap_or_default();
        let book = serde_json::from_slice(&text).map_or_else(|_| Book::default(), |v| read(&v));
        Self {
            path,
            book: Mutex::new(book),
            writing: Mutex::default(),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = clock::now_ms();
        book.pending
            .retain(|request| now_ms < request.at_ms.saturating_add(VALID_MS));
        book
    }

    /// Whether this sender was let in.
    pub fn knows(&self, channel: &str, sender: &str) -> bool {
        let book = self.book();
        let approved = book.approved.get(channel);
        approved.is_some_and(|senders| senders.contains(sender))
    }

    /// Notes that someone asks; `save` keeps it.
    pub(super) fn request(&self, channel: &str, sender: &str) -> PairingOutcome {
        let mut book = self.book();
        let of_channel = || book.pending.iter().filter(|one| one.channel == channel);
        if of_channel().count() >= MAX_PENDING || of_channel().any(|one| one.sender == sender) {
            return PairingOutcome::Silent;
        }
        let code = code();
        book.pending.push(Request {
            channel: channel.to_owned(),
            sender: sender.to_owned(),
            code: code.clone(),
            at_ms: clock::now_ms(),
        });
        PairingOutcome::Fresh(code)
    }

    /// Who asks now.
    pub fn pending(&self) -> Vec<Request> {
        self.book().pending.clone()
    }

    /// Who was let in, by channel.
    pub fn approved(&self) -> Vec<(String, String)> {
        let book = self.book();
        let pairs = book.approved.iter().flat_map(|(channel, senders)| {
            senders
                .iter()
                .map(|sender| (channel.clone(), sender.clone()))
        });
        pairs.collect()
    }

    /// The country of the first number that was let in.
    pub fn country(&self) -> Option<Country> {
        let book = self.book();
        let of_channel = |channel| book.approved.get(channel).into_iter().flatten();
        let mut numbers = phone::CHANNELS.into_iter().flat_map(of_channel);
        numbers.find_map(|number| Country::of(number))
    }

    /// Lets in, or turns away, whoever holds this code. `None` where nobody does. Blocks.
    pub fn decide(
        &self,
        channel: &str,
        code: &str,
        let_in: bool,
    ) -> Result<Option<Request>, String> {
        let mut book = self.book();
        let place = book
            .pending
            .iter()
            .position(|one| one.channel == channel && one.code.eq_ignore_ascii_case(code));
        let Some(place) = place else {
            return Ok(None);
        };
        let request = book.pending.remove(place);
        if let_in {
            let senders = book.approved.entry(channel.to_owned()).or_default();
            senders.insert(request.sender.clone());
        }
        drop(book);
        self.save()?;
        Ok(Some(request))
    }

    /// Takes back what was approved; false where it was not. Blocks.
    pub fn revoke(&self, channel: &str, sender: &str) -> Result<bool, String> {
        let was_there = {
            let mut book = self.book();
            let senders = book.approved.get_mut(channel);
            senders.is_some_and(|senders| senders.remove(sender))
        };
        self.save()?;
        Ok(was_there)
    }

    /// Writes the file as things stand. Blocks.
    pub(super) fn save(&self) -> Result<(), String> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = self.text();
        let written = fs::write_atomic(&self.path, text.as_bytes());
        written.map_err(|error| error.to_string())
    }

    fn text(&self) -> String {
        let book = self.book();
        let pending: Value = book
            .pending
            .iter()
            .map(|one| {
                json!({"channel": one.channel, "sender": one.sender, "code": one.code, "at_ms": one.at_ms})
            })
            .collect();
        json!({"approved": book.approved, "pending": pending}).to_string()
    }
}

fn read(value: &Value) -> Book {
    let text = |value: &Value, name: &str| value[name].as_str().map(str::to_owned);
    let pending = value["pending"].as_array().into_iter().flatten();
    let approved = value["approved"].as_object().into_iter().flatten();
    Book {
        approved: approved
            .map(|(channel, senders)| {
                let senders = senders.as_array().into_iter().flatten();
                let senders = senders.filter_map(Value::as_str).map(str::to_owned);
                (channel.clone(), senders.collect())
            })
            .collect(),
        pending: pending
            .filter_map(|one| {
                Some(Request {
                    channel: text(one, "channel")?,
                    sender: text(one, "sender")?,
                    code: text(one, "code")?,
                    at_ms: one["at_ms"].as_u64()?,
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
    use super::*;

    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn three_may_ask_and_whoever_is_approved_stays_so_across_a_restart() {
        let name = format!("cdb-pairing-{}", &random::token()[..16]);
        let path = Scratch(std::env::temp_dir().join(name));
        let pairings = Pairings::open(path.0.clone());
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
        assert_eq!(Pairings::open(path.0.clone()).pending().len(), 3);
        assert_eq!(pairings.decide("other", &code, true), Ok(None));
        let code = code.to_ascii_lowercase();
        let request = pairings.decide("t", &code, true).expect("written");
        assert_eq!(request.map(|one| one.sender).as_deref(), Some("ana"));
        let again = Pairings::open(path.0.clone());
        assert!(again.knows("t", "ana") && !again.knows("t", "bob"));
        assert_eq!(again.pending().len(), 2);
        assert_eq!(again.revoke("t", "ana"), Ok(true));
        assert!(!Pairings::open(path.0.clone()).knows("t", "ana"));
    }
}
