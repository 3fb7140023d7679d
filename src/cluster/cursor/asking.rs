//! Asking the node that a client comes from to have on the stream what it told: what is on its way there cannot be
//! recognised by other nodes yet.
//!
//! A node that is gone or cut off does not answer. The client goes on without; what arrives later is still recognised
//! where the node that was left told of it itself, and is told once more where another did.

use std::{sync::Arc, time::Duration};

use async_nats::Message as BusMessage;
use futures_util::StreamExt as _;
use tokio::time::{sleep, timeout};

use super::ClusterCursor;
use crate::cluster::{Cluster, handle::RETRY_WAIT};

/// The longest that the node which is asked waits, and the longest that its answer is waited for.
const TOLD_WITHIN: Duration = Duration::from_secs(1);
const ANSWER_WITHIN: Duration = Duration::from_millis(1500);

/// Clients that leave a node at a time; more wait for their turn.
const MAX_ASKED: usize = 64;

impl Cluster {
    /// Answers nodes to which clients of this one went. Never ends.
    pub(in crate::cluster) async fn answer_cursors(self: Arc<Self>) {
        loop {
            let subject = self.bus.cursors_subject(self.store_name);
            if let Ok(asked) = self.bus.client.subscribe(subject).await {
                let answers = asked.for_each_concurrent(MAX_ASKED, |asked| self.answer(asked));
                answers.await;
            }
            sleep(RETRY_WAIT).await;
        }
    }

    async fn answer(&self, asked: BusMessage) {
        let seq = std::str::from_utf8(&asked.payload);
        let (Some(Ok(seq)), Some(reply)) = (seq.ok().map(str::parse), asked.reply) else {
            return;
        };
        let mut applied = self.applied.subscribe();
        let told = applied.wait_for(|_| self.book.is_on_stream(seq));
        // Held messages are not on the stream for long: what can be there is.
        let _ = timeout(TOLD_WITHIN, told).await;
        let applied = (*self.applied.borrow()).to_string();
        let _ = self.bus.client.publish(reply, applied.into()).await;
    }

    /// Up to where on the stream all is that the node of this cursor told; 0 where it does not answer.
    pub(super) async fn told_up_to(&self, cursor: &ClusterCursor) -> u64 {
        let subject = self.bus.cursors_subject(cursor.store);
        let seq = cursor.seq.to_string().into();
        let asked = self.bus.client.request(subject, seq);
        match timeout(ANSWER_WITHIN, asked).await {
            Ok(Ok(answer)) => std::str::from_utf8(&answer.payload)
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
            // Nobody is there, or too far away.
            _ => 0,
        }
    }
}
