//! One client as the rest of the house sees it: who it is, what it wants to hear, and a bounded
//! mailbox of frames that its session writes out.

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Waker},
};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{
    clock,
    integrations::bridge::BridgeLease,
    protocol::{error_code::close, frame::Dialect, topic::Topic},
};

/// What a client says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Free text, such as `phone`.
    pub name: Option<String>,
    /// `cli`, `webchat`, `agent`, `mobile` or `integration`.
    pub kind: Option<String>,
    /// Of the client.
    pub version: Option<String>,
}

/// A connected client.
#[derive(Debug)]
pub struct ClientHandle {
    /// Shown as `c-3`.
    pub id: u64,
    /// Where it came from.
    pub address: SocketAddr,
    /// When it connected, ms since 1970.
    pub since_ms: u64,
    /// How events are written for it.
    pub dialect: Dialect,
    /// Commands taken from it.
    pub received: AtomicU64,
    /// Frames given to it: answers and events.
    pub sent: AtomicU64,
    present: AtomicBool,
    max_bytes: usize,
    mailbox: Mutex<Mailbox>,
    /// The channel whose bridge it is, where it is one.
    lease: Mutex<Option<Arc<BridgeLease>>>,
}

#[derive(Debug, Default)]
struct Mailbox {
    identity: Identity,
    topics: Vec<Topic>,
    items: VecDeque<Item>,
    bytes: usize,
    lag: Option<Lag>,
    overflown: bool,
    /// Code and reason to close with once everything queued is out.
    dismissal: Option<(u16, &'static str)>,
    waker: Option<Waker>,
    departure: Option<String>,
}

/// Something for the session to write, or to do once all before it is written.
#[derive(Debug)]
pub enum Item {
    /// A whole frame, shared by all who get it.
    Frame(Bytes),
    /// Fires when the socket has taken everything queued before it.
    Marker(mpsc::Sender<()>),
}

/// Unstored events that were left out because the client was too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// How many.
    pub dropped: u64,
    /// Bytes of them.
    bytes: usize,
    /// When the first was, ms since 1970.
    pub from_ms: u64,
    /// When the last was, ms since 1970.
    pub to_ms: u64,
}

/// What the session finds when it looks into the mailbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing (more).
    Empty,
    /// Frames were moved out.
    Some,
    /// The client must go: close with this code and reason.
    Close(u16, &'static str),
}

impl ClientHandle {
    /// A link with an empty mailbox of `max_bytes`.
    pub fn new(id: u64, address: SocketAddr, dialect: Dialect, max_bytes: usize) -> Self {
        Self {
            id,
            address,
            since_ms: clock::now_ms(),
            dialect,
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            present: AtomicBool::new(false),
            max_bytes,
            mailbox: Mutex::default(),
            lease: Mutex::default(),
        }
    }

    /// `c-3`.
    pub fn name(&self) -> String {
        format!("c-{}", self.id)
    }

    /// The client authenticated; true the first time.
    pub fn enter(&self) -> bool {
        !self.present.swap(true, Ordering::Relaxed)
    }

    /// Whether the client authenticated.
    pub fn is_present(&self) -> bool {
        self.present.load(Ordering::Relaxed)
    }

    /// Remembers why the session ended.
    pub fn leave_because(&self, reason: &str) {
        self.mailbox().departure = Some(reason.to_owned());
    }

    /// Why an authenticated client left; `None` for one that never came in.
    pub fn departure(&self) -> Option<String> {
        let fault = || "a fault in its session".to_owned();
        self.is_present()
            .then(|| self.mailbox().departure.take().unwrap_or_else(fault))
    }

