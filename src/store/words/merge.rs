//! Merging the words of consecutive segments. They are in their order already: each word is taken from all segments
//! that have it, the oldest first.
//!
//! Not here: which segments (`indexer`), and the bytes of rows (`block`).

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
    ops::ControlFlow,
    slice,
};

use super::{
    block::{BlockReader, BlockRow, BlockWriter, Units, block_keys},
    segment::Segment,
    units::{MAX_SPAN, unit_of},
};
use crate::{
    store::{
        backend::{ScanOrder, Snapshot, Table},
        error::StoreError,
    },
    words::{NumberedTerm, Term},
};

/// The words of some segments, as they are stored.
pub(in crate::store) struct SegmentMerge {
    /// The unit that the others are counted from.
    base: u64,
    sources: Vec<Source>,
}

/// The rows of a segment.
struct Source {
    rows: Vec<Vec<u8>>,
    /// What is added to its units.
    shift: u64,
}

impl SegmentMerge {
    /// For segments from this number on.
    pub(in crate::store) fn new(first: u64) -> Self {
        Self {
            base: unit_of(first),
            sources: Vec::new(),
        }
    }

    /// Reads the words of a segment that is newer than those before.
    pub(in crate::store) fn read(
        &mut self,
        rows: &dyn Snapshot,
        segment: &Segment,
    ) -> Result<(), StoreError> {
        let mut source = Source {
            rows: Vec::new(),
            shift: unit_of(segment.first).saturating_sub(self.base),
        };
        let (first, last) = block_keys(segment.id);
        let order = ScanOrder::Ascending;
        rows.scan(Table::WordBlocks, &first, &last, order, &mut |_, row| {
            source.rows.push(row.to_vec());
            Ok(ControlFlow::Continue(()))
        })?;
        self.sources.push(source);
        Ok(())
    }

    /// The rows of the segment with this id.
    pub(in crate::store) fn finish(self, id: u64) -> Result<Vec<BlockRow>, StoreError> {
        let mut cursors = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            cursors.push(Cursor::new(source)?);
        }
        // The next word of each cursor: the first on top, of the oldest that has it.
        let terms = cursors.iter().map(Cursor::term).zip(0..);
        let mut next: BinaryHeap<Reverse<NumberedTerm>> = terms
            .filter_map(|(term, at)| Some(Reverse(NumberedTerm::new(term?, at))))
            .collect();
        let mut writer = BlockWriter::new(id);
        let mut units = Vec::new();
        while let Some(term) = next.peek().map(|top| top.0.term()) {
            units.clear();
            while let Some(mut top) = next.peek_mut().filter(|top| top.0.term() == term) {
                let at = top.0.number();
                let cursor = &mut cursors[at as usize];
                cursor.take(term, &mut units)?;
                match cursor.term() {
                    Some(after) => *top = Reverse(NumberedTerm::new(after, at)),
                    None => drop(PeekMut::pop(top)),
                }
            }
            writer.add(term, &units);
        }
        Ok(writer.finish())
    }
}

/// Where in the words of a segment it is.
struct Cursor<'s> {
    rows: slice::Iter<'s, Vec<u8>>,
    shift: u64,
    reader: BlockReader<'s>,
    /// The entry that is next.
    next: Option<(Term, Units<'s>)>,
}

impl<'s> Cursor<'s> {
    fn new(source: &'s Source) -> Result<Self, StoreError> {
        let mut cursor = Self {
            rows: source.rows.iter(),
            shift: source.shift,
            reader: BlockReader::new(&[]),
            next: None,
        };
        cursor.advance()?;
        Ok(cursor)
    }

    fn term(&self) -> Option<Term> {
        self.next.as_ref().map(|(term, _)| *term)
    }

    /// Goes on to the next entry, in this row or another.
    fn advance(&mut self) -> Result<(), StoreError> {
        self.next = loop {
            if let Some(units) = self.reader.next()? {
                let term = Term::kept(self.reader.term())
                    .ok_or_else(|| wrong("a row of word_blocks has a word too long"))?;
                if self.term().is_some_and(|before| before > term) {
                    return Err(wrong("a row of word_blocks has a word out of order"));
                }
                break Some((term, units));
            }
            match self.rows.next() {
                Some(row) => self.reader = BlockReader::new(row),
                None => break None,
            }
        };
        Ok(())
    }

    /// Adds the units of all entries of a word, if they are next, to those of older segments. A unit may have
    /// messages of two.
    fn take(&mut self, term: Term, all: &mut Vec<u32>) -> Result<(), StoreError> {
        while let Some((_, units)) = self.next.as_ref().filter(|(next, _)| *next == term) {
            units.each(|unit| {
                let shifted = unit.checked_add(self.shift);
                let within = shifted.filter(|unit| *unit <= unit_of(MAX_SPAN));
                let Some(unit) = within.and_then(|unit| u32::try_from(unit).ok()) else {
                    return false;
                };
                match all.last() {
                    Some(last) if *last > unit => return false,
                    Some(last) if *last == unit => {}
                    _ => all.push(unit),
                }
                true
            })?;
            self.advance()?;
        }
        Ok(())
    }
}

fn wrong(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{super::builder::SegmentBuilder, *};

    fn source(rows: Vec<BlockRow>, shift: u64) -> Source {
        Source {
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            shift,
        }
    }

    fn merged(sources: Vec<Source>, id: u64) -> Result<Vec<BlockRow>, StoreError> {
        SegmentMerge { base: 0, sources }.finish(id)
    }

    proptest! {
        #[test]
        fn they_are_the_rows_of_one_segment_of_all_messages(
            parts in vec(vec(("[a-c]{1,3}( [a-z]{2}){0,3}", 1..30_u64), 1..400), 1..5),
        ) {
            let (mut number, mut sources) = (0, Vec::new());
            let (mut whole, mut builder) = (SegmentBuilder::default(), SegmentBuilder::default());
            whole.begin(0);
            for part in &parts {
                let first = number;
                builder.begin(first);
                for (text, distance) in part {
                    builder.add(number, text);
                    whole.add(number, text);
                    number += distance;
                }
                sources.push(source(builder.finish(3), unit_of(first)));
            }
            prop_assert_eq!(merged(sources, 7)?, whole.finish(7));
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(rows: Vec<Vec<Vec<u8>>>, shift: u64) {
            let sources = rows.into_iter().map(|rows| Source { rows, shift }).collect();
            let _ = merged(sources, 7);
        }
    }

    #[test]
    fn words_out_of_order_are_refused() {
        let rows = |texts: [&str; 2]| {
            let rows = texts.map(|text| {
                let mut builder = SegmentBuilder::default();
                builder.add(0, text);
                builder.finish(3)
            });
            vec![source(rows.concat(), 0)]
        };
        assert!(merged(rows(["antes", "depois"]), 7).is_ok());
        assert!(merged(rows(["depois", "antes"]), 7).is_err());
    }
}
