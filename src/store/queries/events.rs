//! Pages of stored events, each rebuilt as it was published.
//!
//! Not here: publishing them (`writer`).

use std::ops::ControlFlow;

use crate::{
    clock::PLAUSIBLE_MS,
    message::Message,
    store::{
        answer::{Occasion, StoredEvent},
        backend::{ScanOrder, Snapshot, Table},
        error::StoreError,
        queries::{
            budget::PageBudget,
            message::{self, expect},
            revisions,
            send_at::say_when,
        },
        rows::{
            body::{self, Body},
            change::Change,
            keys::{number_key, number_of},
        },
    },
};

/// How many of the newest creations, and of the newest changes, say what time it was.
const EVENTS_OF_THE_PRESENT: usize = 256;

/// The events after a sequence number, oldest first. Creations are in `bodies` and changes in
/// `changes`; both are ordered by number and merged here. Creations beyond the last change read are
/// left for the next page, since a change that was not read may come before them.
pub(in crate::store) fn events_after(
    rows: &dyn Snapshot,
    seq: u64,
    limit: usize,
    max_bytes: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let Some(first) = seq.checked_add(1) else {
        return Ok(Vec::new());
    };
    let changes = changes_from(rows, first, limit.max(1))?;
    let last = match changes.last() {
        Some(change) if changes.len() >= limit => change.transition.seq,
        _ => u64::MAX,
    };
    let mut merged = EventMerge {
        rows,
        changes: changes.into_iter().peekable(),
        room: PageBudget::new(limit, max_bytes),
        events: Vec::new(),
    };
    let (first, last) = (number_key(first), number_key(last));
    rows.scan(
        Table::Bodies,
        &first,
        &last,
        ScanOrder::Ascending,
        &mut |key, row| merged.creation(number_of(key)?, row),
    )?;
    merged.changes_before(u64::MAX)?;
    Ok(merged.events)
}

fn changes_from(rows: &dyn Snapshot, first: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    let (first, last) = (number_key(first), number_key(u64::MAX));
    rows.scan(
        Table::Changes,
        &first,
        &last,
        ScanOrder::Ascending,
        &mut |key, row| {
            changes.push(Change::decode(number_of(key)?, row)?);
            Ok(if changes.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        },
    )?;
    Ok(changes)
}

struct EventMerge<'r> {
    rows: &'r dyn Snapshot,
    changes: std::iter::Peekable<std::vec::IntoIter<Change>>,
    room: PageBudget,
    events: Vec<StoredEvent>,
}

impl EventMerge<'_> {
    fn creation(&mut self, number: u64, row: &[u8]) -> Result<ControlFlow<()>, StoreError> {
        self.changes_before(number)?;
        if self.room.is_used_up() {
            return Ok(ControlFlow::Break(()));
        }
        let Body { message, .. } = Body::decode(number, row)?;
        let message = say_when(self.rows, message)?;
        self.push(message, Occasion::State, row.len());
        Ok(ControlFlow::Continue(()))
    }

    fn changes_before(&mut self, seq: u64) -> Result<(), StoreError> {
        while !self.room.is_used_up()
            && let Some(change) = self.changes.next_if(|change| change.transition.seq < seq)
        {
            let found = message::body(self.rows, change.number)?;
            let (Body { mut message, .. }, size) = expect(found, &number_key(change.number))?;
            revisions::apply(self.rows, &change, &mut message)?;
            let occasion = change.transition.occasion;
            change.apply_to(&mut message);
            let message = say_when(self.rows, message)?;
            self.push(message, occasion, size);
        }
        Ok(())
    }

    fn push(&mut self, message: Message, occasion: Occasion, size: usize) {
        self.room.take(size);
        self.events.push(StoredEvent {
            seq: message.seq,
            occasion,
            message,
        });
    }
}

/// The sequence number of the oldest event kept, or the one after `head` if none is.
pub(in crate::store) fn oldest_seq(rows: &dyn Snapshot, head: u64) -> Result<u64, StoreError> {
    let mut oldest = head.saturating_add(1);
    for table in [Table::Bodies, Table::Changes] {
        let (first, last) = (number_key(0), number_key(u64::MAX));
        rows.scan(table, &first, &last, ScanOrder::Ascending, &mut |key, _| {
            oldest = oldest.min(number_of(key)?);
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok(oldest)
}

/// The greatest time not after `until_ms` that the wall clock showed at one of the newest events:
/// one event alone may be of a clock that lied. `None` if there is none that can be right.
pub(in crate::store) fn newest_ms(rows: &dyn Snapshot, until_ms: u64) -> Option<u64> {
    let mut newest = None;
    let mut see = |at_ms: u64| {
        if PLAUSIBLE_MS.contains(&at_ms) && at_ms <= until_ms {
            newest = newest.max(Some(at_ms));
        }
    };
    for table in [Table::Bodies, Table::Changes] {
        let (first, last, order) = (number_key(0), number_key(u64::MAX), ScanOrder::Descending);
        let mut seen = 0;
        // What cannot be read says nothing of the time; verifying the file is not done here.
        let _ = rows.scan(table, &first, &last, order, &mut |key, row| {
            seen += 1;
            let at_ms = match table {
                Table::Bodies => body::created(row),
                _ => Change::decode(number_of(key)?, row).map(|change| change.transition.at_ms),
            };
            at_ms.into_iter().for_each(&mut see);
            Ok(if seen < EVENTS_OF_THE_PRESENT {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        });
    }
    newest
}
