//! Giving space back: redb reuses the pages of removed rows, but the file stays as large as it once was.
//!
//! Not here: when that is tried (`writer`).

use std::sync::Arc;

use ::redb::{Database, ReadableDatabase as _, ReadableTable as _};

use super::{
    disk::StoreFile,
    rows::{definition, failing},
};
use crate::store::{backend::Table, error::StoreError};

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

/// Whether at least half of the file is unused, and what is used can be moved in a short time. Reads no
/// more than [`MOST_USED_BYTES`] of rows to find out that it is not, however large the file is.
pub(super) fn is_worth_it(database: &Database, file: &StoreFile) -> Result<bool, StoreError> {
    let length = file.length();
    if length < LEAST_BYTES {
        return Ok(false);
    }
    let most = MOST_USED_BYTES.min(length / 2);
    Ok(!has_more_rows(database, most)? && used_bytes(database)? <= most)
}

/// Whether the rows alone take more than this.
fn has_more_rows(database: &Database, most: u64) -> Result<bool, StoreError> {
    let transaction = database.begin_read().map_err(failing)?;
    let mut size = 0;
    for table in Table::ALL {
        let rows = transaction.open_table(definition(table)).map_err(failing)?;
        for row in rows.iter().map_err(failing)? {
            let (key, value) = row.map_err(failing)?;
            size += (key.value().len() + value.value().len()) as u64;
            if size > most {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Shrinks the file; returns its size before. Does nothing while somebody reads.
pub(super) fn compact(
    database: &mut Arc<Database>,
    file: &StoreFile,
) -> Result<Option<u64>, StoreError> {
    let before = file.length();
    let Some(database) = Arc::get_mut(database) else {
        return Ok(None);
    };
    let compacted = database.compact();
    compacted.map_err(|error| match error {
        ::redb::CompactionError::Storage(error) => failing(error),
        other => StoreError::Failing(other.to_string()),
    })?;
    Ok(Some(before))
}
