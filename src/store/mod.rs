//! Messages and what became of them, kept: the durable outbox, inbox and history.
//!
//! One thread writes (`writer`): it commits in one transaction whatever was asked while the last
//! commit was on its way to the disk, and acknowledges nothing before the fsync. Readers see
//! snapshots and never wait for it. The logic is written once (`operations`, `read`, `history`,
//! `retention`, over the rows of `tables` and the `index`); a backend keeps the rows, in one file
//! with the `store` feature (`redb`) and in memory without it (`memory`).
//!
//! Not here: who is told about events and when to send what is due; that is for those who call.

mod aliases;
mod backend;
mod codec;
mod conversations;
mod error;
mod history;
mod index;
mod job;
mod keys;
#[cfg(any(test, not(feature = "store")))]
mod memory;
mod operations;
mod options;
mod pending;
mod queue;
mod read;
#[cfg(feature = "store")]
mod redb;
mod report;
mod request;
mod retention;
mod revisions;
mod schema;
mod shared;
mod tables;
#[cfg(test)]
mod tests;
mod write;
mod writer;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use crate::{
    error::{Error, Result},
    message::{Direction, Message, MessageId},
    panics::run_blocking,
};

use self::{
    backend::{Backend, Snapshot},
    queue::{Bounds, Queue},
    shared::Shared,
    tables::Body,
    write::{Fresh, Transaction},
    writer::{OnCommit, Writer},
};
pub use self::{
    conversations::{Conversation, ConversationQuery, Conversations, Marked},
    error::StoreError,
    options::{Clock, Options},
    pending::{Pending, STORE_WAIT, insist},
    report::report_to,
    request::{
        Draft, Health, HistoryQuery, Inbound, Occasion, Page, Parts, Pruned, Queued, Received,
        Revision, Step, StoredEvent, Transition,
    },
};

/// Channels and peers are index keys: none may be longer, in bytes.
const MAX_NAME: usize = 1024;

/// The bytes a request takes in the queue besides its texts.
const REQUEST_WEIGHT: usize = 256;

