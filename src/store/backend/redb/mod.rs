//! The tables in one redb file. Every commit is on the disk when it returns
//! (`Durability::Immediate`, redb's default).
//!
//! - `place`: what may stand where the file should be.
//! - `file`: creating it, verifying it, the errors of one that cannot be used; `closed`: how it was left, so that it
//!   need not be verified again.
//! - `disk`: the file under redb, which survives failed syncs; `overlay`: reading it without a change.
//! - `rows`: reading and writing rows, each sealed with a checksum (`seal`); `upgrade` seals old ones.
//! - `compaction`: giving unused space back. `leaves`: finding rows in a file that redb cannot open.
//! - `fill`: a new file from the rows of another store; `rewrite` puts one in place of the old, so that nothing is left of
//!   what was removed, with what is `touched` meanwhile.

mod closed;
mod compaction;
mod disk;
mod file;
mod fill;
mod leaves;
mod overlay;
mod place;
mod rewrite;
mod rows;
mod seal;
mod touched;
mod upgrade;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use ::redb::{Database, ReadableDatabase as _, StorageBackend, backends::FileBackend};

pub use self::file::open_to_others;
#[cfg(test)]
pub(in crate::store) use self::upgrade::testing::{break_seal, seal_some, unseal};
pub(in crate::store) use self::{
    disk::marker_of,
    fill::NewFile,
    leaves::{DamagedFile, TableRead},
    rewrite::each_row,
};
use self::{
    disk::{OpenedFile, StoreFile},
    file::{add_missing_tables, builder, cannot_open, create, damaged, verify},
    overlay::Overlay,
    place::{Identity, Place},
    rows::{RedbSnapshot, RedbTransaction, RowFormat, failing, failing_io},
    touched::TouchedRows,
};
use crate::{
    error::{Error, Result},
    store::{
        backend::{Backend, Snapshot, Work},
        error::StoreError,
    },
};

/// From this file size on, each commit also saves which pages are in use. Otherwise redb has to read
/// the whole file after a crash: 27 ms for 800,000 short messages in 68 MiB. Saving it costs a second
/// fsync and about a quarter of the throughput, which is not worth it for a small file.
const QUICK_REPAIR_FROM_BYTES: u64 = 64 * 1024 * 1024;

/// How often, and after how long, it is looked whether those who read a file that failed are done: a quarter of a second
/// in all, in which the thread that keeps the index of words, or a page of history, is through.
const READER_LOOKS: u32 = 50;
const BETWEEN_READER_LOOKS: Duration = Duration::from_millis(5);

/// Whether the file can be used.
enum FileState {
    Open(Arc<Database>),
    /// A failed sync could not be made up for: nothing may be written, what there is can be read.
    ReadOnly(Arc<Database>),
    /// It failed and was not reopened so far, because somebody still reads it or reopening failed.
    Broken(Option<Arc<Database>>),
    Closed,
}

/// A redb file and how to reopen it, which redb requires after an I/O error.
pub(in crate::store) struct Redb {
    path: PathBuf,
    identity: RwLock<Option<Identity>>,
    file: RwLock<Arc<StoreFile>>,
    state: RwLock<FileState>,
    is_sealed: AtomicBool,
    notes: Vec<String>,
    /// Held during each transaction.
    writing: Mutex<()>,
    /// Held while the file is written anew.
    rewriting: Mutex<()>,
    touched: TouchedRows,
}

impl Redb {
    /// Opens the file, or creates an empty one that only the owner may read. A file that is damaged or
    /// not ours is refused before anything in it is changed.
    pub(in crate::store) fn open(path: &Path) -> Result<Self> {
        if place::inspect(path)? == Place::Free {
            create(path)?;
        }
        let opened = open_storage(path).map_err(file::not_openable(path))?;
        rewrite::remove_left(path).map_err(Error::file("remove what is left beside", path))?;
        Self::open_with(path, opened)
    }

