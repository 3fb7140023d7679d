//! What each request does, within a transaction that it shares with others: the rules of states, keys
//! and the outbox.
//!
//! Every operation checks before it writes. Once it has written, only a failure of the storage can
//! stop it, and that undoes the whole transaction: so a refused request leaves nothing behind.
//!
//! Not here: how changes become rows (`transaction`).

use std::time::Duration;

use crate::{
    message::{Direction, Message, MessageId, State},
    store::{
        answer::{QueuedMessage, ReadMark, ReceivedMessage},
        backend::Table,
        error::StoreError,
        queries::{self, message},
        request::{AcceptedParts, Revision, StatusUpdate},
        rows::{
            body::{self, Body},
            keys::{self, number_of},
        },
        time,
        writer::{
            encoded::EncodedMessage,
            revisions,
            transaction::{KEY_LIFE_MS, Transaction},
        },
    },
};

/// How many names a bridge may give to one message.
pub(in crate::store) const MAX_REFERENCES: usize = 128;

/// How many messages may wait for a time of their own.
const MAX_SCHEDULED: u64 = 1_000_000;

/// Puts a message into the outbox, or where it waits for its time, unless its idempotency key was used before.
pub(in crate::store) fn queue(
    transaction: &mut Transaction<'_>,
    encoded: &mut EncodedMessage,
) -> Result<QueuedMessage, StoreError> {
    transaction.complete_files(encoded)?;
    if let Some((number, row)) = first_use(transaction, encoded)? {
        #[cfg(feature = "nats")]
        let is_same = body::same_but_for_origin(&row, &encoded.row);
        #[cfg(not(feature = "nats"))]
        let is_same = body::same_content(&row, &encoded.row);
        if !is_same {
            return Err(StoreError::Conflict);
        }
        let message = transaction.load(MessageId(number))?;
        return Ok(QueuedMessage {
            message,
            duplicate: true,
        });
    }
    if transaction.outbox_is_full() {
        return Err(StoreError::QueueFull);
    }
    transaction.check_size()?;
    if encoded.at.is_some() && *transaction.scheduled() >= MAX_SCHEDULED {
        return Err(StoreError::QueueFull);
    }
    let message = transaction.create(encoded)?;
    match encoded.at {
        Some(at) => transaction.schedule(message.id, at)?,
        None => transaction.enter_outbox(&message, Duration::ZERO)?,
    }
    Ok(QueuedMessage {
        message,
        duplicate: false,
    })
}

/// Stores an incoming message, unless its dedup key was seen before.
pub(in crate::store) fn receive(
    transaction: &mut Transaction<'_>,
    encoded: &mut EncodedMessage,
) -> Result<ReceivedMessage, StoreError> {
    if let Some((number, row)) = first_use(transaction, encoded)? {
        let message = Body::decode(number, &row)?.message;
        let duplicate = true;
        return Ok(ReceivedMessage { message, duplicate });
    }
    transaction.check_size()?;
    transaction.complete_files(encoded)?;
    let (message, duplicate) = (transaction.create(encoded)?, false);
    Ok(ReceivedMessage { message, duplicate })
}

/// The message that used the same key first, if its seven days are not over.
fn first_use(
    transaction: &Transaction<'_>,
    encoded: &EncodedMessage,
) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    let rows = &*transaction.rows;
    let Some(key) = &encoded.key else {
        return Ok(None);
    };
    let Some(number) = rows.get(Table::Keys, key)? else {
        return Ok(None);
    };
    let Some(row) = rows.get(Table::Bodies, &number)? else {
        return Ok(None);
    };
    let number = number_of(&number)?;
    let age_ms = time::age(rows, transaction.now(), number, body::created(&row)?)?;
    Ok((age_ms < KEY_LIFE_MS).then_some((number, row)))
}

/// Brings a message to a new state; `None` if it is in that state or beyond it already.
pub(in crate::store) fn advance(
    transaction: &mut Transaction<'_>,
    (id, update): &mut (MessageId, StatusUpdate),
) -> Result<Option<Message>, StoreError> {
    let message = transaction.load(*id)?;
    apply_update(transaction, message, update)
}

/// The states decide: a message moves forward only. In the same state a new attempt or error is an
/// event, and a new time alone is none.
fn apply_update(
    transaction: &mut Transaction<'_>,
    message: Message,
    update: &StatusUpdate,
) -> Result<Option<Message>, StoreError> {
    let is_withdrawn = update.state == State::Cancelled && message.may_be_withdrawn();
    if is_withdrawn || message.state.may_become(update.state) {
        return transaction.change(message, update).map(Some);
    }
    if message.state != update.state || message.state.has_left_the_outbox() {
        return Ok(None);
    }
    let has_news = update.attempts.is_some() || update.error.is_some();
    let attempts = update.attempts.unwrap_or(message.attempts);
    if has_news && (attempts, &update.error) != (message.attempts, &message.error) {
        return transaction.change(message, update).map(Some);
    }
    match update.retry_in {
        Some(wait) => transaction.postpone(&message, wait).map(|()| Some(message)),
        None => Ok(None),
    }
}

/// Records that a service accepted a message, with the names it gave to it.
pub(in crate::store) fn accepted(
    transaction: &mut Transaction<'_>,
    (id, references): &mut (MessageId, Vec<String>),
) -> Result<Option<Message>, StoreError> {
    let message = transaction.load(*id)?;
    if !references.is_empty() {
        transaction.refer(&message, references)?;
    }
    apply_update(transaction, message, &StatusUpdate::to(State::Sent))
}

