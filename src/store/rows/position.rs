//! The row of a reader: when its place was used last, where that is known, and the place behind it. Rows from
//! before this was noted hold the place alone.

use super::keys::{number_key, number_of};
use crate::store::error::StoreError;

/// What the key of a reader's row begins with.
pub(in crate::store) const READER: &str = "reader:";

/// Where a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderPosition {
    /// It has read up to this sequence number.
    pub seq: u64,
    /// When that was set last, by the store's time; `None` where it was not noted.
    pub used_ms: Option<u64>,
}

pub(in crate::store) fn encode(position: ReaderPosition) -> Vec<u8> {
    let mut row = Vec::with_capacity(16);
    if let Some(used_ms) = position.used_ms {
        row.extend(number_key(used_ms));
    }
    row.extend(number_key(position.seq));
    row
}

pub(in crate::store) fn decode(row: &[u8]) -> Result<ReaderPosition, StoreError> {
    let used_ms = match row.len() {
        16 => Some(number_of(&row[..8])?),
        _ => None,
    };
    Ok(ReaderPosition {
        seq: number_of(row)?,
        used_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_a_time_is_one_from_before() {
        for used_ms in [Some(7), None] {
            let position = ReaderPosition { seq: 9, used_ms };
            assert_eq!(decode(&encode(position)), Ok(position));
        }
        assert_eq!(
            number_of(&encode(ReaderPosition {
                seq: 9,
                used_ms: Some(7)
            })),
            Ok(9)
        );
        assert!(decode(b"short").is_err());
    }
}
