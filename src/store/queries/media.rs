//! Kept files, and messages whose files are still to be fetched.
//!
//! Not here: changing them (`writer::media`).

use std::{ops::ControlFlow, time::Duration};

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

/// Most rows of files that one question looks at.
const MAX_LOOKED_AT: usize = 100_000;

/// What is known of a kept file.
pub(in crate::store) fn row(rows: &dyn Get, id: MediaId) -> Result<Option<MediaRow>, StoreError> {
    let row = rows.get(Table::Media, &id.0)?;
    row.map(|row| media::decode(&id.0, &row)).transpose()
}

/// The newest files that `wanted` lets pass and that came before `before_ms`, newest first.
pub(in crate::store) fn newest(
    rows: &dyn Snapshot,
    before_ms: u64,
    limit: usize,
) -> Result<Vec<MediaRow>, StoreError> {
    let mut found = each(rows, &|row| row.created_ms < before_ms)?;
    found.sort_unstable_by_key(|row| (std::cmp::Reverse(row.created_ms), row.id));
    found.truncate(limit);
    Ok(found)
}

/// The files that no message refers to and that were last seen at `until_ms` or before, oldest first.
pub(in crate::store) fn unreferenced(
    rows: &dyn Snapshot,
    until_ms: u64,
    limit: usize,
) -> Result<Vec<MediaRow>, StoreError> {
    let mut found = each(rows, &|row| row.references == 0 && row.seen_ms <= until_ms)?;
    found.sort_unstable_by_key(|row| (row.seen_ms, row.id));
    found.truncate(limit);
    Ok(found)
}

fn each(
    rows: &dyn Snapshot,
    wanted: &dyn Fn(&MediaRow) -> bool,
) -> Result<Vec<MediaRow>, StoreError> {
    let (mut found, mut left) = (Vec::new(), MAX_LOOKED_AT);
    let (first, last) = ([0; 32], [u8::MAX; 32]);
    let order = ScanOrder::Ascending;
    rows.scan(Table::Media, &first, &last, order, &mut |key, row| {
        let row = media::decode(key, row)?;
        if wanted(&row) {
            found.push(row);
        }
        left -= 1;
        Ok(if left == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(found)
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
