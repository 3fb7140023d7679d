//! What changed of messages besides their state.
//!
//! Not here: changing it (`writer::revisions`).

use std::borrow::Cow;

use crate::{
    message::{Direction, Message},
    store::{
        backend::{Get, Table},
        error::StoreError,
        request::Revision,
        rows::{
            change::Change,
            keys::{self, number_key, number_of},
            revision::{self, Revised},
        },
    },
};

/// Everything that was changed of a message, oldest first.
pub(in crate::store) fn revisions(rows: &dyn Get, number: u64) -> Result<Vec<Revised>, StoreError> {
    match rows.get(Table::Revisions, &number_key(number))? {
        Some(row) => revision::decode(&row),
        None => Ok(Vec::new()),
    }
}

/// Brings a message to what it was at this change of it, where it was revised by then.
pub(in crate::store) fn apply(
    rows: &dyn Get,
    change: &Change,
    message: &mut Message,
) -> Result<(), StoreError> {
    if !change.revised {
        return Ok(());
    }
    let all = revisions(rows, change.number)?;
    let by_then = all
        .iter()
        .filter(|revised| revised.seq <= change.transition.seq);
    by_then.for_each(|revised| revised.apply_to(message));
    Ok(())
}

/// The message a service knows by this name: one that came with it as its key, or one of ours.
pub(in crate::store) fn named(
    rows: &dyn Get,
    channel: &str,
    name: &str,
) -> Result<Option<u64>, StoreError> {
    let came = keys::key_row(Direction::In, channel, name);
    for key in [came, keys::reference_row(channel, name)] {
        if let Some(number) = rows.get(Table::Keys, &key)? {
            return number_of(&number).map(Some);
        }
    }
    Ok(None)
}

/// What a message says now that was stored with this text; `None` if it was deleted.
pub(in crate::store) fn said_now<'t>(
    rows: &dyn Get,
    number: u64,
    stored: &'t str,
) -> Result<Option<Cow<'t, str>>, StoreError> {
    let mut said = Cow::Borrowed(stored);
    for one in revisions(rows, number)? {
        match one.what {
            Revision::Deleted => return Ok(None),
            Revision::Edited { text, .. } => said = Cow::Owned(text),
            Revision::Media(_) => {}
        }
    }
    Ok(Some(said))
}

/// The current text of a message that was revised, for whoever searches.
pub(in crate::store) fn text(rows: &dyn Get, number: u64) -> Result<Option<String>, StoreError> {
    let all = revisions(rows, number)?;
    let last = all.into_iter().rev().find_map(|one| match one.what {
        Revision::Edited { text, .. } => Some(text),
        Revision::Deleted | Revision::Media(_) => None,
    });
    Ok(last)
}
