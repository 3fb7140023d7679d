//! The tables in memory, for builds without the feature `store` and for tests. Nothing survives a
//! restart.

use std::{
    collections::BTreeMap,
    ops::{Bound, ControlFlow},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use crate::store::{
    backend::{Backend, Get, KeyValue, Rows, ScanOrder, Snapshot, Table, VisitRow, Work},
    error::StoreError,
};

/// The largest number of messages kept. Beyond it the oldest that left the outbox are removed, and none
/// is queued while that many wait to be sent.
const CAPACITY: u64 = 10_000;

/// The last moment whose first sequence number leaves a million below 2^53.
const LAST_HEAD_MS: u64 = (1 << 43) - 1024;

type Tables<Value> = [BTreeMap<Vec<u8>, Value>; Table::ALL.len()];

/// All rows. The write lock is held only while a finished transaction is merged in.
pub(in crate::store) struct Memory {
    tables: RwLock<Tables<Vec<u8>>>,
    capacity: u64,
}

impl Memory {
    pub(in crate::store) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    pub(in crate::store) fn with_capacity(capacity: u64) -> Self {
        Self {
            tables: RwLock::default(),
            capacity,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Tables<Vec<u8>>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn merge(&self, written: Tables<Option<Vec<u8>>>) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for (table, rows) in tables.iter_mut().zip(written) {
            for (key, value) in rows {
                match value {
                    Some(value) => table.insert(key, value),
                    None => table.remove(&key),
                };
            }
        }
    }
}

impl Backend for Memory {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(MemorySnapshot(self.read())))
    }

    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let mut overlay = MemoryTransaction {
            base: self,
            written: Tables::default(),
        };
        if work(&mut overlay)? {
            self.merge(overlay.written);
        }
        Ok(())
    }

    fn recover(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn close(&self) {}

    /// Sequence numbers must grow across restarts although nothing is kept, so they start from the
    /// clock: 1,024 events for every millisecond since 1970. That stays below 2^53, the largest
    /// integer that JavaScript represents exactly, until the year 2248; a clock beyond that counts as
    /// one at it.
    fn first_head(&self, now_ms: u64) -> u64 {
        now_ms.min(LAST_HEAD_MS) << 10
    }

    fn capacity(&self) -> Option<u64> {
        Some(self.capacity)
    }
}

fn up_to(key: &[u8]) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Unbounded, Bound::Included(key))
}

struct MemorySnapshot<'m>(RwLockReadGuard<'m, Tables<Vec<u8>>>);

impl Get for MemorySnapshot<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0[table as usize].get(key).cloned())
    }

    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<KeyValue>, StoreError> {
        let mut rows = self.0[table as usize].range::<[u8], _>(up_to(key));
        Ok(rows
            .next_back()
            .map(|(key, value)| (key.clone(), value.clone())))
    }
}

impl Snapshot for MemorySnapshot<'_> {
    fn scan(
        &self,
        table: Table,
        first: &[u8],
        last: &[u8],
        order: ScanOrder,
        visit: &mut VisitRow<'_>,
    ) -> Result<(), StoreError> {
        let span = (Bound::Included(first), Bound::Included(last));
        let mut rows = self.0[table as usize].range::<[u8], _>(span);
        while let Some((key, value)) = match order {
            ScanOrder::Ascending => rows.next(),
            ScanOrder::Descending => rows.next_back(),
        } {
            if let ControlFlow::Break(()) = visit(key, value)? {
                break;
            }
        }
        Ok(())
    }

    fn len(&self, table: Table) -> Result<u64, StoreError> {
        Ok(self.0[table as usize].len() as u64)
    }
}

/// A transaction: the rows it wrote (`None` for a removed one) on top of those that were there.
struct MemoryTransaction<'m> {
    base: &'m Memory,
    written: Tables<Option<Vec<u8>>>,
}

impl Get for MemoryTransaction<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.written[table as usize].get(key) {
            Some(value) => Ok(value.clone()),
            None => Ok(self.base.read()[table as usize].get(key).cloned()),
        }
    }

    fn at_or_before(&self, table: Table, key: &[u8]) -> Result<Option<KeyValue>, StoreError> {
        let (base, written) = (self.base.read(), &self.written[table as usize]);
        let mut untouched = base[table as usize].range::<[u8], _>(up_to(key)).rev();
        let untouched = untouched.find(|(key, _)| !written.contains_key(*key));
        let mut put = written.range::<[u8], _>(up_to(key)).rev();
        let put = put.find_map(|(key, value)| value.as_ref().map(|value| (key, value)));
        let last = untouched.max(put);
        Ok(last.map(|(key, value)| (key.clone(), value.clone())))
    }
}

impl Rows for MemoryTransaction<'_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.written[table as usize].insert(key.to_vec(), Some(value.to_vec()));
        Ok(())
    }

    fn remove(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.written[table as usize].insert(key.to_vec(), None);
        Ok(())
    }
}
