//! What may be removed: messages that left the outbox and are older than the history kept, and keys
//! whose seven days are over, by the store's own time; also the places of readers that nobody uses.
//!
//! A run goes through the store in slices, each looked up in a snapshot and removed in a transaction
//! of its own, so that no write waits for more than one slice.
//!
//! Here: which they are; `readers` knows their places, `pruning` starts and continues the runs, `size_limit` knows when the store is full.

mod pruning;
mod readers;
mod size_limit;

use std::ops::ControlFlow;

use self::readers::ReaderSlice;
pub(super) use self::size_limit::SizeLimit;
use crate::store::{
    answer::Pruned,
    backend::{Get, ScanOrder, Snapshot, Table, meta},
    error::StoreError,
    queries::send_at::at_of,
    rows::{
        body::{self, Body},
        keys::{self, number_key, number_of, with_number},
    },
    time::{forgotten, stored_at},
    writer::transaction::{KEY_LIFE_MS, Transaction},
};

/// How many messages one slice looks at, and may remove.
const SLICE: usize = 500;

/// The first run starts this long after the store is opened, when the daemon has settled.
pub(super) const FIRST_RUN_MS: u64 = 60_000;
/// The time between two runs.
pub(super) const BETWEEN_RUNS_MS: u64 = 3_600_000;
/// What counts as too old or too many.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct RetentionRules {
    now_ms: u64,
    /// Keys of messages stored at this time or before are expired.
    keys_until_ms: u64,
    /// Messages stored before this time may be removed; 0 for none.
    messages_before_ms: u64,
    /// How many messages must be removed whatever their age.
    excess: u64,
}

impl RetentionRules {
    /// `history_days` of 0 keeps messages for ever. Fewer than 7 count as 7: a message must outlive
    /// its keys, so that a repeated request can always be compared with the first.
    pub(in crate::store) fn new(now_ms: u64, history_days: u32, excess: u64) -> Self {
        let history_ms = (u64::from(history_days) * 86_400_000).max(KEY_LIFE_MS);
        let messages_before_ms = match history_days {
            0 => 0,
            _ => now_ms.saturating_sub(history_ms),
        };
        Self {
            now_ms,
            keys_until_ms: now_ms.saturating_sub(KEY_LIFE_MS),
            messages_before_ms,
            excess,
        }
    }
}

/// A run and its progress.
#[derive(Debug, Default)]
pub(in crate::store) struct RetentionRun {
    stage: RetentionStage,
    /// The last message looked at.
    at: u64,
    /// What was removed so far.
    pub(in crate::store) pruned: Pruned,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum RetentionStage {
    #[default]
    Keys,
    Messages,
    Done,
}

/// What the next transaction of a run is to remove.
#[derive(Debug, Default)]
pub(in crate::store) struct RetentionSlice {
    keys: Vec<(Vec<u8>, u64)>,
    keys_forgotten: Option<u64>,
    messages: Vec<Body>,
    stamps: Vec<u64>,
    readers: ReaderSlice,
}

impl RetentionRun {
    /// A run that leaves the keys out and starts with the message after `at`.
    pub(in crate::store) fn of_messages_after(at: u64) -> Self {
        Self {
            stage: RetentionStage::Messages,
            at,
            pruned: Pruned::default(),
        }
    }

    pub(in crate::store) fn is_done(&self) -> bool {
        self.stage == RetentionStage::Done
    }

    /// The last message looked at.
    pub(in crate::store) fn position(&self) -> u64 {
        self.at
    }

    /// Looks up the next slice and moves past it.
    pub(in crate::store) fn survey(
        &mut self,
        snapshot: &dyn Snapshot,
        rules: &RetentionRules,
    ) -> Result<RetentionSlice, StoreError> {
        match self.stage {
            RetentionStage::Keys => self.survey_keys(snapshot, rules),
            RetentionStage::Messages => self.survey_messages(snapshot, rules),
            RetentionStage::Done => Ok(RetentionSlice::default()),
        }
    }

