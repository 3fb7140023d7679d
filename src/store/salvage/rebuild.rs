//! Making everything that follows from the saved rows: which change of a message is its last, the index,
//! the keys, what waits to be sent.
//!
//! Not here: saving rows (`rows`).

use std::ops::ControlFlow;

use super::{
    Salvaged,
    media::{self, References},
    rows::{Source, each_slice},
    write,
};
use crate::{
    message::{Message, State},
    store::{
        answer::{Occasion, Transition},
        backend::{Backend, Rows, ScanOrder, Table, meta},
        error::StoreError,
        index::{IndexChanges, IndexEntry, Side},
        queries::{message, send_at::at_of},
        rows::{
            body::Body,
            change::Change,
            keys::{self, number_key, number_of, outbox_key},
            outbox,
            scheduled::{is_its_row, time_key},
        },
    },
};

/// When a message is due whose time is lost.
const AT_ONCE: u64 = 0;

/// What is told of a message that may have been sent or not.
const UNCERTAIN: &str = "its last state could not be read when the message file was salvaged: it may \
                         have been sent; retry it if it was not";

/// Completes the new store.
pub(super) fn rebuild(
    new: &dyn Backend,
    source: &Source,
    now_ms: u64,
    report: &mut Salvaged,
) -> Result<(), StoreError> {
    let mut events = Events::default();
    link_changes(new, &mut events, report)?;
    each_slice(new, Table::Bodies, |slice| {
        for (number, _) in &slice {
            events.saw(*number);
        }
        Ok(())
    })?;
    let head = source.head.max(events.newest);
    let mut rebuild = Rebuild {
        next_seq: head,
        now_ms,
        may_be_unlisted: source.knows_head && !source.is_outbox_whole && events.missing(head) == 0,
        is_list_current: source.knows_head,
        report,
    };
    rebuild.report.missing_events = events.missing(head);
    let mut references = References::default();
    each_slice(new, Table::Bodies, |slice| {
        write(new, |rows| rebuild.slice(rows, &slice, &mut references))
    })?;
    let head = rebuild.next_seq;
    leave_lost(new, report)?;
    leave_unscheduled(new)?;
    media::leave_unfetched(new)?;
    references.write(new)?;
    write(new, |rows| {
        meta::put_head(rows, head)?;
        meta::put_keys_forgotten(rows, source.keys_forgotten)
    })
}

