//! The checksum at the end of each row's value: CRC-32 over table, key and value, so that neither a
//! changed byte nor a row under another key is ever taken for what was stored.
//!
//! Two rows of `meta` have none, as they say how the others are to be read: the version of the schema,
//! which older versions of this program must be able to read too, and how far the rows are sealed.
//!
//! Not here: sealing the rows of older files (`upgrade`).

pub(super) use crate::store::backend::meta::SCHEMA;
use crate::store::{backend::Table, error::StoreError};

/// How many bytes a row grows by.
pub(super) const BYTES: usize = 4;

/// How far the rows are sealed.
pub(super) const PROGRESS: &[u8] = b"sealed";
/// In its row: all of them.
pub(super) const DONE: &[u8] = &[u8::MAX];

/// Whether the row has no checksum.
pub(super) fn is_plain(table: Table, key: &[u8]) -> bool {
    table == Table::Meta && (key == PROGRESS || key == SCHEMA)
}

/// Whether the row has a checksum, in a file that is sealed up to this: a table and its last sealed
/// key, all of it behind [`DONE`]. Nothing is sealed in a file without such a row.
pub(super) fn is_sealed(progress: &[u8], table: Table, key: &[u8]) -> bool {
    let Some((reached, last)) = progress.split_first() else {
        return false;
    };
    !is_plain(table, key) && (table as usize, key) <= (usize::from(*reached), last)
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    // Key and value cannot trade bytes.
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
}

/// Distinguishes the tables. Part of the format: never renumber the tables.
fn table_mark(table: Table) -> u32 {
    (table as u32 + 1).wrapping_mul(0x9e37_79b1)
}

/// Writes a sealed row into `row`.
pub(super) fn seal<'r>(table: Table, key: &[u8], value: &[u8], row: &'r mut Vec<u8>) -> &'r [u8] {
    row.clear();
    row.extend_from_slice(value);
    let sum = checksum(key, value) ^ table_mark(table);
    row.extend_from_slice(&sum.to_le_bytes());
    row
}

/// The value of a sealed row.
pub(super) fn open<'r>(table: Table, key: &[u8], row: &'r [u8]) -> Result<&'r [u8], StoreError> {
    match parts(key, row) {
        Some((value, mark)) if mark == table_mark(table) => Ok(value),
        _ => Err(StoreError::Corrupt(format!(
            "a row of {} does not match its checksum",
            table.name()
        ))),
    }
}

/// The table and the value of a row that was found without its table; `None` if it is not intact.
pub(super) fn identify<'r>(key: &[u8], row: &'r [u8]) -> Option<(Table, &'r [u8])> {
    let (value, mark) = parts(key, row)?;
    let mut tables = Table::ALL.into_iter();
    let table = tables.find(|table| table_mark(*table) == mark)?;
    Some((table, value))
}

fn parts<'r>(key: &[u8], row: &'r [u8]) -> Option<(&'r [u8], u32)> {
    let (value, sum) = row.split_last_chunk::<BYTES>()?;
    Some((value, u32::from_le_bytes(*sum) ^ checksum(key, value)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_row_opens_and_one_flipped_bit_shows(key: Vec<u8>, value: Vec<u8>, table in 0..Table::ALL.len(), bit: usize) {
            let table = Table::ALL[table];
            let mut row = Vec::new();
            seal(table, &key, &value, &mut row);
            prop_assert_eq!(open(table, &key, &row), Ok(&value[..]));
            prop_assert_eq!(identify(&key, &row), Some((table, &value[..])));
            let bit = bit % (8 * row.len());
            row[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open(table, &key, &row).is_err());
        }
    }

    #[test]
    fn a_row_under_another_key_or_of_another_table_is_refused() {
        let mut row = Vec::new();
        seal(Table::Keys, b"ab", b"cd", &mut row);
        for (table, key) in [
            (Table::Keys, &b"abc"[..]),
            (Table::Keys, b"a"),
            (Table::Marks, b"ab"),
        ] {
            assert!(open(table, key, &row).is_err());
        }
        assert!(open(Table::Keys, b"ab", &row[..3]).is_err());
    }
}