/// The handle to the messages. Clones share one writer; the last one dropped closes it.
///
/// What writes answers at once with a [`Pending`] and never blocks. What reads may wait for the
/// disk: call it where blocking is allowed.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store, making the file where there is none. `on_commit` is called on the writer's
    /// thread with the events of each durable commit, in the order of their numbers, before anyone
    /// who asked for them is answered; it should return quickly.
    pub fn open(
        options: Options,
        on_commit: impl FnMut(Vec<StoredEvent>) + Send + 'static,
    ) -> Result<Self> {
        #[cfg(feature = "store")]
        let backend = redb::Redb::open(&options.path)?;
        #[cfg(not(feature = "store"))]
        let backend = memory::Memory::new();
        Self::start(Box::new(backend), options, Box::new(on_commit))
    }

    fn start(backend: Box<dyn Backend>, options: Options, on_commit: OnCommit) -> Result<Self> {
        let path = &options.path;
        let counters = schema::open(&*backend, (options.clock)());
        let counters = counters.map_err(|why| why.told_of(path))?;
        let queue = Queue::new(Bounds {
            requests: options.max_queued,
            bytes: options.max_queued_bytes,
        });
        let shared = Arc::new(Shared::new(backend, queue, options.clock, counters));
        let writer = Writer::new(
            Arc::clone(&shared),
            on_commit,
            options.max_batch,
            options.history_days,
        );
        let thread = thread::Builder::new().name("store".to_owned());
        let thread = thread
            .spawn(move || writer.run())
            .map_err(|error| Error::Failed(format!("cannot start the store's thread: {error}")))?;
        Ok(Self(Arc::new(Inner {
            shared,
            writer: Mutex::new(Some(thread)),
        })))
    }

    fn submit<I, T>(
        &self,
        action: fn(&mut Transaction<'_>, &mut I) -> Result<T, StoreError>,
        input: I,
        weight: usize,
    ) -> Result<Pending<T>, StoreError>
    where
        I: Send + 'static,
        T: Send + 'static,
    {
        let (job, pending) = job::call(action, input);
        self.0.shared.queue.push(weight + REQUEST_WEIGHT, job)?;
        Ok(pending)
    }

    /// Puts a message into the outbox.
    pub fn queue(&self, draft: Draft) -> Result<Pending<Queued>, StoreError> {
        let fresh = fresh(Body::outgoing(draft))?;
        let weight = fresh.weight();
        self.submit(operations::queue, fresh, weight)
    }

    /// Keeps a message that came in.
    pub fn receive(&self, inbound: Inbound) -> Result<Pending<Received>, StoreError> {
        let fresh = fresh(Body::incoming(inbound))?;
        let weight = fresh.weight();
        self.submit(operations::receive, fresh, weight)
    }

    /// Takes news of an outgoing message. Answers `None`, and changes nothing, where the message
    /// is already there or further.
    pub fn advance(
        &self,
        id: MessageId,
        step: Step,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let weight = step.error.as_ref().map_or(0, String::len);
        self.submit(operations::advance, (id, step), weight)
    }

    /// Takes the news that the service accepted a message, and the names it knows it by: reports on
    /// it come by these.
    pub fn accepted(
        &self,
        id: MessageId,
        references: Vec<String>,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let (references, weight) = usable(references);
        self.submit(operations::accepted, (id, references), weight)
    }

    /// Takes the news that the service accepted some parts of a message but not yet the last.
    /// Forgotten when the message leaves the outbox.
    pub fn parts_accepted(
        &self,
        id: MessageId,
        mut parts: Parts,
    ) -> Result<Pending<()>, StoreError> {
        let (references, weight) = usable(parts.references);
        parts.references = references;
        self.submit(operations::parts_accepted, (id, parts), weight)
    }

    /// Takes a service's report on a message that it knows by `reference`. Fails with
    /// [`StoreError::NotFound`] where no message goes by that name.
    pub fn report(
        &self,
        channel: &str,
        reference: &str,
        step: Step,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let weight = channel.len() + reference.len();
        let input = (channel.to_owned(), reference.to_owned(), step);
        self.submit(operations::report, input, weight)
    }

    /// Takes what an integration that knows our ids says of a message of its channel, with the names
    /// the service gave to it. Answers with the message as it stands then; fails with
    /// [`StoreError::NotFound`] where the channel has sent no such message.
    pub fn answered(
        &self,
        channel: &str,
        id: MessageId,
        references: Vec<String>,
        step: Step,
    ) -> Result<Pending<Message>, StoreError> {
        let (references, weight) = usable(references);
        let weight = weight + channel.len() + step.error.as_ref().map_or(0, String::len);
        let input = (channel.to_owned(), id, references, step);
        self.submit(operations::answered, input, weight)
    }

    /// Runs a read where it may block, and waits for it without holding up the runtime.
    pub async fn run_blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let done = run_blocking(move || read(&store)).await;
        done.unwrap_or_else(|_| Err(StoreError::Internal("the log says more".to_owned())))
    }

    /// The names a service gave to a message. Blocks.
    pub fn references(&self, id: MessageId) -> Result<Vec<String>, StoreError> {
        self.view(|rows| read::references(rows, id.0))
    }

    /// How much of a message in the outbox its service has taken. Blocks.
    pub fn parts(&self, message: &Message) -> Result<Parts, StoreError> {
        self.view(|rows| read::parts(rows, message))
    }

    /// The message that a service knows by this name. Blocks.
    pub fn referred(
        &self,
        channel: &str,
        reference: &str,
    ) -> Result<Option<MessageId>, StoreError> {
        self.view(|rows| read::referred(rows, channel, reference))
    }

    /// The message of a channel that goes by the service's `name`: the dedup key it came with, or a
    /// name given to one of ours. Blocks.
    pub fn named(&self, channel: &str, name: &str) -> Result<Option<Message>, StoreError> {
        self.view(|rows| match revisions::named(rows, channel, name)? {
            Some(number) => read::load(rows, number),
            None => Ok(None),
        })
    }

    /// Withdraws a message that is still queued.
    pub fn cancel(&self, id: MessageId) -> Result<Pending<Message>, StoreError> {
        self.submit(operations::cancel, id, 0)
    }

    /// Queues a failed message again, due now, with its attempts still counted.
    pub fn retry(&self, id: MessageId) -> Result<Pending<Message>, StoreError> {
        self.submit(operations::retry, id, 0)
    }

    /// Forgets what is too old now rather than within the hour.
    pub fn prune(&self) -> Result<Pending<Pruned>, StoreError> {
        let (reply, pending) = Pending::channel();
        self.0.shared.queue.push_prune(reply)?;
        Ok(pending)
    }

    fn view<T>(
        &self,
        ask: impl FnOnce(&dyn Snapshot) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        ask(&*self.0.shared.backend.snapshot()?)
    }

    /// A message and everything that happened to it, oldest first. Blocks.
    pub fn message(&self, id: MessageId) -> Result<Option<(Message, Vec<Transition>)>, StoreError> {
        self.view(|rows| read::message(rows, id.0))
    }

    /// A page of messages. Blocks.
    pub fn history(&self, query: &HistoryQuery) -> Result<Page, StoreError> {
        self.view(|rows| history::history(rows, query))
    }

    /// The stored events after `seq`, oldest first: at most `limit`, ending with the one that
    /// reaches `max_bytes` (at least one). Events older than the history kept are left out. May be
    /// a commit ahead of [`head_seq`](Self::head_seq) and of `on_commit`. Blocks.
    pub fn events_after(
        &self,
        seq: u64,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.view(|rows| read::events_after(rows, seq, limit, max_bytes))
    }

    /// The sequence number of the last event committed.
    pub fn head_seq(&self) -> u64 {
        self.0.shared.head()
    }

    /// The sequence number of the oldest event kept, or the one to come where none is. Blocks.
    pub fn oldest_seq(&self) -> Result<u64, StoreError> {
        let head = self.head_seq();
        self.view(|rows| read::oldest_seq(rows, head))
    }

    /// Messages of a channel still to be sent, oldest first, with the time each is due in ms since
    /// 1970. Blocks.
    pub fn outbox(
        &self,
        channel: &str,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<(Message, u64)>, StoreError> {
        self.view(|rows| read::outbox(rows, channel, after, limit))
    }

    /// How many messages of each channel are still to be sent.
    pub fn outbox_depth(&self) -> BTreeMap<String, u64> {
        self.0.shared.counters().outbox
    }

    /// How the store fares. Never waits for the writer.
    pub fn health(&self) -> Health {
        self.0.shared.health()
    }

    /// Writes and answers what waits, then closes the file. What is asked later is refused. Blocks.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Inner {
    fn close(&self) {
        self.shared.queue.close();
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // The last handle may be dropped by `on_commit`, on the writer's own thread.
        if let Some(thread) =
            writer.take_if(|thread| thread.thread().id() != thread::current().id())
        {
            // A panic of the writer was reported where it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Names that can be keys, and their weight. One that cannot is not worth the message: reports on it
/// are lost.
fn usable(references: Vec<String>) -> (Vec<String>, usize) {
    let long = references.iter().any(|name| name.len() > MAX_NAME);
    let references = if long { Vec::new() } else { references };
    let weight = references.iter().map(String::len).sum();
    (references, weight)
}

/// Checks the parts that become keys and encodes the rest, on the thread of whoever asks.
fn fresh(body: Body) -> Result<Fresh, StoreError> {
    let message = &body.message;
    let key = match message.direction {
        Direction::In => "dedup_key",
        Direction::Out => "idempotency_key",
    };
    let names = [
        ("channel", message.channel.len()),
        ("peer", message.peer.len()),
        (key, body.key.as_ref().map_or(0, String::len)),
    ];
    match names.iter().find(|(_, length)| *length > MAX_NAME) {
        Some((field, _)) => Err(StoreError::TooLong {
            field,
            limit: MAX_NAME,
        }),
        None => Ok(Fresh::new(body)),
    }
}
