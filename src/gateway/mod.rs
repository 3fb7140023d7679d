//! The door of the house: one port for WebSocket and HTTP, the sessions behind it, and the bus that
//! tells them what happened.
//!
//! Reading order: `accept` → `http` (with `origin`, `admission`, `upgrade`) → `session` → `dispatch`;
//! beside them `bus`, `link`, `bridge`, `metrics`. What the daemon must do for the gateway stands in `control`.

pub mod accept;
mod admission;
mod bridge;
mod bus;
mod client_handle;
pub mod control;
mod dispatch;
mod http;
mod metrics;
mod origin;
mod page;
mod respond;
mod rpc;
mod session;
mod squeeze;
mod status_page;
mod typing;
mod upgrade;
mod waiters;
mod webhook;

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicU64},
    time::{Duration, Instant},
};

pub use self::bus::Bus;
use self::{
    admission::{Admission, tokens_match},
    control::Control,
    metrics::Counters,
    waiters::Waiters,
};
use crate::{
    clock,
    config::Config,
    log::{Log, LogLine},
    protocol::error_code::close,
    router::Router,
    shutdown::Shutdown,
    store::{Store, StoredEvent},
};

/// Everything the sessions of one gateway share.
pub struct Gateway {
    settings: RwLock<Arc<Config>>,
    store: Store,
    router: Arc<Router>,
    listeners: Arc<CommitListeners>,
    control: Arc<dyn Control>,
    shutdown: Shutdown,
    log: Log,
    counters: Counters,
    admission: Arc<Admission>,
    started: Instant,
    started_ms: u64,
    next_client: AtomicU64,
}

/// What a gateway is made of.
pub struct Parts {
    /// The settings it starts with; the token must be there.
    pub config: Config,
    /// Where messages are kept.
    pub store: Store,
    /// Where they go.
    pub router: Arc<Router>,
    /// Who is told of stored events.
    pub listeners: Arc<CommitListeners>,
    /// The daemon.
    pub control: Arc<dyn Control>,
    /// When to stop.
    pub shutdown: Shutdown,
    /// Where to say so.
    pub log: Log,
}

/// Everyone who must hear of a stored event before its command is answered.
#[derive(Default)]
pub struct CommitListeners {
    /// The subscribers.
    pub bus: Arc<Bus>,
    waiters: Waiters,
}

impl CommitListeners {
    /// Tells all; called by the store after each commit, in the order of the sequence numbers.
    pub fn stored(&self, router: &Router, events: &[StoredEvent]) {
        for event in events {
            self.bus.publish_stored(event);
            self.waiters.stored(&event.message);
            router.stored(&event.message);
        }
    }
}

impl Gateway {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            settings: RwLock::new(Arc::new(parts.config)),
            store: parts.store,
            router: parts.router,
            listeners: parts.listeners,
            control: parts.control,
            shutdown: parts.shutdown,
            log: parts.log,
            counters: Counters::default(),
            admission: Arc::default(),
            started: Instant::now(),
            started_ms: clock::now_ms(),
            next_client: AtomicU64::new(1),
        })
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Config> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes new settings for connections that come from now on.
    pub fn reconfigure(&self, config: Config) {
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    /// Why `/readyz` says 503, if it does.
    pub fn not_ready(&self) -> Option<String> {
        if self.shutdown.reason().is_some() {
            return Some("shutting down".to_owned());
        }
        self.store
            .health()
            .error
            .map(|error| format!("the store does not take writes: {error}"))
    }

    /// Sends an unstored event to whoever subscribed; returns how many clients it was queued for.
    pub fn publish(&self, event: &str, write: impl Fn(&mut String)) -> usize {
        self.listeners.bus.publish(event, write)
    }

    /// Closes every connection behind what waits for it: each must show the token anew.
    pub fn send_all_away(&self, reason: &'static str) {
        self.listeners.bus.close_all(close::UNAUTHORIZED, reason);
    }

    /// Shows a log line to whoever subscribed to `log`.
    pub fn publish_line(&self, line: &LogLine) {
        self.publish("log", |out| {
            out.push_str(&dispatch::line_json(line).to_string());
        });
    }

    /// The one check of a token, for the socket and for HTTP.
    fn is_token(&self, given: &str) -> bool {
        let settings = self.settings();
        let expected = settings.token.as_deref().unwrap_or_default();
        !expected.is_empty() && tokens_match(given, expected)
    }

    /// How long this address must wait before it may try a token, if it must.
    fn blocked_for(&self, address: IpAddr) -> Option<Duration> {
        self.admission.blocked_for(
            address,
            self.settings().limits.auth_failures_per_minute as usize,
        )
    }

    /// Counts a wrong or missing token.
    fn authentication_failed(&self, address: IpAddr) {
        Counters::add(&self.counters.auth_failures);
        self.admission.failed(
            address,
            self.settings().limits.auth_failures_per_minute as usize,
        );
        self.log
            .warn("gateway", "authentication failed", &[("address", &address)]);
    }
}
