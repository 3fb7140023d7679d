//! Writing the file anew, row by row, so that nothing is left in it of rows that were removed: redb keeps their bytes in
//! pages that it has given up, behind the rows of pages in use, and as the keys that part two pages.
//!
//! The index of words is left out, since it has words of what was removed: it is made anew behind the new file.
//!
//! The rows are copied from a snapshot while others read and write; what was written meanwhile is read again, in rounds
//! that get shorter, the last one while nobody writes. Then the new file takes the place of the old one, whose bytes are
//! overwritten before it goes.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    thread::sleep,
    time::Duration,
};

use super::{
    FileState, Redb,
    disk::{OpenedFile, StoreFile},
    fill::NewFile,
    open_storage, place, reopen,
    rows::failing_io,
    touched::Touched,
};
use crate::{
    fs::{beside, remove_if_there},
    store::{
        backend::{Backend as _, Get, ScanOrder, Snapshot, Table},
        error::StoreError,
    },
};

/// The new file until it is whole, and what [`super::file::create`] calls it before that.
const UNFINISHED: [&str; 2] = [".rewritten", ".rewritten.new"];

/// The second name of the old file.
const OLD: &str = ".erased";

/// The last round takes no more rows than this, since writers wait for it.
const LAST_ROUND: usize = 2_000;

/// How often, and after how long, the new file is tried to be put in place while somebody reads the old one.
const TRIES: u32 = 1_000;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// Overwritten at a time.
const PIECE: usize = 1024 * 1024;

/// Removes what a crash in the middle may have left.
pub(super) fn remove_left(path: &Path) -> io::Result<()> {
    for suffix in UNFINISHED {
        remove_if_there(&beside(path, suffix))?;
    }
    overwrite(&beside(path, OLD))
}

/// Overwrites a file and removes it.
fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = match File::options().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let mut left = file.metadata()?.len();
    let nothing = vec![0; PIECE];
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        file.write_all(&nothing[..piece])?;
        left -= piece as u64;
    }
    file.sync_all()?;
    drop(file);
    fs::remove_file(path)
}

impl Redb {
    /// Writes the file anew.
    pub(super) fn write_anew(&self) -> Result<(), StoreError> {
        let Ok(_only) = self.rewriting.try_lock() else {
            let text = "the file is being written anew already".to_owned();
            return Err(StoreError::Failing(text));
        };
        let path = beside(&self.path, UNFINISHED[0]);
        let done = self.copy_and_replace(&path);
        self.touched.end();
        if done.is_err() {
            let _ = remove_left(&self.path);
        }
        done
    }

    fn copy_and_replace(&self, path: &Path) -> Result<(), StoreError> {
        let mut new = NewFile::create(path)?;
        let mut snapshot = {
            let _alone = self.alone();
            self.touched.begin();
            self.snapshot()?
        };
        copy_all(&*snapshot, &mut new)?;
        loop {
            drop(snapshot);
            let touched;
            (touched, snapshot) = {
                let _alone = self.alone();
                (self.touched.take(), self.snapshot()?)
            };
            let is_last = touched.len() <= LAST_ROUND;
            copy_touched(&*snapshot, touched, &mut new)?;
            // What is written so far, so that the round for which writers wait has little to sync.
            new.sync()?;
            if is_last {
                break;
            }
        }
        drop(snapshot);
        let mut new = Some(new);
        for _ in 0..TRIES {
            if self.try_replace(path, &mut new)? {
                return Ok(());
            }
            sleep(BETWEEN_TRIES);
        }
        let text = "somebody reads the message file for long, such as a backup; try again later";
        Err(StoreError::Failing(text.to_owned()))
    }

    /// Puts the new file in place; false while somebody reads the old one.
    fn try_replace(&self, path: &Path, new: &mut Option<NewFile>) -> Result<bool, StoreError> {
        let _alone = self.alone();
        if !self.is_unread() {
            return Ok(false);
        }
        {
            let snapshot = self.snapshot()?;
            if let Some(new) = new {
                copy_touched(&*snapshot, self.touched.take(), new)?;
                new.sync()?;
            }
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !is_unread(&mut state) {
            return Ok(false);
        }
        new.take().map_or(Ok(()), NewFile::finish)?;
        // Closed first, so that nothing is written to the old file any more.
        *state = FileState::Broken(None);
        let mut file = self.file.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = replace(path, &self.path);
        // Whichever file it is now.
        let storage = open_storage(&self.path).map_err(|error| failing_io(&error))?;
        let opened = StoreFile::new(&self.path, storage).map_err(|error| failing_io(&error))?;
        *file = Arc::clone(&opened);
        *state = FileState::Open(reopen(OpenedFile(opened))?);
        drop((file, state));
        let mut identity = self
            .identity
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *identity = place::identity(&self.path).ok();
        replaced?;
        // The messages are safe, and the old file has no name by which anybody finds it.
        overwrite(&beside(&self.path, OLD)).map_err(|error| failing_io(&error))?;
        Ok(true)
    }

    fn is_unread(&self) -> bool {
        is_unread(&mut self.state.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether the file is open and nobody reads it.
fn is_unread(state: &mut FileState) -> bool {
    match state {
        FileState::Open(database) => Arc::get_mut(database).is_some(),
        _ => false,
    }
}

/// Renames the new file over the old one, which keeps a second name where the system can give it one.
fn replace(new: &Path, path: &Path) -> Result<(), StoreError> {
    let old: PathBuf = beside(path, OLD);
    let real = fs::canonicalize(path).map_err(|error| failing_io(&error))?;
    let _ = fs::hard_link(&real, &old);
    let renamed = crate::fs::rename_lasting(new, &real);
    renamed.map_err(|error| {
        let _ = fs::remove_file(&old);
        StoreError::Failing(error.to_string())
    })
}

fn copy_all(snapshot: &dyn Snapshot, new: &mut NewFile) -> Result<(), StoreError> {
    for table in Table::copied() {
        each_row(snapshot, table, &mut |key, value| {
            new.put(table, key, Some(value))
        })?;
    }
    Ok(())
}

/// Called with the key and the value of each row.
type EachRow<'v> = dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError> + 'v;

/// Visits every row of a table. No key has as many bytes as the last one of the scan.
pub(in crate::store) fn each_row(
    snapshot: &dyn Snapshot,
    table: Table,
    visit: &mut EachRow<'_>,
) -> Result<(), StoreError> {
    let last = [u8::MAX; 64];
    let order = ScanOrder::Ascending;
    snapshot.scan(table, &[], &last, order, &mut |key, value| {
        visit(key, value).map(|()| ControlFlow::Continue(()))
    })
}

fn copy_touched(
    snapshot: &dyn Snapshot,
    touched: Touched,
    new: &mut NewFile,
) -> Result<(), StoreError> {
    for (table, key) in touched {
        if let Some(table) = Table::ALL.get(table) {
            let value = Get::get(snapshot, *table, &key)?;
            new.put(*table, &key, value.as_deref())?;
        }
    }
    Ok(())
}
