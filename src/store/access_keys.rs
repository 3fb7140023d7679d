//! The methods of [`Store`] for the keys of clients: rows that only their owner reads.
//!
//! Not here: what is in a row (`crate::keys`).

use std::ops::ControlFlow;

use super::{
    Store,
    backend::{ScanOrder, Snapshot, Table},
    error::StoreError,
    rows::keys::number_key,
    writer::{pending::Pending, transaction::Transaction},
};

impl Store {
    /// The rows of all keys, by their number. Blocks.
    pub fn access_keys(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.view(rows)
    }

    /// Stores the row of a key, or removes it. Resolves once that is on disk.
    pub fn put_access_key(
        &self,
        number: u64,
        row: Option<Vec<u8>>,
    ) -> Result<Pending<()>, StoreError> {
        let weight = row.as_ref().map_or(0, Vec::len);
        self.submit(put, (number, row), weight)
    }
}

fn rows(rows: &dyn Snapshot) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut all = Vec::new();
    let (first, last) = (number_key(0), number_key(u64::MAX));
    let order = ScanOrder::Ascending;
    rows.scan(Table::AccessKeys, &first, &last, order, &mut |_, row| {
        all.push(row.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(all)
}

fn put(
    transaction: &mut Transaction<'_>,
    (number, row): &mut (u64, Option<Vec<u8>>),
) -> Result<(), StoreError> {
    transaction.commit_anyway();
    let key = number_key(*number);
    match row {
        Some(row) => transaction.rows.put(Table::AccessKeys, &key, row),
        None => transaction.rows.remove(Table::AccessKeys, &key),
    }
}
