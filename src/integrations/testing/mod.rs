//! The way into a store of its own, for the tests of integrations, and servers for them to speak to.

pub(crate) mod server;

use std::{
    path::Path,
    sync::{Arc, Weak},
};

use tokio::sync::mpsc;

use super::{
    Accepted, Audience, DeliveryError, FetchError, FetchedFile, Integration, Progress, Typing,
    allow_list::AllowList, ingress::Ingress, pairing::Pairings,
};
use crate::{
    fs::scratch::Scratch,
    log::{Log, LogLevel},
    media::{About, Media},
    message::{MediaId, Message, media::files},
    router::Router,
    store::{Draft, HistoryQuery, MediaRow, Store, StoreOptions},
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
pub(crate) struct Desk {
    pub(crate) ingress: Ingress,
    pub(crate) store: Store,
    pub(crate) pairings: Arc<Pairings>,
    pub(crate) log: Log,
    pub(crate) media: Media,
    folder: Scratch,
}

impl Desk {
    /// That of a channel which hears those on this list.
    pub(crate) fn new(channel: &str, allowed: &str) -> Self {
        let folder = Scratch::new();
        let options = StoreOptions {
            path: folder.path().join("store"),
            ..StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let media =
            Media::open(folder.path(), store.clone(), 100 << 20, 1 << 30).expect("a folder");
        let log = Log::in_memory(LogLevel::Debug);
        let pairings = Arc::new(Pairings::open(
            folder.path().join("pairing.json"),
            store.clock(),
        ));
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

    /// The folder of all that.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A kept file.
    pub(crate) async fn keep(&self, bytes: &[u8], name: Option<&str>, mime: &str) -> MediaRow {
        let about = About {
            mime: Some(mime.to_owned()),
            name: name.map(str::to_owned),
            ..About::default()
        };
        let kept = self.media.keep_bytes(bytes, about).await;
        kept.expect("kept").row
    }

    /// Delivers a message once.
    pub(crate) async fn deliver(
        &self,
        integration: &dyn Integration,
        draft: Draft,
    ) -> Result<Accepted, DeliveryError> {
        let draft = Draft {
            channel: integration.name().to_owned(),
            ..draft
        };
        let queued = self.store.queue(draft).expect("room").await;
        let message = queued.expect("stored").message;
        let progress = Progress::of(&message, &self.store).expect("readable");
        integration.deliver(&message, &progress).await
    }

    /// Fetches the first file of the only message, of at most so many bytes, and its content.
    pub(crate) async fn fetch(
        &self,
        integration: &dyn Integration,
        max_bytes: u64,
    ) -> Result<(FetchedFile, Vec<u8>), FetchError> {
        let message = self.only();
        let file = &files(message.media.as_ref())[0];
        let mut intake = self.media.intake(max_bytes, 0).await.expect("room");
        let fetched = integration.fetch(&message, file, &mut intake).await?;
        let about = About {
            sha256: fetched.sha256,
            ..About::default()
        };
        let kept = intake.finish(about).await.map_err(FetchError::Media)?;
        let content = self.content(kept.row.id).await;
        Ok((fetched, content))
    }

    /// Takes the kept files away, and leaves their rows.
    pub(crate) fn lose_files(&self) {
        self.media.lose_files();
    }

    /// The bytes of a kept file.
    pub(crate) async fn content(&self, id: MediaId) -> Vec<u8> {
        let mut open = self.media.open_file(id).await.expect("kept");
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut open.file, &mut content).expect("readable");
        content
    }

    /// All that is stored.
    pub(crate) fn stored(&self) -> Vec<Message> {
        let query = HistoryQuery {
            limit: 1000,
            max_bytes: 1 << 24,
            ..HistoryQuery::default()
        };
        self.store.history(&query).expect("readable").messages
    }

    /// The only message that is stored.
    #[track_caller]
    pub(crate) fn only(&self) -> Message {
        let mut all = self.stored();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.store.close();
    }
}
