//! What the store is asked for: plain values, no behaviour.
//!
//! Not here: what it answers (`answer`).

use std::{str::FromStr, time::Duration};

use serde_json::Value;

use crate::{
    message::{ConversationSet, Kind, MessageId, State},
    words::WordQuery,
};

/// A message to be sent.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The integration to send it through.
    pub channel: String,
    /// The address on that channel.
    pub peer: String,
    /// What it is; a file need not say so.
    pub kind: Kind,
    /// The text; may be empty where there is media.
    pub text: String,
    /// What a kind without words says.
    pub content: Option<Value>,
    /// Media by reference.
    pub media: Option<Value>,
    /// The id of the message it answers.
    pub reply_to: Option<String>,
    /// Arbitrary data to be kept with it.
    pub meta: Option<Value>,
    /// Makes repeats of the same request harmless for seven days.
    pub idempotency_key: Option<String>,
    /// When to send it; none for at once.
    pub at: Option<SendAt>,
}

/// When a message is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendAt {
    /// The wall clock's time, in ms since 1970.
    pub at_ms: u64,
    /// How much later it may still go out, in ms; then it has failed.
    pub grace_ms: u64,
}

/// A message that a service delivered.
#[derive(Debug, Clone, Default)]
pub struct Inbound {
    /// The integration that received it.
    pub channel: String,
    /// The conversation it belongs to.
    pub peer: String,
    /// Who wrote it, where that is not the peer.
    pub sender: Option<String>,
    /// What it is; a file need not say so.
    pub kind: Kind,
    /// The text, readable also where the kind has no words.
    pub text: String,
    /// What a kind without words says.
    pub content: Option<Value>,
    /// Media by reference.
    pub media: Option<Value>,
    /// The id of the message it answers.
    pub reply_to: Option<String>,
    /// Arbitrary data to be kept with it.
    pub meta: Option<Value>,
    /// The service's own id of it, unique within the channel: repeats within seven days are
    /// recognised by it.
    pub dedup_key: Option<String>,
}

/// What became of a message after it was stored, besides its state.
#[derive(Debug, Clone, PartialEq)]
pub enum Revision {
    /// It says something else now.
    Edited {
        /// The new text.
        text: String,
        /// What a kind without words says now.
        content: Option<Value>,
    },
    /// It was deleted for everyone.
    Deleted,
    /// Its files are these now: one was fetched, could not be, or is fetched again.
    Media(Value),
}

/// A change of an outgoing message.
#[derive(Debug, Clone)]
pub struct StatusUpdate {
    /// The new state. Repeating `queued` or `sending` reports another attempt.
    pub state: State,
    /// How often delivery was tried; `None` leaves the count.
    pub attempts: Option<u32>,
    /// Why the last attempt failed; `None` clears it.
    pub error: Option<String>,
    /// After how long to try again; `None` leaves the time. If nothing else changes, the message is
    /// only postponed and there is no event.
    pub retry_in: Option<Duration>,
}

impl StatusUpdate {
    /// An update of the state alone.
    pub fn to(state: State) -> Self {
        Self {
            state,
            attempts: None,
            error: None,
            retry_in: None,
        }
    }
}

/// The parts of a long text that a service has accepted, while it has not accepted all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcceptedParts {
    /// How many, counted from the first.
    pub accepted: usize,
    /// The names the service gave to them.
    pub references: Vec<String>,
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
    /// Only newer ones. Reverses the paging: the page starts with the oldest of them.
    pub after: Option<MessageId>,
    /// Only of these conversations. A page then ends where as many messages were looked at as a search may.
    pub within: Option<ConversationSet>,
    /// Only those whose text contains this one, ignoring case.
    pub contains: Option<String>,
    /// Only those that have these words; not together with `contains`.
    pub words: Option<WordQuery>,
    /// At most this many (at least one).
    pub limit: usize,
    /// The page ends with the message that reaches this many bytes, counted as stored.
    pub max_bytes: usize,
    /// With `contains` or `words`: the page ends once this many messages have been searched (at least one).
    pub max_searched: usize,
    /// With either: the page ends when those searched reach this many bytes, counted as stored.
    pub max_searched_bytes: usize,
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self {
            channel: None,
            peer: None,
            before: None,
            after: None,
            within: None,
            contains: None,
            words: None,
            limit: 50,
            max_bytes: 256 * 1024,
            max_searched: 20_000,
            max_searched_bytes: 64 * 1024 * 1024,
        }
    }
}

/// Which conversations to list.
#[derive(Debug, Clone)]
pub struct ConversationQuery {
    /// Only of this channel.
    pub channel: Option<String>,
    /// Only these.
    pub within: Option<ConversationSet>,
    /// Only those of this sort.
    pub only: Option<ConversationSort>,
    /// Only those whose newest message is older.
    pub before: Option<MessageId>,
    /// At most this many (at least one).
    pub limit: usize,
    /// The page ends with the conversation whose last message reaches this many bytes, as stored.
    pub max_bytes: usize,
}

/// A sort of conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationSort {
    /// The user pinned them.
    Pinned,
    /// They are put away.
    Archived,
    /// Something in them is unread, or the user marked them so.
    Unread,
    /// Several people write in them.
    Groups,
}

impl ConversationSort {
    /// Every sort.
    pub const ALL: [Self; 4] = [Self::Pinned, Self::Archived, Self::Unread, Self::Groups];

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Archived => "archived",
            Self::Unread => "unread",
            Self::Groups => "groups",
        }
    }
}

impl FromStr for ConversationSort {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|sort| sort.as_str() == text).ok_or(())
    }
}

/// What to change in how a conversation is kept; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlagsUpdate {
    /// Whether it is among the first.
    pub pinned: Option<bool>,
    /// Whether it is put away.
    pub archived: Option<bool>,
    /// Whether nobody is notified of its messages.
    pub muted: Option<bool>,
    /// Whether it is to be read again.
    pub unread: Option<bool>,
}
