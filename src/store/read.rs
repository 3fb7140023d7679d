//! Questions answered from one snapshot: a message, what happened to it, a page of events, the outbox.
//! Each costs what it returns, never the size of the store.
//!
//! Not here: pages of messages (`history`).

use std::{collections::BTreeMap, ops::ControlFlow};

use crate::message::{Message, MessageId, State};

use super::{
    backend::{Get, Order, Snapshot, Table},
    error::StoreError,
    keys::{self, number_key, number_of, outbox_key, with_number},
    request::{Occasion, Parts, StoredEvent, Transition},
    revisions,
    tables::{self, Body, Change},
};

/// What a message weighs on a page besides its stored row: names of fields, times, ids.
const OVERHEAD: usize = 192;

/// What a page may still take.
pub(super) struct Room {
    rows: usize,
    bytes: usize,
}

impl Room {
    pub(super) fn new(rows: usize, bytes: usize) -> Self {
        Self {
            rows: rows.max(1),
            bytes: bytes.max(1),
        }
    }

    /// Takes one message of this many bytes, the last one whole even where it is too large.
    pub(super) fn take(&mut self, bytes: usize) {
        self.rows -= 1;
        self.bytes = self.bytes.saturating_sub(bytes + OVERHEAD);
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.rows == 0 || self.bytes == 0
    }
}

/// The message as it was created, with the size of its row.
pub(super) fn body(rows: &dyn Get, number: u64) -> Result<Option<(Body, usize)>, StoreError> {
    let Some(row) = rows.get(Table::Bodies, &number_key(number))? else {
        return Ok(None);
    };
    Ok(Some((Body::decode(number, &row)?, row.len())))
}

/// The message as it stands, with the size of its row.
pub(super) fn sized(rows: &dyn Get, number: u64) -> Result<Option<(Message, usize)>, StoreError> {
    let Some((body, size)) = body(rows, number)? else {
        return Ok(None);
    };
    Ok(Some((as_it_stands(rows, body)?, size)))
}

/// The message with its last change.
pub(super) fn as_it_stands(rows: &dyn Get, body: Body) -> Result<Message, StoreError> {
    let mut message = body.message;
    if let Some(change) = last_change(rows, message.id.0)? {
        revisions::apply(rows, &change, &mut message)?;
        change.apply_to(&mut message);
    }
    Ok(message)
}

/// The message as it stands.
pub(super) fn load(rows: &dyn Get, number: u64) -> Result<Option<Message>, StoreError> {
    Ok(sized(rows, number)?.map(|(message, _)| message))
}

fn last_change(rows: &dyn Get, number: u64) -> Result<Option<Change>, StoreError> {
    match rows.get(Table::Latest, &number_key(number))? {
        Some(seq) => change(rows, number_of(&seq)?).map(Some),
        None => Ok(None),
    }
}

fn change(rows: &dyn Get, seq: u64) -> Result<Change, StoreError> {
    match rows.get(Table::Changes, &number_key(seq))? {
        Some(row) => Change::decode(seq, &row),
        None => Err(StoreError::Corrupt(format!("change {seq} is missing"))),
    }
}

/// The changes of a message after its creation, youngest first.
pub(super) fn changes_of(rows: &dyn Get, number: u64) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    let mut next = last_change(rows, number)?;
    while let Some(found) = next {
        // The chain must lead down to the creation, or following it would never end.
        if found.previous >= found.transition.seq || found.previous < number {
            let seq = found.transition.seq;
            return Err(StoreError::Corrupt(format!("change {seq} points nowhere")));
        }
        next = match found.previous {
            previous if previous == number => None,
            previous => Some(change(rows, previous)?),
        };
        changes.push(found);
    }
    Ok(changes)
}

/// The message and everything that happened to it, oldest first.
pub(super) fn message(
    rows: &dyn Snapshot,
    number: u64,
) -> Result<Option<(Message, Vec<Transition>)>, StoreError> {
    let Some((Body { mut message, .. }, _)) = body(rows, number)? else {
        return Ok(None);
    };
    let mut life = vec![Transition {
        seq: number,
        occasion: Occasion::State,
        state: message.state,
        at_ms: message.created_ms,
        attempts: 0,
        error: None,
    }];
    let mut changes = changes_of(rows, number)?;
    changes.reverse();
    life.extend(changes.iter().map(|change| change.transition.clone()));
    if let Some(last) = changes.pop() {
        revisions::apply(rows, &last, &mut message)?;
        last.apply_to(&mut message);
    }
    Ok(Some((message, life)))
}

/// The names a service gave to a message, the first part's first.
pub(super) fn references(rows: &dyn Get, number: u64) -> Result<Vec<String>, StoreError> {
    let row = rows.get(Table::Keys, &keys::references_row(number))?;
    let Some(row) = row else {
        return Ok(Vec::new());
    };
    serde_json::from_slice(&row)
        .map_err(|_| StoreError::Corrupt(format!("the references of message {number}")))
}

