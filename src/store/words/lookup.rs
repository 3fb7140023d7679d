//! In which units of a segment a word is, or all words of a query.
//!
//! Not here: the messages of these units (`search`).

use std::ops::ControlFlow;

use super::{
    block::{BlockReader, block_key, segment_of},
    segment::Segment,
    units::UnitSet,
};
use crate::{
    store::{
        backend::{ScanOrder, Snapshot, Table},
        error::StoreError,
    },
    words::{MAX_TERM, QueryWord, Term, WordQuery, each_term},
};

/// A word as it is looked up.
struct Wanted {
    term: Term,
    /// Whether words that only begin with it count.
    is_beginning: bool,
}

impl Wanted {
    fn of(word: QueryWord<'_>) -> Self {
        let term = Term::of(word.word);
        // Of a longer word only what the index keeps can be compared, and of that all.
        let is_cut = term.bytes().len() < word.word.len();
        Self {
            term,
            is_beginning: word.is_beginning && !is_cut,
        }
    }

    fn is(&self, term: Term) -> bool {
        if self.is_beginning {
            self.term.shared(term) == self.term.bytes().len()
        } else {
            term == self.term
        }
    }
}

/// The words of a query, the rarest first as far as that can be told.
pub(super) struct Lookup(Vec<Wanted>);

impl Lookup {
    pub(super) fn new(query: &WordQuery) -> Self {
        let mut words: Vec<Wanted> = query.words().map(Wanted::of).collect();
        words.sort_by_key(|word| {
            (
                word.is_beginning,
                std::cmp::Reverse(word.term.bytes().len()),
            )
        });
        Self(words)
    }

    /// Whether a text may have every word, by what the index would keep of it.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        // A query has far fewer words than there are bits.
        let mut missing = (1_u32 << self.0.len()) - 1;
        each_term(text, |term| {
            for (at, word) in self.0.iter().enumerate() {
                if word.is(term) {
                    missing &= !(1 << at);
                }
            }
        });
        missing == 0
    }

    /// The units of a segment that have every word.
    pub(super) fn units(
        &self,
        rows: &dyn Snapshot,
        segment: &Segment,
    ) -> Result<UnitSet, StoreError> {
        let none = UnitSet::none(segment.first, segment.last);
        let mut all: Option<UnitSet> = None;
        for word in &self.0 {
            let mut units = none.clone();
            add_units(rows, segment.id, word, &mut units)?;
            if let Some(all) = &all {
                units.keep(all);
            }
            if units.is_empty() {
                return Ok(units);
            }
            all = Some(units);
        }
        Ok(all.unwrap_or(none))
    }
}

/// Adds the units that a word is in.
fn add_units(
    rows: &dyn Snapshot,
    id: u64,
    wanted: &Wanted,
    units: &mut UnitSet,
) -> Result<(), StoreError> {
    let term = wanted.term.bytes();
    // The word may begin in the row before the first that begins with it.
    let own = block_key(id, term, 0);
    let first = match rows.at_or_before(Table::WordBlocks, &own)? {
        Some((key, _)) if segment_of(&key)? == id => key,
        _ => own,
    };
    let mut last = block_key(id, term, u64::MAX);
    if wanted.is_beginning {
        last.truncate(8 + term.len());
        last.extend_from_slice(&[u8::MAX; MAX_TERM]);
    }
    let order = ScanOrder::Ascending;
    rows.scan(Table::WordBlocks, &first, &last, order, &mut |_, row| {
        let mut reader = BlockReader::new(row);
        while let Some(found) = reader.next()? {
            if Term::kept(reader.term()).is_some_and(|term| wanted.is(term)) {
                found.each(|unit| units.add(unit))?;
            } else if reader.term() > term {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}
