//! One message: its current state, its changes, and the names that its service gave to it.
//!
//! Not here: pages of messages (`history`) and of events (`events`).

use crate::{
    message::{Message, MessageId, State},
    store::{
        answer::{Occasion, Transition},
        backend::{Get, Snapshot, Table},
        error::StoreError,
        queries::{revisions, send_at::say_when},
        request::AcceptedParts,
        rows::{
            body::Body,
            change::Change,
            keys::{self, number_key, number_of, outbox_key},
            outbox,
        },
    },
};

/// The message as it was created, with the size of its row.
pub(in crate::store) fn body(
    rows: &dyn Get,
    number: u64,
) -> Result<Option<(Body, usize)>, StoreError> {
    let Some(row) = rows.get(Table::Bodies, &number_key(number))? else {
        return Ok(None);
    };
    Ok(Some((Body::decode(number, &row)?, row.len())))
}

/// The message in its current state, with the size of its row.
pub(in crate::store) fn sized(
    rows: &dyn Get,
    number: u64,
) -> Result<Option<(Message, usize)>, StoreError> {
    let Some((body, size)) = body(rows, number)? else {
        return Ok(None);
    };
    Ok(Some((as_it_stands(rows, body)?, size)))
}

/// The message in its current state: as created, with its last change applied.
pub(in crate::store) fn as_it_stands(rows: &dyn Get, body: Body) -> Result<Message, StoreError> {
    let mut message = body.message;
    if let Some(change) = last_change(rows, message.id.0)? {
        revisions::apply(rows, &change, &mut message)?;
        change.apply_to(&mut message);
    }
    say_when(rows, message)
}

/// The message in its current state.
pub(in crate::store) fn load(rows: &dyn Get, number: u64) -> Result<Option<Message>, StoreError> {
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

/// The changes of a message after its creation, newest first.
pub(in crate::store) fn changes_of(rows: &dyn Get, number: u64) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    let mut next = last_change(rows, number)?;
    while let Some(found) = next {
        // Each change must point to an older one, or a damaged file could make this loop endless.
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
pub(in crate::store) fn message(
    rows: &dyn Snapshot,
    number: u64,
) -> Result<Option<(Message, Vec<Transition>)>, StoreError> {
    let Some((Body { mut message, .. }, _)) = body(rows, number)? else {
        return Ok(None);
    };
    let mut transitions = vec![Transition {
        seq: number,
        occasion: Occasion::State,
        state: message.state,
        at_ms: message.created_ms,
        attempts: 0,
        error: None,
    }];
    let mut changes = changes_of(rows, number)?;
    changes.reverse();
    transitions.extend(changes.iter().map(|change| change.transition.clone()));
    if let Some(last) = changes.pop() {
        revisions::apply(rows, &last, &mut message)?;
        last.apply_to(&mut message);
    }
    Ok(Some((say_when(rows, message)?, transitions)))
}

/// The names that a service gave to a message, that of the first part first.
pub(in crate::store) fn references(rows: &dyn Get, number: u64) -> Result<Vec<String>, StoreError> {
    let row = rows.get(Table::Keys, &keys::references_row(number))?;
    let Some(row) = row else {
        return Ok(Vec::new());
    };
    serde_json::from_slice(&row)
        .map_err(|_| StoreError::Corrupt(format!("the references of message {number}")))
}

/// How many parts of a message its service has accepted, while others are still to be sent.
pub(in crate::store) fn parts_of(rows: &dyn Get, message: &Message) -> Result<usize, StoreError> {
    if message.state != State::Sending {
        return Ok(0);
    }
    let row = rows.get(Table::Outbox, &outbox_key(message))?;
    row.map_or(Ok(0), |row| outbox::accepted_parts(&row))
}

/// The same with the names that the service gave to them.
pub(in crate::store) fn parts(
    rows: &dyn Get,
    message: &Message,
) -> Result<AcceptedParts, StoreError> {
    let accepted = parts_of(rows, message)?;
    let references = match accepted {
        // The names of an earlier round of attempts are no longer valid.
        0 => Vec::new(),
        _ => references(rows, message.id.0)?,
    };
    Ok(AcceptedParts {
        accepted,
        references,
    })
}

/// The message that its service knows by this name.
pub(in crate::store) fn referred(
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
pub(in crate::store) fn mark(
    rows: &dyn Get,
    scope: &[u8],
) -> Result<Option<MessageId>, StoreError> {
    let number = rows.get(Table::Marks, scope)?;
    number
        .map(|number| number_of(&number).map(MessageId))
        .transpose()
}

/// Turns a missing message into an error: the index has a number without a message.
pub(in crate::store) fn expect<T>(found: Option<T>, key: &[u8]) -> Result<T, StoreError> {
    found.ok_or_else(|| {
        let number = number_of(key).unwrap_or_default();
        StoreError::Corrupt(format!(
            "message {number} is in an index but missing itself"
        ))
    })
}
