//! Rows of `word_segments`: which spans of messages are indexed.
//!
//! Not here: their words (`block`).

use std::ops::ControlFlow;

use super::units::MAX_SPAN;
use crate::store::{
    backend::{Get, Rows, ScanOrder, Snapshot, Table},
    error::StoreError,
    rows::{
        codec::{RowReader, put_number},
        keys::{number_key, number_of},
    },
};

/// Version of the layout of a row, its first byte.
const LAYOUT: u8 = 1;

/// A span of messages whose words are in the index, or are being put there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Segment {
    /// The number it begins with. No other segment has numbers of its span.
    pub(in crate::store) first: u64,
    /// The number it ends with.
    pub(in crate::store) last: u64,
    /// What the keys of its words begin with.
    pub(in crate::store) id: u64,
    /// How many messages there are in it.
    pub(in crate::store) messages: u64,
    /// The size of its words, in bytes.
    pub(in crate::store) bytes: u64,
    /// Whether its words are all there. While they are not, its messages are looked through.
    pub(in crate::store) is_complete: bool,
}

impl Segment {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut row = vec![LAYOUT, u8::from(self.is_complete)];
        for number in [self.last, self.id, self.messages, self.bytes] {
            put_number(&mut row, number);
        }
        row
    }

    pub(in crate::store) fn decode(key: &[u8], row: &[u8]) -> Result<Self, StoreError> {
        let mut reader = RowReader::new("word_segments", row);
        reader.layout(LAYOUT)?;
        let segment = Self {
            first: number_of(key)?,
            is_complete: reader.byte()? == 1,
            last: reader.number()?,
            id: reader.number()?,
            messages: reader.number()?,
            bytes: reader.number()?,
        };
        if segment.first > segment.last || segment.last - segment.first >= MAX_SPAN {
            return Err(reader.wrong("has a span that none has"));
        }
        reader.end()?;
        Ok(segment)
    }
}

/// Every segment, oldest first.
pub(in crate::store) fn segments(rows: &dyn Snapshot) -> Result<Vec<Segment>, StoreError> {
    let (first, last) = (number_key(0), number_key(u64::MAX));
    let mut all: Vec<Segment> = Vec::new();
    let order = ScanOrder::Ascending;
    rows.scan(
        Table::WordSegments,
        &first,
        &last,
        order,
        &mut |key, row| {
            let segment = Segment::decode(key, row)?;
            if all
                .last()
                .is_some_and(|before| before.last >= segment.first)
            {
                return Err(StoreError::Corrupt("segments of words overlap".to_owned()));
            }
            all.push(segment);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(all)
}

/// The segment that begins with this number.
pub(in crate::store) fn segment_at(
    rows: &dyn Get,
    first: u64,
) -> Result<Option<Segment>, StoreError> {
    let key = number_key(first);
    let row = rows.get(Table::WordSegments, &key)?;
    row.map(|row| Segment::decode(&key, &row)).transpose()
}

/// Takes the words of a message out of the index, which must be done before the message goes or says
/// something else. The segment that has them is given up: nothing leads to its rows any more, which are
/// removed soon after, and its other messages are looked through until they are indexed again. Returns
/// whether there was one.
pub(in crate::store) fn forget(rows: &mut dyn Rows, number: u64) -> Result<bool, StoreError> {
    let Some((key, row)) = rows.at_or_before(Table::WordSegments, &number_key(number))? else {
        return Ok(false);
    };
    if Segment::decode(&key, &row)?.last < number {
        return Ok(false);
    }
    rows.remove(Table::WordSegments, &key)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_row_reads_back(first in 0..1_u64 << 50, span in 0..1000_u64, id: u64, messages: u64, is_complete: bool) {
            let (last, bytes) = (first + span, messages / 2);
            let segment = Segment { first, last, id, messages, bytes, is_complete };
            prop_assert_eq!(Segment::decode(&number_key(first), &segment.encode())?, segment);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(key: Vec<u8>, row: Vec<u8>) {
            let _ = Segment::decode(&key, &row);
        }
    }
}
