//! Signs of life to a service: that we write, that we read. Nobody waits for them, they never hold up
//! a delivery, and one that fails is only noted.

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

/// Signs of one channel that may wait; further ones are left out.
const MAX_WAITING: usize = 256;

/// Calls of one channel under way at a time.
const MAX_IN_FLIGHT: usize = 32;

/// Time for one call.
const PATIENCE: Duration = Duration::from_secs(15);

/// Time between two signs to one peer that we write. Telegram shows one for five seconds.
const BETWEEN: Duration = Duration::from_secs(4);

/// Peers whose last sign is remembered; beyond it further ones are left out until some lapsed.
const MAX_REMEMBERED: usize = 1024;

/// Messages marked as read at once, the newest.
const MAX_MARKED: usize = 50;

/// What a service is to show.
enum Indication {
    Typing(String),
    Reading(ReadUpTo),
}

struct Asked {
    of: Arc<dyn Integration>,
    what: Indication,
    at: Instant,
}

/// The way of one channel's signs to its service.
pub(super) struct Indicators {
    asked: mpsc::Sender<Asked>,
    /// When each peer was last shown that we write.
    shown: Mutex<HashMap<String, Instant>>,
}

impl Indicators {
    /// The way in, and the worker behind it, which ends with it.
    pub(super) fn new(store: Store, log: Log) -> (Arc<Self>, IndicatorWorker) {
        let (asked, inbox) = mpsc::channel(MAX_WAITING);
        let shown = Mutex::default();
        (
            Arc::new(Self { asked, shown }),
            IndicatorWorker { inbox, store, log },
        )
    }

    /// Shows a peer that we write; whether the service shows it, now or still.
    pub(super) fn typing(&self, of: Arc<dyn Integration>, peer: &str) -> bool {
        if !of.can_show(Indicator::Typing, peer) {
            return false;
        }
        match self.is_due(peer) {
            Due::Now => {
                let is_taken = self.ask(of, Indication::Typing(peer.to_owned()));
                if !is_taken {
                    self.shown().remove(peer);
                }
                is_taken
            }
            Due::Later => true,
            Due::Never => false,
        }
    }

    /// Shows a peer what was read of what it wrote.
    pub(super) fn read(&self, of: Arc<dyn Integration>, read: ReadUpTo) {
        if of.can_show(Indicator::Reading, &read.peer) {
            self.ask(of, Indication::Reading(read));
        }
    }

    fn ask(&self, of: Arc<dyn Integration>, what: Indication) -> bool {
        let at = Instant::now();
        self.asked.try_send(Asked { of, what, at }).is_ok()
    }

    fn shown(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_due(&self, peer: &str) -> Due {
        let now = Instant::now();
        let is_fresh = |at: Instant| now.duration_since(at) < BETWEEN;
        let mut shown = self.shown();
        if shown.get(peer).is_some_and(|at| is_fresh(*at)) {
            return Due::Later;
        }
        if shown.len() >= MAX_REMEMBERED {
            shown.retain(|_, at| is_fresh(*at));
        }
        if shown.len() >= MAX_REMEMBERED {
            return Due::Never;
        }
        shown.insert(peer.to_owned(), now);
        Due::Now
    }
}

/// Whether a peer is to be shown once more that we write.
enum Due {
    Now,
    /// It is still shown.
    Later,
    /// Too many others are.
    Never,
}

/// Brings the signs of one channel to its service.
pub(super) struct IndicatorWorker {
    inbox: mpsc::Receiver<Asked>,
    store: Store,
    log: Log,
}

impl IndicatorWorker {
    /// Works until nobody can ask any more, or the daemon ends.
    pub(super) async fn work(mut self, shutdown: Shutdown) {
        let mut end = std::pin::pin!(shutdown.begun());
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                _ = &mut end => return,
                Some(_) = running.join_next() => {}
                asked = self.inbox.recv(), if running.len() < MAX_IN_FLIGHT => match asked {
                    Some(asked) => drop(running.spawn(show(asked, self.store.clone(), self.log.clone()))),
                    None => return,
                },
            }
        }
    }
}

