//! Opening what the daemon keeps: messages, files, keys, subscriptions, pauses, schedules. What cannot be read is
//! told; what another version kept stays, and does nothing.

use std::sync::Arc;

use super::{
    controller,
    gate::{self, Gate, GateParts},
    schedule::{Repeating, RepeatingParts},
};
use crate::{
    config::Config,
    error::{Error, Result},
    gateway::CommitListeners,
    keys::Keyring,
    log::Log,
    media::Media,
    push::PushRegistry,
    router::Router,
    store::{self, NumberedTable, RowStorage, Store},
};

pub(super) fn open_store(
    config: &Config,
    router: &Arc<Router>,
    listeners: &Arc<CommitListeners>,
) -> Result<Store> {
    let (router, listeners) = (Arc::clone(router), Arc::clone(listeners));
    let options = store::StoreOptions {
        path: config.home.join(store::FILE),
        history_days: config.history_days,
        max_bytes: config.limits.max_store_bytes,
        ..store::StoreOptions::default()
    };
    Store::open(options, move |events| listeners.stored(&router, &events))
}

pub(super) fn open_media(config: &Config, store: &Store) -> Result<Media> {
    let limits = &config.limits;
    let (max_bytes, quota) = (limits.max_media_bytes, limits.media_quota);
    Media::open(&config.home, store.clone(), max_bytes, quota)
}

/// The keys of clients. What another version kept there stays, and opens nothing.
pub(super) fn open_keys(config: &Config, store: &Store, log: &Log) -> Result<Arc<Keyring>> {
    let storage = RowStorage::of_build(store, &config.home, NumberedTable::AccessKeys);
    let (ring, unread) = Keyring::open(storage)
        .map_err(|why| Error::Failed(format!("cannot read the keys of clients: {why}")))?;
    if unread > 0 {
        let text = "keys of another version cannot be read: their clients are refused";
        log.warn("keys", text, &[("keys", &unread)]);
    }
    Ok(Arc::new(ring))
}

/// Where devices are pushed to. What another version kept there stays, and is pushed nothing.
pub(super) fn open_push(config: &Config, store: &Store, log: &Log) -> Result<Arc<PushRegistry>> {
    let storage = RowStorage::of_build(store, &config.home, NumberedTable::PushSubscriptions);
    let (registry, unread) = PushRegistry::open(storage, &config.home)
        .map_err(|why| Error::Failed(format!("cannot read the push subscriptions: {why}")))?;
    if unread > 0 {
        let text = "push subscriptions of another version cannot be read";
        log.warn("push", text, &[("subscriptions", &unread)]);
    }
    Ok(Arc::new(registry))
}

/// What holds messages back.
pub(super) fn open_gate(
    config: &Config,
    store: &Store,
    router: &Arc<Router>,
    listeners: &Arc<CommitListeners>,
    log: &Log,
) -> Result<Arc<Gate>> {
    let storage = |table| RowStorage::of_build(store, &config.home, table);
    let gate = Gate::open(GateParts {
        pauses: storage(NumberedTable::Pauses),
        quotas: storage(NumberedTable::Quotas),
        zone: config.zone.clone(),
        router: Arc::clone(router),
        log: log.clone(),
        on_pause: controller::publish_pauses(listeners),
        clock: gate::wall_clock(),
    });
    gate.map_err(|why| Error::Failed(format!("cannot read what is paused: {why}")))
}

/// What is sent again and again. What another version kept there stays, and sends nothing.
pub(super) fn open_schedules(
    config: &Config,
    store: &Store,
    media: &Media,
    router: &Arc<Router>,
    log: &Log,
) -> Result<Arc<Repeating>> {
    let parts = RepeatingParts {
        store: store.clone(),
        storage: RowStorage::of_build(store, &config.home, NumberedTable::Schedules),
        media: media.clone(),
        router: Arc::clone(router),
        log: log.clone(),
    };
    let (repeating, unread) = Repeating::open(parts)
        .map_err(|why| Error::Failed(format!("cannot read the schedules: {why}")))?;
    if unread > 0 {
        let text = "schedules of another version cannot be read: they send nothing";
        log.warn("schedule", text, &[("schedules", &unread)]);
    }
    Ok(Arc::new(repeating))
}
