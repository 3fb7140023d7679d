//! Cursors: how much a client has heard of the events of all nodes, in a form that every node can read.
//!
//! A number on the stream alone would not do. A node tells its clients of its own events before the stream has them,
//! so what a client has heard is no beginning of the stream. A cursor names the store that told, the number
//! there of the last event heard, and the last event of other nodes on the stream that this store had applied by then.
//! Other nodes' events are applied in the stream's order, so these three say exactly what was heard.
//!
//! A client that goes on at another node may leave behind what the first one told and the stream does not have yet. Its
//! cursors name the first node besides, until the one that tells them has all of that.
//!
//! - here: the cursor, and what it covers.
//! - `heard`: what a client came with, beside what it hears here.
//! - `book`: which event of the own store is which on the stream.
//! - `telling`: what the gateway asks.
//! - `asking`: what a node asks the one that a client comes from.

mod asking;
pub(super) mod book;
pub(super) mod heard;
pub(super) mod telling;

use std::{fmt, str::FromStr};

use super::origins::told_origin;
use crate::{message::Message, store::StoredEvent};

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

/// The place on the stream of an event that stays with its node: as if it were the first of all, heard by whoever comes
/// from another node.
const STAYS_HERE: u64 = 1;

/// The most nodes that a cursor names: those that a client left longest ago go first.
const MAX_TELLERS: usize = 8;

/// How much a client has heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterCursor {
    /// All on the stream up to here was heard.
    stream: u64,
    /// Who told what was heard besides.
    last: ToldBy,
    /// Those before, of which not all was known to be on the stream; the last to be left first.
    before: Vec<ToldBy>,
}

/// A store whose node told a client its own events up to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ToldBy {
    store: u64,
    seq: u64,
}

impl ClusterCursor {
    /// Of a client that heard all events of a store up to `seq`, and by that all of the stream up to `stream`.
    fn new(store: u64, seq: u64, stream: u64) -> Self {
        Self {
            stream,
            last: ToldBy { store, seq },
            before: Vec::new(),
        }
    }

    fn tellers(&self) -> impl Iterator<Item = ToldBy> {
        std::iter::once(self.last).chain(self.before.iter().copied())
    }

    /// Whether the event at this place was heard.
    pub(super) fn covers(&self, place: Place) -> bool {
        let mut tellers = self.tellers();
        let was_told = tellers.any(|it| it.store == place.store && place.told <= it.seq);
        let stays_there = place.stream == STAYS_HERE && place.store == self.last.store;
        was_told || (place.stream != 0 && place.stream <= self.stream && !stays_there)
    }

    /// Whether an event of the store `own` was heard. One without a place is none of the cluster's: it was there before the
    /// node joined, or is older than the book.
    pub(super) fn has_heard(&self, own: u64, event: &StoredEvent, place: Option<Place>) -> bool {
        if event.is_first()
            && let Some((store, number)) = creation(own, &event.message)
        {
            let mut tellers = self.tellers();
            if tellers.any(|it| it.store >> ORIGIN_SHIFT == store && number <= it.seq) {
                return true;
            }
        }
        place.is_none_or(|place| self.covers(place))
    }
}

/// The store in which a message was created, as far as the origin of a copy names it, and its number there.
fn creation(own: u64, message: &Message) -> Option<(u64, u64)> {
    let Some(origin) = told_origin(message) else {
        return Some((own >> ORIGIN_SHIFT, message.id.0));
    };
    let (node, id) = origin.rsplit_once('/')?;
    let (_, store) = node.rsplit_once('.')?;
    let number = id.strip_prefix("m-")?.parse().ok()?;
    Some((u64::from_str_radix(store, 16).ok()?, number))
}

impl fmt::Display for ClusterCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stream)?;
        let mut tellers = self.tellers();
        tellers.try_for_each(|ToldBy { store, seq }| write!(f, "-{seq}-{store:016x}"))
    }
}

