//! One channel as all its tasks see it: its integration, where it stands, what is wished of it, and
//! what it has done.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::counters::ChannelCounters;
use crate::{
    clock,
    gateway::control::IntegrationStatus,
    integrations::{Integration, Trouble, plan::SendLimits},
};

/// Where an integration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The user stopped it, or the daemon ends.
    Stopped,
    /// Its `run` is under way and has not shown yet that it works.
    Starting,
    /// It works.
    Running,
    /// Its service is there and cannot send now. Nothing is tried until it can.
    Impaired,
    /// It works, but its other side is not there; it comes back by itself.
    Away,
    /// It failed and starts again at this time, in ms since 1970.
    BackingOff(u64),
    /// Its credentials were refused: it waits for the user.
    Parked,
}

impl State {
    /// Whether it is on its way to work and does not yet.
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
        }
    }
}

/// What is wished of an integration. Every change of it is obeyed, also to an equal one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DesiredState {
    /// Run.
    Run,
    /// Do nothing.
    Stop,
    /// Do nothing, because the service refused the credentials: what it said.
    Park(String),
    /// End: the settings do not ask for it any more.
    Retire,
}

/// Who hears of every new state.
type OnChange = Box<dyn Fn(&IntegrationStatus) + Send + Sync>;

/// One channel.
pub struct Channel {
    name: String,
    current: RwLock<(Arc<dyn Integration>, SendLimits)>,
    standing: Mutex<Standing>,
    wishes: watch::Sender<DesiredState>,
    on_change: OnChange,
    /// What it has done.
    pub counters: ChannelCounters,
}

struct Standing {
    state: State,
    since_ms: u64,
    last_error: Option<String>,
    /// What the user can do about a trouble of the service.
    advice: Option<String>,
}

impl Channel {
    /// A channel about to start; `on_change` hears of every new state.
    pub fn new(
        integration: Arc<dyn Integration>,
        limits: SendLimits,
        on_change: impl Fn(&IntegrationStatus) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let standing = Standing {
            state: State::Starting,
            since_ms: clock::now_ms(),
            last_error: None,
            advice: None,
        };
        Arc::new(Self {
            name: integration.name().to_owned(),
            current: RwLock::new((integration, limits)),
            standing: Mutex::new(standing),
            wishes: watch::Sender::new(DesiredState::Run),
            on_change: Box::new(on_change),
            counters: ChannelCounters::default(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The integration as the settings describe it now.
    pub fn integration(&self) -> Arc<dyn Integration> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.0)
    }

    /// How it may send.
    pub fn limits(&self) -> SendLimits {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .1
    }

    /// Takes new settings and starts again with them.
    pub fn replace(&self, integration: Arc<dyn Integration>, limits: SendLimits) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (integration, limits);
        self.start();
    }

    /// Takes new limits and runs on.
    pub fn limit(&self, limits: SendLimits) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.1 = limits;
    }

    /// Starts it, also where it runs already.
    pub fn start(&self) {
        self.wishes.send_replace(DesiredState::Run);
    }

    /// Stops it until it is started.
    pub fn stop(&self) {
        self.wishes.send_replace(DesiredState::Stop);
    }

    /// Stops it because its credentials were refused. What the user wished meanwhile stays.
    pub fn park(&self, why: &str) {
        self.wishes.send_if_modified(|desired| {
            let runs = *desired == DesiredState::Run;
            if runs {
                *desired = DesiredState::Park(why.to_owned());
            }
            runs
        });
    }

    /// Ends its supervision.
    pub fn retire(&self) {
        self.wishes.send_replace(DesiredState::Retire);
    }

    /// Whether a message to this peer may be handed to the integration.
    pub fn can_reach(&self, peer: &str) -> bool {
        self.takes_deliveries() && self.integration().can_reach(peer)
    }

    /// Whether the user stopped it.
    pub fn is_stopped(&self) -> bool {
        *self.wishes.borrow() == DesiredState::Stop
    }

    /// Whether its credentials were refused.
    pub fn is_parked(&self) -> bool {
        matches!(*self.wishes.borrow(), DesiredState::Park(_))
    }

    /// Whether its service is there as far as we know.
    pub(super) fn is_running(&self) -> bool {
        self.standing().state == State::Running
    }

    pub(super) fn wishes(&self) -> watch::Receiver<DesiredState> {
        self.wishes.subscribe()
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether messages may be handed to the integration.
    pub fn takes_deliveries(&self) -> bool {
        *self.wishes.borrow() == DesiredState::Run && self.standing().state != State::Impaired
    }

    /// It works: the first sign of life after a start makes it running, and whatever was wrong is over.
    pub(super) fn alive(&self) {
        if self.standing().state != State::Running {
            self.enter(State::Running, None);
        }
    }

    /// Its service cannot send now. Whether that is news.
    pub(in crate::daemon) fn impaired(&self, trouble: &Trouble) -> bool {
        {
            let mut standing = self.standing();
            let known = standing.state == State::Impaired
                && standing.last_error.as_deref() == Some(&trouble.why);
            if known || *self.wishes.borrow() != DesiredState::Run {
                return false;
            }
            standing.advice.clone_from(&trouble.advice);
        }
        self.enter(State::Impaired, Some(trouble.why.clone()));
        true
    }

    pub(super) fn enter(&self, state: State, error: Option<String>) {
        {
            let mut standing = self.standing();
            if state != State::Impaired {
                standing.advice = None;
            }
            // Trying and waiting in turn is one trouble, with one beginning.
            if !(standing.state.is_trying() && state.is_trying()) {
                standing.since_ms = clock::now_ms();
            }
            let is_over = state == State::Running;
            standing.state = state;
            let before = standing.last_error.take().filter(|_| !is_over);
            standing.last_error = error.or(before);
        }
        (self.on_change)(&self.status());
    }

    /// Its row in `status` and `integrations`. Its time is since when it works, or does not.
    pub fn status(&self) -> IntegrationStatus {
        let integration = self.integration();
        let standing = self.standing();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        IntegrationStatus {
            name: self.name.clone(),
            state: standing.state.as_str().to_owned(),
            since_ms: standing.since_ms,
            until_ms: match standing.state {
                State::BackingOff(until_ms) => Some(until_ms),
                _ => None,
            },
            advice: standing
                .advice
                .clone()
                .or_else(|| advice(&standing.state, &*integration)),
            last_error: standing.last_error.clone(),
            pairable: integration.pairs_a_device(),
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

/// What a user can do about it.
fn advice(state: &State, integration: &dyn Integration) -> Option<String> {
    let name = integration.name();
    match state {
        State::Parked => Some(integration.remedy()),
        State::Stopped => Some(format!("cleudocodebot integrations start {name}")),
        State::Away => Some(format!(
            "start its bridge; one that will not come back: cleudocodebot integrations forget {name}"
        )),
        State::Starting => Some(
            "its service has not answered yet; if that lasts, see whether this machine reaches it"
                .to_owned(),
        ),
        State::BackingOff(_) => integration.advice().or_else(|| {
            Some(format!(
                "it is tried again by itself; if that lasts, see whether this machine reaches its service \
                 and its address in .env is right; to try now: cleudocodebot integrations restart {name}"
            ))
        }),
        State::Impaired => Some("what waits goes out when that is over".to_owned()),
        State::Running => None,
    }
}

/// The time `wait` from now, in ms since 1970.
pub(in crate::daemon) fn from_now_ms(wait: Duration) -> u64 {
    clock::now_ms().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}
