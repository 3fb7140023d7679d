//! The handle of a node's part in its cluster: what all of it shares, and what the gateway asks.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::message::Acker;
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    bus::{Bus, Streams},
    cursor::book::{Book, UNKNOWN},
    echoes::Echoes,
    fence::Fence,
    files::fetches::Fetches,
    kept::Kept,
    leases::book::Leases,
    origins::Origins,
    settings::{Ack, ClusterSettings},
    shown::report::Survey,
    wire::store_name,
};
use crate::{
    clock,
    error::Error,
    log::{Log, LogField},
    media::Media,
    message::{Direction, MessageId},
    random,
    router::Router,
    store::{MessageKey, Store},
};

/// The longest that `send` waits for the stream.
const ACK_WAIT: Duration = Duration::from_secs(5);

/// The longest that `send` waits to hear whether its key is free. With the wait above less than a client has patience,
/// also where the bus has gone and nobody noticed yet.
const CLAIM_WAIT: Duration = Duration::from_secs(5);

/// How long a repeated `send` waits for the copy of the first, and how often it looks.
const COPY_WAIT: Duration = Duration::from_secs(2);
const COPY_LOOK: Duration = Duration::from_millis(25);

/// The longest that a start waits to hear which channels other nodes have.
const HEARD_AT_START: Duration = Duration::from_secs(3);

/// An owner begins no more deliveries where the bus took nothing of what is to be told for so long.
const HEARD_WITHIN: Duration = Duration::from_millis(750);

/// The wait after something on the bus failed.
pub(super) const RETRY_WAIT: Duration = Duration::from_millis(500);

/// How often what is remembered is written.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// The channel that every node has for itself.
const UNOWNED: &str = "webchat";

/// Whoever runs the channels of this node.
pub trait Owners: Send + Sync {
    /// The channels this node has the credentials for.
    fn candidates(&self) -> Vec<String>;

    /// This node sends on a channel while the fence holds. Changes nothing where it did so by this fence already.
    fn take_over(&self, channel: &str, fence: &Arc<Fence>);

    /// This node does not send on a channel, for this reason.
    fn stand_by(&self, channel: &str, why: &str);

    /// Whether no call of the service is under way.
    fn is_idle(&self, channel: &str) -> bool;

    /// The channels that other nodes have the credentials for: messages to them are taken here too.
    fn mention(&self, channels: Vec<String>);
}

/// What a node's part is made of.
pub struct ClusterParts {
    /// Its settings.
    pub settings: ClusterSettings,
    /// The home folder.
    pub home: PathBuf,
    /// The messages.
    pub store: Store,
    /// Their files.
    pub media: Media,
    /// The way to the workers.
    pub router: Arc<Router>,
    /// The log.
    pub log: Log,
}

/// Hears a topic of clients of another node, with its data.
type OnTopic = Box<dyn Fn(&str, &str) + Send + Sync>;

/// A node's part in its cluster.
pub struct Cluster {
    pub(super) settings: ClusterSettings,
    pub(super) store: Store,
    pub(super) media: Media,
    pub(super) router: Arc<Router>,
    pub(super) log: Log,
    pub(super) bus: Bus,
    pub(super) kept: Kept,
    pub(super) book: Book,
    /// The instance as a number.
    pub(super) store_name: u64,
    pub(super) instance: String,
    /// How the cluster knows its messages: a node that lost its disk counts them from 1 again.
    pub(super) origins: Arc<Origins>,
    /// Another in every run of the daemon.
    pub(super) run: String,
    pub(super) streams: watch::Sender<Option<Streams>>,
    /// The last event of the own store that was heard here.
    pub(super) heard: AtomicU64,
    pub(super) wake: Notify,
    /// Up to which event the streams have all.
    pub(super) published: watch::Sender<u64>,
    /// Up to which event of the stream the own store has all.
    pub(super) applied: watch::Sender<u64>,
    pub(super) leases: Mutex<Leases>,
    pub(super) lease_changes: AtomicU64,
    pub(super) survey: Mutex<Survey>,
    pub(super) is_draining: AtomicBool,
    /// What settles a message on the stream, by channel.
    pub(super) unsettled: Mutex<BTreeMap<String, HashMap<MessageId, Vec<Acker>>>>,
    pub(super) on_topic: OnceLock<OnTopic>,
    owners: OnceLock<Weak<dyn Owners>>,
    pub(super) echoes: Echoes,
    pub(super) fetches: Fetches,
    /// Whether it is known since the start which channels there are.
    pub(super) is_heard: watch::Sender<bool>,
}

