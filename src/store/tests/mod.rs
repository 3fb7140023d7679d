//! Tests of the store through its public handle, on every backend.
//!
//! Here: the fixture, with a clock that the test sets and a storage that can be held up or made to
//! fail. Each file beside this one has the tests of one behaviour.

mod conversations;
#[cfg(feature = "store")]
mod file;
mod flags;
mod index;
mod keys;
mod media;
mod reading;
mod reports;
mod retention;
mod revisions;
mod states;
mod time;
mod turns;
mod words;
mod writing;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, AtomicUsize, Ordering},
    mpsc,
};

use super::{
    Clock, Draft, Inbound, Pending, QueuedMessage, ReceivedMessage, Store, StoreError,
    StoreOptions, StoredEvent,
    backend::memory::Memory,
    backend::{Backend, Snapshot, Work},
};
use crate::{fs::scratch::Scratch, message::MessageId};

pub(super) const DAY_MS: u64 = 86_400_000;
const START_MS: u64 = 1_800_000_000_000;

/// The backend of a fixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BackendKind {
    Memory,
    #[cfg(feature = "store")]
    File,
}

/// Runs a test once for each backend.
fn on_every_backend(test: impl Fn(Fixture)) {
    test(Fixture::new(BackendKind::Memory));
    #[cfg(feature = "store")]
    test(Fixture::new(BackendKind::File));
}

/// A folder, a clock, and a storage that outlives the stores opened on it.
struct Fixture {
    kind: BackendKind,
    // Lives as long as the test, whether or not that looks at files.
    #[cfg_attr(not(feature = "store"), expect(dead_code))]
    folder: Scratch,
    memory: Arc<Memory>,
    wall_ms: Arc<AtomicU64>,
    monotonic_ms: Arc<AtomicU64>,
    faults: Arc<Faults>,
    published: Arc<Mutex<Vec<StoredEvent>>>,
    options: StoreOptions,
}

impl Fixture {
    fn new(kind: BackendKind) -> Self {
        let folder = Scratch::new();
        let wall_ms = Arc::new(AtomicU64::new(START_MS));
        let monotonic_ms = Arc::<AtomicU64>::default();
        let clock = |ms: &Arc<AtomicU64>| -> Clock {
            let ms = Arc::clone(ms);
            Arc::new(move || ms.load(Ordering::Relaxed))
        };
        Self {
            kind,
            options: StoreOptions {
                path: folder.path().join("messages.redb"),
                clock: clock(&wall_ms),
                monotonic: clock(&monotonic_ms),
                ..StoreOptions::default()
            },
            folder,
            memory: Arc::new(Memory::new()),
            wall_ms,
            monotonic_ms,
            faults: Arc::default(),
            published: Arc::default(),
        }
    }

    /// What the last store left behind.
    fn backend(&self) -> Arc<dyn Backend> {
        match self.kind {
            BackendKind::Memory => Arc::clone(&self.memory) as _,
            #[cfg(feature = "store")]
            BackendKind::File => {
                Arc::new(super::backend::redb::Redb::open(&self.options.path).expect("opened"))
            }
        }
    }

    /// Opens the store on what the last one left behind.
    fn open(&self) -> Store {
        let faulty = Faulty {
            backend: self.backend(),
            faults: Arc::clone(&self.faults),
        };
        let published = Arc::clone(&self.published);
        let publish = move |events| published.lock().expect("whole").extend(events);
        Store::start(Box::new(faulty), self.options.clone(), Box::new(publish)).expect("started")
    }

