//! The gate before a channel whose service notes what reaches it and when, on a paused clock.

mod limits;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use super::{Gate, GateParts, WallClock};
use crate::{
    calendar::{Hours, Zone},
    config::Pace,
    daemon::{channels::channel::Channel, delivery::DeliveryWorker},
    fs::scratch::Scratch,
    gateway::control::{Gate as _, NewPause},
    integrations::{
        Accepted, BoxFuture, DeliveryError, Integration, Progress, RunContext, RunError, SendRules,
        plan::SendLimits,
    },
    log::{Log, LogLevel},
    message::{Message, MessageId, State},
    router::{Route, Router, Wakeup},
    shutdown::{self, Trigger},
    store::{Draft, Inbound, NumberedTable, RowStorage, Store, StoreOptions},
};

/// 2026-11-23 00:00 UTC, a Monday.
const MONDAY_MS: u64 = 1_795_392_000_000;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A service that notes what reaches it. While it is slow, each delivery takes fifteen seconds.
struct Service {
    clock: WallClock,
    got: Mutex<Vec<(u64, String, String)>>,
    is_slow: AtomicBool,
}

impl Integration for Service {
    fn name(&self) -> &'static str {
        "service"
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        Box::pin(async move {
            if self.is_slow.load(Ordering::Relaxed) {
                sleep(SLOW).await;
            }
            let one = ((self.clock)(), message.peer.clone(), message.text.clone());
            self.got.lock().expect("whole").push(one);
            Ok(Accepted::Sent(Vec::new()))
        })
    }

    fn run(&self, _: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(std::future::pending())
    }
}

struct Fixture {
    folder: Scratch,
    service: Arc<Service>,
    store: Store,
    gate: Arc<Gate>,
    router: Arc<Router>,
    clock: WallClock,
    _trigger: Trigger,
}

impl Fixture {
    fn new(rules: SendRules) -> Self {
        Self::ticking(rules, TICK)
    }

