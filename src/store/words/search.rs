//! Pages of the messages that have all words of a query. The index leads to them where it has them;
//! elsewhere the messages are looked through.
//!
//! Not here: pages of all messages, and the search for any part of a text (`queries::history`).

use std::ops::ControlFlow;

use super::{
    lookup::Lookup,
    segment::{Segment, segments},
    units::UnitSet,
};
use crate::{
    message::{ConversationSet, MessageId},
    store::{
        answer::HistoryPage,
        backend::{ScanOrder, Snapshot, Table},
        error::StoreError,
        index,
        queries::{
            budget::PageBudget,
            message::{as_it_stands, expect},
            revisions,
        },
        request::HistoryQuery,
        rows::{
            body::{self, Body},
            keys::{number_key, number_of},
        },
    },
    words::{WordQuery, Words},
};

/// How many messages of a conversation are passed over, one after the other, before the next place the
/// index names is looked up in the conversation.
const PASSED_OVER: usize = 64;

/// A page of the messages in a span that a query finds. Without a scope: of all conversations.
pub(in crate::store) fn search(
    rows: &dyn Snapshot,
    query: &HistoryQuery,
    words: &WordQuery,
    scope: Option<&[u8]>,
    span: (u64, u64),
) -> Result<HistoryPage, StoreError> {
    let order = match query.after {
        Some(_) => ScanOrder::Ascending,
        None => ScanOrder::Descending,
    };
    let mut search = Search {
        rows,
        scope,
        order,
        words,
        lookup: Lookup::new(words),
        within: query.within.as_ref(),
        any_revised: rows.len(Table::Revisions)? > 0,
        text: Words::default(),
        room: PageBudget::new(query.limit, query.max_bytes),
        left: query.max_searched.max(1),
        left_bytes: query.max_searched_bytes.max(1),
        last: None,
        page: HistoryPage {
            messages: Vec::new(),
            next: None,
        },
    };
    search.run(span)?;
    let mut page = search.page;
    if order == ScanOrder::Descending {
        page.messages.reverse();
    }
    Ok(page)
}

/// A part of the span that is asked for.
enum Part {
    Indexed(Segment),
    NotIndexed,
}

/// A search and how far it has come.
struct Search<'s> {
    rows: &'s dyn Snapshot,
    scope: Option<&'s [u8]>,
    order: ScanOrder,
    words: &'s WordQuery,
    lookup: Lookup,
    within: Option<&'s ConversationSet>,
    /// Where no message was ever edited or deleted, nothing is looked up about that.
    any_revised: bool,
    text: Words,
    room: PageBudget,
    /// How many messages and bytes may still be looked at.
    left: usize,
    left_bytes: usize,
    last: Option<MessageId>,
    page: HistoryPage,
}

