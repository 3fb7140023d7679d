//! `subscribe` with `since`: stored events from the disk, then live ones, without a gap or a repeat.
//!
//! The client is not on the bus while stored events are read for it. Once it has them all, the bus
//! adds it in the same step, under one lock, that checks that no event was sent since, so that no
//! event is lost or sent twice.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use tokio::{sync::Semaphore, task::JoinHandle};

#[cfg(feature = "nats")]
use super::elsewhere::Elsewhere;
use crate::{
    gateway::{
        Gateway,
        clients::{cursors::Since, handle::ClientHandle},
    },
    protocol::topic::Topic,
    store::{Store, StoreError, StoredEvent},
};

/// Events read from the disk at a time.
const CHUNK: usize = 256;

/// Bytes read from the disk at a time, about: as many where few replays are under way, down to as few
/// where many are.
const MAX_CHUNK_BYTES: usize = 256 * 1024;
const MIN_CHUNK_BYTES: usize = 4 * 1024;

/// Bytes that all replays together hold of what they read, about.
const MAX_HELD: usize = 8 << 20;

/// The part of what is free that one chunk takes.
const CHUNK_PART: usize = 16;

/// Chunks read at a time. Each read takes a thread, and the disk serves one after the other anyway.
const MAX_READS: usize = 2;

/// What an event takes in memory besides its texts, about.
const EVENT_WEIGHT: usize = 512;

/// What bounds the replays of one gateway together, however many clients come back at the same time.
#[derive(Debug)]
pub(in crate::gateway) struct ReplayBounds {
    held: AtomicUsize,
    reads: Semaphore,
}

impl Default for ReplayBounds {
    fn default() -> Self {
        Self {
            held: AtomicUsize::new(0),
            reads: Semaphore::new(MAX_READS),
        }
    }
}

impl ReplayBounds {
    /// Reads the next events after `seq`, in its turn.
    pub(in crate::gateway) async fn read(
        self: &Arc<Self>,
        store: &Store,
        seq: u64,
    ) -> Result<Chunk, StoreError> {
        // Never closed, so always had in the end.
        let _turn = self.reads.acquire().await;
        let bytes = self.chunk_bytes();
        let read = store.run_blocking(move |store| store.events_after(seq, CHUNK, bytes));
        Ok(Chunk::new(read.await?, Arc::clone(self)))
    }

    fn chunk_bytes(&self) -> usize {
        let free = MAX_HELD.saturating_sub(self.held.load(Relaxed));
        (free / CHUNK_PART).clamp(MIN_CHUNK_BYTES, MAX_CHUNK_BYTES)
    }
}

/// A chunk that was read, counted while any of it is there.
pub(in crate::gateway) struct Chunk {
    /// The oldest first.
    pub(in crate::gateway) events: VecDeque<StoredEvent>,
    bounds: Arc<ReplayBounds>,
    bytes: usize,
}

impl Chunk {
    fn new(events: Vec<StoredEvent>, bounds: Arc<ReplayBounds>) -> Self {
        let weight = |event: &StoredEvent| EVENT_WEIGHT + event.message.text.len();
        let bytes = events.iter().map(weight).sum();
        bounds.held.fetch_add(bytes, Relaxed);
        Self {
            events: events.into(),
            bounds,
            bytes,
        }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.bounds.held.fetch_sub(self.bytes, Relaxed);
    }
}

