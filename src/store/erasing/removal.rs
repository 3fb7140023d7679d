//! Taking away what was found, a slice a transaction. Each message is looked at again: it may be another since.

use serde_json::Value;

use super::{
    Erased, Erasing,
    survey::{Part, Scope, waits},
};
use crate::{
    message::State,
    store::{
        backend::Table,
        error::StoreError,
        queries::message::{body, load},
        request::{Revision, StatusUpdate},
        rows::{
            body::Body,
            keys::{self, number_key},
            revision,
        },
        writer::transaction::Transaction,
    },
};

/// Removes messages, or takes the person's name out of them.
pub(super) fn messages(
    transaction: &mut Transaction<'_>,
    (what, numbers): &mut (Erasing, Vec<u64>),
) -> Result<Erased, StoreError> {
    let mut erased = Erased::default();
    for number in numbers {
        let Some((body, _)) = body(transaction.rows, *number)? else {
            continue;
        };
        match (what.part(&body.message), &*what) {
            (Part::Mention, Erasing::Person { channel, names }) => {
                take_out(transaction, body, &Scope { channel, names })?;
            }
            (Part::Removed, _) => {
                let is_person = matches!(what, Erasing::Person { .. });
                if remove(transaction, &body, is_person)? {
                    erased.messages += 1;
                } else {
                    erased.being_sent += 1;
                }
            }
            _ => {}
        }
    }
    Ok(erased)
}

/// Removes a message; false where it is being sent. One that waits is cancelled first, so that whoever would send it
/// learns of it.
fn remove(
    transaction: &mut Transaction<'_>,
    created: &Body,
    may_cancel: bool,
) -> Result<bool, StoreError> {
    let Some(message) = load(transaction.rows, created.message.id.0)? else {
        return Ok(true);
    };
    if waits(&message) {
        if !may_cancel || !message.state.may_become(State::Cancelled) {
            return Ok(false);
        }
        transaction.change(message, &StatusUpdate::to(State::Cancelled))?;
    }
    transaction.forget(created)?;
    Ok(true)
}

/// Takes the names of a person out of what is told of a message besides its text.
fn take_out(
    transaction: &mut Transaction<'_>,
    mut body: Body,
    person: &Scope<'_>,
) -> Result<(), StoreError> {
    transaction.commit_anyway();
    let message = &mut body.message;
    let number = number_key(message.id.0);
    for value in [&mut message.meta, &mut message.content]
        .into_iter()
        .flatten()
    {
        cut(value, person);
    }
    let row = body.encode();
    transaction.rows.put(Table::Bodies, &number, &row)?;
    let Some(row) = transaction.rows.get(Table::Revisions, &number)? else {
        return Ok(());
    };
    let mut kept = revision::decode(&row)?;
    for one in &mut kept {
        if let Revision::Edited {
            content: Some(content),
            ..
        } = &mut one.what
        {
            cut(content, person);
        }
    }
    transaction
        .rows
        .put(Table::Revisions, &number, &revision::encode(&kept))
}

fn cut(value: &mut Value, person: &Scope<'_>) {
    match value {
        Value::Array(all) => {
            all.retain(|one| !one.as_str().is_some_and(|text| person.is_named(text)));
            for one in all {
                cut(one, person);
            }
        }
        Value::Object(fields) => {
            fields.retain(|key, value| {
                !person.is_named(key) && !value.as_str().is_some_and(|text| person.is_named(text))
            });
            for one in fields.values_mut() {
                cut(one, person);
            }
        }
        _ => {}
    }
}

/// Removes what is known of a person besides messages; returns how many turns there were.
pub(super) fn person(
    transaction: &mut Transaction<'_>,
    (channel, names, turns): &mut (String, Vec<String>, Vec<Vec<u8>>),
) -> Result<u64, StoreError> {
    transaction.commit_anyway();
    for key in &*turns {
        transaction.rows.remove(Table::Turns, key)?;
    }
    for name in &*names {
        let scope = keys::scope(channel, Some(name));
        // What is being sent stays, and how its conversation is kept with it.
        if transaction.newest(&scope)?.is_some() {
            continue;
        }
        for table in [
            Table::Marks,
            Table::Sessions,
            Table::Flags,
            Table::Aliases,
            Table::GroupNames,
        ] {
            transaction.rows.remove(table, &scope)?;
        }
    }
    Ok(turns.len() as u64)
}
