//! What happens to messages that are to be sent later: they get their time, another one, or it has come.
//!
//! Not here: when it has come, and whether it is too late (`crate::daemon::schedule`).

use std::time::Duration;

use crate::{
    message::{Message, MessageId, State},
    store::{
        backend::Table,
        error::StoreError,
        queries::send_at::at_of,
        request::{SendAt, StatusUpdate},
        rows::keys::number_key,
        rows::scheduled::{encode, number_row, time_key},
        writer::transaction::Transaction,
    },
};

/// What becomes of a message whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// It goes into the outbox.
    Queue,
    /// It is too late: why.
    TooLate(String),
}

impl Transaction<'_> {
    /// Notes when a message is to be sent.
    pub(in crate::store) fn schedule(
        &mut self,
        id: MessageId,
        at: SendAt,
    ) -> Result<(), StoreError> {
        *self.scheduled() += 1;
        self.rows
            .put(Table::Scheduled, &number_row(id.0), &encode(at))?;
        let grace = number_key(at.grace_ms);
        self.rows
            .put(Table::Scheduled, &time_key(at.at_ms, id.0), &grace)
    }

    /// Forgets when a message was to be sent.
    pub(in crate::store) fn unschedule(&mut self, id: MessageId) -> Result<(), StoreError> {
        let Some(at) = at_of(self.rows, id.0)? else {
            return Ok(());
        };
        let count = self.scheduled();
        *count = count.saturating_sub(1);
        self.rows.remove(Table::Scheduled, &number_row(id.0))?;
        self.rows
            .remove(Table::Scheduled, &time_key(at.at_ms, id.0))
    }
}

/// Lets go of messages whose time has come. What was cancelled or got another time meanwhile is left alone.
/// Returns how many there were.
pub(in crate::store) fn release(
    transaction: &mut Transaction<'_>,
    due: &mut Vec<(MessageId, SendAt, Release)>,
) -> Result<usize, StoreError> {
    let mut released = 0;
    for (id, at, release) in due {
        if at_of(transaction.rows, id.0)? != Some(*at) {
            continue;
        }
        let message = transaction.load(*id)?;
        if message.state != State::Scheduled {
            transaction.unschedule(*id)?;
            continue;
        }
        released += 1;
        let update = match release {
            Release::Queue => StatusUpdate {
                retry_in: Some(Duration::ZERO),
                ..StatusUpdate::to(State::Queued)
            },
            Release::TooLate(why) => StatusUpdate {
                error: Some(why.clone()),
                ..StatusUpdate::to(State::Failed)
            },
        };
        transaction.change(message, &update)?;
    }
    Ok(released)
}

/// Gives a scheduled message another time.
pub(in crate::store) fn reschedule(
    transaction: &mut Transaction<'_>,
    (id, at_ms, grace_ms): &mut (MessageId, u64, Option<u64>),
) -> Result<Message, StoreError> {
    let message = transaction.load(*id)?;
    if message.state != State::Scheduled {
        return Err(StoreError::WrongState(message.state));
    }
    let before = at_of(transaction.rows, id.0)?;
    let grace_ms = grace_ms
        .or(before.map(|at| at.grace_ms))
        .unwrap_or_default();
    transaction.unschedule(*id)?;
    transaction.schedule(
        *id,
        SendAt {
            at_ms: *at_ms,
            grace_ms,
        },
    )?;
    transaction.change(message, &StatusUpdate::to(State::Scheduled))
}
