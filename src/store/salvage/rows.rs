//! Collecting the rows of a damaged file that cannot be made from others.
//!
//! Not here: making the others (`rebuild`).

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use super::{SLICE, Salvaged, write};
use crate::store::{
    backend::{
        Backend, Table, meta,
        redb::{DamagedFile, TableRead},
    },
    error::StoreError,
    index,
    rows::{
        body::Body,
        change::Change,
        flags,
        keys::{self, number_key, number_of},
        media, revision, session, turn,
    },
};

/// The tables that are copied. Messages that wait keep the time they are due, which is one of the
/// store's time: it and its stamps are copied too.
const COPIED: [Table; 21] = [
    Table::Bodies,
    Table::Changes,
    Table::Revisions,
    Table::Keys,
    Table::Marks,
    Table::Aliases,
    Table::Outbox,
    Table::Times,
    Table::Media,
    Table::Fetches,
    Table::Turns,
    Table::Sessions,
    Table::Positions,
    Table::AccessKeys,
    Table::PushSubscriptions,
    Table::Flags,
    Table::Scheduled,
    Table::Schedules,
    Table::Pauses,
    Table::Quotas,
    Table::GroupNames,
];

/// What is known of the damaged file besides its rows.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The last sequence number it had given out, as far as that is known.
    pub(super) head: u64,
    /// Whether that is really the last one: else the last events may be lost without a trace.
    pub(super) knows_head: bool,
    /// Up to which message expired keys had been removed.
    pub(super) keys_forgotten: u64,
    /// Whether every message that waited is known.
    pub(super) is_outbox_whole: bool,
}

/// Copies the rows that the trees lead to, then those that only pages have.
pub(super) fn copy(
    damaged: &DamagedFile,
    new: &dyn Backend,
    report: &mut Salvaged,
) -> Result<Source, StoreError> {
    let mut source = Source::default();
    let mut time = None;
    damaged.each_row(Table::Meta, &mut |_, key, value| {
        let number = number_of(value).unwrap_or_default();
        match key {
            meta::HEAD => {
                source.head = number;
                source.knows_head = damaged.is_current();
            }
            meta::TIME => time = Some(value.to_vec()),
            meta::KEYS_FORGOTTEN => source.keys_forgotten = number,
            _ => {}
        }
    });
    let mut torn = BTreeSet::new();
    for table in COPIED {
        let read = copy_table(damaged, new, table)?;
        report.unreadable_rows += read.broken;
        if !read.is_whole {
            torn.insert(table as usize);
        }
    }
    source.is_outbox_whole = !torn.contains(&(Table::Outbox as usize));
    if !torn.is_empty() {
        let head = if source.knows_head { source.head } else { 0 };
        time = time.max(copy_found(damaged, new, &torn, head)?);
    }
    if let Some(row) = time {
        write(new, |rows| meta::put_time(rows, &row))?;
    }
    Ok(source)
}

/// Whether a row is worth copying: of the keys only the names that services gave to messages.
fn is_wanted(table: Table, key: &[u8]) -> bool {
    table != Table::Keys || keys::is_references_row(key)
}

fn copy_table(
    damaged: &DamagedFile,
    new: &dyn Backend,
    table: Table,
) -> Result<TableRead, StoreError> {
    let mut writer = SliceWriter::new(new);
    let mut illegible = 0;
    let mut read = damaged.each_row(table, &mut |table, key, value| {
        if !is_legible(table, key, value) {
            illegible += 1;
        } else if is_wanted(table, key) {
            writer.add(table, key, value);
        }
    });
    writer.finish()?;
    read.broken += illegible;
    read.is_whole &= illegible == 0;
    Ok(read)
}

/// Whether a row can be understood, whatever its checksum says: one that cannot be must not keep the
/// others from being saved.
fn is_legible(table: Table, key: &[u8], value: &[u8]) -> bool {
    match table {
        Table::Media => return media::decode(key, value).is_ok(),
        Table::Turns => return turn::decode(key, value).is_ok(),
        Table::Sessions => return session::decode(value).is_ok(),
        Table::Flags => return flags::decode(value).is_ok(),
        _ => {}
    }
    let Ok(number) = number_of(key) else {
        return !is_numbered(table);
    };
    match table {
        Table::Bodies => Body::decode(number, value).is_ok(),
        Table::Changes => Change::decode(number, value).is_ok(),
        Table::Revisions => revision::decode(value).is_ok(),
        _ => true,
    }
}