    fn pass(&self, ms: u64) {
        self.wall_ms.fetch_add(ms, Ordering::Relaxed);
        self.monotonic_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Time passes while the machine is off.
    fn off(&self, ms: u64) {
        self.wall_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// The wall clock is set to this time.
    fn set_wall(&self, ms: u64) {
        self.wall_ms.store(ms, Ordering::Relaxed);
    }

    /// The events published so far.
    fn published(&self) -> Vec<StoredEvent> {
        self.published.lock().expect("whole").clone()
    }
}

/// How the storage is to fail.
#[derive(Default)]
struct Faults {
    /// This many commits fail and leave nothing.
    fail: AtomicUsize,
    /// This many commits report an error although they happened.
    lie: AtomicUsize,
    /// While there is one, each transaction waits for a signal before it commits.
    gate: Mutex<Option<mpsc::Receiver<()>>>,
    /// How often was measured how much is in use.
    measured: AtomicUsize,
    /// How often unused space was to be given back.
    compacted: AtomicUsize,
    /// Gets a signal from each transaction that reaches the gate.
    at_gate: Mutex<Option<mpsc::Sender<()>>>,
}

/// A gate before every commit, held by the test.
struct Gate {
    open: mpsc::Sender<()>,
    arrived: mpsc::Receiver<()>,
}

impl Gate {
    /// Holds up every commit from now on until the gate is dropped.
    fn close(faults: &Faults) -> Self {
        let (open, gate) = mpsc::channel();
        let (at_gate, arrived) = mpsc::channel();
        *faults.gate.lock().expect("whole") = Some(gate);
        *faults.at_gate.lock().expect("whole") = Some(at_gate);
        Self { open, arrived }
    }

    /// Waits until a transaction reaches the gate.
    fn await_arrival(&self) {
        self.arrived.recv().expect("a transaction arrived");
    }

    fn let_one_through(&self) {
        self.open.send(()).expect("somebody waits");
    }
}

struct Faulty {
    backend: Arc<dyn Backend>,
    faults: Arc<Faults>,
}

fn take_one(count: &AtomicUsize) -> bool {
    let taken = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        left.checked_sub(1)
    });
    taken.is_ok()
}

impl Backend for Faulty {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.backend.snapshot()
    }

    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let mut failed = false;
        self.backend.transact(&mut |rows| {
            let wanted = work(rows)?;
            if let Some(at_gate) = &*self.faults.at_gate.lock().expect("whole") {
                let _ = at_gate.send(());
            }
            if let Some(gate) = &*self.faults.gate.lock().expect("whole") {
                let _ = gate.recv();
            }
            failed = wanted && take_one(&self.faults.fail);
            Ok(wanted && !failed)
        })?;
        if failed || take_one(&self.faults.lie) {
            return Err(StoreError::Failing("no space left on device".to_owned()));
        }
        Ok(())
    }

    fn recover(&self) -> Result<(), StoreError> {
        self.backend.recover()
    }

    fn close(&self) {
        self.backend.close();
    }

    fn seal(&self, schema: u64) -> Result<(), StoreError> {
        self.backend.seal(schema)
    }

    fn trouble_at_place(&self) -> Option<String> {
        self.backend.trouble_at_place()
    }

    fn file_bytes(&self) -> u64 {
        self.backend.file_bytes()
    }

    fn used_bytes(&self) -> Result<u64, StoreError> {
        self.faults.measured.fetch_add(1, Ordering::Relaxed);
        self.backend.used_bytes()
    }

    fn compact(&self) -> Result<Option<u64>, StoreError> {
        self.faults.compacted.fetch_add(1, Ordering::Relaxed);
        self.backend.compact()
    }

    fn rewrite(&self) -> Result<(), StoreError> {
        self.backend.rewrite()
    }

    fn first_head(&self, now_ms: u64) -> u64 {
        self.backend.first_head(now_ms)
    }

    fn capacity(&self) -> Option<u64> {
        self.backend.capacity()
    }
}

fn draft(channel: &str, peer: &str, text: &str) -> Draft {
    Draft {
        channel: channel.to_owned(),
        peer: peer.to_owned(),
        text: text.to_owned(),
        ..Draft::default()
    }
}

fn keyed(text: &str, key: &str) -> Draft {
    Draft {
        idempotency_key: Some(key.to_owned()),
        ..draft("telegram", "ana", text)
    }
}

fn inbound(channel: &str, text: &str, key: Option<&str>) -> Inbound {
    Inbound {
        channel: channel.to_owned(),
        peer: "ana".to_owned(),
        text: text.to_owned(),
        dedup_key: key.map(str::to_owned),
        ..Inbound::default()
    }
}

/// Waits for the answer to a request that must succeed.
fn done<T>(pending: Result<Pending<T>, StoreError>) -> T {
    answer(pending).expect("done")
}

fn answer<T>(pending: Result<Pending<T>, StoreError>) -> Result<T, StoreError> {
    pending?.blocking_recv()
}

fn queued(store: &Store, draft: Draft) -> QueuedMessage {
    done(store.queue(draft))
}

fn received(store: &Store, inbound: Inbound) -> ReceivedMessage {
    done(store.receive(inbound))
}

/// Queues a plain message and returns its id.
fn queue(store: &Store, text: &str) -> MessageId {
    queued(store, draft("telegram", "ana", text)).message.id
}
