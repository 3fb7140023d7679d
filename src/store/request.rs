//! What is asked of the store and what it answers: plain values, no behaviour.

use serde_json::Value;

use crate::{
    message::{Message, MessageId, State},
    protocol::describe::{EventName, event},
};

/// A message somebody wants sent.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The integration to send it through.
    pub channel: String,
    /// The address on that channel.
    pub peer: String,
    /// The text; may be empty where there is media.
    pub text: String,
    /// Media by reference.
    pub media: Option<Value>,
    /// The id of the message it answers.
    pub reply_to: Option<String>,
    /// Whatever is to be kept with it.
    pub meta: Option<Value>,
    /// Makes repeats of the same request harmless for seven days.
    pub idempotency_key: Option<String>,
}

/// A message a service brought.
#[derive(Debug, Clone, Default)]
pub struct Inbound {
    /// The integration that received it.
    pub channel: String,
    /// The conversation it belongs to.
    pub peer: String,
    /// Who wrote it, where that is not the peer.
    pub sender: Option<String>,
    /// The text; may be empty where there is media.
    pub text: String,
    /// Media by reference.
    pub media: Option<Value>,
    /// The id of the message it answers.
    pub reply_to: Option<String>,
    /// Whatever is to be kept with it.
    pub meta: Option<Value>,
    /// The service's own identity of it, unique within the channel: a repeat within seven days is
    /// recognised.
    pub dedup_key: Option<String>,
}

/// News about an outgoing message.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it stands now. The same `queued` or `sending` again reports another attempt.
    pub state: State,
    /// How often delivery was tried; `None` leaves the count.
    pub attempts: Option<u32>,
    /// Why the last attempt failed; `None` clears it.
    pub error: Option<String>,
    /// When to try again; `None` leaves the time. Alone, with the state unchanged, it is a mere
    /// postponement and makes no event.
    pub due_ms: Option<u64>,
}

impl Step {
    /// The state alone.
    pub fn to(state: State) -> Self {
        Self {
            state,
            attempts: None,
            error: None,
            due_ms: None,
        }
    }
}

/// How much of a text in parts a service has taken, while it has not taken all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Parts accepted, from the first on.
    pub accepted: usize,
    /// The names the service gave to them.
    pub references: Vec<String>,
}

/// The answer to a [`Draft`].
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// The message as it stands.
    pub message: Message,
    /// Whether an earlier request with the same key had already queued it.
    pub duplicate: bool,
}

/// The answer to an [`Inbound`].
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
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
    pub fn name(&self) -> EventName<'static> {
        match self.message.state {
            State::Received => event::MESSAGE_RECEIVED,
            _ => event::MESSAGE_STATUS,
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

/// Which messages to list.
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    /// Only this channel.
    pub channel: Option<String>,
    /// Only this conversation; needs its channel.
    pub peer: Option<String>,
    /// Only older ones.
    pub before: Option<MessageId>,
    /// Only younger ones. Turns the paging round: oldest first from here.
    pub after: Option<MessageId>,
    /// Only those whose text contains this one, whatever the case of its letters.
    pub contains: Option<String>,
    /// At most so many (at least one).
    pub limit: usize,
    /// The page ends with the message that reaches so many bytes, counted as stored.
    pub max_bytes: usize,
    /// With `contains`: the page ends when so many messages were looked at (at least one).
    pub max_searched: usize,
    /// With `contains`: and when those looked at reach so many bytes, counted as stored.
    pub max_searched_bytes: usize,
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self {
            channel: None,
            peer: None,
            before: None,
            after: None,
            contains: None,
            limit: 50,
            max_bytes: 256 * 1024,
            max_searched: 20_000,
            max_searched_bytes: 64 * 1024 * 1024,
        }
    }
}

/// A page of history.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Newest last.
    pub messages: Vec<Message>,
    /// Where the next page starts: to be passed as `before`, or as `after` where that was given.
    /// `None` on the last page. A search may have found nothing yet and go on there.
    pub next: Option<MessageId>,
}

/// How the store fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
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
