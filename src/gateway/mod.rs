//! One port for WebSocket and HTTP, the sessions of the clients, and the bus that sends them events.
//!
//! Reading order: `admission` (who may come in), `transport` (TLS, where it is set), `http` (accept, checks, upgrade) → `session` (one WebSocket connection) → `actions`
//! (what a command does); beside `session` there is `mcp`, which programs with a model speak, and `openai`, which programs speak to a model; besides these `clients` (who is connected and subscribed to what) and `metrics`. What
//! the gateway asks of the daemon above it is in `control`.

mod actions;
mod admission;
#[cfg(feature = "store")]
pub mod backups;
mod clients;
pub mod control;
mod http;
mod keys;
mod linger;
mod mcp;
mod metrics;
mod openai;
mod permissions;
mod session;
mod slab;
mod tasks;
mod transport;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock, PoisonError, RwLock, atomic::AtomicU64},
    time::{Duration, Instant},
};

use self::{
    admission::{Attempts, Connections, WrongToken},
    clients::{arrivals::Arrivals, waiters::Waiters},
    control::{Admin, Agents, Channels, Gate, Schedules, Webhooks},
    http::dates::HttpDates,
    keys::ClientKeys,
    mcp::McpState,
    metrics::GatewayCounters,
    openai::OpenAiState,
    permissions::{Access, OwnerToken},
    session::ReplayBounds,
};
pub use self::{clients::Bus, http::accept, keys::end_expired, transport::ServerTls};
use crate::{
    clock,
    config::Config,
    constant_time,
    keys::{Keyring, TokenFault},
    log::{Log, LogField, LogLine},
    media::Media,
    message::State,
    protocol::{
        describe::{EventName, event},
        error_code::close,
        log_json::line_json,
    },
    push::PushRegistry,
    random,
    router::Router,
    shutdown::Shutdown,
    store::{Store, StoreError, StoredEvent},
};

/// Everything the sessions of one gateway share.
pub struct Gateway {
    settings: RwLock<Arc<Config>>,
    store: Store,
    media: Media,
    router: Arc<Router>,
    listeners: Arc<CommitListeners>,
    channels: Arc<dyn Channels>,
    agents: Arc<dyn Agents>,
    schedules: Arc<dyn Schedules>,
    gate: Arc<dyn Gate>,
    admin: Arc<dyn Admin>,
    keys: ClientKeys,
    owner_token: OwnerToken,
    push: Arc<PushRegistry>,
    webhooks: Arc<dyn Webhooks>,
    address: SocketAddr,
    /// What requests mostly name as their `Host`.
    own_host: Option<String>,
    shutdown: Shutdown,
    log: Log,
    counters: GatewayCounters,
    connections: Arc<Connections>,
    attempts: Arc<Attempts>,
    http_dates: HttpDates,
    tls: ServerTls,
    replays: Arc<ReplayBounds>,
    mcp: McpState,
    openai: OpenAiState,
    #[cfg(feature = "store")]
    backups: backups::Backups,
    /// Tells this run from every other; nothing depends on it being secret.
    instance: String,
    started: Instant,
    started_ms: u64,
    next_client: AtomicU64,
    #[cfg(feature = "nats")]
    cluster: OnceLock<Arc<crate::cluster::Cluster>>,
}

/// What a gateway is made of.
pub struct GatewayParts {
    /// The settings it starts with; the token must be there.
    pub config: Config,
    /// The certificate of the port.
    pub tls: ServerTls,
    /// Where messages are kept.
    pub store: Store,
    /// The kept files.
    pub media: Media,
    /// Where they go.
    pub router: Arc<Router>,
    /// Who is told of stored events.
    pub listeners: Arc<CommitListeners>,
    /// The channels of the daemon.
    pub channels: Arc<dyn Channels>,
    /// Those who answer.
    pub agents: Arc<dyn Agents>,
    /// What is sent again and again.
    pub schedules: Arc<dyn Schedules>,
    /// What holds messages back.
    pub gate: Arc<dyn Gate>,
    /// The daemon.
    pub admin: Arc<dyn Admin>,
    /// The keys of clients.
    pub keys: Arc<Keyring>,
    /// Where devices are pushed to.
    pub push: Arc<PushRegistry>,
    /// The receivers of stored events.
    pub webhooks: Arc<dyn Webhooks>,
    /// Where it listens.
    pub address: SocketAddr,
    /// When to stop.
    pub shutdown: Shutdown,
    /// The log.
    pub log: Log,
}

