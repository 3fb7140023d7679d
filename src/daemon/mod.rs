//! The daemon: builds all parts and runs them, in the right order.
//!
//! Start: settings → lock on the home folder → port → store → gateway → ready → integrations.
//! Stop: no new clients and no new deliveries → close frames to connected clients → results of
//! deliveries in flight are stored (the rest of the outbox is on disk) → store flushed → exit.

mod agents;
#[cfg(feature = "store")]
mod backups;
pub mod channels;
#[cfg(feature = "nats")]
mod clustering;
mod controller;
#[cfg(test)]
mod controller_tests;
pub mod delivery;
pub mod fetching;
mod first_start;
mod gate;
mod guide;
mod opening;
mod process;
mod push;
mod schedule;
mod settings;
#[cfg(test)]
mod testing;
mod turns;
mod webhooks;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, runtime, task::JoinSet};

use self::{
    agents::{AgentParts, AgentProcesses},
    channels::{ChannelRegistry, RegistryParts},
    controller::{ControlledParts, Controller},
    gate::Gate,
    guide::Guide,
    opening::{open_gate, open_keys, open_media, open_push, open_schedules, open_store},
    process::{
        instance::{self, Instance},
        sd_notify::SdNotify,
        signals, updates, watchdog,
    },
    push::{PushParts, Pusher},
    schedule::Scheduler,
    turns::{Turns, TurnsParts, states::AgentStates},
    webhooks::Webhooks,
};
#[cfg(feature = "nats")]
use crate::cluster::ClusterSettings;
use crate::{
    config::{Config, Environment, Loaded, Lookup, Overrides},
    error::{Error, Result},
    gateway::{CommitListeners, Gateway, GatewayParts, ServerTls, accept, end_expired},
    integrations::{
        Audience,
        bridge::{self, Bridges},
        pairing::{self, Pairings},
        plan::BuildContext,
    },
    log::Log,
    media::{self, Media},
    router::Router,
    shutdown::{self, Shutdown},
    store::Store,
};

/// Time at exit for blocking tasks to end.
const TASKS_END_TIMEOUT: Duration = Duration::from_millis(500);

/// What a daemon is started with.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// What the command line sets.
    pub overrides: Overrides,
    /// The environment of the process.
    pub environment: Environment,
    /// Log to the file only. An error that keeps the daemon from starting still goes to stderr.
    pub quiet: bool,
}

/// Runs the daemon until it is told to stop. `Error::Config` means that a restart will not help;
/// `Error::Restart` asks the launcher for one.
pub fn run(options: &DaemonOptions) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Failed(format!("cannot start the runtime: {error}")))?;
    let ended = runtime.block_on(run_daemon(options));
    runtime.shutdown_timeout(TASKS_END_TIMEOUT);
    ended
}

async fn run_daemon(options: &DaemonOptions) -> Result<()> {
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
    watchdog::log_panics(&log);
    let settled = updates::settle(&config.home, &log)?;
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
    if let Some(warning) = first_start::missing_store(&config) {
        log.warn("store", &warning, &[]);
    }
    // What is wrong with the certificate is told before the port is taken: plain HTTP in its place would be worse.
    let tls = ServerTls::open(config.tls.as_ref()).map_err(Error::Config)?;
    for warning in tls.warnings() {
        log.warn("config", &warning, &[]);
    }
    #[cfg(feature = "nats")]
    let joined = ClusterSettings::read(&lookup, &config.home)?;
    #[cfg(not(feature = "nats"))]
    if lookup.get("CLUSTER_URL").is_some_and(|url| !url.is_empty()) {
        let text = "CLUSTER_URL needs a build with --features nats";
        return Err(Error::Config(text.to_owned()));
    }
    let listener = instance::bind(&config).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Error::Failed(format!("cannot read the bound address: {error}")))?;
    Instance::announce(&config, address, &log)?;
    let unwatched = settled.then(|| config.home.clone());
    let mut daemon = Daemon::build(config, lookup, tls, options.clone(), log, address)?;
    if let Some(home) = unwatched {
        let confirmed = updates::confirm(home, daemon.log.clone());
        daemon.tasks.spawn(confirmed);
    }
    #[cfg(feature = "nats")]
    let daemon = daemon.join(joined).await?;
    daemon.run(listener, address).await
}