    /// The same on another storage than the file of this path, as tests need it.
    pub(in crate::store) fn open_with(
        path: &Path,
        storage: Box<dyn StorageBackend>,
    ) -> Result<Self> {
        let file = StoreFile::new(path, storage).map_err(Error::file("open", path))?;
        file.repair_after_crash()
            .map_err(Error::file("write again after a failed sync", path))?;
        let mut notes = if closed::is_as_noted(path, &file) {
            Vec::new()
        } else {
            verify(path, &file)?
        };
        notes.extend(open_to_others(path));
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let database = builder().create_with_backend(OpenedFile(Arc::clone(&file)));
            let database = database.map_err(|error| cannot_open(path, error))?;
            add_missing_tables(path, &database)?;
            let format = upgrade::finish(&database).map_err(|error| match error {
                StoreError::Corrupt(what) => damaged(path, &what),
                other => Error::Failed(format!("cannot upgrade {}: {other}", path.display())),
            })?;
            Ok((database, format))
        }));
        let (database, format) = opened.unwrap_or_else(|_| Err(damaged(path, "unreadable")))?;
        Ok(Self {
            path: path.to_owned(),
            identity: RwLock::new(place::identity(path).ok()),
            file: RwLock::new(file),
            state: RwLock::new(FileState::Open(Arc::new(database))),
            is_sealed: AtomicBool::new(format == RowFormat::Sealed),
            notes,
            writing: Mutex::default(),
            rewriting: Mutex::default(),
            touched: TouchedRows::default(),
        })
    }

    fn file(&self) -> Arc<StoreFile> {
        Arc::clone(&self.file.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// While this is held, no transaction is open.
    fn alone(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> RwLockReadGuard<'_, FileState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn format(&self) -> RowFormat {
        if self.is_sealed.load(Ordering::Acquire) {
            RowFormat::Sealed
        } else {
            RowFormat::Plain
        }
    }

    /// The database, to be read.
    fn database(&self) -> Result<Arc<Database>, StoreError> {
        match &*self.state() {
            FileState::Open(database) | FileState::ReadOnly(database) => Ok(Arc::clone(database)),
            FileState::Broken(_) => Err(StoreError::Failing("the file is not open".to_owned())),
            FileState::Closed => Err(StoreError::Closed),
        }
    }

    /// The database, to be written.
    fn writable(&self) -> Result<Arc<Database>, StoreError> {
        match &*self.state() {
            FileState::ReadOnly(_) => {
                Err(StoreError::Failing("the file can only be read".to_owned()))
            }
            _ => self.database(),
        }
    }

    fn put(&self, state: FileState) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Closes the database so that it can be opened anew. Whoever reads is waited for, for a while; fails where that
    /// takes longer.
    fn release(&self) -> Result<(), StoreError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let database = match std::mem::replace(&mut *state, FileState::Broken(None)) {
            FileState::Open(database)
            | FileState::ReadOnly(database)
            | FileState::Broken(Some(database)) => database,
            FileState::Broken(None) => return Ok(()),
            FileState::Closed => {
                *state = FileState::Closed;
                return Err(StoreError::Closed);
            }
        };
        match unshared(database) {
            // Closing a database that failed writes nothing; on damage it may panic.
            Ok(database) => {
                let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
                Ok(())
            }
            Err(shared) => {
                *state = FileState::Broken(Some(shared));
                Err(StoreError::Failing(
                    "the file is still being read".to_owned(),
                ))
            }
        }
    }

    /// Makes what there is readable although nothing can be written.
    fn reopen_to_read(&self) -> Result<(), StoreError> {
        if matches!(&*self.state(), FileState::ReadOnly(_)) {
            return Ok(());
        }
        self.release()?;
        let overlay = Overlay::new(&self.file()).map_err(|error| failing_io(&error))?;
        self.put(FileState::ReadOnly(reopen(overlay)?));
        Ok(())
    }
}

/// The database once nobody else has it, or as it was where that took too long.
fn unshared(mut database: Arc<Database>) -> std::result::Result<Database, Arc<Database>> {
    for _ in 0..READER_LOOKS {
        database = match Arc::try_unwrap(database) {
            Ok(database) => return Ok(database),
            Err(shared) => shared,
        };
        thread::sleep(BETWEEN_READER_LOOKS);
    }
    Arc::try_unwrap(database)
}