impl Search<'_> {
    fn run(&mut self, span: (u64, u64)) -> Result<(), StoreError> {
        let mut parts = parts(&segments(self.rows)?, span);
        if self.order == ScanOrder::Descending {
            parts.reverse();
        }
        for (span, part) in parts {
            let flow = match part {
                Part::NotIndexed => self.look_through(span)?,
                Part::Indexed(segment) => {
                    let units = self.lookup.units(self.rows, &segment)?;
                    match self.scope {
                        _ if units.is_empty() => ControlFlow::Continue(()),
                        None => self.look_at_all(span, &units)?,
                        Some(scope) => self.look_at_scope(scope, span, &units)?,
                    }
                }
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Looks at every message of these units, run by run.
    fn look_at_all(
        &mut self,
        (first, last): (u64, u64),
        units: &UnitSet,
    ) -> Result<ControlFlow<()>, StoreError> {
        let (mut first, mut last) = (first, last);
        loop {
            let run = match self.order {
                ScanOrder::Ascending => units.run_from(first),
                ScanOrder::Descending => units.run_to(last),
            };
            let Some(run) = run.map(|(from, to)| (from.max(first), to.min(last))) else {
                return Ok(ControlFlow::Continue(()));
            };
            if run.0 > run.1 {
                return Ok(ControlFlow::Continue(()));
            }
            if self.look_through(run)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            match self.order {
                ScanOrder::Ascending => first = run.1.saturating_add(1),
                ScanOrder::Descending if run.0 == 0 => return Ok(ControlFlow::Continue(())),
                ScanOrder::Descending => last = run.0 - 1,
            }
        }
    }

    /// Looks at the messages of a conversation that are in these units. Walks along the conversation, and
    /// leaps where that would pass over much of it.
    fn look_at_scope(
        &mut self,
        scope: &[u8],
        (first, last): (u64, u64),
        units: &UnitSet,
    ) -> Result<ControlFlow<()>, StoreError> {
        let (mut first, mut last) = (first, last);
        loop {
            let (mut passed, mut at) = (0, None);
            let (mut flow, rows) = (ControlFlow::Continue(()), self.rows);
            index::each(rows, scope, (first, last), self.order, &mut |entry| {
                if units.has(entry.number) {
                    passed = 0;
                    flow = self.look_at_number(entry.number)?;
                    return Ok(flow);
                }
                passed += 1;
                at = Some(entry.number).filter(|_| passed >= PASSED_OVER);
                Ok(match at {
                    Some(_) => ControlFlow::Break(()),
                    None => ControlFlow::Continue(()),
                })
            })?;
            let Some(at) = at.filter(|_| flow.is_continue()) else {
                return Ok(flow);
            };
            let next = match self.order {
                ScanOrder::Ascending => units.run_from(at).map(|(from, _)| first = from.max(at)),
                ScanOrder::Descending => units.run_to(at).map(|(_, to)| last = to.min(at)),
            };
            if next.is_none() || first > last {
                return Ok(ControlFlow::Continue(()));
            }
        }
    }

    /// Looks at every message of a span.
    fn look_through(&mut self, span: (u64, u64)) -> Result<ControlFlow<()>, StoreError> {
        let (mut flow, rows, order) = (ControlFlow::Continue(()), self.rows, self.order);
        if let Some(scope) = self.scope {
            index::each(rows, scope, span, order, &mut |entry| {
                flow = self.look_at_number(entry.number)?;
                Ok(flow)
            })?;
            return Ok(flow);
        }
        let (first, last) = (number_key(span.0), number_key(span.1));
        rows.scan(Table::Bodies, &first, &last, order, &mut |key, row| {
            flow = self.look_at(number_of(key)?, row)?;
            Ok(flow)
        })?;
        Ok(flow)
    }

    fn look_at_number(&mut self, number: u64) -> Result<ControlFlow<()>, StoreError> {
        let key = number_key(number);
        let row = expect(self.rows.get(Table::Bodies, &key)?, &key)?;
        self.look_at(number, &row)
    }

    /// Puts a message on the page if it is found, unless that is full or enough was looked at.
    fn look_at(&mut self, number: u64, row: &[u8]) -> Result<ControlFlow<()>, StoreError> {
        if self.room.is_used_up() || self.left == 0 || self.left_bytes == 0 {
            self.page.next = self.last;
            return Ok(ControlFlow::Break(()));
        }
        self.left -= 1;
        self.left_bytes = self.left_bytes.saturating_sub(row.len());
        self.last = Some(MessageId(number));
        if self.is_found(number, row)? {
            let body = Body::decode(number, row)?;
            let covers =
                |set: &ConversationSet| set.covers(&body.message.channel, &body.message.peer);
            if self.within.is_none_or(covers) {
                self.page.messages.push(as_it_stands(self.rows, body)?);
                self.room.take(row.len());
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether a message says now what is looked for.
    fn is_found(&mut self, number: u64, row: &[u8]) -> Result<bool, StoreError> {
        let text = body::text(row)?;
        if !self.any_revised {
            return Ok(self.finds(text));
        }
        let said = revisions::said_now(self.rows, number, text)?;
        Ok(said.is_some_and(|text| self.finds(&text)))
    }

    /// Whether a text has what is looked for. Most have not, which their terms say sooner.
    fn finds(&mut self, text: &str) -> bool {
        self.lookup.may_be_in(text) && self.words.finds(self.text.of(text))
    }
}

/// A span cut into what is indexed and what is not, oldest first.
fn parts(segments: &[Segment], (first, last): (u64, u64)) -> Vec<((u64, u64), Part)> {
    let mut parts = Vec::new();
    let mut from = first;
    let complete = segments.iter().filter(|segment| segment.is_complete);
    for segment in complete.filter(|one| one.last >= first && one.first <= last) {
        if segment.first > from {
            parts.push(((from, segment.first - 1), Part::NotIndexed));
        }
        let covered = (segment.first.max(first), segment.last.min(last));
        parts.push((covered, Part::Indexed(*segment)));
        from = segment.last.saturating_add(1);
    }
    // The last number there can be is in no segment.
    if from <= last {
        parts.push(((from, last), Part::NotIndexed));
    }
    parts
}
