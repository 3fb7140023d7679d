//! What a node remembers of the cluster across restarts: how far it read and passed on, and where it was alone.
//!
//! Losing it costs time, not messages: everything is told by its name when it comes again.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::{fs, log::Log, panics::run_blocking, random};

/// The file in the home folder.
const FILE: &str = "cluster.json";

/// What is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remembered {
    /// Tells the stores of two nodes of one name apart, and of one node that lost its disk.
    pub(super) instance: String,
    /// The last event of the own store that the streams have.
    pub(super) published: Option<u64>,
    /// The last event of the stream that the own store has.
    pub(super) applied: u64,
    /// The channels whose one candidate this node is.
    pub(super) alone: BTreeSet<String>,
}

/// The file, and what is to be in it.
pub(super) struct Kept {
    path: PathBuf,
    now: Mutex<(Remembered, bool)>,
}

impl Kept {
    /// Reads the file; a node without one is new.
    pub(super) fn open(home: &Path) -> Self {
        let path = home.join(FILE);
        let read = std::fs::read(&path).ok();
        let read = read.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        let read = read.and_then(|json| Remembered::of(&json));
        let remembered = read.unwrap_or_else(|| Remembered {
            instance: random::hex(&random::bytes::<8>()),
            published: None,
            applied: 0,
            alone: BTreeSet::new(),
        });
        Self {
            path,
            now: Mutex::new((remembered, true)),
        }
    }

    fn now(&self) -> MutexGuard<'_, (Remembered, bool)> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As it is.
    pub(super) fn get(&self) -> Remembered {
        self.now().0.clone()
    }

    /// Changes it in memory.
    pub(super) fn change(&self, change: impl FnOnce(&mut Remembered)) {
        let mut now = self.now();
        let before = now.0.clone();
        change(&mut now.0);
        now.1 |= before != now.0;
    }

    /// Writes what changed since the last time.
    pub(super) async fn save(&self, log: &Log) {
        let text = {
            let mut now = self.now();
            if !std::mem::take(&mut now.1) {
                return;
            }
            now.0.json().to_string()
        };
        let path = self.path.clone();
        let written = run_blocking(move || fs::write_atomic(&path, text.as_bytes())).await;
        let error = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic,
        };
        self.now().1 = true;
        log.warn_limited("cluster", "cannot keep how far it is", &[("error", &error)]);
    }
}

impl Remembered {
    fn json(&self) -> Value {
        json!({"instance": self.instance, "published": self.published, "applied": self.applied, "alone": self.alone})
    }

    fn of(json: &Value) -> Option<Self> {
        let alone = json["alone"].as_array()?.iter();
        let instance = json["instance"].as_str()?;
        if instance.len() != 16 || !instance.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        Some(Self {
            instance: instance.to_owned(),
            published: json["published"].as_u64(),
            applied: json["applied"].as_u64()?,
            alone: alone
                .filter_map(|one| Some(one.as_str()?.to_owned()))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back() {
        let one = Remembered {
            instance: "0123456789abcdef".into(),
            published: Some(7),
            applied: 9,
            alone: BTreeSet::from(["telegram".to_owned()]),
        };
        assert_eq!(Remembered::of(&one.json()), Some(one));
        assert_eq!(Remembered::of(&json!({"instance": 3})), None);
    }
}
