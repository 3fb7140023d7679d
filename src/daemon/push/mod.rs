//! Pushes to devices whose page is closed: which messages, when, and what becomes of it.
//!
//! A message's way: the store's thread tells of it (`hear`), `eligible` says whether it is one to tell of,
//! `gather` waits for what follows it in the same conversation, `lanes` line it up for each device that wants it,
//! and `attempt` sends it, unless its conversation is muted, is being read or was read meanwhile; `outcome` says what the
//! answer means. Where nobody subscribed,
//! nothing runs.
//!
//! What waits is in memory alone: a push that the end of the daemon cuts off is not made up for, because the
//! device shows the message when its page is opened.
//!
//! Not here: the subscriptions and the cryptography (`crate::push`).

mod attempt;
mod eligible;
mod gather;
mod lanes;
mod outcome;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::{sync::Notify, task::JoinHandle, time::Instant};

use self::{eligible::is_worth_telling, gather::Gather, worker::work};
use crate::{
    clock,
    config::{BaseUrl, Config, Lookup, PushSettings},
    gateway::CommitListeners,
    keys::Keyring,
    log::{Log, LogField},
    message::Message,
    push::{PushNews, PushRegistry, Subscription},
    store::{Store, StoredEvent},
};

/// The contact of a gateway that names none and that only its own machine reaches. Push services want one that
/// looks like an address; this name is nobody's (RFC 2606 §3).
const NO_CONTACT: &str = "mailto:cleudocodebot@example.com";

/// What the sender is made of.
pub(in crate::daemon) struct PushParts {
    pub(in crate::daemon) registry: Arc<PushRegistry>,
    pub(in crate::daemon) keys: Arc<Keyring>,
    pub(in crate::daemon) store: Store,
    pub(in crate::daemon) listeners: Arc<CommitListeners>,
    pub(in crate::daemon) log: Log,
}

/// What all its parts share.
struct PushInner {
    parts: PushParts,
    contact: Mutex<String>,
    gather: Mutex<Gather>,
    /// Something is to be told.
    wake: Notify,
}

/// The sender.
pub(in crate::daemon) struct Pusher {
    inner: Arc<PushInner>,
    /// Runs while anybody is subscribed.
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Pusher {
    pub(in crate::daemon) fn new(parts: PushParts) -> Arc<Self> {
        let (listeners, registry) = (Arc::clone(&parts.listeners), Arc::clone(&parts.registry));
        let pusher = Arc::new(Self {
            inner: Arc::new(PushInner {
                parts,
                contact: Mutex::default(),
                gather: Mutex::default(),
                wake: Notify::new(),
            }),
            worker: Mutex::default(),
        });
        // Weak, because whoever tells belongs to what the sender has.
        let inner = Arc::downgrade(&pusher.inner);
        listeners.on_event(move |event| {
            if let Some(inner) = Weak::upgrade(&inner) {
                inner.hear(event);
            }
        });
        let started = Arc::downgrade(&pusher);
        registry.on_added(move || {
            if let Some(pusher) = Weak::upgrade(&started) {
                pusher.start();
            }
        });
        pusher
    }

    /// Takes the settings; whether they differ. Subscriptions end whose owner is gone: those of a key that ended
    /// while the daemon was not running, and those of an earlier token of `.env`.
    pub(in crate::daemon) fn apply(&self, lookup: &Lookup, config: &Config) -> bool {
        let settings = PushSettings::read(lookup);
        self.inner.set_contact(&settings, config);
        let registry = &self.inner.parts.registry;
        registry.set_token(config.token.as_deref().unwrap_or_default());
        let differs = registry.configure(settings);
        if !registry.is_empty() {
            tokio::spawn(end_orphans(Arc::clone(&self.inner)));
            self.start();
        }
        differs
    }

    /// Runs the worker, unless it runs.
    fn start(&self) {
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if worker.as_ref().is_none_or(JoinHandle::is_finished) {
            *worker = Some(tokio::spawn(work(Arc::clone(&self.inner))));
        }
    }

    /// Ends it, whatever is under way.
    pub(in crate::daemon) fn end(&self) {
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = worker.take() {
            worker.abort();
        }
    }
}

impl PushInner {
    fn gather(&self) -> MutexGuard<'_, Gather> {
        self.gather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contact(&self) -> String {
        let contact = self.contact.lock().unwrap_or_else(PoisonError::into_inner);
        contact.clone()
    }

    fn set_contact(&self, settings: &PushSettings, config: &Config) {
        let public = config.public_url.as_ref().filter(|url| url.is_https());
        let public = public.map(BaseUrl::url);
        let of_host = || {
            let host = config.allowed_hosts.first()?;
            Some(format!("https://{host}"))
        };
        let contact = settings.contact.clone().or(public).or_else(of_host);
        let contact = contact.unwrap_or_else(|| NO_CONTACT.to_owned());
        *self.contact.lock().unwrap_or_else(PoisonError::into_inner) = contact;
    }

    /// Called with each stored event, on the store's thread: what it costs, every commit waits for.
    fn hear(&self, event: &StoredEvent) {
        if self.parts.registry.is_empty() || !is_worth_telling(event) {
            return;
        }
        // Whoever writes in the page and closes it at once is not told of that.
        let Message { channel, peer, .. } = &event.message;
        if self.parts.listeners.bus.is_read(channel, peer) {
            return;
        }
        let news = PushNews::of(&event.message);
        let heard = self.gather().hear(news, Instant::now());
        match heard {
            gather::Heard::First => self.wake.notify_one(),
            gather::Heard::Joined => {}
            gather::Heard::NoRoom => self.count_dropped(),
        }
    }

    fn count_dropped(&self) {
        let counters = &self.parts.registry.counters;
        counters
            .dropped
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether the owner of a subscription still is one.
    fn is_owned(&self, one: &Subscription) -> bool {
        let (registry, keys) = (&self.parts.registry, &self.parts.keys);
        registry
            .token_owner()
            .is_none_or(|token| one.told.owner.is_there(keys, token, clock::now_ms()))
    }
}

async fn end_orphans(inner: Arc<PushInner>) {
    let registry = &inner.parts.registry;
    let ended = registry.retain(|one| inner.is_owned(one)).await;
    let log = &inner.parts.log;
    match ended {
        Ok(0) => {}
        Ok(count) => {
            let text = "ended the push subscriptions of keys and tokens that are gone";
            log.info("push", text, &[("count", &count)]);
        }
        Err(error) => {
            let fields: [LogField<'_>; 1] = [("error", &error)];
            log.warn("push", "cannot remove a push subscription", &fields);
        }
    }
}
