//! All subscriptions: added, replaced, removed, and kept; and what is known of push as a whole.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use serde_json::{Value, json};

use super::{
    crypto::VapidKeys,
    owner::Owner,
    subscription::{NewSubscription, Subscription, SubscriptionId},
};
use crate::{
    config::PushSettings,
    store::{RowStorage, StoreError},
};

/// Subscriptions of one owner at most: devices of one person, and browsers on each.
const MAX_OF_OWNER: usize = 32;

/// Subscriptions at most.
const MAX_SUBSCRIPTIONS: usize = 256;

/// Why a subscription was not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushError {
    /// This owner has as many as it may.
    FullOfOwner,
    /// There are as many as there may be.
    Full,
    /// It could not be kept, or not be removed.
    NotKept(StoreError),
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FullOfOwner => write!(
                f,
                "this key has {MAX_OF_OWNER} push subscriptions already; end those of devices that are gone"
            ),
            Self::Full => write!(
                f,
                "there are {MAX_SUBSCRIPTIONS} push subscriptions already; end those of devices that are gone"
            ),
            Self::NotKept(why) => write!(f, "nothing was changed: {why}"),
        }
    }
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct PushCounters {
    /// Pushes that a service took.
    pub sent: AtomicU64,
    /// Attempts that failed.
    pub failed: AtomicU64,
    /// Pushes that were given up, or found no room.
    pub dropped: AtomicU64,
    /// Subscriptions that ended because their service said so, or never took anything.
    pub ended: AtomicU64,
}

/// Called once a subscription was added.
type OnAdded = Box<dyn Fn() + Send + Sync>;

/// All subscriptions of a gateway.
pub struct PushRegistry {
    state: RwLock<Subscriptions>,
    /// How many: asked at every message, without the lock.
    count: AtomicUsize,
    storage: RowStorage,
    /// One change is written at a time.
    writing: tokio::sync::Mutex<()>,
    keys: VapidKeys,
    settings: RwLock<Arc<PushSettings>>,
    token: RwLock<Option<Owner>>,
    on_added: OnceLock<OnAdded>,
    /// How it goes.
    pub counters: PushCounters,
}

#[derive(Debug, Default)]
struct Subscriptions {
    all: Vec<Arc<Subscription>>,
    /// The highest number given out.
    last: u64,
}

impl Subscriptions {
    fn rows_without(&self, id: SubscriptionId) -> Vec<Vec<u8>> {
        let others = self.all.iter().filter(|one| one.id != id);
        others.map(|one| one.row()).collect()
    }

    fn at(&self, endpoint: &str) -> Option<&Arc<Subscription>> {
        self.all.iter().find(|one| one.told.endpoint == endpoint)
    }

    /// The subscription to be kept: in the place of the one with the same address, if there is one.
    fn placed(&self, new: NewSubscription, now_ms: u64) -> Result<Subscription, PushError> {
        if let Some(before) = self.at(&new.endpoint) {
            return Ok(Subscription::new(before.id, new, before.created_ms));
        }
        let of_owner = self.all.iter().filter(|one| one.told.owner == new.owner);
        if self.all.len() >= MAX_SUBSCRIPTIONS {
            return Err(PushError::Full);
        }
        if of_owner.count() >= MAX_OF_OWNER {
            return Err(PushError::FullOfOwner);
        }
        let id = SubscriptionId(self.last + 1);
        Ok(Subscription::new(id, new, now_ms))
    }
}

impl PushRegistry {
    /// Those that are kept, and how many rows of other versions were left alone. Blocks.
    pub fn open(storage: RowStorage, home: &Path) -> Result<(Self, usize), String> {
        let rows = storage.load()?;
        let read = rows.iter().filter_map(|row| Subscription::of_row(row));
        let all: Vec<_> = read.map(Arc::new).collect();
        let unread = rows.len() - all.len();
        let last = all.iter().map(|one| one.id.0).max().unwrap_or(0);
        let registry = Self {
            count: AtomicUsize::new(all.len()),
            state: RwLock::new(Subscriptions { all, last }),
            storage,
            writing: tokio::sync::Mutex::default(),
            keys: VapidKeys::new(home),
            settings: RwLock::default(),
            token: RwLock::default(),
            on_added: OnceLock::new(),
            counters: PushCounters::default(),
        };
        Ok((registry, unread))
    }

