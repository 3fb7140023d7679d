//! The worker with a scripted service.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::FetchWorker;
use crate::{
    daemon::channels::channel::Channel,
    integrations::{
        Accepted, BoxFuture, DeliveryError, FetchError, FetchedFile, Integration, Progress,
        RunContext, RunError, plan::SendLimits, support::files::incoming::MAX_UNASKED,
    },
    log::{Log, LogLevel},
    media::{Intake, Media},
    message::{Kind, Message, MessageId},
    random,
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
        let act = self.acts.lock().expect("whole").pop_front();
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
                Act::Fails(error) => return Err(error),
                Act::Panics => panic!("a bug"),
                Act::Hangs => std::future::pending().await,
            }
            Ok(FetchedFile::default())
        })
    }
}

struct Fixture {
    service: Arc<Service>,
    store: Store,
    media: Media,
    wakeups: mpsc::UnboundedSender<FetchWakeup>,
    events: mpsc::UnboundedReceiver<StoredEvent>,
    trigger: Trigger,
    folder: PathBuf,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Fixture {
    fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let folder = std::env::temp_dir().join(format!("cdb-{}", &random::token()[..16]));
        std::fs::create_dir(&folder).expect("a folder");
        let (publish, events) = mpsc::unbounded_channel();
        let options = StoreOptions {
            path: folder.join("store"),
            ..StoreOptions::default()
        };
        let store = Store::open(options, move |all| {
            for event in all {
                let _ = publish.send(event);
            }
        });
        let store = store.expect("a store");
        let media = Media::open(&folder, store.clone(), 1 << 30, 1 << 30).expect("a folder");
        let service = Arc::new(Service::default());
        service.acts.lock().expect("whole").extend(acts);
        let (wakeups, trigger) = Self::work(&service, &store, &media);
        Self {
            service,
            store,
            media,
            wakeups,
            events,
            trigger,
            folder,
        }
    }

    fn work(
        service: &Arc<Service>,
        store: &Store,
        media: &Media,
    ) -> (mpsc::UnboundedSender<FetchWakeup>, Trigger) {
        let channel = Channel::new(Arc::clone(service) as _, SendLimits::default(), |_| {});
        let (wakeups, wanted) = mpsc::unbounded_channel();
        let (trigger, shutdown) = shutdown::channel();
        let log = Log::in_memory(LogLevel::Info);
        let worker = FetchWorker::new(channel, store.clone(), media.clone(), log);
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
        let _ = self.wakeups.send(FetchWakeup::Wanted(id));
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
    assert_eq!(fixture.media.totals().files, 0);
    let mut asked = wanted();
    asked["asked"] = json!(true);
    let updated = fixture.store.update_file(id, 0, asked).expect("room").await;
    updated.expect("stored");
    fixture.outcome().await;
    let _ = fixture.wakeups.send(FetchWakeup::Wanted(id));
    let file = fixture.outcome().await;
    assert_eq!((&file["state"], file.get("asked")), (&json!("ready"), None));
}

#[tokio::test]
async fn a_few_are_fetched_at_a_time_and_one_that_hangs_holds_up_no_other() {
    let mut fixture = Fixture::new([Act::Hangs]);
    fixture.receive("hangs", wanted()).await;
    for n in 0..6 {
        fixture.receive(&format!("{n}"), wanted()).await;
    }
    for _ in 0..6 {
        assert_eq!(fixture.outcome().await["state"], "ready");
    }
}

#[tokio::test]
async fn what_was_cut_off_is_fetched_after_the_next_start() {
    let mut fixture = Fixture::new([Act::Hangs]);
    fixture.receive("one", wanted()).await;
    while fixture.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    fixture.trigger.begin("stop");
    let (_wakeups, _trigger) = Fixture::work(&fixture.service, &fixture.store, &fixture.media);
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