impl Cluster {
    /// Opens a node's part; the servers need not answer yet.
    pub async fn open(parts: ClusterParts) -> Result<Arc<Self>, Error> {
        let kept = Kept::open(&parts.home, &parts.settings.node);
        let head = parts.store.head_seq();
        let remembered = kept.get();
        let store_name = store_name(&remembered.instance);
        // What a backup had is nowhere on the stream, as far as this node knows.
        let is_known = remembered.before.is_empty();
        let known_from = if is_known {
            remembered.applied
        } else {
            UNKNOWN
        };
        let book = Book::open(&parts.home, store_name, known_from);
        let published = remembered.published.unwrap_or(head);
        book.note_missing(published, head);
        Ok(Arc::new(Self {
            bus: Bus::open(&parts.settings).await?,
            settings: parts.settings,
            store: parts.store,
            media: parts.media,
            router: parts.router,
            log: parts.log,
            kept,
            book,
            store_name,
            origins: Arc::new(Origins::new(remembered.origin, remembered.before)),
            instance: remembered.instance,
            run: random::hex(&random::bytes::<8>()),
            streams: watch::Sender::new(None),
            heard: AtomicU64::new(head),
            wake: Notify::new(),
            // What a node had before it joined stays its own: only from here on it is told.
            published: watch::Sender::new(published),
            applied: watch::Sender::new(remembered.applied),
            leases: Mutex::default(),
            lease_changes: AtomicU64::new(0),
            survey: Mutex::default(),
            is_draining: AtomicBool::new(false),
            unsettled: Mutex::default(),
            on_topic: OnceLock::new(),
            owners: OnceLock::new(),
            echoes: Echoes::default(),
            fetches: Fetches::default(),
            is_heard: watch::Sender::new(false),
        }))
    }

    /// Sets who runs the channels, and what hears the topics of other nodes' clients.
    pub fn attach(
        &self,
        owners: Weak<dyn Owners>,
        on_topic: impl Fn(&str, &str) + Send + Sync + 'static,
    ) {
        let _ = self.owners.set(owners);
        let _ = self.on_topic.set(Box::new(on_topic));
    }

