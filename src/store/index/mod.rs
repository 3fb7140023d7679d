//! Which messages a channel and a conversation have: their numbers, in chunks, oldest first.
//!
//! The newest chunk of each scope is a row of `tails`. These rows are small and close together, so a
//! batch for a thousand conversations writes a few pages and not one for each of them. A full chunk
//! goes to `scopes`, to be touched again only when its messages are forgotten. A scope that has
//! messages has a tail that is not empty.
//!
//! Here: what is read. `changes` writes, `chunk` has the bytes.

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

/// Sees one message of the index; `Break` ends it.
pub(super) type VisitEntry<'v> = dyn FnMut(IndexEntry) -> Result<ControlFlow<()>, StoreError> + 'v;

/// Sees a conversation's scope and the number of its newest message.
pub(super) type VisitNewest<'v> = dyn FnMut(&[u8], u64) -> Result<ControlFlow<()>, StoreError> + 'v;

/// The number of the newest message of a scope.
pub(super) fn newest(rows: &dyn Get, scope: &[u8]) -> Result<Option<u64>, StoreError> {
    Ok(tail(rows, scope)?.newest())
}

/// Shows every conversation, or those of one channel, in the order of their names.
pub(super) fn each_conversation(
    rows: &dyn Snapshot,
    channel: Option<&str>,
    visit: &mut VisitNewest<'_>,
) -> Result<(), StoreError> {
    let first = keys::conversations_of(channel);
    // No name is 65,535 bytes long, so nothing of this prefix comes behind.
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

/// Shows the messages of a scope in a span of numbers, both ends included.
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

/// Shows those of a span that are in `scopes`, older than the tail.
fn each_older(
    rows: &dyn Snapshot,
    scope: &[u8],
    span: (u64, u64),
    order: ScanOrder,
    visit: &mut VisitEntry<'_>,
) -> Result<ControlFlow<()>, StoreError> {
    // The chunk with the first number may be kept under an earlier one.
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
