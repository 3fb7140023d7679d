//! The messages that are to be sent later: when, and which are due.
//!
//! Not here: sending them (`writer::scheduled`).

use std::ops::ControlFlow;

use crate::{
    message::{ConversationSet, Message, MessageId},
    store::{
        backend::{ScanOrder, Snapshot, Table},
        error::StoreError,
        queries::message,
        request::SendAt,
        rows::scheduled::{grace, of_time_key, time_key, until_key},
    },
};

/// When the next one is to be sent.
pub(in crate::store) fn next(rows: &dyn Snapshot) -> Result<Option<u64>, StoreError> {
    Ok(due(rows, None, u64::MAX, 1)?
        .first()
        .map(|(_, at)| at.at_ms))
}

/// Those to be sent until this time, the earliest first, behind one of them.
pub(in crate::store) fn due(
    rows: &dyn Snapshot,
    after: Option<(u64, MessageId)>,
    until_ms: u64,
    limit: usize,
) -> Result<Vec<(MessageId, SendAt)>, StoreError> {
    let mut found = Vec::new();
    let (first, last) = (first_behind(after), until_key(until_ms));
    if first > last {
        return Ok(found);
    }
    rows.scan(
        Table::Scheduled,
        &first,
        &last,
        ScanOrder::Ascending,
        &mut |key, row| {
            if found.len() >= limit {
                return Ok(ControlFlow::Break(()));
            }
            let (at_ms, number) = of_time_key(key)?;
            let grace_ms = grace(row)?;
            found.push((MessageId(number), SendAt { at_ms, grace_ms }));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(found)
}

/// Which scheduled messages to list.
#[derive(Debug, Clone)]
pub struct ScheduledQuery {
    /// Only of this channel.
    pub channel: Option<String>,
    /// Only to this peer.
    pub peer: Option<String>,
    /// Only of these conversations.
    pub within: Option<ConversationSet>,
    /// Only those behind this one: its time and its id.
    pub after: Option<(u64, MessageId)>,
    /// At most this many (at least one).
    pub limit: usize,
    /// At most this many are looked at.
    pub max_searched: usize,
}

/// A page of scheduled messages.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduledPage {
    /// The earliest first.
    pub messages: Vec<Message>,
    /// Where the next page starts: pass it as `after`. `None` on the last page.
    pub next: Option<(u64, MessageId)>,
}

pub(in crate::store) fn page(
    rows: &dyn Snapshot,
    query: &ScheduledQuery,
) -> Result<ScheduledPage, StoreError> {
    let (mut messages, mut next, mut searched) = (Vec::new(), None, 0);
    let mut last_seen = None;
    let (first, last) = (first_behind(query.after), until_key(u64::MAX));
    rows.scan(
        Table::Scheduled,
        &first,
        &last,
        ScanOrder::Ascending,
        &mut |key, _| {
            if messages.len() >= query.limit || searched >= query.max_searched {
                next = last_seen;
                return Ok(ControlFlow::Break(()));
            }
            searched += 1;
            let (at_ms, number) = of_time_key(key)?;
            last_seen = Some((at_ms, MessageId(number)));
            let Some(message) = message::load(rows, number)? else {
                return Ok(ControlFlow::Continue(()));
            };
            if is_wanted(query, &message) {
                messages.push(message);
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(ScheduledPage { messages, next })
}

fn first_behind(after: Option<(u64, MessageId)>) -> Vec<u8> {
    match after {
        Some((at_ms, id)) => time_key(at_ms, id.0.saturating_add(1)),
        None => time_key(0, 0),
    }
}

fn is_wanted(query: &ScheduledQuery, message: &Message) -> bool {
    let is =
        |wanted: &Option<String>, one: &str| wanted.as_deref().is_none_or(|wanted| wanted == one);
    let within = query.within.as_ref();
    is(&query.channel, &message.channel)
        && is(&query.peer, &message.peer)
        && within.is_none_or(|set| set.covers(&message.channel, &message.peer))
}
