//! Steering without a gateway: what was asked for is done, whether or not anybody still waits for it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    Options,
    fleet::{Base, Fleet},
    steering::{Steering, tell_states},
};
use crate::{
    config::{Environment, Lookup, Overrides},
    gateway::{News, control::Control as _},
    integrations::{
        Audience,
        external::{Externals, Refusal},
        pairing::Pairings,
        plan::Surroundings,
    },
    level::LogLevel,
    log::Log,
    message::{MessageId, State},
    random,
    router::Router,
    shutdown,
    store::{self, Draft, Store},
};

struct House {
    folder: PathBuf,
    store: Store,
    externals: Arc<Externals>,
    steering: Steering,
}

impl House {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("cdb-{}", &random::token()[..16]));
        crate::fs::create_private_dir(&folder).expect("a scratch folder");
        let options = store::Options {
            path: folder.join("messages.redb"),
            ..store::Options::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let (externals, _) = Externals::open(folder.join("external.json"));
        let externals = Arc::new(externals);
        let (router, news) = (Arc::new(Router::default()), Arc::new(News::default()));
        let (trigger, shutdown) = shutdown::channel();
        let log = Log::in_memory(LogLevel::Info);
        let around = Surroundings {
            audience: Arc::clone(&news.bus) as Arc<dyn Audience>,
            store: store.clone(),
            externals: Arc::clone(&externals),
            router: Arc::clone(&router),
            pairings: Arc::new(Pairings::open(folder.join("pairing.json"))),
            log: log.clone(),
            address: "127.0.0.1:1".to_owned(),
        };
        let fleet = Fleet::new(Base {
            router,
            store: store.clone(),
            log: log.clone(),
            shutdown,
            around,
            on_change: tell_states(&news),
        });
        let options = Options {
            overrides: Overrides::default(),
            environment: Environment::default(),
            quiet: true,
        };
        Self {
            folder,
            store,
            externals,
            steering: Steering::new(options, trigger, log, fleet),
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

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn a_channel_is_forgotten_wholly_also_where_nobody_waits_for_the_answer() {
    let house = House::new();
    let id = house.queue("discord").await;
    house.steering.launch(&Lookup::default());
    assert_eq!(house.externals.names(), ["discord"]);
    drop(house.steering.forget("discord".to_owned()));
    let state = || {
        let found = house.store.message(id).expect("readable");
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
    assert!(house.externals.names().is_empty());
    let again = house.steering.forget("discord".to_owned()).await;
    assert_eq!(again, Err(Refusal::Unknown));
}
