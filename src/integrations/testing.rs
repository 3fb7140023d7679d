//! The way into a store of its own, for the tests of integrations.

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
};

use tokio::sync::mpsc;

use super::{Audience, Typing, allow_list::AllowList, ingress::Ingress, pairing::Pairings};
use crate::{
    log::{Log, LogLevel},
    media::Media,
    message::Message,
    random,
    router::Router,
    store::{HistoryQuery, Store, StoreOptions},
};

/// Nobody who listens.
struct Nobody;

impl Audience for Nobody {
    fn attends(&self, _: &str, _: &str) -> bool {
        false
    }
    fn reached(&self, _: &str, _: &str) -> mpsc::Receiver<()> {
        mpsc::channel(1).1
    }
    fn hears_typing(&self, _: &Typing<'_>) {}
}

/// An ingress and all that it writes to. What it wrote to disk goes with it.
pub(super) struct Desk {
    pub(super) ingress: Ingress,
    pub(super) store: Store,
    pub(super) pairings: Arc<Pairings>,
    pub(super) log: Log,
    pub(super) media: Media,
    folder: PathBuf,
}

impl Desk {
    /// That of a channel which hears those on this list.
    pub(super) fn new(channel: &str, allowed: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cdb-{}", &random::token()[..16]));
        std::fs::create_dir(&folder).expect("a folder");
        let options = StoreOptions {
            path: folder.join("store"),
            ..StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let media = Media::open(&folder, store.clone(), 100 << 20, 1 << 30).expect("a folder");
        let log = Log::in_memory(LogLevel::Debug);
        let pairings = Arc::new(Pairings::open(folder.join("pairing.json"), store.clock()));
        let ingress = Ingress::new(
            channel,
            AllowList::read(channel, allowed, None),
            Arc::clone(&pairings),
            store.clone(),
            Arc::new(Router::default()),
            log.clone(),
            Weak::<Nobody>::new(),
        );
        Self {
            ingress,
            store,
            pairings,
            log,
            media,
            folder,
        }
    }

    /// All that is stored.
    pub(super) fn stored(&self) -> Vec<Message> {
        let query = HistoryQuery {
            limit: 1000,
            max_bytes: 1 << 24,
            ..HistoryQuery::default()
        };
        self.store.history(&query).expect("readable").messages
    }

    /// The only message that is stored.
    #[track_caller]
    pub(super) fn only(&self) -> Message {
        let mut all = self.stored();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.store.close();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
