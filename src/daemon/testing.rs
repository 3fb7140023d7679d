//! A store, a registry of channels and what they need, for tests without a daemon around them.

use std::sync::Arc;

use super::{
    channels::{ChannelRegistry, RegistryParts},
    controller::publish_states,
    gate::{Gate, GateParts, wall_clock},
    push::PushParts,
    schedule::{Repeating, RepeatingParts, Scheduler},
};
use crate::{
    calendar::Zone,
    fs::scratch::Scratch,
    gateway::CommitListeners,
    integrations::{Audience, bridge::Bridges, pairing::Pairings, plan::BuildContext},
    keys::Keyring,
    log::{Log, LogLevel},
    media::Media,
    push::PushRegistry,
    router::Router,
    shutdown,
    store::{self, NumberedTable, RowStorage, Store},
};

/// All of that. What it wrote to disk goes with it.
pub(super) struct Ground {
    pub(super) folder: Scratch,
    pub(super) store: Store,
    pub(super) media: Media,
    pub(super) log: Log,
    pub(super) listeners: Arc<CommitListeners>,
    pub(super) bridges: Arc<Bridges>,
    pub(super) registry: Arc<ChannelRegistry>,
    pub(super) gate: Arc<Gate>,
}

impl Ground {
    /// The ground, and what ends it.
    pub(super) fn new() -> (Self, shutdown::Trigger) {
        let folder = Scratch::new();
        let options = store::StoreOptions {
            path: folder.path().join("messages.redb"),
            ..store::StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let media = Media::open(folder.path(), store.clone(), 1 << 20, 1 << 30).expect("a folder");
        let bridges = Arc::new(Bridges::open(folder.path().join("external.json")).0);
        let (router, listeners) = (
            Arc::new(Router::default()),
            Arc::new(CommitListeners::default()),
        );
        let (trigger, shutdown) = shutdown::channel();
        let log = Log::in_memory(LogLevel::Info);
        let build_context = BuildContext {
            audience: Arc::clone(&listeners.bus) as Arc<dyn Audience>,
            store: store.clone(),
            media: media.clone(),
            bridges: Arc::clone(&bridges),
            router: Arc::clone(&router),
            pairings: Arc::new(Pairings::open(
                folder.path().join("pairing.json"),
                store.clock(),
            )),
            log: log.clone(),
            address: "127.0.0.1:1".to_owned(),
        };
        let storage = |table| RowStorage::of_build(&store, folder.path(), table);
        let parts = GateParts {
            pauses: storage(NumberedTable::Pauses),
            quotas: storage(NumberedTable::Quotas),
            zone: Zone::system(),
            router: Arc::clone(&router),
            log: log.clone(),
            on_pause: Box::new(|_| {}),
            clock: wall_clock(),
        };
        let gate = Gate::open(parts).expect("readable");
        let registry = Arc::new(ChannelRegistry::new(RegistryParts {
            gate: Arc::clone(&gate),
            router,
            store: store.clone(),
            log: log.clone(),
            shutdown,
            build_context,
            on_change: publish_states(&listeners),
        }));
        let ground = Self {
            folder,
            store,
            media,
            log,
            listeners,
            bridges,
            registry,
            gate,
        };
        (ground, trigger)
    }

    /// What sends later, with no schedule.
    pub(super) fn scheduler(&self) -> Scheduler {
        let parts = RepeatingParts {
            store: self.store.clone(),
            storage: RowStorage::of_build(
                &self.store,
                self.folder.path(),
                NumberedTable::Schedules,
            ),
            media: self.media.clone(),
            router: Arc::new(Router::default()),
            log: self.log.clone(),
        };
        let (repeating, _) = Repeating::open(parts).expect("readable");
        let (store, log) = (self.store.clone(), self.log.clone());
        Scheduler::new(store, Arc::new(repeating), &self.listeners, log)
    }

    /// What a sender of pushes is made of, with nobody subscribed.
    pub(super) fn push(&self) -> PushParts {
        let storage = |name| RowStorage::File(self.folder.path().join(name));
        let (registry, _) =
            PushRegistry::open(storage("push.json"), self.folder.path()).expect("none");
        let (keys, _) = Keyring::open(storage("keys.json")).expect("none");
        PushParts {
            registry: Arc::new(registry),
            keys: Arc::new(keys),
            store: self.store.clone(),
            listeners: Arc::clone(&self.listeners),
            log: self.log.clone(),
        }
    }
}
