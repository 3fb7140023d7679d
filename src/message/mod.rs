//! The message type that all layers share, and the state machine of a message.
//!
//! Not here: storage (`store`) and delivery to a service (`integrations`).

pub mod content;
mod conversations;
mod kind;
pub mod media;
pub mod nesting;
mod session;
mod turn;

use std::{fmt, str::FromStr};

use serde_json::Value;

use self::media::FileState;
pub use self::{
    content::Content,
    conversations::{ConversationSet, Pattern},
    kind::Kind,
    media::MediaId,
    session::{session_name, session_stem},
    turn::{TurnId, TurnState},
};

/// A text in a JSON object; an empty one counts as missing.
pub fn text_at<'a>(json: &'a Value, key: &str) -> Option<&'a str> {
    json.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// What stands there in a JSON object, taken out of it; nothing where it is none. What others sent may be anything.
pub fn take_at(json: &mut Value, key: &str) -> Value {
    json.get_mut(key).map(Value::take).unwrap_or_default()
}

/// Whether a message is of the user's side, from its form on the wire. What the user wrote on the phone is told as one
/// that came in, marked as own.
pub fn is_ours(message: &Value) -> bool {
    message["direction"] != "in" || is_own(message.get("meta"))
}

/// Whether this is the `meta` of what the user wrote on the phone.
pub fn is_own(meta: Option<&Value>) -> bool {
    meta.is_some_and(|meta| meta["own"] == true)
}

/// The direction of a message, seen from the user of this gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From a peer to us.
    In,
    /// From us to a peer.
    Out,
}

impl Direction {
    /// `in` or `out`, as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// The state of a message. Inbound messages are `Received` and stay so.
///
/// Outbound: queued → sending → sent → delivered → read, or `failed` or `cancelled`. A state never goes
/// backwards, however late or often a service reports; the only way out of `failed` is the user's
/// `retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Inbound, stored.
    Received,
    /// In the outbox, not tried yet.
    Queued,
    /// Passed to the integration at least once; not accepted yet, as far as we know.
    Sending,
    /// Accepted by the service.
    Sent,
    /// Reached the peer's device.
    Delivered,
    /// Seen by the peer.
    Read,
    /// Not sent, and not tried again. `error` says why.
    Failed,
    /// Cancelled by the user before it was sent.
    Cancelled,
    /// To be sent at a time of its own; until then in no outbox.
    Scheduled,
}

impl State {
    /// Every state, in the order of the numbers they are stored as.
    pub const ALL: [Self; 9] = [
        Self::Received,
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Cancelled,
        Self::Scheduled,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Scheduled => "scheduled",
        }
    }

    /// Whether `next` is a valid transition: later in the order, and not out of a final state.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued | Self::Sending | Self::Sent | Self::Delivered => {
                let onward = matches!(
                    next,
                    Self::Sending | Self::Sent | Self::Delivered | Self::Read
                );
                (onward && next as u8 > self as u8)
                    || (next == Self::Failed && self != Self::Delivered)
                    || (next == Self::Cancelled && self == Self::Queued)
            }
            Self::Scheduled => matches!(next, Self::Queued | Self::Failed | Self::Cancelled),
            Self::Received | Self::Read | Self::Failed | Self::Cancelled => false,
        }
    }

    /// Whether it failed or was cancelled.
    pub fn is_given_up(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }

    /// Whether it is in no outbox: it needs no more delivery, or none yet.
    pub fn has_left_the_outbox(self) -> bool {
        !matches!(self, Self::Queued | Self::Sending)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The identity of a message, shown as `m-17`. The number is the sequence number of the event that
/// created it, so ids sort by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m-{}", self.0)
    }
}

impl FromStr for MessageId {
    type Err = ();

    /// Parses `m-17`, in exactly the form that is printed.
    fn from_str(text: &str) -> Result<Self, ()> {
        numbered(text, "m-").map(Self)
    }
}

/// The number of an id, in exactly the form that is printed.
fn numbered(text: &str, prefix: &str) -> Result<u64, ()> {
    let digits = text.strip_prefix(prefix).ok_or(())?;
    let plain = !digits.starts_with('+') && (digits == "0" || !digits.starts_with('0'));
    if plain {
        digits.parse().map_err(|_| ())
    } else {
        Err(())
    }
}

