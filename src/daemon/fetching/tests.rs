//! The worker with a scripted service.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep},
};

use super::{FetchWorker, attempt::CHANNEL_WAIT};
use crate::{
    daemon::channels::channel::Channel,
    daemon::gate::ChannelGate,
    fs::scratch::Scratch,
    integrations::{
        Accepted, BoxFuture, DeliveryError, FetchError, FetchedFile, Integration, Progress,
        RunContext, RunError, plan::SendLimits, support::files::incoming::MAX_UNASKED,
    },
    log::{Log, LogLevel},
    media::{Intake, Media},
    message::{Kind, Message, MessageId},
    router::FetchWakeup,
    shutdown::{self, Trigger},
    store::{Inbound, Store, StoreOptions, StoredEvent},
};

/// What the service does about one file.
enum Act {
    /// Sends these bytes, of this type.
    Sends(&'static [u8], &'static str),
    /// Sends so many bytes.
    SendsMany(u64),
    Fails(FetchError),
    /// Fails for the file of this id alone.
    FailsFor(&'static str, FetchError),
    /// Fails so once it is let go.
    FailsLater(Arc<Notify>, FetchError),
    Panics,
    Hangs,
}

#[derive(Default)]
struct Service {
    acts: Mutex<VecDeque<Act>>,
    asked: Mutex<Vec<String>>,
}

impl Integration for Service {
    fn name(&self) -> &'static str {
        "scripted"
    }
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move {
            context.ended().await;
            Ok(())
        })
    }
    fn deliver<'a>(
        &'a self,
        _: &'a Message,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        Box::pin(std::future::ready(Ok(Accepted::Delivered)))
    }
    fn fetch<'a>(
        &'a self,
        message: &'a Message,
        file: &'a Value,
        into: &'a mut Intake,
    ) -> BoxFuture<'a, Result<FetchedFile, FetchError>> {
        let asked = format!("{} {}", message.text, file["id"].as_str().unwrap_or("?"));
        self.asked.lock().expect("whole").push(asked);
        let mut acts = self.acts.lock().expect("whole");
        let is_meant = |act: &Act| !matches!(act, Act::FailsFor(id, _) if file["id"] != *id);
        let place = acts.iter().position(is_meant);
        let act = place.and_then(|place| acts.remove(place));
        Box::pin(async move {
            match act.unwrap_or(Act::Sends(b"more", "text/plain")) {
                Act::Sends(bytes, mime) => {
                    into.write(bytes).await?;
                    return Ok(FetchedFile {
                        mime: Some(mime.to_owned()),
                        ..FetchedFile::default()
                    });
                }
                Act::SendsMany(count) => {
                    let piece = vec![0; 1 << 20];
                    for _ in 0..count.div_ceil(1 << 20) {
                        into.write(&piece).await?;
                    }
                }
                Act::Fails(error) | Act::FailsFor(_, error) => return Err(error),
                Act::FailsLater(go, error) => {
                    go.notified().await;
                    return Err(error);
                }
                Act::Panics => panic!("a bug"),
                Act::Hangs => std::future::pending().await,
            }
            Ok(FetchedFile::default())
        })
    }
}

struct Fixture {
    service: Arc<Service>,
    channel: Arc<Channel>,
    store: Store,
    media: Media,
    wakeups: mpsc::UnboundedSender<FetchWakeup>,
    events: mpsc::UnboundedReceiver<StoredEvent>,
    trigger: Trigger,
    _folder: Scratch,
}

