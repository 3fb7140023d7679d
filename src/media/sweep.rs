//! Putting files in their places and removing those that nobody needs: no message refers to them, or no row
//! knows them.

use std::{
    collections::HashSet,
    sync::{PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::time::sleep;

use super::{Media, MediaError, folder::Unfinished};
use crate::{
    log::{Log, LogField},
    message::MediaId,
    panics::{run_blocking, run_to_end},
    store::{KeptMedia, MediaRow},
};

/// How long a file is kept to which no message refers.
const UNREFERENCED_LIFE: Duration = Duration::from_secs(24 * 3600);

/// A file this young is not removed for want of room: its message may be on the way.
const GRACE: Duration = Duration::from_secs(60);

/// Where room is made, this part of the quota is made free besides.
const ROOM_PART: u64 = 256;

/// Files removed at a time.
const SLICE: usize = 256;

/// More files than this are never kept for what refers to none of their messages yet.
const MAX_PINNED: usize = 5000;

/// The time between two looks at what nobody needs.
const BETWEEN_LOOKS: Duration = Duration::from_secs(3600);

/// Removes what nobody needs, every hour: what a crash left, and what no message refers to.
pub async fn keep_tidy(media: Media, log: Log) {
    let failed = |error: &MediaError| {
        let fields: [LogField<'_>; 1] = [("error", error)];
        log.warn_limited("media", "cannot tidy up the kept files", &fields);
    };
    loop {
        // Without a file nothing needs a look, nor a thread for it.
        if !media.is_empty() {
            match media.tidy().await {
                Err(error) => failed(&error),
                Ok(Swept { missing: 0, .. }) => {}
                Ok(swept) => {
                    let text =
                        "kept files are missing from the folder media; put them back from a backup";
                    log.warn_limited("media", text, &[("files", &swept.missing)]);
                }
            }
            if let Err(error) = media.prune(UNREFERENCED_LIFE).await {
                failed(&error);
            }
        }
        sleep(BETWEEN_LOOKS).await;
    }
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rows whose file is not there (only looked for by [`Media::tidy`]).
    pub missing: u64,
}

impl Media {
    /// Whether nothing is kept, in the folder or in the store.
    fn is_empty(&self) -> bool {
        self.totals().files == 0 && self.0.folder.is_empty()
    }

    /// Bytes of a file that is being taken in.
    pub(super) fn come(&self, bytes: u64) {
        self.0.under_way.fetch_add(bytes, Relaxed);
    }

    /// They are kept, or dropped.
    pub(super) fn leave(&self, bytes: u64) {
        self.0.under_way.fetch_sub(bytes, Relaxed);
    }

    fn excess(&self, more: u64) -> u64 {
        let all = self.totals().bytes + self.0.under_way.load(Relaxed) + more;
        all.saturating_sub(self.quota())
    }

    /// Removes files that no message refers to, oldest first, until `more` bytes fit in; fails where they
    /// do not even then. Frees a little more, so that not each piece of a file has to.
    pub(super) async fn make_room(&self, more: u64) -> Result<(), MediaError> {
        while self.excess(more) > 0 {
            let enough = self.excess(more) + self.quota() / ROOM_PART;
            let swept = self.prune_some(GRACE, enough).await?;
            if swept.files == 0 {
                return Err(MediaError::QuotaReached(self.quota()));
            }
        }
        Ok(())
    }

    /// Puts a file in its place and stores its row.
    pub(super) async fn keep(
        &self,
        unfinished: Unfinished,
        row: MediaRow,
    ) -> Result<KeptMedia, MediaError> {
        let media = self.clone();
        let (id, name) = (row.id, row.name.clone());
        let work = async move {
            match media.place(unfinished, row).await {
                Ok(mut kept) => {
                    // The row has the name that came first; whoever hands it in again knows it by another.
                    kept.row.name = name.or(kept.row.name);
                    Ok(kept)
                }
                Err(error) => {
                    media.remove_if_unknown(id).await?;
                    Err(error)
                }
            }
        };
        run_to_end(work, MediaError::Disk).await
    }

    async fn place(&self, unfinished: Unfinished, row: MediaRow) -> Result<KeptMedia, MediaError> {
        let _place = self.0.places.read().await;
        let (media, id) = (self.clone(), row.id);
        let placed = run_blocking(move || media.0.folder.put(unfinished, id));
        placed.await.map_err(MediaError::Disk)??;
        Ok(self.0.store.keep_media(row)?.await?)
    }

    /// Removes a file that has no row.
    async fn remove_if_unknown(&self, id: MediaId) -> Result<bool, MediaError> {
        let media = self.clone();
        let work = async move {
            let _places = media.0.places.write().await;
            let inner = media.clone();
            let removed = run_blocking(move || {
                let is_known = inner.is_held() || inner.0.store.media(id)?.is_some();
                if !is_known {
                    inner.0.folder.remove(id)?;
                }
                Ok(!is_known)
            });
            removed
                .await
                .unwrap_or_else(|why| Err(MediaError::Disk(why)))
        };
        run_to_end(work, MediaError::Disk).await
    }

    /// Removes the files that no message refers to and that nobody handed in for `min_age`.
    pub async fn prune(&self, min_age: Duration) -> Result<Swept, MediaError> {
        let mut all = Swept::default();
        loop {
            let swept = self.prune_some(min_age, u64::MAX).await?;
            if swept.files == 0 {
                return Ok(all);
            }
            all.files += swept.files;
            all.bytes += swept.bytes;
        }
    }

    /// Removes the oldest of them, at most one slice and until `enough` bytes are free.
    async fn prune_some(&self, min_age: Duration, enough: u64) -> Result<Swept, MediaError> {
        let media = self.clone();
        let work = async move { media.prune_slice(min_age, enough).await };
        run_to_end(work, MediaError::Disk).await
    }

    fn pinned(&self) -> HashSet<MediaId> {
        let pinned = self.0.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.clone()
    }

    async fn prune_slice(&self, min_age: Duration, enough: u64) -> Result<Swept, MediaError> {
        let min_age = u64::try_from(min_age.as_millis()).unwrap_or(u64::MAX);
        let until_ms = self.0.store.clock()().saturating_sub(min_age);
        let _places = self.0.places.write().await;
        if self.is_held() {
            return Ok(Swept::default());
        }
        let found = self
            .0
            .store
            .run_blocking(move |store| store.unreferenced_media(until_ms, SLICE + MAX_PINNED))
            .await?;
        let mut bytes = 0;
        let pinned = self.pinned();
        let free = found.into_iter().filter(|row| !pinned.contains(&row.id));
        let ids = free.take_while(|row| {
            let is_needed = bytes < enough;
            bytes = bytes.saturating_add(row.bytes_here());
            is_needed
        });
        let ids: Vec<MediaId> = ids.map(|row| row.id).collect();
        self.remove(ids, until_ms).await
    }

    /// Removes at once those of these files that no message refers to and nothing else holds.
    pub async fn remove_unreferenced(&self, ids: Vec<MediaId>) -> Result<Swept, MediaError> {
        let media = self.clone();
        let work = async move {
            let _places = media.0.places.write().await;
            if media.is_held() {
                return Err(MediaError::Held);
            }
            let pinned = media.pinned();
            let free = ids.into_iter().filter(|id| !pinned.contains(id));
            media.remove(free.collect(), u64::MAX).await
        };
        run_to_end(work, MediaError::Disk).await
    }

    /// Removes rows and files. The caller holds `places`.
    async fn remove(&self, ids: Vec<MediaId>, until_ms: u64) -> Result<Swept, MediaError> {
        if ids.is_empty() {
            return Ok(Swept::default());
        }
        let forgotten = self.0.store.forget_media(ids, until_ms)?.await?;
        let swept = Swept {
            files: forgotten.len() as u64,
            bytes: forgotten.iter().map(MediaRow::bytes_here).sum(),
            missing: 0,
        };
        let media = self.clone();
        let removed = run_blocking(move || {
            // One that cannot be removed keeps no other from going.
            let removed = forgotten.iter().map(|row| media.0.folder.remove(row.id));
            removed.fold(Ok(()), std::io::Result::and)
        });
        removed.await.map_err(MediaError::Disk)??;
        Ok(swept)
    }

    /// Removes the files without a row, which a crash may leave, and counts the rows without a file.
    pub async fn tidy(&self) -> Result<Swept, MediaError> {
        let media = self.clone();
        let listed = run_blocking(move || {
            let there: HashSet<MediaId> = media.0.folder.list()?.into_iter().collect();
            let known = media.0.store.media_here()?;
            let known: HashSet<MediaId> = known.into_iter().map(|(id, _)| id).collect();
            let missing = known.difference(&there).count();
            let strays: Vec<MediaId> = there.difference(&known).copied().collect();
            Ok::<_, MediaError>((strays, missing))
        });
        let (strays, missing) = listed.await.map_err(MediaError::Disk)??;
        let mut swept = Swept {
            missing: missing as u64,
            ..Swept::default()
        };
        for id in strays {
            swept.files += u64::from(self.remove_if_unknown(id).await?);
        }
        Ok(swept)
    }
}
