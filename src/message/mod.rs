//! A message as everything above this floor knows it, and the one order its states may take.
//!
//! Not here: where messages are kept (`store`) and how they reach a service (`integrations`).

use std::{fmt, str::FromStr};

use serde_json::Value;

/// Which way a message travels, seen from the user of this gateway.
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

/// The life of a message. Inbound messages are `Received` and stay so.
///
/// Outbound: queued → sending → sent → delivered → read, with `failed` and `cancelled` as other
/// ends. A state never goes backwards, however late or often a service reports; the one way out of
/// `failed` is the user's own `retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Inbound, stored.
    Received,
    /// On disk, waiting for its turn.
    Queued,
    /// Handed to the integration at least once; the outcome is not known yet.
    Sending,
    /// Accepted by the service.
    Sent,
    /// Reached the peer's device.
    Delivered,
    /// Seen by the peer.
    Read,
    /// Given up, with a reason.
    Failed,
    /// Withdrawn by the user before it was sent.
    Cancelled,
}

impl State {
    /// Every state, in the order of its stored number.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Cancelled,
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
        }
    }

    /// Whether a report of `next` is news: later in the order of states and not after an end.
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
            Self::Received | Self::Read | Self::Failed | Self::Cancelled => false,
        }
    }

    /// Whether it will not be sent.
    pub fn is_given_up(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }

    /// Whether the outbox has nothing left to do.
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

    /// Reads `m-17`; anything else is no id of ours.
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix("m-").ok_or(())?;
        let plain = !digits.starts_with('+') && (digits == "0" || !digits.starts_with('0'));
        if plain {
            digits.parse().map(Self).map_err(|_| ())
        } else {
            Err(())
        }
    }
}

/// One message, in or out, with its state at the moment it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its identity.
    pub id: MessageId,
    /// Sequence number of the stored event that brought it to this state.
    pub seq: u64,
    /// The integration it belongs to, such as `webchat`.
    pub channel: String,
    /// In or out.
    pub direction: Direction,
    /// The conversation: the other side's address on that channel.
    pub peer: String,
    /// Who wrote it, where that is not the peer itself (a member of a group).
    pub sender: Option<String>,
    /// The text; empty where there is only media.
    pub text: String,
    /// `{"kind","url","mime"?,"name"?}`, by reference.
    pub media: Option<Value>,
    /// Where it stands.
    pub state: State,
    /// The service's or our id of the message it answers.
    pub reply_to: Option<String>,
    /// When it was stored first, in ms since 1970.
    pub created_ms: u64,
    /// When it came to this state, in ms since 1970.
    pub updated_ms: u64,
    /// How often delivery was tried.
    pub attempts: u32,
    /// Why the last attempt did not succeed.
    pub error: Option<String>,
    /// What an integration or a client wants to keep with it.
    pub meta: Option<Value>,
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
    fn an_end_is_an_end() {
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
