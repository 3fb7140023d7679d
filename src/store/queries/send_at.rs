//! When a scheduled message is to be sent.
//!
//! Not here: which are due (`scheduled`).

use crate::{
    message::{Message, State},
    store::{
        backend::{Get, Table},
        error::StoreError,
        request::SendAt,
        rows::scheduled::{decode, number_row},
    },
};

/// When a message is to be sent, where it is scheduled.
pub(in crate::store) fn at_of(rows: &dyn Get, number: u64) -> Result<Option<SendAt>, StoreError> {
    let row = rows.get(Table::Scheduled, &number_row(number))?;
    row.map(|row| decode(&row)).transpose()
}

/// Says of a scheduled message when it is to be sent.
pub(in crate::store) fn say_when(
    rows: &dyn Get,
    mut message: Message,
) -> Result<Message, StoreError> {
    message.at_ms = None;
    if message.state == State::Scheduled {
        message.at_ms = at_of(rows, message.id.0)?.map(|at| at.at_ms);
    }
    Ok(message)
}
