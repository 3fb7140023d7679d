//! The state of one channel that its tasks share: its integration, its current and its desired state,
//! and its counters.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::counters::ChannelCounters;
use crate::daemon::gate::ChannelGate;
use crate::{
    clock,
    gateway::control::IntegrationStatus,
    integrations::{Integration, Trouble, plan::SendLimits},
};

/// The current state of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelState {
    /// The user stopped it, or the daemon ends.
    Stopped,
    /// Its `run` has begun and no call has succeeded yet.
    Starting,
    /// It works.
    Running,
    /// Its service answers but cannot send now. No delivery is tried until it can.
    Impaired,
    /// It works, but its bridge is not connected; it reconnects by itself.
    Away,
    /// It failed and restarts at this time, in ms since 1970.
    BackingOff(u64),
    /// Its credentials were refused: it stays down until the user acts.
    Parked,
    /// Another machine of the cluster runs it.
    #[cfg(feature = "nats")]
    Standby,
}

impl ChannelState {
    /// Whether it is trying to get running.
    fn is_trying(&self) -> bool {
        matches!(self, Self::Starting | Self::BackingOff(_))
    }

    /// The name on the wire.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Impaired => "impaired",
            Self::Away => "away",
            Self::BackingOff(_) => "backing_off",
            Self::Parked => "parked",
            #[cfg(feature = "nats")]
            Self::Standby => "standby",
        }
    }
}

/// What the integration should do. Setting it takes effect even if the value is the same: `Run` while
/// it runs is a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DesiredState {
    /// Run.
    Run,
    /// Stay stopped.
    Stop,
    /// Stay stopped because the service refused the credentials, with its error.
    Park(String),
    /// Stay stopped because another machine of the cluster runs it, or may, in words.
    #[cfg(feature = "nats")]
    StandBy(String),
    /// End supervision: the settings no longer name this channel.
    Retire,
}

/// Called with every new state.
type OnChange = Box<dyn Fn(&IntegrationStatus) + Send + Sync>;

/// One channel.
pub struct Channel {
    name: String,
    gate: Arc<ChannelGate>,
    current: RwLock<(Arc<dyn Integration>, SendLimits)>,
    record: Mutex<StateRecord>,
    desired: watch::Sender<DesiredState>,
    on_change: OnChange,
    /// What it has done since the start.
    pub counters: ChannelCounters,
    /// Its part in a cluster, where it has one.
    #[cfg(feature = "nats")]
    pub(super) membership: super::membership::Membership,
}

struct StateRecord {
    state: ChannelState,
    /// When it last went up or down.
    since_ms: u64,
    last_error: Option<String>,
    /// What the user can do while the service is impaired.
    advice: Option<String>,
}

impl Channel {
    /// A channel about to start; `on_change` is called with every new state.
    pub(in crate::daemon) fn new(
        integration: Arc<dyn Integration>,
        limits: SendLimits,
        gate: Arc<ChannelGate>,
        on_change: impl Fn(&IntegrationStatus) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let record = StateRecord {
            state: ChannelState::Starting,
            since_ms: clock::now_ms(),
            last_error: None,
            advice: None,
        };
        Arc::new(Self {
            name: integration.name().to_owned(),
            current: RwLock::new((integration, limits)),
            record: Mutex::new(record),
            desired: watch::Sender::new(DesiredState::Run),
            on_change: Box::new(on_change),
            counters: ChannelCounters::default(),
            gate,
            #[cfg(feature = "nats")]
            membership: super::membership::Membership::default(),
        })
    }

