//! What the store answers: plain values, no behaviour.
//!
//! Not here: errors (`error`).

use std::{collections::BTreeMap, time::Duration};

use crate::{
    message::{Kind, MediaId, Message, MessageId, State},
    protocol::describe::{EventName, event},
};

/// The answer to a draft.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedMessage {
    /// The message as it stands.
    pub message: Message,
    /// Whether an earlier request with the same key had already queued it.
    pub duplicate: bool,
}

/// The answer to an incoming message.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedMessage {
    /// The message as it was stored first.
    pub message: Message,
    /// Whether it was stored before: it must not be processed again.
    pub duplicate: bool,
}

/// What a stored event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The message reached its state.
    State,
    /// Its author changed it.
    Edited,
    /// Its author deleted it.
    Deleted,
    /// One of its files was fetched, could not be, or is fetched again.
    Media,
}

/// One stored event: a message as it was when something happened to it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its sequence number, strictly increasing across restarts.
    pub seq: u64,
    /// What happened.
    pub occasion: Occasion,
    /// The message at that moment.
    pub message: Message,
}

impl StoredEvent {
    /// Whether it is the first of its message, which has its number.
    pub fn is_first(&self) -> bool {
        self.seq == self.message.id.0
    }

    /// The event's name on the wire.
    pub fn name(&self) -> EventName<'static> {
        match (self.occasion, self.message.state) {
            (Occasion::Edited, _) => event::MESSAGE_EDITED,
            (Occasion::Deleted, _) => event::MESSAGE_DELETED,
            (Occasion::Media, _) => event::MESSAGE_MEDIA,
            (Occasion::State, State::Received) => event::MESSAGE_RECEIVED,
            (Occasion::State, _) => event::MESSAGE_STATUS,
        }
    }
}

/// One change in the history of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The sequence number of its stored event.
    pub seq: u64,
    /// What happened.
    pub occasion: Occasion,
    /// The state it reached.
    pub state: State,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// How often delivery had been tried.
    pub attempts: u32,
    /// Why the last attempt had failed.
    pub error: Option<String>,
}

/// How far the index of words is. A search looks through the messages it does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexedWords {
    /// Messages it has.
    pub messages: u64,
    /// What it takes, in bytes.
    pub bytes: u64,
}

/// A page of history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPage {
    /// Newest last.
    pub messages: Vec<Message>,
    /// Where the next page starts: pass it as `before`, or as `after` if that was given. `None` on
    /// the last page. A page of a search may be empty and still have a next one.
    pub next: Option<MessageId>,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its newest message, which names channel and peer.
    pub last: Message,
    /// The newest name that came with a message of the peer.
    pub name: Option<String>,
    /// Messages from the peer after the read mark, among the newest 1,000 of the conversation.
    pub unread: usize,
    /// The read mark.
    pub read_up_to: Option<MessageId>,
    /// How the user keeps it.
    pub flags: ConversationFlags,
}

/// How the user keeps a conversation, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, and on the wire too"
)]
pub struct ConversationFlags {
    /// Among the first.
    pub pinned: bool,
    /// Put away: where it is also muted for good, else until its next message.
    pub archived: bool,
    /// Nobody is notified of its messages.
    pub muted: bool,
    /// To be read again.
    pub unread_mark: bool,
}

/// How a conversation was kept before a change, and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedFlags {
    /// As it was.
    pub before: ConversationFlags,
    /// As it is now.
    pub after: ConversationFlags,
}

/// What a notification says of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationNews {
    /// What it is called, where a message of the peer tells.
    pub name: Option<String>,
    /// Messages from the peer after the read mark, among the newest 1,000 of the conversation.
    pub unread: usize,
    /// Whether nobody is notified.
    pub muted: bool,
}

/// A page of conversations.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversations {
    /// Newest first.
    pub list: Vec<Conversation>,
    /// Pass it as `before` for the next page; `None` on the last.
    pub next: Option<MessageId>,
    /// Whether there are more than 100,000, so that not all were considered.
    pub partial: bool,
}

