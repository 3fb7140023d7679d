//! The controller and the registry without a gateway: a request is carried out even if its client is
//! gone.

use std::{sync::Arc, time::Duration};

use super::{
    DaemonOptions,
    agents::{AgentParts, AgentProcesses},
    controller::{ControlledParts, Controller, publish_agent_states},
    guide::Guide,
    push::Pusher,
    testing::Ground,
    turns::{Turns, TurnsParts, states::AgentStates},
    webhooks::Webhooks,
};
use crate::{
    config::{self, Environment, Lookup, Overrides},
    gateway::control::Channels as _,
    integrations::bridge::Refusal,
    message::{MessageId, State},
    store::Draft,
};

struct Fixture {
    controller: Controller,
    ground: Ground,
}

impl Fixture {
    fn new() -> Self {
        let (ground, trigger) = Ground::new();
        let states = Arc::new(AgentStates::new(publish_agent_states(&ground.listeners)));
        let agents = AgentProcesses::new(AgentParts {
            log: ground.log.clone(),
            states: Arc::clone(&states),
            address: "127.0.0.1:1".parse().expect("an address"),
            env_file: ground.folder.path().join(".env"),
        });
        let turns = Turns::new(TurnsParts {
            store: ground.store.clone(),
            media: ground.media.clone(),
            log: ground.log.clone(),
            listeners: Arc::clone(&ground.listeners),
            channels: Arc::clone(&ground.registry) as _,
            states,
        });
        let options = DaemonOptions {
            overrides: Overrides::default(),
            environment: Environment::default(),
            quiet: true,
        };
        let parts = ControlledParts {
            registry: Arc::clone(&ground.registry),
            turns,
            agents,
            guide: Guide::new(ground.store.clone(), &ground.listeners, ground.log.clone()),
            pusher: Pusher::new(ground.push()),
            scheduler: ground.scheduler(),
            gate: Arc::clone(&ground.gate),
            webhooks: Webhooks::new(
                ground.store.clone(),
                &ground.listeners,
                ground.log.clone(),
                ground.folder.path(),
            ),
        };
        let log = ground.log.clone();
        Self {
            controller: Controller::new(options, trigger, log, parts),
            ground,
        }
    }

    async fn queue(&self, channel: &str) -> MessageId {
        let draft = Draft {
            channel: channel.to_owned(),
            peer: "ana".to_owned(),
            text: "x".to_owned(),
            ..Draft::default()
        };
        let queued = self.ground.store.queue(draft).expect("room").await;
        queued.expect("stored").message.id
    }
}

#[tokio::test]
async fn a_channel_is_forgotten_completely_even_if_its_client_is_gone() {
    let fixture = Fixture::new();
    let id = fixture.queue("matrix").await;
    let overrides = Overrides {
        home: Some(fixture.ground.folder.path().to_owned()),
        ..Overrides::default()
    };
    let loaded = config::load(&overrides, &Environment::default()).expect("settings");
    fixture
        .controller
        .launch(&Lookup::default(), &loaded.config);
    assert_eq!(fixture.ground.bridges.names(), ["matrix"]);
    drop(Arc::clone(&fixture.ground.registry).forget("matrix".to_owned()));
    let state = || {
        let found = fixture.ground.store.message(id).expect("readable");
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
    assert!(fixture.ground.bridges.names().is_empty());
    let again = Arc::clone(&fixture.ground.registry)
        .forget("matrix".to_owned())
        .await;
    assert_eq!(again, Err(Refusal::Unknown));
}
