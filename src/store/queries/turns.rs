//! Turns of agents, the sessions of conversations, and where readers are.
//!
//! Not here: changing them (`writer::turns`).

use std::{cmp::Reverse, ops::ControlFlow};

use crate::{
    message::TurnId,
    store::{
        backend::{Get, ScanOrder, Snapshot, Table},
        error::StoreError,
        rows::{
            keys::number_of,
            position::{self, ReaderPosition},
            session::{self, Session},
            turn as row,
        },
        turn::{Hold, Turn},
    },
};

/// Ended turns that a query looks at, at most.
const MAX_LOOKED_AT: usize = 20_000;

/// The turn of this id, open or ended.
pub(in crate::store) fn turn(rows: &dyn Get, id: TurnId) -> Result<Option<Turn>, StoreError> {
    for is_open in [true, false] {
        let key = row::key(id, is_open);
        if let Some(row) = rows.get(Table::Turns, &key)? {
            return row::decode(&key, &row).map(Some);
        }
    }
    Ok(None)
}

/// The open turns, oldest first.
pub(in crate::store) fn open(rows: &dyn Snapshot) -> Result<Vec<Turn>, StoreError> {
    let mut found = Vec::new();
    each(rows, true, ScanOrder::Ascending, &mut |turn| {
        found.push(turn);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Whether any turn is open.
pub(in crate::store) fn is_any_open(rows: &dyn Snapshot) -> Result<bool, StoreError> {
    let mut is_any = false;
    each(rows, true, ScanOrder::Ascending, &mut |_| {
        is_any = true;
        ControlFlow::Break(())
    })?;
    Ok(is_any)
}

/// The newest turns that are `wanted`, newest first.
pub(in crate::store) fn newest(
    rows: &dyn Snapshot,
    limit: usize,
    wanted: &dyn Fn(&Turn) -> bool,
) -> Result<Vec<Turn>, StoreError> {
    let mut found = open(rows)?;
    found.retain(wanted);
    let (mut ended, mut looked_at) = (0, 0);
    each(rows, false, ScanOrder::Descending, &mut |turn| {
        looked_at += 1;
        if ended == limit || looked_at > MAX_LOOKED_AT {
            return ControlFlow::Break(());
        }
        if wanted(&turn) {
            ended += 1;
            found.push(turn);
        }
        ControlFlow::Continue(())
    })?;
    found.sort_unstable_by_key(|turn| Reverse(turn.id));
    found.truncate(limit);
    Ok(found)
}

/// When the turns were stored that an agent was offered, as far as that was at this time of the store or later.
pub(in crate::store) fn offered_since(
    rows: &dyn Snapshot,
    ms: u64,
) -> Result<Vec<u64>, StoreError> {
    let mut found = Vec::new();
    for is_open in [true, false] {
        let mut looked_at = 0;
        each(rows, is_open, ScanOrder::Descending, &mut |turn| {
            looked_at += 1;
            if turn.stored_ms < ms || looked_at > MAX_LOOKED_AT {
                return ControlFlow::Break(());
            }
            found.extend((turn.attempt > 0).then_some(turn.stored_ms));
            ControlFlow::Continue(())
        })?;
    }
    Ok(found)
}

fn each(
    rows: &dyn Snapshot,
    is_open: bool,
    order: ScanOrder,
    visit: &mut dyn FnMut(Turn) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let (first, last) = (
        row::key(TurnId(0), is_open),
        row::key(TurnId(u64::MAX), is_open),
    );
    rows.scan(Table::Turns, &first, &last, order, &mut |key, row| {
        Ok(visit(row::decode(key, row)?))
    })
}

/// How agents treat the conversation of this scope, where anything is known of that.
pub(in crate::store) fn session(
    rows: &dyn Get,
    scope: &[u8],
) -> Result<Option<Session>, StoreError> {
    let row = rows.get(Table::Sessions, scope)?;
    row.map(|row| session::decode(&row)).transpose()
}

/// The conversations that are held.
pub(in crate::store) fn holds(rows: &dyn Snapshot) -> Result<Vec<Hold>, StoreError> {
    let mut found = Vec::new();
    let (first, last, order) = (&[1][..], &[2][..], ScanOrder::Ascending);
    rows.scan(Table::Sessions, first, last, order, &mut |_, row| {
        let session = session::decode(row)?;
        found.extend(session.held.map(|(until_ms, by)| Hold {
            channel: session.channel,
            peer: session.peer,
            until_ms,
            by,
        }));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Where a reader is.
pub(in crate::store) fn reader(
    rows: &dyn Get,
    name: &str,
) -> Result<Option<ReaderPosition>, StoreError> {
    let row = rows.get(Table::Positions, name.as_bytes())?;
    row.map(|row| position::decode(&row)).transpose()
}

/// Up to where the agents have read.
pub(in crate::store) fn position(rows: &dyn Get, name: &str) -> Result<Option<u64>, StoreError> {
    let row = rows.get(Table::Positions, name.as_bytes())?;
    row.map(|row| number_of(&row)).transpose()
}