/// Takes messages that are lost out of the outbox: nobody could send them.
fn leave_lost(new: &dyn Backend, report: &mut Salvaged) -> Result<(), StoreError> {
    let mut lost = Vec::new();
    {
        let rows = new.snapshot()?;
        let (first, end, order) = (&[][..], &[u8::MAX; 2][..], ScanOrder::Ascending);
        rows.scan(Table::Outbox, first, end, order, &mut |key, _| {
            let number = number_of(key)?;
            if rows.get(Table::Bodies, &number_key(number))?.is_none() {
                report.lost.insert(number);
                lost.push(key.to_vec());
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    write(new, |rows| {
        lost.iter()
            .try_for_each(|key| rows.remove(Table::Outbox, key))
    })
}

/// Takes out the times of messages that are lost or are not scheduled any more.
fn leave_unscheduled(new: &dyn Backend) -> Result<(), StoreError> {
    let mut left = Vec::new();
    {
        let rows = new.snapshot()?;
        let (first, end, order) = (&[][..], &[u8::MAX; 2][..], ScanOrder::Ascending);
        rows.scan(Table::Scheduled, first, end, order, &mut |key, _| {
            let message = message::load(&*rows, number_of(key)?)?;
            let is_scheduled = message.is_some_and(|one| one.state == State::Scheduled);
            let at = at_of(&*rows, number_of(key)?)?;
            let is_of_it = is_its_row(key, at.map(|at| at.at_ms));
            if !(is_scheduled && is_of_it) {
                left.push(key.to_vec());
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    write(new, |rows| {
        left.iter()
            .try_for_each(|key| rows.remove(Table::Scheduled, key))
    })
}

/// Which sequence numbers were found.
#[derive(Debug, Default)]
struct Events {
    oldest: Option<u64>,
    newest: u64,
    count: u64,
}

impl Events {
    fn saw(&mut self, seq: u64) {
        self.oldest = Some(self.oldest.map_or(seq, |oldest| oldest.min(seq)));
        self.newest = self.newest.max(seq);
        self.count += 1;
    }

    /// How many numbers since the oldest have no event. Removed history leaves gaps of its own, so this
    /// is a bound.
    fn missing(&self, head: u64) -> u64 {
        let span = self
            .oldest
            .map_or(head, |oldest| head + 1 - oldest.min(head + 1));
        span.saturating_sub(self.count)
    }
}

/// Chains the changes of each message, without those that cannot be read. Changes of a message that is
/// lost are dropped.
fn link_changes(
    new: &dyn Backend,
    events: &mut Events,
    report: &mut Salvaged,
) -> Result<(), StoreError> {
    each_slice(new, Table::Changes, |slice| {
        let mut found = Vec::new();
        for (seq, row) in slice {
            events.saw(seq);
            found.push(Change::decode(seq, &row)?);
        }
        write(new, |rows| {
            for change in &found {
                link(rows, change, report)?;
            }
            Ok(())
        })
    })
}

fn link(rows: &mut dyn Rows, change: &Change, report: &mut Salvaged) -> Result<(), StoreError> {
    let (number, seq) = (number_key(change.number), number_key(change.transition.seq));
    if rows.get(Table::Bodies, &number)?.is_none() {
        report.lost.insert(change.number);
        return rows.remove(Table::Changes, &seq);
    }
    let previous = match rows.get(Table::Latest, &number)? {
        Some(latest) => number_of(&latest)?,
        None => change.number,
    };
    if previous != change.previous {
        let change = Change {
            previous,
            ..change.clone()
        };
        rows.put(Table::Changes, &seq, &change.encode())?;
    }
    report.changes += 1;
    rows.put(Table::Latest, &number, &seq)
}

struct Rebuild<'r> {
    next_seq: u64,
    now_ms: u64,
    /// Whether a message may wait without a row of the outbox.
    may_be_unlisted: bool,
    /// Whether a message that has a row of the outbox waits: not if events after it may be lost.
    is_list_current: bool,
    report: &'r mut Salvaged,
}

impl Rebuild<'_> {
    fn slice(
        &mut self,
        rows: &mut dyn Rows,
        slice: &[(u64, Vec<u8>)],
        references: &mut References,
    ) -> Result<(), StoreError> {
        let mut index = IndexChanges::default();
        for (number, row) in slice {
            let body = Body::decode(*number, row)?;
            let side = Side::of(&body.message);
            for peer in [None, Some(body.message.peer.as_str())] {
                let scope = keys::scope(&body.message.channel, peer);
                let entry = IndexEntry {
                    number: *number,
                    side,
                };
                index.add(rows, &scope, entry)?;
            }
            if let Some(key) = body.key_row() {
                rows.put(Table::Keys, &key, &number_key(*number))?;
            }
            for reference in message::references(rows, *number)? {
                let row = keys::reference_row(&body.message.channel, &reference);
                rows.put(Table::Keys, &row, &number_key(*number))?;
            }
            let message = message::as_it_stands(rows, body)?;
            references.count(&message);
            self.settle_outbox(rows, &message)?;
            self.report.messages += 1;
        }
        index.write(rows)
    }

    /// A message waits if its state says so and its row of the outbox was found. Without that row it
    /// waits only if rows of the outbox are missing and no event is: else that it was sent may be lost.
    /// Where the last events may be lost, none waits.
    fn settle_outbox(&mut self, rows: &mut dyn Rows, message: &Message) -> Result<(), StoreError> {
        if message.direction == crate::message::Direction::In {
            return Ok(());
        }
        if message.state == State::Scheduled {
            return self.settle_scheduled(rows, message);
        }
        let key = outbox_key(message);
        let is_listed = rows.get(Table::Outbox, &key)?.is_some();
        if message.state.has_left_the_outbox() {
            return rows.remove(Table::Outbox, &key);
        }
        if is_listed && self.is_list_current {
            return Ok(());
        }
        if self.may_be_unlisted {
            return rows.put(Table::Outbox, &key, &outbox::encode(0, AT_ONCE));
        }
        rows.remove(Table::Outbox, &key)?;
        self.fail(rows, message, UNCERTAIN)
    }

    /// A message whose time is lost has failed, and so has one whose last events may be: it may have been sent.
    fn settle_scheduled(
        &mut self,
        rows: &mut dyn Rows,
        message: &Message,
    ) -> Result<(), StoreError> {
        let at = at_of(rows, message.id.0)?;
        let by_time = at.map(|at| (time_key(at.at_ms, message.id.0), at.grace_ms));
        match by_time {
            Some((key, grace_ms)) if self.is_list_current => {
                rows.put(Table::Scheduled, &key, &number_key(grace_ms))
            }
            _ => self.fail(rows, message, UNCERTAIN),
        }
    }

    fn fail(
        &mut self,
        rows: &mut dyn Rows,
        message: &Message,
        why: &str,
    ) -> Result<(), StoreError> {
        self.next_seq += 1;
        let change = Change {
            number: message.id.0,
            previous: message.seq,
            revised: message.is_revised(),
            transition: Transition {
                seq: self.next_seq,
                occasion: Occasion::State,
                state: State::Failed,
                at_ms: self.now_ms,
                attempts: message.attempts,
                error: Some(why.to_owned()),
            },
        };
        self.report.uncertain.insert(message.id.0);
        let seq = number_key(self.next_seq);
        rows.put(Table::Changes, &seq, &change.encode())?;
        rows.put(Table::Latest, &number_key(message.id.0), &seq)
    }
}
