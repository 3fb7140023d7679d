//! The files that are on their way here.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Semaphore, watch};

use crate::{media::MediaError, message::MediaId};

/// Files fetched at a time; more wait for their turn.
const MAX_FETCHES: usize = 4;

/// What comes of a fetch; `None` while it is under way.
pub(super) type Outcome = Option<Result<(), MediaError>>;

/// The files that are on their way.
pub(in crate::cluster) struct Fetches {
    under_way: Mutex<HashMap<MediaId, watch::Receiver<Outcome>>>,
    pub(super) turns: Semaphore,
}

impl Default for Fetches {
    fn default() -> Self {
        Self {
            under_way: Mutex::default(),
            turns: Semaphore::new(MAX_FETCHES),
        }
    }
}

impl Fetches {
    pub(super) fn under_way(&self) -> MutexGuard<'_, HashMap<MediaId, watch::Receiver<Outcome>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
