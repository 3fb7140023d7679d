//! The names of what was done lately, so that a late repeat is not done again. Lost at an end of the
//! daemon, and then nothing worse happens than that a repeat is taken.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Names that are remembered.
const MAX_RECENT: usize = 256;

/// The last names.
#[derive(Default)]
pub(super) struct Recent(Mutex<VecDeque<String>>);

impl Recent {
    fn names(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a name is among them.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.names().iter().any(|known| known == name)
    }

    /// Adds a name, for which the oldest goes.
    pub(super) fn add(&self, name: &str) {
        let mut names = self.names();
        if names.len() == MAX_RECENT {
            names.pop_front();
        }
        names.push_back(name.to_owned());
    }
}
