//! Some consecutive messages of a scope as bytes: each number as its distance to the one before, with
//! the side of the message in the lowest two bits, as a number of variable length. Most messages take
//! one or two bytes.
//!
//! Version 1 of the schema had one row for each message, of one byte or none. Such a row is also a
//! valid chunk of one message.
//!
//! Not here: the keys of chunks (`rows::keys`).

use crate::{
    message::{Direction, Message, is_own},
    store::{
        error::StoreError,
        rows::{
            codec::{RowReader, put_number},
            keys::number_key,
        },
    },
};

/// The number of messages in a full chunk.
pub(super) const FULL: usize = 32;

/// The bits of an encoded number that hold the side.
const SIDE_BITS: u32 = 2;

/// Who wrote a message. Files hold the discriminant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Side {
    /// The user, on whatever device.
    Ours,
    /// The peer.
    Theirs,
    /// Not recorded, as in the first files: the message itself has to be read.
    Unknown,
}

impl Side {
    /// The side of a message. What the user wrote on another device is incoming, and yet ours.
    pub(in crate::store) fn of(message: &Message) -> Self {
        if message.direction == Direction::In && !is_own(message.meta.as_ref()) {
            Self::Theirs
        } else {
            Self::Ours
        }
    }

    const ALL: [Self; 3] = [Self::Ours, Self::Theirs, Self::Unknown];
}

/// A message in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct IndexEntry {
    pub(in crate::store) number: u64,
    pub(in crate::store) side: Side,
}

/// Some messages of a scope, oldest first. No other chunk of the scope has a number between its first
/// and its last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The number in its key: that of the first message it ever had. It stays when that message is
    /// removed, so that the row need not move.
    base: u64,
    entries: Vec<IndexEntry>,
}

impl Chunk {
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    pub(super) fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    /// The number of the newest message.
    pub(super) fn newest(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.number)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= FULL
    }

    /// Whether a message of this number would be in this chunk rather than in an older one.
    pub(super) fn reaches_back_to(&self, number: u64) -> bool {
        let oldest = self.entries.first();
        oldest.is_some_and(|oldest| oldest.number <= number)
    }

    pub(super) fn has(&self, number: u64) -> bool {
        self.entries.iter().any(|entry| entry.number == number)
    }

    /// Adds a message, which must be newer than the others.
    pub(super) fn push(&mut self, entry: IndexEntry) {
        if self.is_empty() {
            self.base = entry.number;
        }
        self.entries.push(entry);
    }

    pub(super) fn remove(&mut self, number: u64) {
        self.entries.retain(|entry| entry.number != number);
    }

    /// The row in `scopes`, whose key has the base. An empty chunk has no row.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut row = Vec::with_capacity(2 * self.entries.len());
        self.encode_into(&mut row);
        row
    }

    /// The row in `tails`: the base, then the same bytes.
    pub(super) fn encode_with_base(&self) -> Vec<u8> {
        let mut row = Vec::with_capacity(8 + 2 * self.entries.len());
        row.extend_from_slice(&number_key(self.base));
        self.encode_into(&mut row);
        row
    }

    fn encode_into(&self, row: &mut Vec<u8>) {
        let mut previous = self.base;
        for entry in &self.entries {
            // Far below 2^62: numbers grow by one, from 0 or from the clock.
            let distance = entry.number - previous;
            put_number(row, distance << SIDE_BITS | entry.side as u64);
            previous = entry.number;
        }
    }

    pub(super) fn decode(base: u64, row: &[u8]) -> Result<Self, StoreError> {
        if row.is_empty() {
            let (number, side) = (base, Side::Unknown);
            let entries = vec![IndexEntry { number, side }];
            return Ok(Self { base, entries });
        }
        Self::read(base, RowReader::new("scopes", row))
    }

    pub(super) fn decode_with_base(row: &[u8]) -> Result<Self, StoreError> {
        let mut reader = RowReader::new("tails", row);
        Self::read(reader.fixed()?, reader)
    }

    fn read(base: u64, mut reader: RowReader<'_>) -> Result<Self, StoreError> {
        let (mut number, mut entries) = (base, Vec::new());
        while entries.is_empty() || !reader.is_at_end() {
            let encoded = reader.number()?;
            let distance = encoded >> SIDE_BITS;
            let side = usize::try_from(encoded & ((1 << SIDE_BITS) - 1)).unwrap_or(usize::MAX);
            let side = *Side::ALL
                .get(side)
                .ok_or_else(|| reader.wrong("does not say whose a message is"))?;
            let is_next = entries.is_empty() || distance > 0;
            number = number
                .checked_add(distance)
                .filter(|_| is_next)
                .ok_or_else(|| reader.wrong("is not in the order of its numbers"))?;
            entries.push(IndexEntry { number, side });
        }
        Ok(Self { base, entries })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn chunks() -> impl Strategy<Value = Chunk> {
        let steps = vec((1..1_u64 << 40, 0..Side::ALL.len()), 1..=FULL);
        (0..1_u64 << 50, steps).prop_map(|(mut number, steps)| {
            let mut chunk = Chunk::default();
            for (distance, side) in steps {
                number += distance;
                let side = Side::ALL[side];
                chunk.push(IndexEntry { number, side });
            }
            chunk
        })
    }

    proptest! {
        #[test]
        fn a_chunk_reads_back_also_without_some_of_its_messages(mut chunk in chunks(), gone in vec(any::<usize>(), 0..9)) {
            for which in gone {
                if chunk.entries().len() > 1 {
                    let entry = chunk.entries()[which % chunk.entries().len()];
                    chunk.remove(entry.number);
                }
            }
            prop_assert_eq!(&Chunk::decode(chunk.base(), &chunk.encode())?, &chunk);
            prop_assert_eq!(&Chunk::decode_with_base(&chunk.encode_with_base())?, &chunk);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(base: u64, bytes: Vec<u8>) {
            let _ = (Chunk::decode(base, &bytes), Chunk::decode_with_base(&bytes));
        }
    }

    #[test]
    fn rows_of_version_1_are_chunks_of_one() {
        for (row, side) in [
            (&[][..], Side::Unknown),
            (&[0], Side::Ours),
            (&[1], Side::Theirs),
        ] {
            let chunk = Chunk::decode(7, row).expect("readable");
            assert_eq!(chunk.entries(), [IndexEntry { number: 7, side }]);
        }
    }

    #[test]
    fn a_row_that_repeats_a_number_or_names_no_side_or_counts_too_far_is_refused() {
        for (base, wrong) in [(7, &[0, 0][..]), (7, &[3]), (u64::MAX, &[4])] {
            let chunk = Chunk::decode(base, wrong);
            assert!(matches!(chunk, Err(StoreError::Corrupt(_))), "{chunk:?}");
        }
    }
}
