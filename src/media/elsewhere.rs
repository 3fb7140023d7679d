//! Files that are not here but on another machine of the cluster: a row says so, and whoever opens one has it fetched.
//!
//! Not here: the way to the other machines (`cluster::files`).

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock, Weak},
};

use super::{Media, MediaError};
use crate::{message::MediaId, store::MediaRow};

/// A file on its way.
pub type Fetching = Pin<Box<dyn Future<Output = Result<(), MediaError>> + Send>>;

/// Fetches files that are elsewhere.
pub trait FileSource: Send + Sync {
    /// Fetches a file; once this resolves it is kept here.
    fn fetch(self: Arc<Self>, id: MediaId) -> Fetching;
}

/// Who fetches.
pub(super) type Source = OnceLock<Weak<dyn FileSource>>;

impl Media {
    /// Sets who fetches the files that are elsewhere.
    pub fn attach(&self, source: Weak<dyn FileSource>) {
        let _ = self.0.source.set(source);
    }

    /// Keeps the row of a file that is elsewhere, so that messages can name it; one that is known stays as it is.
    pub async fn note_elsewhere(&self, row: MediaRow) -> Result<(), MediaError> {
        let row = MediaRow {
            is_elsewhere: true,
            ..row
        };
        self.0.store.keep_media(row)?.await?;
        Ok(())
    }

    /// Has a file fetched that is elsewhere; whether it was.
    pub(super) async fn fetch(&self, id: MediaId) -> Result<bool, MediaError> {
        let is_elsewhere = self.row(id).await?.is_some_and(|row| row.is_elsewhere);
        let source = self.0.source.get().and_then(Weak::upgrade);
        let Some(source) = source.filter(|_| is_elsewhere) else {
            return Ok(false);
        };
        source.fetch(id).await?;
        Ok(true)
    }
}
