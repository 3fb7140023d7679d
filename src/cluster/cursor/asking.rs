//! Asking the nodes that a client comes from whether the stream has all that they told it, and up to where.
//!
//! A node that is gone or cut off does not answer, and one that is busy may not know yet: the client goes on all the same,
//! and its cursors go on naming that node.

use std::{sync::Arc, time::Duration};

use async_nats::Message as BusMessage;
use futures_util::{StreamExt as _, future::join_all};
use tokio::time::{sleep, timeout};

use super::{ClusterCursor, ToldBy};
use crate::cluster::{Cluster, handle::RETRY_WAIT};

/// The longest that an answer is waited for.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Clients that leave a node at a time; more wait for their turn.
const MAX_ASKED: usize = 64;

/// What a node answers that told more than the stream has.
const NOT_YET: &str = "-";

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
        let up_to = self.book.told_up_to(seq);
        let answer = up_to.map_or_else(|| NOT_YET.to_owned(), |up_to| up_to.to_string());
        let _ = self.bus.client.publish(reply, answer.into()).await;
    }

    /// Up to where on the stream all is that a client with this cursor was told, where all of the nodes that told it
    /// say so.
    pub(super) async fn told_up_to(&self, cursor: &ClusterCursor) -> Option<u64> {
        let tellers = cursor.tellers().map(|teller| self.ask(teller));
        let answers = join_all(tellers).await;
        let up_to = answers.into_iter().collect::<Option<Vec<u64>>>()?;
        up_to.into_iter().max()
    }

    async fn ask(&self, teller: ToldBy) -> Option<u64> {
        let subject = self.bus.cursors_subject(teller.store);
        let asked = self
            .bus
            .client
            .request(subject, teller.seq.to_string().into());
        let answer = timeout(ANSWER_WITHIN, asked).await.ok()?.ok()?;
        std::str::from_utf8(&answer.payload).ok()?.parse().ok()
    }
}
