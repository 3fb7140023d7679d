//! Messages and what became of them, kept: the durable outbox, inbox and history.
//!
//! One thread writes (`writer`): it commits in one transaction whatever was asked while the last
//! commit was on its way to the disk, and acknowledges nothing before the fsync. Readers see
//! snapshots and never wait for it. The logic is written once (`operations`, `read`, `history`,
//! `retention`, over the rows of `tables` and the `index`); a backend keeps the rows, in one file
//! with the `store` feature (`redb`) and in memory without it (`memory`).
//!
//! Not here: who is told about events and when to send what is due; that is for those who call.

mod answer;
mod backend;
mod error;
mod index;
mod options;
mod queries;
mod reads;
mod request;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod writer;
mod writes;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use crate::{
    error::{Error, Result},
    panics::run_blocking,
};

pub use self::{
    answer::{
        Conversation, Conversations, HistoryPage, Pruned, QueuedMessage, ReadMark, ReceivedMessage,
        StoreHealth, StoredEvent, Transition,
    },
    error::StoreError,
    options::{Clock, StoreOptions},
    request::{AcceptedParts, ConversationQuery, Draft, HistoryQuery, Inbound, StatusUpdate},
    writer::{
        pending::{Pending, STORE_WAIT, insist},
        report::report_to,
    },
};
use self::{
    backend::{Backend, Snapshot},
    writer::{
        OnCommit, Writer, job,
        queue::{Queue, QueueBounds},
        shared::Shared,
        transaction::Transaction,
    },
};

/// The bytes a request takes in the queue besides its texts.
const REQUEST_WEIGHT: usize = 256;

/// The handle to the messages. Clones share one writer; the last one dropped closes it.
///
/// What writes answers at once with a [`Pending`] and never blocks. What reads may wait for the
/// disk: call it where blocking is allowed.
#[derive(Clone)]
pub struct Store(Arc<StoreInner>);

struct StoreInner {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store, making the file where there is none. `on_commit` is called on the writer's
    /// thread with the events of each durable commit, in the order of their numbers, before anyone
    /// who asked for them is answered; it should return quickly.
    pub fn open(
        options: StoreOptions,
        on_commit: impl FnMut(Vec<StoredEvent>) + Send + 'static,
    ) -> Result<Self> {
        #[cfg(feature = "store")]
        let backend = backend::redb::Redb::open(&options.path)?;
        #[cfg(not(feature = "store"))]
        let backend = backend::memory::Memory::new();
        Self::start(Box::new(backend), options, Box::new(on_commit))
    }

    fn start(
        backend: Box<dyn Backend>,
        options: StoreOptions,
        on_commit: OnCommit,
    ) -> Result<Self> {
        let path = &options.path;
        let counters = schema::open(&*backend, (options.clock)());
        let counters = counters.map_err(|why| why.told_of(path))?;
        let queue = Queue::new(QueueBounds {
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
        Ok(Self(Arc::new(StoreInner {
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

    /// Runs a read where it may block, and waits for it without holding up the runtime.
    pub async fn run_blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let done = run_blocking(move || read(&store)).await;
        done.unwrap_or_else(|_| Err(StoreError::Internal("the log says more".to_owned())))
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

    /// The sequence number of the last event committed.
    pub fn head_seq(&self) -> u64 {
        self.0.shared.head()
    }

    /// How many messages of each channel are still to be sent.
    pub fn outbox_depth(&self) -> BTreeMap<String, u64> {
        self.0.shared.counters().outbox
    }

    /// How the store fares. Never waits for the writer.
    pub fn health(&self) -> StoreHealth {
        self.0.shared.health()
    }

    /// Writes and answers what waits, then closes the file. What is asked later is refused. Blocks.
    pub fn close(&self) {
        self.0.close();
    }
}

impl StoreInner {
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

impl Drop for StoreInner {
    fn drop(&mut self) {
        self.close();
    }
}
