//! In which units of a segment a word is, or all words of a query.
//!
//! Not here: the messages of these units (`search`).

use std::ops::ControlFlow;

use super::{
    block::{BlockReader, MAX_TERM, block_key, segment_of, term_of},
    segment::Segment,
    units::UnitSet,
};
use crate::{
    store::{
        backend::{ScanOrder, Snapshot, Table},
        error::StoreError,
    },
    words::{QueryWord, WordQuery},
};

/// A word as it is looked up.
struct Wanted<'q> {
    term: &'q [u8],
    /// Whether words that only begin with it count.
    is_beginning: bool,
}

impl<'q> Wanted<'q> {
    fn of(word: QueryWord<'q>) -> Self {
        let term = term_of(word.word);
        // Of a longer word only what the index keeps can be compared, and of that all.
        let is_cut = term.len() < word.word.len();
        Self {
            term: term.as_bytes(),
            is_beginning: word.is_beginning && !is_cut,
        }
    }

    fn is(&self, term: &[u8]) -> bool {
        if self.is_beginning {
            term.starts_with(self.term)
        } else {
            term == self.term
        }
    }
}

/// The words of a query, the rarest first as far as that can be told.
pub(super) struct Lookup<'q>(Vec<Wanted<'q>>);

impl<'q> Lookup<'q> {
    pub(super) fn new(query: &'q WordQuery) -> Self {
        let mut words: Vec<Wanted<'q>> = query.words().map(Wanted::of).collect();
        words.sort_by_key(|word| (word.is_beginning, std::cmp::Reverse(word.term.len())));
        Self(words)
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
    wanted: &Wanted<'_>,
    units: &mut UnitSet,
) -> Result<(), StoreError> {
    // The word may begin in the row before the first that begins with it.
    let own = block_key(id, wanted.term, 0);
    let first = match rows.at_or_before(Table::WordBlocks, &own)? {
        Some((key, _)) if segment_of(&key)? == id => key,
        _ => own,
    };
    let mut last = block_key(id, wanted.term, u64::MAX);
    if wanted.is_beginning {
        last.truncate(8 + wanted.term.len());
        last.extend_from_slice(&[u8::MAX; MAX_TERM]);
    }
    let order = ScanOrder::Ascending;
    rows.scan(Table::WordBlocks, &first, &last, order, &mut |_, row| {
        let mut reader = BlockReader::new(row);
        while let Some(found) = reader.next()? {
            if wanted.is(reader.term()) {
                found.each(|unit| units.add(unit))?;
            } else if reader.term() > wanted.term {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}
