//! Gathering the words of many messages, and merging those of several segments, in bounded memory.
//!
//! Not here: which messages (`indexer`), and the bytes of rows (`block`).

use std::{collections::HashMap, ops::ControlFlow};

use super::{
    block::{BlockReader, BlockRow, BlockWriter, block_key, term_of},
    hash::WordHashes,
    segment::Segment,
    units::unit_of,
};
use crate::{
    store::{
        backend::{ScanOrder, Snapshot, Table},
        error::StoreError,
    },
    words::Words,
};

/// What a word takes in memory besides its letters, in bytes.
const WORD_OVERHEAD: usize = 80;

/// The words of a span of messages.
pub(in crate::store) struct SegmentBuilder {
    /// The unit that the others are counted from.
    base: u64,
    known: HashMap<Box<str>, u32, WordHashes>,
    /// The last unit noted for each word.
    last: Vec<u32>,
    /// Words and units, in ascending order of the units of each word.
    found: Vec<(u32, u32)>,
    word_bytes: usize,
    words: Words,
}

impl SegmentBuilder {
    /// For messages from this number on.
    pub(in crate::store) fn new(first: u64) -> Self {
        Self {
            base: unit_of(first),
            known: HashMap::default(),
            last: Vec::new(),
            found: Vec::new(),
            word_bytes: 0,
            words: Words::default(),
        }
    }

    /// About how many bytes of memory it takes.
    pub(in crate::store) fn memory(&self) -> usize {
        let words = self.word_bytes + self.last.len() * WORD_OVERHEAD;
        words + self.found.len() * size_of::<(u32, u32)>()
    }

    /// Adds the words of a message that is newer than those before.
    pub(in crate::store) fn add(&mut self, number: u64, text: &str) {
        let unit = self.unit(number);
        let mut words = std::mem::take(&mut self.words);
        for word in words.of(text).iter() {
            let id = self.id_of(term_of(word));
            self.note(id, unit);
        }
        self.words = words;
    }

    /// The unit of a number, counted from the first. Segments have fewer than 2^32.
    fn unit(&self, number: u64) -> u32 {
        u32::try_from(unit_of(number).saturating_sub(self.base)).unwrap_or(u32::MAX)
    }

    fn note(&mut self, id: u32, unit: u32) {
        let last = &mut self.last[id as usize];
        if *last != unit {
            *last = unit;
            self.found.push((id, unit));
        }
    }

    fn id_of(&mut self, word: &str) -> u32 {
        if let Some(id) = self.known.get(word) {
            return *id;
        }
        let id = u32::try_from(self.last.len()).unwrap_or(u32::MAX);
        self.known.insert(word.into(), id);
        // None is noted yet: no unit has this number.
        self.last.push(u32::MAX);
        self.word_bytes += word.len();
        id
    }

    /// Adds the words of a segment that is newer than those before.
    pub(in crate::store) fn merge(
        &mut self,
        rows: &dyn Snapshot,
        segment: &Segment,
    ) -> Result<(), StoreError> {
        let shift = u64::from(self.unit(segment.first));
        let (first, last) = (
            block_key(segment.id, &[], 0),
            block_key(segment.id, &[u8::MAX], 0),
        );
        let order = ScanOrder::Ascending;
        rows.scan(Table::WordBlocks, &first, &last, order, &mut |_, row| {
            let mut reader = BlockReader::new(row);
            while let Some(units) = reader.next()? {
                let word = std::str::from_utf8(reader.term())
                    .map_err(|_| StoreError::Corrupt("a word is not UTF-8".to_owned()))?;
                let id = self.id_of(word);
                units.each(|unit| {
                    let Ok(unit) = u32::try_from(unit + shift) else {
                        return false;
                    };
                    self.note(id, unit);
                    true
                })?;
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// The rows of the segment with this id.
    pub(in crate::store) fn finish(self, id: u64) -> Vec<BlockRow> {
        // Few words begin with the same eight bytes, so few are compared whole.
        let beginning = |(word, id): (Box<str>, u32)| (first_eight(word.as_bytes()), word, id);
        let mut words: Vec<(u64, Box<str>, u32)> = self.known.into_iter().map(beginning).collect();
        words.sort_unstable();
        let (starts, units) = by_word(&self.found, self.last.len());
        let mut writer = BlockWriter::new(id);
        for (_, word, id) in words {
            let id = id as usize;
            writer.add(word.as_bytes(), &units[starts[id]..starts[id + 1]]);
        }
        writer.finish()
    }
}

/// A number that is in the order of the bytes that it is of.
fn first_eight(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_be_bytes(first)
}

/// The units of each word, one list behind the other, and where each begins.
fn by_word(found: &[(u32, u32)], words: usize) -> (Vec<usize>, Vec<u32>) {
    let mut starts = vec![0_usize; words + 1];
    for (id, _) in found {
        starts[*id as usize + 1] += 1;
    }
    for id in 0..words {
        starts[id + 1] += starts[id];
    }
    let mut next = starts.clone();
    let mut units = vec![0_u32; found.len()];
    for (id, unit) in found {
        let place = &mut next[*id as usize];
        units[*place] = *unit;
        *place += 1;
    }
    (starts, units)
}
