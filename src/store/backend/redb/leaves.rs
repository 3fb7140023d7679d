//! What can be read of a damaged file: the rows that redb's trees still lead to, and those in the pages
//! that no tree leads to any more. Nothing is written.
//!
//! Not here: which of them belong into a new store (`salvage`).

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use ::redb::{
    ConcurrencyMode, ReadOnlyDatabase, ReadOnlyTable, ReadTransaction, ReadableDatabase as _,
    ReadableTable as _, ReadableTableMetadata as _, StorageBackend,
};

use super::{
    disk::{OpenedFile, StoreFile},
    file::{builder, not_openable},
    open_storage,
    overlay::Overlay,
    place,
    rows::definition,
    seal,
};
use crate::{
    error::Result,
    store::{
        backend::{ScanOrder, Table},
        rows::keys::{number_key, number_of},
    },
};

/// The size of redb's smallest page; larger ones are a power of two of it.
const PAGE: usize = 4096;
/// The largest leaf that is looked at: one message of the largest size has one of its own.
const LARGEST_LEAF: usize = 256 * 1024 * 1024;
/// The first byte of a page of rows.
const LEAF: u8 = 1;
/// The slot of the header that holds the last transaction, and the one before: what is flipped in
/// the bit that names it.
const CURRENT: u8 = 0;
const PREVIOUS: u8 = 1;
/// How many single rows are looked up in a gap that no scan gets across.
const MOST_LOOKUPS: u64 = 10_000_000;
/// After so many look-ups in a row that found nothing the rest of a gap is given up: its rows are
/// looked for in the pages instead.
const MOST_MISSES: u64 = 100_000;
/// What one counts for in which redb panicked: unwinding takes as long as many that find nothing.
const PANIC_MISSES: u64 = 200;

/// Called with each row that is intact.
pub(in crate::store) type VisitIntact<'v> = dyn FnMut(Table, &[u8], &[u8]) + 'v;

/// A file that may be damaged anywhere.
pub(in crate::store) struct DamagedFile {
    file: OpenedFile,
    trees: Option<Trees>,
}

struct Trees {
    transaction: ReadTransaction,
    /// Up to where the rows are sealed.
    progress: Arc<[u8]>,
    /// Whether these are the trees of the last transaction, not of the one before.
    is_current: bool,
    _database: ReadOnlyDatabase,
}

/// How well a table could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct TableRead {
    /// Rows that were found but are not what was stored.
    pub(in crate::store) broken: u64,
    /// Whether every row of the table was found and is intact.
    pub(in crate::store) is_whole: bool,
}

impl DamagedFile {
    /// Opens the file to be read. The caller makes sure that nobody else has it open.
    pub(in crate::store) fn open(path: &Path) -> Result<Self> {
        place::inspect(path)?;
        let storage = open_storage(path).map_err(not_openable(path))?;
        let file = StoreFile::new(path, storage).map_err(not_openable(path))?;
        let trees = [CURRENT, PREVIOUS].into_iter().find_map(|slot| {
            let opened = catch_unwind(AssertUnwindSafe(|| open_trees(&file, slot)));
            opened.ok().flatten()
        });
        Ok(Self {
            file: OpenedFile(file),
            trees,
        })
    }

    /// Whether redb finds its tables.
    pub(in crate::store) fn has_trees(&self) -> bool {
        self.trees.is_some()
    }

    /// Whether these are the tables as they were at last. Else any row may be missing in them or may
    /// have changed, and pages in use then may have been written over.
    pub(in crate::store) fn is_current(&self) -> bool {
        self.trees.as_ref().is_some_and(|trees| trees.is_current)
    }

    /// Visits the rows of a table that its tree leads to: from both ends as far as one gets, and where
    /// the rows have numbers one by one in between.
    pub(in crate::store) fn each_row(
        &self,
        table: Table,
        visit: &mut VisitIntact<'_>,
    ) -> TableRead {
        let nothing = TableRead {
            broken: 0,
            is_whole: false,
        };
        let Some(trees) = &self.trees else {
            return nothing;
        };
        // redb panics over a damaged list of tables.
        let open = || trees.transaction.open_table(definition(table));
        let Ok(Ok(rows)) = catch_unwind(AssertUnwindSafe(open)) else {
            return nothing;
        };
        let mut reader = TableReader {
            table,
            rows,
            progress: Arc::clone(&trees.progress),
            found: 0,
            broken: 0,
        };
        let read = reader.read(visit);
        TableRead {
            is_whole: read.is_whole && trees.is_current,
            ..read
        }
    }

