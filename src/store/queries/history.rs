//! Pages of messages, and the search in them. A search looks at a bounded number of messages and bytes
//! and returns where to go on.
//!
//! Not here: single messages (`message`).

use std::ops::ControlFlow;

use crate::{
    message::{ConversationSet, Message, MessageId},
    store::{
        answer::HistoryPage,
        backend::{ScanOrder, Snapshot, Table, VisitNumber},
        error::StoreError,
        index,
        queries::{
            budget::PageBudget,
            message::{as_it_stands, body, expect},
            revisions,
        },
        request::HistoryQuery,
        rows::keys::{self, number_key, number_of},
    },
};

/// The scope of a query, none for all messages, and the first and the last number.
pub(in crate::store) type ScopeAndSpan = (Option<Vec<u8>>, (u64, u64));

/// The scope and the span of a query for words, which is answered elsewhere. Behind the last number there is nothing.
pub(in crate::store) fn of_words(query: &HistoryQuery) -> Result<ScopeAndSpan, StoreError> {
    if query.contains.is_some() {
        return Err(StoreError::InvalidQuery(
            "contains and words are two ways to search; give one of them".to_owned(),
        ));
    }
    let nothing = (u64::MAX, u64::MAX);
    Ok((scope(query)?, span(query).unwrap_or(nothing)))
}

/// The span of numbers of a query, both ends included; `None` if it is empty.
fn span(query: &HistoryQuery) -> Option<(u64, u64)> {
    let first = query
        .after
        .map_or(Some(0), |after| after.0.checked_add(1))?;
    let last = query
        .before
        .map_or(Some(u64::MAX), |before| before.0.checked_sub(1))?;
    (first <= last).then_some((first, last))
}

/// The scope of a query; `None` for all messages.
fn scope(query: &HistoryQuery) -> Result<Option<Vec<u8>>, StoreError> {
    match (&query.channel, &query.peer) {
        (None, None) => Ok(None),
        (Some(channel), peer) => Ok(Some(keys::scope(channel, peer.as_deref()))),
        (None, Some(_)) => Err(StoreError::InvalidQuery(
            "a peer has a meaning only within its channel; give the channel too".to_owned(),
        )),
    }
}

/// Visits the numbers of a span of messages.
fn each_number(
    rows: &dyn Snapshot,
    scope: Option<&[u8]>,
    span: (u64, u64),
    order: ScanOrder,
    visit: &mut VisitNumber<'_>,
) -> Result<(), StoreError> {
    if let Some(scope) = scope {
        return index::each(rows, scope, span, order, &mut |entry| visit(entry.number));
    }
    let (first, last) = (number_key(span.0), number_key(span.1));
    rows.scan(Table::Bodies, &first, &last, order, &mut |key, _| {
        visit(number_of(key)?)
    })
}

/// Which messages of a span belong on the page, and how far the search has come.
struct HistorySearch<'q> {
    within: Option<&'q ConversationSet>,
    lowercase: Option<String>,
    /// How many messages and bytes may still be searched.
    left: usize,
    left_bytes: usize,
    last: Option<MessageId>,
}

impl<'q> HistorySearch<'q> {
    fn new(query: &'q HistoryQuery) -> Self {
        Self {
            within: query.within.as_ref(),
            lowercase: query.contains.as_deref().map(str::to_lowercase),
            left: query.max_searched.max(1),
            left_bytes: query.max_searched_bytes.max(1),
            last: None,
        }
    }

    /// Only a search can be over before the page is full: otherwise every message is on the page.
    fn is_over(&self) -> bool {
        let leaves_out = self.lowercase.is_some() || self.within.is_some();
        leaves_out && (self.left == 0 || self.left_bytes == 0)
    }

    fn finds(&mut self, message: &Message, text: &str, size: usize) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left_bytes = self.left_bytes.saturating_sub(size);
        self.last = Some(message.id);
        let covers = |set: &ConversationSet| set.covers(&message.channel, &message.peer);
        let wanted = self.lowercase.as_deref();
        self.within.is_none_or(covers)
            && wanted.is_none_or(|wanted| text.to_lowercase().contains(wanted))
    }
}

/// A page of messages, newest last.
pub(in crate::store) fn history(
    rows: &dyn Snapshot,
    query: &HistoryQuery,
) -> Result<HistoryPage, StoreError> {
    let scope = scope(query)?;
    let order = match query.after {
        Some(_) => ScanOrder::Ascending,
        None => ScanOrder::Descending,
    };
    let mut page = HistoryPage {
        messages: Vec::new(),
        next: None,
    };
    let Some(span) = span(query) else {
        return Ok(page);
    };
    let mut room = PageBudget::new(query.limit, query.max_bytes);
    let mut search = HistorySearch::new(query);
    // Edited messages are found by what they say now. Where there are none, nothing is looked up.
    let any_edited = query.contains.is_some() && rows.len(Table::Revisions)? > 0;
    each_number(rows, scope.as_deref(), span, order, &mut |number| {
        if room.is_used_up() || search.is_over() {
            page.next = search.last;
            return Ok(ControlFlow::Break(()));
        }
        let (body, size) = expect(body(rows, number)?, &number_key(number))?;
        let edited = if any_edited {
            revisions::text(rows, number)?
        } else {
            None
        };
        let text = edited.as_deref().unwrap_or(&body.message.text);
        if search.finds(&body.message, text, size) {
            page.messages.push(as_it_stands(rows, body)?);
            room.take(size);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if order == ScanOrder::Descending {
        page.messages.reverse();
    }
    Ok(page)
}
