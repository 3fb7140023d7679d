//! The bounded mailbox of one client: frames that wait for its session to write them, what was left out
//! because it reads too slowly, and why the client must be closed.
//!
//! Half of the room is kept for what must not be lost; only the other half is open to events that may be
//! left out and to frames that can wait for room.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Waker},
};

use tokio::sync::mpsc;

use crate::{clock, protocol::error_code::close};

/// Room for the items of most batches.
const USUAL_BATCH: usize = 8;

/// A whole WebSocket frame, shared by all who get it.
pub(in crate::gateway) type Frame = Arc<[u8]>;

/// Frames, markers, and what became of those that did not fit.
#[derive(Debug)]
pub(super) struct Mailbox {
    items: VecDeque<MailItem>,
    max_bytes: usize,
    bytes: usize,
    lag: Option<Lag>,
    overflown: bool,
    /// Code and reason to close with once everything queued is out.
    dismissal: Option<(u16, &'static str)>,
    waker: Option<Waker>,
}

/// Something for the session to write, or to do once all before it is written.
#[derive(Debug)]
pub enum MailItem {
    /// To be written.
    Frame(Frame),
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
pub enum Mail {
    /// Nothing (more).
    Empty,
    /// Frames were moved out.
    Some,
    /// The client must go: close with this code and reason.
    Close(u16, &'static str),
}

impl Mailbox {
    /// Empty, with room for `max_bytes`.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            items: VecDeque::new(),
            max_bytes,
            bytes: 0,
            lag: None,
            overflown: false,
            dismissal: None,
            waker: None,
        }
    }

    /// Bytes that wait for the session.
    pub(super) fn queued_bytes(&self) -> usize {
        self.bytes
    }

    /// The longest frame that may be queued ever, in bytes.
    pub(super) fn room(&self) -> usize {
        self.max_bytes
    }

    /// A frame that must not be lost: when it does not fit, the client is dropped. Whether it was
    /// queued.
    pub(super) fn push(&mut self, frame: Frame) -> bool {
        self.overflown |= self.load() + frame.len() > self.max_bytes;
        let fits = !self.overflown;
        if fits {
            self.add(frame);
        } else {
            self.wake();
        }
        fits
    }

    /// A frame that may wait for room. It is let in alone where it needs more than half of the room.
    /// Whether it was queued.
    pub(super) fn push_fitting(&mut self, frame: Frame) -> bool {
        let load = self.load();
        let fits = load + frame.len() <= self.max_bytes / 2
            || (load == 0 && frame.len() <= self.max_bytes);
        if fits {
            self.add(frame);
        }
        fits
    }

    /// A frame that may be left out when half of the room is taken. Once one is left out, those behind
    /// it are too until the session has emptied the queue and sent `lagged`, so that what is missing is
    /// one stretch. A client that takes nothing while the other half would have filled is dropped. Whether it was
    /// queued.
    pub(super) fn push_droppable(&mut self, frame: &Frame) -> bool {
        let fits = self.lag.is_none() && self.bytes + frame.len() <= self.max_bytes / 2;
        if fits {
            self.add(Arc::clone(frame));
        } else {
            self.leave_out(frame.len());
            self.overflown |= self.load() > self.max_bytes;
            self.wake();
        }
        fits
    }

    /// Queues a marker.
    pub(super) fn mark(&mut self, fired: mpsc::Sender<()>) {
        self.queue(MailItem::Marker(fired));
    }

    /// Closes the connection after what is queued and a last frame. The first reason stays.
    pub(super) fn dismiss(&mut self, frame: Option<Frame>, code: u16, reason: &'static str) {
        if let Some(frame) = frame {
            self.add(frame);
        }
        self.dismissal.get_or_insert((code, reason));
        self.wake();
    }

    /// Moves queued items to `take` until about `room` bytes are moved, and reports what was left out
    /// once the queue is empty. The session is woken when more comes.
    pub(super) fn drain(
        &mut self,
        cx: &Context<'_>,
        room: usize,
        take: impl FnMut(MailItem),
        lagged: impl FnOnce(Lag),
    ) -> Mail {
        if self.overflown {
            self.items = VecDeque::new();
            return Mail::Close(
                close::SLOW_CONSUMER,
                "slow consumer: the queue of unread frames is full",
            );
        }
        // Its place is another's already, or its key is no longer good: what waits for it is not written any more.
        if let Some((code @ (close::TRY_AGAIN_LATER | close::FORBIDDEN), reason)) = self.dismissal {
            self.items = VecDeque::new();
            return Mail::Close(code, reason);
        }
        let (mut moved, room) = self.take_items(room, take);
        if room > 0
            && self.items.is_empty()
            && let Some(lag) = self.lag.take()
        {
            lagged(lag);
            moved = true;
        }
        if self.items.is_empty() {
            if let Some((code, reason)) = self.dismissal {
                return Mail::Close(code, reason);
            }
            if !moved {
                self.release();
            }
        }
        self.keep_waker(cx);
        if moved { Mail::Some } else { Mail::Empty }
    }

    /// Whether anything was moved, and how much of the room is left.
    fn take_items(&mut self, mut room: usize, mut take: impl FnMut(MailItem)) -> (bool, usize) {
        let mut moved = false;
        while room > 0
            && let Some(item) = self.items.pop_front()
        {
            moved = true;
            if let MailItem::Frame(frame) = &item {
                self.bytes -= frame.len();
                room = room.saturating_sub(frame.len());
            }
            take(item);
        }
        (moved, room)
    }

    fn keep_waker(&mut self, cx: &Context<'_>) {
        let known = self.waker.as_ref();
        if known.is_none_or(|waker| !waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    /// What waits, plus what was left out since the client last emptied its queue.
    fn load(&self) -> usize {
        self.bytes + self.lag.map_or(0, |lag| lag.bytes)
    }

    fn add(&mut self, frame: Frame) {
        self.bytes += frame.len();
        self.queue(MailItem::Frame(frame));
    }

    /// Only the first item of a batch wakes the session: it comes back by itself while it leaves any.
    #[inline]
    fn queue(&mut self, item: MailItem) {
        if self.items.is_empty() {
            self.begin_batch();
        }
        self.items.push_back(item);
    }

    #[cold]
    fn begin_batch(&mut self) {
        self.items.reserve(USUAL_BATCH);
        self.wake();
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