/// Opens the database again, on the file or on a view of it.
fn reopen(storage: impl StorageBackend) -> Result<Arc<Database>, StoreError> {
    let opened = catch_unwind(AssertUnwindSafe(|| builder().create_with_backend(storage)));
    let opened = opened.map_err(|_| StoreError::Corrupt("it cannot be opened again".to_owned()))?;
    Ok(Arc::new(opened.map_err(failing)?))
}

/// Opens the file for redb, with its locks.
fn open_storage(path: &Path) -> io::Result<Box<dyn StorageBackend>> {
    let file = std::fs::File::options().read(true).write(true).open(path)?;
    let storage = FileBackend::new(file).map_err(io::Error::other)?;
    Ok(Box::new(storage))
}

/// Whether the file at this path can be used, with what its owner should know; `None` if there is none.
/// Reads all of it and changes nothing. Fails if another process has it open.
pub fn check_file(path: &Path) -> Result<Option<Vec<String>>> {
    if place::inspect(path)? == Place::Free {
        return Ok(None);
    }
    let storage = open_storage(path).map_err(file::not_openable(path))?;
    let file = StoreFile::new(path, storage).map_err(file::not_openable(path))?;
    let mut notes = verify(path, &file)?;
    notes.extend(open_to_others(path));
    Ok(Some(notes))
}

impl Backend for Redb {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let database = self.database()?;
        let transaction = database.begin_read().map_err(failing)?;
        let format = self.format();
        Ok(Box::new(RedbSnapshot::new(transaction, database, format)))
    }

    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let _alone = self.alone();
        let database = self.writable()?;
        // Without a reader of the state before, redb frees the pages that this commit gives up by another
        // transaction behind it, which is a fifth of the work. So they are freed by the next commit.
        let _before = database.begin_read().map_err(failing)?;
        let mut transaction = database.begin_write().map_err(failing)?;
        transaction.set_quick_repair(self.file().length() >= QUICK_REPAIR_FROM_BYTES);
        let mut changes = RedbTransaction::new(&transaction, self.format(), &self.touched);
        let wanted = work(&mut changes)?;
        drop(changes);
        if wanted {
            transaction.commit().map_err(failing)
        } else {
            transaction.abort().map_err(failing)
        }
    }

    /// Fails while a reader still has the file open, and while what a failed sync may have dropped
    /// cannot be written again; then the file can be read at least.
    fn recover(&self) -> Result<(), StoreError> {
        if let Err(error) = self.file().repair() {
            self.reopen_to_read()?;
            return Err(failing_io(&error));
        }
        self.release()?;
        let database = reopen(OpenedFile(self.file()))?;
        self.put(FileState::Open(database));
        Ok(())
    }

    fn close(&self) {
        let before = {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *state, FileState::Closed)
        };
        // Not where somebody still reads it: redb closes it behind them.
        if let FileState::Open(database) = before
            && let Ok(database) = Arc::try_unwrap(database)
            && catch_unwind(AssertUnwindSafe(|| drop(database))).is_ok()
        {
            closed::note(&self.path, &self.file());
        }
    }

    fn seal(&self, schema: u64) -> Result<(), StoreError> {
        upgrade::seal_all(&*self.writable()?, schema)?;
        self.is_sealed.store(true, Ordering::Release);
        Ok(())
    }

    fn trouble_at_place(&self) -> Option<String> {
        let identity = self.identity.read();
        let identity = *identity.unwrap_or_else(PoisonError::into_inner);
        place::trouble_at(&self.path, identity?)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn file_bytes(&self) -> u64 {
        self.file().length()
    }

    fn used_bytes(&self) -> Result<u64, StoreError> {
        compaction::used_bytes(&*self.writable()?)
    }

    fn compact(&self) -> Result<Option<u64>, StoreError> {
        // Whether it is worth it takes a while to find out: nobody waits for that.
        let is_worth_it = match &*self.state() {
            FileState::Open(database) => Some(Arc::clone(database)),
            _ => None,
        };
        let is_worth_it = is_worth_it
            .map(|database| compaction::is_worth_it(&database, &self.file()))
            .transpose()?;
        if is_worth_it != Some(true) {
            return Ok(None);
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            FileState::Open(database) => compaction::compact(database, &self.file()),
            _ => Ok(None),
        }
    }

    fn rewrite(&self) -> Result<(), StoreError> {
        self.write_anew()
    }
}
