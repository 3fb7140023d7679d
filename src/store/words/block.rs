//! Rows of `word_blocks`: some words of a segment in their order, each with the units it is in.
//!
//! An entry is how many bytes the word shares with the one before it and how many follow (half a byte
//! each), these bytes, in how many units it is, the first of them, and the distances of the others.
//! A word in many units takes several entries. The key of a row is the segment, the first word in it, a
//! zero and the first unit: so the database's own tree leads to the row that has a word.
//!
//! Not here: which words a segment has (`builder`), looking one up (`lookup`).

use super::bits::{BitReader, BitWriter, width_for};
use crate::{
    store::{
        error::StoreError,
        rows::codec::{RowReader, put_number},
    },
    words::Term,
};

/// The size of a row, so that with its key it fills a page of the database: rows that share pages leave
/// half of them empty when they come in order.
const BLOCK: usize = 4_040;

/// How many units one entry has at most.
const MAX_UNITS: usize = 256;

/// A row of `word_blocks`.
pub(in crate::store) type BlockRow = (Vec<u8>, Vec<u8>);

/// The key of the first row that may have a word, in a segment.
pub(in crate::store) fn block_key(segment: u64, term: &[u8], unit: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(17 + term.len());
    key.extend_from_slice(&segment.to_be_bytes());
    key.extend_from_slice(term);
    key.push(0);
    key.extend_from_slice(&unit.to_be_bytes());
    key
}

/// What the keys of all rows of a segment are between.
pub(in crate::store) fn block_keys(segment: u64) -> (Vec<u8>, Vec<u8>) {
    (
        block_key(segment, &[], 0),
        block_key(segment, &[u8::MAX], 0),
    )
}

/// The segment of a row.
pub(in crate::store) fn segment_of(key: &[u8]) -> Result<u64, StoreError> {
    key.first_chunk()
        .map(|id| u64::from_be_bytes(*id))
        .ok_or_else(|| StoreError::Corrupt("a key of word_blocks is too short".to_owned()))
}

/// Packs words into rows.
pub(super) struct BlockWriter {
    segment: u64,
    rows: Vec<BlockRow>,
    key: Vec<u8>,
    row: Vec<u8>,
    entry: Vec<u8>,
    distances: Vec<u8>,
    /// The last word in the current row.
    before: Option<Term>,
}

impl BlockWriter {
    pub(super) fn new(segment: u64) -> Self {
        Self {
            segment,
            rows: Vec::new(),
            key: Vec::new(),
            row: Vec::with_capacity(BLOCK),
            entry: Vec::new(),
            distances: Vec::new(),
            before: None,
        }
    }

    /// Adds a word, which must be behind the ones before, with its units in ascending order.
    pub(super) fn add(&mut self, term: Term, units: &[u32]) {
        for units in units.chunks(MAX_UNITS) {
            self.encode(term, units);
            if !self.row.is_empty() && self.row.len() + self.entry.len() > BLOCK {
                self.end_row();
                self.encode(term, units);
            }
            if self.row.is_empty() {
                self.key = block_key(self.segment, term.bytes(), u64::from(units[0]));
            }
            self.row.append(&mut self.entry);
            self.before = Some(term);
        }
    }

    fn encode(&mut self, term: Term, units: &[u32]) {
        let shared = self.before.map_or(0, |before| before.shared(term));
        let suffix = &term.bytes()[shared..];
        let entry = &mut self.entry;
        entry.clear();
        // Both are at most ten.
        entry.push((shared << 4 | suffix.len()).to_le_bytes()[0]);
        entry.extend_from_slice(suffix);
        put_number(entry, units.len() as u64);
        put_number(entry, u64::from(units[0]));
        let span = u64::from(units[units.len() - 1] - units[0]);
        match units {
            [_] => {}
            [one, two] => put_number(entry, u64::from(two - one)),
            _ => {
                let width = width_for(span, units.len() - 1);
                let distances = &mut self.distances;
                distances.clear();
                let mut writer = BitWriter::new(distances);
                for pair in units.windows(2) {
                    writer.put(u64::from(pair[1] - pair[0]) - 1, width);
                }
                writer.end();
                entry.push(width.to_le_bytes()[0]);
                put_number(entry, distances.len() as u64);
                entry.extend_from_slice(distances);
            }
        }
    }

    fn end_row(&mut self) {
        if !self.row.is_empty() {
            let key = std::mem::take(&mut self.key);
            let row = std::mem::replace(&mut self.row, Vec::with_capacity(BLOCK));
            self.rows.push((key, row));
        }
        self.before = None;
    }

