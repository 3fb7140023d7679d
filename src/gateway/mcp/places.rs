//! Readers' places that moved and are not on the disk yet, so that a reader who asks again at once does not
//! get the same messages.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Places by what they are called. There are as many as writes wait for the disk.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<String, u64>>);

impl Places {
    fn moving(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where this one is, where the disk does not know yet.
    pub(super) fn get(&self, place: &str) -> Option<u64> {
        self.moving().get(place).copied()
    }

    /// This one moved.
    pub(super) fn insert(&self, place: String, seq: u64) {
        self.moving().insert(place, seq);
    }

    /// The disk knows. One that moved on meanwhile stays.
    pub(super) fn remove(&self, place: &str, seq: u64) {
        let mut moving = self.moving();
        if moving.get(place) == Some(&seq) {
            moving.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_moved_on_is_not_forgotten_with_the_older_write() {
        let places = Places::default();
        places.insert("a".to_owned(), 1);
        places.insert("a".to_owned(), 2);
        places.remove("a", 1);
        assert_eq!(places.get("a"), Some(2));
        places.remove("a", 2);
        assert_eq!(places.get("a"), None);
    }
}
