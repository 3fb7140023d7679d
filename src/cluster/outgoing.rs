//! What the owner of a channel reads: the messages that are to be sent, in the stream's order, from the first that
//! nobody settled.
//!
//! Not here: sending them, which the delivery worker does once they are released.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::jetstream::{
    Message as StreamMessage,
    consumer::{AckPolicy, DeliverPolicy, pull},
    message::Acker,
};
use futures_util::{StreamExt as _, TryStreamExt as _, future::join_all};
use tokio::time::{sleep, timeout};

use super::{
    bus::Streams,
    echoes::Echo,
    fence::Fence,
    handle::{Cluster, RETRY_WAIT},
    mirror::Stopped,
    publisher::record,
    wire::Record,
};
use crate::{
    log::LogField,
    message::{Message, MessageId, State},
    router::Wakeup,
    store::{FoundMessage, Occasion, QueuedMessage, Store, StoreError, StoredEvent},
};

/// Messages read at a time.
const BATCH: usize = 64;

/// Messages of one channel that may wait for their outcome.
const MAX_UNSETTLED: i64 = 100_000;

/// After this long without an outcome a message is read again, in case its ack was lost.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(600);

/// The longest that a new owner waits to have heard all events.
const CATCH_UP: Duration = Duration::from_secs(10);

impl Cluster {
    pub(super) fn unsettled(
        &self,
    ) -> MutexGuard<'_, BTreeMap<String, HashMap<MessageId, Vec<Acker>>>> {
        self.unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads for a channel while its lease holds.
    pub(super) async fn read_out(self: Arc<Self>, channel: String, fence: Arc<Fence>) {
        while fence.holds() {
            if let Err(error) = Box::pin(self.read_from_start(&channel, &fence)).await {
                let fields: [LogField<'_>; 2] = [("channel", &channel), ("error", &error)];
                let text = "cannot read what is to be sent; trying again";
                self.log.warn_limited("cluster", text, &fields);
            }
            sleep(RETRY_WAIT).await;
        }
    }

    async fn read_from_start(
        self: &Arc<Self>,
        channel: &str,
        fence: &Arc<Fence>,
    ) -> Result<(), Stopped> {
        let streams = self.usable_streams().await;
        self.catch_up(&streams).await?;
        // A reader that begins anew gets all that is unsettled, in order, and the one before it nothing more. Its name
        // has the token: an owner of before that was stopped goes on pulling by the old one when it wakes.
        self.end_readers(&streams, channel).await?;
        let name = format!("{}{}", readers_of(channel), fence.token());
        let consumer = streams.out.create_consumer(pull::Config {
            durable_name: Some(name),
            filter_subject: self.bus.out_filter(channel),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: READ_AGAIN_AFTER,
            max_ack_pending: MAX_UNSETTLED,
            ..pull::Config::default()
        });
        let consumer = consumer.await?;
        self.unsettled().insert(channel.to_owned(), HashMap::new());
        if let Some(owners) = self.owners() {
            owners.take_over(channel, fence);
        }
        let mut batches = consumer.messages().await?.ready_chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let batch: Vec<StreamMessage> = batch.into_iter().collect::<Result<_, _>>()?;
            if !fence.holds() {
                return Ok(());
            }
            Box::pin(self.take_in(channel, batch)).await?;
        }
        Ok(())
    }

