//! All keys: found by their tokens, added, renamed, revoked, and kept.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak},
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};

use super::{
    key::{Key, KeyId, NewKey, Seen},
    token::{self, TokenFault},
};
use crate::{
    constant_time,
    panics::run_to_end,
    store::{RowStorage, StoreError},
};

/// Keys at most, those for the conversation of a turn besides.
const MAX_KEYS: usize = 1_000;

/// Keys for the conversations of turns at most.
const MAX_PASSING: usize = 1_024;

/// The wait before the row of a revoked key is removed again, where the disk did not take it.
const RETRY: Duration = Duration::from_secs(10);

/// How much later than the last time a use of a key is written down.
const SEEN_STEP_MS: u64 = 60_000;

/// Why a key was not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// Another key is called the same.
    NameTaken(String),
    /// There is none with this id or name.
    Unknown(String),
    /// There are as many as there may be.
    Full,
    /// It could not be kept.
    NotKept(StoreError),
    /// Its row could not be removed.
    NotRemoved(StoreError),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken(name) => write!(
                f,
                "another key is called {name:?}; choose another name, or revoke that one first"
            ),
            Self::Unknown(name) => write!(f, "no key {name:?}; keys lists them"),
            Self::Full => write!(
                f,
                "there are {MAX_KEYS} keys already; revoke those that nobody uses"
            ),
            Self::NotKept(why) => write!(f, "nothing was changed: {why}"),
            Self::NotRemoved(why) => write!(
                f,
                "the key opens nothing any more, but it could not be removed from the disk yet; that is tried \
                 again, and until it succeeds a restart of the daemon would let it in: {why}"
            ),
        }
    }
}

/// All keys of a gateway.
#[derive(Debug)]
pub struct Keyring {
    state: RwLock<Ring>,
    storage: RowStorage,
    /// One change is written at a time.
    writing: tokio::sync::Mutex<()>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Ring {
    kept: Vec<Arc<Key>>,
    /// Those that no file has: they end with the connection of the agent they are for.
    passing: Vec<Arc<Key>>,
    by_hash: HashMap<[u8; 32], Arc<Key>>,
    /// The highest number given out.
    last: u64,
}

impl Ring {
    /// A number that no other key has, nor one that is still being written.
    fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn insert(&mut self, key: &Arc<Key>) {
        self.last = self.last.max(key.id.0);
        self.by_hash.insert(key.hash, Arc::clone(key));
    }

    fn find(&self, id_or_name: &str) -> Option<&Arc<Key>> {
        let id = id_or_name.parse::<KeyId>().ok();
        let by_id = self.kept.iter().find(|key| Some(key.id) == id);
        by_id.or_else(|| self.kept.iter().find(|key| key.name() == id_or_name))
    }

    fn rows_without(&self, id: KeyId) -> Vec<Vec<u8>> {
        let others = self.kept.iter().filter(|key| key.id != id);
        others.map(|key| key.row()).collect()
    }

    fn remove(&mut self, key: &Key) {
        self.kept.retain(|other| other.id != key.id);
        self.passing.retain(|other| other.id != key.id);
        self.by_hash.remove(&key.hash);
    }
}

impl Keyring {
    /// Those that are kept, and how many rows of other versions were left alone. Blocks.
    pub fn open(storage: RowStorage) -> Result<(Self, usize), String> {
        let rows = storage.load()?;
        let mut ring = Ring::default();
        let kept: Vec<_> = rows.iter().filter_map(|row| Key::of_row(row)).collect();
        let unread = rows.len() - kept.len();
        for key in kept {
            let key = Arc::new(key);
            ring.insert(&key);
            ring.kept.push(key);
        }
        let ring = Self {
            state: RwLock::new(ring),
            storage,
            writing: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        };
        Ok((ring, unread))
    }

    fn state(&self) -> RwLockReadGuard<'_, Ring> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, Ring> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a token that is good at this time. It is looked up by its hash, which nobody can choose, so the
    /// time that takes tells nothing of other tokens.
    pub fn find(&self, token: &str, now_ms: u64) -> Result<Arc<Key>, TokenFault> {
        let hash = token::hash(token)?;
        let state = self.state();
        let key = state.by_hash.get(&hash);
        let key = key.filter(|key| constant_time::equal(&key.hash, &hash) && key.is_good(now_ms));
        key.cloned().ok_or(TokenFault::Unknown)
    }

    /// All that are kept, oldest first.
    pub fn list(&self) -> Vec<Arc<Key>> {
        self.state().kept.clone()
    }

    /// The key of this id or name.
    pub fn named(&self, id_or_name: &str) -> Result<Arc<Key>, KeyError> {
        let found = self.state().find(id_or_name).cloned();
        found.ok_or_else(|| KeyError::Unknown(id_or_name.to_owned()))
    }

    /// The key of this id.
    pub fn of_id(&self, id: KeyId) -> Option<Arc<Key>> {
        let state = self.state();
        let mut kept = state.kept.iter();
        kept.find(|key| key.id == id).cloned()
    }

    /// Makes a key; it with its token, once it is on disk.
    pub async fn add(
        self: &Arc<Self>,
        new: NewKey,
        now_ms: u64,
    ) -> Result<(Arc<Key>, String), KeyError> {
        let ring = Arc::clone(self);
        run_to_end(async move { ring.make(new, now_ms).await }, |why| {
            KeyError::NotKept(StoreError::Internal(why))
        })
        .await
    }

    async fn make(&self, new: NewKey, now_ms: u64) -> Result<(Arc<Key>, String), KeyError> {
        let _writing = self.writing.lock().await;
        let (key, token) = {
            let mut state = self.state_mut();
            if state.kept.len() >= MAX_KEYS {
                return Err(KeyError::Full);
            }
            expect_free(&state, &new.name, None)?;
            made(state.next_number(), new, now_ms)
        };
        self.keep(&key).await?;
        let mut state = self.state_mut();
        state.insert(&key);
        state.kept.push(Arc::clone(&key));
        drop(state);
        self.changed.notify_waiters();
        Ok((key, token))
    }