    /// Closes the connection behind what is queued and a last frame.
    pub fn dismiss(&self, frame: Option<Bytes>, code: u16, reason: &'static str) {
        let mut mailbox = self.mailbox();
        if let Some(frame) = frame {
            mailbox.add(frame);
        }
        mailbox.dismissal.get_or_insert((code, reason));
        mailbox.wake();
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame that must not be lost: when it does not fit, the client is dropped.
    pub fn push(&self, frame: Bytes) {
        let mut mailbox = self.mailbox();
        mailbox.overflown |= mailbox.load() + frame.len() > self.max_bytes;
        if !mailbox.overflown {
            mailbox.add(frame);
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        mailbox.wake();
    }

    /// Queues a frame that may wait for room: half of the queue is kept for what cannot. It is let in
    /// alone where it needs more than that. False where it was not queued.
    pub fn push_fitting(&self, frame: Bytes) -> bool {
        let mut mailbox = self.mailbox();
        let load = mailbox.load();
        let fits = load + frame.len() <= self.max_bytes / 2
            || (load == 0 && frame.len() <= self.max_bytes);
        if fits {
            mailbox.add(frame);
            self.sent.fetch_add(1, Ordering::Relaxed);
            mailbox.wake();
        }
        fits
    }

    /// Whether a frame of this length may be queued ever.
    pub fn has_room_for(&self, length: usize) -> bool {
        length <= self.max_bytes
    }

    /// Queues a frame that may be left out when the queue is half full. What is left out is told as
    /// `lagged`; a client that takes nothing while the other half would have filled is dropped.
    /// Returns whether it was queued.
    pub fn push_droppable(&self, frame: Bytes) -> bool {
        let mut mailbox = self.mailbox();
        let fits = mailbox.lag.is_none() && mailbox.bytes + frame.len() <= self.max_bytes / 2;
        if fits {
            mailbox.add(frame);
            self.sent.fetch_add(1, Ordering::Relaxed);
        } else {
            mailbox.leave_out(frame.len());
            mailbox.overflown |= mailbox.load() > self.max_bytes;
        }
        mailbox.wake();
        fits
    }

    /// Queues a marker: `fired` is sent to when the socket took everything before it, and dropped
    /// where the client leaves first.
    pub fn mark(&self, fired: mpsc::Sender<()>) {
        let mut mailbox = self.mailbox();
        mailbox.items.push_back(Item::Marker(fired));
        mailbox.wake();
    }

    /// Moves queued items to `take` until about `room` bytes are moved, and tells what was left out
    /// once the queue is empty. The session is woken when more comes.
    pub fn drain(
        &self,
        cx: &Context<'_>,
        mut room: usize,
        mut take: impl FnMut(Item),
        lagged: impl FnOnce(Lag),
    ) -> Taken {
        let mut mailbox = self.mailbox();
        if mailbox.overflown {
            mailbox.items = VecDeque::new();
            return Taken::Close(
                close::SLOW_CONSUMER,
                "slow consumer: the queue of unread frames is full",
            );
        }
        let mut taken = Taken::Empty;
        while room > 0
            && let Some(item) = mailbox.items.pop_front()
        {
            taken = Taken::Some;
            if let Item::Frame(frame) = &item {
                mailbox.bytes -= frame.len();
                room = room.saturating_sub(frame.len());
            }
            take(item);
        }
        if room > 0
            && mailbox.items.is_empty()
            && let Some(lag) = mailbox.lag.take()
        {
            lagged(lag);
            taken = Taken::Some;
        }
        if mailbox.items.is_empty() {
            if let Some((code, reason)) = mailbox.dismissal {
                return Taken::Close(code, reason);
            }
            if taken == Taken::Empty {
                mailbox.release();
            }
        }
        if mailbox
            .waker
            .as_ref()
            .is_none_or(|waker| !waker.will_wake(cx.waker()))
        {
            mailbox.waker = Some(cx.waker().clone());
        }
        taken
    }

    /// Bytes that wait for the session.
    pub fn queued_bytes(&self) -> usize {
        self.mailbox().bytes
    }

    /// What it holds as a bridge.
    pub fn lease(&self) -> Option<Arc<BridgeLease>> {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        lease.clone()
    }

    /// Holds another channel, or none; the one before is given up.
    pub fn holds_now(&self, lease: Option<BridgeLease>, why: &str) {
        let mut slot = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *slot, lease.map(Arc::new));
        drop(slot);
        if let Some(before) = before {
            before.release(why);
        }
    }

    /// What the client said of itself.
    pub fn identity(&self) -> Identity {
        self.mailbox().identity.clone()
    }

    /// Takes what the client says of itself.
    pub fn identify(&self, identity: Identity) {
        self.mailbox().identity = identity;
    }

    /// The topics it hears.
    pub fn topics(&self) -> Vec<Topic> {
        self.mailbox().topics.clone()
    }

    /// Changes the topics.
    pub fn with_topics<T>(&self, change: impl FnOnce(&mut Vec<Topic>) -> T) -> T {
        change(&mut self.mailbox().topics)
    }

    /// Whether it hears events of this name.
    pub fn hears(&self, event: &str) -> bool {
        self.mailbox()
            .topics
            .iter()
            .any(|topic| topic.covers(event))
    }

    /// Whether it hears this event of this conversation.
    pub fn hears_conversation(&self, event: &str, (channel, peer): (&str, &str)) -> bool {
        self.mailbox()
            .topics
            .iter()
            .any(|topic| topic.covers_conversation(event, channel, peer))
    }

    /// Whether it asked for this one conversation.
    pub fn attends(&self, channel: &str, peer: &str) -> bool {
        self.mailbox()
            .topics
            .iter()
            .any(|topic| topic.singles_out(channel, peer))
    }
}

impl Mailbox {
    /// What waits, plus what was left out since the client last emptied its queue.
    fn load(&self) -> usize {
        self.bytes + self.lag.map_or(0, |lag| lag.bytes)
    }

    fn add(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.items.push_back(Item::Frame(frame));
    }

    fn leave_out(&mut self, bytes: usize) {
        let now = clock::now_ms();
        let lag = self.lag.get_or_insert(Lag {
            dropped: 0,
            bytes: 0,
            from_ms: now,
            to_ms: now,
        });
        lag.dropped += 1;
        lag.bytes += bytes;
        lag.to_ms = now;
    }

    /// An idle client holds no memory for a burst that is over.
    fn release(&mut self) {
        if self.items.capacity() > 0 {
            self.items = VecDeque::new();
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}