/// The parts of a running daemon.
struct Daemon {
    gateway: Arc<Gateway>,
    store: Store,
    media: Media,
    log: Log,
    controller: Arc<Controller>,
    shutdown: Shutdown,
    sd_notify: Arc<SdNotify>,
    lookup: Lookup,
    tasks: JoinSet<()>,
    #[cfg(feature = "nats")]
    clustering: clustering::Clustering,
}

impl Daemon {
    fn build(
        config: Config,
        lookup: Lookup,
        tls: ServerTls,
        options: DaemonOptions,
        log: Log,
        address: SocketAddr,
    ) -> Result<Self> {
        let (trigger, shutdown) = shutdown::channel();
        let sd_notify = Arc::new(SdNotify::from_environment(&options.environment));
        let (router, listeners) = (
            Arc::new(Router::default()),
            Arc::new(CommitListeners::default()),
        );
        let store = open_store(&config, &router, &listeners)?;
        for note in store.notes() {
            log.warn("store", &note, &[]);
        }
        listeners.bus.start_at(store.head_seq());
        let media = open_media(&config, &store)?;
        wake_who_attends(&listeners, &router);
        let gate = open_gate(&config, &store, &router, &listeners, &log)?;
        let context = build_context(&config, &store, &media, &router, &listeners, &log, address);
        let registry = new_registry(context, &gate, &listeners, &shutdown);
        let states = AgentStates::new(controller::publish_agent_states(&listeners));
        let states = Arc::new(states);
        let processes = AgentProcesses::new(AgentParts {
            log: log.clone(),
            states: Arc::clone(&states),
            address,
            env_file: config.env_file.clone(),
        });
        let turns = Turns::new(TurnsParts {
            store: store.clone(),
            media: media.clone(),
            log: log.clone(),
            listeners: Arc::clone(&listeners),
            channels: Arc::clone(&registry) as _,
            states,
        });
        let guide = Guide::new(store.clone(), &listeners, log.clone());
        let repeating = open_schedules(&config, &store, &media, &router, &log)?;
        let repeated = Arc::clone(&repeating);
        let scheduler = Scheduler::new(store.clone(), repeated, &listeners, log.clone());
        let keys = open_keys(&config, &store, &log)?;
        let push = open_push(&config, &store, &log)?;
        let pusher = Pusher::new(PushParts {
            registry: Arc::clone(&push),
            keys: Arc::clone(&keys),
            store: store.clone(),
            listeners: Arc::clone(&listeners),
            log: log.clone(),
        });
        let webhooks = Webhooks::new(store.clone(), &listeners, log.clone(), &config.home);
        let controller = Arc::new(Controller::new(
            options,
            trigger,
            log.clone(),
            ControlledParts {
                registry: Arc::clone(&registry),
                turns: Arc::clone(&turns),
                agents: processes,
                guide,
                pusher,
                scheduler,
                gate: Arc::clone(&gate),
                webhooks: Arc::clone(&webhooks),
            },
        ));
        let gateway = Gateway::new(GatewayParts {
            config,
            tls,
            store: store.clone(),
            media: media.clone(),
            router: Arc::clone(&router),
            listeners: Arc::clone(&listeners),
            channels: Arc::clone(&registry) as _,
            agents: turns as _,
            schedules: repeating as _,
            gate: Arc::clone(&gate) as _,
            admin: Arc::clone(&controller) as _,
            keys,
            push,
            webhooks,
            address,
            shutdown: shutdown.clone(),
            log: log.clone(),
        });
        controller.set_gateway(&gateway);
        follow_log(&log, &gateway);
        let mut tasks = JoinSet::new();
        tasks.spawn(gate.end_pauses());
        let daemon = Self {
            gateway,
            store,
            media,
            log,
            controller,
            shutdown,
            sd_notify,
            lookup,
            tasks,
            #[cfg(feature = "nats")]
            clustering: clustering::Clustering::new(registry, router),
        };
        Ok(daemon)
    }

    /// Before any channel runs, so that none runs on two machines.
    #[cfg(feature = "nats")]
    async fn join(mut self, settings: Option<ClusterSettings>) -> Result<Self> {
        let parts = (&self.store, &self.media, &self.log);
        let joined = self
            .clustering
            .join(settings, &self.gateway, parts, &mut self.tasks);
        joined.await?;
        Ok(self)
    }

