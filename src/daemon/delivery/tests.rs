//! The worker with a scripted integration, on a paused clock.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use super::{DeliveryWorker, attempt::NextStep};
use crate::daemon::channels::channel::Channel;
use crate::{
    config::Delays,
    daemon::gate::ChannelGate,
    fs::scratch::Scratch,
    integrations::{
        Accepted, BoxFuture, DeliveryError, Integration, Progress, ReconcileResult, RunContext,
        RunError, plan::SendLimits,
    },
    log::{Log, LogLevel},
    message::{Message, MessageId, State},
    router::Wakeup,
    shutdown::{self, Trigger},
    store::{self, Draft, StatusUpdate, Store},
};

type Outcome = Result<Accepted, DeliveryError>;

/// Returns the scripted outcomes to `ana`, then success; records the calls.
#[derive(Default)]
struct Scripted {
    outcomes: Mutex<VecDeque<Outcome>>,
    reconciled: Mutex<VecDeque<ReconcileResult>>,
    asked: Mutex<Vec<String>>,
}

impl Integration for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move {
            context.ended().await;
            Ok(())
        })
    }
    fn deliver<'a>(&'a self, message: &'a Message, _: &'a Progress) -> BoxFuture<'a, Outcome> {
        self.asked.lock().expect("whole").push(message.text.clone());
        let mut outcomes = self.outcomes.lock().expect("whole");
        let next = (message.peer == "ana")
            .then(|| outcomes.pop_front())
            .flatten();
        let accepted = || Ok(Accepted::Sent(vec![format!("ref-{}", message.id)]));
        Box::pin(std::future::ready(next.unwrap_or_else(accepted)))
    }
    fn reconcile<'a>(
        &'a self,
        message: &'a Message,
        _: &'a Progress,
    ) -> BoxFuture<'a, ReconcileResult> {
        let asked = format!("reconcile {}", message.text);
        self.asked.lock().expect("whole").push(asked);
        let result = self.reconciled.lock().expect("whole").pop_front();
        Box::pin(std::future::ready(
            result.unwrap_or(ReconcileResult::Unknown),
        ))
    }
}

struct Fixture {
    scripted: Arc<Scripted>,
    channel: Arc<Channel>,
    store: Store,
    wakeups: mpsc::UnboundedSender<Wakeup>,
    _trigger: Trigger,
    _folder: Scratch,
}

