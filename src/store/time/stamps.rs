//! Rows of `times`: from which sequence number on what was stored was stored at which time. One an
//! hour, and one after each discontinuity: between two of them the wall clock ran evenly, so the
//! time of everything stored follows from the wall clock's time in its own row.
//!
//! Not here: when one is due (`super`).

use std::ops::ControlFlow;

use super::STAMP_EVERY_MS;
use crate::{
    clock::PLAUSIBLE_MS,
    store::{
        backend::{Get, Rows, ScanOrder, Snapshot, Table},
        error::StoreError,
        rows::{
            codec::RowReader,
            keys::{number_key, number_of},
        },
    },
};

/// Version of the layout below, as the first byte of a row.
const LAYOUT: u8 = 1;

const AT: u8 = 0;
const BEFORE: u8 = 1;

/// When what has the sequence number of the stamp, and what follows it, was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Stamp {
    /// From this time on, when the wall clock showed that.
    At { time_ms: u64, wall_ms: u64 },
    /// Before this time, by a version that had only the wall clock.
    Before { time_ms: u64 },
}

impl Stamp {
    fn encode(self) -> Vec<u8> {
        let (kind, time_ms, wall_ms) = match self {
            Self::At { time_ms, wall_ms } => (AT, time_ms, wall_ms),
            Self::Before { time_ms } => (BEFORE, time_ms, 0),
        };
        let mut row = vec![LAYOUT, kind];
        row.extend_from_slice(&number_key(time_ms));
        row.extend_from_slice(&number_key(wall_ms));
        row
    }

    fn decode(row: &[u8]) -> Result<Self, StoreError> {
        let mut reader = RowReader::new("times", row);
        reader.layout(LAYOUT)?;
        let kind = reader.byte()?;
        let (time_ms, wall_ms) = (reader.fixed()?, reader.fixed()?);
        let stamp = match kind {
            AT => Self::At { time_ms, wall_ms },
            BEFORE => Self::Before { time_ms },
            _ => return Err(reader.wrong("has an unknown kind")),
        };
        reader.end()?;
        Ok(stamp)
    }

    /// The time at which something was stored when the wall clock showed `at_ms`: never too early, at
    /// most an hour too late.
    fn time_of(self, at_ms: u64) -> u64 {
        match self {
            Self::At { time_ms, wall_ms } => {
                let since = at_ms.checked_sub(wall_ms).unwrap_or(STAMP_EVERY_MS);
                time_ms.saturating_add(since.min(STAMP_EVERY_MS))
            }
            // A clock that had not been set yet says nothing of it.
            Self::Before { time_ms } if at_ms < PLAUSIBLE_MS.start => time_ms,
            Self::Before { time_ms } => at_ms.min(time_ms),
        }
    }
}

/// Stamps everything from this sequence number on.
pub(in crate::store) fn put_stamp(
    rows: &mut dyn Rows,
    seq: u64,
    stamp: Stamp,
) -> Result<(), StoreError> {
    rows.put(Table::Times, &number_key(seq), &stamp.encode())
}

/// The time at which what has this sequence number was stored, when the wall clock showed `at_ms`.
pub(in crate::store) fn stored_at(rows: &dyn Get, seq: u64, at_ms: u64) -> Result<u64, StoreError> {
    match rows.at_or_before(Table::Times, &number_key(seq))? {
        Some((_, row)) => Ok(Stamp::decode(&row)?.time_of(at_ms)),
        None => Ok(at_ms),
    }
}

/// The newest stamp, as the store's time and what the wall clock showed then, if it can be read.
pub(super) fn newest_stamp(rows: &dyn Get) -> Option<(u64, u64)> {
    let newest = rows.at_or_before(Table::Times, &number_key(u64::MAX));
    let (_, row) = newest.ok()??;
    match Stamp::decode(&row).ok()? {
        Stamp::At { time_ms, wall_ms } => Some((time_ms, wall_ms)),
        Stamp::Before { .. } => None,
    }
}

/// The stamps that nothing from the sequence number `oldest` on needs, at most `limit` of them.
pub(in crate::store) fn forgotten(
    rows: &dyn Snapshot,
    oldest: u64,
    limit: usize,
) -> Result<Vec<u64>, StoreError> {
    let mut found = Vec::new();
    let Some((needed, _)) = rows.at_or_before(Table::Times, &number_key(oldest))? else {
        return Ok(found);
    };
    let first = number_key(0);
    rows.scan(
        Table::Times,
        &first,
        &needed,
        ScanOrder::Ascending,
        &mut |key, _| {
            if found.len() == limit || key == needed {
                return Ok(ControlFlow::Break(()));
            }
            found.push(number_of(key)?);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_stamp_reads_back(time_ms: u64, wall_ms: u64) {
            for stamp in [Stamp::At { time_ms, wall_ms }, Stamp::Before { time_ms }] {
                prop_assert_eq!(Stamp::decode(&stamp.encode())?, stamp);
            }
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = Stamp::decode(&bytes);
        }
    }

    #[test]
    fn what_does_not_fit_the_stamp_counts_as_stored_late_never_early() {
        let stamp = Stamp::At {
            time_ms: 1000,
            wall_ms: 5000,
        };
        assert_eq!(stamp.time_of(5000), 1000);
        assert_eq!(stamp.time_of(5007), 1007);
        assert_eq!(stamp.time_of(4999), 1000 + STAMP_EVERY_MS);
        assert_eq!(stamp.time_of(u64::MAX), 1000 + STAMP_EVERY_MS);
    }

    #[test]
    fn older_versions_are_believed_where_their_clock_can_have_been_right() {
        let time_ms = PLAUSIBLE_MS.start + 500;
        let stamp = Stamp::Before { time_ms };
        assert_eq!(stamp.time_of(time_ms - 100), time_ms - 100);
        assert_eq!(stamp.time_of(0), time_ms, "a clock at 1970");
        assert_eq!(stamp.time_of(time_ms + 1), time_ms, "a clock in 2300");
    }
}
