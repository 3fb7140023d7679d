//! From the events of the cluster to the own store: a copy of every message, brought to each of its states.
//!
//! Applying an event twice changes nothing: messages are found by name, and states only go forward. So a start reads
//! again from where it is sure to have been.

use std::{collections::HashMap, sync::Arc};

use async_nats::jetstream::{
    Message as StreamMessage,
    consumer::{DeliverPolicy, pull::OrderedConfig},
};
use futures_util::StreamExt as _;
use tokio::time::sleep;

use super::{
    echoes::Echo,
    handle::{Cluster, RETRY_WAIT},
    wire::Record,
};
use crate::{
    log::LogField,
    message::{Direction, Message, MessageId, State},
    store::{FoundMessage, Occasion, Pending, Revision, StatusUpdate, Store, StoreError},
};

/// Events applied at a time.
const BATCH: usize = 128;

/// Why applying stopped; it begins again where it was.
pub(super) type Stopped = Box<dyn std::error::Error + Send + Sync>;

/// A change that is on its way into the store.
enum Applying {
    Copy(Pending<crate::store::QueuedMessage>, Echo, String),
    Received(Pending<crate::store::ReceivedMessage>, Echo, String),
    Change(Pending<Option<Message>>, Echo),
    Certain(Pending<Message>, Echo),
}

