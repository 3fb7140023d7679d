//! Typing indicators and read receipts, sent to the service of one channel. Nobody waits for them:
//! they never delay a delivery, and a failure is only logged.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    gateway::control::ReadUpTo,
    integrations::{Indicator, Integration},
    log::Log,
    panics::contained,
    shutdown::Shutdown,
    store::Store,
};

/// Indicators of one channel that may wait; further ones are dropped.
const MAX_WAITING: usize = 256;

/// Calls of one channel under way at a time.
const MAX_IN_FLIGHT: usize = 32;

/// Timeout of one call to the service.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Shortest time between two typing indicators to one peer. Telegram shows one for five seconds.
const TYPING_INTERVAL: Duration = Duration::from_secs(4);

/// Peers whose last typing indicator is remembered. When full, further peers get none until older
/// entries expire.
const MAX_REMEMBERED: usize = 1024;

/// Messages marked as read by one call: the newest ones.
const MAX_MARKED: usize = 50;

/// What the service should show the peer.
enum Indication {
    Typing(String),
    Reading(ReadUpTo),
}

struct IndicatorRequest {
    integration: Arc<dyn Integration>,
    what: Indication,
    queued_at: Instant,
}

/// Queues the indicators of one channel.
pub(super) struct Indicators {
    queue: mpsc::Sender<IndicatorRequest>,
    /// When each peer was last sent a typing indicator.
    last_typing: Mutex<HashMap<String, Instant>>,
}

impl Indicators {
    /// The queue and its worker, which ends when the queue is dropped.
    pub(super) fn new(store: Store, log: Log) -> (Arc<Self>, IndicatorWorker) {
        let (queue, inbox) = mpsc::channel(MAX_WAITING);
        let last_typing = Mutex::default();
        (
            Arc::new(Self { queue, last_typing }),
            IndicatorWorker { inbox, store, log },
        )
    }

    /// Shows a peer that we are typing. True if the peer sees it, from this call or an earlier one.
    pub(super) fn typing(&self, integration: Arc<dyn Integration>, peer: &str) -> bool {
        if !integration.can_show(Indicator::Typing, peer) {
            return false;
        }
        match self.decide(peer) {
            TypingDecision::Send => {
                let is_queued = self.queue(integration, Indication::Typing(peer.to_owned()));
                if !is_queued {
                    self.last_typing().remove(peer);
                }
                is_queued
            }
            TypingDecision::StillShown => true,
            TypingDecision::Full => false,
        }
    }

    /// Sends read receipts for a peer's messages.
    pub(super) fn read(&self, integration: Arc<dyn Integration>, read: ReadUpTo) {
        if integration.can_show(Indicator::Reading, &read.peer) {
            self.queue(integration, Indication::Reading(read));
        }
    }

    fn queue(&self, integration: Arc<dyn Integration>, what: Indication) -> bool {
        let request = IndicatorRequest {
            integration,
            what,
            queued_at: Instant::now(),
        };
        self.queue.try_send(request).is_ok()
    }

    fn last_typing(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.last_typing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self, peer: &str) -> TypingDecision {
        let now = Instant::now();
        let is_fresh = |at: Instant| now.duration_since(at) < TYPING_INTERVAL;
        let mut last_typing = self.last_typing();
        if last_typing.get(peer).is_some_and(|at| is_fresh(*at)) {
            return TypingDecision::StillShown;
        }
        if last_typing.len() >= MAX_REMEMBERED {
            last_typing.retain(|_, at| is_fresh(*at));
        }
        if last_typing.len() >= MAX_REMEMBERED {
            return TypingDecision::Full;
        }
        last_typing.insert(peer.to_owned(), now);
        TypingDecision::Send
    }
}

/// Whether to send a peer another typing indicator.
enum TypingDecision {
    Send,
    /// The last one is still visible.
    StillShown,
    /// Too many other peers are remembered.
    Full,
}

/// Sends the indicators of one channel to its service.
pub(super) struct IndicatorWorker {
    inbox: mpsc::Receiver<IndicatorRequest>,
    store: Store,
    log: Log,
}

impl IndicatorWorker {
    /// Runs until the queue is dropped or the daemon shuts down.
    pub(super) async fn work(mut self, shutdown: Shutdown) {
        let mut end = std::pin::pin!(shutdown.begun());
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                _ = &mut end => return,
                Some(_) = running.join_next() => {}
                request = self.inbox.recv(), if running.len() < MAX_IN_FLIGHT => match request {
                    Some(request) => drop(running.spawn(show(request, self.store.clone(), self.log.clone()))),
                    None => return,
                },
            }
        }
    }
}