impl Fixture {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let folder = Scratch::new();
        let (publish, events) = mpsc::unbounded_channel();
        let options = StoreOptions {
            path: folder.path().join("store"),
            ..StoreOptions::default()
        };
        let store = Store::open(options, move |all| {
            for event in all {
                let _ = publish.send(event);
            }
        });
        let store = store.expect("a store");
        let media = Media::open(folder.path(), store.clone(), 1 << 30, 1 << 30).expect("a folder");
        let service = Arc::new(Service::default());
        service.acts.lock().expect("whole").extend(acts);
        let channel = Channel::new(
            Arc::clone(&service) as _,
            SendLimits::default(),
            ChannelGate::open("scripted"),
            |_| {},
        );
        let (wakeups, trigger) = Self::work(&channel, &store, &media);
        Self {
            service,
            channel,
            store,
            media,
            wakeups,
            events,
            trigger,
            _folder: folder,
        }
    }

    fn work(
        channel: &Arc<Channel>,
        store: &Store,
        media: &Media,
    ) -> (mpsc::UnboundedSender<FetchWakeup>, Trigger) {
        let (wakeups, wanted) = mpsc::unbounded_channel();
        let (trigger, shutdown) = shutdown::channel();
        let log = Log::in_memory(LogLevel::Info);
        let worker = FetchWorker::new(Arc::clone(channel), store.clone(), media.clone(), log);
        tokio::spawn(worker.work(wanted, shutdown));
        (wakeups, trigger)
    }

    async fn receive(&self, text: &str, file: Value) -> MessageId {
        let inbound = Inbound {
            channel: "scripted".to_owned(),
            peer: "ana".to_owned(),
            kind: Kind::Voice,
            text: text.to_owned(),
            media: Some(file),
            ..Inbound::default()
        };
        let received = self.store.receive(inbound).expect("room").await;
        let id = received.expect("stored").message.id;
        self.wake(id);
        id
    }

    /// The file after the next event.
    async fn outcome(&mut self) -> Value {
        loop {
            let event = self.events.recv().await.expect("an event");
            if event.name().as_str() == "message.media" {
                return event.message.media.expect("a file");
            }
        }
    }

    /// As the action `media.fetch` has a file fetched.
    async fn ask(&self, id: MessageId, at: usize, mut file: Value, when: u64) {
        file["asked"] = json!(when);
        let updated = self.store.update_file(id, at, file).expect("room").await;
        updated.expect("stored").expect("news");
        self.wake(id);
    }

    fn wake(&self, id: MessageId) {
        let _ = self.wakeups.send(FetchWakeup::Wanted(id));
    }

    /// Waits until so many fetches were begun, on a paused clock.
    async fn begun(&self, count: usize) {
        while self.asked().len() < count {
            sleep(Duration::from_secs(1)).await;
        }
    }

    fn asked(&self) -> Vec<String> {
        self.service.asked.lock().expect("whole").clone()
    }
}

fn wanted() -> Value {
    json!({"kind": "audio", "id": "F1", "mime": "audio/ogg", "state": "fetching"})
}

