//! The messages still to be sent, and how many there are.
//!
//! Not here: when a message enters or leaves the outbox (`writer::transaction`).

use std::{collections::BTreeMap, ops::ControlFlow, time::Duration};

use crate::{
    message::{Message, MessageId},
    store::{
        answer::DueTime,
        backend::{ScanOrder, Snapshot, Table},
        error::StoreError,
        queries::message::{expect, load},
        rows::keys::{self, number_of, with_number},
        time::Now,
    },
};

/// Messages of a channel that are still to be sent, oldest first, with the time each is due.
pub(in crate::store) fn outbox(
    rows: &dyn Snapshot,
    now: Now,
    channel: &str,
    after: Option<MessageId>,
    limit: usize,
) -> Result<Vec<(Message, DueTime)>, StoreError> {
    let mut waiting = Vec::new();
    let Some(first) = after.map_or(Some(0), |after| after.0.checked_add(1)) else {
        return Ok(waiting);
    };
    let first = with_number(keys::outbox_of(channel), first);
    let last = with_number(keys::outbox_of(channel), u64::MAX);
    rows.scan(
        Table::Outbox,
        &first,
        &last,
        ScanOrder::Ascending,
        &mut |key, due| {
            if waiting.len() >= limit {
                return Ok(ControlFlow::Break(()));
            }
            let message = expect(load(rows, number_of(key)?)?, key)?;
            waiting.push((message, due_time(now, number_of(due)?)));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(waiting)
}

fn due_time(now: Now, due_ms: u64) -> DueTime {
    DueTime {
        wait: Duration::from_millis(due_ms.saturating_sub(now.time_ms)),
        at_ms: now.shown(due_ms),
    }
}

/// How many messages of each channel are still to be sent. Walks the whole outbox.
pub(in crate::store) fn outbox_depth(
    rows: &dyn Snapshot,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut depth = BTreeMap::new();
    rows.scan(
        Table::Outbox,
        &[],
        &[u8::MAX; 2],
        ScanOrder::Ascending,
        &mut |key, _| {
            let channel = keys::outbox_channel(key)?;
            match depth.get_mut(channel) {
                Some(count) => *count += 1,
                None => drop(depth.insert(channel.to_owned(), 1)),
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(depth)
}
