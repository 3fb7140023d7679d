//! Asking the nodes that a client comes from what they told it that the stream does not have yet, and up to where the
//! stream has the rest.
//!
//! The owner of a channel tells its clients of a message that was created here before anybody here knows: this is how a
//! client that comes from there does not hear of it again. A node that is gone or cut off does not answer: the client goes on
//! without, and its cursors go on naming that node.

use std::{sync::Arc, time::Duration};

use async_nats::Message as BusMessage;
use futures_util::{StreamExt as _, future::join_all};
use tokio::time::{sleep, timeout};

use super::{ClusterCursor, ToldBy, book::ToldThere};
use crate::{
    cluster::{Cluster, handle::RETRY_WAIT, publisher::record, wire::Record},
    store::{Store, StoreError},
};

/// The longest that an answer is waited for.
const ANSWER_WITHIN: Duration = Duration::from_millis(1500);

/// Clients that leave a node at a time; more wait for their turn.
const MAX_ASKED: usize = 64;

/// Behind the number of a node that told more than the stream has; a line each of that follows.
const AND_MORE: char = '+';

/// The most bytes of these.
const ANSWER_BYTES: usize = 512 << 10;

/// Events that are read at a time.
const CHUNK: usize = 256;

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
        let told = self.book.told(seq);
        let answer = match told.first_open {
            None => told.up_to.to_string(),
            Some(first) => match self.untold(first, seq).await {
                Ok(records) => format!("{}{AND_MORE}{records}", told.up_to),
                // The client is better off without an answer than with half of one.
                Err(_) => return,
            },
        };
        let _ = self.bus.client.publish(reply, answer.into()).await;
    }

    /// The new messages of these events that are not on the stream, a record a line.
    async fn untold(&self, first: u64, last: u64) -> Result<String, StoreError> {
        let mut answer = String::new();
        let mut after = first - 1;
        while after < last {
            let teller = self.teller();
            let read = move |store: &Store| {
                let events = store.events_after(after, CHUNK, ANSWER_BYTES)?;
                let up_to = events.last().map_or(last, |event| event.seq);
                let new = events.iter().filter(|event| event.is_first());
                let records = new.map(|event| record(store, event, &teller));
                Ok::<_, StoreError>((up_to, records.collect::<Result<Vec<Record>, _>>()?))
            };
            let (up_to, records) = self.store.run_blocking(read).await?;
            after = up_to;
            let is_told = |record: &&Record| {
                let seq = record.message.seq;
                seq <= last && self.book.is_open(seq)
            };
            for line in records.iter().filter(is_told).map(Record::write) {
                if answer.len() + line.len() < ANSWER_BYTES {
                    answer.push('\n');
                    answer.push_str(&String::from_utf8_lossy(&line));
                }
            }
        }
        Ok(answer)
    }

    /// Up to where on the stream that is which a client with this cursor was told, and whether that is all. What is not there
    /// yet of messages of ours is noted as told by who told it.
    pub(super) async fn told_up_to(&self, cursor: &ClusterCursor) -> (u64, bool) {
        let tellers = cursor.tellers().map(|teller| self.ask(teller));
        let answers = join_all(tellers).await;
        let is_all = |answer: &Option<ToldThere>| {
            let told = answer.as_ref();
            told.is_some_and(|told| told.first_open.is_none())
        };
        let are_all = answers.iter().all(is_all);
        let up_to = answers.into_iter().flatten().map(|told| told.up_to).max();
        (up_to.unwrap_or_default(), are_all)
    }

    /// None where it does not answer.
    async fn ask(&self, teller: ToldBy) -> Option<ToldThere> {
        if teller.store == self.store_name {
            return Some(self.book.told(teller.seq));
        }
        let subject = self.bus.cursors_subject(teller.store);
        let seq = teller.seq.to_string().into();
        let asked = self.bus.client.request(subject, seq);
        let answer = timeout(ANSWER_WITHIN, asked).await.ok()?.ok()?;
        let mut lines = std::str::from_utf8(&answer.payload).ok()?.lines();
        let said = lines.next()?;
        let up_to = said.strip_suffix(AND_MORE);
        let records: Vec<Record> = lines
            .filter_map(|line| self.understood(line.as_bytes()))
            .collect();
        let found = self.find(&records).await.ok()?;
        for (record, found) in records.iter().zip(&found) {
            self.note_known(record, found.as_ref());
        }
        Some(ToldThere {
            up_to: up_to.unwrap_or(said).parse().ok()?,
            first_open: up_to.and(Some(teller.seq)),
        })
    }
}