/// One message, inbound or outbound, as it was when it was read from the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its identity.
    pub id: MessageId,
    /// Sequence number of the stored event that brought it to this state.
    pub seq: u64,
    /// The integration it belongs to, such as `webchat`.
    pub channel: String,
    /// Inbound or outbound.
    pub direction: Direction,
    /// The conversation: the other side's address on that channel.
    pub peer: String,
    /// Who wrote it, if not the peer itself (a member of a group).
    pub sender: Option<String>,
    /// Its kind.
    pub kind: Kind,
    /// Its text. For kinds with `content`, a readable summary of that.
    pub text: String,
    /// The data of a kind that is not text or a file, in the shape of its [`Content`].
    pub content: Option<Value>,
    /// Its file, or the list of its files, as in [`media`].
    pub media: Option<Value>,
    /// Its state.
    pub state: State,
    /// The service's or our id of the message it replies to.
    pub reply_to: Option<String>,
    /// When it was first stored, in ms since 1970.
    pub created_ms: u64,
    /// When it entered this state, in ms since 1970.
    pub updated_ms: u64,
    /// When it is to be sent, in ms since 1970, while it is scheduled.
    pub at_ms: Option<u64>,
    /// How often delivery was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// Further data of an integration or a client.
    pub meta: Option<Value>,
    /// Its earlier texts, oldest first.
    pub edits: Vec<Edit>,
    /// When its author deleted it, in ms since 1970. It stays in the history.
    pub deleted_ms: Option<u64>,
}

/// How the keys begin of messages that the daemon sends by itself: answers and apologies for turns, what
/// commands of chats ask for and get for a reply, what schedules send. Whoever had one of these first would keep the daemon from
/// sending them.
pub const KEYS_OF_THE_DAEMON: &[&str] = &[
    "turn-t-",
    "apology-t-",
    "command-m-",
    "slash-m-",
    "usage-m-",
    "schedule-",
    // Copies of other nodes' messages.
    #[cfg(feature = "nats")]
    "bus-",
];

/// The field of `meta` that names the node of a cluster that a message comes from, and its id there.
#[cfg(feature = "nats")]
pub const ORIGIN: &str = "origin";

/// The `meta.format` of a text that is written in markdown.
pub const MARKDOWN: &str = "markdown";

impl Message {
    /// Whether its text is written in markdown, to be sent in the dialect of its service.
    pub fn is_markdown(&self) -> bool {
        let meta = self.meta.as_ref();
        meta.is_some_and(|meta| meta["format"] == MARKDOWN)
    }

    /// Whether it was edited or deleted, or one of its files fetched, after it was stored.
    pub fn is_revised(&self) -> bool {
        let mut files = media::files(self.media.as_ref()).iter();
        !self.edits.is_empty()
            || self.deleted_ms.is_some()
            || files.any(|file| FileState::of(file).is_some())
    }

    /// Whether nothing of it has gone out as far as is known, and nobody is sending it now: it was not tried yet, or waits
    /// for its next attempt after one that certainly failed. Parts of it may have gone out before.
    pub fn may_be_withdrawn(&self) -> bool {
        let waits = self.state == State::Sending && self.error.is_some();
        waits || self.state.may_become(State::Cancelled)
    }

    /// Whether a member of the group wrote it that is its peer.
    pub fn is_of_member(&self) -> bool {
        self.sender.as_ref().is_some_and(|one| *one != self.peer)
    }

    /// Whether it is of a group: a member wrote it, or it names the group.
    pub fn is_of_group(&self) -> bool {
        let names_group = |meta: &Value| meta["group"].is_string();
        self.is_of_member() || self.meta.as_ref().is_some_and(names_group)
    }
}

#[cfg(test)]
impl Message {
    /// An incoming message without a text, to be varied.
    pub(crate) fn sample(channel: &str, peer: &str) -> Self {
        Self {
            id: MessageId(1),
            seq: 1,
            channel: channel.to_owned(),
            direction: Direction::In,
            peer: peer.to_owned(),
            sender: None,
            kind: Kind::Text,
            text: String::new(),
            content: None,
            media: None,
            state: State::Received,
            reply_to: None,
            created_ms: 1,
            updated_ms: 1,
            at_ms: None,
            attempts: 0,
            error: None,
            meta: None,
            edits: Vec::new(),
            deleted_ms: None,
        }
    }
}

/// An earlier text of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The text.
    pub text: String,
    /// When it was replaced, in ms since 1970.
    pub until_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_never_go_backwards() {
        let order = [
            State::Queued,
            State::Sending,
            State::Sent,
            State::Delivered,
            State::Read,
        ];
        for (i, from) in order.iter().enumerate() {
            for (j, to) in order.iter().enumerate() {
                assert_eq!(from.may_become(*to), j > i, "{from} to {to}");
            }
        }
    }

    #[test]
    fn final_states_are_final() {
        for end in [
            State::Read,
            State::Failed,
            State::Cancelled,
            State::Received,
        ] {
            assert!(
                State::ALL.iter().all(|next| !end.may_become(*next)),
                "{end}"
            );
        }
    }

    #[test]
    fn ids_read_back_and_foreign_ones_do_not() {
        assert_eq!("m-17".parse(), Ok(MessageId(17)));
        assert_eq!(MessageId(17).to_string(), "m-17");
        for wrong in [
            "17",
            "m-",
            "m-+1",
            "m-01",
            "m--1",
            "m-99999999999999999999",
            "M-1",
        ] {
            assert_eq!(wrong.parse::<MessageId>(), Err(()), "{wrong}");
        }
    }
}