/// The replay of one `subscribe`: from the sequence number it named to the last event sent.
pub(super) struct Replay {
    pub(super) topics: Vec<Topic>,
    /// False until the answer to its `subscribe` is out.
    pub(super) released: bool,
    cursor: u64,
    head: u64,
    /// Where it begins, where that is not known yet.
    #[cfg(feature = "nats")]
    elsewhere: Option<Elsewhere>,
    reading: Option<JoinHandle<Result<Chunk, StoreError>>>,
    read: Option<Chunk>,
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
    #[cfg_attr(
        not(feature = "nats"),
        expect(
            clippy::infallible_destructuring_match,
            reason = "in a cluster there are two"
        )
    )]
    pub(super) fn new(topics: Vec<Topic>, since: Since) -> Self {
        let since = match since {
            Since::Seq(seq) => seq,
            #[cfg(feature = "nats")]
            Since::Elsewhere(cursor) => {
                return Self {
                    elsewhere: Some(Elsewhere::new(cursor)),
                    ..Self::new(topics, Since::Seq(0))
                };
            }
        };
        Self {
            #[cfg(feature = "nats")]
            elsewhere: None,
            topics,
            released: false,
            cursor: since,
            head: since,
            reading: None,
            read: None,
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
        #[cfg(feature = "nats")]
        if let Some(elsewhere) = &mut self.elsewhere {
            match ready!(elsewhere.poll_begin(cx, gateway, handle)) {
                Ok(since) => (self.cursor, self.head) = (since, since),
                Err(why) => return Poll::Ready(ReplayStep::Failed(why)),
            }
            self.elsewhere = None;
        }
        let cursors = &gateway.listeners.bus.cursors;
        loop {
            while let Some(event) = self.next_read() {
                self.cursor = event.seq;
                let conversation = (&*event.message.channel, &*event.message.peer);
                let hears = || handle.access().hears(event.name(), Some(conversation));
                if self.wants(&event) && hears() && !cursors.was_heard(handle, &event) {
                    return Poll::Ready(ReplayStep::Event(Box::new(event)));
                }
            }
            self.read = None;
            if let Some(reading) = &mut self.reading {
                let read = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                match read {
                    Ok(Ok(chunk)) => self.take(chunk),
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

    fn next_read(&mut self) -> Option<StoredEvent> {
        self.read.as_mut()?.events.pop_front()
    }

    fn wants(&self, event: &StoredEvent) -> bool {
        self.topics
            .iter()
            .any(|topic| topic.covers_message(event.name().as_str(), &event.message))
    }

    fn read_on(&mut self, gateway: &Gateway) {
        let (store, cursor) = (gateway.store.clone(), self.cursor);
        let bounds = Arc::clone(&gateway.replays);
        self.head = gateway.listeners.bus.last_seq();
        // A task of its own: a session that is blocked by its client is not polled, and would keep the
        // turn from the others.
        self.reading = Some(tokio::spawn(
            async move { bounds.read(&store, cursor).await },
        ));
    }

    /// Events that are on disk but not yet on the bus are dropped here: they come with the next chunk,
    /// or live. Where nothing is left (it was pruned), the cursor moves to the head.
    fn take(&mut self, mut chunk: Chunk) {
        chunk.events.retain(|event| event.seq <= self.head);
        if chunk.events.is_empty() {
            self.cursor = self.cursor.max(self.head);
        }
        self.read = Some(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{message::Message, store::Occasion};

    fn event(text: String) -> StoredEvent {
        let message = Message {
            text,
            ..Message::sample("webchat", "ana")
        };
        StoredEvent {
            seq: 1,
            occasion: Occasion::State,
            message,
        }
    }

    fn chunk(bounds: &Arc<ReplayBounds>, bytes: usize) -> Chunk {
        Chunk::new(vec![event("x".repeat(bytes))], Arc::clone(bounds))
    }

    #[test]
    fn the_more_replays_hold_the_less_each_reads_at_a_time() {
        let bounds = Arc::new(ReplayBounds::default());
        assert_eq!(bounds.chunk_bytes(), MAX_CHUNK_BYTES);
        let half = chunk(&bounds, MAX_HELD / 2);
        assert!(bounds.chunk_bytes() <= MAX_HELD / 2 / CHUNK_PART);
        let rest = chunk(&bounds, MAX_HELD / 2);
        assert_eq!(bounds.chunk_bytes(), MIN_CHUNK_BYTES);
        drop((half, rest));
        assert_eq!(bounds.chunk_bytes(), MAX_CHUNK_BYTES);
    }
}