    fn state(&self) -> RwLockReadGuard<'_, Subscriptions> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Subscriptions)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        self.count.store(state.all.len(), Relaxed);
    }

    /// How it goes, for `status`; nothing where nobody ever subscribed.
    pub fn json(&self) -> Option<Value> {
        let PushCounters {
            sent,
            failed,
            dropped,
            ended,
        } = &self.counters;
        let count = |counter: &AtomicU64| counter.load(Relaxed);
        if self.is_empty() && count(sent) + count(failed) + count(ended) == 0 {
            return None;
        }
        Some(
            json!({"subscriptions": self.count(), "sent": count(sent), "failed": count(failed),
            "dropped": count(dropped), "ended": count(ended)}),
        )
    }

    /// Whether nobody subscribed.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// All, oldest first.
    pub fn all(&self) -> Vec<Arc<Subscription>> {
        self.state().all.clone()
    }

    /// The one of this address.
    pub fn at(&self, endpoint: &str) -> Option<Arc<Subscription>> {
        self.state().at(endpoint).cloned()
    }

    /// Whether this very subscription is one of them: it was neither removed nor replaced.
    pub fn has(&self, subscription: &Arc<Subscription>) -> bool {
        let state = self.state();
        state.all.iter().any(|one| Arc::ptr_eq(one, subscription))
    }

    /// The key pair of this gateway.
    pub fn keys(&self) -> &VapidKeys {
        &self.keys
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<PushSettings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the settings; whether they differ.
    pub fn configure(&self, settings: PushSettings) -> bool {
        let mut slot = self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let differs = **slot != settings;
        *slot = Arc::new(settings);
        differs
    }

    /// Who shows the token of `.env`; nobody's where that was never told.
    pub fn token_owner(&self) -> Option<Owner> {
        *self.token.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the token of `.env`.
    pub fn set_token(&self, token: &str) {
        let mut slot = self.token.write().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(Owner::of_token(token));
    }

    /// Sets what is called once a subscription was added.
    pub fn on_added(&self, callback: impl Fn() + Send + Sync + 'static) {
        let _ = self.on_added.set(Box::new(callback));
    }

    /// Adds a subscription, or replaces the one of the same address, once that is on disk.
    pub async fn add(
        &self,
        new: NewSubscription,
        now_ms: u64,
    ) -> Result<Arc<Subscription>, PushError> {
        let writing = self.writing.lock().await;
        let one = Arc::new(self.state().placed(new, now_ms)?);
        let others = || self.state().rows_without(one.id);
        let kept = self.storage.put(one.id.0, Some(one.row()), others).await;
        kept.map_err(PushError::NotKept)?;
        self.change(|state| {
            state.last = state.last.max(one.id.0);
            state.all.retain(|other| other.id != one.id);
            state.all.push(Arc::clone(&one));
        });
        drop(writing);
        if let Some(callback) = self.on_added.get() {
            callback();
        }
        Ok(one)
    }

    /// Ends a subscription: at once in memory, and for good once this resolves.
    pub async fn remove(&self, one: &Arc<Subscription>) -> Result<(), PushError> {
        self.change(|state| state.all.retain(|other| !Arc::ptr_eq(other, one)));
        let _writing = self.writing.lock().await;
        // The same device may have subscribed anew meanwhile.
        if self.state().all.iter().any(|other| other.id == one.id) {
            return Ok(());
        }
        let others = || self.state().rows_without(one.id);
        let removed = self.storage.put(one.id.0, None, others).await;
        removed.map_err(PushError::NotKept)
    }

    /// Ends those that `keep` does not keep; how many.
    pub async fn retain(&self, keep: impl Fn(&Subscription) -> bool) -> Result<usize, PushError> {
        let all = self.all();
        let ended: Vec<_> = all.iter().filter(|one| !keep(one)).collect();
        // First of all in memory: whatever the disk says, nothing is pushed there any more.
        self.change(|state| state.all.retain(|one| keep(one)));
        for one in &ended {
            self.remove(one).await?;
        }
        Ok(ended.len())
    }
}

#[cfg(test)]
mod tests;
