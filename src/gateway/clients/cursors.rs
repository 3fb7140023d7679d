//! The field `cursor` of stored events: there only in a cluster, where it tells every machine what a client has heard. On one
//! machine alone `seq` is enough, and nothing of this is done.

#![cfg_attr(
    not(feature = "nats"),
    expect(clippy::unused_self, reason = "who is asked in a cluster")
)]

#[cfg(feature = "nats")]
use std::sync::{Arc, OnceLock};

use serde_json::Value;

#[cfg(feature = "nats")]
use crate::{
    cluster::{Cluster, ClusterCursor, Told},
    gateway::clients::event_frames::event_frame,
    message::Message,
    protocol::message_json::push_message_with,
};
use crate::{
    gateway::clients::{handle::ClientHandle, mailbox::Frame},
    protocol::{error_code::Fault, message_json::push_message, payload::bad_field},
    store::StoredEvent,
};

/// Where a client goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "nats"), derive(Copy))]
pub(in crate::gateway) enum Since {
    /// Behind this event of the own store.
    Seq(u64),
    /// Behind what it heard at another machine.
    #[cfg(feature = "nats")]
    Elsewhere(ClusterCursor),
}

/// What makes cursors and reads them.
#[derive(Default)]
pub(in crate::gateway) struct Cursors {
    #[cfg(feature = "nats")]
    cluster: OnceLock<Arc<Cluster>>,
}

/// A stored event that is being told to those connected.
pub(super) struct Announced<'a> {
    event: &'a StoredEvent,
    #[cfg(feature = "nats")]
    told: Option<Told>,
}

impl Cursors {
    /// Makes cursors from now on.
    #[cfg(feature = "nats")]
    pub(in crate::gateway) fn join(&self, cluster: Arc<Cluster>) {
        let _ = self.cluster.set(cluster);
    }

    /// An event as it is stored, each once and in their order.
    pub(super) fn announce<'a>(&self, event: &'a StoredEvent) -> Announced<'a> {
        Announced {
            event,
            #[cfg(feature = "nats")]
            told: self.cluster.get().map(|cluster| cluster.stored(event)),
        }
    }

    /// Appends a stored event's message, as it is told to one client.
    pub(in crate::gateway) fn push(
        &self,
        out: &mut String,
        handle: &ClientHandle,
        event: &StoredEvent,
    ) {
        #[cfg(feature = "nats")]
        if let Some(cluster) = self.cluster.get() {
            let heard = handle.heard_elsewhere();
            let cursor = cluster.cursor(event.seq, heard.as_deref());
            return push_with(out, &event.message, &cursor);
        }
        let _ = handle;
        push_message(out, &event.message);
    }

    /// Whether a client heard a stored event at another machine.
    pub(in crate::gateway) fn was_heard(&self, handle: &ClientHandle, event: &StoredEvent) -> bool {
        #[cfg(feature = "nats")]
        if let (Some(cluster), Some(heard)) = (self.cluster.get(), handle.heard_elsewhere()) {
            return cluster.was_heard(&heard, event);
        }
        let _ = (handle, event);
        false
    }

    /// Reads `since`: a number up to `last`, or a cursor.
    pub(in crate::gateway) fn read(&self, since: &Value, last: u64) -> Result<Since, Fault> {
        let text = since.as_str();
        let seq = text.map_or_else(|| since.as_u64(), |text| text.parse().ok());
        if let Some(seq) = seq.or_else(|| self.own_number(text?)) {
            return check(seq, last);
        }
        #[cfg(feature = "nats")]
        if let (Some(_), Some(Ok(cursor))) = (self.cluster.get(), text.map(str::parse)) {
            return Ok(Since::Elsewhere(cursor));
        }
        let expected = "a sequence number, or the cursor of an event of this cluster";
        Err(bad_field("since", expected, &since.to_string()))
    }

    #[cfg(feature = "nats")]
    fn own_number(&self, text: &str) -> Option<u64> {
        self.cluster.get()?.own_number(&text.parse().ok()?)
    }

    #[cfg(not(feature = "nats"))]
    fn own_number(&self, _: &str) -> Option<u64> {
        None
    }

    /// The cluster, where there is one.
    #[cfg(feature = "nats")]
    pub(in crate::gateway) fn cluster(&self) -> Option<Arc<Cluster>> {
        self.cluster.get().cloned()
    }
}

impl Announced<'_> {
    /// Appends its message.
    pub(super) fn push(&self, out: &mut String) {
        let message = &self.event.message;
        #[cfg(feature = "nats")]
        if let Some(told) = &self.told {
            return push_with(out, message, &told.cursor);
        }
        push_message(out, message);
    }

    /// The frame for a client that has heard more than others who hear it; none where it is the same as theirs.
    pub(super) fn own_frame(&self, handle: &ClientHandle) -> Option<Frame> {
        #[cfg(feature = "nats")]
        if let (Some(told), Some(heard)) = (&self.told, handle.heard_elsewhere()) {
            let cursor = told.cursor_with(&heard)?;
            let write = |out: &mut String| push_with(out, &self.event.message, &cursor);
            return Some(event_frame(handle.dialect(), self.event.name(), write));
        }
        let _ = handle;
        None
    }

    /// Whether a client heard it at another machine.
    pub(super) fn was_heard(&self, handle: &ClientHandle) -> bool {
        #[cfg(feature = "nats")]
        if let (Some(told), Some(heard)) = (&self.told, handle.heard_elsewhere()) {
            return told.was_heard(&heard, self.event);
        }
        let _ = handle;
        false
    }
}

#[cfg(feature = "nats")]
fn push_with(out: &mut String, message: &Message, cursor: &ClusterCursor) {
    push_message_with(out, message, "cursor", cursor);
}

/// A number above the last one comes from another store: answering as if all were well would hide that
/// events may be missing.
fn check(since: u64, seq: u64) -> Result<Since, Fault> {
    if since <= seq {
        return Ok(Since::Seq(since));
    }
    let expected = format!("a sequence number up to {seq}, that of the last stored event");
    Err(bad_field("since", &expected, &since.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn since_is_a_number_or_the_same_as_text_and_not_beyond_the_last() {
        let cursors = Cursors::default();
        assert_eq!(cursors.read(&json!(5), 7), Ok(Since::Seq(5)));
        assert_eq!(cursors.read(&json!("7"), 7), Ok(Since::Seq(7)));
        for since in [
            json!(8),
            json!("8"),
            json!("1-2-00000000000000ff"),
            json!("x"),
        ] {
            let fault = cursors.read(&since, 7).expect_err("refused");
            assert!(fault.message.contains("\"since\""), "{}", fault.message);
        }
    }
}