    pub(super) fn finish(mut self) -> Vec<BlockRow> {
        self.end_row();
        self.rows
    }
}

/// Reads the entries of a row.
pub(super) struct BlockReader<'r> {
    reader: RowReader<'r>,
    term: Vec<u8>,
}

/// Where the units of an entry are.
pub(super) struct Units<'r> {
    count: u64,
    first: u64,
    distances: Distances<'r>,
}

enum Distances<'r> {
    None,
    One(u64),
    Many(u32, &'r [u8]),
}

impl<'r> BlockReader<'r> {
    pub(super) fn new(row: &'r [u8]) -> Self {
        Self {
            reader: RowReader::new("word_blocks", row),
            term: Vec::new(),
        }
    }

    /// The word of the last entry read.
    pub(super) fn term(&self) -> &[u8] {
        &self.term
    }

    /// The next entry.
    pub(super) fn next(&mut self) -> Result<Option<Units<'r>>, StoreError> {
        let reader = &mut self.reader;
        if reader.is_at_end() {
            return Ok(None);
        }
        let lengths = reader.byte()?;
        let shared = usize::from(lengths >> 4);
        if shared > self.term.len() {
            return Err(reader.wrong("shares more than there is"));
        }
        self.term.truncate(shared);
        self.term
            .extend_from_slice(reader.bytes(usize::from(lengths & 0xf))?);
        let (count, first) = (reader.number()?, reader.number()?);
        let distances = match count {
            0 => return Err(reader.wrong("has a word in no unit")),
            1 => Distances::None,
            2 => Distances::One(reader.number()?),
            _ => {
                let width = u32::from(reader.byte()?);
                let length = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
                Distances::Many(width, reader.bytes(length)?)
            }
        };
        Ok(Some(Units {
            count,
            first,
            distances,
        }))
    }
}

impl Units<'_> {
    /// Visits each of them, in ascending order; `visit` says whether it may be.
    pub(super) fn each(&self, mut visit: impl FnMut(u64) -> bool) -> Result<(), StoreError> {
        let wrong = || StoreError::Corrupt("a row of word_blocks has a unit too far".to_owned());
        let mut check = |unit: u64| if visit(unit) { Ok(()) } else { Err(wrong()) };
        let mut unit = self.first;
        check(unit)?;
        match self.distances {
            Distances::None => {}
            Distances::One(distance) => check(unit.checked_add(distance).ok_or_else(wrong)?)?,
            Distances::Many(width, bytes) => {
                let mut reader = BitReader::new(bytes);
                for _ in 1..self.count {
                    let distance = reader
                        .take(width)
                        .and_then(|distance| distance.checked_add(1));
                    let next = distance.and_then(|distance| unit.checked_add(distance));
                    unit = next.ok_or_else(wrong)?;
                    check(unit)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::{
        collection::{btree_map, btree_set},
        prelude::*,
    };

    use super::*;

    type Lists = BTreeMap<String, BTreeSet<u32>>;

    fn lists() -> impl Strategy<Value = Lists> {
        let spans = prop_oneof![Just(10_u32), Just(10_000), Just(1_000_000)];
        let units = spans.prop_flat_map(|span| btree_set(0..span, 1..700));
        btree_map("[a-z0-9]{1,10}", units, 0..30)
    }

    proptest! {
        #[test]
        fn words_and_their_units_read_back_in_rows_that_fit_a_page(lists in lists()) {
            let mut writer = BlockWriter::new(7);
            for (term, units) in &lists {
                let units: Vec<u32> = units.iter().copied().collect();
                writer.add(Term::of(term), &units);
            }
            let mut back = Lists::new();
            let rows = writer.finish();
            prop_assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0));
            for (key, row) in &rows {
                prop_assert_eq!(segment_of(key)?, 7);
                prop_assert!(key.len() + row.len() <= 4_080);
                let mut reader = BlockReader::new(row);
                while let Some(units) = reader.next()? {
                    let term = String::from_utf8(reader.term().to_vec()).expect("text");
                    let list = back.entry(term).or_default();
                    units.each(|unit| list.insert(u32::try_from(unit).expect("small")))?;
                }
            }
            prop_assert_eq!(back, lists);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(row: Vec<u8>) {
            let mut reader = BlockReader::new(&row);
            while let Ok(Some(units)) = reader.next() {
                let _ = units.each(|unit| unit < 1_000);
            }
        }
    }
}
