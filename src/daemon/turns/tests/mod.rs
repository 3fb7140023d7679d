//! The dispatcher without a daemon around it.

mod prompts;
mod reader;
mod stored;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use serde_json::Value;

use super::{Turns, TurnsParts, states::AgentStates};
use crate::{
    config::{Environment, Lookup, Overrides, look_up},
    daemon::channels::{ChannelRegistry, RegistryParts},
    gateway::{
        CommitListeners,
        control::{AgentClient, AgentLease, Agents, Offered},
    },
    integrations::{Audience, bridge::Bridges, pairing::Pairings, plan::BuildContext},
    log::{Log, LogLevel},
    media::Media,
    random,
    router::Router,
    shutdown,
    store::{self, Store},
};

/// Keeps what it is offered and told to stop.
struct Recorder {
    takes: Offered,
    offered: Mutex<Vec<Value>>,
    aborted: Mutex<Vec<String>>,
}

impl Recorder {
    fn new(takes: Offered) -> Self {
        Self {
            takes,
            offered: Mutex::default(),
            aborted: Mutex::default(),
        }
    }
}

impl AgentClient for Recorder {
    fn offer(&self, turn: &Value) -> Offered {
        self.offered.lock().expect("whole").push(turn.clone());
        self.takes
    }
    fn abort(&self, turn_id: &str, _: &str) {
        self.aborted.lock().expect("whole").push(turn_id.to_owned());
    }
    fn replaced(&self) {}
}

struct Fixture {
    folder: PathBuf,
    turns: Arc<Turns>,
    _trigger: shutdown::Trigger,
}

impl Fixture {
    fn new(settings: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("cdb-{}", &random::token()[..16]));
        crate::fs::create_private_dir(&folder).expect("a scratch folder");
        let options = store::StoreOptions {
            path: folder.join("messages.redb"),
            ..store::StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let listeners = Arc::new(CommitListeners::default());
        let log = Log::in_memory(LogLevel::Info);
        let (trigger, shutdown) = shutdown::channel();
        let (bridges, _) = Bridges::open(folder.join("external.json"));
        let router = Arc::new(Router::default());
        let media = Media::open(&folder, store.clone(), 1 << 20, 1 << 30).expect("a folder");
        let build_context = BuildContext {
            audience: Arc::clone(&listeners.bus) as Arc<dyn Audience>,
            store: store.clone(),
            media: media.clone(),
            bridges: Arc::new(bridges),
            router: Arc::clone(&router),
            pairings: Arc::new(Pairings::open(folder.join("pairing.json"), store.clock())),
            log: log.clone(),
            address: "127.0.0.1:1".to_owned(),
        };
        let registry = ChannelRegistry::new(RegistryParts {
            router,
            store: store.clone(),
            log: log.clone(),
            shutdown,
            build_context,
            on_change: Arc::new(|_| {}),
        });
        let turns = Turns::new(TurnsParts {
            store,
            media,
            log,
            listeners,
            channels: Arc::new(registry),
            states: Arc::new(AgentStates::new(Arc::new(|_| {}))),
        });
        let fixture = Self {
            turns,
            _trigger: trigger,
            folder,
        };
        // The reader of messages stays out of it: the store works in real time, and here time is paused.
        let settings = fixture.lookup(settings);
        let agents = crate::config::agents::AgentSettings::read(&settings);
        fixture.turns.inner.configure(agents, None);
        fixture
    }

    fn lookup(&self, settings: &[(&str, &str)]) -> Lookup {
        let settings = settings.iter();
        let overrides = Overrides {
            home: Some(self.folder.clone()),
            settings: settings
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            ..Overrides::default()
        };
        look_up(&overrides, &Environment::default()).expect("read")
    }

    fn agent(&self, name: &str) -> (Arc<Recorder>, AgentLease) {
        self.agent_that(Offered::Queued, name)
    }

    fn agent_that(&self, takes: Offered, name: &str) -> (Arc<Recorder>, AgentLease) {
        let client = Arc::new(Recorder::new(takes));
        let lease = Arc::clone(&self.turns).announce(name, 4, Arc::clone(&client) as _);
        (client, lease)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
