//! Keeps one integration running: starts it, backs off when it fails, knows its state.
//!
//! Integrations never retry; this is the one place that waits and tries again.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::tally::Tally;
use crate::{
    backoff::Backoff,
    clock,
    contain::contained,
    gateway::control::IntegrationStatus,
    integrations::{Health, Integration},
    log::Log,
    random,
    shutdown::Shutdown,
};

/// The first wait after a failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// An integration that ran this long is stable again: only then are its failures forgotten.
const STABLE: Duration = Duration::from_secs(60);

/// Where an integration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not begun yet.
    Starting,
    /// Its `run` is under way.
    Running,
    /// It failed and waits for its next start.
    BackingOff,
    /// It ended with the daemon.
    Stopped,
}

impl State {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::BackingOff => "backing_off",
            Self::Stopped => "stopped",
        }
    }
}

/// Who hears of every new state.
type OnChange = Box<dyn Fn(&str, State) + Send + Sync>;

/// One integration under supervision.
pub struct Supervised {
    integration: Arc<dyn Integration>,
    tally: Arc<Tally>,
    standing: Mutex<Standing>,
    on_change: OnChange,
}

struct Standing {
    state: State,
    since_ms: u64,
    last_error: Option<String>,
}

impl Supervised {
    /// An integration that is about to start; `on_change` hears of every new state.
    pub fn new(
        integration: Arc<dyn Integration>,
        tally: Arc<Tally>,
        on_change: impl Fn(&str, State) + Send + Sync + 'static,
    ) -> Self {
        let standing = Standing {
            state: State::Starting,
            since_ms: clock::now_ms(),
            last_error: None,
        };
        Self {
            integration,
            tally,
            standing: Mutex::new(standing),
            on_change: Box::new(on_change),
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, state: State, error: Option<String>) {
        {
            let mut standing = self.standing();
            standing.state = state;
            standing.since_ms = clock::now_ms();
            standing.last_error = error.or_else(|| standing.last_error.take());
        }
        (self.on_change)(self.integration.name(), state);
    }

    /// Its row in `status` and `integrations`.
    pub fn status(&self) -> IntegrationStatus {
        let standing = self.standing();
        let impaired = match self.integration.state() {
            Health::Working => None,
            Health::Impaired(why) => Some(why),
        };
        IntegrationStatus {
            name: self.integration.name().to_owned(),
            state: standing.state.as_str().to_owned(),
            since_ms: standing.since_ms,
            last_error: impaired.or_else(|| standing.last_error.clone()),
            counters: vec![
                ("sent", self.tally.sent.load(Ordering::Relaxed)),
                ("failed", self.tally.failed.load(Ordering::Relaxed)),
                ("retried", self.tally.retried.load(Ordering::Relaxed)),
            ],
        }
    }

    /// Runs it until the daemon ends, however often it fails meanwhile.
    pub async fn supervise(&self, shutdown: Shutdown, log: Log) {
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT, random::seed());
        while shutdown.reason().is_none() {
            self.enter(State::Running, None);
            let begun = Instant::now();
            let ended = contained(async { self.integration.run(shutdown.clone()).await }).await;
            if shutdown.reason().is_some() {
                break;
            }
            if begun.elapsed() >= STABLE {
                backoff.reset();
            }
            let error = match ended {
                Ok(Ok(())) => "it ended by itself".to_owned(),
                Ok(Err(error)) => error,
                Err(panic) => format!("it panicked: {panic}"),
            };
            let wait = backoff.next_wait();
            log.warn(
                "integration",
                "it failed and waits",
                &[
                    ("name", &self.integration.name()),
                    ("error", &error),
                    ("wait_ms", &wait.as_millis()),
                ],
            );
            self.enter(State::BackingOff, Some(error));
            tokio::select! { _ = shutdown.begun() => break, () = sleep(wait) => {} }
        }
        self.enter(State::Stopped, None);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::{
        integrations::{Accepted, BoxFuture, DeliveryError},
        level::LogLevel,
        message::Message,
        shutdown,
    };

    /// Fails at once, by turns with an error, a panic and an early end.
    struct Flaky(AtomicUsize);

    impl Integration for Flaky {
        fn name(&self) -> &'static str {
            "flaky"
        }
        fn run(&self, _: Shutdown) -> BoxFuture<'_, Result<(), String>> {
            let turn = self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                match turn % 3 {
                    0 => Err("refused".to_owned()),
                    1 => panic!("a bug"),
                    _ => Ok(()),
                }
            })
        }
        fn deliver<'a>(&'a self, _: &'a Message) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
            Box::pin(std::future::ready(Err(DeliveryError::Away)))
        }
        fn state(&self) -> Health {
            Health::Working
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_integration_is_restarted_ever_more_slowly() {
        let flaky = Arc::new(Flaky(AtomicUsize::new(0)));
        let supervised = Supervised::new(flaky.clone(), Arc::default(), |_, _| {});
        let (trigger, shutdown) = shutdown::channel();
        let log = Log::in_memory(LogLevel::Info);
        let hour = async {
            sleep(Duration::from_secs(3600)).await;
            let status = supervised.status();
            trigger.begin("test");
            status
        };
        let (status, ()) = tokio::join!(hour, supervised.supervise(shutdown, log));
        assert_eq!(status.state, "backing_off");
        assert!(status.last_error.is_some());
        // 1, 2, 4 … 256 s and then every 300 s, each up to 20 % more or less.
        let starts = flaky.0.load(Ordering::Relaxed);
        assert!((17..=24).contains(&starts), "{starts} starts in an hour");
        assert_eq!(supervised.status().state, "stopped");
    }
}
