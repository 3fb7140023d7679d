//! A channel with a scripted client on a paused clock, and the file of names.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::mpsc;

use super::{
    ANSWER, Bridge, BridgeClient, Bridges, Handover, MAX_KNOWN, Refusal, Verdict, check_name,
    register::built_in,
};
use crate::{
    fs::scratch::Scratch,
    integrations::{Accepted, DeliveryError, Integration, Progress, Report, RunContext},
    message::{Direction, Message, MessageId, State},
    random, shutdown,
};

/// Answers with the scripted handovers, then accepts; records what it accepted.
#[derive(Default)]
struct Script {
    got: Mutex<Vec<(u64, bool)>>,
    last: Mutex<Option<Message>>,
    room: Mutex<Vec<Handover>>,
    replaced: AtomicBool,
}

impl BridgeClient for Script {
    fn deliver(&self, message: &Message, again: bool) -> Handover {
        if let Some(refusal) = self.room.lock().expect("whole").pop() {
            return refusal;
        }
        self.got.lock().expect("whole").push((message.id.0, again));
        *self.last.lock().expect("whole") = Some(message.clone());
        Handover::Queued
    }

    fn replaced(&self) {
        self.replaced.store(true, Ordering::Relaxed);
    }
}

impl Script {
    fn got(&self) -> Vec<(u64, bool)> {
        self.got.lock().expect("whole").clone()
    }
}

fn message(id: u64, attempts: u32) -> Message {
    Message {
        id: MessageId(id),
        seq: id,
        direction: Direction::Out,
        text: "x".to_owned(),
        state: State::Sending,
        attempts,
        ..Message::sample("matrix", "ana")
    }
}

fn bridge() -> Arc<Bridge> {
    Arc::new(Bridge::new("matrix"))
}

/// Begins a delivery and runs it until it waits.
async fn begin(bridge: &Arc<Bridge>, id: u64, attempts: u32) -> tokio::task::JoinHandle<Verdict> {
    let bridge = Arc::clone(bridge);
    let delivery = tokio::spawn(async move {
        let (message, progress) = (message(id, attempts), Progress::default());
        bridge.deliver(&message, &progress).await
    });
    tokio::task::yield_now().await;
    delivery
}

const SENT: Verdict = Ok(Accepted::Sent(Vec::new()));

#[cfg(feature = "markdown")]
#[tokio::test(start_paused = true)]
async fn a_formatted_text_comes_in_words_with_what_was_written_beside() {
    let (bridge, script) = (bridge(), Arc::new(Script::default()));
    let lease = bridge.attach(Arc::clone(&script) as Arc<dyn BridgeClient>);
    let formatted = Message {
        text: "**olá** [a](https://b)".to_owned(),
        meta: Some(serde_json::json!({"format": "markdown", "agent": "pi"})),
        ..message(1, 1)
    };
    let delivery =
        tokio::spawn(async move { bridge.deliver(&formatted, &Progress::default()).await });
    tokio::task::yield_now().await;
    lease.settle(MessageId(1), SENT);
    assert_eq!(delivery.await.expect("whole"), SENT);
    let got = script
        .last
        .lock()
        .expect("whole")
        .take()
        .expect("delivered");
    assert_eq!(got.text, "olá a (https://b)");
    let meta = serde_json::json!({"agent": "pi", "markdown": "**olá** [a](https://b)"});
    assert_eq!(got.meta, Some(meta));
}

