//! From the own store to the streams: every event that happened here, in order for each conversation, again until
//! the streams have it.
//!
//! Not here: which of them are echoes (`handle`), and what a new owner reads (`outgoing`).

use std::sync::Arc;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::{
    bus::{ANSWER_TIMEOUT, Streams},
    handle::{Cluster, RETRY_WAIT},
    origins::Origins,
    wire::{Record, is_copy},
};
use crate::{
    log::LogField,
    message::{
        Direction, KEYS_OF_THE_DAEMON, Message, MessageId, State, media::kept_files, text_at,
    },
    store::{MediaRow, Occasion, Store, StoreError, StoredEvent},
};

/// Events that are read and passed on at a time.
const CHUNK: usize = 256;
const CHUNK_BYTES: usize = 1 << 20;

/// What is not woken looks by itself this often.
const IDLE_LOOK: Duration = Duration::from_secs(2);

/// Where an event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// To the owner of its channel, to be sent.
    Out,
    /// To all nodes.
    Events,
}

/// An event on its way.
struct Letter {
    seq: u64,
    target: Target,
    record: Record,
    /// Whether the message needs no more sending.
    is_outcome: bool,
}

impl Cluster {
    /// Passes on what happens here. Never ends.
    pub(super) async fn publish(self: Arc<Self>) {
        loop {
            let after = *self.published.borrow();
            match self.next_events(after).await {
                Ok(events) if events.is_empty() => {
                    let _ = timeout(IDLE_LOOK, self.wake.notified()).await;
                }
                Ok(events) => self.pass_on(events).await,
                Err(error) => {
                    let fields: [LogField<'_>; 1] = [("error", &error)];
                    let text = "cannot read what is to be passed on; trying again";
                    self.log.warn_limited("cluster", text, &fields);
                    sleep(RETRY_WAIT).await;
                }
            }
        }
    }

    async fn next_events(&self, after: u64) -> Result<Vec<StoredEvent>, StoreError> {
        let heard = self.heard.load(Ordering::SeqCst);
        if heard <= after {
            return Ok(Vec::new());
        }
        let read = move |store: &Store| store.events_after(after, CHUNK, CHUNK_BYTES);
        let mut events = self.store.run_blocking(read).await?;
        // Whether a later one is an echo is not known yet.
        events.retain(|event| event.seq <= heard);
        if events.is_empty() {
            // Pruned before they were passed on.
            self.note_published(heard);
        }
        Ok(events)
    }

    /// Passes on a chunk, as often as it takes.
    async fn pass_on(&self, events: Vec<StoredEvent>) {
        let Some(last) = events.last().map(|event| event.seq) else {
            return;
        };
        let targets = events.into_iter().filter_map(|event| {
            let is_echo = self.echoes.was_one(event.seq);
            let target = target_of(&event).filter(|_| !is_echo);
            target.map(|target| (target, event))
        });
        let targets: Vec<_> = targets.collect();
        let letters = loop {
            match self.letters(targets.clone()).await {
                Ok(letters) => break letters,
                Err(error) => {
                    let fields: [LogField<'_>; 1] = [("error", &error)];
                    let text = "cannot read what is to be passed on; trying again";
                    self.log.warn_limited("cluster", text, &fields);
                    sleep(RETRY_WAIT).await;
                }
            }
        };
        let lanes = lanes(letters);
        let done = Mutex::new(HashSet::new());
        loop {
            let streams = self.usable_streams().await;
            let all = lanes
                .values()
                .map(|lane| self.send_lane(&streams, lane, &done));
            let failed: Vec<String> = join_all(all).await.into_iter().flatten().collect();
            let Some(error) = failed.first() else {
                break;
            };
            let fields: [LogField<'_>; 1] = [("error", error)];
            let text = "the bus did not take an event; trying again";
            self.log.warn_limited("cluster", text, &fields);
            sleep(RETRY_WAIT).await;
        }
        self.note_published(last);
    }

    pub(super) fn teller(&self) -> Teller {
        Teller {
            node: self.settings.node.clone(),
            instance: self.instance.clone(),
            origins: Arc::clone(&self.origins),
        }
    }

    pub(super) fn note_published(&self, up_to: u64) {
        self.published.send_replace(up_to);
        // Echoes are not told, but what was begun may end with one.
        for channel in self.leases().note_reported_up_to(up_to) {
            self.router.wake_all(&channel);
        }
        self.kept.change(|kept| kept.published = Some(up_to));
    }

    async fn letters(&self, events: Vec<(Target, StoredEvent)>) -> Result<Vec<Letter>, StoreError> {
        let teller = self.teller();
        let read = move |store: &Store| {
            let letters = events.into_iter().map(|(target, event)| {
                let record = record(store, &event, &teller)?;
                Ok(Letter {
                    seq: event.seq,
                    target,
                    record,
                    is_outcome: event.occasion == Occasion::State
                        && event.message.direction == Direction::Out
                        && event.message.state.has_left_the_outbox()
                        && event.message.state != State::Scheduled,
                })
            });
            letters.collect()
        };
        self.store.run_blocking(read).await
    }

    /// Sends the events of one conversation, one after the other; the error of the first that fails.
    async fn send_lane(
        &self,
        streams: &Streams,
        lane: &[Letter],
        done: &Mutex<HashSet<u64>>,
    ) -> Option<String> {
        let is_done = |seq| {
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&seq)
        };
        for letter in lane {
            if is_done(letter.seq) {
                continue;
            }
            if let Err(error) = self.send_letter(streams, letter).await {
                return Some(error);
            }
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(letter.seq);
        }
        None
    }

    async fn send_letter(&self, streams: &Streams, letter: &Letter) -> Result<(), String> {
        let record = &letter.record;
        self.upload(streams, record).await;
        let id = format!("{}/{}", self.instance, letter.seq);
        self.send_record(letter.target == Target::Out, record, &id)
            .await?;
        if self.leases().note_reported(&record.message) {
            self.router.wake_all(&record.message.channel);
        }
        if letter.is_outcome {
            self.settle(record).await;
        }
        Ok(())
    }

    /// Puts a record on a stream and waits until it is there.
    pub(super) async fn send_record(
        &self,
        is_out: bool,
        record: &Record,
        id: &str,
    ) -> Result<(), String> {
        let message = &record.message;
        let subject = if is_out {
            self.bus.out_subject(&message.channel, &message.peer)
        } else {
            self.bus.event_subject(&message.channel)
        };
        let publish = PublishMessage::build()
            .payload(record.write().into())
            .message_id(id);
        let sent = async {
            let sent = self.bus.context.send_publish(subject, publish).await?;
            sent.await
        };
        match timeout(ANSWER_TIMEOUT, sent).await {
            Ok(Ok(_)) => Ok(()),
            // Trying again would not make it smaller: it stays with this node.
            Ok(Err(error)) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                let fields: [LogField<'_>; 1] = [("message", &message.id)];
                let text = "too large for the bus: other nodes will not see it";
                self.log.error("cluster", text, &fields);
                self.book.stays_here(message.seq);
                Ok(())
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer".to_owned()),
        }
    }

    /// The message's outcome is on the bus: the stream may give it up.
    async fn settle(&self, record: &Record) {
        let channel = &record.message.channel;
        let ackers = {
            let mut unsettled = self.unsettled();
            let of_channel = unsettled.get_mut(channel);
            of_channel.and_then(|all| all.remove(&record.message.id))
        };
        for acker in ackers.into_iter().flatten() {
            // Lost, it comes again and is told to be settled then.
            let _ = acker.ack().await;
        }
    }
}

/// Where an event of the own store goes, if it is not an echo.
fn target_of(event: &StoredEvent) -> Option<Target> {
    let message = &event.message;
    let is_queued = event.occasion == Occasion::State
        && message.direction == Direction::Out
        && message.state == State::Queued
        && Cluster::is_owned(&message.channel);
    if !is_queued {
        return Some(Target::Events);
    }
    // A copy came by one of the streams.
    (!event.is_first() || !is_copy(message)).then_some(Target::Out)
}

/// In order for each conversation.
fn lanes(letters: Vec<Letter>) -> BTreeMap<(String, String), Vec<Letter>> {
    let mut lanes: BTreeMap<_, Vec<Letter>> = BTreeMap::new();
    for letter in letters {
        let message = &letter.record.message;
        let lane = (message.channel.clone(), message.peer.clone());
        lanes.entry(lane).or_default().push(letter);
    }
    lanes
}

/// Who tells of an event.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    node: String,
    instance: String,
    origins: Arc<Origins>,
}

/// An event as it travels. Blocks.
pub(super) fn record(
    store: &Store,
    event: &StoredEvent,
    teller: &Teller,
) -> Result<Record, StoreError> {
    let mut message = event.message.clone();
    let found = store.with_key(message.id)?;
    let key = found.and_then(|found| found.key);
    let is_sent = message.direction == Direction::Out && message.state != State::Queued;
    message.reply_to = name_at_service(store, message.reply_to)?;
    Ok(Record {
        node: teller.node.clone(),
        instance: teller.instance.clone(),
        origin: teller.origins.of(&message),
        key: key.filter(|key| !is_own(key)),
        occasion: event.occasion,
        is_new: event.is_first(),
        files: file_rows(store, &message)?,
        references: if is_sent {
            store.references(message.id)?
        } else {
            Vec::new()
        },
        message,
        stream: 0,
    })
}

/// What is known of the files of a message.
fn file_rows(store: &Store, message: &Message) -> Result<Vec<MediaRow>, StoreError> {
    let ids = kept_files(message.media.as_ref()).into_iter();
    let rows = ids.filter_map(|id| store.media(id).transpose());
    rows.collect()
}

/// Whether a key is one that a node made for itself: another may have made the same.
fn is_own(key: &str) -> bool {
    KEYS_OF_THE_DAEMON
        .iter()
        .any(|start| key.starts_with(start))
}

/// Our ids mean nothing to other nodes; what the service calls the message does.
fn name_at_service(store: &Store, reply_to: Option<String>) -> Result<Option<String>, StoreError> {
    let Some(reply_to) = reply_to else {
        return Ok(None);
    };
    let Ok(id) = reply_to.parse::<MessageId>() else {
        return Ok(Some(reply_to));
    };
    if let Some(name) = store.references(id)?.into_iter().next() {
        return Ok(Some(name));
    }
    let named = |message: Message| text_at(message.meta.as_ref()?, "id").map(str::to_owned);
    Ok(store.message(id)?.and_then(|(message, _)| named(message)))
}
