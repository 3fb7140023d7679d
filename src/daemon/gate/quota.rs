//! What a channel has sent today, and to whom it never wrote before. It is on disk before a message leaves, so that a
//! restart gives no second day.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::{message::text_at, store::RowStorage};

/// A day of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Quota {
    number: u64,
    /// Its number, counted in the zone of the settings.
    pub(super) day: i64,
    /// Messages.
    pub(super) sent: u64,
    /// People who were never written to before.
    pub(super) new_peers: Vec<String>,
    /// The first day that was counted.
    pub(super) first_day: i64,
}

/// The days of all channels.
pub(super) struct Quotas {
    storage: RowStorage,
    rows: Mutex<BTreeMap<String, Quota>>,
    changes: tokio::sync::Mutex<()>,
}

impl Quotas {
    pub(super) fn open(storage: RowStorage) -> Result<Self, String> {
        let rows = storage.load()?;
        let rows = rows.iter().filter_map(|row| read(row));
        Ok(Self {
            rows: Mutex::new(rows.collect()),
            storage,
            changes: tokio::sync::Mutex::default(),
        })
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Quota>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a channel has sent on a day. A day before the one that is counted, as a clock that was put back shows,
    /// is that one still.
    pub(super) fn of(&self, channel: &str, day: i64) -> Quota {
        let kept = self.rows().get(channel).cloned();
        match kept {
            Some(kept) if kept.day >= day => kept,
            Some(kept) => Quota {
                day,
                sent: 0,
                new_peers: Vec::new(),
                ..kept
            },
            None => Quota {
                day,
                first_day: day,
                ..Quota::default()
            },
        }
    }

    /// Counts a message where `fits` says that there is room. Comes back once that is on disk; what else it was, in
    /// the error.
    pub(super) async fn count<E: From<String>>(
        &self,
        channel: &str,
        day: i64,
        new_peer: Option<&str>,
        fits: impl FnOnce(&Quota) -> Result<(), E>,
    ) -> Result<(), E> {
        let _change = self.changes.lock().await;
        let mut quota = self.of(channel, day);
        fits(&quota)?;
        quota.sent += 1;
        if let Some(peer) = new_peer.filter(|peer| !quota.new_peers.iter().any(|one| one == peer)) {
            quota.new_peers.push(peer.to_owned());
        }
        if quota.number == 0 {
            quota.number = self
                .rows()
                .values()
                .map(|one| one.number)
                .max()
                .unwrap_or_default()
                + 1;
        }
        let others = || self.written_besides(channel);
        self.storage
            .put(quota.number, Some(written(channel, &quota)), others)
            .await
            .map_err(|error| error.to_string())?;
        self.rows().insert(channel.to_owned(), quota);
        Ok(())
    }

    fn written_besides(&self, channel: &str) -> Vec<Vec<u8>> {
        let rows = self.rows();
        let others = rows.iter().filter(|(other, _)| *other != channel);
        others.map(|(name, quota)| written(name, quota)).collect()
    }
}

fn written(channel: &str, quota: &Quota) -> Vec<u8> {
    let json = json!({"number": quota.number, "channel": channel, "day": quota.day, "sent": quota.sent,
        "new_peers": quota.new_peers, "first_day": quota.first_day});
    json.to_string().into_bytes()
}

fn read(row: &[u8]) -> Option<(String, Quota)> {
    let json: Value = serde_json::from_slice(row).ok()?;
    let peers = json["new_peers"].as_array()?.iter();
    let quota = Quota {
        number: json["number"].as_u64()?,
        day: json["day"].as_i64()?,
        sent: json["sent"].as_u64()?,
        new_peers: peers
            .filter_map(|peer| peer.as_str().map(str::to_owned))
            .collect(),
        first_day: json["first_day"].as_i64()?,
    };
    Some((text_at(&json, "channel")?.to_owned(), quota))
}