    fn ticking(rules: SendRules, tick: Duration) -> Self {
        let folder = Scratch::new();
        let began = Instant::now();
        let passed = move || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let clock: WallClock = Arc::new(move || MONDAY_MS + passed());
        let options = StoreOptions {
            path: folder.path().join("messages.redb"),
            ..StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let router = Arc::new(Router::default());
        let storage = |table| RowStorage::of_build(&store, folder.path(), table);
        let gate = Gate::open(GateParts {
            pauses: storage(NumberedTable::Pauses),
            quotas: storage(NumberedTable::Quotas),
            zone: Zone::named("UTC").expect("UTC"),
            router: Arc::clone(&router),
            log: Log::in_memory(LogLevel::Error),
            on_pause: Box::new(|_| {}),
            clock: Arc::clone(&clock),
        });
        let gate = gate.expect("readable");
        let service = Arc::new(Service {
            clock: Arc::clone(&clock),
            got: Mutex::default(),
            is_slow: AtomicBool::new(false),
        });
        let of_channel = gate.of("service");
        of_channel.set_rules(rules);
        let limits = SendLimits {
            max_age: Some(Duration::from_secs(24 * 3600)),
            ..SendLimits::default()
        };
        let channel = Channel::new(Arc::clone(&service) as _, limits, of_channel, |_| {});
        let (worker, wakeups) = mpsc::unbounded_channel();
        let (fetcher, _) = mpsc::unbounded_channel();
        let clients_hand_in = true;
        router.add(
            "service",
            Route {
                worker,
                fetcher,
                clients_hand_in,
            },
        );
        let (trigger, shutdown) = shutdown::channel();
        let log = Log::in_memory(LogLevel::Error);
        let delivery = DeliveryWorker::new(channel, store.clone(), log, shutdown);
        tokio::spawn(delivery.work(wakeups));
        tokio::spawn(settle(store.clone(), tick));
        tokio::spawn(Arc::clone(&gate).end_pauses());
        Self {
            folder,
            service,
            store,
            gate,
            router,
            clock,
            _trigger: trigger,
        }
    }

    async fn send(&self, peer: &str, text: &str, meta: Option<serde_json::Value>) -> MessageId {
        let draft = Draft {
            channel: "service".to_owned(),
            peer: peer.to_owned(),
            text: text.to_owned(),
            meta,
            ..Draft::default()
        };
        let queued = self
            .store
            .queue(draft)
            .expect("room")
            .await
            .expect("stored");
        let route = self.router.route("service").expect("there");
        let _ = route
            .worker
            .send(Wakeup::Queued(queued.message.id, peer.to_owned()));
        queued.message.id
    }

    fn got(&self) -> Vec<(u64, String, String)> {
        self.service.got.lock().expect("whole").clone()
    }

    fn message(&self, id: MessageId) -> Message {
        self.store.message(id).expect("readable").expect("there").0
    }

    async fn pause(&self, channel: &str, wait_ms: Option<u64>) -> serde_json::Value {
        let new = NewPause {
            channel: channel.to_owned(),
            wait_ms,
            reason: Some("holidays".to_owned()),
        };
        Arc::clone(&self.gate).pause(new).await.expect("kept")
    }

    async fn resume(&self, channel: &str) {
        let resumed = Arc::clone(&self.gate).resume(channel.to_owned());
        resumed.await.expect("kept");
    }

    /// Passes time; a store that is asked meanwhile answers.
    async fn pass(&self, wait: Duration) {
        sleep(wait).await;
    }
}

/// How long a slow service takes. Begun and ended a tick late, a message has still left before a pause gives up on it.
const SLOW: Duration = Duration::from_secs(8);
/// How far the clock goes before all that was asked of the store is answered; what is due meanwhile is late by that.
const TICK: Duration = Duration::from_secs(10);
/// The same where days pass.
const LONG_TICK: Duration = Duration::from_secs(60);

/// Answers of the store that one delivery waits for, and some more.
const ROUNDS: usize = 8;

/// A paused clock goes on where the runtime waits, also for the store's thread: this holds it, for no time passes
/// while something blocks.
async fn settle(store: Store, tick: Duration) {
    loop {
        for _ in 0..ROUNDS {
            let (store, handle) = (store.clone(), tokio::runtime::Handle::current());
            let answered = move || store.ping().map(|pending| handle.block_on(pending).is_ok());
            let blocked = tokio::task::spawn_blocking(answered).await;
            if !blocked.expect("no panic").unwrap_or(false) {
                return;
            }
            tokio::task::yield_now().await;
        }
        sleep(tick).await;
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.store.close();
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_from_the_moment_a_pause_is_answered() {
    let fixture = Fixture::new(SendRules::default());
    fixture.pause("all", None).await;
    fixture.service.is_slow.store(true, Ordering::Relaxed);
    for number in 0..40 {
        fixture.send(&format!("p{number:02}"), "x", None).await;
    }
    fixture.resume("all").await;
    fixture.pass(Duration::from_secs(5)).await;
    let told = fixture.pause("all", None).await;
    assert_eq!(
        (&told["paused"], &told["reason"]),
        (&json!(true), &json!("holidays"))
    );
    assert_eq!(told.get("in_flight"), None, "what was under way has ended");
    let left = fixture.got().len();
    assert_eq!(left, 32, "those under way, and none of the others");
    for number in 40..50 {
        fixture.send(&format!("p{number:02}"), "x", None).await;
    }
    fixture.pass(Duration::from_secs(3600)).await;
    assert_eq!(fixture.got().len(), left);
    assert_eq!(
        fixture.gate.held("service").as_deref(),
        Some("paused: holidays")
    );
    fixture.service.is_slow.store(false, Ordering::Relaxed);
    let gap = TICK * 2;
    fixture.gate.of("service").set_rules(SendRules {
        pace: Some(Pace {
            least: gap,
            most: gap,
        }),
        ..SendRules::default()
    });
    fixture.resume("all").await;
    assert_eq!(fixture.gate.held("service"), None);
    fixture.pass(gap * 20).await;
    let order: Vec<_> = fixture
        .got()
        .into_iter()
        .skip(left)
        .map(|(_, peer, _)| peer)
        .collect();
    let expected: Vec<_> = (32..50).map(|number| format!("p{number:02}")).collect();
    assert_eq!(order, expected, "in the order they were queued");
}

#[tokio::test(start_paused = true)]
async fn a_pause_with_an_end_is_over_by_itself_and_all_means_all() {
    let fixture = Fixture::new(SendRules::default());
    fixture.pause("service", Some(2 * HOUR_MS)).await;
    let held = fixture.gate.held("service").expect("held");
    assert!(
        held.contains("until 2026-11-23 02:00") && held.ends_with(": holidays"),
        "{held}"
    );
    fixture.send("ana", "x", None).await;
    fixture.pass(Duration::from_secs(7150)).await;
    assert!(fixture.got().is_empty());
    fixture.pass(Duration::from_secs(100)).await;
    assert_eq!(fixture.got().len(), 1);
    fixture.pause("service", None).await;
    fixture.pause("all", None).await;
    assert_eq!(fixture.gate.pauses().len(), 2);
    fixture.resume("all").await;
    assert!(fixture.gate.pauses().is_empty());
    let unknown = NewPause {
        channel: "fax".to_owned(),
        wait_ms: None,
        reason: None,
    };
    let refused = Arc::clone(&fixture.gate)
        .pause(unknown)
        .await
        .expect_err("no such channel");
    assert!(
        refused.message.contains("there are: service"),
        "{}",
        refused.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_changes_no_pause_and_what_waited_long_is_not_too_old() {
    let fixture = Fixture::ticking(SendRules::default(), LONG_TICK);
    fixture.pause("service", None).await;
    let id = fixture.send("ana", "x", None).await;
    fixture.pass(Duration::from_secs(30 * 3600)).await;
    let reopened =
        RowStorage::of_build(&fixture.store, fixture.folder.path(), NumberedTable::Pauses);
    let kept = crate::daemon::gate::pauses::Pauses::open(reopened).expect("readable");
    assert_eq!(
        kept.holding("service")
            .and_then(|pause| pause.reason)
            .as_deref(),
        Some("holidays")
    );
    fixture.resume("service").await;
    fixture.pass(Duration::from_secs(1)).await;
    assert_eq!(
        fixture.message(id).state,
        State::Sent,
        "a day and six hours are the pause's"
    );
}
