//! Kept files, and messages whose files are still to be fetched.
//!
//! Not here: changing them (`writer::media`).

use std::{cmp::Reverse, ops::ControlFlow, time::Duration};

use crate::{
    message::{MediaId, MessageId},
    store::{
        answer::{MediaRow, WaitingFetch},
        backend::{Get, ScanOrder, Snapshot, Table},
        error::StoreError,
        queries::message::{expect, load},
        rows::{
            keys::{self, number_of, with_number},
            media, outbox,
        },
        time::Now,
    },
};

/// What is known of a kept file.
pub(in crate::store) fn row(rows: &dyn Get, id: MediaId) -> Result<Option<MediaRow>, StoreError> {
    let row = rows.get(Table::Media, &id.0)?;
    row.map(|row| media::decode(&id.0, &row)).transpose()
}

/// The newest files, newest first, or those that follow on `after` in that order.
pub(in crate::store) fn newest(
    rows: &dyn Snapshot,
    after: Option<MediaId>,
    limit: usize,
) -> Result<Vec<MediaRow>, StoreError> {
    let by_age = |row: &MediaRow| (Reverse(row.created_ms), row.id);
    let start = match after {
        None => None,
        Some(id) => Some(by_age(&row(rows, id)?.ok_or(StoreError::NoSuchFile(id))?)),
    };
    first_of(rows, limit, by_age, &|row| {
        start.is_none_or(|start| by_age(row) > start)
    })
}

/// The files that no message refers to and that were last seen at `until_ms` or before, oldest first.
pub(in crate::store) fn unreferenced(
    rows: &dyn Snapshot,
    until_ms: u64,
    limit: usize,
) -> Result<Vec<MediaRow>, StoreError> {
    let by_sight = |row: &MediaRow| (row.seen_ms, row.id);
    first_of(rows, limit, by_sight, &|row| {
        row.references == 0 && row.seen_ms <= until_ms
    })
}

/// The ids and the sizes of all files that are to be here.
pub(in crate::store) fn here(rows: &dyn Snapshot) -> Result<Vec<(MediaId, u64)>, StoreError> {
    let mut here = Vec::new();
    each(rows, &mut |row| {
        if !row.is_elsewhere {
            here.push((row.id, row.bytes));
        }
    })?;
    Ok(here)
}

/// The first rows in an order of those that are `wanted`. Looks at every row, and holds twice as many as it
/// returns at most.
fn first_of<K: Ord>(
    rows: &dyn Snapshot,
    limit: usize,
    key: impl Fn(&MediaRow) -> K,
    wanted: &dyn Fn(&MediaRow) -> bool,
) -> Result<Vec<MediaRow>, StoreError> {
    let mut found = Vec::new();
    let keep_first = |found: &mut Vec<MediaRow>| {
        found.sort_unstable_by_key(&key);
        found.truncate(limit);
    };
    each(rows, &mut |row| {
        if wanted(&row) {
            found.push(row);
            if found.len() > 2 * limit {
                keep_first(&mut found);
            }
        }
    })?;
    keep_first(&mut found);
    Ok(found)
}

fn each(rows: &dyn Snapshot, visit: &mut dyn FnMut(MediaRow)) -> Result<(), StoreError> {
    let (first, last) = ([0; 32], [u8::MAX; 32]);
    let order = ScanOrder::Ascending;
    rows.scan(Table::Media, &first, &last, order, &mut |key, row| {
        visit(media::decode(key, row)?);
        Ok(ControlFlow::Continue(()))
    })
}

/// The messages of a channel with a file that is still to be fetched, oldest first.
pub(in crate::store) fn fetches(
    rows: &dyn Snapshot,
    now: Now,
    channel: &str,
    after: Option<MessageId>,
    limit: usize,
) -> Result<Vec<WaitingFetch>, StoreError> {
    let mut waiting = Vec::new();
    let first = after.map_or(0, |after| after.0.saturating_add(1));
    let first = with_number(keys::outbox_of(channel), first);
    let last = with_number(keys::outbox_of(channel), u64::MAX);
    let order = ScanOrder::Ascending;
    rows.scan(Table::Fetches, &first, &last, order, &mut |key, row| {
        if waiting.len() >= limit {
            return Ok(ControlFlow::Break(()));
        }
        let message = expect(load(rows, number_of(key)?)?, key)?;
        let due_ms = number_of(row)?;
        waiting.push(WaitingFetch {
            message,
            attempts: u32::try_from(outbox::accepted_parts(row)?).unwrap_or(u32::MAX),
            wait: Duration::from_millis(due_ms.saturating_sub(now.time_ms)),
        });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(waiting)
}
