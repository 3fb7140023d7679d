//! What a client came with from other nodes, beside what it hears here.

use super::{ClusterCursor, MAX_TELLERS, Place, ToldBy};
use crate::store::StoredEvent;

/// What a client of this node heard at others.
#[derive(Debug)]
pub struct HeardElsewhere {
    cursor: ClusterCursor,
    /// Who has heard the stream up to here has heard all of that again; none where nobody knows.
    all_at: Option<u64>,
}

impl HeardElsewhere {
    pub(super) fn new(cursor: ClusterCursor, all_at: Option<u64>) -> Self {
        Self { cursor, all_at }
    }

    pub(super) fn has_heard(&self, own: u64, event: &StoredEvent, place: Option<Place>) -> bool {
        self.cursor.has_heard(own, event, place)
    }

    /// How much a client has heard that came with this and has heard `here` besides; none where `here` says it all.
    pub(super) fn with(&self, here: &ClusterCursor) -> Option<ClusterCursor> {
        if self.all_at.is_some_and(|all_at| all_at <= here.stream) {
            return None;
        }
        let mut before: Vec<ToldBy> = Vec::new();
        for teller in self.cursor.tellers() {
            let is_here = teller.store == here.last.store && teller.seq <= here.last.seq;
            let mut named = before.iter();
            let is_named = named.any(|it| it.store == teller.store && teller.seq <= it.seq);
            if !is_here && !is_named && before.len() < MAX_TELLERS - 1 {
                before.push(teller);
            }
        }
        Some(ClusterCursor {
            stream: here.stream.max(self.cursor.stream),
            last: here.last,
            before,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(all_at: Option<u64>) -> HeardElsewhere {
        HeardElsewhere::new(ClusterCursor::new(1, 100, 40), all_at)
    }

    #[test]
    fn the_node_before_is_named_until_the_stream_has_all_it_told() {
        let named = |all_at, stream| {
            let here = ClusterCursor::new(2, 7, stream);
            heard(all_at).with(&here).map(|both| both.to_string())
        };
        let two = |stream| format!("{stream}-7-0000000000000002-100-0000000000000001");
        assert_eq!(named(Some(50), 49), Some(two(49)));
        assert_eq!(named(Some(50), 50), None);
        assert_eq!(named(None, 1000), Some(two(1000)));
        // What was heard there of the stream counts here, too.
        assert_eq!(named(Some(50), 35), Some(two(40)));
    }

    #[test]
    fn a_client_that_comes_back_keeps_what_it_heard_here_before() {
        let both = heard(None)
            .with(&ClusterCursor::new(2, 7, 50))
            .expect("two");
        let back = HeardElsewhere::new(both, None);
        let at = |seq| back.with(&ClusterCursor::new(1, seq, 50)).expect("more");
        let text = |cursor: ClusterCursor| cursor.to_string();
        let earlier = "50-60-0000000000000001-7-0000000000000002-100-0000000000000001";
        assert_eq!(text(at(60)), earlier);
        let later = "50-101-0000000000000001-7-0000000000000002";
        assert_eq!(text(at(101)), later);
    }

    #[test]
    fn of_many_nodes_the_last_are_named() {
        let mut heard = heard(None);
        for store in 2..20 {
            let both = heard.with(&ClusterCursor::new(store, 7, 50)).expect("two");
            assert_eq!(both.to_string().parse(), Ok(both.clone()));
            heard = HeardElsewhere::new(both, None);
        }
        let stores: Vec<u64> = heard.cursor.tellers().map(|it| it.store).collect();
        assert_eq!(stores, [19, 18, 17, 16, 15, 14, 13, 12]);
    }
}