    /// Visits the intact rows of every page, whether a tree leads to it or not: also rows that were
    /// changed or removed later. Files of versions without checksums have none that can be recognised.
    pub(in crate::store) fn each_row_of_pages(
        &self,
        visit: &mut VisitIntact<'_>,
    ) -> io::Result<()> {
        let length = self.file.len()?;
        let mut page = vec![0; PAGE];
        let mut offset = PAGE as u64;
        while offset + PAGE as u64 <= length {
            self.file.read(offset, &mut page)?;
            if page[0] == LEAF {
                let room = usize::try_from(length - offset).unwrap_or(usize::MAX);
                let size = leaf_size(&page).min(room).min(LARGEST_LEAF);
                let mut leaf = vec![0; size];
                self.file.read(offset, &mut leaf)?;
                each_row_of_leaf(&leaf, visit);
            }
            offset += PAGE as u64;
        }
        Ok(())
    }
}

/// Opens the trees of one of the two transactions that the header names, as if the file had been
/// closed in order: nothing is verified, so that what is intact can be read.
fn open_trees(file: &Arc<StoreFile>, slot: u8) -> Option<Trees> {
    let overlay = Overlay::new(file).ok()?.without_locks();
    let mut flags = [0];
    overlay.read(9, &mut flags).ok()?;
    // Bit 0 names the slot, bit 1 asks for recovery, bit 3 says that others are to read the other slot.
    let flags = (flags[0] ^ slot) & !0b1010;
    overlay.write(9, &[flags]).ok()?;
    let mut builder = builder();
    // The mode that needs no record of the pages in use.
    builder.set_concurrency_mode(ConcurrencyMode::SingleWriter);
    let database = builder.open_read_only_with_backend(overlay).ok()?;
    let transaction = database.begin_read().ok()?;
    let meta = transaction.open_table(definition(Table::Meta)).ok()?;
    let progress = meta.get(seal::PROGRESS).ok()?;
    let progress = progress.map_or_else(|| Arc::from([]), |row| Arc::from(row.value()));
    Some(Trees {
        transaction,
        progress,
        is_current: slot == CURRENT,
        _database: database,
    })
}

struct TableReader {
    table: Table,
    rows: ReadOnlyTable<&'static [u8], &'static [u8]>,
    progress: Arc<[u8]>,
    found: u64,
    broken: u64,
}

impl TableReader {
    fn read(&mut self, visit: &mut VisitIntact<'_>) -> TableRead {
        let expected = catch_unwind(AssertUnwindSafe(|| self.rows.len().ok()));
        let (first, is_through) = self.scan(ScanOrder::Ascending, None, visit);
        if !is_through {
            let (last, _) = self.scan(ScanOrder::Descending, first.as_deref(), visit);
            self.look_up_between(first, last, visit);
        }
        let expected = expected.ok().flatten();
        TableRead {
            broken: self.broken,
            is_whole: is_through && self.broken == 0 && expected == Some(self.found),
        }
    }

    /// Visits rows in order, up to the key `end`; returns the last key, and whether all were visited.
    fn scan(
        &mut self,
        order: ScanOrder,
        end: Option<&[u8]>,
        visit: &mut VisitIntact<'_>,
    ) -> (Option<Vec<u8>>, bool) {
        let mut last: Option<Vec<u8>> = None;
        let is_through = catch_unwind(AssertUnwindSafe(|| {
            let Ok(mut rows) = self.rows.iter() else {
                return false;
            };
            loop {
                let row = match order {
                    ScanOrder::Ascending => rows.next(),
                    ScanOrder::Descending => rows.next_back(),
                };
                let (key, row) = match row {
                    None => return true,
                    Some(Err(_)) => return false,
                    Some(Ok(row)) => row,
                };
                let key = key.value();
                let follows = last.as_deref().is_none_or(|last| match order {
                    ScanOrder::Ascending => last < key,
                    ScanOrder::Descending => last > key,
                });
                if !follows || end.is_some_and(|end| key <= end) {
                    return false;
                }
                last = Some(key.to_vec());
                self.found += 1;
                self.broken +=
                    u64::from(!check(self.table, &self.progress, key, row.value(), visit));
            }
        }));
        (last, is_through.unwrap_or(false))
    }

