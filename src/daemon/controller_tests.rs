//! The controller and the registry without a gateway: a request is carried out even if its client is
//! gone.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    DaemonOptions,
    agents::{AgentParts, AgentProcesses},
    channels::{ChannelRegistry, RegistryParts},
    controller::{Controller, publish_agent_states, publish_states},
    turns::{Turns, TurnsParts, states::AgentStates},
};
use crate::{
    config::{self, Environment, Lookup, Overrides},
    gateway::{CommitListeners, control::Channels as _},
    integrations::{
        Audience,
        bridge::{Bridges, Refusal},
        pairing::Pairings,
        plan::BuildContext,
    },
    log::{Log, LogLevel},
    media::Media,
    message::{MessageId, State},
    random,
    router::Router,
    shutdown,
    store::{self, Draft, Store},
};

struct Fixture {
    folder: PathBuf,
    store: Store,
    bridges: Arc<Bridges>,
    registry: Arc<ChannelRegistry>,
    controller: Controller,
}

impl Fixture {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("cdb-{}", &random::token()[..16]));
        crate::fs::create_private_dir(&folder).expect("a scratch folder");
        let options = store::StoreOptions {
            path: folder.join("messages.redb"),
            ..store::StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let (bridges, _) = Bridges::open(folder.join("external.json"));
        let bridges = Arc::new(bridges);
        let (router, listeners) = (
            Arc::new(Router::default()),
            Arc::new(CommitListeners::default()),
        );
        let (trigger, shutdown) = shutdown::channel();
        let log = Log::in_memory(LogLevel::Info);
        let media = Media::open(&folder, store.clone(), 1 << 20, 1 << 30).expect("a folder");
        let build_context = BuildContext {
            audience: Arc::clone(&listeners.bus) as Arc<dyn Audience>,
            store: store.clone(),
            media: media.clone(),
            bridges: Arc::clone(&bridges),
            router: Arc::clone(&router),
            pairings: Arc::new(Pairings::open(folder.join("pairing.json"), store.clock())),
            log: log.clone(),
            address: "127.0.0.1:1".to_owned(),
        };
        let registry = Arc::new(ChannelRegistry::new(RegistryParts {
            router,
            store: store.clone(),
            log: log.clone(),
            shutdown,
            build_context,
            on_change: publish_states(&listeners),
        }));
        let states = Arc::new(AgentStates::new(publish_agent_states(&listeners)));
        let agents = AgentProcesses::new(AgentParts {
            log: log.clone(),
            states: Arc::clone(&states),
            address: "127.0.0.1:1".parse().expect("an address"),
            env_file: folder.join(".env"),
        });
        let turns = Turns::new(TurnsParts {
            store: store.clone(),
            media,
            log: log.clone(),
            listeners: Arc::clone(&listeners),
            channels: Arc::clone(&registry) as _,
            states,
        });
        let options = DaemonOptions {
            overrides: Overrides::default(),
            environment: Environment::default(),
            quiet: true,
        };
        Self {
            folder,
            store,
            bridges,
            controller: Controller::new(
                options,
                trigger,
                log,
                Arc::clone(&registry),
                turns,
                agents,
            ),
            registry,
        }
    }

    async fn queue(&self, channel: &str) -> MessageId {
        let draft = Draft {
            channel: channel.to_owned(),
            peer: "ana".to_owned(),
            text: "x".to_owned(),
            ..Draft::default()
        };
        let queued = self.store.queue(draft).expect("room").await;
        queued.expect("stored").message.id
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn a_channel_is_forgotten_completely_even_if_its_client_is_gone() {
    let fixture = Fixture::new();
    let id = fixture.queue("discord").await;
    let overrides = Overrides {
        home: Some(fixture.folder.clone()),
        ..Overrides::default()
    };
    let loaded = config::load(&overrides, &Environment::default()).expect("settings");
    fixture
        .controller
        .launch(&Lookup::default(), &loaded.config);
    assert_eq!(fixture.bridges.names(), ["discord"]);
    drop(Arc::clone(&fixture.registry).forget("discord".to_owned()));
    let state = || {
        let found = fixture.store.message(id).expect("readable");
        found.expect("kept").0.state
    };
    let failed = async {
        while state() != State::Failed {
            tokio::task::yield_now().await;
        }
    };
    let patience = Duration::from_secs(20);
    let done = tokio::time::timeout(patience, failed).await;
    done.expect("given up in time");
    assert!(fixture.bridges.names().is_empty());
    let again = Arc::clone(&fixture.registry)
        .forget("discord".to_owned())
        .await;
    assert_eq!(again, Err(Refusal::Unknown));
}
