//! Giving space back: redb reuses the pages of removed rows, but the file stays as large as it once was.
//!
//! Not here: when that is tried (`writer`).

use std::sync::Arc;

use ::redb::Database;

use super::{disk::StoreFile, rows::failing};
use crate::store::error::StoreError;

/// A file below this size is left alone.
const LEAST_BYTES: u64 = 1024 * 1024;
/// Compaction moves every page in use while readers and writers wait: 1.5 s at most for this much.
const MOST_USED_BYTES: u64 = 64 * 1024 * 1024;

/// How much of the file is in use.
pub(super) fn used_bytes(database: &Database) -> Result<u64, StoreError> {
    let transaction = database.begin_write().map_err(failing)?;
    let stats = transaction.stats().map_err(failing)?;
    transaction.abort().map_err(failing)?;
    Ok(stats.allocated_pages() * stats.page_size() as u64)
}

/// Shrinks the file if at least half of it is unused; returns its size before, if it did. Does nothing
/// while somebody reads.
pub(super) fn compact(
    database: &mut Arc<Database>,
    file: &StoreFile,
) -> Result<Option<u64>, StoreError> {
    let before = file.length();
    if before < LEAST_BYTES {
        return Ok(None);
    }
    let Some(database) = Arc::get_mut(database) else {
        return Ok(None);
    };
    let used = used_bytes(database)?;
    if used > before / 2 || used > MOST_USED_BYTES {
        return Ok(None);
    }
    let compacted = database.compact();
    compacted.map_err(|error| match error {
        ::redb::CompactionError::Storage(error) => failing(error),
        other => StoreError::Failing(other.to_string()),
    })?;
    Ok(Some(before))
}