/// The rows found in pages, of the tables that could not be read whole. Where an old page has another
/// message under the same number, as of a transaction that never happened, neither is believed.
/// Returns the latest row of the time: its order is that of the times in it.
fn copy_found(
    damaged: &DamagedFile,
    new: &dyn Backend,
    torn: &BTreeSet<usize>,
    head: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut time = None;
    let mut found: BTreeMap<(usize, Vec<u8>), Option<Vec<u8>>> = BTreeMap::new();
    let known = new.snapshot()?;
    let pages = damaged.each_row_of_pages(&mut |table, key, value| {
        if table == Table::Meta && key == meta::TIME {
            time = time.take().max(Some(value.to_vec()));
        }
        let is_beyond =
            is_numbered(table) && head > 0 && number_of(key).is_ok_and(|number| number > head);
        let is_torn = torn.contains(&(table as usize)) && table != Table::Outbox;
        if !is_torn || is_beyond || !is_wanted(table, key) || !is_legible(table, key, value) {
            return;
        }
        if known.get(table, key).is_ok_and(|row| row.is_some()) {
            return;
        }
        let entry = found.entry((table as usize, key.to_vec()));
        let better = entry.or_insert_with(|| Some(value.to_vec()));
        *better = better
            .take()
            .and_then(|other| better_of(table, other, value));
    });
    pages.map_err(|error| StoreError::Failing(error.to_string()))?;
    drop(known);
    let mut writer = SliceWriter::new(new);
    for ((table, key), value) in found {
        if let (Some(table), Some(value)) = (Table::ALL.get(table), value) {
            writer.add(*table, &key, &value);
        }
    }
    writer.finish()?;
    Ok(time)
}

/// Whether the keys of a table are sequence numbers, none of which can be greater than the last one.
fn is_numbered(table: Table) -> bool {
    matches!(
        table,
        Table::Bodies | Table::Changes | Table::Revisions | Table::Times
    )
}

/// Which of two rows of one key is the newer. Lists only grow, and marks only move on.
fn better_of(table: Table, one: Vec<u8>, other: &[u8]) -> Option<Vec<u8>> {
    if one == other {
        return Some(one);
    }
    match table {
        Table::Bodies | Table::Changes => None,
        // The later time of two ages less.
        Table::Times => Some(one.max(other.to_vec())),
        Table::Marks if number_of(&one).ok() > number_of(other).ok() => Some(one),
        Table::Revisions | Table::Keys | Table::Aliases if one.len() > other.len() => Some(one),
        _ => Some(other.to_vec()),
    }
}

/// Puts rows in transactions of bounded size.
struct SliceWriter<'n> {
    new: &'n dyn Backend,
    rows: Vec<(Table, Vec<u8>, Vec<u8>)>,
    outcome: Result<(), StoreError>,
}

impl<'n> SliceWriter<'n> {
    fn new(new: &'n dyn Backend) -> Self {
        Self {
            new,
            rows: Vec::new(),
            outcome: Ok(()),
        }
    }

    fn add(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.rows.push((table, key.to_vec(), value.to_vec()));
        if self.rows.len() >= SLICE {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if self.outcome.is_ok() && !rows.is_empty() {
            self.outcome = write(self.new, |store| {
                rows.iter()
                    .try_for_each(|(table, key, value)| store.put(*table, key, value))
            });
        }
    }

    fn finish(mut self) -> Result<(), StoreError> {
        self.flush();
        self.outcome
    }
}

/// Finds the messages that the damaged file names somewhere but whose row was not found.
pub(super) fn find_lost(
    damaged: &DamagedFile,
    new: &dyn Backend,
    report: &mut Salvaged,
) -> Result<(), StoreError> {
    let known = new.snapshot()?;
    for table in [Table::Latest, Table::Tails, Table::Scopes] {
        let read = damaged.each_row(table, &mut |table, key, value| {
            for number in index::numbers_of_row(table, key, value) {
                let found = known.get(Table::Bodies, &number_key(number));
                if found.is_ok_and(|row| row.is_none()) {
                    report.lost.insert(number);
                }
            }
        });
        report.unreadable_rows += read.broken;
    }
    Ok(())
}

/// Calls `visit` with slices of the rows of a table of the new store whose keys are numbers.
pub(super) fn each_slice(
    new: &dyn Backend,
    table: Table,
    mut visit: impl FnMut(Vec<(u64, Vec<u8>)>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut after = 0_u64;
    loop {
        let mut slice = Vec::new();
        let (first, last) = (number_key(after.saturating_add(1)), number_key(u64::MAX));
        let order = crate::store::backend::ScanOrder::Ascending;
        new.snapshot()?
            .scan(table, &first, &last, order, &mut |key, row| {
                slice.push((number_of(key)?, row.to_vec()));
                Ok(if slice.len() < SLICE {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                })
            })?;
        match slice.last() {
            None => return Ok(()),
            Some((number, _)) => after = *number,
        }
        visit(slice)?;
    }
}
