//! Files of version 1, in which all of the index was in `scopes`.

use super::chunk::Chunk;
use crate::store::{
    backend::{Rows, Table},
    error::StoreError,
    rows::keys::{self, number_of},
};

/// Gives each scope of a file of version 1 its tail: the newest of its rows.
pub(in crate::store) fn upgrade(rows: &mut dyn Rows) -> Result<(), StoreError> {
    // Every key starts with 0 or 1.
    let mut end = vec![u8::MAX];
    while let Some((key, row)) = rows.at_or_before(Table::Scopes, &end)? {
        let tail = Chunk::decode(number_of(&key)?, &row)?;
        // The keys of a scope come behind the bare scope, and no scope starts another.
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
