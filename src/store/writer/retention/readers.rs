//! The places of readers: one that nobody used for long is nobody's any more.

use std::ops::ControlFlow;

use crate::store::{
    backend::{ScanOrder, Snapshot, Table},
    error::StoreError,
    rows::position::{self, READER, ReaderPosition},
    writer::transaction::Transaction,
};

/// How long a place is kept that nobody uses.
const READER_LIFE_MS: u64 = 90 * 86_400_000;

/// Places that one run removes or dates.
const SLICE: usize = 500;

/// Places that are to be removed, and those of which it is noted from now on when they were used.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReaderSlice {
    unused: Vec<Vec<u8>>,
    undated: Vec<(Vec<u8>, u64)>,
}

/// Looks the places up.
pub(super) fn survey(snapshot: &dyn Snapshot, now_ms: u64) -> Result<ReaderSlice, StoreError> {
    let mut slice = ReaderSlice::default();
    let unused_ms = now_ms.saturating_sub(READER_LIFE_MS);
    let (first, mut last) = (READER.as_bytes().to_vec(), READER.as_bytes().to_vec());
    last.push(u8::MAX);
    let order = ScanOrder::Ascending;
    snapshot.scan(Table::Positions, &first, &last, order, &mut |key, row| {
        let ReaderPosition { seq, used_ms } = position::decode(row)?;
        match used_ms {
            None => slice.undated.push((key.to_vec(), seq)),
            Some(used_ms) if used_ms < unused_ms => slice.unused.push(key.to_vec()),
            Some(_) => {}
        }
        let is_full = slice.unused.len() + slice.undated.len() >= SLICE;
        Ok(if is_full {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(slice)
}

impl ReaderSlice {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn remove(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        for key in &self.unused {
            transaction.forget_position(key)?;
        }
        for (key, seq) in &self.undated {
            transaction.put_reader(key, *seq)?;
        }
        Ok(())
    }
}
