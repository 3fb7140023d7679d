//! The pauses of the owner, kept on disk: a restart changes nothing.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::{
    message::text_at,
    store::{RowStorage, StoreError},
};

/// The name of a pause of all channels.
pub(super) const ALL: &str = "all";

/// A pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) since_ms: u64,
    pub(super) until_ms: Option<u64>,
    pub(super) reason: Option<String>,
}

/// What is kept of a channel: its pause, and when the last one ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Row {
    number: u64,
    pause: Option<Pause>,
    resumed_ms: u64,
}

/// All pauses, by the name of their channel.
pub(super) struct Pauses {
    storage: RowStorage,
    rows: Mutex<BTreeMap<String, Row>>,
    /// Held while one is changed on disk.
    changes: tokio::sync::Mutex<()>,
}

impl Pauses {
    pub(super) fn open(storage: RowStorage) -> Result<Self, String> {
        let rows = storage.load()?;
        let rows = rows.iter().filter_map(|row| read(row));
        Ok(Self {
            rows: Mutex::new(rows.collect()),
            storage,
            changes: tokio::sync::Mutex::default(),
        })
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pause of exactly this name.
    pub(super) fn of(&self, name: &str) -> Option<Pause> {
        self.rows().get(name)?.pause.clone()
    }

    /// The pause that holds a channel back.
    pub(super) fn holding(&self, channel: &str) -> Option<Pause> {
        let rows = self.rows();
        if rows.is_empty() {
            return None;
        }
        let of = |name: &str| rows.get(name).and_then(|row| row.pause.clone());
        of(ALL).or_else(|| of(channel))
    }

    /// When the last pause of a channel ended, in ms since 1970.
    pub(super) fn resumed_ms(&self, channel: &str) -> u64 {
        let rows = self.rows();
        let of = |name: &str| rows.get(name).map_or(0, |row| row.resumed_ms);
        of(ALL).max(of(channel))
    }

    /// The names of what is paused.
    pub(super) fn names(&self) -> Vec<String> {
        let rows = self.rows();
        let paused = rows.iter().filter(|(_, row)| row.pause.is_some());
        paused.map(|(name, _)| name.clone()).collect()
    }

    /// Those whose end has come.
    pub(super) fn over(&self, now_ms: u64) -> Vec<String> {
        let rows = self.rows();
        let end = |row: &Row| row.pause.as_ref().and_then(|pause| pause.until_ms);
        let over = rows
            .iter()
            .filter(|(_, row)| end(row).is_some_and(|end| end <= now_ms));
        over.map(|(name, _)| name.clone()).collect()
    }

    /// When the next one ends.
    pub(super) fn next_end(&self) -> Option<u64> {
        let rows = self.rows();
        rows.values()
            .filter_map(|row| row.pause.as_ref()?.until_ms)
            .min()
    }

    /// Begins or ends a pause. It begins at once, and ends once that is on disk.
    pub(super) async fn put(
        &self,
        name: &str,
        pause: Option<Pause>,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let _change = self.changes.lock().await;
        let before = self.rows().get(name).cloned();
        let newest = self
            .rows()
            .values()
            .map(|row| row.number)
            .max()
            .unwrap_or_default();
        let mut row = before.clone().unwrap_or(Row {
            number: newest + 1,
            ..Row::default()
        });
        let is_beginning = pause.is_some();
        if !is_beginning {
            row.resumed_ms = now_ms;
        }
        row.pause = pause;
        if is_beginning {
            self.rows().insert(name.to_owned(), row.clone());
        }
        let others = || self.written_besides(name);
        let kept = self
            .storage
            .put(row.number, Some(written(name, &row)), others)
            .await;
        if let Err(why) = kept {
            if is_beginning {
                match before {
                    Some(before) => drop(self.rows().insert(name.to_owned(), before)),
                    None => drop(self.rows().remove(name)),
                }
            }
            return Err(why);
        }
        self.rows().insert(name.to_owned(), row);
        Ok(())
    }

    fn written_besides(&self, name: &str) -> Vec<Vec<u8>> {
        let rows = self.rows();
        let others = rows.iter().filter(|(other, _)| *other != name);
        others.map(|(name, row)| written(name, row)).collect()
    }
}

fn written(name: &str, row: &Row) -> Vec<u8> {
    let mut json = json!({"number": row.number, "name": name, "resumed_ms": row.resumed_ms});
    if let Some(pause) = &row.pause {
        json["pause"] =
            json!({"since_ms": pause.since_ms, "until_ms": pause.until_ms, "reason": pause.reason});
    }
    json.to_string().into_bytes()
}

fn read(row: &[u8]) -> Option<(String, Row)> {
    let json: Value = serde_json::from_slice(row).ok()?;
    let pause = json.get("pause").map(|pause| Pause {
        since_ms: pause["since_ms"].as_u64().unwrap_or_default(),
        until_ms: pause["until_ms"].as_u64(),
        reason: text_at(pause, "reason").map(str::to_owned),
    });
    let row = Row {
        number: json["number"].as_u64()?,
        pause,
        resumed_ms: json["resumed_ms"].as_u64().unwrap_or_default(),
    };
    Some((text_at(&json, "name")?.to_owned(), row))
}
