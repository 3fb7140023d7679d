//! Writing the index: what a transaction adds and forgets, each scope's newest chunk once.

use std::collections::{BTreeMap, btree_map::Entry as Place};

use super::{
    chunk::{Chunk, Entry},
    chunk_from, tail,
};
use crate::store::{
    backend::{Rows, Table},
    error::StoreError,
    keys::{self, number_of, with_number},
};

/// The newest chunks that a transaction touched, by scope. They are written when it ends: however
/// many messages a batch brings, the row of their channel changes once.
#[derive(Default)]
pub(in crate::store) struct TouchedTails(BTreeMap<Vec<u8>, Chunk>);

impl TouchedTails {
    /// Adds a message, the newest there is.
    pub(in crate::store) fn add(
        &mut self,
        rows: &mut dyn Rows,
        scope: &[u8],
        entry: Entry,
    ) -> Result<(), StoreError> {
        let tail = self.touch(rows, scope)?;
        if tail.is_full() {
            put(rows, scope, tail)?;
            *tail = Chunk::default();
        }
        tail.push(entry);
        Ok(())
    }

    /// Forgets a message.
    pub(in crate::store) fn forget(
        &mut self,
        rows: &mut dyn Rows,
        scope: &[u8],
        number: u64,
    ) -> Result<(), StoreError> {
        let tail = self.touch(rows, scope)?;
        if !tail.reaches_back_to(number) {
            return forget_older(rows, scope, number);
        }
        tail.remove(number);
        if tail.is_empty()
            && let Some(older) = chunk_from(rows, scope, u64::MAX)?
        {
            remove(rows, scope, &older)?;
            *tail = older;
        }
        Ok(())
    }

    /// Writes what was touched.
    pub(in crate::store) fn write(self, rows: &mut dyn Rows) -> Result<(), StoreError> {
        for (scope, tail) in self.0 {
            if tail.is_empty() {
                rows.remove(Table::Tails, &scope)?;
            } else {
                rows.put(Table::Tails, &scope, &tail.encode_with_base())?;
            }
        }
        Ok(())
    }

    fn touch(&mut self, rows: &dyn Rows, scope: &[u8]) -> Result<&mut Chunk, StoreError> {
        match self.0.entry(scope.to_vec()) {
            Place::Occupied(touched) => Ok(touched.into_mut()),
            Place::Vacant(untouched) => Ok(untouched.insert(tail(rows, scope)?)),
        }
    }
}

fn forget_older(rows: &mut dyn Rows, scope: &[u8], number: u64) -> Result<(), StoreError> {
    let Some(mut chunk) = chunk_from(rows, scope, number)? else {
        return Ok(());
    };
    chunk.remove(number);
    if chunk.is_empty() {
        remove(rows, scope, &chunk)
    } else {
        put(rows, scope, &chunk)
    }
}

fn put(rows: &mut dyn Rows, scope: &[u8], chunk: &Chunk) -> Result<(), StoreError> {
    let key = with_number(scope.to_vec(), chunk.base());
    rows.put(Table::Scopes, &key, &chunk.encode())
}

fn remove(rows: &mut dyn Rows, scope: &[u8], chunk: &Chunk) -> Result<(), StoreError> {
    rows.remove(Table::Scopes, &with_number(scope.to_vec(), chunk.base()))
}

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
