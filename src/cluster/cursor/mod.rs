//! Cursors: how much a client has heard of the events of all nodes, in a form that every node can read.
//!
//! A number on the stream alone would not do. A node tells its clients of its own events before the stream has them,
//! so what a client has heard is no beginning of the stream. A cursor names the store that told, the number
//! there of the last event heard, and the last event of other nodes on the stream that this store had applied by then.
//! Other nodes' events are applied in the stream's order, so these three say exactly what was heard.
//!
//! - here: the cursor, and what it covers.
//! - `book`: which event of the own store is which on the stream.
//! - `telling`: what the gateway asks.
//! - `asking`: what a node asks the one that a client comes from.

mod asking;
pub(super) mod book;
pub(super) mod telling;

use std::{fmt, str::FromStr};

use crate::{
    message::{Message, ORIGIN, text_at},
    store::StoredEvent,
};

/// How much of the name of a store is in the origin of a message: its first three bytes.
const ORIGIN_SHIFT: u32 = 40;

/// Where an event is on the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The store whose node told of it.
    pub(super) store: u64,
    /// Its number in that store.
    pub(super) told: u64,
    /// Its number on the stream; 0 while it is not known to be there.
    pub(super) stream: u64,
    /// Whether it came from there.
    pub(super) is_applied: bool,
}

/// How much a client has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterCursor {
    /// The store that told.
    pub(super) store: u64,
    /// The number there of the last event that was heard.
    pub(super) seq: u64,
    /// The last event of other nodes on the stream that was heard.
    pub(super) stream: u64,
}

impl ClusterCursor {
    /// Whether the event at this place was heard.
    pub(super) fn covers(&self, place: Place) -> bool {
        if place.store == self.store {
            place.told <= self.seq
        } else {
            place.stream != 0 && place.stream <= self.stream
        }
    }

    /// Whether an event of the own store was heard. One without a place is none of the cluster's: it was there before the
    /// node joined, or is older than the book.
    pub(super) fn has_heard(&self, event: &StoredEvent, place: Option<Place>) -> bool {
        if event.seq == event.message.id.0
            && let Some((store, number)) = creation(&event.message)
            && store == self.store >> ORIGIN_SHIFT
        {
            return number <= self.seq;
        }
        place.is_none_or(|place| self.covers(place))
    }
}

/// The store in which a copy's message was created, as far as its origin names it, and its number there.
fn creation(message: &Message) -> Option<(u64, u64)> {
    let origin = text_at(message.meta.as_ref()?, ORIGIN)?;
    let (node, id) = origin.rsplit_once('/')?;
    let (_, store) = node.rsplit_once('.')?;
    let number = id.strip_prefix("m-")?.parse().ok()?;
    Some((u64::from_str_radix(store, 16).ok()?, number))
}

impl fmt::Display for ClusterCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:016x}", self.stream, self.seq, self.store)
    }
}

impl FromStr for ClusterCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.splitn(3, '-').collect();
        let &[stream, seq, store] = parts.as_slice() else {
            return Err(());
        };
        let cursor = Self {
            store: u64::from_str_radix(store, 16).map_err(|_| ())?,
            seq: seq.parse().map_err(|_| ())?,
            stream: stream.parse().map_err(|_| ())?,
        };
        // Only as it was written: no signs, no zeros in front.
        (cursor.to_string() == text).then_some(cursor).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{message::MessageId, store::Occasion};

    const NEAR: u64 = 0xaaaa_aa00_0000_0001;
    const FAR: u64 = 0xbbbb_bb00_0000_0002;

    const CURSOR: ClusterCursor = ClusterCursor {
        store: NEAR,
        seq: 10,
        stream: 5,
    };

    fn place(store: u64, told: u64, stream: u64) -> Place {
        Place {
            store,
            told,
            stream,
            is_applied: false,
        }
    }

    fn event(seq: u64, id: u64, origin: Option<&str>) -> StoredEvent {
        let message = Message {
            id: MessageId(id),
            seq,
            meta: origin.map(|origin| json!({ORIGIN: origin})),
            ..Message::sample("telegram", "42")
        };
        StoredEvent {
            seq,
            occasion: Occasion::State,
            message,
        }
    }

    #[test]
    fn what_was_written_reads_back_and_nothing_else_does() {
        let text = CURSOR.to_string();
        assert_eq!(text, "5-10-aaaaaa0000000001");
        assert_eq!(text.parse(), Ok(CURSOR));
        for other in [
            "",
            "7",
            "5-10",
            "5-10-xyz",
            "05-10-aaaaaa0000000001",
            "5-10-aaaaaa0000000001-1",
            "5-+10-aaaaaa0000000001",
        ] {
            assert_eq!(other.parse::<ClusterCursor>(), Err(()), "{other}");
        }
    }

    #[test]
    fn events_of_the_node_that_told_are_covered_by_its_own_numbers() {
        let change = event(99, 3, None);
        assert!(CURSOR.has_heard(&change, Some(place(NEAR, 10, 80))));
        assert!(!CURSOR.has_heard(&change, Some(place(NEAR, 11, 4))));
    }

    #[test]
    fn events_of_others_are_covered_by_the_stream_once_they_are_on_it() {
        let change = event(99, 3, None);
        assert!(CURSOR.has_heard(&change, Some(place(FAR, 70, 5))));
        assert!(!CURSOR.has_heard(&change, Some(place(FAR, 7, 6))));
        assert!(!CURSOR.has_heard(&change, Some(place(FAR, 7, 0))));
        assert!(CURSOR.has_heard(&change, None));
    }

    #[test]
    fn the_creation_of_a_message_is_heard_where_it_was_taken_before_its_owner_tells() {
        let copy = |number| event(50, 50, Some(&format!("near.aaaaaa/m-{number}")));
        assert!(CURSOR.has_heard(&copy(10), Some(place(FAR, 70, 9))));
        assert!(!CURSOR.has_heard(&copy(11), Some(place(FAR, 70, 4))));
        // What happens to it later is told by the owner.
        let later = event(51, 50, Some("near.aaaaaa/m-10"));
        assert!(!CURSOR.has_heard(&later, Some(place(FAR, 71, 9))));
    }
}
