//! What the store answers: plain values, no behaviour.

use crate::message::{Message, MessageId, State};

/// The answer to a [`Draft`].
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedMessage {
    /// The message as it stands.
    pub message: Message,
    /// Whether an earlier request with the same key had already queued it.
    pub duplicate: bool,
}

/// The answer to an [`Inbound`].
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedMessage {
    /// The message as it was stored first.
    pub message: Message,
    /// Whether it had been stored before: it must not be processed again.
    pub duplicate: bool,
}

/// One stored event: a message as it was when it came to a state.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its sequence number, strictly increasing across restarts.
    pub seq: u64,
    /// The message at that moment.
    pub message: Message,
}

impl StoredEvent {
    /// The event's name on the wire.
    pub fn name(&self) -> &'static str {
        match self.message.state {
            State::Received => "message.received",
            _ => "message.status",
        }
    }
}

/// One step in the life of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The stored event that told of it.
    pub seq: u64,
    /// The state it came to.
    pub state: State,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// How often delivery had been tried.
    pub attempts: u32,
    /// Why the last attempt had failed.
    pub error: Option<String>,
}

/// A page of history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPage {
    /// Newest last.
    pub messages: Vec<Message>,
    /// Where the next page starts: to be passed as `before`, or as `after` where that was given.
    /// `None` on the last page. A search may have found nothing yet and go on there.
    pub next: Option<MessageId>,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its newest message, which names channel and peer.
    pub last: Message,
    /// The newest name that came with a message of the peer.
    pub name: Option<String>,
    /// Messages from the peer behind the read mark, among the newest 1,000 of the conversation.
    pub unread: usize,
    /// The read mark.
    pub read_up_to: Option<MessageId>,
}

/// A page of conversations.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversations {
    /// Newest first.
    pub list: Vec<Conversation>,
    /// To be passed as `before` for the next page; `None` on the last.
    pub next: Option<MessageId>,
    /// Whether there are more than 100,000, of which not all were looked at.
    pub partial: bool,
}

/// What became of a read mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadMark {
    /// Where it stood before.
    pub before: Option<MessageId>,
    /// Where it stands.
    pub up_to: MessageId,
}

/// How the store fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreHealth {
    /// Since when nothing can be stored, in ms since 1970; `None` while all is well.
    pub failing_since_ms: Option<u64>,
    /// Why.
    pub error: Option<String>,
    /// Transactions made durable since the start.
    pub commits: u64,
    /// Requests those transactions carried.
    pub writes: u64,
    /// Requests waiting to be written.
    pub queue_depth: usize,
    /// Messages kept.
    pub messages: u64,
}

/// What one run of the retention removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Messages, with their events.
    pub messages: u64,
    /// Idempotency and dedup keys whose seven days were over.
    pub keys: u64,
}