#[tokio::test(start_paused = true)]
async fn a_message_gets_the_outcome_its_bridge_reports() {
    let (bridge, script) = (bridge(), Arc::new(Script::default()));
    let lease = bridge.attach(Arc::clone(&script) as Arc<dyn BridgeClient>);
    let first = begin(&bridge, 1, 1).await;
    let second = begin(&bridge, 2, 2).await;
    assert_eq!(
        script.got(),
        [(1, false), (2, true)],
        "a repeat is marked as one"
    );
    let refused = Err(DeliveryError::Permanent("no such user".to_owned()));
    assert!(lease.settle(MessageId(2), refused.clone()) && lease.settle(MessageId(1), SENT));
    assert_eq!(
        (first.await.expect("whole"), second.await.expect("whole")),
        (SENT, refused)
    );
    assert!(
        !lease.settle(MessageId(1), SENT),
        "nothing waits for it any more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_timeout_or_a_disconnect_leaves_the_outcome_unknown() {
    let (bridge, script) = (bridge(), Arc::new(Script::default()));
    let lease = bridge.attach(script);
    let begun = tokio::time::Instant::now();
    let silent = begin(&bridge, 1, 1).await.await.expect("whole");
    assert!(
        matches!(&silent, Err(DeliveryError::Unknown(why)) if why.contains("60 s")),
        "{silent:?}"
    );
    assert_eq!(begun.elapsed(), ANSWER);
    assert!(
        !lease.settle(MessageId(1), SENT),
        "a report after the timeout is ignored"
    );
    let left = begin(&bridge, 2, 1).await;
    lease.release("it crashed");
    assert!(
        matches!(left.await.expect("whole"), Err(DeliveryError::Unknown(why)) if why.contains("left"))
    );
    let nobody = begin(&bridge, 3, 1).await.await.expect("whole");
    assert_eq!(nobody, Err(DeliveryError::Away));
    assert!(!bridge.can_reach("ana"));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_waited_for_and_one_too_small_is_not() {
    let (bridge, script) = (bridge(), Arc::new(Script::default()));
    let lease = bridge.attach(Arc::clone(&script) as Arc<dyn BridgeClient>);
    let (took, room) = mpsc::channel(1);
    script
        .room
        .lock()
        .expect("whole")
        .push(Handover::Full(room));
    let waiting = begin(&bridge, 1, 1).await;
    assert!(script.got().is_empty() && !waiting.is_finished());
    took.send(()).await.expect("waited for");
    while script.got().is_empty() {
        tokio::task::yield_now().await;
    }
    lease.settle(MessageId(1), SENT);
    assert_eq!(waiting.await.expect("whole"), SENT);
    // A queue that stays full counts as an absent bridge: nothing was sent.
    let (_never, room) = mpsc::channel(1);
    script
        .room
        .lock()
        .expect("whole")
        .push(Handover::Full(room));
    let stuck = begin(&bridge, 2, 1).await.await.expect("whole");
    assert_eq!(stuck, Err(DeliveryError::Away));
    script.room.lock().expect("whole").push(Handover::TooLarge);
    let large = begin(&bridge, 3, 1).await.await.expect("whole");
    assert!(matches!(large, Err(DeliveryError::Permanent(_))));
}

#[tokio::test(start_paused = true)]
async fn a_takeover_ends_the_lease_before() {
    let (bridge, old, new) = (
        bridge(),
        Arc::new(Script::default()),
        Arc::new(Script::default()),
    );
    let before = bridge.attach(Arc::clone(&old) as Arc<dyn BridgeClient>);
    let cut_off = begin(&bridge, 1, 1).await;
    let after = bridge.attach(Arc::clone(&new) as Arc<dyn BridgeClient>);
    assert!(old.replaced.load(Ordering::Relaxed) && !before.is_valid() && after.is_valid());
    assert!(matches!(
        cut_off.await.expect("whole"),
        Err(DeliveryError::Interrupted(_))
    ));
    let again = begin(&bridge, 1, 2).await;
    assert!(
        !before.settle(MessageId(1), SENT),
        "the old lease settles nothing"
    );
    drop(before);
    assert!(bridge.is_held(), "and dropping it changes nothing");
    assert!(after.settle(MessageId(1), SENT));
    assert_eq!(again.await.expect("whole"), SENT);
    assert_eq!(new.got(), [(1, true)]);
}

#[tokio::test(start_paused = true)]
async fn every_connect_and_disconnect_is_reported_however_short() {
    let bridge = bridge();
    let (_trigger, shutdown) = shutdown::channel();
    let reports = Arc::<Mutex<Vec<String>>>::default();
    let received = Arc::clone(&reports);
    let context = RunContext::new(shutdown, move |report| {
        let text = match report {
            Report::Alive => "alive".to_owned(),
            Report::Impaired(trouble) => trouble.why.clone(),
            Report::Away(why) => why.to_owned(),
        };
        received.lock().expect("whole").push(text);
    });
    let told = || std::mem::take(&mut *reports.lock().expect("whole"));
    let running = Arc::clone(&bridge);
    tokio::spawn(async move { running.run(context).await });
    tokio::task::yield_now().await;
    assert!(told()[0].contains("not connected"));
    let lease = bridge.attach(Arc::new(Script::default()));
    tokio::task::yield_now().await;
    assert_eq!(told(), ["alive"]);
    lease.release("bye");
    let _lease = bridge.attach(Arc::new(Script::default()));
    tokio::task::yield_now().await;
    assert_eq!(told(), ["another client took the channel over", "alive"]);
}

/// The file of the bridges, in a folder of its own.
struct BridgesFile(Scratch);

impl BridgesFile {
    fn new() -> Self {
        Self(Scratch::new())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("external.json")
    }

    fn open(&self) -> Bridges {
        let (bridges, warning) = Bridges::open(self.path());
        assert_eq!(warning, None);
        bridges
    }
}

#[test]
fn malformed_and_reserved_names_are_refused() {
    for good in ["matrix", "a", "signal_2", "my-bridge"] {
        assert_eq!(check_name(good), Ok(()), "{good}");
    }
    let long = "a".repeat(65);
    for wrong in [
        "", "Matrix", "2fast", "-x", "a/b", "a@b", "a b", "olá", &long,
    ] {
        assert_eq!(check_name(wrong), Err(Refusal::Malformed), "{wrong}");
    }
    for taken in built_in() {
        assert_eq!(check_name(taken), Err(Refusal::BuiltIn), "{taken}");
    }
}

#[test]
fn an_announced_channel_survives_a_restart_until_it_is_forgotten() {
    let file = BridgesFile::new();
    let bridges = file.open();
    bridges.announce("matrix").expect("written");
    bridges.announce("signal").expect("written");
    let lease = bridges
        .find("signal")
        .expect("known")
        .attach(Arc::new(Script::default()));
    assert_eq!(bridges.forget("signal"), Err(Refusal::Held));
    assert_eq!(file.open().names(), ["matrix", "signal"]);
    drop(lease);
    assert_eq!(bridges.forget("signal"), Ok(()));
    assert_eq!(bridges.forget("signal"), Err(Refusal::Unknown));
    assert_eq!(file.open().names(), ["matrix"]);
}

#[test]
fn an_adopted_channel_is_written_when_its_bridge_connects() {
    let file = BridgesFile::new();
    let bridges = file.open();
    bridges.adopt("matrix");
    assert!(file.open().names().is_empty());
    bridges.announce("matrix").expect("written");
    assert_eq!(file.open().names(), ["matrix"]);
}

#[test]
fn the_number_of_channels_is_limited() {
    let file = BridgesFile::new();
    let bridges = file.open();
    for n in 0..MAX_KNOWN {
        bridges.announce(&format!("b{n}")).expect("room");
    }
    assert_eq!(bridges.announce("late").err(), Some(Refusal::TooMany));
    assert!(
        bridges.announce("b0").is_ok(),
        "a known channel does not count twice"
    );
    bridges.forget("b0").expect("not held");
    assert!(bridges.announce("late").is_ok());
}

#[test]
fn concurrent_announcements_respect_the_limit() {
    let file = BridgesFile::new();
    let bridges = file.open();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let bridges = &bridges;
            scope.spawn(move || {
                for n in 0..MAX_KNOWN {
                    let _ = bridges.admit(&format!("b{thread}-{n}"));
                }
            });
        }
    });
    assert_eq!(bridges.names().len(), MAX_KNOWN);
}

#[test]
fn a_damaged_file_is_reported_and_replaced_by_the_next_name() {
    let file = BridgesFile::new();
    std::fs::write(file.path(), "{").expect("written");
    let (bridges, warning) = Bridges::open(file.path());
    assert!(warning.is_some_and(|text| text.contains("damaged")));
    bridges.announce("matrix").expect("written");
    assert_eq!(file.open().names(), ["matrix"]);
    std::fs::write(file.path(), r#"{"channels":["ok","telegram","No Name",7]}"#).expect("written");
    assert_eq!(file.open().names(), ["ok"]);
}

#[test]
fn a_name_that_cannot_be_written_is_an_error() {
    let nowhere = std::env::temp_dir()
        .join(random::token())
        .join("external.json");
    let (bridges, _) = Bridges::open(nowhere);
    assert!(matches!(
        bridges.announce("matrix"),
        Err(Refusal::Unwritten(_))
    ));
    assert_eq!(
        bridges.names(),
        ["matrix"],
        "its messages can still be delivered until the daemon stops"
    );
}