/// Called with each stored event.
type OnEvent = Box<dyn Fn(&StoredEvent) + Send + Sync>;

/// Called after each commit with a message that came in.
type OnReceived = Box<dyn Fn() + Send + Sync>;

/// Those who are told of a stored event before its command is answered.
#[derive(Default)]
pub struct CommitListeners {
    /// The subscribers.
    pub bus: Arc<Bus>,
    waiters: Waiters,
    arrivals: Arrivals,
    on_received: RwLock<Vec<OnReceived>>,
    on_scheduled: OnceLock<OnReceived>,
    on_event: RwLock<Vec<OnEvent>>,
}

impl CommitListeners {
    /// Adds what is called after a commit with a message that came in, on the store's thread.
    pub fn on_received(&self, callback: impl Fn() + Send + Sync + 'static) {
        let mut all = self
            .on_received
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.push(Box::new(callback));
    }

    /// Sets what is called after a commit with a message that is to be sent later, on the store's thread.
    pub fn on_scheduled(&self, callback: impl Fn() + Send + Sync + 'static) {
        let _ = self.on_scheduled.set(Box::new(callback));
    }

    /// Adds what is called with each stored event, on the store's thread.
    pub fn on_event(&self, callback: impl Fn(&StoredEvent) + Send + Sync + 'static) {
        let mut all = self
            .on_event
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.push(Box::new(callback));
    }

    /// Tells all; called by the store after each commit, in the order of the sequence numbers.
    pub fn stored(&self, router: &Router, events: &[StoredEvent]) {
        let on_event = self.on_event.read();
        let on_event = on_event.unwrap_or_else(PoisonError::into_inner);
        for event in events {
            self.bus.publish_stored(event);
            self.waiters.stored(&event.message);
            self.arrivals.stored(event);
            router.stored(&event.message);
            on_event.iter().for_each(|callback| callback(event));
        }
        let mut messages = events.iter().map(|event| &event.message);
        if messages.any(|message| message.state == State::Received) {
            let all = self
                .on_received
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            all.iter().for_each(|callback| callback());
        }
        let mut messages = events.iter().map(|event| &event.message);
        if let Some(callback) = self.on_scheduled.get()
            && messages.any(|message| message.state == State::Scheduled)
        {
            callback();
        }
    }
}

impl Gateway {
    /// A gateway of these parts; it serves once `accept::serve` runs.
    pub fn new(parts: GatewayParts) -> Arc<Self> {
        Arc::new(Self {
            settings: RwLock::new(Arc::new(parts.config)),
            store: parts.store,
            media: parts.media,
            router: parts.router,
            listeners: parts.listeners,
            channels: parts.channels,
            agents: parts.agents,
            schedules: parts.schedules,
            gate: parts.gate,
            admin: parts.admin,
            keys: ClientKeys::new(parts.keys),
            owner_token: OwnerToken::default(),
            push: parts.push,
            webhooks: parts.webhooks,
            address: parts.address,
            own_host: http::own_host(parts.address),
            shutdown: parts.shutdown,
            log: parts.log,
            counters: GatewayCounters::default(),
            connections: Arc::new(Connections::new()),
            attempts: Arc::default(),
            http_dates: HttpDates::default(),
            tls: parts.tls,
            replays: Arc::default(),
            mcp: McpState::default(),
            openai: OpenAiState::default(),
            #[cfg(feature = "store")]
            backups: backups::Backups::default(),
            instance: random::hex(&random::bytes::<8>()),
            started: Instant::now(),
            started_ms: clock::now_ms(),
            next_client: AtomicU64::new(1),
            #[cfg(feature = "nats")]
            cluster: OnceLock::new(),
        })
    }

