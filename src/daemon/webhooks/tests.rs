//! Receivers over a store whose time is the test's: what retention took away is told, and only once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::*;
use crate::{
    config::{Environment, Overrides, look_up},
    fs::scratch::Scratch,
    gateway::control::Webhooks as _,
    log::LogLevel,
    router::Router,
    store::{Inbound, StoreOptions},
};

const DAY_MS: u64 = 86_400_000;

/// A receiver that takes everything.
struct Receiver {
    url: String,
    bodies: mpsc::UnboundedReceiver<Value>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (sender, bodies) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, sender.clone()));
            }
        });
        Self { url, bodies }
    }

    /// The next event: its type, and its text where it is a message.
    async fn next(&mut self) -> (String, Value) {
        let mut body = self.bodies.recv().await.expect("running");
        let kind = body["type"].as_str().unwrap_or_default().to_owned();
        (kind, body["data"].take())
    }
}

async fn take(stream: TcpStream, bodies: mpsc::UnboundedSender<Value>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream
                .read_line(&mut line)
                .await
                .ok()
                .filter(|read| *read > 0)?;
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(text) = line.strip_prefix("content-length:") {
                length = text.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        bodies.send(serde_json::from_slice(&body).ok()?).ok()?;
        let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
        stream.get_mut().write_all(answer).await.ok()?;
    }
}

struct House {
    _folder: Scratch,
    store: Store,
    now_ms: Arc<AtomicU64>,
    webhooks: Arc<Webhooks>,
}

impl House {
    fn new(url: &str) -> Self {
        let folder = Scratch::new();
        let now_ms = Arc::new(AtomicU64::new(1_795_387_053_123));
        let clock = || {
            let now_ms = Arc::clone(&now_ms);
            Arc::new(move || now_ms.load(Relaxed))
        };
        let options = StoreOptions {
            path: folder.path().join("messages.redb"),
            history_days: 7,
            clock: clock(),
            monotonic: clock(),
            ..StoreOptions::default()
        };
        let listeners = Arc::new(CommitListeners::default());
        let (told, router) = (Arc::clone(&listeners), Router::default());
        let store = Store::open(options, move |events| told.stored(&router, &events));
        let store = store.expect("a store");
        let log = Log::in_memory(LogLevel::Info);
        let webhooks = Webhooks::new(store.clone(), &listeners, log, folder.path());
        let overrides = Overrides {
            home: Some(folder.path().to_owned()),
            settings: vec![("CLEUDOCODEBOT_WEBHOOK_URL".to_owned(), url.to_owned())],
            ..Overrides::default()
        };
        let lookup = look_up(&overrides, &Environment::default()).expect("settings");
        assert!(webhooks.apply(&lookup));
        assert!(!webhooks.apply(&lookup), "the same again");
        Self {
            _folder: folder,
            store,
            now_ms,
            webhooks,
        }
    }

    async fn receive(&self, text: &str) {
        let message = Inbound {
            channel: "webchat".to_owned(),
            peer: "ana".to_owned(),
            text: text.to_owned(),
            ..Inbound::default()
        };
        let received = self.store.receive(message).expect("room");
        received.await.expect("stored");
    }

    async fn steer(&self, how: Steer) -> WebhookStatus {
        let asked = self.webhooks.steer("webhook", how).expect("there");
        asked.await.expect("done")
    }

    /// Time passes, and what is old is removed.
    async fn age(&self) {
        self.now_ms.fetch_add(8 * DAY_MS, Relaxed);
        let pruned = self.store.prune().expect("room").await.expect("pruned");
        assert!(pruned.messages > 0);
    }
}

#[cfg(feature = "store")]
#[tokio::test]
async fn what_retention_took_away_is_told_here_and_to_the_receiver() {
    let mut receiver = Receiver::start().await;
    let house = House::new(&receiver.url);
    house.receive("first").await;
    assert_eq!(receiver.next().await.1["text"], "first");
    assert_eq!(house.steer(Steer::Stop).await.state, "paused");
    house.receive("lost").await;
    house.receive("lost too").await;
    house.age().await;
    house.receive("young").await;
    assert_eq!(house.steer(Steer::Start).await.state, "running");
    let (kind, data) = receiver.next().await;
    assert_eq!(kind, "webhook.missed");
    assert_eq!(data, json!({"first_seq": 2, "last_seq": 3, "count": 2}));
    assert_eq!(receiver.next().await.1["text"], "young");
    assert_eq!(house.webhooks.webhooks()[0].missed, 2);
    // What it had once is not missed when it is posted again.
    let replayed = house.webhooks.replay("webhook", 0).expect("there").await;
    replayed.expect("done");
    assert_eq!(receiver.next().await.1["text"], "young");
    assert_eq!(house.webhooks.webhooks()[0].missed, 2);
    house.webhooks.end().await;
}

#[tokio::test]
async fn where_all_that_waited_is_gone_it_goes_on_at_the_end() {
    let mut receiver = Receiver::start().await;
    let house = House::new(&receiver.url);
    house.steer(Steer::Stop).await;
    house.receive("lost").await;
    house.age().await;
    house.steer(Steer::Start).await;
    assert_eq!(receiver.next().await.0, "webhook.missed");
    house.receive("news").await;
    assert_eq!(receiver.next().await.1["text"], "news");
    let told = &house.webhooks.webhooks()[0];
    assert_eq!((told.missed, told.state), (1, "running"));
    house.webhooks.end().await;
}

#[cfg(feature = "store")]
#[tokio::test]
async fn a_number_that_is_too_high_is_refused() {
    let house = House::new("http://127.0.0.1:1/hook");
    let replayed = house.webhooks.replay("webhook", 9).expect("there").await;
    assert!(replayed.is_err_and(|fault| fault.message.contains("newest event")));
    assert!(house.webhooks.replay("webhook-2", 0).is_none());
    house.webhooks.end().await;
}
