//! Deliveries that began here and of which the bus does not know the outcome: what the next owner of the channel would
//! send again, were this node cut off now.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::message::MessageId;

/// The most of one channel before the next may begin; those that begin at the same moment come on top.
const MAX_UNREPORTED: usize = 16;

/// Those of one channel.
#[derive(Default)]
pub(super) struct Unreported(Mutex<Begun>);

/// By message: the event of the own store that says what came of it, once there is one.
type Begun = HashMap<MessageId, Option<u64>>;

impl Unreported {
    fn begun(&self) -> MutexGuard<'_, Begun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the bus has to hear of some before another begins.
    pub(super) fn is_full(&self) -> bool {
        self.begun().len() >= MAX_UNREPORTED
    }

    /// A delivery begins.
    pub(super) fn begins(&self, id: MessageId) {
        self.begun().insert(id, None);
    }

    /// What came of it is this event, sent or not.
    pub(super) fn ends(&self, id: MessageId, seq: u64) {
        if let Some(outcome) = self.begun().get_mut(&id) {
            *outcome = Some(seq);
        }
    }

    /// The bus has an event of a message. Whether another may begin by that.
    pub(super) fn reported(&self, id: MessageId, seq: u64) -> bool {
        self.thin(|begun| {
            let is_known = |outcome: &Option<u64>| outcome.is_some_and(|outcome| outcome <= seq);
            if begun.get(&id).is_some_and(is_known) {
                begun.remove(&id);
            }
        })
    }

    /// The bus has all events up to this one, or nobody tells them any more. Whether another may begin by that.
    pub(super) fn reported_up_to(&self, seq: u64) -> bool {
        self.thin(|begun| begun.retain(|_, outcome| outcome.is_none_or(|outcome| outcome > seq)))
    }

    fn thin(&self, remove: impl FnOnce(&mut Begun)) -> bool {
        let mut begun = self.begun();
        let was_full = begun.len() >= MAX_UNREPORTED;
        remove(&mut begun);
        was_full && begun.len() < MAX_UNREPORTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Unreported {
        let unreported = Unreported::default();
        for number in 1..=MAX_UNREPORTED as u64 {
            assert!(!unreported.is_full());
            unreported.begins(MessageId(number));
        }
        unreported
    }

    #[test]
    fn another_begins_once_the_bus_knows_what_came_of_one() {
        let unreported = full();
        assert!(unreported.is_full());
        unreported.ends(MessageId(2), 40);
        assert!(!unreported.reported(MessageId(2), 39));
        assert!(!unreported.reported(MessageId(3), 50) && unreported.is_full());
        assert!(unreported.reported(MessageId(2), 40) && !unreported.is_full());
    }

    #[test]
    fn one_that_began_again_is_not_reported_by_what_came_before() {
        let unreported = full();
        unreported.ends(MessageId(2), 40);
        unreported.begins(MessageId(2));
        assert!(!unreported.reported(MessageId(2), 40) && unreported.is_full());
    }

    #[test]
    fn what_nobody_tells_does_not_stay() {
        let unreported = full();
        for number in 1..=3 {
            unreported.ends(MessageId(number), 40 + number);
        }
        assert!(unreported.reported_up_to(42) && !unreported.reported_up_to(42));
        assert_eq!(unreported.begun().len(), MAX_UNREPORTED - 2);
        // Of one that never began there is nothing to report.
        unreported.ends(MessageId(99), 50);
        assert_eq!(unreported.begun().len(), MAX_UNREPORTED - 2);
    }
}
