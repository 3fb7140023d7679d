//! Writing the index: what a transaction adds and removes. Each chunk is written once.
//!
//! Not here: reading it (`super`, `lookup`).

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

/// The chunks that a transaction changes, by scope. They are written at its end: however many messages
/// a batch adds to a channel, the channel's row is written once.
#[derive(Default)]
pub(in crate::store) struct IndexChanges(BTreeMap<Vec<u8>, Chunks>);

/// The changed chunks of one scope.
struct Chunks {
    tail: Chunk,
    /// The chunk of `scopes` from which messages were removed last. They are removed oldest first, so
    /// the next one is nearly always in the same chunk.
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
        let tail = &mut self.chunks_of(rows, scope)?.tail;
        if tail.is_full() {
            put(rows, scope, tail)?;
            *tail = Chunk::default();
        }
        tail.push(entry);
        Ok(())
    }

    /// Removes a message.
    pub(in crate::store) fn forget(
        &mut self,
        rows: &mut dyn Rows,
        scope: &[u8],
        number: u64,
    ) -> Result<(), StoreError> {
        let chunks = self.chunks_of(rows, scope)?;
        if !chunks.tail.reaches_back_to(number) {
            return chunks.forget_older(rows, scope, number);
        }
        chunks.tail.remove(number);
        if chunks.tail.is_empty() {
            chunks.fill_tail(rows, scope)?;
        }
        Ok(())
    }

    /// The newest message of a scope, as the transaction leaves it.
    pub(in crate::store) fn newest(
        &self,
        rows: &dyn Rows,
        scope: &[u8],
    ) -> Result<Option<u64>, StoreError> {
        match self.0.get(scope) {
            Some(changed) => Ok(changed.tail.newest()),
            None => Ok(tail(rows, scope)?.newest()),
        }
    }

    /// Writes the changed chunks.
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

    fn chunks_of(&mut self, rows: &dyn Rows, scope: &[u8]) -> Result<&mut Chunks, StoreError> {
        match self.0.entry(scope.to_vec()) {
            Entry::Occupied(changed) => Ok(changed.into_mut()),
            Entry::Vacant(unchanged) => Ok(unchanged.insert(Chunks {
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

    /// Makes the newest older chunk the tail, which may be empty only if there is none.
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