/// Records that a service accepted parts of a message, but not yet the last.
pub(in crate::store) fn parts_accepted(
    transaction: &mut Transaction<'_>,
    (id, parts): &mut (MessageId, AcceptedParts),
) -> Result<(), StoreError> {
    let message = transaction.load(*id)?;
    if message.state.has_left_the_outbox() {
        return Ok(());
    }
    transaction.refer(&message, &parts.references)?;
    transaction.keep_parts(&message, parts.accepted)
}

/// Records a service's report on a message that it knows by a name of its own. While parts of the
/// message are still to be sent, a report on one part does not count for the message, unless it failed.
pub(in crate::store) fn report(
    transaction: &mut Transaction<'_>,
    (channel, reference, update): &mut (String, String, StatusUpdate),
) -> Result<Option<Message>, StoreError> {
    let id =
        message::referred(transaction.rows, channel, reference)?.ok_or(StoreError::NotFound)?;
    let message = transaction.load(id)?;
    if update.state != State::Failed && message::parts_of(transaction.rows, &message)? > 0 {
        return Ok(None);
    }
    apply_update(transaction, message, update)
}

/// Records that a conversation was read up to a message of it. A read mark never moves back. One that the user
/// set by hand goes.
pub(in crate::store) fn mark_read(
    transaction: &mut Transaction<'_>,
    (channel, peer, id): &mut (String, String, MessageId),
) -> Result<ReadMark, StoreError> {
    let message = transaction.load(*id)?;
    if message.channel != *channel || message.peer != *peer {
        return Err(StoreError::NotFound);
    }
    let before = message::mark(transaction.rows, &keys::scope(channel, Some(peer)))?;
    let flags = transaction.clear_unread_mark(&message)?;
    if before < Some(*id) {
        transaction.mark(&message)?;
    }
    Ok(ReadMark {
        before,
        flags,
        up_to: before.max(Some(*id)).unwrap_or(*id),
    })
}

/// Records what its author did to a message that its service knows by a name; `None` if that is known.
pub(in crate::store) fn revise(
    transaction: &mut Transaction<'_>,
    (channel, name, revision): &mut (String, String, Revision),
) -> Result<Option<Message>, StoreError> {
    let number = queries::revisions::named(transaction.rows, channel, name)?;
    let message = transaction.load(MessageId(number.ok_or(StoreError::NotFound)?))?;
    if !revisions::is_news(&message, revision) {
        return Ok(None);
    }
    transaction.revise(message, revision.clone()).map(Some)
}

/// Records that a message was deleted, if that is news.
pub(in crate::store) fn deleted(
    transaction: &mut Transaction<'_>,
    id: &mut MessageId,
) -> Result<Message, StoreError> {
    let message = transaction.load(*id)?;
    if !revisions::is_news(&message, &Revision::Deleted) {
        return Ok(message);
    }
    transaction.revise(message, Revision::Deleted)
}

/// Remembers that a name means a peer; whether that was news.
pub(in crate::store) fn remember_alias(
    transaction: &mut Transaction<'_>,
    (channel, name, peer): &mut (String, String, String),
) -> Result<bool, StoreError> {
    transaction.put_alias(channel, name, peer)
}

/// Records what a bridge reports on a message of its channel. Returns the message as it stands then,
/// whether or not that changed it.
pub(in crate::store) fn answered(
    transaction: &mut Transaction<'_>,
    (channel, id, references, update): &mut (String, MessageId, Vec<String>, StatusUpdate),
) -> Result<Message, StoreError> {
    let message = transaction.load(*id)?;
    if message.channel != *channel || message.direction == Direction::In {
        return Err(StoreError::NotFound);
    }
    refer_besides(transaction, &message, references)?;
    if matches!(update.state, State::Delivered | State::Read) {
        advance(transaction, &mut (*id, StatusUpdate::to(State::Sent)))?;
    }
    advance(transaction, &mut (*id, update.clone()))?;
    transaction.load(*id)
}

/// Adds names to those that a message has. The first stays the first.
fn refer_besides(
    transaction: &mut Transaction<'_>,
    message: &Message,
    references: &[String],
) -> Result<(), StoreError> {
    let mut all = message::references(transaction.rows, message.id.0)?;
    let known = all.len();
    for reference in references {
        if all.len() < MAX_REFERENCES && !all.contains(reference) {
            all.push(reference.clone());
        }
    }
    if all.len() == known {
        return Ok(());
    }
    transaction.refer(message, &all)
}

/// Withdraws a message of which nothing has gone out.
pub(in crate::store) fn cancel(
    transaction: &mut Transaction<'_>,
    id: &mut MessageId,
) -> Result<Message, StoreError> {
    let message = transaction.load(*id)?;
    let parts = message::parts_of(transaction.rows, &message)?;
    if parts > 0 || !message.may_be_withdrawn() {
        return Err(StoreError::WrongState(message.state));
    }
    transaction.change(message, &StatusUpdate::to(State::Cancelled))
}

/// Puts a failed message back into the outbox, due now.
pub(in crate::store) fn retry(
    transaction: &mut Transaction<'_>,
    id: &mut MessageId,
) -> Result<Message, StoreError> {
    let message = transaction.load(*id)?;
    if message.state != State::Failed {
        return Err(StoreError::WrongState(message.state));
    }
    let update = StatusUpdate {
        retry_in: Some(Duration::ZERO),
        ..StatusUpdate::to(State::Queued)
    };
    transaction.change(message, &update)
}

/// Does nothing; the answer shows that the writer works.
#[expect(clippy::unnecessary_wraps, reason = "operations share one signature")]
pub(in crate::store) fn ping(_: &mut Transaction<'_>, (): &mut ()) -> Result<(), StoreError> {
    Ok(())
}