async fn show(asked: Asked, store: Store, log: Log) {
    let Asked { of, what, at } = asked;
    let work = async {
        match what {
            // What waited so long is no longer true.
            Indication::Typing(_) if at.elapsed() >= BETWEEN => Ok(()),
            Indication::Typing(peer) => of.typing(&peer).await,
            Indication::Reading(read) => mark(&*of, read, &store).await,
        }
    };
    let outcome = match timeout(PATIENCE, contained(work)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(format!("it panicked: {panic}")),
        Err(_) => Err("the service did not answer in time".to_owned()),
    };
    if let Err(why) = outcome {
        let fields: [crate::log::LogField<'_>; 2] = [("channel", &of.name()), ("error", &why)];
        log.debug("courtesy", "a sign to the peer was not shown", &fields);
    }
}

async fn mark(of: &dyn Integration, read: ReadUpTo, store: &Store) -> Result<(), String> {
    let found = store.run_blocking(move |store| {
        let conversation = (read.channel.as_str(), read.peer.as_str());
        store.received_between(conversation, read.after, read.up_to, MAX_MARKED)
    });
    let messages = found.await.map_err(|error| error.to_string())?;
    if messages.is_empty() {
        return Ok(());
    }
    of.mark_read(&messages).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::{sync::Semaphore, time::advance};

    use super::*;
    use crate::{
        integrations::{Accepted, BoxFuture, DeliveryError, Progress, RunContext, RunError},
        log::LogLevel,
        message::Message,
        random, shutdown, store,
    };

    /// Counts the signs it is asked for; each takes a permit to be done.
    struct Scripted {
        asked: AtomicUsize,
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
        fn can_show(&self, sign: Indicator, peer: &str) -> bool {
            sign == Indicator::Typing && peer != "blind"
        }
        fn typing<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, Result<(), String>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
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
        path: std::path::PathBuf,
    }

    impl Fixture {
        fn new(permits: usize) -> Self {
            let path = std::env::temp_dir().join(format!("cdb-{}.redb", &random::token()[..16]));
            let options = store::StoreOptions {
                path: path.clone(),
                ..store::StoreOptions::default()
            };
            let store = Store::open(options, |_| {}).expect("a store");
            let log = Log::in_memory(LogLevel::Debug);
            let (indicators, worker) = Indicators::new(store, log.clone());
            let (trigger, shutdown) = shutdown::channel();
            tokio::spawn(worker.work(shutdown));
            let permits = Semaphore::new(permits);
            let asked = AtomicUsize::new(0);
            Self {
                scripted: Arc::new(Scripted { asked, permits }),
                indicators,
                log,
                _trigger: trigger,
                path,
            }
        }

        fn typing(&self, peer: &str) -> bool {
            let scripted = Arc::clone(&self.scripted);
            self.indicators.typing(scripted, peer)
        }

        /// Signs asked for once all that can run has run.
        async fn asked(&self) -> usize {
            for _ in 0..MAX_WAITING * 4 {
                tokio::task::yield_now().await;
            }
            self.scripted.asked.load(Ordering::Relaxed)
        }
    }

    impl Drop for Fixture {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_is_shown_it_again_only_after_a_while() {
        let fixture = Fixture::new(99);
        assert!(fixture.typing("ana") && fixture.typing("ana") && fixture.typing("bia"));
        assert!(!fixture.typing("blind"));
        assert_eq!(fixture.asked().await, 2);
        advance(BETWEEN).await;
        assert!(fixture.typing("ana") && fixture.typing("ana"));
        assert_eq!(fixture.asked().await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_hangs_holds_up_no_more_than_its_own_signs() {
        let fixture = Fixture::new(0);
        let taken = (0..2000).filter(|n| fixture.typing(&n.to_string()));
        assert_eq!(taken.count(), MAX_WAITING, "the worker had no turn yet");
        assert_eq!(fixture.asked().await, MAX_IN_FLIGHT);
        // What waited behind those that hang is no longer true when they are given up.
        advance(PATIENCE).await;
        assert_eq!(fixture.asked().await, MAX_IN_FLIGHT);
        fixture.scripted.permits.add_permits(1);
        assert!(fixture.typing("later"));
        assert_eq!(fixture.asked().await, MAX_IN_FLIGHT + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_and_panics_are_noted_below_the_usual_level_and_end_nothing() {
        let fixture = Fixture::new(99);
        assert!(fixture.typing("panics"));
        assert_eq!(fixture.asked().await, 1);
        assert!(fixture.typing("ana"));
        assert_eq!(fixture.asked().await, 2);
        assert_eq!(fixture.log.last(9, LogLevel::Info).len(), 0);
        assert_eq!(fixture.log.last(9, LogLevel::Debug).len(), 2);
    }
}
