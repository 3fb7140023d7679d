//! The dispatcher without a daemon around it.

mod prompts;
mod reader;
mod stored;

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{Turns, TurnsParts, states::AgentStates};
use crate::{
    config::{Environment, Lookup, Overrides, look_up},
    daemon::testing::Ground,
    gateway::control::{AgentClient, AgentLease, Agents, Offered},
    shutdown,
};

/// Keeps what it is offered and told to stop. One for which turns are too large takes those that are not.
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
        match self.takes {
            Offered::TooLarge { most } if turn.to_string().len() <= most => Offered::Queued,
            takes => takes,
        }
    }
    fn abort(&self, turn_id: &str, _: &str) {
        self.aborted.lock().expect("whole").push(turn_id.to_owned());
    }
    fn replaced(&self) {}
}

struct Fixture {
    turns: Arc<Turns>,
    ground: Ground,
    _trigger: shutdown::Trigger,
}

impl Fixture {
    fn new(settings: &[(&str, &str)]) -> Self {
        let (ground, trigger) = Ground::new();
        let turns = Turns::new(TurnsParts {
            store: ground.store.clone(),
            media: ground.media.clone(),
            log: ground.log.clone(),
            listeners: Arc::clone(&ground.listeners),
            channels: Arc::clone(&ground.registry) as _,
            states: Arc::new(AgentStates::new(Arc::new(|_| {}))),
        });
        let fixture = Self {
            turns,
            ground,
            _trigger: trigger,
        };
        // The reader of messages stays out of it: the store works in real time, and here time is paused.
        let settings = fixture.lookup(settings);
        let agents = crate::config::agents::AgentSettings::read(&settings);
        fixture.turns.inner.configure(agents, (None, None));
        fixture
    }

    fn lookup(&self, settings: &[(&str, &str)]) -> Lookup {
        let settings = settings.iter();
        let overrides = Overrides {
            home: Some(self.ground.folder.path().to_owned()),
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
