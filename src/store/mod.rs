//! The durable outbox, inbox and history: messages and everything that happened to them.
//!
//! One thread writes: it commits in one transaction all requests that arrived during the previous
//! commit, and acknowledges none before the fsync. Readers use snapshots and never wait for it.
//!
//! From the ground up, each importing only those before it:
//! - `rows`: the bytes of rows and keys.
//! - `backend`: the tables, in one redb file, or in memory without the feature `store`.
//! - `index`: which messages a channel and a conversation have.
//! - `queries`: everything that is answered from a snapshot.
//! - `time`: the time that the store counts by, whatever the wall clock does.
//! - `schema`: creating a store and upgrading an older one.
//! - `words`: which messages say what.
//! - `writer`: everything that changes rows, and the thread that does it.
//! - `erasing`: removing for good what is known of a person, or is older than a moment.
//! - `indexer`: the thread that keeps the index of words.
//! - `salvage`: saving what can be read of a damaged file.
//! - `archive`: all rows of a moment, for a backup, and a file made of such rows.
//! - here: the handle [`Store`], with its `reads` and its `writes`, and what is kept of `agents`, and rows that are few and `numbered`.
//!
//! A new query is a function in `queries` and a method in `reads`; a new request is an operation in
//! `writer::operations` and a method in `writes`.
//!
//! Not here: who is told of events, and when what is due is sent.

mod agents;
mod answer;
#[cfg(feature = "store")]
mod archive;
mod backend;
mod erasing;
mod error;
mod index;
mod indexer;
#[cfg(feature = "nats")]
mod mirrored;
mod numbered;
mod options;
mod queries;
mod reads;
mod request;
mod rows;
#[cfg(feature = "store")]
mod salvage;
mod schema;
#[cfg(test)]
mod tests;
mod time;
mod turn;
mod words;
mod writer;
mod writes;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    thread::{self, JoinHandle},
};

use crate::{
    error::{Error, Result},
    panics::run_blocking,
};

#[cfg(feature = "store")]
pub use self::archive::{NewStore, StoreContents, Taken, VisitTableRow, cluster_files};
#[cfg(feature = "store")]
pub use self::backend::redb::{check_file, open_to_others};
#[cfg(feature = "nats")]
pub use self::mirrored::{FoundMessage, MessageKey};
#[cfg(feature = "store")]
pub use self::salvage::{Salvaged, salvage};
pub use self::{
    answer::{
        ChangedFlags, ClockHealth, Conversation, ConversationFlags, ConversationNews,
        Conversations, DueTime, HistoryPage, IndexedWords, KeptMedia, MediaRow, MediaTotals,
        Occasion, Pruned, QueuedMessage, ReadMark, ReceivedMessage, StoreHealth, StoredEvent,
        Transition, WaitingFetch,
    },
    erasing::{Erasable, Erased, Erasing},
    error::{SALVAGE_ADVICE, StoreError},
    numbered::{NumberedTable, RowStorage},
    options::{Clock, StoreOptions},
    queries::scheduled::{ScheduledPage, ScheduledQuery},
    request::{
        AcceptedParts, ConversationQuery, ConversationSort, Draft, FlagsUpdate, HistoryQuery,
        Inbound, Revision, SendAt, StatusUpdate,
    },
    rows::position::ReaderPosition,
    turn::{Hold, HoldReason, NewTurn, Turn, TurnUpdate},
    writer::{
        pending::{Pending, STORE_WAIT, insist},
        report::report_to,
        scheduled::Release,
    },
};
use self::{
    backend::{Backend, Snapshot},
    indexer::Indexer,
    schema::Unusable,
    time::TimeKeeper,
    words::WordsSignal,
    writer::{
        OnCommit, Writer,
        job::{self, Operation},
        queue::{Queue, QueueBounds},
        shared::Shared,
    },
};

/// The name of the file in the home folder.
pub const FILE: &str = "messages.redb";

/// The version of the schema of that file.
pub const SCHEMA: u64 = schema::VERSION;

/// What a request counts in the queue besides its texts, in bytes.
const REQUEST_WEIGHT: usize = 256;

/// A handle to the store. Clones share one writer thread; dropping the last one closes the store.
///
/// Methods that write return a [`Pending`] at once and never block. Methods that read may wait for
/// the disk: call them where blocking is allowed.
#[derive(Clone)]
pub struct Store(Arc<StoreInner>);