    async fn run(mut self, listener: TcpListener, address: SocketAddr) -> Result<()> {
        self.tasks
            .spawn(signals::handle(self.controller.trigger(), self.log.clone()));
        if let Some(period) = self.sd_notify.watchdog_period() {
            self.tasks.spawn(watchdog::send_keepalives(
                Arc::clone(&self.sd_notify),
                period,
                self.store.clone(),
            ));
        }
        self.tasks.spawn(end_expired(Arc::clone(&self.gateway)));
        self.tasks
            .spawn(media::keep_tidy(self.media.clone(), self.log.clone()));
        #[cfg(feature = "store")]
        self.tasks
            .spawn(backups::keep_backups(Arc::clone(&self.gateway)));
        self.tasks
            .spawn(watchdog::watch_store(self.store.clone(), self.log.clone()));
        let (sd_notify, begun) = (Arc::clone(&self.sd_notify), self.shutdown.begun());
        self.tasks.spawn(async move {
            begun.await;
            sd_notify.stopping();
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
        self.sd_notify.ready(&format!("listening on {address}"));
        first_start::show_link(&self.gateway.settings(), address);
        self.controller
            .launch(&self.lookup, &self.gateway.settings());
        #[cfg(feature = "nats")]
        tokio::select! {
            () = self.clustering.know_channels() => {}
            _ = self.shutdown.begun() => {}
        }
        accept::serve(Arc::clone(&self.gateway), listener, self.shutdown.clone()).await;
        self.stop().await
    }

    async fn stop(mut self) -> Result<()> {
        self.controller.end().await;
        #[cfg(feature = "nats")]
        self.clustering.end().await;
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        let store = self.store.clone();
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
        let reason = self.shutdown.reason().unwrap_or("shutdown");
        self.log.tell_last_repeats();
        self.log.info("daemon", "stopped", &[("reason", &reason)]);
        if reason == accept::RESTART {
            Err(Error::Restart)
        } else {
            Ok(())
        }
    }
}

/// Whoever listens gets what waited for that.
fn wake_who_attends(listeners: &CommitListeners, router: &Arc<Router>) {
    let router = Arc::clone(router);
    listeners
        .bus
        .on_attend(move |channel, peer| router.wake_peer(channel, peer));
}

/// All channels; none runs yet.
fn new_registry(
    build_context: BuildContext,
    gate: &Arc<Gate>,
    listeners: &Arc<CommitListeners>,
    shutdown: &Shutdown,
) -> Arc<ChannelRegistry> {
    Arc::new(ChannelRegistry::new(RegistryParts {
        gate: Arc::clone(gate),
        router: Arc::clone(&build_context.router),
        store: build_context.store.clone(),
        log: build_context.log.clone(),
        shutdown: shutdown.clone(),
        on_change: controller::publish_states(listeners),
        build_context,
    }))
}

/// What the integrations are built with.
fn build_context(
    config: &Config,
    store: &Store,
    media: &Media,
    router: &Arc<Router>,
    listeners: &Arc<CommitListeners>,
    log: &Log,
    address: SocketAddr,
) -> BuildContext {
    let (bridges, warning) = Bridges::open(config.home.join(bridge::FILE));
    if let Some(warning) = warning {
        log.warn("integration", &warning, &[]);
    }
    let pairings = Pairings::open(config.home.join(pairing::FILE), store.clock());
    BuildContext {
        audience: Arc::clone(&listeners.bus) as Arc<dyn Audience>,
        store: store.clone(),
        media: media.clone(),
        router: Arc::clone(router),
        bridges: Arc::new(bridges),
        pairings: Arc::new(pairings),
        log: log.clone(),
        address: config.authority(address.port()),
    }
}

/// Publishes log lines to the subscribers of `log`. Weak, because the gateway owns a handle of the log.
fn follow_log(log: &Log, gateway: &Arc<Gateway>) {
    let gateway = Arc::downgrade(gateway);
    log.follow(move |line| {
        if let Some(gateway) = gateway.upgrade() {
            gateway.publish_line(line);
        }
    });
}
