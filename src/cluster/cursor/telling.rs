//! What the gateway asks about cursors: that of an event, and where a client of another node goes on.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::timeout;

use super::{ClusterCursor, Place, heard::HeardElsewhere};
use crate::{
    cluster::Cluster,
    message::Direction,
    store::{Occasion, StoredEvent},
};

/// The longest that a client which comes from another node waits for what it heard there to be here.
const HERE_WITHIN: Duration = Duration::from_secs(10);

/// An event that is being told.
pub struct Told {
    /// How much a client has heard that hears it.
    pub cursor: ClusterCursor,
    place: Place,
    own: u64,
}

impl Told {
    /// Whether a client heard it at another node already.
    pub fn was_heard(&self, heard: &HeardElsewhere, event: &StoredEvent) -> bool {
        heard.has_heard(self.own, event, Some(self.place))
    }

    /// How much a client has heard that heard this elsewhere besides, where it is more.
    pub fn cursor_with(&self, heard: &HeardElsewhere) -> Option<ClusterCursor> {
        heard.with(&self.cursor)
    }
}

impl Cluster {
    /// Hears an event of the own store before anybody else does, on the store's thread and in their order.
    pub fn stored(&self, event: &StoredEvent) -> Told {
        let applied = self.echoes.stored(event);
        let place = self.book.note(event.seq, applied);
        let cursor = self.book.cursor(event.seq);
        let message = &event.message;
        if event.occasion == Occasion::State && message.direction == Direction::Out {
            self.leases().note_state(message, event.seq);
        }
        self.heard.store(event.seq, Ordering::SeqCst);
        self.wake.notify_one();
        Told {
            cursor,
            place,
            own: self.store_name,
        }
    }

    /// How much a client has heard that heard all of the own store up to this event, and what it came with.
    pub fn cursor(&self, seq: u64, heard: Option<&HeardElsewhere>) -> ClusterCursor {
        let here = self.book.cursor(seq);
        let with_that = heard.and_then(|heard| heard.with(&here));
        with_that.unwrap_or(here)
    }

    /// Whether a client heard an event at another node that was told here before.
    pub fn was_heard(&self, heard: &HeardElsewhere, event: &StoredEvent) -> bool {
        heard.has_heard(self.store_name, event, self.book.place(event.seq))
    }

    /// The number in the own store, where this cursor is from here and says nothing of other nodes.
    pub fn own_number(&self, cursor: &ClusterCursor) -> Option<u64> {
        let is_here = cursor.last.store == self.store_name && cursor.before.is_empty();
        is_here.then_some(cursor.last.seq)
    }

    /// Behind which event of the own store a client goes on that comes from another node, and what it heard there; the
    /// last, where it heard all.
    pub async fn resume(
        &self,
        cursor: ClusterCursor,
        last: u64,
    ) -> Result<(u64, HeardElsewhere), String> {
        let (told_up_to, is_all) = self.told_up_to(&cursor).await;
        let needed = cursor.stream.max(told_up_to);
        let mut applied = self.applied.subscribe();
        let wait = applied.wait_for(|up_to| *up_to >= needed);
        if !timeout(HERE_WITHIN, wait)
            .await
            .is_ok_and(|done| done.is_ok())
        {
            return Err(format!(
                "this machine has not heard all that the cursor {cursor} has; try again once the bus is there"
            ));
        }
        let first = self.book.first_unheard(&cursor).map_err(|_| {
            format!("the cursor {cursor} is too old for this machine; read the history instead")
        })?;
        let since = first.map_or(last, |first| first.saturating_sub(1));
        Ok((since, HeardElsewhere::new(cursor, is_all.then_some(needed))))
    }
}
