//! Gathering the words of many messages, in bounded memory.
//!
//! Not here: which messages (`indexer`), and the bytes of rows (`block`).

use std::collections::HashMap;

use super::{
    block::{BlockRow, BlockWriter},
    hash::WordHashes,
    term::Term,
    units::unit_of,
};
use crate::words::Words;

/// What a word takes in memory, in bytes.
const WORD_BYTES: usize = 80;

/// The words of a span of messages.
pub(in crate::store) struct SegmentBuilder {
    /// The unit that the others are counted from.
    base: u64,
    known: HashMap<Term, u32, WordHashes>,
    /// The last unit noted for each word.
    last: Vec<u32>,
    /// Words and units, in ascending order of the units of each word.
    found: Vec<(u32, u32)>,
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
            words: Words::default(),
        }
    }

    /// About how many bytes of memory it takes.
    pub(in crate::store) fn memory(&self) -> usize {
        self.last.len() * WORD_BYTES + self.found.len() * size_of::<(u32, u32)>()
    }

    /// Adds the words of a message that is newer than those before.
    pub(in crate::store) fn add(&mut self, number: u64, text: &str) {
        let unit = self.unit(number);
        let mut words = std::mem::take(&mut self.words);
        for word in words.of(text).iter() {
            let id = self.id_of(Term::of(word));
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

    fn id_of(&mut self, term: Term) -> u32 {
        let next = u32::try_from(self.last.len()).unwrap_or(u32::MAX);
        let id = *self.known.entry(term).or_insert(next);
        if id == next {
            // None is noted yet: no unit has this number.
            self.last.push(u32::MAX);
        }
        id
    }

    /// The rows of the segment with this id.
    pub(in crate::store) fn finish(self, id: u64) -> Vec<BlockRow> {
        let mut words: Vec<(Term, u32)> = self.known.into_iter().collect();
        words.sort_unstable();
        let (starts, units) = by_word(&self.found, self.last.len());
        let mut writer = BlockWriter::new(id);
        for (term, id) in words {
            let id = id as usize;
            writer.add(term, &units[starts[id]..starts[id + 1]]);
        }
        writer.finish()
    }
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