impl FromStr for ClusterCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let mut number = |radix| {
            let read = |part| u64::from_str_radix(part, radix).map_err(|_| ());
            parts.next().map(read).transpose()
        };
        let stream = number(10)?.ok_or(())?;
        let mut tellers = Vec::new();
        while let Some(seq) = number(10)? {
            let store = number(16)?.ok_or(())?;
            tellers.push(ToldBy { store, seq });
        }
        let (&last, before) = tellers.split_first().ok_or(())?;
        let before = before.to_vec();
        let cursor = Self {
            stream,
            last,
            before,
        };
        let is_short = cursor.before.len() < MAX_TELLERS;
        // Only as it was written: no signs, no zeros in front.
        let is_read = is_short && cursor.to_string() == text;
        is_read.then_some(cursor).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        message::{MessageId, ORIGIN},
        store::Occasion,
    };

    const NEAR: u64 = 0xaaaa_aa00_0000_0001;
    const FAR: u64 = 0xbbbb_bb00_0000_0002;
    const OWN: u64 = 0xcccc_cc00_0000_0003;

    fn cursor() -> ClusterCursor {
        ClusterCursor::new(NEAR, 10, 5)
    }

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
        let text = cursor().to_string();
        assert_eq!(text, "5-10-aaaaaa0000000001");
        assert_eq!(text.parse(), Ok(cursor()));
        let of_two = ClusterCursor {
            before: vec![ToldBy { store: FAR, seq: 7 }],
            ..cursor()
        };
        let text = of_two.to_string();
        assert_eq!(text, "5-10-aaaaaa0000000001-7-bbbbbb0000000002");
        assert_eq!(text.parse(), Ok(of_two));
        for other in [
            "",
            "7",
            "5",
            "5-10",
            "5--aaaaaa0000000001",
            "5-10-xyz",
            "05-10-aaaaaa0000000001",
            "5-10-aaaaaa0000000001-1",
            "5-+10-aaaaaa0000000001",
        ] {
            assert_eq!(other.parse::<ClusterCursor>(), Err(()), "{other}");
        }
        let far_too_many = format!("5{}", "-10-aaaaaa0000000001".repeat(9));
        assert_eq!(far_too_many.parse::<ClusterCursor>(), Err(()));
    }

    #[test]
    fn events_of_the_node_that_told_are_covered_by_its_own_numbers() {
        let change = event(99, 3, None);
        assert!(cursor().has_heard(OWN, &change, Some(place(NEAR, 10, 80))));
        assert!(!cursor().has_heard(OWN, &change, Some(place(NEAR, 11, 0))));
        assert!(!cursor().has_heard(OWN, &change, Some(place(NEAR, 11, STAYS_HERE))));
    }

    #[test]
    fn events_of_a_node_before_the_last_are_covered_by_its_numbers_and_the_stream() {
        let change = event(99, 3, None);
        let came = ClusterCursor {
            before: vec![ToldBy {
                store: FAR,
                seq: 70,
            }],
            ..cursor()
        };
        assert!(came.has_heard(OWN, &change, Some(place(FAR, 70, 0))));
        assert!(came.has_heard(OWN, &change, Some(place(FAR, 71, 5))));
        assert!(!came.has_heard(OWN, &change, Some(place(FAR, 71, 6))));
        let copy = |number| event(50, 50, Some(&format!("far.bbbbbb/m-{number}")));
        assert!(came.has_heard(OWN, &copy(70), Some(place(NEAR, 80, 9))));
        assert!(!came.has_heard(OWN, &copy(71), Some(place(NEAR, 80, 9))));
    }

    #[test]
    fn events_of_others_are_covered_by_the_stream_once_they_are_on_it() {
        let change = event(99, 3, None);
        assert!(cursor().has_heard(OWN, &change, Some(place(FAR, 70, 5))));
        assert!(!cursor().has_heard(OWN, &change, Some(place(FAR, 7, 6))));
        assert!(!cursor().has_heard(OWN, &change, Some(place(FAR, 7, 0))));
        assert!(cursor().has_heard(OWN, &change, None));
    }

    #[test]
    fn the_creation_of_a_message_is_heard_where_it_was_taken_before_its_owner_tells() {
        let copy = |number| event(50, 50, Some(&format!("near.aaaaaa/m-{number}")));
        assert!(cursor().has_heard(OWN, &copy(10), Some(place(FAR, 70, 9))));
        assert!(!cursor().has_heard(OWN, &copy(11), Some(place(FAR, 70, 6))));
        // One that was created here, whoever told where it is on the stream.
        let own = event(10, 10, None);
        assert!(cursor().has_heard(NEAR, &own, Some(place(FAR, 70, 9))));
        assert!(!cursor().has_heard(OWN, &own, Some(place(FAR, 70, 9))));
        // What happens to it later is told by the owner.
        let later = event(51, 50, Some("near.aaaaaa/m-10"));
        assert!(!cursor().has_heard(OWN, &later, Some(place(FAR, 71, 9))));
    }
}
