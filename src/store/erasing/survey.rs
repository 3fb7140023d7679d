//! What there is of a person, or from before a moment.

use std::ops::ControlFlow;

use serde_json::Value;

use super::{Erasable, Erasing};
use crate::{
    message::{Direction, Message, media::kept_files, text_at},
    store::{
        backend::{ScanOrder, Snapshot, Table},
        error::StoreError,
        queries::message::as_it_stands,
        rows::{
            body::{self, Body},
            keys::{number_key, number_of},
            turn,
        },
    },
};

/// A person on a channel.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Scope<'p> {
    pub(super) channel: &'p str,
    pub(super) names: &'p [String],
}

/// What a message has to do with what is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Nothing.
    Other,
    /// It names the person.
    Mention,
    /// It goes.
    Removed,
}

impl Scope<'_> {
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|one| one == name)
    }

    fn part(&self, message: &Message) -> Part {
        if message.channel != self.channel {
            return Part::Other;
        }
        let is_theirs = self.is_named(&message.peer)
            || message
                .sender
                .as_deref()
                .is_some_and(|sender| self.is_named(sender));
        if is_theirs {
            return Part::Removed;
        }
        let told = [&message.meta, &message.content];
        let is_named = told.into_iter().flatten().any(|value| self.is_in(value));
        if is_named { Part::Mention } else { Part::Other }
    }

    /// Whether a value is one of the names, or has one of them somewhere.
    pub(super) fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is_named(text),
            Value::Array(all) => all.iter().any(|one| self.is_in(one)),
            Value::Object(fields) => fields
                .iter()
                .any(|(key, value)| self.is_named(key) || self.is_in(value)),
            _ => false,
        }
    }
}

impl Erasing {
    pub(super) fn part(&self, message: &Message) -> Part {
        match self {
            Self::Person { channel, names } => Scope { channel, names }.part(message),
            Self::Before { channel, before_ms } => {
                let is_meant = channel.as_ref().is_none_or(|one| *one == message.channel);
                if is_meant && message.created_ms < *before_ms {
                    Part::Removed
                } else {
                    Part::Other
                }
            }
        }
    }
}

/// Whether a message still waits: in the outbox, or for its time.
pub(super) fn waits(message: &Message) -> bool {
    message.direction == Direction::Out
        && (!message.state.has_left_the_outbox()
            || message.state == crate::message::State::Scheduled)
}

/// Looks at every message.
pub(super) fn survey(rows: &dyn Snapshot, what: &Erasing) -> Result<Erasable, StoreError> {
    let mut found = Erasable::default();
    let (first, last) = (number_key(0), number_key(u64::MAX));
    let order = ScanOrder::Ascending;
    rows.scan(Table::Bodies, &first, &last, order, &mut |key, row| {
        // Messages are in the order in which they were stored, and clocks that were set back do not end the search.
        if let Erasing::Before { before_ms, .. } = what
            && body::created(row)? >= *before_ms
        {
            return Ok(ControlFlow::Continue(()));
        }
        let number = number_of(key)?;
        let body = Body::decode(number, row)?;
        match what.part(&body.message) {
            Part::Other => {}
            Part::Mention => {
                found.mentions += 1;
                found.numbers.push(number);
            }
            Part::Removed => found.add(&as_it_stands(rows, body)?, what),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if let Erasing::Person { channel, names } = what {
        found.turns = turns_of(rows, &Scope { channel, names })?.len() as u64;
    }
    Ok(found)
}

impl Erasable {
    fn add(&mut self, message: &Message, what: &Erasing) {
        let waits = waits(message);
        let is_of_person = matches!(what, Erasing::Person { .. });
        if waits && !is_of_person {
            return;
        }
        self.numbers.push(message.id.0);
        self.messages += 1;
        self.waiting += u64::from(waits);
        let at_ms = message.created_ms;
        let (first, last) = self.span_ms.unwrap_or((at_ms, at_ms));
        self.span_ms = Some((first.min(at_ms), last.max(at_ms)));
        self.files.extend(kept_files(message.media.as_ref()));
        let Erasing::Person { channel, names } = what else {
            return;
        };
        let person = Scope { channel, names };
        self.in_groups += u64::from(!person.is_named(&message.peer));
        self.peers.insert(message.peer.clone());
        let by_them = message.direction == Direction::In
            && message.meta.as_ref().is_none_or(|meta| meta["own"] != true)
            && message
                .sender
                .as_deref()
                .is_none_or(|sender| person.is_named(sender));
        let name = message.meta.as_ref().and_then(|meta| text_at(meta, "name"));
        self.called
            .extend(name.filter(|_| by_them).map(str::to_owned));
    }
}

/// The keys of the turns of a person.
pub(super) fn turns_of(
    rows: &dyn Snapshot,
    person: &Scope<'_>,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut keys = Vec::new();
    let order = ScanOrder::Ascending;
    rows.scan(Table::Turns, &[], &[u8::MAX; 10], order, &mut |key, row| {
        let turn = turn::decode(key, row)?;
        let is_theirs = person.is_named(&turn.peer)
            || turn
                .sender
                .as_deref()
                .is_some_and(|sender| person.is_named(sender));
        if turn.channel == person.channel && is_theirs {
            keys.push(key.to_vec());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(keys)
}