    /// Everything it does, until it is dropped.
    pub async fn work(self: Arc<Self>) {
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&self).connect());
        tasks.spawn(Arc::clone(&self).keep_leases());
        tasks.spawn(Arc::clone(&self).publish());
        tasks.spawn(Arc::clone(&self).mirror());
        tasks.spawn(Arc::clone(&self).hear_topics());
        tasks.spawn(Arc::clone(&self).answer_cursors());
        tasks.spawn(Arc::clone(&self).answer_who_has());
        tasks.spawn(Arc::clone(&self).give_files());
        tasks.spawn(Arc::clone(&self).look_around());
        let it = Arc::clone(&self);
        tasks.spawn(async move {
            loop {
                sleep(SAVE_EVERY).await;
                it.save().await;
            }
        });
        while tasks.join_next().await.is_some() {}
    }

    /// Mentions the channels that other nodes had when this one ended, or waits to hear of them: messages to them are
    /// taken from the first command on. Call once the own channels are there.
    pub async fn know_channels(&self) {
        let known = self.kept.get().elsewhere;
        if let Some(owners) = self.owners().filter(|_| !known.is_empty()) {
            let ours = owners.candidates();
            let elsewhere = known.into_iter().filter(|one| !ours.contains(one));
            owners.mention(elsewhere.collect());
            return;
        }
        let mut is_heard = self.is_heard.subscribe();
        let _ = timeout(HEARD_AT_START, is_heard.wait_for(|is_heard| *is_heard)).await;
    }

    /// Why a channel may be unknown that another node has.
    pub fn why_unheard(&self) -> Option<&'static str> {
        let is_heard = *self.is_heard.borrow();
        (!is_heard).then_some(
            "this machine has not heard yet which channels the other machines of its cluster have",
        )
    }

    /// Gives up every lease and keeps what is to be remembered. The channels are stopped already.
    pub async fn end(&self) {
        self.is_draining.store(true, Ordering::SeqCst);
        if self.streams_now().is_some() {
            let heard = self.heard.load(Ordering::SeqCst);
            let mut published = self.published.subscribe();
            let _ = timeout(ACK_WAIT, published.wait_for(|up_to| *up_to >= heard)).await;
        }
        let _ = timeout(ACK_WAIT, self.release_all()).await;
        self.save().await;
        let _ = timeout(ACK_WAIT, self.bus.client.flush()).await;
    }

    /// The places first: what is applied is not read again.
    async fn save(&self) {
        self.book.save(&self.log).await;
        self.kept.save(&self.log).await;
    }

    /// Finds the streams once a server answers, and notes whether it still does.
    async fn connect(self: Arc<Self>) {
        let mut progress = (0, Instant::now());
        loop {
            self.note_hearing(&mut progress);
            let is_connected = self.bus.is_connected();
            if is_connected && self.streams.borrow().is_none() {
                match Box::pin(self.bus.streams()).await {
                    Ok(streams) => drop(self.streams.send_replace(Some(streams))),
                    Err(error) => {
                        let fields: [LogField<'_>; 1] = [("error", &error)];
                        let text = "the streams cannot be opened; trying again";
                        self.log.warn_limited("cluster", text, &fields);
                    }
                }
            }
            let is_there = is_connected && self.streams.borrow().is_some();
            if self.bus.note(is_there) {
                let text = if is_there {
                    "the bus is there"
                } else {
                    "the bus is away"
                };
                self.log.info("cluster", text, &[]);
            }
            sleep(RETRY_WAIT / 2).await;
        }
    }

    /// Has nothing begin while the bus does not take what is told of what began before.
    fn note_hearing(&self, progress: &mut (u64, Instant)) {
        let published = *self.published.borrow();
        if published != progress.0 || published >= self.heard.load(Ordering::SeqCst) {
            *progress = (published, Instant::now());
        }
        let is_unheard = progress.1.elapsed() > HEARD_WITHIN;
        for channel in self.leases().note_unheard(is_unheard) {
            self.router.wake_all(&channel);
        }
    }

    /// The streams, once they are there and a server is connected.
    pub(super) async fn usable_streams(&self) -> Streams {
        let mut streams = self.streams.subscribe();
        loop {
            if let Some(found) = self.streams_now() {
                return found;
            }
            let _ = timeout(RETRY_WAIT / 2, streams.changed()).await;
        }
    }

    /// The streams, if they can be used now.
    pub(super) fn streams_now(&self) -> Option<Streams> {
        let found = self.streams.borrow().clone();
        found.filter(|_| self.bus.is_connected())
    }

    pub(super) fn owners(&self) -> Option<Arc<dyn Owners>> {
        self.owners.get().and_then(Weak::upgrade)
    }

    pub(super) fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a channel has one owner among the nodes.
    pub fn is_owned(channel: &str) -> bool {
        channel != UNOWNED
    }

    /// When `send` is answered.
    fn ack(&self) -> Ack {
        let replicas = self
            .streams
            .borrow()
            .as_ref()
            .map(|streams| streams.replicas);
        let by_size = if replicas.is_some_and(|copies| copies >= 3) {
            Ack::Stream
        } else {
            Ack::Local
        };
        self.settings.ack.unwrap_or(by_size)
    }

    /// Waits until a message that was stored may be acknowledged. What it says is why the message waits.
    pub async fn acknowledge(&self, id: MessageId, channel: &str) -> Result<Option<u64>, String> {
        let ack = self.ack();
        let away_since_ms = self.bus.away_since_ms();
        if ack == Ack::Local || (ack == Ack::Stream && away_since_ms.is_some()) {
            return Ok(self.unless_alone(channel, away_since_ms));
        }
        let mut published = self.published.subscribe();
        let wait = published.wait_for(|up_to| *up_to >= id.0);
        if timeout(ACK_WAIT, wait).await.is_ok_and(|done| done.is_ok()) {
            return Ok(None);
        }
        if ack == Ack::Both {
            return Err(format!(
                "{id} is kept here and goes out when the bus is back, but the bus has not acknowledged it; \
                 with an idempotency_key it is safe to send again"
            ));
        }
        // It does not answer, though that was not noticed yet.
        let since_ms = self.bus.away_since_ms().unwrap_or_else(clock::now_ms);
        Ok(self.unless_alone(channel, Some(since_ms)))
    }

    /// What is on the own disk waits for the bus, unless this machine sends without it.
    fn unless_alone(&self, channel: &str, away_since_ms: Option<u64>) -> Option<u64> {
        away_since_ms.filter(|_| Self::is_owned(channel) && !self.leases().is_alone(channel))
    }

    /// Whether an idempotency key is free, on all nodes; false where it was used for something else. Where it was used for
    /// the same, waits a moment for the copy of that, so that the store knows the repeat for one.
    pub async fn claim(&self, key: &str, channel: &str, content: &str) -> bool {
        let Some(streams) = self.streams_now() else {
            return true;
        };
        let name = random::hex(&Sha256::digest(key.as_bytes()));
        let content = random::hex(&Sha256::digest(content.as_bytes()));
        let asked = async {
            let created = streams.keys.create(&name, content.clone().into()).await;
            match created {
                Ok(_) => None,
                Err(_) => streams.keys.get(&name).await.ok().flatten(),
            }
        };
        // An error of the bus is no answer, and neither is silence: the owner's store knows the key all the same.
        match timeout(CLAIM_WAIT, asked).await {
            Ok(Some(first)) if first != content.as_bytes() => return false,
            Ok(Some(_)) => {}
            _ => return true,
        }
        let key = MessageKey {
            channel: channel.to_owned(),
            direction: Direction::Out,
            key: key.to_owned(),
        };
        let until = Instant::now() + COPY_WAIT;
        while Instant::now() < until {
            let asked = key.clone();
            let found = self
                .store
                .run_blocking(move |store| store.by_key(&asked))
                .await;
            if matches!(found, Ok(Some(_))) {
                break;
            }
            sleep(COPY_LOOK).await;
        }
        true
    }
}
