//! The whole house in order: what starts after what, what stops before what, and who may steer it.
//!
//! Start: settings → lock of the home folder → port → store → gateway → integrations → ready.
//! Stop: no new clients and no new deliveries → goodbye to those there are → what was under way is
//! written down (the rest of the outbox is on disk) → store flushed → exit.

mod attempt;
pub mod channel;
mod courtesy;
pub mod delivery;
#[cfg(test)]
mod delivery_tests;
mod first_start;
mod fleet;
mod instance;
mod pace;
mod readiness;
mod signals;
mod steering;
#[cfg(test)]
mod steering_tests;
pub mod supervisor;
pub mod tally;
mod vigil;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, runtime, task::JoinSet};

use self::{
    fleet::{Base, Fleet},
    instance::Instance,
    readiness::Readiness,
    steering::Steering,
};
use crate::{
    config::{Config, Environment, Loaded, Lookup, Overrides},
    error::{Error, Result},
    gateway::{self, Gateway, News, Parts, accept},
    integrations::{
        Audience,
        external::{self, Externals},
        pairing::{self, Pairings},
        plan::Surroundings,
    },
    log::Log,
    router::Router,
    shutdown::{self, Shutdown},
    store::{self, Store},
};

/// Time for tasks that were told to end.
const TASKS_END: Duration = Duration::from_millis(500);

/// What a daemon is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the command line sets.
    pub overrides: Overrides,
    /// The environment of the process.
    pub environment: Environment,
    /// Log to the file alone. What keeps the daemon from starting is told on stderr all the same.
    pub quiet: bool,
}

/// Runs the daemon until it is asked to stop. `Error::Config` is not worth a restart,
/// `Error::Restart` asks for one.
pub fn run(options: &Options) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Failed(format!("cannot start the runtime: {error}")))?;
    let ended = runtime.block_on(live(options));
    runtime.shutdown_timeout(TASKS_END);
    ended
}

async fn live(options: &Options) -> Result<()> {
    let loaded = first_start::settings(options)?;
    let _instance = Instance::take(&loaded.config)?;
    let warnings = loaded.warnings.clone();
    let (Loaded { config, lookup, .. }, created) = first_start::ensure_token(options, loaded)?;
    let log = Log::open(
        config.log_level,
        config.log_format,
        &config.home.join("logs"),
        !options.quiet,
    )?;
    vigil::log_panics(&log);
    for warning in &warnings {
        log.warn("config", warning, &[]);
    }
    if created {
        log.info(
            "config",
            "wrote a fresh token",
            &[("file", &config.env_file.display())],
        );
    }
    let listener = instance::bind(&config).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Error::Failed(format!("no local address: {error}")))?;
    Instance::announce(&config, address)?;
    let house = House::build(config, lookup, options.clone(), log, address)?;
    house.run(listener, address).await
}

/// Everything that lives between start and stop.
struct House {
    gateway: Arc<Gateway>,
    store: Store,
    log: Log,
    steering: Arc<Steering>,
    shutdown: Shutdown,
    readiness: Arc<Readiness>,
    lookup: Lookup,
    tasks: JoinSet<()>,
}

impl House {
    fn build(
        config: Config,
        lookup: Lookup,
        options: Options,
        log: Log,
        address: SocketAddr,
    ) -> Result<Self> {
        let (trigger, shutdown) = shutdown::channel();
        let readiness = Arc::new(Readiness::from_environment(&options.environment));
        let (router, news) = (Arc::new(Router::default()), Arc::new(News::default()));
        let store = open_store(&config, &router, &news)?;
        news.bus.start_at(store.head_seq());
        {
            let router = Arc::clone(&router);
            news.bus
                .on_attend(move |channel, peer| router.look(channel, peer));
        }
        let audience: Arc<dyn Audience> = Arc::clone(&news.bus) as Arc<dyn Audience>;
        let (externals, trouble) = Externals::open(config.home.join(external::FILE));
        if let Some(trouble) = trouble {
            log.warn("integration", &trouble, &[]);
        }
        let fleet = Fleet::new(Base {
            router: Arc::clone(&router),
            store: store.clone(),
            log: log.clone(),
            shutdown: shutdown.clone(),
            around: Surroundings {
                audience,
                store: store.clone(),
                router: Arc::clone(&router),
                externals: Arc::new(externals),
                pairings: Arc::new(Pairings::open(config.home.join(pairing::FILE))),
                log: log.clone(),
                address: config.authority(address.port()),
            },
            on_change: steering::tell_states(&news),
        });
        let steering = Arc::new(Steering::new(options, trigger, log.clone(), fleet));
        let gateway = Gateway::new(Parts {
            config,
            store: store.clone(),
            router: Arc::clone(&router),
            news: Arc::clone(&news),
            control: Arc::clone(&steering) as Arc<dyn gateway::control::Control>,
            shutdown: shutdown.clone(),
            log: log.clone(),
        });
        steering.steers(&gateway);
        follow_log(&log, &gateway);
        let tasks = JoinSet::new();
        let house = Self {
            gateway,
            store,
            log,
            steering,
            shutdown,
            readiness,
            lookup,
            tasks,
        };
        Ok(house)
    }

    async fn run(mut self, listener: TcpListener, address: SocketAddr) -> Result<()> {
        self.tasks
            .spawn(signals::obey(self.steering.trigger(), self.log.clone()));
        if let Some(period) = self.readiness.watchdog_period() {
            self.tasks.spawn(vigil::signs_of_life(
                Arc::clone(&self.readiness),
                period,
                self.store.clone(),
            ));
        }
        self.tasks
            .spawn(vigil::watch_store(self.store.clone(), self.log.clone()));
        let (readiness, begun) = (Arc::clone(&self.readiness), self.shutdown.begun());
        self.tasks.spawn(async move {
            begun.await;
            readiness.stopping();
        });
        self.log.info(
            "daemon",
            "ready",
            &[
                ("address", &address),
                ("version", &env!("CARGO_PKG_VERSION")),
                ("pid", &std::process::id()),
            ],
        );
        self.readiness.ready(&format!("listening on {address}"));
        first_start::show_link(&self.gateway.settings(), address);
        self.steering.launch(&self.lookup);
        accept::serve(Arc::clone(&self.gateway), listener, self.shutdown.clone()).await;
        self.stop().await
    }

    async fn stop(mut self) -> Result<()> {
        self.steering.end().await;
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        let store = self.store.clone();
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
        let reason = self.shutdown.reason().unwrap_or("shutdown");
        self.log.info("daemon", "stopped", &[("reason", &reason)]);
        if reason == accept::RESTART {
            Err(Error::Restart)
        } else {
            Ok(())
        }
    }
}

fn open_store(config: &Config, router: &Arc<Router>, news: &Arc<News>) -> Result<Store> {
    let (router, news) = (Arc::clone(router), Arc::clone(news));
    let options = store::Options {
        path: config.home.join("messages.redb"),
        history_days: config.history_days,
        ..store::Options::default()
    };
    Store::open(options, move |events| news.stored(&router, &events))
}

/// Log lines go to whoever subscribed to `log`.
fn follow_log(log: &Log, gateway: &Arc<Gateway>) {
    let gateway = Arc::downgrade(gateway);
    log.follow(move |line| {
        if let Some(gateway) = gateway.upgrade() {
            gateway.publish_line(line);
        }
    });
}