async fn show(request: IndicatorRequest, store: Store, log: Log) {
    let integration = request.integration;
    let work = async {
        match request.what {
            // Too late: by now we may no longer be typing.
            Indication::Typing(_) if request.queued_at.elapsed() >= TYPING_INTERVAL => Ok(()),
            Indication::Typing(peer) => integration.typing(&peer).await,
            Indication::Reading(read) => mark_read(&*integration, read, &store).await,
        }
    };
    let outcome = match timeout(CALL_TIMEOUT, contained(work)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(format!("the integration panicked: {panic}")),
        Err(_) => Err("the service did not answer in time".to_owned()),
    };
    if let Err(why) = outcome {
        let fields: [crate::log::LogField<'_>; 2] =
            [("channel", &integration.name()), ("error", &why)];
        log.debug("indicator", "typing or read receipt not sent", &fields);
    }
}

async fn mark_read(
    integration: &dyn Integration,
    read: ReadUpTo,
    store: &Store,
) -> Result<(), String> {
    let found = store.run_blocking(move |store| {
        let conversation = (read.channel.as_str(), read.peer.as_str());
        store.received_between(conversation, read.after, read.up_to, MAX_MARKED)
    });
    let messages = found.await.map_err(|error| error.to_string())?;
    if messages.is_empty() {
        return Ok(());
    }
    integration.mark_read(&messages).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::{sync::Semaphore, time::advance};

    use super::*;
    use crate::{
        fs::scratch::Scratch,
        integrations::{Accepted, BoxFuture, DeliveryError, Progress, RunContext, RunError},
        log::LogLevel,
        message::Message,
        shutdown, store,
    };

    /// Counts the typing calls it gets; each needs a permit to finish.
    struct Scripted {
        calls: AtomicUsize,
        permits: Semaphore,
    }

    impl Integration for Scripted {
        fn name(&self) -> &'static str {
            "scripted"
        }
        fn run(&self, _: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
            Box::pin(std::future::pending())
        }
        fn deliver<'a>(
            &'a self,
            _: &'a Message,
            _: &'a Progress,
        ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
            Box::pin(std::future::pending())
        }
        fn can_show(&self, indicator: Indicator, peer: &str) -> bool {
            indicator == Indicator::Typing && peer != "blind"
        }
        fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                self.permits.acquire().await.expect("open").forget();
                assert_ne!(peer, "panics");
                Err("refused".to_owned())
            })
        }
    }

    struct Fixture {
        scripted: Arc<Scripted>,
        indicators: Arc<Indicators>,
        log: Log,
        _trigger: shutdown::Trigger,
        _folder: Scratch,
    }

    impl Fixture {
        fn new(permits: usize) -> Self {
            let folder = Scratch::new();
            let options = store::StoreOptions {
                path: folder.path().join("messages.redb"),
                ..store::StoreOptions::default()
            };
            let store = Store::open(options, |_| {}).expect("a store");
            let log = Log::in_memory(LogLevel::Debug);
            let (indicators, worker) = Indicators::new(store, log.clone());
            let (trigger, shutdown) = shutdown::channel();
            tokio::spawn(worker.work(shutdown));
            let permits = Semaphore::new(permits);
            let calls = AtomicUsize::new(0);
            Self {
                scripted: Arc::new(Scripted { calls, permits }),
                indicators,
                log,
                _trigger: trigger,
                _folder: folder,
            }
        }

        fn typing(&self, peer: &str) -> bool {
            let scripted = Arc::clone(&self.scripted);
            self.indicators.typing(scripted, peer)
        }

        /// The calls made, once every task that can make progress has.
        async fn calls(&self) -> usize {
            for _ in 0..MAX_WAITING * 4 {
                tokio::task::yield_now().await;
            }
            self.scripted.calls.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn typing_is_repeated_only_after_the_interval() {
        let fixture = Fixture::new(99);
        assert!(fixture.typing("ana") && fixture.typing("ana") && fixture.typing("bia"));
        assert!(!fixture.typing("blind"));
        assert_eq!(fixture.calls().await, 2);
        advance(TYPING_INTERVAL).await;
        assert!(fixture.typing("ana") && fixture.typing("ana"));
        assert_eq!(fixture.calls().await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_service_delays_only_its_own_indicators() {
        let fixture = Fixture::new(0);
        let taken = (0..2000).filter(|n| fixture.typing(&n.to_string()));
        assert_eq!(taken.count(), MAX_WAITING, "the worker has not run yet");
        assert_eq!(fixture.calls().await, MAX_IN_FLIGHT);
        // Requests queued behind the hanging calls are stale by the time those time out.
        advance(CALL_TIMEOUT).await;
        assert_eq!(fixture.calls().await, MAX_IN_FLIGHT);
        fixture.scripted.permits.add_permits(1);
        assert!(fixture.typing("later"));
        assert_eq!(fixture.calls().await, MAX_IN_FLIGHT + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_and_panics_are_logged_at_debug_and_end_nothing() {
        let fixture = Fixture::new(99);
        assert!(fixture.typing("panics"));
        assert_eq!(fixture.calls().await, 1);
        assert!(fixture.typing("ana"));
        assert_eq!(fixture.calls().await, 2);
        assert_eq!(fixture.log.last(9, LogLevel::Info).len(), 0);
        assert_eq!(fixture.log.last(9, LogLevel::Debug).len(), 2);
    }
}
