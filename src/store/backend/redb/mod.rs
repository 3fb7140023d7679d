//! The tables in one redb file. Every commit is on the disk when it returns
//! (`Durability::Immediate`, redb's default).
//!
//! Not here: creating and checking the file (`file`), reading and writing its rows (`rows`).

mod file;
mod rows;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use ::redb::{Database, DatabaseError, ReadableDatabase as _};

use self::{
    file::{add_missing_tables, builder, cannot_open, create, not_ours},
    rows::{RedbSnapshot, RedbTransaction, failing},
};
use crate::{
    error::Result,
    store::{
        backend::{Backend, Snapshot, Work},
        error::StoreError,
    },
};

/// From this file size on, each commit also saves which pages are in use. Otherwise redb has to read
/// the whole file after a crash: 27 ms for 800,000 short messages in 68 MiB. Saving it costs a second
/// fsync and about a quarter of the throughput, which is not worth it for a small file.
const QUICK_REPAIR_FROM_BYTES: u64 = 64 * 1024 * 1024;

/// Opens the file. Tests pass one whose disk can fail.
pub(in crate::store) type OpenFile =
    Box<dyn Fn(&Path) -> Result<Database, DatabaseError> + Send + Sync>;

/// Whether the file can be used.
enum FileState {
    Open(Arc<Database>),
    /// It failed and could not be reopened so far.
    Broken,
    Closed,
}

/// A redb file and how to reopen it, which redb requires after an I/O error.
pub(in crate::store) struct Redb {
    path: PathBuf,
    open_file: OpenFile,
    state: RwLock<FileState>,
}

impl Redb {
    /// Opens the file, or creates an empty one that only the owner may read.
    pub(in crate::store) fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Box::new(|path| builder().open(path)))
    }

    /// The same with another way to open the file.
    pub(in crate::store) fn open_with(path: &Path, open_file: OpenFile) -> Result<Self> {
        let is_there = std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
        if !is_there {
            create(path)?;
        }
        // redb may panic while it opens a damaged file.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let database = open_file(path).map_err(|error| cannot_open(path, error))?;
            add_missing_tables(path, &database)?;
            Ok(database)
        }));
        let database = opened.unwrap_or_else(|_| Err(not_ours(path, "damaged")))?;
        Ok(Self {
            path: path.to_owned(),
            open_file,
            state: RwLock::new(FileState::Open(Arc::new(database))),
        })
    }

    fn database(&self) -> Result<Arc<Database>, StoreError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            FileState::Open(database) => Ok(Arc::clone(database)),
            FileState::Broken => Err(StoreError::Failing("the file is not open".to_owned())),
            FileState::Closed => Err(StoreError::Closed),
        }
    }

    fn is_large(&self) -> bool {
        let file = std::fs::metadata(&self.path);
        file.is_ok_and(|file| file.len() >= QUICK_REPAIR_FROM_BYTES)
    }

    fn put(&self, state: FileState) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl Backend for Redb {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let database = self.database()?;
        let transaction = database.begin_read().map_err(failing)?;
        Ok(Box::new(RedbSnapshot::new(transaction, database)))
    }

    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let database = self.database()?;
        let mut transaction = database.begin_write().map_err(failing)?;
        transaction.set_quick_repair(self.is_large());
        let mut changes = RedbTransaction::new(&transaction);
        let wanted = work(&mut changes)?;
        drop(changes);
        if wanted {
            transaction.commit().map_err(failing)
        } else {
            transaction.abort().map_err(failing)
        }
    }

    /// Fails while a reader still has the file open; the next attempt finds it closed.
    fn recover(&self) -> Result<(), StoreError> {
        self.put(FileState::Broken);
        let opened = catch_unwind(AssertUnwindSafe(|| (self.open_file)(&self.path)));
        let opened = opened.map_err(|_| StoreError::Failing("the database panicked".to_owned()))?;
        self.put(FileState::Open(Arc::new(opened.map_err(failing)?)));
        Ok(())
    }

    fn close(&self) {
        self.put(FileState::Closed);
    }
}