    /// What holds its messages back.
    pub(in crate::daemon) fn gate(&self) -> &Arc<ChannelGate> {
        &self.gate
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The integration, built from the current settings.
    pub fn integration(&self) -> Arc<dyn Integration> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.0)
    }

    /// Its current limits.
    pub fn limits(&self) -> SendLimits {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .1
    }

    /// Replaces the integration and its limits, and restarts.
    pub fn replace(&self, integration: Arc<dyn Integration>, limits: SendLimits) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (integration, limits);
        self.start();
    }

    /// Replaces the limits without a restart.
    pub fn limit(&self, limits: SendLimits) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.1 = limits;
    }

    /// Starts it, or restarts it if it runs already.
    pub fn start(&self) {
        // Only its lease makes it run there.
        #[cfg(feature = "nats")]
        if self.is_clustered() && self.fence().is_none() {
            return;
        }
        self.desired.send_replace(DesiredState::Run);
    }

    /// Stops it until it is started.
    pub fn stop(&self) {
        self.desired.send_replace(DesiredState::Stop);
    }

    /// Stops it because its credentials were refused. A stop or removal that came first wins.
    pub fn park(&self, why: &str) {
        self.desired.send_if_modified(|desired| {
            let runs = *desired == DesiredState::Run;
            if runs {
                *desired = DesiredState::Park(why.to_owned());
            }
            runs
        });
    }

    /// Ends its supervision.
    pub fn retire(&self) {
        self.desired.send_replace(DesiredState::Retire);
    }

    /// Whether a message to this peer can be delivered now.
    pub fn can_reach(&self, peer: &str) -> bool {
        self.takes_deliveries() && self.integration().can_reach(peer)
    }

    /// Whether the user stopped it.
    pub fn is_stopped(&self) -> bool {
        *self.desired.borrow() == DesiredState::Stop
    }

    /// Whether its credentials were refused.
    pub fn is_parked(&self) -> bool {
        matches!(*self.desired.borrow(), DesiredState::Park(_))
    }

    /// Whether it is running and its service answers, as far as we know.
    pub(super) fn is_running(&self) -> bool {
        self.record().state == ChannelState::Running
    }

    #[cfg(feature = "nats")]
    pub(super) fn desired(&self) -> &watch::Sender<DesiredState> {
        &self.desired
    }

    pub(super) fn watch_desired(&self) -> watch::Receiver<DesiredState> {
        self.desired.subscribe()
    }

    fn record(&self) -> MutexGuard<'_, StateRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether deliveries may be tried.
    pub fn takes_deliveries(&self) -> bool {
        #[cfg(feature = "nats")]
        if !self.is_ours() {
            return false;
        }
        *self.desired.borrow() == DesiredState::Run && self.record().state != ChannelState::Impaired
    }

    /// Records that a call succeeded: the channel is running, and the last error is cleared.
    pub(super) fn alive(&self) {
        if self.record().state != ChannelState::Running {
            self.enter(ChannelState::Running, None);
        }
    }

    /// Records that the service cannot send now. False if that was known, or if it should not run.
    pub(in crate::daemon) fn impaired(&self, trouble: &Trouble) -> bool {
        {
            let mut record = self.record();
            let known = record.state == ChannelState::Impaired
                && record.last_error.as_deref() == Some(&trouble.why);
            if known || *self.desired.borrow() != DesiredState::Run {
                return false;
            }
            record.advice.clone_from(&trouble.advice);
        }
        self.enter(ChannelState::Impaired, Some(trouble.why.clone()));
        true
    }

    pub(super) fn enter(&self, state: ChannelState, error: Option<String>) {
        {
            let mut record = self.record();
            if state != ChannelState::Impaired {
                record.advice = None;
            }
            // Alternating between starting and backing off is one outage with one beginning.
            if !(record.state.is_trying() && state.is_trying()) {
                record.since_ms = clock::now_ms();
            }
            let has_recovered = state == ChannelState::Running;
            record.state = state;
            let before = record.last_error.take().filter(|_| !has_recovered);
            record.last_error = error.or(before);
        }
        // Call without the lock: the callback may ask for the status.
        (self.on_change)(&self.status());
    }

    /// Its row in `status` and `integrations`. `since_ms` is when it last went up or down.
    pub fn status(&self) -> IntegrationStatus {
        let integration = self.integration();
        let record = self.record();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        IntegrationStatus {
            name: self.name.clone(),
            state: record.state.as_str().to_owned(),
            since_ms: record.since_ms,
            until_ms: match record.state {
                ChannelState::BackingOff(until_ms) => Some(until_ms),
                _ => None,
            },
            advice: record
                .advice
                .clone()
                .or_else(|| advice(&record.state, &*integration)),
            last_error: record.last_error.clone(),
            held: self.gate.held(),
            pairable: integration.pairs_a_device(),
            deletes: integration.deletes(),
            counters: vec![
                ("sent", count(&self.counters.sent)),
                ("failed", count(&self.counters.failed)),
                ("retried", count(&self.counters.retried)),
                ("unknown", count(&self.counters.unknown)),
                ("restarts", count(&self.counters.restarts)),
            ],
        }
    }
}

/// What the user can do about a state.
fn advice(state: &ChannelState, integration: &dyn Integration) -> Option<String> {
    let name = integration.name();
    match state {
        ChannelState::Parked => Some(integration.remedy()),
        #[cfg(feature = "nats")]
        ChannelState::Standby => Some("who owns it: cleudocodebot cluster status".to_owned()),
        ChannelState::Stopped => Some(format!("cleudocodebot integrations start {name}")),
        ChannelState::Away => Some(format!(
            "start its bridge; one that will not come back: cleudocodebot integrations forget {name}"
        )),
        ChannelState::Starting => Some(
            "its service has not answered yet; if that lasts, see whether this machine reaches it"
                .to_owned(),
        ),
        ChannelState::BackingOff(_) => integration.advice().or_else(|| {
            Some(format!(
                "it is tried again by itself; if that lasts, see whether this machine reaches its service \
                 and its address in .env is right; to try now: cleudocodebot integrations restart {name}"
            ))
        }),
        ChannelState::Impaired => Some("what waits goes out when that is over".to_owned()),
        ChannelState::Running => None,
    }
}

/// The time `wait` from now, in ms since 1970.
pub(in crate::daemon) fn from_now_ms(wait: Duration) -> u64 {
    clock::now_ms().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}
