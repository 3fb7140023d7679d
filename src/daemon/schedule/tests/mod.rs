//! A year of scheduled messages, with clocks that jump, downtimes and sudden ends. Nothing sleeps here: the clocks are
//! those of the test.

mod repeating;
#[cfg(feature = "store")]
mod year;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use super::{
    Next, Repeating, RepeatingParts, SchedulerInner,
    wall_clock::{Look, WallClock},
};
use crate::{
    calendar::Interval,
    fs::scratch::Scratch,
    gateway::control::{NewSchedule, Repeat, Schedules as _},
    log::{Log, LogLevel},
    media::Media,
    message::{Message, MessageId, State},
    router::{Route, Router},
    store::{Draft, NumberedTable, RowStorage, SendAt, Store, StoreOptions, StoredEvent},
};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// 2026-11-23, in ms since 1970.
const START: u64 = 1_795_392_000_000;

/// A machine with a store, and with clocks of its own.
struct Machine {
    folder: Scratch,
    /// What time it really is.
    real_ms: u64,
    /// How far the wall clock is ahead of that.
    wrong_ms: i64,
    wall: Arc<AtomicU64>,
    events: Arc<Mutex<Vec<StoredEvent>>>,
    running: Option<(SchedulerInner, WallClock)>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.running = None;
    }
}

impl Machine {
    fn new() -> Self {
        let folder = Scratch::new();
        let mut machine = Self {
            folder,
            real_ms: START,
            wrong_ms: 0,
            wall: Arc::new(AtomicU64::new(START)),
            events: Arc::default(),
            running: None,
        };
        machine.start();
        machine
    }

    fn start(&mut self) {
        let (wall, monotonic) = (Arc::clone(&self.wall), Arc::clone(&self.wall));
        let events = Arc::clone(&self.events);
        let options = StoreOptions {
            path: self.folder.path().join("messages.redb"),
            history_days: 0,
            clock: Arc::new(move || wall.load(Ordering::Relaxed)),
            monotonic: Arc::new(move || monotonic.load(Ordering::Relaxed)),
            ..StoreOptions::default()
        };
        let told = move |new: Vec<StoredEvent>| events.lock().expect("whole").extend(new);
        let store = Store::open(options, told).expect("a store");
        let media =
            Media::open(self.folder.path(), store.clone(), 1 << 20, 1 << 30).expect("a folder");
        let (worker, _) = tokio::sync::mpsc::unbounded_channel();
        let (fetcher, _) = tokio::sync::mpsc::unbounded_channel();
        let router = Arc::new(Router::default());
        let clients_hand_in = true;
        router.add(
            "webchat",
            Route {
                worker,
                fetcher,
                clients_hand_in,
            },
        );
        let parts = RepeatingParts {
            storage: RowStorage::of_build(&store, self.folder.path(), NumberedTable::Schedules),
            store: store.clone(),
            media,
            router,
            log: Log::in_memory(LogLevel::Error),
        };
        let (repeating, unread) = Repeating::open(parts).expect("readable");
        assert_eq!(unread, 0);
        let inner = SchedulerInner {
            store,
            repeating: Arc::new(repeating),
            log: Log::in_memory(LogLevel::Error),
            wake: tokio::sync::Notify::new(),
            started: std::time::Instant::now(),
        };
        let clock = WallClock::new(self.look());
        self.running = Some((inner, clock));
    }

    fn store(&self) -> &Store {
        &self.running.as_ref().expect("it runs").0.store
    }

    fn look(&self) -> Look {
        let wall_ms = self.real_ms.saturating_add_signed(self.wrong_ms);
        self.wall.store(wall_ms, Ordering::Relaxed);
        // It has been up for a day before it began.
        let up_ms = self.real_ms - START + DAY;
        Look { wall_ms, up_ms }
    }

    async fn turn(&mut self) -> Next {
        let look = self.look();
        let (inner, clock) = self.running.as_mut().expect("it runs");
        inner.turn(clock, look).await.expect("the store works")
    }

    async fn schedule(&self, at_ms: u64, grace_ms: u64) -> MessageId {
        let draft = Draft {
            channel: "webchat".to_owned(),
            peer: "ana".to_owned(),
            text: at_ms.to_string(),
            at: Some(SendAt { at_ms, grace_ms }),
            ..Draft::default()
        };
        let queued = self
            .store()
            .queue(draft)
            .expect("room")
            .await
            .expect("stored");
        assert_eq!(queued.message.state, State::Scheduled);
        assert_eq!(queued.message.at_ms, Some(at_ms));
        queued.message.id
    }

    async fn message(&self, id: MessageId) -> Message {
        let read = move |store: &Store| store.message(id);
        let found = self.store().run_blocking(read).await.expect("readable");
        found.expect("there").0
    }

    /// The states that a message came to, as they were told.
    fn states(&self, id: MessageId) -> Vec<State> {
        let events = self.events.lock().expect("whole");
        let of_it = events.iter().filter(|event| event.message.id == id);
        of_it.map(|event| event.message.state).collect()
    }
}

#[tokio::test]
async fn a_message_goes_when_its_time_has_come_and_is_cancelled_and_moved_before() {
    let mut machine = Machine::new();
    let first = machine.schedule(START + HOUR, HOUR).await;
    let moved = machine.schedule(START + HOUR, HOUR).await;
    let cancelled = machine.schedule(START + HOUR, HOUR).await;
    let pending = machine.store().reschedule(moved, START + 3 * HOUR, None);
    let changed = pending.expect("room").await.expect("scheduled");
    assert_eq!(changed.at_ms, Some(START + 3 * HOUR));
    let pending = machine.store().cancel(cancelled).expect("room");
    assert_eq!(pending.await.expect("cancelled").at_ms, None);
    machine.real_ms += HOUR - 1;
    machine.turn().await;
    assert_eq!(machine.message(first).await.state, State::Scheduled);
    machine.real_ms += 1;
    machine.turn().await;
    let sent = machine.message(first).await;
    assert_eq!((sent.state, sent.at_ms), (State::Queued, None));
    assert_eq!(machine.message(moved).await.state, State::Scheduled);
    assert_eq!(
        machine.states(cancelled),
        [State::Scheduled, State::Cancelled]
    );
    machine.real_ms += 2 * HOUR;
    assert_eq!(machine.turn().await, Next::Woken);
    assert_eq!(
        machine.states(moved),
        [State::Scheduled, State::Scheduled, State::Queued]
    );
    let again = machine
        .store()
        .reschedule(first, START, None)
        .expect("room");
    assert!(again.await.is_err(), "it is no longer scheduled");
}

#[cfg(feature = "store")]
#[tokio::test]
async fn what_a_downtime_missed_goes_within_its_grace_and_is_given_up_behind_it() {
    let mut machine = Machine::new();
    let late = machine.schedule(START + HOUR, 3 * HOUR).await;
    let too_late = machine.schedule(START + HOUR, HOUR).await;
    machine.running = None;
    machine.real_ms += 3 * HOUR;
    machine.start();
    machine.turn().await;
    assert_eq!(machine.message(late).await.state, State::Queued);
    assert_eq!(
        machine.message(too_late).await.state,
        State::Scheduled,
        "the clock may be wrong yet"
    );
    machine.real_ms += 11 * MINUTE;
    machine.turn().await;
    let given_up = machine.message(too_late).await;
    assert_eq!(given_up.state, State::Failed);
    let error = given_up.error.unwrap_or_default();
    assert!(error.contains("its grace of 60 min was over"), "{error}");
}