struct StoreInner {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    indexer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store and creates the file if it is missing. `on_commit` is called on the writer's
    /// thread with the events of each durable commit, in the order of their numbers, and before the
    /// requests of that commit are answered. It must return quickly: the next commit waits for it.
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
        let now_ms = (options.clock)();
        let counters = schema::open(&*backend, now_ms);
        let counters = counters.map_err(|why| why.error_for(path))?;
        let time = TimeKeeper::open(&*backend, options.clock, options.monotonic);
        let time = time.and_then(|time| time.install(&*backend).map(|()| time));
        let time = time.map_err(|why| Unusable::from(why).error_for(path))?;
        let queue = Queue::new(QueueBounds {
            requests: options.max_queued,
            bytes: options.max_queued_bytes,
        });
        let shared = Arc::new(Shared::new(
            backend,
            queue,
            time,
            counters,
            options.max_bytes,
            WordsSignal::new(options.word_batch),
        ));
        let writer = Writer::new(
            Arc::clone(&shared),
            on_commit,
            options.max_batch,
            options.history_days,
        );
        let indexer = Indexer::new(Arc::clone(&shared), options.word_batch, !cfg!(test));
        let writer = spawn("store", move || writer.run())?;
        let indexer = spawn("words", move || indexer.run());
        let store = Self(Arc::new(StoreInner {
            shared,
            writer: Mutex::new(Some(writer)),
            indexer: Mutex::default(),
        }));
        *store
            .0
            .indexer
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(indexer?);
        Ok(store)
    }

    fn submit<I, T>(
        &self,
        operation: Operation<I, T>,
        input: I,
        weight: usize,
    ) -> Result<Pending<T>, StoreError>
    where
        I: Send + 'static,
        T: Send + 'static,
    {
        let (job, pending) = job::request(operation, input);
        self.0.shared.queue.push(weight + REQUEST_WEIGHT, job)?;
        Ok(pending)
    }

    /// Runs a read on a thread that may block, and awaits it.
    pub async fn run_blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let done = run_blocking(move || read(&store)).await;
        done.unwrap_or_else(|_| Err(StoreError::Internal("the log says more".to_owned())))
    }

    /// Starts a retention run now rather than within the hour; resolves when it is done.
    pub fn prune(&self) -> Result<Pending<Pruned>, StoreError> {
        let (reply, pending) = Pending::channel();
        self.0.shared.queue.push_prune(reply)?;
        Ok(pending)
    }

    fn view<T>(
        &self,
        ask: impl FnOnce(&dyn Snapshot) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let shared = &self.0.shared;
        let answer = shared.backend.snapshot().and_then(|rows| ask(&*rows));
        answer.inspect_err(|error| shared.note_damage(error))
    }

    /// Finds out whether the file is still at its place; while it is not, nothing is stored. Costs one
    /// look at the path.
    pub fn look_at_place(&self) {
        self.0.shared.look_at_place();
    }

    /// Sets how many bytes of the file may be in use; 0 for no limit.
    pub fn set_max_bytes(&self, limit: u64) {
        self.0.shared.max_bytes.store(limit, Ordering::Relaxed);
    }

    /// What the owner should know about the file since it was opened.
    pub fn notes(&self) -> Vec<String> {
        self.0.shared.backend.notes()
    }

    /// The sequence number of the last event committed.
    pub fn head_seq(&self) -> u64 {
        self.0.shared.head()
    }

    /// How many messages of each channel are still to be sent.
    pub fn outbox_depth(&self) -> BTreeMap<String, u64> {
        self.0.shared.counters().outbox
    }

    /// Whether some message, of any channel, has a file that is to be fetched. Costs no read.
    pub fn has_fetches(&self) -> bool {
        self.0.shared.fetches() > 0
    }

    /// How many files are kept.
    pub fn media_totals(&self) -> MediaTotals {
        self.0.shared.media_totals()
    }

    /// The store's time, in ms: it runs with the monotonic clock and survives restarts. For ages only;
    /// the wall clock may show another.
    pub fn clock(&self) -> Clock {
        let shared = Arc::clone(&self.0.shared);
        Arc::new(move || shared.time_ms())
    }

    /// How far the index of words is. Costs no read.
    pub fn indexed_words(&self) -> IndexedWords {
        self.0.shared.words.indexed()
    }

    /// The state of the store. Never waits for the writer.
    pub fn health(&self) -> StoreHealth {
        self.0.shared.health()
    }

    /// Commits and answers the waiting requests, then closes the file. Later requests are refused.
    /// Blocks.
    pub fn close(&self) {
        self.0.close();
    }
}

/// Starts a thread of the store.
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map_err(|error| Error::Failed(format!("cannot start the store's thread: {error}")))
}

impl StoreInner {
    fn close(&self) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // `on_commit` may drop the last handle: on the writer's own thread, which cannot join itself, nor
        // the indexer, which waits for it.
        let writer = writer.take_if(|thread| thread.thread().id() != thread::current().id());
        self.shared.words.close();
        if writer.is_some() {
            // Before the writer, which closes the file: that must not be read then.
            let mut indexer = self.indexer.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = indexer.take().map(JoinHandle::join);
        }
        self.shared.queue.close();
        // The panic hook has logged a panic of the writer already.
        let _ = writer.map(JoinHandle::join);
    }
}

impl Drop for StoreInner {
    fn drop(&mut self) {
        self.close();
    }
}