impl Fixture {
    fn new(outcomes: impl IntoIterator<Item = Outcome>, limits: SendLimits) -> Self {
        let scripted = Arc::new(Scripted::default());
        scripted.outcomes.lock().expect("whole").extend(outcomes);
        let folder = Scratch::new();
        let looks = AtomicU64::new(0);
        let options = store::StoreOptions {
            path: folder.path().join("messages.redb"),
            // Every look at the clock takes ten milliseconds.
            monotonic: Arc::new(move || looks.fetch_add(10, Ordering::Relaxed)),
            ..store::StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let channel = Channel::new(
            scripted.clone(),
            limits,
            ChannelGate::open("scripted"),
            |_| {},
        );
        let (wakeups, inbox) = mpsc::unbounded_channel();
        let (trigger, shutdown) = shutdown::channel();
        let log = Log::in_memory(LogLevel::Info);
        let worker = DeliveryWorker::new(Arc::clone(&channel), store.clone(), log, shutdown);
        tokio::spawn(worker.work(inbox));
        Self {
            scripted,
            channel,
            store,
            wakeups,
            _trigger: trigger,
            _folder: folder,
        }
    }

    async fn send(&self, peer: &str, text: &str) -> MessageId {
        let draft = Draft {
            channel: "scripted".to_owned(),
            peer: peer.to_owned(),
            text: text.to_owned(),
            ..Draft::default()
        };
        let queued = self
            .store
            .queue(draft)
            .expect("room")
            .await
            .expect("stored");
        let id = queued.message.id;
        let _ = self.wakeups.send(Wakeup::Queued(id, peer.to_owned()));
        id
    }

    fn message(&self, id: MessageId) -> Message {
        self.store.message(id).expect("readable").expect("there").0
    }

    /// Waits until the message matches.
    async fn until(&self, id: MessageId, wanted: impl Fn(&Message) -> bool) -> Message {
        loop {
            let message = self.message(id);
            if wanted(&message) {
                return message;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn asked(&self) -> Vec<String> {
        self.scripted.asked.lock().expect("whole").clone()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.store.close();
    }
}

const NO_LIMITS: SendLimits = SendLimits {
    max_age: None,
    per_minute: None,
    retry_delays: Delays::USUAL,
};

fn transient() -> Outcome {
    Err(DeliveryError::Transient("busy".to_owned(), None))
}

fn is(state: State) -> impl Fn(&Message) -> bool {
    move |message| message.state == state
}

#[tokio::test(start_paused = true)]
async fn transient_failures_follow_the_table_and_then_the_message_fails() {
    let fixture = Fixture::new((0..5).map(|_| transient()), NO_LIMITS);
    let begun = tokio::time::Instant::now();
    let id = fixture.send("ana", "x").await;
    let failed = fixture.until(id, is(State::Failed)).await;
    assert_eq!(failed.attempts, 5);
    assert_eq!(
        failed.error.as_deref(),
        Some("given up after 5 attempts: busy")
    );
    let took = begun.elapsed().as_secs();
    assert!(took >= 600, "5 + 25 + 120 + 600 s ± 20 %: {took}");
    // A retry by the user starts the table over.
    fixture
        .scripted
        .outcomes
        .lock()
        .expect("whole")
        .push_back(transient());
    fixture
        .store
        .retry(id)
        .expect("room")
        .await
        .expect("queued");
    let _ = fixture.wakeups.send(Wakeup::Queued(id, "ana".to_owned()));
    assert_eq!(fixture.until(id, is(State::Sent)).await.attempts, 7);
}

#[tokio::test]
async fn one_that_is_retried_before_its_attempt_was_seen_to_end_is_tried_again() {
    let fixture = Fixture::new([], NO_LIMITS);
    let (_trigger, shutdown) = shutdown::channel();
    let log = Log::in_memory(LogLevel::Info);
    let channel = Arc::clone(&fixture.channel);
    let mut worker = DeliveryWorker::new(channel, fixture.store.clone(), log, shutdown);
    let (id, peer) = (MessageId(1), "ana");
    worker.queued(id, peer.to_owned());
    worker.queued(id, peer.to_owned());
    assert_eq!(worker.running.len(), 1);
    worker.finished(peer, NextStep::Done);
    assert_eq!(
        (worker.lanes[peer].busy, worker.running.len()),
        (Some(id), 2)
    );
    worker.finished(peer, NextStep::Done);
    assert!(worker.lanes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_peer_waits_in_order_and_others_do_not() {
    // The paused clock advances while the disk works; an hour is longer than any busy machine takes.
    let later = DeliveryError::Transient("busy".to_owned(), Some(Duration::from_secs(3600)));
    let fixture = Fixture::new([Err(later)], NO_LIMITS);
    fixture.channel.stop();
    let first = fixture.send("ana", "1").await;
    let second = fixture.send("ana", "2").await;
    let other = fixture.send("bob", "3").await;
    fixture.channel.start();
    let _ = fixture
        .wakeups
        .send(Wakeup::Queued(first, "ana".to_owned()));
    tokio::task::yield_now().await;
    let _ = fixture.wakeups.send(Wakeup::All);
    fixture.until(second, is(State::Sent)).await;
    fixture.until(other, is(State::Sent)).await;
    let asked = fixture.asked();
    let place = asked.iter().position(|text| text == "3");
    assert!(place.is_some_and(|place| place <= 1), "{asked:?}");
    let to_ana: Vec<_> = asked.iter().filter(|text| *text != "3").collect();
    assert_eq!(to_ana, ["1", "1", "2"]);
}

#[tokio::test]
async fn one_that_is_withdrawn_between_its_attempts_holds_nobody_up() {
    let later = DeliveryError::Transient("refused".to_owned(), Some(Duration::from_secs(3600)));
    let fixture = Fixture::new([Err(later)], NO_LIMITS);
    let first = fixture.send("ana", "1").await;
    fixture
        .until(first, |message| message.error.is_some())
        .await;
    let second = fixture.send("ana", "2").await;
    let cancelled = fixture.store.cancel(first).expect("room").await;
    assert_eq!(cancelled.expect("it waits").state, State::Cancelled);
    let withdrawn = Wakeup::Withdrawn(first, "ana".to_owned());
    let _ = fixture.wakeups.send(withdrawn);
    fixture.until(second, is(State::Sent)).await;
    assert_eq!(fixture.asked(), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_park_the_channel_and_cost_no_attempt() {
    let refused = Err(DeliveryError::Unauthorized("401".to_owned()));
    let fixture = Fixture::new([refused], NO_LIMITS);
    let id = fixture.send("ana", "x").await;
    let waiting = fixture.until(id, |message| message.error.is_some()).await;
    assert_eq!((waiting.state, waiting.attempts), (State::Sending, 0));
    assert!(fixture.channel.is_parked());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(
        fixture.asked().len(),
        1,
        "nothing is tried while it is parked"
    );
    fixture.channel.start();
    let _ = fixture.wakeups.send(Wakeup::All);
    assert_eq!(fixture.until(id, is(State::Sent)).await.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_answer_is_reconciled_before_another() {
    let lost = || Err(DeliveryError::Unknown("no answer".to_owned()));
    let fixture = Fixture::new([lost(), lost()], NO_LIMITS);
    let there = ReconcileResult::Sent(Accepted::Sent(vec!["theirs".to_owned()]));
    fixture
        .scripted
        .reconciled
        .lock()
        .expect("whole")
        .extend([ReconcileResult::NotSent, there]);
    let id = fixture.send("ana", "x").await;
    fixture.until(id, is(State::Sent)).await;
    assert_eq!(fixture.asked(), ["x", "reconcile x", "x", "reconcile x"]);
    assert_eq!(fixture.store.references(id).expect("readable"), ["theirs"]);
    let read = fixture
        .store
        .report("scripted", "theirs", StatusUpdate::to(State::Read));
    read.expect("room").await.expect("known");
    let late = fixture
        .store
        .report("scripted", "theirs", StatusUpdate::to(State::Delivered));
    assert_eq!(late.expect("room").await, Ok(None), "never backwards");
    assert_eq!(fixture.message(id).state, State::Read);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_again_while_the_service_cannot_be_asked_what_became_of_it() {
    let fixture = Fixture::new(
        [Err(DeliveryError::Unknown("no answer".to_owned()))],
        NO_LIMITS,
    );
    let unasked = || ReconcileResult::Unasked("busy".to_owned(), None);
    let reconciled = [unasked(), unasked(), unasked(), unasked()];
    fixture
        .scripted
        .reconciled
        .lock()
        .expect("whole")
        .extend(reconciled);
    let id = fixture.send("ana", "x").await;
    let failed = fixture.until(id, is(State::Failed)).await;
    assert_eq!(
        fixture.asked(),
        [
            "x",
            "reconcile x",
            "reconcile x",
            "reconcile x",
            "reconcile x"
        ]
    );
    assert!(failed.error.is_some_and(|why| why.contains("busy")));
}

#[tokio::test(start_paused = true)]
async fn what_waited_too_long_fails_instead_of_surprising_someone() {
    let limits = SendLimits {
        max_age: Some(Duration::from_millis(1)),
        ..NO_LIMITS
    };
    let fixture = Fixture::new([], limits);
    fixture.channel.stop();
    let id = fixture.send("ana", "x").await;
    fixture.channel.start();
    let _ = fixture.wakeups.send(Wakeup::All);
    let failed = fixture.until(id, is(State::Failed)).await;
    assert!(
        failed
            .error
            .is_some_and(|why| why.contains("waited longer"))
    );
    assert!(fixture.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rate_spreads_messages_evenly() {
    let limits = SendLimits {
        per_minute: Some(60),
        ..NO_LIMITS
    };
    let fixture = Fixture::new([], limits);
    let begun = tokio::time::Instant::now();
    let mut all = Vec::new();
    for n in 0..31 {
        all.push(fixture.send(&n.to_string(), "x").await);
    }
    // There is no order between peers, so wait for each.
    for id in all {
        fixture.until(id, is(State::Sent)).await;
    }
    assert!(begun.elapsed() >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_we_cut_off_ourselves_is_never_the_last_and_marks_the_next_as_a_repeat() {
    let cut_off = || Err(DeliveryError::Interrupted("taken over".to_owned()));
    let fixture = Fixture::new((0..9).map(|_| cut_off()), NO_LIMITS);
    let id = fixture.send("ana", "x").await;
    let sent = fixture.until(id, is(State::Sent)).await;
    let handed_over = fixture.asked().iter().filter(|text| *text == "x").count();
    assert_eq!((handed_over, sent.attempts), (10, 2));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_was_gone_when_its_message_came_costs_no_attempt() {
    let away = || Err(DeliveryError::Away);
    let fixture = Fixture::new(
        [away(), away(), away(), away(), away(), transient()],
        NO_LIMITS,
    );
    let id = fixture.send("ana", "x").await;
    let sent = fixture.until(id, is(State::Sent)).await;
    let handed_over = fixture.asked().iter().filter(|text| *text == "x").count();
    assert_eq!((handed_over, sent.attempts), (7, 2));
}

#[tokio::test(start_paused = true)]
async fn what_answers_a_message_of_another_conversation_is_not_sent() {
    let fixture = Fixture::new([], NO_LIMITS);
    let of_bia = fixture.send("bia", "for bia").await;
    fixture.until(of_bia, is(State::Sent)).await;
    for reply_to in [of_bia.to_string(), format!("ref-{of_bia}")] {
        let draft = Draft {
            channel: "scripted".to_owned(),
            peer: "carl".to_owned(),
            text: "a quote".to_owned(),
            reply_to: Some(reply_to.clone()),
            ..Draft::default()
        };
        let queued = fixture.store.queue(draft).expect("room").await;
        let id = queued.expect("stored").message.id;
        let _ = fixture.wakeups.send(Wakeup::Queued(id, "carl".to_owned()));
        let failed = fixture.until(id, is(State::Failed)).await;
        let why = failed.error.unwrap_or_default();
        assert!(why.contains("another conversation"), "{reply_to}: {why}");
    }
    assert_eq!(fixture.asked(), ["for bia"]);
}
