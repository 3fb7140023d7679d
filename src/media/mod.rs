//! Kept files: what clients upload, what services bring, and what is sent. Each lies in the folder `media`
//! under the SHA-256 of its bytes, with a row in the store that says what is known of it.
//!
//! A file is written beside, synced, renamed to its place, and only then gets its row: whoever finds a row
//! finds the file. Removing goes the other way round. A crash in between leaves a file without a row, which
//! `sweep` removes.
//!
//! - `intake`: taking a file in, in pieces.
//! - `folder`: paths, renames, removals.
//! - `probe`: what the bytes themselves say: type, size of a picture, length of a recording.
//! - `sweep`: removing what nobody needs.
//! - `elsewhere`: files of other machines of a cluster, fetched when somebody needs them.
//!
//! Not here: HTTP (`gateway::http`), fetching from services (`integrations`).

#[cfg(feature = "nats")]
mod elsewhere;
mod error;
mod folder;
mod intake;
#[cfg(feature = "nats")]
mod not_fetched;
pub mod probe;
mod sweep;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::{RwLock, Semaphore};

use self::folder::Folder;
#[cfg(feature = "nats")]
pub use self::{
    elsewhere::{Fetching, FileSource},
    not_fetched::NotFetched,
};
pub use self::{
    error::MediaError,
    intake::{About, Intake},
    sweep::{Swept, keep_tidy},
};
use crate::{
    error::Result,
    message::MediaId,
    panics::run_blocking,
    store::{KeptMedia, MediaRow, MediaTotals, Store},
};

/// The name of the folder in the home folder.
pub const FOLDER: &str = "media";

/// Files taken in at a time from clients, and as many besides that we fetch ourselves; more wait for their
/// turn.
const MAX_INTAKES: usize = 64;

/// How long a file waits for its turn.
const TURN: Duration = Duration::from_secs(30);

/// The kept files. Clones share them.
#[derive(Clone)]
pub struct Media(Arc<Inner>);

struct Inner {
    folder: Folder,
    store: Store,
    /// Largest file, in bytes.
    max_bytes: AtomicU64,
    /// What all files together may have, in bytes.
    quota: AtomicU64,
    /// Bytes of files that are being taken in.
    under_way: AtomicU64,
    uploads: Arc<Semaphore>,
    fetches: Arc<Semaphore>,
    /// Files that stay though no message refers to them.
    pinned: Mutex<HashSet<MediaId>>,
    /// Held to read by who puts a file in its place until its row is stored, to write by who removes one.
    places: RwLock<()>,
    /// How many have every file stay for a while.
    holds: AtomicUsize,
    /// Who fetches the files that are elsewhere.
    #[cfg(feature = "nats")]
    source: elsewhere::Source,
}

/// While this lives no file is removed.
pub struct MediaHold(Media);

impl Drop for MediaHold {
    fn drop(&mut self) {
        self.0.0.holds.fetch_sub(1, Relaxed);
    }
}

/// A kept file, opened.
#[derive(Debug)]
pub struct OpenFile {
    /// What is known of it.
    pub row: MediaRow,
    /// Its bytes, from the first on.
    pub file: File,
}

impl Media {
    /// The files under this home folder. What an upload left that ended in the middle is removed.
    pub fn open(home: &Path, store: Store, max_bytes: u64, quota: u64) -> Result<Self> {
        let folder = Folder::open(home)?;
        Ok(Self(Arc::new(Inner {
            folder,
            store,
            max_bytes: AtomicU64::new(max_bytes),
            quota: AtomicU64::new(quota),
            under_way: AtomicU64::new(0),
            uploads: Arc::new(Semaphore::new(MAX_INTAKES)),
            fetches: Arc::new(Semaphore::new(MAX_INTAKES)),
            pinned: Mutex::default(),
            places: RwLock::default(),
            holds: AtomicUsize::new(0),
            #[cfg(feature = "nats")]
            source: elsewhere::Source::new(),
        })))
    }

    /// Has these files stay, and no others, though no message refers to them.
    pub fn pin(&self, files: HashSet<MediaId>) {
        *self.0.pinned.lock().unwrap_or_else(PoisonError::into_inner) = files;
    }

    /// Has every file stay, also those that nobody needs any more, while somebody copies them.
    pub fn hold(&self) -> MediaHold {
        self.0.holds.fetch_add(1, Relaxed);
        MediaHold(self.clone())
    }

    /// Whether every file stays for now.
    pub fn is_held(&self) -> bool {
        self.0.holds.load(Relaxed) > 0
    }

    /// Changes the bounds: of one file and of all together, in bytes.
    pub fn set_bounds(&self, max_bytes: u64, quota: u64) {
        self.0.max_bytes.store(max_bytes, Relaxed);
        self.0.quota.store(quota, Relaxed);
    }

