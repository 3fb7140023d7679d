//! The row of the store's time in `meta`.
//!
//! Not here: what it means (`state`).

use std::collections::VecDeque;

use super::state::{Anchor, Low, Saved};
use crate::store::{error::StoreError, rows::codec::RowReader};

/// Version of the layout below, as the first byte of the row.
const LAYOUT: u8 = 1;

const SOUGHT: u8 = 0;
const SOUGHT_WITH_BEST: u8 = 1;
const FOUND: u8 = 2;

pub(super) fn encode(saved: &Saved) -> Vec<u8> {
    let (kind, anchor) = match saved.anchor {
        Anchor::Sought(None) => (SOUGHT, 0),
        Anchor::Sought(Some(best)) => (SOUGHT_WITH_BEST, best),
        Anchor::Found(anchor) => (FOUND, anchor),
    };
    let mut row = Vec::with_capacity(26 + 16 * saved.lows.len());
    row.push(LAYOUT);
    row.extend_from_slice(&saved.now_ms.to_be_bytes());
    row.extend_from_slice(&saved.running_ms.to_be_bytes());
    row.push(kind);
    row.extend_from_slice(&anchor.to_be_bytes());
    for low in &saved.lows {
        row.extend_from_slice(&low.seen_ms.to_be_bytes());
        row.extend_from_slice(&low.lead.to_be_bytes());
    }
    row
}

pub(super) fn decode(row: &[u8]) -> Result<Saved, StoreError> {
    let mut reader = RowReader::new("time", row);
    reader.layout(LAYOUT)?;
    let (now_ms, running_ms) = (reader.fixed()?, reader.fixed()?);
    let kind = reader.byte()?;
    let anchor = reader.fixed()?.cast_signed();
    let anchor = match kind {
        SOUGHT => Anchor::Sought(None),
        SOUGHT_WITH_BEST => Anchor::Sought(Some(anchor)),
        FOUND => Anchor::Found(anchor),
        _ => return Err(reader.wrong("has an unknown anchor")),
    };
    let mut lows = VecDeque::new();
    while !reader.is_at_end() {
        lows.push_back(Low {
            seen_ms: reader.fixed()?,
            lead: reader.fixed()?.cast_signed(),
        });
    }
    Ok(Saved {
        now_ms,
        running_ms,
        anchor,
        lows,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_time_reads_back(
            now_ms: u64,
            running_ms: u64,
            kind in 0..3_u8,
            lead: i64,
            lows: Vec<(u64, i64)>,
        ) {
            let anchor = match kind {
                0 => Anchor::Sought(None),
                1 => Anchor::Sought(Some(lead)),
                _ => Anchor::Found(lead),
            };
            let lows = lows.into_iter().map(|(seen_ms, lead)| Low { seen_ms, lead });
            let saved = Saved { now_ms, running_ms, anchor, lows: lows.collect() };
            prop_assert_eq!(decode(&encode(&saved))?, saved);
        }

        #[test]
        fn a_damaged_row_is_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}