    /// The stream gives each message to one reader only: those of before go.
    async fn end_readers(&self, streams: &Streams, channel: &str) -> Result<(), Stopped> {
        let names: Vec<String> = streams.out.consumer_names().try_collect().await?;
        let start = readers_of(channel);
        let is_number = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit());
        for name in names {
            if name.strip_prefix(&start).is_some_and(is_number) {
                streams.out.delete_consumer(&name).await?;
            }
        }
        Ok(())
    }

    /// Waits until every event that is on the stream now is applied here.
    async fn catch_up(&self, streams: &Streams) -> Result<(), Stopped> {
        let last = streams.events.get_info().await?.state.last_sequence;
        let mut applied = self.applied.subscribe();
        let wait = applied.wait_for(|up_to| *up_to >= last);
        match timeout(CATCH_UP, wait).await {
            Ok(_) => Ok(()),
            Err(_) => Err("the events of the cluster are not all here yet".into()),
        }
    }

    /// Stores what is new, tells of it, and releases all that is to be sent.
    async fn take_in(
        self: &Arc<Self>,
        channel: &str,
        batch: Vec<StreamMessage>,
    ) -> Result<(), Stopped> {
        let mut records = Vec::new();
        let mut ackers = Vec::new();
        for message in batch {
            let (message, acker) = message.split();
            match self.understood(&message.payload) {
                Some(record) => {
                    records.push(record);
                    ackers.push(acker);
                }
                // Another version will not read it better.
                None => acker.ack().await?,
            }
        }
        let found = self.find(&records).await?;
        let mut storing = Vec::new();
        for (record, found) in records.iter().zip(&found) {
            if found.is_none() {
                self.take_files(record).await?;
                let created_ms = record.message.created_ms;
                let pending =
                    self.store
                        .copy_outgoing(record.draft(), &record.origin, created_ms)?;
                storing.push(Some(pending));
            } else {
                storing.push(None);
            }
        }
        let mut taken = Vec::new();
        for (((record, found), storing), acker) in
            records.into_iter().zip(found).zip(storing).zip(ackers)
        {
            let stored = match storing {
                Some(pending) => Some(pending.await),
                None => None,
            };
            match self.stored_here(stored, found)? {
                Some(message) => {
                    let message = self.tried_again(&record, message).await?;
                    taken.push((record, message, acker));
                }
                None => acker.ack().await?,
            }
        }
        for (_, message, _) in &taken {
            self.fetch_ahead(message).await;
        }
        let told = taken
            .iter()
            .map(|(record, message, _)| self.tell_new(record, message));
        for told in join_all(told).await {
            told?;
        }
        for (_, message, acker) in taken {
            self.release_or_settle(channel, message, acker).await?;
        }
        Ok(())
    }

    /// The message as it is here; `None` where it cannot be kept and so not be sent.
    fn stored_here(
        &self,
        stored: Option<Result<QueuedMessage, StoreError>>,
        found: Option<FoundMessage>,
    ) -> Result<Option<Message>, Stopped> {
        match stored {
            None => Ok(found.map(|found| found.message)),
            Some(Ok(queued)) => Ok(Some(queued.message)),
            Some(Err(
                error @ (StoreError::Conflict
                | StoreError::TooLong { .. }
                | StoreError::NoSuchFile(_)),
            )) => {
                let fields: [LogField<'_>; 1] = [("error", &error)];
                let text = "a message of another node cannot be sent";
                self.log.error("cluster", text, &fields);
                Ok(None)
            }
            Some(Err(error)) => Err(error.into()),
        }
    }

    /// Tells all nodes that a message waits; they keep a copy before it is sent.
    async fn tell_new(&self, record: &Record, message: &Message) -> Result<(), String> {
        let event = StoredEvent {
            seq: message.seq,
            occasion: Occasion::State,
            message: message.clone(),
        };
        let mut told = self
            .record_of(event)
            .await
            .map_err(|error| error.to_string())?;
        told.origin.clone_from(&record.origin);
        told.key.clone_from(&record.key);
        told.is_new = record.is_new;
        let id = if record.is_new {
            format!("new/{}", record.origin)
        } else {
            format!("{}/{}/queued", self.instance, message.seq)
        };
        self.send_record(false, &told, &id).await
    }

    /// A user had a message tried again that failed, on whichever node.
    async fn tried_again(&self, record: &Record, message: Message) -> Result<Message, Stopped> {
        if message.state != State::Failed || record.is_new {
            return Ok(message);
        }
        let echo = Echo::State(message.id, State::Queued);
        self.echoes.expect(echo.clone(), None);
        let queued = self
            .store
            .retry(message.id)
            .inspect_err(|_| self.echoes.forget(&echo))?;
        let queued = queued.await;
        Ok(queued.inspect_err(|_| self.echoes.forget(&echo))?)
    }

    async fn record_of(&self, event: StoredEvent) -> Result<Record, StoreError> {
        let teller = self.teller();
        let read = move |store: &Store| record(store, &event, &teller);
        self.store.run_blocking(read).await
    }

    async fn release_or_settle(
        &self,
        channel: &str,
        message: Message,
        acker: Acker,
    ) -> Result<(), Stopped> {
        let id = message.id;
        if message.state.has_left_the_outbox() && message.state != State::Scheduled {
            return self.settle_again(message, acker).await;
        }
        let mut unsettled = self.unsettled();
        let of_channel = unsettled.entry(channel.to_owned()).or_default();
        of_channel.entry(id).or_default().push(acker);
        drop(unsettled);
        if message.state != State::Scheduled {
            self.router
                .wake(channel, Wakeup::Released(id, message.peer));
        }
        Ok(())
    }

    /// Its outcome is known here: it is told once more, in case that was not done, and settled.
    async fn settle_again(&self, message: Message, acker: Acker) -> Result<(), Stopped> {
        let (id, seq) = (message.id, message.seq);
        let event = StoredEvent {
            seq,
            occasion: Occasion::State,
            message,
        };
        let mut told = self.record_of(event).await?;
        told.is_new = false;
        self.send_record(false, &told, &format!("{}/{seq}/again/{id}", self.instance))
            .await?;
        acker.ack().await?;
        Ok(())
    }
}

/// How the names of a channel's readers begin; behind it is the token of a lease.
fn readers_of(channel: &str) -> String {
    format!("out-{channel}-")
}
