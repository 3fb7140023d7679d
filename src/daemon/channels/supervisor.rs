//! Keeps one integration running: starts it, backs off when it fails, parks it when its credentials
//! are refused, and follows its desired state.
//!
//! Integrations never retry by themselves; this is the one place that waits and restarts.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    channel::{Channel, ChannelState, DesiredState, from_now_ms},
    counters::ChannelCounters,
};
#[cfg(feature = "nats")]
use crate::cluster::fence::Fenced;
use crate::{
    backoff::{Backoff, STABLE},
    integrations::{Report, RunContext, RunError},
    log::{Log, LogField, LogLevel},
    panics::contained,
    random,
    shutdown::Shutdown,
};

/// Runs a channel's integration, however often it fails, until the daemon shuts down or the channel
/// is removed.
pub async fn supervise(channel: Arc<Channel>, shutdown: Shutdown, log: Log) {
    let mut desired = channel.watch_desired();
    let ended = shutdown.begun();
    let mut supervisor = Supervisor {
        backoff: Backoff::of_restarts(random::seed()),
        channel: Arc::clone(&channel),
        shutdown,
        log,
    };
    tokio::select! {
        _ = ended => {}
        () = supervisor.follow(&mut desired) => {}
    }
    channel.enter(ChannelState::Stopped, None);
}

struct Supervisor {
    channel: Arc<Channel>,
    backoff: Backoff,
    shutdown: Shutdown,
    log: Log,
}

impl Supervisor {
    async fn follow(&mut self, desired: &mut watch::Receiver<DesiredState>) {
        loop {
            // Marking the value as seen before acting on it means that a change during the match wakes
            // the select below. Dropping the run there is safe: `run` may be dropped at any await.
            let current = desired.borrow_and_update().clone();
            match current {
                DesiredState::Retire => return,
                DesiredState::Run => tokio::select! {
                    changed = desired.changed() => if changed.is_err() { return },
                    // The run ended by itself: keep the back-off, which only a command resets.
                    () = self.run_and_wait() => continue,
                },
                DesiredState::Stop => self.idle(ChannelState::Stopped, None, desired).await,
                #[cfg(feature = "nats")]
                DesiredState::StandBy(why) => {
                    self.channel.enter(ChannelState::Standby, Some(why));
                    let _ = desired.changed().await;
                }
                DesiredState::Park(why) => {
                    self.idle(ChannelState::Parked, Some(why), desired).await;
                }
            }
            self.backoff.reset();
        }
    }

    /// Enters a state and waits until the desired state changes.
    async fn idle(
        &self,
        state: ChannelState,
        why: Option<String>,
        desired: &mut watch::Receiver<DesiredState>,
    ) {
        if let Some(why) = &why {
            self.log.error(
                "integration",
                "credentials were refused; waiting for new ones",
                &[("name", &self.channel.name()), ("error", why)],
            );
        }
        self.channel.enter(state, why);
        let _ = desired.changed().await;
    }

    /// Runs the integration once and, if it fails, waits out the back-off.
    async fn run_and_wait(&mut self) {
        self.channel.enter(ChannelState::Starting, None);
        let alive_since = Arc::<Mutex<Option<Instant>>>::default();
        let (channel, first) = (Arc::clone(&self.channel), Arc::clone(&alive_since));
        let log = self.log.clone();
        let context = RunContext::new(self.shutdown.clone(), move |report| match report {
            Report::Alive => {
                first
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert_with(Instant::now);
                channel.alive();
            }
            Report::Impaired(trouble) => {
                if channel.impaired(trouble) {
                    let fields: [LogField<'_>; 2] =
                        [("name", &channel.name()), ("why", &trouble.why)];
                    log.warn_limited("integration", "the service cannot send now", &fields);
                }
            }
            Report::Away(why) => {
                let fields: [LogField<'_>; 2] = [("name", &channel.name()), ("why", &why)];
                log.limited(
                    LogLevel::Info,
                    "integration",
                    "bridge is not connected",
                    &fields,
                );
                channel.enter(ChannelState::Away, Some(why.to_owned()));
            }
        });
        let integration = self.channel.integration();
        let run = contained(integration.run(context));
        #[cfg(feature = "nats")]
        let ended = {
            let why = "this machine no longer owns the channel".to_owned();
            let fenced = Fenced::new(self.channel.guard(), run).await;
            fenced.unwrap_or(Ok(Err(RunError::Failed(why, None))))
        };
        #[cfg(not(feature = "nats"))]
        let ended = run.await;
        let alive_since = *alive_since.lock().unwrap_or_else(PoisonError::into_inner);
        if alive_since.is_some_and(|since| since.elapsed() >= STABLE) {
            self.backoff.reset();
        }
        if self.shutdown.reason().is_some() {
            // Not a failure: the daemon is shutting down, and `supervise` drops this future.
            return std::future::pending().await;
        }
        let panicked = |panic| {
            Err(RunError::Failed(
                format!("the integration panicked: {panic}"),
                None,
            ))
        };
        match ended.unwrap_or_else(panicked) {
            Err(RunError::Refused(why)) => self.channel.park(&why),
            Err(RunError::Failed(why, earliest)) => self.failed(why, earliest).await,
            Ok(()) => {
                let why = "the integration ended without an error".to_owned();
                self.failed(why, None).await;
            }
        }
    }

    async fn failed(&mut self, why: String, earliest: Option<Duration>) {
        ChannelCounters::add(&self.channel.counters.restarts);
        let wait = self.backoff.next_wait().max(earliest.unwrap_or_default());
        self.log.warn(
            "integration",
            "integration failed; restarting later",
            &[
                ("name", &self.channel.name()),
                ("error", &why),
                ("wait_ms", &wait.as_millis()),
            ],
        );
        self.channel
            .enter(ChannelState::BackingOff(from_now_ms(wait)), Some(why));
        sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::{
        config::Delays,
        daemon::gate::ChannelGate,
        gateway::control::IntegrationStatus,
        integrations::{
            Accepted, BoxFuture, DeliveryError, Integration, Progress, plan::SendLimits,
        },
        message::Message,
        shutdown,
    };

    type Run = fn(usize, RunContext) -> BoxFuture<'static, Result<(), RunError>>;

    /// Runs a script that is given the number of the start, from 0.
    struct Scripted(AtomicUsize, Run);

    impl Integration for Scripted {
        fn name(&self) -> &'static str {
            "scripted"
        }
        fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
            (self.1)(self.0.fetch_add(1, Ordering::Relaxed), context)
        }
        fn deliver<'a>(
            &'a self,
            _: &'a Message,
            _: &'a Progress,
        ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
            Box::pin(std::future::ready(Err(DeliveryError::Away)))
        }
    }