    /// Makes it one of several gateways of a cluster.
    #[cfg(feature = "nats")]
    pub fn join(&self, cluster: Arc<crate::cluster::Cluster>) {
        self.listeners.bus.cursors.join(Arc::clone(&cluster));
        let _ = self.cluster.set(cluster);
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Config> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the settings; they hold for connections that come from now on.
    pub fn reconfigure(&self, config: Config) {
        let limits = &config.limits;
        self.store.set_max_bytes(limits.max_store_bytes);
        self.media
            .set_bounds(limits.max_media_bytes, limits.media_quota);
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    /// Takes the certificate that these settings name, and what is new in its files; whether anything is. After an
    /// error all is as it was.
    pub fn reload_certificate(&self, config: &Config) -> Result<bool, String> {
        self.tls.reload(config.tls.as_ref())
    }

    /// Why `/readyz` says 503, if it does.
    pub fn not_ready(&self) -> Option<String> {
        if self.shutdown.reason().is_some() {
            return Some("shutting down".to_owned());
        }
        let health = self.store.health();
        if let Some(what) = health.damage {
            return Some(StoreError::Corrupt(what).to_string());
        }
        if let Some(limit) = health.limit_reached {
            return Some(StoreError::LimitReached(limit).to_string());
        }
        let error = health.error?;
        Some(format!("the store does not take writes: {error}"))
    }

    /// Sends an unstored event to whoever subscribed; returns how many clients it was queued for.
    pub fn publish(&self, event: EventName<'_>, write: impl Fn(&mut String)) -> usize {
        self.listeners.bus.publish(event, write)
    }

    /// The token of `.env` is another one: who came in by the former must authenticate anew. Keys are as good
    /// as before.
    pub fn owner_token_changed(&self) {
        self.owner_token.changed();
        let reason = "the token was changed";
        self.listeners
            .bus
            .close_of(Access::is_owner, close::UNAUTHORIZED, reason);
    }

    /// Shows a log line to whoever subscribed to `log`.
    pub fn publish_line(&self, line: &LogLine) {
        self.publish(event::LOG, |out| {
            out.push_str(&line_json(line).to_string());
        });
    }

    /// The one check of a token, for the socket and for HTTP: that of `.env`, or that of a key. A right one
    /// passes whatever came from its address before; only wrong ones are counted, each value once.
    ///
    /// Never locking the right token out is safe because nobody finds one by trying: a key has 256 random
    /// bits and the token that we generate as many, and of 2^128 values a guesser would need 10^28 years at
    /// a thousand a millisecond. A token of the owner's own choosing has as many bits as it was given: below
    /// 16 characters it is refused, below 32 warned of, and what holds a guesser back is the limit of wrong
    /// values a minute.
    fn check_token(&self, address: IpAddr, given: &str) -> Result<Access, TokenRefusal> {
        let settings = self.settings();
        let expected = settings.token.as_deref().unwrap_or_default();
        if !expected.is_empty() && constant_time::equal(given.as_bytes(), expected.as_bytes()) {
            return Ok(Access::Owner);
        }
        let why = match self.keys.find(given, address) {
            Ok(key) => return Ok(Access::Key(key)),
            Err(fault) => fault,
        };
        GatewayCounters::add(&self.counters.auth_failures);
        let max = settings.limits.auth_failures_per_minute as usize;
        match self.attempts.wrong(address, given, max) {
            WrongToken::TooMany(wait) => {
                let fields: [LogField<'_>; 1] = [("address", &address)];
                let text = "somebody tries many wrong tokens, and is answered late";
                self.log.warn_limited("gateway", text, &fields);
                return Err(TokenRefusal::TooMany(wait));
            }
            WrongToken::Known => {}
            WrongToken::Counted => {
                let fields: [LogField<'_>; 1] = [("address", &address)];
                self.log
                    .warn_limited("gateway", "authentication failed", &fields);
            }
        }
        Err(TokenRefusal::Wrong(wrong_token(why)))
    }
}

/// What is to be done about a wrong token.
fn wrong_token(why: TokenFault) -> &'static str {
    match why {
        TokenFault::NotOurs => {
            "wrong token; the right one is CLEUDOCODEBOT_TOKEN in .env, or that of a key (cleudocodebot keys add)"
        }
        TokenFault::Mistyped => {
            "this key is mistyped: a digit is wrong, missing or too many; copy it again"
        }
        TokenFault::Unknown => {
            "this key was revoked, has expired, or is of another gateway; ask the owner for a new one"
        }
    }
}

/// Why a token does not let its bearer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenRefusal {
    /// It is wrong, for this reason.
    Wrong(&'static str),
    /// It is wrong, and so many of this address were that its answer is held back; a new one counts
    /// again after this long.
    TooMany(Duration),
}
