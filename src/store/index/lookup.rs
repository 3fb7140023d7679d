//! Finding a chunk by its scope and a number.
//!
//! Not here: scans over chunks (`super`).

use super::chunk::Chunk;
use crate::store::{
    backend::{Get, Table},
    error::StoreError,
    rows::keys::{self, number_of, with_number},
};

/// The newest chunk of a scope; empty if the scope has no messages.
pub(super) fn tail(rows: &dyn Get, scope: &[u8]) -> Result<Chunk, StoreError> {
    let row = rows.get(Table::Tails, scope)?;
    row.map_or_else(|| Ok(Chunk::default()), |row| Chunk::decode_with_base(&row))
}

/// The last chunk in `scopes` that starts at this number or before it: the only one there that can
/// contain it.
pub(super) fn chunk_from(
    rows: &dyn Get,
    scope: &[u8],
    number: u64,
) -> Result<Option<Chunk>, StoreError> {
    let key = with_number(scope.to_vec(), number);
    match rows.at_or_before(Table::Scopes, &key)? {
        Some((key, row)) if keys::scope_of(&key) == scope => {
            Chunk::decode(number_of(&key)?, &row).map(Some)
        }
        _ => Ok(None),
    }
}
