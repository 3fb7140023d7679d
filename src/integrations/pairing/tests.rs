//! Requests, approvals, and the file that keeps them.

use std::{path::Path, sync::Arc};

use super::*;
use crate::fs::scratch::Scratch;

/// The file of the pairings, in a folder of its own.
struct PairingsFile(Scratch);

impl PairingsFile {
    fn new() -> Self {
        Self(Scratch::new())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("pairing.json")
    }
}

fn open(path: &Path) -> Pairings {
    Pairings::open(path.to_owned(), Arc::new(|| 7))
}

fn asker(sender: &str) -> Asker<'_> {
    Asker {
        sender,
        ..Asker::default()
    }
}

#[test]
fn who_asks_has_a_name_and_first_words_and_only_the_name_is_on_disk() {
    let file = PairingsFile::new();
    let pairings = open(&file.path());
    let asker = Asker {
        sender: "1",
        name: Some("Ana\u{1b}[31m\nLima"),
        text: &"hello  there\n".repeat(40),
        ..Asker::default()
    };
    let PairingOutcome::Fresh(code) = pairings.request("t", asker) else {
        panic!("the first gets a code");
    };
    let one = pairings.pending().remove(0);
    assert_eq!(one.name.as_deref(), Some("Ana[31m Lima"));
    assert!(one.words.starts_with("hello there hello") && one.words.ends_with('…'));
    assert_eq!(one.words.chars().count(), MAX_WORDS + 1);
    pairings.save().expect("written");
    let text = std::fs::read_to_string(file.path()).expect("read");
    assert!(text.contains("Lima") && !text.contains("hello"), "{text}");
    let again = open(&file.path());
    assert_eq!(again.pending()[0].name.as_deref(), Some("Ana[31m Lima"));
    again.decide("t", &code, true).expect("written");
    let approved = open(&file.path()).approved();
    assert_eq!(approved[0].name.as_deref(), Some("Ana[31m Lima"));
    assert!(approved[0].since_ms.is_some());
}

#[test]
fn what_an_earlier_version_approved_is_known_without_a_name() {
    let file = PairingsFile::new();
    std::fs::write(
        file.path(),
        r#"{"approved": {"t": ["ana"]}, "pending": []}"#,
    )
    .expect("written");
    let approved = open(&file.path()).approved();
    assert_eq!(
        (approved[0].sender.as_str(), &approved[0].name),
        ("ana", &None)
    );
    assert!(open(&file.path()).knows("t", "ana"));
}

#[test]
fn a_code_is_valid_for_an_hour_of_the_stores_time_across_restarts() {
    let file = PairingsFile::new();
    let at = |time_ms: u64| Pairings::open(file.path(), Arc::new(move || time_ms));
    let pairings = at(5);
    pairings.request("t", asker("ana"));
    pairings.save().expect("written");
    assert_eq!(at(5 + VALID_MS - 1).pending().len(), 1);
    assert_eq!(at(5 + VALID_MS).pending().len(), 0);
    let text = std::fs::read_to_string(file.path()).expect("read");
    let older = text.replace("until_ms", "another");
    std::fs::write(file.path(), older).expect("written");
    let late = at(1_000_000_000).pending();
    assert_eq!(late.len(), 1, "what an earlier version wrote gets its hour");
}

#[test]
fn three_requests_may_pend_and_approvals_survive_a_restart() {
    let file = PairingsFile::new();
    let pairings = open(&file.path());
    let PairingOutcome::Fresh(code) = pairings.request("t", asker("ana")) else {
        panic!("the first gets a code");
    };
    assert!(code.len() == 8 && !code.contains(['0', 'O', '1', 'I']));
    assert_eq!(pairings.request("t", asker("ana")), PairingOutcome::Silent);
    for (sender, silent) in [("bob", false), ("eve", false), ("mal", true)] {
        let outcome = pairings.request("t", asker(sender));
        assert_eq!(outcome == PairingOutcome::Silent, silent, "{sender}");
    }
    assert!(!pairings.knows("t", "ana"));
    pairings.save().expect("written");
    assert_eq!(open(&file.path()).pending().len(), 3);
    assert_eq!(pairings.decide("other", &code, true), Ok(None));
    let code = code.to_ascii_lowercase();
    let request = pairings.decide("t", &code, true).expect("written");
    assert_eq!(request.map(|one| one.sender).as_deref(), Some("ana"));
    let again = open(&file.path());
    assert!(again.knows("t", "ana") && !again.knows("t", "bob"));
    assert_eq!(again.pending().len(), 2);
    assert_eq!(again.revoke("t", "ana"), Ok(true));
    assert!(!open(&file.path()).knows("t", "ana"));
}