#[tokio::test]
async fn a_file_is_fetched_and_kept() {
    let mut fixture = Fixture::new([Act::Sends(b"OggS...", "audio/ogg; codecs=opus")]);
    fixture.receive("one", wanted()).await;
    let file = fixture.outcome().await;
    assert_eq!(
        (&file["state"], &file["bytes"]),
        (&json!("ready"), &json!(7))
    );
    assert_eq!(file["mime"], "audio/ogg; codecs=opus");
    let id = file["media_id"].as_str().and_then(|id| id.parse().ok());
    let opened = fixture
        .media
        .open_file(id.expect("an id"))
        .await
        .expect("kept");
    assert_eq!((opened.row.kind, opened.row.references), (Kind::Voice, 1));
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_now_is_tried_again_and_what_fails_for_good_says_why() {
    let later = || Act::Fails(FetchError::Transient("busy".to_owned(), None));
    let never = Act::Fails(FetchError::Permanent("expired".to_owned()));
    let mut fixture = Fixture::new([later(), Act::Panics, never]);
    fixture.receive("one", wanted()).await;
    let file = fixture.outcome().await;
    assert_eq!(
        (&file["state"], &file["error"]),
        (&json!("failed"), &json!("expired"))
    );
    assert_eq!(fixture.asked().len(), 3);
    let id = fixture.receive("two", wanted()).await;
    assert_eq!(fixture.outcome().await["state"], "ready");
    let left = fixture
        .store
        .fetches("scripted", None, 9)
        .expect("readable");
    assert!(left.is_empty(), "{id} {left:?}");
}

#[tokio::test(start_paused = true)]
async fn what_never_comes_is_given_up() {
    let busy = || Act::Fails(FetchError::Transient("busy".to_owned(), None));
    let mut fixture = Fixture::new(std::iter::repeat_with(busy).take(20));
    fixture.receive("one", wanted()).await;
    let error = fixture.outcome().await["error"].as_str().map(str::to_owned);
    assert!(error.is_some_and(|error| error.starts_with("given up after")));
}

#[tokio::test]
async fn a_service_that_sends_too_much_is_cut_off() {
    let mut fixture = Fixture::new([
        Act::SendsMany(MAX_UNASKED + 1),
        Act::SendsMany(MAX_UNASKED + 1),
    ]);
    let id = fixture.receive("one", wanted()).await;
    let file = fixture.outcome().await;
    assert_eq!(file["state"], "failed");
    let why = format!(
        "it has more than 20 MB, which is fetched only on request: cleudocodebot media fetch {id}"
    );
    assert_eq!(file["error"], why);
    assert_eq!(fixture.media.totals().files, 0);
    fixture.ask(id, 0, wanted(), 1).await;
    fixture.outcome().await;
    let file = fixture.outcome().await;
    assert_eq!((&file["state"], file.get("asked")), (&json!("ready"), None));
}

#[tokio::test(start_paused = true)]
async fn four_are_fetched_at_a_time_and_one_that_hangs_holds_up_no_other() {
    let go = Arc::new(Notify::new());
    let gone = || FetchError::Permanent("gone".to_owned());
    let acts = (0..4).map(|_| Act::FailsLater(Arc::clone(&go), gone()));
    let mut fixture = Fixture::new(acts);
    for n in 0..7 {
        fixture.receive(&format!("{n}"), wanted()).await;
    }
    fixture.begun(4).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.asked().len(), 4);
    go.notify_one();
    assert_eq!(fixture.outcome().await["state"], "failed");
    for _ in 0..3 {
        assert_eq!(fixture.outcome().await["state"], "ready");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_changes_while_its_file_is_fetched_is_not_fetched_twice() {
    let mut fixture = Fixture::new([Act::Hangs]);
    let id = fixture.receive("one", wanted()).await;
    fixture.begun(1).await;
    fixture.wake(id);
    fixture.receive("two", wanted()).await;
    assert_eq!(fixture.outcome().await["state"], "ready");
    assert_eq!(fixture.asked(), ["one F1", "two F1"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_changes_goes_on_waiting_and_one_that_is_asked_for_does_not() {
    let hour = Duration::from_secs(3600);
    let later = || Act::Fails(FetchError::Transient("busy".to_owned(), Some(hour)));
    let mut fixture = Fixture::new([later(), later()]);
    let begun = Instant::now();
    let id = fixture.receive("one", wanted()).await;
    fixture.begun(1).await;
    sleep(Duration::from_secs(1)).await;
    fixture.wake(id);
    fixture.begun(2).await;
    assert!(begun.elapsed() >= hour, "{:?}", begun.elapsed());
    sleep(Duration::from_secs(1)).await;
    let (begun, asked) = (Instant::now(), wanted());
    fixture.ask(id, 0, asked, 1).await;
    while fixture.outcome().await["state"] != "ready" {}
    assert!(begun.elapsed() < hour, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_comes_while_its_file_fails_is_honoured() {
    let go = Arc::new(Notify::new());
    let gone = FetchError::Permanent("gone".to_owned());
    let mut fixture = Fixture::new([Act::FailsLater(Arc::clone(&go), gone)]);
    let id = fixture.receive("one", wanted()).await;
    fixture.begun(1).await;
    fixture.ask(id, 0, wanted(), 1).await;
    assert_eq!(fixture.outcome().await["state"], "fetching");
    go.notify_one();
    assert_eq!(fixture.outcome().await["state"], "ready");
    assert_eq!(fixture.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_fails_for_now_holds_up_no_other_and_each_is_given_up_by_its_own_count() {
    let busy = |id| Act::FailsFor(id, FetchError::Transient("busy".to_owned(), None));
    // One more of the first would be its last.
    let mut fixture = Fixture::new(["F1"; 4].map(busy));
    let mut second = wanted();
    second["id"] = json!("F2");
    let id = fixture
        .receive("list", json!([wanted(), second.clone()]))
        .await;
    let files = fixture.outcome().await;
    let states = [&files[0]["state"], &files[1]["state"]];
    assert_eq!(states, ["fetching", "ready"]);
    fixture.begun(5).await;
    let acts = &fixture.service.acts;
    acts.lock().expect("whole").push_back(busy("F2"));
    fixture.ask(id, 1, second, 1).await;
    let mut files = fixture.outcome().await;
    while files[1]["state"] == "fetching" {
        files = fixture.outcome().await;
    }
    assert_eq!(files[1]["state"], "ready", "{files}");
    while files[0]["state"] == "fetching" {
        files = fixture.outcome().await;
    }
    assert_eq!(files[0]["state"], "ready", "{files}");
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_channel_counts_no_attempt_and_waits_for_its_end() {
    let fault = || Act::Fails(FetchError::Channel("not connected".to_owned()));
    let mut fixture = Fixture::new(std::iter::repeat_with(fault).take(40));
    let begun = Instant::now();
    fixture.receive("one", wanted()).await;
    for count in 1..40 {
        fixture.begun(count).await;
        let _ = fixture.wakeups.send(FetchWakeup::All);
    }
    fixture.begun(40).await;
    assert!(begun.elapsed() < CHANNEL_WAIT, "{:?}", begun.elapsed());
    assert_eq!(fixture.outcome().await["state"], "ready");
    assert!(begun.elapsed() >= CHANNEL_WAIT, "no change was told");
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_park_the_channel_and_the_file_comes_after_its_start() {
    let refused = FetchError::Unauthorized("401".to_owned());
    let mut fixture = Fixture::new([Act::Fails(refused)]);
    fixture.receive("one", wanted()).await;
    fixture.begun(1).await;
    sleep(Duration::from_secs(3600)).await;
    assert!(fixture.channel.is_parked());
    assert_eq!(fixture.asked().len(), 1);
    fixture.channel.start();
    let _ = fixture.wakeups.send(FetchWakeup::All);
    assert_eq!(fixture.outcome().await["state"], "ready");
}

#[tokio::test]
async fn what_was_cut_off_is_fetched_after_the_next_start() {
    let mut fixture = Fixture::new([Act::Hangs]);
    fixture.receive("one", wanted()).await;
    while fixture.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    fixture.trigger.begin("stop");
    let (_wakeups, _trigger) = Fixture::work(&fixture.channel, &fixture.store, &fixture.media);
    assert_eq!(fixture.outcome().await["state"], "ready");
    assert_eq!(fixture.asked(), ["one F1", "one F1"]);
}

#[tokio::test(start_paused = true)]
async fn files_of_a_list_come_one_by_one() {
    let mut fixture = Fixture::new([]);
    let done = json!({"kind": "image", "id": "F0", "url": "https://a/b"});
    let mut second = wanted();
    second["id"] = json!("F2");
    fixture
        .receive("list", json!([done, wanted(), second]))
        .await;
    fixture.outcome().await;
    let files = fixture.outcome().await;
    let states: Vec<_> = (0..3).map(|at| files[at]["state"].clone()).collect();
    assert_eq!(states, [Value::Null, json!("ready"), json!("ready")]);
    assert_eq!(fixture.asked(), ["list F1", "list F2"]);
}