    /// Keys expire in the order of their messages, so a run starts where the last one ended.
    fn survey_keys(
        &mut self,
        snapshot: &dyn Snapshot,
        rules: &RetentionRules,
    ) -> Result<RetentionSlice, StoreError> {
        let mut slice = RetentionSlice::default();
        let (start, mut at) = (meta::keys_forgotten(snapshot)?, None);
        let ended = each_body(snapshot, start, &mut |number, row| {
            if stored_at(snapshot, number, body::created(row)?)? > rules.keys_until_ms {
                return Ok(ControlFlow::Break(()));
            }
            at = Some(number);
            let key = Body::decode(number, row)?.key_row();
            slice.keys.extend(key.map(|key| (key, number)));
            Ok(ControlFlow::Continue(()))
        })?;
        slice.keys_forgotten = at;
        if ended {
            self.stage = RetentionStage::Messages;
        }
        Ok(slice)
    }

    fn survey_messages(
        &mut self,
        snapshot: &dyn Snapshot,
        rules: &RetentionRules,
    ) -> Result<RetentionSlice, StoreError> {
        let mut slice = RetentionSlice::default();
        let mut at = self.at;
        let ended = each_body(snapshot, at, &mut |number, row| {
            let stored_ms = stored_at(snapshot, number, body::created(row)?)?;
            let is_old = stored_ms < rules.messages_before_ms;
            if !is_old && slice.messages.len() as u64 >= rules.excess {
                return Ok(ControlFlow::Break(()));
            }
            at = number;
            let body = Body::decode(number, row)?;
            if !is_to_be_sent(snapshot, &body)? {
                slice.messages.push(body);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.at = at;
        if ended {
            self.stage = RetentionStage::Done;
            slice.readers = readers::survey(snapshot, rules.now_ms)?;
            slice.stamps = forgotten(snapshot, oldest_message(snapshot)?, SLICE)?;
        }
        Ok(slice)
    }
}

impl RetentionSlice {
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.messages.is_empty()
            && self.keys_forgotten.is_none()
            && self.stamps.is_empty()
            && self.readers.is_empty()
    }

    /// Removes what was looked up. Nothing may be written between lookup and removal.
    pub(in crate::store) fn remove(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        for (key, number) in &self.keys {
            pruned.keys += u64::from(transaction.forget_key(key, *number)?);
        }
        if let Some(number) = self.keys_forgotten {
            transaction.put_keys_forgotten(number)?;
        }
        for body in &self.messages {
            transaction.forget(body)?;
            pruned.messages += 1;
        }
        for seq in &self.stamps {
            transaction.forget_stamp(*seq)?;
        }
        self.readers.remove(transaction)?;
        Ok(pruned)
    }
}

type EachBody<'v> = dyn FnMut(u64, &[u8]) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Visits at most one slice of the messages after `start`. Returns false if the slice was full, so
/// that there may be more.
fn each_body(
    snapshot: &dyn Snapshot,
    start: u64,
    visit: &mut EachBody<'_>,
) -> Result<bool, StoreError> {
    let (first, last) = (number_key(start.saturating_add(1)), number_key(u64::MAX));
    let mut seen = 0;
    let order = ScanOrder::Ascending;
    snapshot.scan(Table::Bodies, &first, &last, order, &mut |key, row| {
        if seen == SLICE {
            return Ok(ControlFlow::Break(()));
        }
        let flow = visit(number_of(key)?, row)?;
        seen += usize::from(flow.is_continue());
        Ok(flow)
    })?;
    Ok(seen < SLICE)
}

/// The oldest message kept: whatever is older needs no stamp.
fn oldest_message(snapshot: &dyn Snapshot) -> Result<u64, StoreError> {
    let mut oldest = u64::MAX;
    each_body(snapshot, 0, &mut |number, _| {
        oldest = number;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(oldest)
}

/// Whether it waits in the outbox, or for its time.
fn is_to_be_sent(rows: &dyn Get, body: &Body) -> Result<bool, StoreError> {
    if at_of(rows, body.message.id.0)?.is_some() {
        return Ok(true);
    }
    let prefix = keys::outbox_of(&body.message.channel);
    let key = with_number(prefix, body.message.id.0);
    Ok(rows.get(Table::Outbox, &key)?.is_some())
}
