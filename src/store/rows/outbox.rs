//! Rows of `outbox`: when a message is due, and how much of it was accepted already.
//!
//! Not here: their keys (`keys`).

use crate::store::{
    error::StoreError,
    rows::{
        codec::{RowReader, put_number},
        keys::number_key,
    },
};

/// Encodes a row: the number of accepted parts, left out if it is 0, then the time the message is due.
pub(in crate::store) fn encode(parts: usize, due_ms: u64) -> Vec<u8> {
    let mut row = Vec::with_capacity(12);
    if parts > 0 {
        put_number(&mut row, parts as u64);
    }
    row.extend_from_slice(&number_key(due_ms));
    row
}

/// The number of accepted parts in a row.
pub(in crate::store) fn accepted_parts(row: &[u8]) -> Result<usize, StoreError> {
    let mut reader = RowReader::new("outbox", row);
    let parts = match row.len() {
        ..=8 => 0,
        _ => reader.number()?,
    };
    reader.fixed()?;
    reader.end()?;
    Ok(usize::try_from(parts).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::rows::keys::number_of;

    proptest! {
        #[test]
        fn a_row_of_the_outbox_reads_back(parts: usize, due_ms: u64) {
            let row = encode(parts, due_ms);
            prop_assert_eq!(accepted_parts(&row)?, parts);
            prop_assert_eq!(number_of(&row)?, due_ms);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = accepted_parts(&bytes);
        }
    }
}
