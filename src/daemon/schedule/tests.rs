//! A year of scheduled messages, with clocks that jump, downtimes and sudden ends. Nothing sleeps here: the clocks are
//! those of the test.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    Next, Repeating, RepeatingParts, SchedulerInner,
    wall_clock::{BELIEVED_AFTER_MS, Look, WallClock},
};
use crate::{
    calendar::Interval,
    gateway::control::{NewSchedule, Repeat, Schedules as _},
    log::{Log, LogLevel},
    media::Media,
    message::{Message, MessageId, State},
    random,
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
    folder: PathBuf,
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
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Machine {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("cdb-{}", &random::token()[..16]));
        crate::fs::create_private_dir(&folder).expect("a scratch folder");
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
            path: self.folder.join("messages.redb"),
            history_days: 0,
            clock: Arc::new(move || wall.load(Ordering::Relaxed)),
            monotonic: Arc::new(move || monotonic.load(Ordering::Relaxed)),
            ..StoreOptions::default()
        };
        let told = move |new: Vec<StoredEvent>| events.lock().expect("whole").extend(new);
        let store = Store::open(options, told).expect("a store");
        let media = Media::open(&self.folder, store.clone(), 1 << 20, 1 << 30).expect("a folder");
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
            storage: RowStorage::of_build(&store, &self.folder, NumberedTable::Schedules),
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

/// What a schedule sends is told by the texts that were queued.
impl Machine {
    fn repeating(&self) -> Arc<Repeating> {
        Arc::clone(&self.running.as_ref().expect("it runs").0.repeating)
    }

    async fn add(&self, name: &str, repeat: Repeat, count: Option<u64>) {
        let draft = Draft {
            channel: "webchat".to_owned(),
            peer: "ana".to_owned(),
            text: name.to_owned(),
            ..Draft::default()
        };
        let new = NewSchedule {
            name: name.to_owned(),
            repeat,
            draft,
            until_ms: None,
            count,
            grace_ms: HOUR,
        };
        self.repeating().add(new).await.expect("added");
    }

    fn sent(&self, text: &str) -> usize {
        let events = self.events.lock().expect("whole");
        let of_it = events.iter().filter(|event| event.message.text == text);
        of_it
            .filter(|event| event.message.state == State::Queued)
            .count()
    }

    fn every(&self, ms: u64) -> Repeat {
        let period = std::time::Duration::from_millis(ms);
        Repeat::Every(Interval {
            period,
            from_ms: self.real_ms + ms,
        })
    }

