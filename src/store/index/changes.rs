//! Writing the index: what a transaction adds and forgets, each chunk once.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    chunk::{Chunk, IndexEntry},
    lookup::{chunk_from, tail},
};
use crate::store::{
    backend::{Rows, Table},
    error::StoreError,
    rows::keys::with_number,
};

/// The chunks that a transaction touched, by scope. They are written when it ends: however many
/// messages a batch brings, the row of their channel changes once.
#[derive(Default)]
pub(in crate::store) struct IndexChanges(BTreeMap<Vec<u8>, Chunks>);

/// Those of one scope.
struct Chunks {
    tail: Chunk,
    /// One from `scopes` that lost messages. Messages are forgotten oldest first, so it is seldom
    /// another one.
    older: Option<Chunk>,
}

impl IndexChanges {
    /// Adds a message, the newest there is.
    pub(in crate::store) fn add(
        &mut self,
        rows: &mut dyn Rows,
        scope: &[u8],
        entry: IndexEntry,
    ) -> Result<(), StoreError> {
        let tail = &mut self.touch(rows, scope)?.tail;
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
        let chunks = self.touch(rows, scope)?;
        if !chunks.tail.reaches_back_to(number) {
            return chunks.forget_older(rows, scope, number);
        }
        chunks.tail.remove(number);
        if chunks.tail.is_empty() {
            chunks.fill_tail(rows, scope)?;
        }
        Ok(())
    }

    /// Writes what was touched.
    pub(in crate::store) fn write(self, rows: &mut dyn Rows) -> Result<(), StoreError> {
        for (scope, mut chunks) in self.0 {
            chunks.put_older(rows, &scope)?;
            if chunks.tail.is_empty() {
                rows.remove(Table::Tails, &scope)?;
            } else {
                rows.put(Table::Tails, &scope, &chunks.tail.encode_with_base())?;
            }
        }
        Ok(())
    }

    fn touch(&mut self, rows: &dyn Rows, scope: &[u8]) -> Result<&mut Chunks, StoreError> {
        match self.0.entry(scope.to_vec()) {
            Entry::Occupied(touched) => Ok(touched.into_mut()),
            Entry::Vacant(untouched) => Ok(untouched.insert(Chunks {
                tail: tail(rows, scope)?,
                older: None,
            })),
        }
    }
}

impl Chunks {
    fn forget_older(
        &mut self,
        rows: &mut dyn Rows,
        scope: &[u8],
        number: u64,
    ) -> Result<(), StoreError> {
        if !self.older.as_ref().is_some_and(|chunk| chunk.has(number)) {
            self.put_older(rows, scope)?;
            self.older = chunk_from(rows, scope, number)?;
        }
        if let Some(chunk) = &mut self.older {
            chunk.remove(number);
        }
        Ok(())
    }

    /// A tail is empty only where there is nothing older.
    fn fill_tail(&mut self, rows: &mut dyn Rows, scope: &[u8]) -> Result<(), StoreError> {
        self.put_older(rows, scope)?;
        if let Some(last) = chunk_from(rows, scope, u64::MAX)? {
            remove(rows, scope, &last)?;
            self.tail = last;
        }
        Ok(())
    }

    fn put_older(&mut self, rows: &mut dyn Rows, scope: &[u8]) -> Result<(), StoreError> {
        match self.older.take() {
            Some(chunk) if chunk.is_empty() => remove(rows, scope, &chunk),
            Some(chunk) => put(rows, scope, &chunk),
            None => Ok(()),
        }
    }
}

fn put(rows: &mut dyn Rows, scope: &[u8], chunk: &Chunk) -> Result<(), StoreError> {
    let key = with_number(scope.to_vec(), chunk.base());
    rows.put(Table::Scopes, &key, &chunk.encode())
}

fn remove(rows: &mut dyn Rows, scope: &[u8], chunk: &Chunk) -> Result<(), StoreError> {
    rows.remove(Table::Scopes, &with_number(scope.to_vec(), chunk.base()))
}