/// How many parts of a message its service has taken, while it waits for the others.
pub(super) fn parts_of(rows: &dyn Get, message: &Message) -> Result<usize, StoreError> {
    if message.state != State::Sending {
        return Ok(0);
    }
    let row = rows.get(Table::Outbox, &outbox_key(message))?;
    row.map_or(Ok(0), |row| tables::parts_waiting(&row))
}

/// The same with the names it gave to them.
pub(super) fn parts(rows: &dyn Get, message: &Message) -> Result<Parts, StoreError> {
    let accepted = parts_of(rows, message)?;
    let references = match accepted {
        // What an earlier round of attempts left counts no more.
        0 => Vec::new(),
        _ => references(rows, message.id.0)?,
    };
    Ok(Parts {
        accepted,
        references,
    })
}

/// The message that a service knows by this name.
pub(super) fn referred(
    rows: &dyn Get,
    channel: &str,
    reference: &str,
) -> Result<Option<MessageId>, StoreError> {
    let number = rows.get(Table::Keys, &keys::reference_row(channel, reference))?;
    number
        .map(|number| number_of(&number).map(MessageId))
        .transpose()
}

/// The newest message of a conversation that was read.
pub(super) fn mark(rows: &dyn Get, scope: &[u8]) -> Result<Option<MessageId>, StoreError> {
    let number = rows.get(Table::Marks, scope)?;
    number
        .map(|number| number_of(&number).map(MessageId))
        .transpose()
}

pub(super) fn expect<T>(found: Option<T>, key: &[u8]) -> Result<T, StoreError> {
    found.ok_or_else(|| {
        let number = number_of(key).unwrap_or_default();
        StoreError::Corrupt(format!(
            "message {number} is in an index but missing itself"
        ))
    })
}

/// The events after a sequence number, oldest first: creations come from `bodies`, changes from
/// `changes`, merged by number.
pub(super) fn events_after(
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
    let mut merged = Merge {
        rows,
        changes: changes.into_iter().peekable(),
        room: Room::new(limit, max_bytes),
        events: Vec::new(),
    };
    let (first, last) = (number_key(first), number_key(last));
    rows.scan(
        Table::Bodies,
        &first,
        &last,
        Order::Ascending,
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
        Order::Ascending,
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

struct Merge<'r> {
    rows: &'r dyn Snapshot,
    changes: std::iter::Peekable<std::vec::IntoIter<Change>>,
    room: Room,
    events: Vec<StoredEvent>,
}

impl Merge<'_> {
    fn creation(&mut self, number: u64, row: &[u8]) -> Result<ControlFlow<()>, StoreError> {
        self.changes_before(number)?;
        if self.room.is_used_up() {
            return Ok(ControlFlow::Break(()));
        }
        let Body { message, .. } = Body::decode(number, row)?;
        self.push(message, Occasion::State, row.len());
        Ok(ControlFlow::Continue(()))
    }

    fn changes_before(&mut self, seq: u64) -> Result<(), StoreError> {
        while !self.room.is_used_up()
            && let Some(change) = self.changes.next_if(|change| change.transition.seq < seq)
        {
            let found = body(self.rows, change.number)?;
            let (Body { mut message, .. }, size) = expect(found, &number_key(change.number))?;
            revisions::apply(self.rows, &change, &mut message)?;
            let occasion = change.transition.occasion;
            change.apply_to(&mut message);
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

/// The oldest event kept, or the number after `head` where none is.
pub(super) fn oldest_seq(rows: &dyn Snapshot, head: u64) -> Result<u64, StoreError> {
    let mut oldest = head.saturating_add(1);
    for table in [Table::Bodies, Table::Changes] {
        let (first, last) = (number_key(0), number_key(u64::MAX));
        rows.scan(table, &first, &last, Order::Ascending, &mut |key, _| {
            oldest = oldest.min(number_of(key)?);
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok(oldest)
}

/// Messages of a channel that are still to be sent, oldest first, with the time each is due.
pub(super) fn outbox(
    rows: &dyn Snapshot,
    channel: &str,
    after: Option<MessageId>,
    limit: usize,
) -> Result<Vec<(Message, u64)>, StoreError> {
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
        Order::Ascending,
        &mut |key, due| {
            if waiting.len() >= limit {
                return Ok(ControlFlow::Break(()));
            }
            let message = expect(load(rows, number_of(key)?)?, key)?;
            waiting.push((message, number_of(due)?));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(waiting)
}

/// How many messages of each channel are still to be sent. Walks the whole outbox.
pub(super) fn outbox_depth(rows: &dyn Snapshot) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut depth = BTreeMap::new();
    rows.scan(
        Table::Outbox,
        &[],
        &[u8::MAX; 2],
        Order::Ascending,
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