    /// Makes a key that is not kept; `None` where there are too many.
    pub fn pass(&self, new: NewKey, now_ms: u64) -> Option<(Arc<Key>, String)> {
        let mut state = self.state_mut();
        if state.passing.len() >= MAX_PASSING {
            return None;
        }
        let (key, token) = made(state.next_number(), new, now_ms);
        state.insert(&key);
        state.passing.push(Arc::clone(&key));
        Some((key, token))
    }

    /// Ends a key that is not kept.
    pub fn end_passing(&self, key: &Key) {
        key.revoke();
        self.state_mut().remove(key);
    }

    /// Calls a key something else.
    pub async fn rename(self: &Arc<Self>, key: &Arc<Key>, name: &str) -> Result<(), KeyError> {
        let (ring, key, name) = (Arc::clone(self), Arc::clone(key), name.to_owned());
        let renamed = async move { ring.call(&key, &name).await };
        run_to_end(renamed, |why| KeyError::NotKept(StoreError::Internal(why))).await
    }

    async fn call(&self, key: &Arc<Key>, name: &str) -> Result<(), KeyError> {
        let _writing = self.writing.lock().await;
        // It may have been revoked while another change was written.
        if !self.is_kept(key) {
            return Err(KeyError::Unknown(key.id.to_string()));
        }
        expect_free(&self.state(), name, Some(key.id))?;
        let before = key.name();
        key.rename(name);
        let kept = self.keep(key).await;
        if kept.is_err() {
            key.rename(&before);
        }
        kept
    }

    /// Ends a key: at once in memory, and for good once what this returns resolves.
    pub fn revoke(
        self: &Arc<Self>,
        key: &Arc<Key>,
    ) -> impl Future<Output = Result<(), KeyError>> + Send + use<> {
        key.revoke();
        self.state_mut().remove(key);
        self.changed.notify_waiters();
        let (ring, id) = (Arc::clone(self), key.id);
        let removed = async move {
            let removed = ring.remove_row(id).await;
            if removed.is_err() {
                tokio::spawn(remove_again(Arc::downgrade(&ring), id));
            }
            removed
        };
        run_to_end(removed, |why| {
            KeyError::NotRemoved(StoreError::Internal(why))
        })
    }

    async fn remove_row(&self, id: KeyId) -> Result<(), KeyError> {
        let _writing = self.writing.lock().await;
        let others = || self.state().rows_without(id);
        let removed = self.storage.put(id.0, None, others).await;
        removed.map_err(KeyError::NotRemoved)
    }

    /// Notes that a key was used from this address, and writes it down now and then.
    pub fn used(self: &Arc<Self>, key: &Arc<Key>, address: IpAddr, now_ms: u64) {
        let before = key.see(Seen {
            at_ms: Some(now_ms),
            address: Some(address.to_string()),
        });
        let is_news = before
            .at_ms
            .is_none_or(|at_ms| now_ms.abs_diff(at_ms) >= SEEN_STEP_MS);
        if !is_news || !self.is_kept(key) {
            return;
        }
        let (ring, key) = (Arc::clone(self), Arc::clone(key));
        tokio::spawn(async move {
            let _writing = ring.writing.lock().await;
            if !ring.is_kept(&key) {
                return;
            }
            // It is for people to look at: what could not be written is written another time.
            let _ = ring.keep(&key).await;
        });
    }

    fn is_kept(&self, key: &Key) -> bool {
        self.state().kept.iter().any(|other| other.id == key.id)
    }

    async fn keep(&self, key: &Key) -> Result<(), KeyError> {
        let others = || self.state().rows_without(key.id);
        let kept = self.storage.put(key.id.0, Some(key.row()), others).await;
        kept.map_err(KeyError::NotKept)
    }

    /// Takes out those that expired by this time; their rows go with the next start or change.
    pub fn take_expired(&self, now_ms: u64) -> Vec<Arc<Key>> {
        let mut state = self.state_mut();
        let all = state.kept.iter().chain(&state.passing);
        let expired: Vec<_> = all.filter(|key| !key.is_good(now_ms)).cloned().collect();
        for key in &expired {
            key.revoke();
            state.remove(key);
        }
        expired
    }

    /// When the next one expires, ms since 1970.
    pub fn next_expiry(&self) -> Option<u64> {
        let state = self.state();
        let all = state.kept.iter().chain(&state.passing);
        all.filter_map(|key| key.expires_ms).min()
    }

    /// Resolves once a key was added or revoked.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// Tries until the row of a revoked key is gone, as long as there is a ring: with its row the key would be good
/// again after a restart.
async fn remove_again(ring: Weak<Keyring>, id: KeyId) {
    loop {
        sleep(RETRY).await;
        let Some(ring) = ring.upgrade() else {
            return;
        };
        if ring.remove_row(id).await.is_ok() {
            return;
        }
    }
}

fn made(number: u64, new: NewKey, now_ms: u64) -> (Arc<Key>, String) {
    let token = token::generate();
    // A token of ours has a right checksum.
    let hash = token::hash(&token).unwrap_or_default();
    (Arc::new(Key::new(KeyId(number), new, hash, now_ms)), token)
}

fn expect_free(ring: &Ring, name: &str, but: Option<KeyId>) -> Result<(), KeyError> {
    let is_taken = |key: &Arc<Key>| key.name() == name && Some(key.id) != but;
    if ring.kept.iter().any(is_taken) {
        return Err(KeyError::NameTaken(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
