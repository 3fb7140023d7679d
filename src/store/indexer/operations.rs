//! What the indexer asks of the writer: each a small part of a transaction that it shares with others.
//!
//! Not here: when (`super`).

use crate::store::{
    backend::Table,
    error::StoreError,
    rows::keys::number_key,
    words::{self, BlockRow, Segment, segment_at},
    writer::transaction::Transaction,
};

/// Says that a span is being indexed: a message of it that goes or changes meanwhile removes the row, and
/// with it what was gathered. Returns whether the span was free.
pub(super) fn claim(
    transaction: &mut Transaction<'_>,
    segment: &mut Segment,
) -> Result<bool, StoreError> {
    let before = transaction
        .rows
        .at_or_before(Table::WordSegments, &number_key(segment.last))?;
    let before = before
        .map(|(key, row)| Segment::decode(&key, &row))
        .transpose()?;
    if before.is_some_and(|before| before.last >= segment.first) {
        return Ok(false);
    }
    put(transaction, segment).map(|()| true)
}

fn put(transaction: &mut Transaction<'_>, segment: &Segment) -> Result<(), StoreError> {
    transaction.commit_anyway();
    let key = number_key(segment.first);
    transaction
        .rows
        .put(Table::WordSegments, &key, &segment.encode())
}

/// Gives up a segment, whatever its state.
pub(super) fn give_up(
    transaction: &mut Transaction<'_>,
    first: &mut u64,
) -> Result<(), StoreError> {
    transaction.commit_anyway();
    words::forget(transaction.rows, *first).map(drop)
}

/// Stores some rows of words, unless the store has reached its size.
#[expect(clippy::ptr_arg, reason = "operations borrow their input as it is")]
pub(super) fn put_words(
    transaction: &mut Transaction<'_>,
    rows: &mut Vec<BlockRow>,
) -> Result<(), StoreError> {
    transaction.check_size()?;
    transaction.commit_anyway();
    rows.iter()
        .try_for_each(|(key, row)| transaction.rows.put(Table::WordBlocks, key, row))
}

/// Removes some rows of words.
#[expect(clippy::ptr_arg, reason = "operations borrow their input as it is")]
pub(super) fn remove_words(
    transaction: &mut Transaction<'_>,
    keys: &mut Vec<Vec<u8>>,
) -> Result<(), StoreError> {
    transaction.commit_anyway();
    keys.iter()
        .try_for_each(|key| transaction.rows.remove(Table::WordBlocks, key))
}

/// A segment whose words are stored, and those it takes the place of: its own claim, or segments merged.
pub(super) struct Installation {
    pub(super) segment: Segment,
    pub(super) replaced: Vec<Segment>,
}

/// Makes a segment the one that is searched, unless one that it replaces was given up meanwhile: then its
/// words are not true any more. Returns whether it was done.
pub(super) fn install(
    transaction: &mut Transaction<'_>,
    installation: &mut Installation,
) -> Result<bool, StoreError> {
    for replaced in &installation.replaced {
        let found = segment_at(transaction.rows, replaced.first)?;
        if found.is_none_or(|found| found.id != replaced.id) {
            return Ok(false);
        }
    }
    for replaced in &installation.replaced {
        let key = number_key(replaced.first);
        transaction.rows.remove(Table::WordSegments, &key)?;
    }
    put(transaction, &installation.segment).map(|()| true)
}