    fn state(&self, name: &str) -> String {
        let status = self.repeating().named(name).expect("there");
        status.json["state"].as_str().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn a_schedule_sends_each_time_once_and_ends_with_its_count() {
    let mut machine = Machine::new();
    // The real clock is read where one is added.
    machine.real_ms = crate::clock::now_ms();
    let began_ms = machine.real_ms;
    machine.running = None;
    machine.start();
    machine.add("hourly", machine.every(HOUR), Some(3)).await;
    machine.add("paused", machine.every(HOUR), None).await;
    let paused = machine.repeating().pause("paused".to_owned(), true).await;
    assert_eq!(paused.expect("there")["state"], "paused");
    for minutes in [30, 60, 61, 120, 121, 180, 240, 300] {
        machine.real_ms = began_ms + minutes * MINUTE;
        machine.turn().await;
        let expected = usize::try_from(minutes / 60).expect("small").min(3);
        assert_eq!(machine.sent("hourly"), expected, "after {minutes} minutes");
    }
    assert_eq!(machine.state("hourly"), "over");
    assert_eq!(machine.sent("paused"), 0);
    machine
        .repeating()
        .run("paused".to_owned())
        .await
        .expect("there");
    assert_eq!(machine.sent("paused"), 1);
    machine
        .repeating()
        .remove("paused".to_owned())
        .await
        .expect("there");
    assert!(machine.repeating().named("paused").is_none());
    assert!(
        machine
            .repeating()
            .remove("paused".to_owned())
            .await
            .is_err()
    );
}

#[cfg(feature = "store")]
#[tokio::test]
async fn what_schedules_missed_in_a_downtime_goes_once_within_its_grace() {
    let mut machine = Machine::new();
    machine.real_ms = crate::clock::now_ms();
    machine.running = None;
    machine.start();
    let began_ms = machine.real_ms;
    machine.add("often", machine.every(10 * MINUTE), None).await;
    machine.add("daily", machine.every(DAY), None).await;
    machine.running = None;
    machine.real_ms = began_ms + 5 * HOUR + MINUTE;
    machine.start();
    machine.turn().await;
    machine.turn().await;
    assert_eq!((machine.sent("often"), machine.sent("daily")), (1, 0));
    machine.running = None;
    // Two hours too late for the day's message, which is passed over.
    machine.real_ms = began_ms + DAY + 2 * HOUR;
    machine.start();
    machine.turn().await;
    assert_eq!((machine.sent("often"), machine.sent("daily")), (2, 0));
    let next = machine.repeating().named("daily").expect("there").json["next_ms"].as_u64();
    let first_ms = next.map(|next| next.saturating_sub(began_ms) / DAY);
    assert_eq!(first_ms, Some(2), "and the next day's is to come");
}

#[cfg(all(feature = "store", feature = "schedule"))]
#[tokio::test]
async fn a_crash_between_message_and_note_sends_no_second_one() {
    let mut machine = Machine::new();
    machine.real_ms = crate::clock::now_ms();
    machine.running = None;
    machine.start();
    let zone = crate::calendar::Zone::named("America/Sao_Paulo").expect("a zone");
    let cron = "*/5 * * * *".parse().expect("an expression");
    machine.add("cron", Repeat::Cron(cron, zone), None).await;
    machine.real_ms += 6 * MINUTE;
    let kept = machine
        .store()
        .numbered_rows(NumberedTable::Schedules)
        .expect("readable");
    machine.turn().await;
    assert_eq!(machine.sent("cron"), 1);
    // As if the note had not been made.
    let row: serde_json::Value = serde_json::from_slice(&kept[0]).expect("a row");
    let number = row["number"].as_u64().expect("a number");
    let pending =
        machine
            .store()
            .put_numbered_row(NumberedTable::Schedules, number, Some(kept[0].clone()));
    pending.expect("room").await.expect("kept");
    machine.running = None;
    machine.start();
    machine.turn().await;
    assert_eq!(machine.sent("cron"), 1);
    machine.real_ms += 5 * MINUTE;
    machine.turn().await;
    assert_eq!(machine.sent("cron"), 2);
}

/// Numbers that look like chance, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A year in which the clock jumps, the machine is down and the daemon ends at once, at random.
#[cfg(feature = "store")]
async fn a_year(messages: u64, ends: u64) {
    let (mut machine, mut dice) = (Machine::new(), Dice(0x9e37_79b9_7f4a_7c15));
    let mut all = Vec::new();
    for _ in 0..messages {
        let at_ms = START + HOUR + dice.below(364 * DAY);
        let grace_ms =
            [10 * MINUTE, HOUR, 6 * HOUR][usize::try_from(dice.below(3)).expect("small")];
        all.push((machine.schedule(at_ms, grace_ms).await, at_ms, grace_ms));
    }
    let mut went = std::collections::HashMap::new();
    let mut next_trouble = machine.real_ms + dice.below(7 * DAY);
    let (mut put_right, mut troubles, mut down) = (None, 0, Vec::new());
    while machine.real_ms < START + 366 * DAY {
        let before = machine.events.lock().expect("whole").len();
        let next = machine.turn().await;
        for event in &machine.events.lock().expect("whole")[before..] {
            let is_new = went
                .insert(event.message.id, (machine.real_ms, event.message.state))
                .is_none();
            assert!(is_new, "{} went twice", event.message.id);
        }
        // Looks are rarer than in life: it is the troubles that matter.
        let next_ms = match next {
            Next::Woken => DAY,
            Next::After(_) => {
                let read = |store: &Store| store.next_scheduled();
                let next = machine.store().run_blocking(read).await.expect("readable");
                let wall_ms = machine.look().wall_ms;
                next.map_or(DAY, |at| at.saturating_sub(wall_ms))
                    .clamp(20_000, 10 * MINUTE)
            }
        };
        machine.real_ms += next_ms;
        if put_right.is_some_and(|at| at <= machine.real_ms) {
            (machine.wrong_ms, put_right) = (0, None);
        }
        if machine.real_ms < next_trouble {
            continue;
        }
        troubles += 1;
        next_trouble = machine.real_ms + dice.below(365 * DAY / (ends + 1) * 2);
        let jumps = [HOUR, DAY].map(|ms| i64::try_from(ms).expect("small"));
        match dice.below(4) {
            0 => machine.wrong_ms = jumps[usize::try_from(dice.below(2)).expect("small")],
            1 => machine.wrong_ms = -jumps[usize::try_from(dice.below(2)).expect("small")],
            kind => {
                // Killed, and down for a while, longer and shorter than any grace.
                machine.running = None;
                let began = machine.real_ms;
                machine.real_ms += dice.below(if kind == 2 { HOUR } else { 2 * DAY });
                down.push((began, machine.real_ms));
                machine.start();
            }
        }
        if machine.wrong_ms != 0 {
            put_right = Some(machine.real_ms + dice.below(BELIEVED_AFTER_MS - 20 * MINUTE));
        }
    }
    assert!(troubles >= ends / 2, "{troubles} troubles");
    let (mut sent, mut failed) = (0, 0);
    for (id, at_ms, grace_ms) in all {
        let (went_ms, state) = went
            .remove(&id)
            .unwrap_or_else(|| panic!("{id} was forgotten"));
        assert!(went_ms >= at_ms, "{id} went {} ms early", at_ms - went_ms);
        let late_ms = went_ms - at_ms;
        if state == State::Queued {
            sent += 1;
            assert!(
                late_ms <= grace_ms + 2 * BELIEVED_AFTER_MS,
                "{id} was {late_ms} ms late"
            );
        } else {
            failed += 1;
            assert_eq!(state, State::Failed);
            assert!(
                late_ms > grace_ms,
                "{id} was given up {late_ms} ms behind its time"
            );
            let is_down = |(from, to): &(u64, u64)| *from <= at_ms + grace_ms && at_ms <= *to;
            assert!(
                down.iter().any(is_down) || grace_ms < BELIEVED_AFTER_MS,
                "{id} failed without a downtime"
            );
        }
    }
    println!(
        "{messages} messages, {troubles} troubles: {sent} sent, {failed} given up, none early, none twice"
    );
    assert_eq!(sent + failed, messages);
}

#[cfg(feature = "store")]
#[tokio::test]
async fn over_a_year_each_message_goes_once_and_none_is_early() {
    a_year(600, 60).await;
}

#[cfg(feature = "store")]
#[tokio::test]
#[ignore = "takes minutes"]
async fn over_a_year_ten_thousand_messages_go_once_each() {
    a_year(10_000, 100).await;
}
