//! The file under redb, and what was written to it since the last sync that succeeded.
//!
//! After a failed sync the system may have marked pages as clean that never reached the disk: the next
//! sync then succeeds without them, and what is read back comes from memory. So a copy of every write is
//! kept until a sync has succeeded, and after one that failed all of it is written and synced again
//! before redb may open the file and build on it. The marker file tells a later process the same, in
//! case this one is killed first; where the machine went down too, the pages are gone and so is it.
//!
//! Not here: opening redb on it (`super`), reading it while it cannot be repaired (`overlay`).

use std::{
    fmt, fs, io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use ::redb::{BackendError, StorageBackend};

use crate::fs::{beside, remove_if_there};

/// How many bytes may wait for a sync. A transaction that writes more is synced in between, which is
/// harmless: nothing refers to its pages before it commits.
const MAX_UNSYNCED_BYTES: usize = 32 * 1024 * 1024;
/// The buffer that is kept for the next transaction.
const KEPT_BUFFER_BYTES: usize = 256 * 1024;
/// How much is read and written at a time when the whole file is written again.
const REWRITE_BYTES: usize = 1024 * 1024;

/// The file, open for as long as the store is, whether redb has it open or not: the system reports a
/// failed write-back only to those who had the file open before.
pub(super) struct StoreFile {
    storage: Box<dyn StorageBackend>,
    marker: PathBuf,
    length: AtomicU64,
    /// Whether a sync has failed since the file was last known to be on the disk.
    is_suspect: AtomicBool,
    unsynced: Mutex<Unsynced>,
}

/// The writes since the last sync that succeeded, in their order.
#[derive(Default)]
struct Unsynced {
    bytes: Vec<u8>,
    /// Where each was written, and how long it is.
    writes: Vec<(u64, usize)>,
}

impl Unsynced {
    fn add(&mut self, offset: u64, data: &[u8]) {
        self.bytes.extend_from_slice(data);
        self.writes.push((offset, data.len()));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BUFFER_BYTES);
        self.writes.clear();
    }

    fn each(&self, mut visit: impl FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut rest = &self.bytes[..];
        for (offset, length) in &self.writes {
            let (data, after) = rest.split_at(*length);
            visit(*offset, data)?;
            rest = after;
        }
        Ok(())
    }
}

impl fmt::Debug for StoreFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreFile").finish_non_exhaustive()
    }
}

/// The file that says that another one may not be on the disk as it reads.
pub(in crate::store) fn marker_of(path: &Path) -> PathBuf {
    beside(path, ".unsynced")
}

impl StoreFile {
    pub(super) fn new(path: &Path, storage: Box<dyn StorageBackend>) -> io::Result<Arc<Self>> {
        let marker = marker_of(path);
        Ok(Arc::new(Self {
            length: AtomicU64::new(storage.len()?),
            storage,
            is_suspect: AtomicBool::new(false),
            marker,
            unsynced: Mutex::default(),
        }))
    }

    fn unsynced(&self) -> MutexGuard<'_, Unsynced> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }

    pub(super) fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.storage.read(offset, out)
    }

    /// Whether a sync has failed and was not made up for.
    pub(super) fn is_suspect(&self) -> bool {
        self.is_suspect.load(Ordering::Acquire)
    }

    /// Calls `visit` with everything that may not be on the disk.
    pub(super) fn each_unsynced(
        &self,
        visit: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.unsynced().each(visit)
    }

    fn sync(&self) -> io::Result<()> {
        match self.storage.sync_data() {
            Ok(()) => self.unsynced().clear(),
            Err(error) => {
                self.is_suspect.store(true, Ordering::Release);
                // On this disk it may fail too; then only a kill before the next good sync can do harm.
                let _ = fs::write(&self.marker, "");
                return Err(error);
            }
        }
        Ok(())
    }

    /// After a failed sync: writes again what it may have dropped, and syncs. Until that succeeds, redb
    /// must not open the file to write.
    pub(super) fn repair(&self) -> io::Result<()> {
        if !self.is_suspect() {
            return Ok(());
        }
        let mut unsynced = self.unsynced();
        unsynced.each(|offset, data| self.storage.write(offset, data))?;
        self.storage.sync_data()?;
        unsynced.clear();
        self.is_suspect.store(false, Ordering::Release);
        remove_if_there(&self.marker)
    }

    /// Where an earlier process left the marker: writes the whole file again as it reads, and syncs it.
    pub(super) fn repair_after_crash(&self) -> io::Result<()> {
        if !self.marker.exists() {
            return Ok(());
        }
        let (length, mut offset) = (self.storage.len()?, 0);
        let mut buffer = vec![0; REWRITE_BYTES];
        while offset < length {
            let part = usize::try_from(length - offset).unwrap_or(REWRITE_BYTES);
            let part = &mut buffer[..part.min(REWRITE_BYTES)];
            self.storage.read(offset, part)?;
            self.storage.write(offset, part)?;
            offset += part.len() as u64;
        }
        self.storage.sync_data()?;
        remove_if_there(&self.marker)
    }
}

/// What redb gets of the file. The file stays open when redb closes this.
#[derive(Debug, Clone)]
pub(super) struct OpenedFile(pub(super) Arc<StoreFile>);

impl StorageBackend for OpenedFile {
    fn len(&self) -> io::Result<u64> {
        self.0.storage.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.storage.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.storage.set_len(length)?;
        self.0.length.store(length, Ordering::Relaxed);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut unsynced = self.0.unsynced();
        if unsynced.bytes.len() + data.len() > MAX_UNSYNCED_BYTES {
            drop(unsynced);
            self.0.sync()?;
            unsynced = self.0.unsynced();
        }
        // A write that fails is not kept: its page belongs to a transaction that is undone, and to
        // write it again could take space that a full disk does not have.
        self.0.storage.write(offset, data)?;
        unsynced.add(offset, data);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.0.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.storage.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.storage.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.storage.query_lock_range(start, end)
    }
}