impl Cluster {
    /// Applies what other nodes tell. Never ends.
    pub(super) async fn mirror(self: Arc<Self>) {
        loop {
            if let Err(error) = Box::pin(self.follow()).await {
                let fields: [LogField<'_>; 1] = [("error", &error)];
                let text = "cannot follow the events of the cluster; trying again";
                self.log.warn_limited("cluster", text, &fields);
            }
            sleep(RETRY_WAIT).await;
        }
    }

    async fn follow(&self) -> Result<(), Stopped> {
        let streams = self.usable_streams().await;
        let last = streams.events.get_info().await?.state.last_sequence;
        self.book.begin(last);
        let applied = self.kept.get().applied;
        // A stream that is shorter than what was read of it was made anew.
        let start_sequence = if applied > last { 1 } else { applied + 1 };
        self.applied.send_replace(start_sequence - 1);
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
            ..OrderedConfig::default()
        };
        let consumer = streams.events.create_consumer(config).await?;
        let mut batches = consumer.messages().await?.ready_chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let batch: Vec<StreamMessage> = batch.into_iter().collect::<Result<_, _>>()?;
            let Some(last) = batch.last() else {
                continue;
            };
            let up_to = last.info()?.stream_sequence;
            let mut records = Vec::new();
            for message in &batch {
                let stream = message.info()?.stream_sequence;
                let record = self.understood(&message.payload);
                records.extend(record.map(|record| Record { stream, ..record }));
            }
            records.retain(|record| !self.is_own(record));
            self.apply(records).await?;
            self.applied.send_replace(up_to);
            self.kept.change(|kept| kept.applied = up_to);
        }
        Ok(())
    }

    /// Whether this node told of it: then it is known from here on where on the stream that is.
    fn is_own(&self, record: &Record) -> bool {
        let is_own = record.instance == self.instance;
        if is_own {
            self.book.found(record.message.seq, record.place(false));
        }
        is_own
    }

    /// What a message on a stream says; one of another version is told and left out.
    pub(super) fn understood(&self, payload: &[u8]) -> Option<Record> {
        let read = Record::read(payload);
        let tell = |why: &String| {
            let fields: [LogField<'_>; 1] = [("why", why)];
            let text = "an event of the cluster cannot be read, and is left out";
            self.log.warn_limited("cluster", text, &fields);
        };
        read.inspect_err(tell).ok()
    }

    /// Finds our messages of the same names.
    pub(super) async fn find(
        &self,
        records: &[Record],
    ) -> Result<Vec<Option<FoundMessage>>, StoreError> {
        let origins = Arc::clone(&self.origins);
        let asked: Vec<_> = records
            .iter()
            .map(|record| (record.origin.clone(), record.message_key()))
            .collect();
        let read = move |store: &Store| {
            let found = asked.iter().map(|(origin, key)| {
                let ours = origins.ours(origin);
                let ours = ours.map_or(Ok(None), |id| store.with_key(id))?;
                match ours.filter(|it| it.message.channel == key.channel) {
                    Some(found) => Ok(Some(found)),
                    None => store.by_key(key),
                }
            });
            found.collect()
        };
        self.store.run_blocking(read).await
    }

    async fn apply(&self, records: Vec<Record>) -> Result<(), Stopped> {
        let found = self.find(&records).await?;
        let mut created = HashMap::new();
        let mut under_way = Vec::new();
        for (record, found) in records.iter().zip(found) {
            self.take_files(record).await?;
            let waits = |it: &Applying| matches!(it, Applying::Copy(_, _, origin) | Applying::Received(_, _, origin) if *origin == record.origin);
            if under_way.iter().any(waits) {
                self.finish(&mut under_way, &mut created).await?;
            }
            let id = created.get(&record.origin).copied();
            let id = id.or_else(|| found.as_ref().map(|found| found.message.id));
            let begun = match id {
                Some(id) => {
                    self.note_known(record, found.as_ref());
                    self.change(record, id, found.as_ref())?
                }
                None => self.copy(record)?,
            };
            under_way.extend(begun);
        }
        self.finish(&mut under_way, &mut created).await
    }

    /// Waits for what was begun; ids of copies go to `created`.
    async fn finish(
        &self,
        under_way: &mut Vec<Applying>,
        created: &mut HashMap<String, MessageId>,
    ) -> Result<(), Stopped> {
        for applying in under_way.drain(..) {
            match applying {
                Applying::Copy(pending, echo, origin) => {
                    let done = pending.await.map(|done| (done.message.id, !done.duplicate));
                    self.note_copy(done, &echo, origin, created)?;
                }
                Applying::Received(pending, echo, origin) => {
                    let done = pending.await.map(|done| (done.message.id, !done.duplicate));
                    self.note_copy(done, &echo, origin, created)?;
                }
                Applying::Change(pending, echo) => match pending.await {
                    Ok(Some(_)) => {}
                    other => self.note_none(other.map(drop), &echo)?,
                },
                Applying::Certain(pending, echo) => {
                    if let Err(error) = pending.await {
                        self.note_none(Err(error), &echo)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn note_copy(
        &self,
        done: Result<(MessageId, bool), StoreError>,
        echo: &Echo,
        origin: String,
        created: &mut HashMap<String, MessageId>,
    ) -> Result<(), Stopped> {
        match done {
            Ok((id, is_new)) => {
                created.insert(origin, id);
                if !is_new {
                    self.echoes.forget(echo);
                }
                Ok(())
            }
            Err(error) => self.note_none(Err(error), echo),
        }
    }

    /// Nothing changed. What the store refuses for good is left out; what fails is tried again.
    fn note_none(&self, done: Result<(), StoreError>, echo: &Echo) -> Result<(), Stopped> {
        self.echoes.forget(echo);
        match done {
            Ok(()) | Err(StoreError::NotFound | StoreError::WrongState(_)) => Ok(()),
            Err(
                error @ (StoreError::Conflict
                | StoreError::TooLong { .. }
                | StoreError::NoSuchFile(_)),
            ) => {
                let fields: [LogField<'_>; 1] = [("error", &error)];
                let text = "a message of another node cannot be kept here";
                self.log.warn_limited("cluster", text, &fields);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A message of which another node tells is here as that says: this is where its event is on the stream. Of a message
    /// taken here that another node sends, or of one applied before a crash.
    pub(super) fn note_known(&self, record: &Record, found: Option<&FoundMessage>) {
        let Some(message) = found.map(|found| &found.message) else {
            return;
        };
        if record.is_new {
            self.book.found(message.id.0, record.place(false));
        } else if message.state == record.message.state {
            self.book.found(message.seq, record.place(false));
        }
    }

    fn copy(&self, record: &Record) -> Result<Option<Applying>, StoreError> {
        if !record.is_new {
            return Ok(None);
        }
        let (origin, created_ms) = (record.origin.clone(), record.message.created_ms);
        let echo = Echo::New(origin.clone());
        self.echoes.expect(echo.clone(), Some(record.place(true)));
        let applying = match record.message.direction {
            Direction::Out => {
                let pending = self
                    .store
                    .copy_outgoing(record.draft(), &origin, created_ms);
                pending.map(|pending| Applying::Copy(pending, echo.clone(), origin))
            }
            Direction::In => {
                let pending = self
                    .store
                    .copy_incoming(record.inbound(), &origin, created_ms);
                pending.map(|pending| Applying::Received(pending, echo.clone(), origin))
            }
        };
        applying
            .map(Some)
            .inspect_err(|_| self.echoes.forget(&echo))
    }

    fn change(
        &self,
        record: &Record,
        id: MessageId,
        found: Option<&FoundMessage>,
    ) -> Result<Option<Applying>, StoreError> {
        let message = &record.message;
        if record.is_new {
            return Ok(None);
        }
        let echo = match record.occasion {
            Occasion::State => Echo::State(id, message.state),
            _ => Echo::Revised(id),
        };
        self.echoes.expect(echo.clone(), Some(record.place(true)));
        let begun = match (record.occasion, message.direction) {
            (Occasion::State, Direction::Out) => self.advance(record, id, found, &echo),
            (Occasion::Deleted, Direction::Out) => {
                let pending = self.store.deleted(id);
                pending.map(|pending| Some(Applying::Certain(pending, echo.clone())))
            }
            (occasion, Direction::In) => match revision(occasion, message) {
                Some(revision) => {
                    let key = record.message_key().key;
                    let pending = self.store.revise(&message.channel, &key, revision);
                    pending.map(|pending| Some(Applying::Change(pending, echo.clone())))
                }
                None => Ok(None),
            },
            _ => Ok(None),
        };
        if !matches!(begun, Ok(Some(_))) {
            self.echoes.forget(&echo);
        }
        begun
    }

    /// Brings a message of ours to the state that another node reports.
    fn advance(
        &self,
        record: &Record,
        id: MessageId,
        found: Option<&FoundMessage>,
        echo: &Echo,
    ) -> Result<Option<Applying>, StoreError> {
        let message = &record.message;
        let has_failed = found.is_some_and(|found| found.message.state == State::Failed);
        if message.state == State::Queued && has_failed {
            let pending = self.store.retry(id)?;
            return Ok(Some(Applying::Certain(pending, echo.clone())));
        }
        let pending = if message.state == State::Sent && !record.references.is_empty() {
            self.store.accepted(id, record.references.clone())?
        } else {
            let update = StatusUpdate {
                state: message.state,
                attempts: Some(message.attempts),
                error: message.error.clone(),
                retry_in: None,
            };
            self.store.advance(id, update)?
        };
        Ok(Some(Applying::Change(pending, echo.clone())))
    }
}

/// What an event says that its author did to a message.
fn revision(occasion: Occasion, message: &Message) -> Option<Revision> {
    match occasion {
        Occasion::State => None,
        Occasion::Edited => Some(Revision::Edited {
            text: message.text.clone(),
            content: message.content.clone(),
        }),
        Occasion::Deleted => Some(Revision::Deleted),
        Occasion::Media => message.media.clone().map(Revision::Media),
    }
}
