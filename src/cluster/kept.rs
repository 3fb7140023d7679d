//! What a node remembers of the cluster across restarts: how far it read and passed on, and where it was alone.
//!
//! Losing it costs time, not messages: everything is told by its name when it comes again.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use super::origins::{self, Before};
use crate::{fs, log::Log, panics::run_blocking, random, store::cluster_files};

/// What is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remembered {
    /// Tells the stores of two nodes of one name apart, and of one node that lost its disk.
    pub(super) instance: String,
    /// The name of the store in origins.
    pub(super) origin: String,
    /// What the store was made of.
    pub(super) before: Vec<Before>,
    /// The last event of the own store that the streams have.
    pub(super) published: Option<u64>,
    /// The last event of the stream that the own store has.
    pub(super) applied: u64,
    /// The channels whose one candidate this node is.
    pub(super) alone: BTreeSet<String>,
    /// The channels that only other nodes have.
    pub(super) elsewhere: BTreeSet<String>,
}

/// The file, and what is to be in it.
pub(super) struct Kept {
    path: PathBuf,
    now: Mutex<(Remembered, bool)>,
}

impl Kept {
    /// Reads the file; a node without one is new, also where its store was made of a backup.
    pub(super) fn open(home: &Path, node: &str) -> Self {
        let path = home.join(cluster_files::KEPT);
        let read = json_of(&path).and_then(|json| Remembered::of(&json, node));
        let remembered = read.unwrap_or_else(|| {
            let backup = json_of(&home.join(cluster_files::BEFORE));
            let before = backup.and_then(|json| before(&json, node));
            Remembered::new(node, before.unwrap_or_default())
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

fn json_of(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The stores that a restored one was made of, the first one first.
fn before(backup: &Value, node: &str) -> Option<Vec<Before>> {
    let Remembered { origin, before, .. } = Remembered::of(&backup["cluster"], node)?;
    let up_to = backup["seq"].as_u64()?;
    let mut all = before;
    all.push(Before { origin, up_to });
    Some(all)
}

fn names(json: &Value) -> Option<BTreeSet<String>> {
    let names = json.as_array()?.iter();
    Some(
        names
            .filter_map(|one| Some(one.as_str()?.to_owned()))
            .collect(),
    )
}

impl Remembered {
    fn new(node: &str, before: Vec<Before>) -> Self {
        let instance = random::hex(&random::bytes::<8>());
        Self {
            origin: origins::name(node, &instance),
            instance,
            before,
            published: None,
            applied: 0,
            alone: BTreeSet::new(),
            elsewhere: BTreeSet::new(),
        }
    }

    fn json(&self) -> Value {
        let before: Vec<Value> = self.before.iter().map(Before::json).collect();
        json!({"instance": self.instance, "origin": self.origin, "before": before, "published": self.published, "applied": self.applied, "alone": self.alone, "elsewhere": self.elsewhere})
    }

    fn of(json: &Value, node: &str) -> Option<Self> {
        let instance = json["instance"].as_str()?;
        if !random::is_hex(instance, 8) {
            return None;
        }
        let before = json["before"].as_array();
        let before = before.into_iter().flatten().filter_map(Before::of);
        // A node that goes by another name now: what it told goes by the former.
        let origin = json["origin"].as_str().map(str::to_owned);
        Some(Self {
            origin: origin.unwrap_or_else(|| origins::name(node, instance)),
            before: before.collect(),
            instance: instance.to_owned(),
            published: json["published"].as_u64(),
            applied: json["applied"].as_u64()?,
            alone: names(&json["alone"])?,
            elsewhere: names(&json["elsewhere"]).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::scratch::Scratch;

    #[test]
    fn what_is_kept_reads_back() {
        let one = Remembered {
            instance: "0123456789abcdef".into(),
            origin: "desk.012345".into(),
            before: Vec::new(),
            published: Some(7),
            applied: 9,
            alone: BTreeSet::from(["telegram".to_owned()]),
            elsewhere: BTreeSet::from(["evolution".to_owned()]),
        };
        assert_eq!(Remembered::of(&one.json(), "other"), Some(one));
        assert_eq!(Remembered::of(&json!({"instance": 3}), "desk"), None);
        let former = json!({"instance": "0123456789abcdef", "applied": 9, "alone": []});
        let former = Remembered::of(&former, "desk").expect("read");
        assert_eq!(former.origin, "desk.012345");
    }

    #[test]
    fn a_store_that_was_made_of_a_backup_of_a_restored_one_knows_both() {
        let home = Scratch::new();
        let first = Remembered::new("desk", Vec::new());
        let second = json!({"cluster": first.json(), "seq": 10});
        let second = Remembered::new("desk", before(&second, "desk").expect("read"));
        let backup = json!({"cluster": second.json(), "seq": 20});
        let path = home.path().join(cluster_files::BEFORE);
        std::fs::write(path, backup.to_string()).expect("written");
        let third = Kept::open(home.path(), "attic").get();
        let before = [(&first.origin, 10), (&second.origin, 20)];
        let before = before.map(|(origin, up_to)| Before {
            origin: origin.clone(),
            up_to,
        });
        assert_eq!(third.before, before);
        assert!(third.origin.starts_with("attic."), "{}", third.origin);
        assert_eq!((third.published, third.applied), (None, 0));
    }
}
