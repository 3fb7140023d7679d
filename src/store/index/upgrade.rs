//! Upgrading files of version 1, which had the whole index in `scopes`.
//!
//! Not here: when that is done (`schema`).

use super::chunk::Chunk;
use crate::store::{
    backend::{Rows, Table},
    error::StoreError,
    rows::keys::{self, number_of},
};

/// Moves the newest row of each scope to `tails`.
pub(in crate::store) fn upgrade(rows: &mut dyn Rows) -> Result<(), StoreError> {
    // Greater than every key: they start with 0 or 1.
    let mut end = vec![u8::MAX];
    while let Some((key, row)) = rows.at_or_before(Table::Scopes, &end)? {
        let tail = Chunk::decode(number_of(&key)?, &row)?;
        // The keys of a scope sort after the scope itself, and no scope is a prefix of another: the last
        // row before this scope is the newest of the scope before it.
        let scope = keys::scope_of(&key);
        if *scope >= *end {
            return Err(StoreError::Corrupt("scopes is out of order".to_owned()));
        }
        end = scope.to_vec();
        rows.put(Table::Tails, &end, &tail.encode_with_base())?;
        rows.remove(Table::Scopes, &key)?;
    }
    Ok(())
}