/// A read mark, before and after a request to move it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadMark {
    /// Where it stood before.
    pub before: Option<MessageId>,
    /// Where it stands.
    pub up_to: MessageId,
    /// How the conversation is kept, where reading it took off a mark that the user had set.
    pub flags: Option<ConversationFlags>,
}

/// The state of the store as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreHealth {
    /// Since when nothing can be stored, in ms since 1970; `None` while the store works.
    pub failing_since_ms: Option<u64>,
    /// Why.
    pub error: Option<String>,
    /// What of the file turned out to be damaged; nothing is written to it any more.
    pub damage: Option<String>,
    /// The size it may have, if it has reached that: no message is taken.
    pub limit_reached: Option<u64>,
    /// Transactions committed since the start.
    pub commits: u64,
    /// Requests carried out by those transactions.
    pub writes: u64,
    /// Requests waiting to be written.
    pub queue_depth: usize,
    /// Messages kept.
    pub messages: u64,
    /// How the wall clock stands to the store's time.
    pub clock: ClockHealth,
}

/// How the wall clock stands to the store's own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockHealth {
    /// How far the wall clock is ahead of where it should be by the store's time, in ms; negative
    /// where it is behind. After a downtime it is ahead until that counts, a day of running later.
    pub ahead_ms: i64,
    /// How often it jumped since the start, as far as that was seen.
    pub jumps: u64,
    /// How far the last time, in ms; negative for backward.
    pub last_jump_ms: i64,
}

impl ClockHealth {
    /// Whether the store goes by the wall clock, give or take a minute.
    pub fn is_believed(&self) -> bool {
        self.ahead_ms.unsigned_abs() <= 60_000
    }
}

/// A kept file, as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRow {
    /// The SHA-256 of its bytes.
    pub id: MediaId,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its type, such as `image/png`.
    pub mime: String,
    /// The name it came with first.
    pub name: Option<String>,
    /// What kind of message it makes.
    pub kind: Kind,
    /// Width and height in pixels, where known.
    pub size: Option<(u32, u32)>,
    /// How long it plays, in seconds, where known.
    pub seconds: Option<u32>,
    /// When it was first kept, in ms since 1970.
    pub created_ms: u64,
    /// The store's time when it was last handed in or referred to, in ms.
    pub seen_ms: u64,
    /// How many messages have it.
    pub references: u64,
    /// Whether the file is not here but on another machine of the cluster: it is fetched when somebody needs it.
    pub is_elsewhere: bool,
    /// What services call their copies of it, by a key that each service chooses.
    pub services: BTreeMap<String, String>,
}

impl MediaRow {
    /// The row of a file that nobody refers to yet; the store sets the times.
    pub fn new(id: MediaId, bytes: u64, mime: &str, kind: Kind) -> Self {
        Self {
            id,
            bytes,
            mime: mime.to_owned(),
            name: None,
            kind,
            size: None,
            seconds: None,
            created_ms: 0,
            seen_ms: 0,
            references: 0,
            is_elsewhere: false,
            services: BTreeMap::new(),
        }
    }

    /// What of its bytes is on this disk.
    pub fn bytes_here(&self) -> u64 {
        if self.is_elsewhere { 0 } else { self.bytes }
    }
}

/// The answer to a file that is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptMedia {
    /// Its row.
    pub row: MediaRow,
    /// Whether it was kept before.
    pub duplicate: bool,
}

/// How many files are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MediaTotals {
    /// Files.
    pub files: u64,
    /// The bytes of all.
    pub bytes: u64,
}

/// A message with a file that is to be fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingFetch {
    /// The message.
    pub message: Message,
    /// How often it was tried.
    pub attempts: u32,
    /// After how long it is tried next.
    pub wait: Duration,
}

/// When a message is tried next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTime {
    /// After this long; zero if it is due.
    pub wait: Duration,
    /// As the wall clock shows it, in ms since 1970.
    pub at_ms: u64,
}

/// What one retention run removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Messages, with their events.
    pub messages: u64,
    /// Idempotency and dedup keys whose seven days were over.
    pub keys: u64,
}
