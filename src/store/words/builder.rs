//! Gathering the words of many messages, in bounded memory.
//!
//! Not here: which messages (`indexer`), and the bytes of rows (`block`).

use std::collections::HashMap;

use super::{
    block::{BlockRow, BlockWriter},
    hash::WordHashes,
    units::unit_of,
};
use crate::words::{NumberedTerm, Term, each_term};

/// What a word takes in memory, in bytes.
const WORD_BYTES: usize = 80;

/// The words of a span of messages, once it began. Reused from span to span, it keeps its memory.
#[derive(Default)]
pub(in crate::store) struct SegmentBuilder {
    /// The unit that the others are counted from.
    base: u64,
    known: HashMap<Term, Known, WordHashes>,
    /// Words and units, in ascending order of the units of each word.
    found: Vec<(u32, u32)>,
}

/// A word that was met.
struct Known {
    id: u32,
    /// The last unit noted for it.
    last: u32,
}

impl SegmentBuilder {
    /// Begins with messages from this number on.
    pub(in crate::store) fn begin(&mut self, first: u64) {
        self.base = unit_of(first);
        self.known.clear();
        self.found.clear();
    }

    /// About how many bytes of memory the words take.
    pub(in crate::store) fn memory(&self) -> usize {
        self.known.len() * WORD_BYTES + self.found.len() * size_of::<(u32, u32)>()
    }

    /// Adds the words of a message that is newer than those before.
    pub(in crate::store) fn add(&mut self, number: u64, text: &str) {
        let unit = self.unit(number);
        let Self { known, found, .. } = self;
        each_term(text, |term| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            let word = known.entry(term).or_insert(Known {
                id: next,
                // None is noted yet: no unit has this number.
                last: u32::MAX,
            });
            if word.last != unit {
                word.last = unit;
                found.push((word.id, unit));
            }
        });
    }

    /// The unit of a number, counted from the first. Segments have fewer than 2^32.
    fn unit(&self, number: u64) -> u32 {
        u32::try_from(unit_of(number).saturating_sub(self.base)).unwrap_or(u32::MAX)
    }

    /// The rows of the segment with this id.
    pub(in crate::store) fn finish(&mut self, id: u64) -> Vec<BlockRow> {
        let words = self.known.drain();
        let mut words: Vec<NumberedTerm> = words
            .map(|(term, known)| NumberedTerm::new(term, known.id))
            .collect();
        words.sort_unstable();
        let (starts, units) = by_word(&self.found, words.len());
        let mut writer = BlockWriter::new(id);
        for word in words {
            let id = word.number() as usize;
            writer.add(word.term(), &units[starts[id]..starts[id + 1]]);
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