    /// Largest file that is taken, in bytes.
    pub fn max_bytes(&self) -> u64 {
        self.0.max_bytes.load(Relaxed)
    }

    /// What all files together may have, in bytes.
    pub fn quota(&self) -> u64 {
        self.0.quota.load(Relaxed)
    }

    /// How many files are kept, and their bytes.
    pub fn totals(&self) -> MediaTotals {
        self.0.store.media_totals()
    }

    /// Begins to take in a file of at most `max_bytes`, of which `expected` are announced. Waits for its
    /// turn.
    pub async fn intake(
        &self,
        max_bytes: u64,
        expected: u64,
    ) -> std::result::Result<Intake, MediaError> {
        self.begin(&self.0.fetches, max_bytes, expected).await
    }

    /// The same for a file that a client uploads: slow clients hold up no other file.
    pub async fn upload(&self, expected: u64) -> std::result::Result<Intake, MediaError> {
        self.begin(&self.0.uploads, u64::MAX, expected).await
    }

    async fn begin(
        &self,
        turns: &Arc<Semaphore>,
        max_bytes: u64,
        expected: u64,
    ) -> std::result::Result<Intake, MediaError> {
        let max_bytes = max_bytes.min(self.max_bytes());
        if expected > max_bytes {
            return Err(MediaError::TooLarge(max_bytes));
        }
        let turn = Arc::clone(turns).acquire_owned();
        let turn = tokio::time::timeout(TURN, turn).await;
        let turn = turn
            .ok()
            .and_then(std::result::Result::ok)
            .ok_or(MediaError::Busy)?;
        self.make_room(expected).await?;
        Intake::begin(self.clone(), turn, max_bytes, expected).await
    }

    /// Takes every file away and leaves the rows.
    #[cfg(test)]
    pub(crate) fn lose_files(&self) {
        for id in self.0.folder.list().expect("listed") {
            self.0.folder.remove(id).expect("removed");
        }
    }

    /// Where the file of this id is, for programs that read it themselves.
    pub fn path(&self, id: MediaId) -> PathBuf {
        self.0.folder.place(id)
    }

    /// Whether the file of this id is at its place.
    pub fn is_there(&self, id: MediaId) -> bool {
        self.0.folder.has(id)
    }

    /// Keeps a file that is in memory.
    pub async fn keep_bytes(
        &self,
        bytes: &[u8],
        about: About,
    ) -> std::result::Result<KeptMedia, MediaError> {
        let mut intake = self.intake(u64::MAX, bytes.len() as u64).await?;
        intake.write(bytes).await?;
        intake.finish(about).await
    }

    /// What is known of a file.
    pub async fn row(&self, id: MediaId) -> std::result::Result<Option<MediaRow>, MediaError> {
        let row = self.0.store.run_blocking(move |store| store.media(id));
        Ok(row.await?)
    }

    /// What is known of a file, once it is here.
    pub async fn row_here(&self, id: MediaId) -> std::result::Result<MediaRow, MediaError> {
        let row = self.row(id).await?.ok_or(MediaError::Unknown(id))?;
        #[cfg(feature = "nats")]
        if row.is_elsewhere {
            self.fetch(id).await?;
        }
        Ok(row)
    }

    /// Opens a kept file. One that is on another machine of the cluster is fetched first.
    pub async fn open_file(&self, id: MediaId) -> std::result::Result<OpenFile, MediaError> {
        let opened = self.open_here(id).await;
        #[cfg(feature = "nats")]
        if matches!(opened, Err(MediaError::Gone(_))) && self.fetch(id).await? {
            return self.open_here(id).await;
        }
        opened
    }

    async fn open_here(&self, id: MediaId) -> std::result::Result<OpenFile, MediaError> {
        let media = self.clone();
        let opened = run_blocking(move || {
            let row = media.0.store.media(id)?.ok_or(MediaError::Unknown(id))?;
            let file = media.0.folder.read(id).map_err(|_| MediaError::Gone(id))?;
            let is_whole = file.metadata().is_ok_and(|is| is.len() == row.bytes);
            if is_whole {
                Ok(OpenFile { row, file })
            } else {
                Err(MediaError::Gone(id))
            }
        });
        opened
            .await
            .unwrap_or_else(|why| Err(MediaError::Disk(why)))
    }

    /// Remembers what a service calls its copy of a file.
    pub async fn set_service_id(
        &self,
        id: MediaId,
        service: &str,
        value: &str,
    ) -> std::result::Result<(), MediaError> {
        let pending = self.0.store.name_media(id, service, value)?;
        Ok(pending.await?)
    }
}
