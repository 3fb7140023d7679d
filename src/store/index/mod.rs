//! The index: which messages a channel and a conversation have, as chunks of numbers, oldest first.
//!
//! The newest chunk of each scope is a row of `tails`. These rows are small and close together, so a
//! batch for a thousand conversations writes a few pages rather than one for each of them. A full
//! chunk moves to `scopes` and is modified again only when its messages are removed. A scope with
//! messages always has a tail that is not empty.
//!
//! Here: what is read. Not here: what is written (`changes`), and the bytes (`chunk`).

mod changes;
mod chunk;
mod lookup;
mod upgrade;

use std::ops::ControlFlow;

pub(super) use self::{
    changes::IndexChanges,
    chunk::{IndexEntry, Side},
    upgrade::upgrade,
};
use self::{
    chunk::Chunk,
    lookup::{chunk_from, tail},
};
use crate::store::{
    backend::{Get, ScanOrder, Snapshot, Table},
    error::StoreError,
    rows::keys::{self, number_of, with_number},
};

/// Called with each message; `Break` ends the scan.
pub(super) type VisitEntry<'v> = dyn FnMut(IndexEntry) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Called with the scope of each conversation and the number of its newest message.
pub(super) type VisitNewest<'v> = dyn FnMut(&[u8], u64) -> Result<ControlFlow<()>, StoreError> + 'v;

/// The messages that a row of the index, or of the last changes, is about; none if it is malformed.
#[cfg(feature = "store")]
pub(super) fn numbers_of_row(table: Table, key: &[u8], row: &[u8]) -> Vec<u64> {
    let chunk = match table {
        Table::Tails => Chunk::decode_with_base(row),
        Table::Scopes => number_of(key).and_then(|base| Chunk::decode(base, row)),
        _ => return number_of(key).into_iter().collect(),
    };
    let entries = chunk.map(|chunk| chunk.entries().iter().map(|entry| entry.number).collect());
    entries.unwrap_or_default()
}

/// The number of the newest message of a scope.
pub(super) fn newest(rows: &dyn Get, scope: &[u8]) -> Result<Option<u64>, StoreError> {
    Ok(tail(rows, scope)?.newest())
}

/// Visits every conversation, or those of one channel, in the order of their names.
pub(super) fn each_conversation(
    rows: &dyn Snapshot,
    channel: Option<&str>,
    visit: &mut VisitNewest<'_>,
) -> Result<(), StoreError> {
    let first = keys::conversations_of(channel);
    // No name is 65,535 bytes long, so this is behind every key with the prefix.
    let mut last = first.clone();
    last.extend([u8::MAX; 2]);
    let order = ScanOrder::Ascending;
    rows.scan(
        Table::Tails,
        &first,
        &last,
        order,
        &mut |scope, row| match Chunk::decode_with_base(row)?.newest() {
            Some(newest) => visit(scope, newest),
            None => Ok(ControlFlow::Continue(())),
        },
    )
}

/// Visits the messages of a scope in a span of numbers, both ends included.
pub(super) fn each(
    rows: &dyn Snapshot,
    scope: &[u8],
    span: (u64, u64),
    order: ScanOrder,
    visit: &mut VisitEntry<'_>,
) -> Result<(), StoreError> {
    if span.0 > span.1 {
        return Ok(());
    }
    let tail = tail(rows, scope)?;
    if order == ScanOrder::Descending && show(&tail, span, order, visit)?.is_break() {
        return Ok(());
    }
    let flow = each_older(rows, scope, span, order, visit)?;
    if order == ScanOrder::Ascending && flow.is_continue() {
        return show(&tail, span, order, visit).map(drop);
    }
    Ok(())
}

/// Visits those of the span that are in `scopes`, and so older than the tail.
fn each_older(
    rows: &dyn Snapshot,
    scope: &[u8],
    span: (u64, u64),
    order: ScanOrder,
    visit: &mut VisitEntry<'_>,
) -> Result<ControlFlow<()>, StoreError> {
    // The chunk that contains the first number may have an earlier one in its key.
    let first = chunk_from(rows, scope, span.0)?.map_or(span.0, |chunk| chunk.base());
    let [first, last] = [first, span.1].map(|number| with_number(scope.to_vec(), number));
    let mut flow = ControlFlow::Continue(());
    rows.scan(Table::Scopes, &first, &last, order, &mut |key, row| {
        let chunk = Chunk::decode(number_of(key)?, row)?;
        flow = show(&chunk, span, order, visit)?;
        Ok(flow)
    })?;
    Ok(flow)
}

fn show(
    chunk: &Chunk,
    (first, last): (u64, u64),
    order: ScanOrder,
    visit: &mut VisitEntry<'_>,
) -> Result<ControlFlow<()>, StoreError> {
    let mut entries = chunk.entries().iter().copied();
    while let Some(entry) = match order {
        ScanOrder::Ascending => entries.next(),
        ScanOrder::Descending => entries.next_back(),
    } {
        if (first..=last).contains(&entry.number) && visit(entry)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
