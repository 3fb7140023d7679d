//! The store's own time, by which it forgets, retries and gives up. It runs with the monotonic clock,
//! never goes back and is kept with the messages, so that a wall clock that jumps ages nothing.
//!
//! - `state`: how it advances, and when the wall clock is believed (pure; no clock is read there).
//! - `codec`: the row it is kept in.
//! - `stamps`: at which time something was stored, so that its age is known without a wall clock.
//! - here: the readings of the clocks, shared by the writer and the readers.
//!
//! Not here: what is too old (`writer::retention`, and the daemon's delivery).

mod codec;
mod stamps;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(in crate::store) use self::{
    stamps::{Stamp, forgotten, put_stamp, stored_at},
    state::{Reading, StoreTime},
};
use crate::store::{
    answer::ClockHealth,
    backend::{Backend, Get, Rows, Table, meta},
    error::StoreError,
    options::Clock,
    queries::events::newest_ms,
    rows::keys::number_key,
};

/// While something is committed anyway, the time is kept this often.
const KEEP_EVERY_MS: u64 = 1_000;

/// A commit is made for the time alone only when the store closes, and only if that would lose more
/// than this.
const WORTH_A_COMMIT_MS: u64 = 60_000;

/// While messages are stored, one is stamped this often.
pub(in crate::store) const STAMP_EVERY_MS: u64 = 3_600_000;

/// The two clocks and the time made of them.
pub(in crate::store) struct TimeKeeper {
    wall: Clock,
    monotonic: Clock,
    kept: Mutex<Kept>,
}

struct Kept {
    time: StoreTime,
    /// The time in the last row written.
    saved_ms: u64,
    /// The time of the last stamp and the number of discontinuities before it; `None` until this
    /// process has written one.
    stamped: Option<(u64, u64)>,
}

/// The present, by both times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Now {
    /// The wall clock, to be shown.
    pub(in crate::store) wall_ms: u64,
    /// The store's time, to be counted with.
    pub(in crate::store) time_ms: u64,
    discontinuities: u64,
}

impl Now {
    /// What is stored from now on was stored at this time.
    pub(in crate::store) fn stamp(self) -> Stamp {
        Stamp::At {
            time_ms: self.time_ms,
            wall_ms: self.wall_ms,
        }
    }

    /// A moment of the store's time as the wall clock shows it now.
    pub(in crate::store) fn shown(self, time_ms: u64) -> u64 {
        self.wall_ms
            .saturating_add(time_ms.saturating_sub(self.time_ms))
            .saturating_sub(self.time_ms.saturating_sub(time_ms))
    }
}

/// What a transaction keeps of the time, if it changes anything.
#[derive(Debug)]
pub(in crate::store) struct TimeNote {
    pub(in crate::store) now: Now,
    /// The row of the time, where it is due.
    pub(in crate::store) row: Option<Vec<u8>>,
    /// Whether what is stored now needs a stamp of its own.
    pub(in crate::store) needs_stamp: bool,
}

impl TimeKeeper {
    /// Goes on from the time that the store was closed with. A store that has none gets one.
    pub(in crate::store) fn open(
        backend: &dyn Backend,
        wall: Clock,
        monotonic: Clock,
    ) -> Result<Self, StoreError> {
        let reading = Reading {
            wall_ms: wall(),
            monotonic_ms: monotonic(),
        };
        let snapshot = backend.snapshot()?;
        // A damaged row is worth no refusal: another is written.
        let found = row_of(&*snapshot)?.and_then(|row| codec::decode(&row).ok());
        let time = match found {
            Some(row) => StoreTime::resume(row, reading),
            None => match stamps::newest_stamp(&*snapshot) {
                Some(stamp) => StoreTime::begin_at(reading, stamp),
                None => StoreTime::begin(reading, newest_ms(&*snapshot, reading.wall_ms)),
            },
        };
        Ok(Self {
            wall,
            monotonic,
            kept: Mutex::new(Kept {
                saved_ms: time.now_ms(),
                time,
                stamped: None,
            }),
        })
    }

    /// Writes the time into a store that has none. What is in it already was stored at the wall
    /// clock's time, as far as that can be.
    pub(in crate::store) fn install(&self, backend: &dyn Backend) -> Result<(), StoreError> {
        if row_of(&*backend.snapshot()?)?.is_some() {
            return Ok(());
        }
        let now = self.now();
        let row = codec::encode(&self.kept().time.saved());
        backend.transact(&mut |rows: &mut dyn Rows| {
            let newest = rows.at_or_before(Table::Bodies, &number_key(u64::MAX));
            // A newest message that is damaged is one too.
            if !matches!(newest, Ok(None)) {
                let time_ms = now.time_ms;
                put_stamp(rows, 0, Stamp::Before { time_ms })?;
            }
            meta::put_time(rows, &row)?;
            Ok(true)
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads both clocks under the lock, so that readings come in order.
    fn advance(&self) -> (MutexGuard<'_, Kept>, Now) {
        let mut kept = self.kept();
        let reading = Reading {
            wall_ms: (self.wall)(),
            monotonic_ms: (self.monotonic)(),
        };
        kept.time.advance(reading);
        let now = Now {
            wall_ms: reading.wall_ms,
            time_ms: kept.time.now_ms(),
            discontinuities: kept.time.discontinuities(),
        };
        (kept, now)
    }

    pub(in crate::store) fn now(&self) -> Now {
        self.advance().1
    }

    /// What the next transaction keeps of the time.
    pub(in crate::store) fn note(&self) -> TimeNote {
        let (kept, now) = self.advance();
        let is_due = now.time_ms.saturating_sub(kept.saved_ms) >= KEEP_EVERY_MS;
        let needs_stamp = kept.stamped.is_none_or(|(time_ms, discontinuities)| {
            discontinuities != now.discontinuities
                || now.time_ms.saturating_sub(time_ms) >= STAMP_EVERY_MS
        });
        TimeNote {
            now,
            row: (is_due || needs_stamp).then(|| codec::encode(&kept.time.saved())),
            needs_stamp,
        }
    }

    /// Records that a transaction with this note was committed.
    pub(in crate::store) fn committed(&self, note: &TimeNote, stamped: bool) {
        let mut kept = self.kept();
        if note.row.is_some() {
            kept.saved_ms = note.now.time_ms;
        }
        if stamped {
            kept.stamped = Some((note.now.time_ms, note.now.discontinuities));
        }
    }

    /// Whether closing now would lose more of the time than a commit is worth.
    pub(in crate::store) fn is_worth_a_commit(&self) -> bool {
        let (kept, now) = self.advance();
        now.time_ms.saturating_sub(kept.saved_ms) >= WORTH_A_COMMIT_MS
    }

    /// How the wall clock stands to the store's time.
    pub(in crate::store) fn health(&self) -> ClockHealth {
        self.advance().0.time.health()
    }
}

/// The row of the time, if there is one and it is intact.
fn row_of(rows: &dyn Get) -> Result<Option<Vec<u8>>, StoreError> {
    match meta::time(rows) {
        Err(StoreError::Corrupt(_)) => Ok(None),
        other => other,
    }
}

/// The age of what was stored under a sequence number, when the wall clock showed `at_ms`.
pub(in crate::store) fn age(
    rows: &dyn Get,
    now: Now,
    seq: u64,
    at_ms: u64,
) -> Result<u64, StoreError> {
    let stored = stored_at(rows, seq, at_ms)?;
    Ok(now.time_ms.saturating_sub(stored))
}
