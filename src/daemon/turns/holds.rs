//! The conversations in which a person answers for a while.
//!
//! Not here: what is stopped then, and who is told.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::conversations::ConversationKey;
use crate::{
    clock,
    store::{Clock, Hold, HoldReason},
};

/// The conversations that are held, as on disk.
pub(super) struct Holds {
    /// The store's time.
    clock: Clock,
    held: Mutex<HashMap<ConversationKey, (u64, HoldReason)>>,
}

impl Holds {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<ConversationKey, (u64, HoldReason)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is on disk; returns those whose time is over.
    pub(super) fn resume(&self, holds: Vec<Hold>) -> Vec<ConversationKey> {
        let now = (self.clock)();
        let mut held = self.held();
        let mut over = Vec::new();
        for hold in holds {
            let key = (hold.channel, hold.peer);
            if hold.until_ms > now {
                held.insert(key, (hold.until_ms, hold.by));
            } else {
                over.push(key);
            }
        }
        over
    }

    /// Holds a conversation for this long, or longer where it is held for longer; as it is to be stored.
    pub(super) fn hold(&self, key: &ConversationKey, period: Duration, by: HoldReason) -> Hold {
        let now = (self.clock)();
        let period = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
        let until = now.saturating_add(period);
        let mut held = self.held();
        held.retain(|_, (until, _)| *until > now);
        let (until_ms, by) = match held.get(key) {
            Some((known, by)) if *known > until => (*known, *by),
            _ => (until, by),
        };
        held.insert(key.clone(), (until_ms, by));
        Hold {
            channel: key.0.clone(),
            peer: key.1.clone(),
            until_ms,
            by,
        }
    }

    /// Gives a conversation back; false where it was not held.
    pub(super) fn release(&self, key: &ConversationKey) -> bool {
        let was_held = self.is_held(key);
        self.held().remove(key);
        was_held
    }

    /// Whether a person answers there.
    pub(super) fn is_held(&self, key: &ConversationKey) -> bool {
        let now = (self.clock)();
        self.held().get(key).is_some_and(|(until, _)| *until > now)
    }

    /// All, with the time as the wall clock shows it.
    pub(super) fn all(&self) -> Vec<(ConversationKey, u64, HoldReason)> {
        let now = (self.clock)();
        let held = self.held();
        let all = held.iter().filter(|(_, (until, _))| *until > now);
        let mut all: Vec<_> = all
            .map(|(key, (until, by))| (key.clone(), self.shown(*until), *by))
            .collect();
        all.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        all
    }

    /// A time of the store as the wall clock shows it, in ms since 1970.
    pub(super) fn shown(&self, store_ms: u64) -> u64 {
        clock::now_ms().saturating_add(store_ms.saturating_sub((self.clock)()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use super::*;

    fn key(peer: &str) -> ConversationKey {
        ("telegram".to_owned(), peer.to_owned())
    }

    #[test]
    fn a_hold_ends_by_itself_is_never_shortened_and_survives_a_restart() {
        let time = Arc::new(AtomicU64::new(1000));
        let holds = || {
            let time = Arc::clone(&time);
            Holds::new(Arc::new(move || time.load(Ordering::Relaxed)))
        };
        let first = holds();
        let long = first.hold(&key("ana"), Duration::from_secs(60), HoldReason::Command);
        let again = first.hold(&key("ana"), Duration::from_secs(5), HoldReason::Hand);
        assert_eq!(long, again);
        let short = first.hold(&key("bia"), Duration::from_secs(5), HoldReason::Hand);
        time.store(10_000, Ordering::Relaxed);
        assert!(first.is_held(&key("ana")) && !first.is_held(&key("bia")));
        let second = holds();
        assert_eq!(second.resume(vec![again, short]), [key("bia")]);
        assert_eq!(second.all().len(), 1);
        assert!(second.release(&key("ana")) && !second.release(&key("ana")));
    }
}
