//! `subscribe` with `since`: stored events from the disk, then live ones, without a gap or a repeat.
//!
//! The client is not on the bus while stored events are read for it. Once it has them all, the bus
//! adds it in the same step, under one lock, that checks that no event was sent since, so that no
//! event is lost or sent twice.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::task::JoinHandle;

use crate::{
    gateway::{Gateway, clients::handle::ClientHandle},
    protocol::topic::Topic,
    store::{StoreError, StoredEvent},
};

/// Events read from the disk at a time.
const CHUNK: usize = 256;

/// Bytes read from the disk at a time, about.
const CHUNK_BYTES: usize = 256 * 1024;

/// The replay of one `subscribe`: from the sequence number it named to the last event sent.
pub(super) struct Replay {
    pub(super) topics: Vec<Topic>,
    /// False until the answer to its `subscribe` is out.
    pub(super) released: bool,
    cursor: u64,
    head: u64,
    reading: Option<JoinHandle<Result<Vec<StoredEvent>, StoreError>>>,
    read: VecDeque<StoredEvent>,
}

/// One step of a replay.
pub(super) enum ReplayStep {
    /// Send this event.
    Event(Box<StoredEvent>),
    /// Caught up; the client is on the bus.
    Done,
    /// The stored events cannot be read.
    Failed(String),
}

impl Replay {
    /// Replays for `topics` what was stored after `since`.
    pub(super) fn new(topics: Vec<Topic>, since: u64) -> Self {
        Self {
            topics,
            released: false,
            cursor: since,
            head: since,
            reading: None,
            read: VecDeque::new(),
        }
    }

    /// The next event, or the end. The loop has three states: events of the last chunk to hand out, a
    /// chunk being read, or none of both; then either the bus takes the client, or the next is read.
    pub(super) fn poll_step(
        &mut self,
        cx: &mut Context<'_>,
        gateway: &Gateway,
        handle: &Arc<ClientHandle>,
    ) -> Poll<ReplayStep> {
        loop {
            while let Some(event) = self.read.pop_front() {
                self.cursor = event.seq;
                if self.wants(&event) {
                    return Poll::Ready(ReplayStep::Event(Box::new(event)));
                }
            }
            if let Some(reading) = &mut self.reading {
                let read = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                match read {
                    Ok(Ok(events)) => self.take(events),
                    Ok(Err(error)) => return Poll::Ready(ReplayStep::Failed(error.to_string())),
                    Err(error) => return Poll::Ready(ReplayStep::Failed(error.to_string())),
                }
            } else if gateway
                .listeners
                .bus
                .subscribe(handle, &self.topics, Some(self.cursor))
            {
                return Poll::Ready(ReplayStep::Done);
            } else {
                self.read_on(gateway);
            }
        }
    }

    fn wants(&self, event: &StoredEvent) -> bool {
        self.topics
            .iter()
            .any(|topic| topic.covers_message(event.name().as_str(), &event.message))
    }

    fn read_on(&mut self, gateway: &Gateway) {
        let (store, cursor) = (gateway.store.clone(), self.cursor);
        self.head = gateway.listeners.bus.last_seq();
        self.reading = Some(tokio::task::spawn_blocking(move || {
            store.events_after(cursor, CHUNK, CHUNK_BYTES)
        }));
    }

    /// Events that are on disk but not yet on the bus are dropped here: they come with the next chunk,
    /// or live. Where nothing is left (it was pruned), the cursor moves to the head.
    fn take(&mut self, mut events: Vec<StoredEvent>) {
        events.retain(|event| event.seq <= self.head);
        if events.is_empty() {
            self.cursor = self.cursor.max(self.head);
        }
        self.read = events.into();
    }
}