    const NO_LIMITS: SendLimits = SendLimits {
        max_age: None,
        per_minute: None,
        retry_delays: Delays::USUAL,
    };

    /// Supervises until `control` ends; returns the number of starts and the status at that moment.
    async fn supervised<F: std::future::Future<Output = ()>>(
        run: Run,
        control: impl FnOnce(Arc<Channel>) -> F,
    ) -> (usize, IntegrationStatus) {
        let scripted = Arc::new(Scripted(AtomicUsize::new(0), run));
        let channel = Channel::new(
            scripted.clone(),
            NO_LIMITS,
            ChannelGate::open("scripted"),
            |_| {},
        );
        let (trigger, shutdown) = shutdown::channel();
        let log = Log::in_memory(LogLevel::Info);
        let controlled = async {
            control(Arc::clone(&channel)).await;
            let status = channel.status();
            trigger.begin("test");
            status
        };
        let supervision = supervise(Arc::clone(&channel), shutdown, log);
        let (status, ()) = tokio::join!(controlled, supervision);
        assert_eq!(channel.status().state, "stopped");
        (scripted.0.load(Ordering::Relaxed), status)
    }

    async fn an_hour(_: Arc<Channel>) {
        sleep(Duration::from_secs(3600)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_integration_is_restarted_ever_more_slowly() {
        let (starts, status) = supervised(
            |start, context| {
                Box::pin(async move {
                    context.alive();
                    match start % 3 {
                        0 => Err(RunError::Failed("refused".to_owned(), None)),
                        1 => panic!("a bug"),
                        // A clean exit right after a success does not reset the back-off.
                        _ => Ok(()),
                    }
                })
            },
            an_hour,
        )
        .await;
        assert_eq!(status.state, "backing_off");
        assert!(status.last_error.is_some() && status.until_ms.is_some());
        assert!(
            status
                .advice
                .is_some_and(|text| text.contains("restart scripted"))
        );
        // 1, 2, 4 … 256 s and then every 300 s, each up to 20 % more or less.
        assert!((17..=24).contains(&starts), "{starts} starts in an hour");
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_stable_minute_resets_the_back_off() {
        let (starts, _) = supervised(
            |_, context| {
                Box::pin(async move {
                    context.alive();
                    sleep(STABLE).await;
                    Ok(())
                })
            },
            an_hour,
        )
        .await;
        assert!((58..=60).contains(&starts), "{starts} starts in an hour");
        let (starts, _) = supervised(
            |_, _| {
                Box::pin(async {
                    // A minute without one success is no stable minute.
                    sleep(STABLE).await;
                    Ok(())
                })
            },
            an_hour,
        )
        .await;
        assert!((13..=19).contains(&starts), "{starts} starts in an hour");
    }

    #[tokio::test(start_paused = true)]
    async fn refused_credentials_park_it_until_it_is_started() {
        let (starts, status) = supervised(
            |start, context| {
                Box::pin(async move {
                    if start == 0 {
                        return Err(RunError::Refused("401".to_owned()));
                    }
                    context.alive();
                    std::future::pending().await
                })
            },
            |channel| async move {
                an_hour(Arc::clone(&channel)).await;
                let parked = channel.status();
                assert_eq!(parked.state, "parked");
                assert_eq!(parked.last_error.as_deref(), Some("401"));
                assert!(parked.advice.is_some_and(|text| text.contains("reload")));
                assert!(!channel.takes_deliveries());
                channel.start();
                sleep(Duration::from_secs(1)).await;
            },
        )
        .await;
        assert_eq!((starts, status.state.as_str()), (2, "running"));
    }

    #[tokio::test(start_paused = true)]
    async fn commands_take_effect_during_a_run_and_during_a_wait() {
        let (starts, status) = supervised(
            |start, context| {
                Box::pin(async move {
                    if start == 1 {
                        return Err(RunError::Failed("once".to_owned(), Some(STABLE * 60)));
                    }
                    context.alive();
                    std::future::pending().await
                })
            },
            |channel| async move {
                let soon = Duration::from_secs(1);
                sleep(soon).await;
                channel.stop();
                sleep(soon).await;
                assert_eq!(channel.status().state, "stopped");
                channel.park("too late to matter");
                assert_eq!(channel.status().state, "stopped");
                channel.start();
                sleep(soon).await;
                assert_eq!(channel.status().state, "backing_off");
                channel.start();
                sleep(soon).await;
            },
        )
        .await;
        assert_eq!((starts, status.state.as_str()), (3, "running"));
    }
}