    /// Looks up the numbers between two keys one by one, in the tables whose keys are numbers.
    fn look_up_between(
        &mut self,
        first: Option<Vec<u8>>,
        last: Option<Vec<u8>>,
        visit: &mut VisitIntact<'_>,
    ) {
        if !matches!(
            self.table,
            Table::Bodies | Table::Changes | Table::Revisions | Table::Latest
        ) {
            return;
        }
        let number = |key: Option<Vec<u8>>| key.and_then(|key| number_of(&key).ok());
        let from = number(first).unwrap_or(0);
        let to = number(last).unwrap_or(from.saturating_add(MOST_LOOKUPS));
        let mut misses = 0;
        for number in (from + 1..to).take(usize::try_from(MOST_LOOKUPS).unwrap_or(usize::MAX)) {
            let key = number_key(number);
            let found = catch_unwind(AssertUnwindSafe(|| {
                let Ok(Some(row)) = self.rows.get(&key[..]) else {
                    return false;
                };
                self.broken +=
                    u64::from(!check(self.table, &self.progress, &key, row.value(), visit));
                true
            }));
            misses = match found {
                Ok(true) => 0,
                Ok(false) => misses + 1,
                Err(_) => misses + PANIC_MISSES,
            };
            if misses > MOST_MISSES {
                return;
            }
        }
    }
}

/// Visits a row if it is intact.
fn check(
    table: Table,
    progress: &[u8],
    key: &[u8],
    row: &[u8],
    visit: &mut VisitIntact<'_>,
) -> bool {
    let value = if seal::is_sealed(progress, table, key) {
        seal::open(table, key, row).ok()
    } else {
        Some(row)
    };
    if let Some(value) = value {
        visit(table, key, value);
    }
    value.is_some()
}

fn number_at(page: &[u8], offset: usize) -> Option<usize> {
    let bytes = page.get(offset..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

/// The number of rows of a leaf, in its bytes 2 and 3.
fn rows_of(page: &[u8]) -> usize {
    usize::from(page[2]) | usize::from(page[3]) << 8
}

/// How long a leaf is that begins with this page: up to the end of its last value.
fn leaf_size(page: &[u8]) -> usize {
    let rows = rows_of(page);
    let ends = (0..rows).filter_map(|row| number_at(page, 4 + 4 * (rows + row)));
    // Without an end in this page, it has more rows than fit into it; a damaged one may say anything.
    let end = ends.filter(|end| *end <= LARGEST_LEAF).max();
    end.unwrap_or(PAGE).max(PAGE)
}

/// A leaf has the ends of its keys behind its first 4 bytes, then the ends of its values, 4 bytes each,
/// then the keys and then the values.
fn each_row_of_leaf(leaf: &[u8], visit: &mut VisitIntact<'_>) {
    let rows = rows_of(leaf);
    let key_end = |row: usize| number_at(leaf, 4 + 4 * row);
    let value_end = |row: usize| number_at(leaf, 4 + 4 * (rows + row));
    let start_of = |row: usize, end: &dyn Fn(usize) -> Option<usize>, first: Option<usize>| {
        row.checked_sub(1).map_or(first, end)
    };
    let values = rows.checked_sub(1).and_then(key_end);
    for row in 0..rows {
        let key_start = start_of(row, &key_end, Some(4 + 8 * rows));
        let value_start = start_of(row, &value_end, values);
        let part = |start: Option<usize>, end: Option<usize>| leaf.get(start?..end?);
        let key = part(key_start, key_end(row));
        let value = part(value_start, value_end(row));
        if let Some((key, value)) = key.zip(value)
            && let Some((table, value)) = seal::identify(key, value)
        {
            visit(table, key, value);
        }
    }
}
