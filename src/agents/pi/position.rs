//! Where a conversation stood when a turn of it was put to pi, on disk: after a crash of pi or of ours, what
//! came behind it says whether the turn was answered already. Pi writes a prompt down before it asks the
//! model, and an answer once it is whole.

use std::{fs, path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::{
    process::{ANSWER_TIMEOUT, Gone, PiProcess},
    records::Said,
};
use crate::{message::text_at, panics::run_blocking};

/// Reading the whole of a long conversation takes a while.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The place of one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The turn that was asked last.
    turn: String,
    /// What pi called the newest entry before it; `None` where there was none.
    leaf: Option<String>,
}

/// What is found of a turn that may have been asked before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It was answered.
    Answered(Said),
    /// It was not; it is to be asked.
    Open,
}

/// The file of one conversation's place.
#[derive(Debug, Clone)]
pub(super) struct PositionFile(pub(super) PathBuf);

impl PositionFile {
    /// Finds out where the conversation stands and whether the turn was answered, and writes the place down
    /// before the turn is asked.
    pub(super) async fn begin(&self, process: &mut PiProcess, turn: &str) -> Result<Found, Gone> {
        let known = self.read().await;
        let asked_before = known.turn == turn;
        let entries = entries(process, known.leaf.as_deref()).await?;
        if asked_before {
            if let Some(said) = answer_in(&entries["entries"]) {
                return Ok(Found::Answered(said));
            }
            return Ok(Found::Open);
        }
        let leaf = text_at(&entries, "leafId").map(str::to_owned);
        self.write(&Position {
            turn: turn.to_owned(),
            leaf,
        })
        .await?;
        Ok(Found::Open)
    }

    async fn read(&self) -> Position {
        let path = self.0.clone();
        let read = run_blocking(move || fs::read(path)).await;
        let json: Value = read
            .ok()
            .and_then(Result::ok)
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Position {
            turn: text_at(&json, "turn").unwrap_or_default().to_owned(),
            leaf: text_at(&json, "leaf").map(str::to_owned),
        }
    }

    /// Replaced at once, so that a crash leaves the one or the other. What a power cut takes is asked anew.
    async fn write(&self, position: &Position) -> Result<(), Gone> {
        let json = json!({"turn": position.turn, "leaf": position.leaf}).to_string();
        let (path, beside) = (self.0.clone(), self.0.with_extension("new"));
        let write = move || fs::write(&beside, json).and_then(|()| fs::rename(&beside, &path));
        let written = run_blocking(write).await;
        let why = match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic,
        };
        Err(Gone(format!("cannot write {}: {why}", self.0.display())))
    }
}

/// What came behind an entry, or all where pi does not know it.
async fn entries(process: &mut PiProcess, leaf: Option<&str>) -> Result<Value, Gone> {
    if let Some(leaf) = leaf {
        let since = json!({"type": "get_entries", "since": leaf});
        if let Ok(found) = process.ask(since, ANSWER_TIMEOUT).await? {
            return Ok(found);
        }
    }
    let all = json!({"type": "get_entries"});
    Ok(process.ask(all, READ_TIMEOUT).await?.unwrap_or_default())
}

/// The last whole answer among entries.
fn answer_in(entries: &Value) -> Option<Said> {
    let entries = entries.as_array()?;
    let mut said = entries
        .iter()
        .filter_map(|entry| Said::of(&entry["message"]));
    let last = said.next_back()?;
    let is_whole = matches!(last.stop.as_str(), "stop" | "length") && !last.text.trim().is_empty();
    is_whole.then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_answer_at_the_end_counts() {
        let entry = |role: &str, text: &str, stop: &str| {
            json!({"type": "message", "id": "e", "message": {"role": role, "stopReason": stop,
                "content": [{"type": "text", "text": text}]}})
        };
        let found = |entries: &[Value]| answer_in(&json!(entries)).map(|said| said.text);
        let asked = entry("user", "hi", "");
        assert_eq!(found(&[]), None);
        assert_eq!(found(std::slice::from_ref(&asked)), None);
        let (whole, half) = (
            entry("assistant", "yes", "stop"),
            entry("assistant", "y", "aborted"),
        );
        assert_eq!(
            found(&[asked.clone(), whole.clone()]),
            Some("yes".to_owned())
        );
        assert_eq!(found(&[asked.clone(), half.clone()]), None);
        assert_eq!(
            found(&[asked.clone(), half, asked, whole]),
            Some("yes".to_owned())
        );
    }
}
