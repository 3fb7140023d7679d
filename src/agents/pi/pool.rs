//! The processes of pi: at most so many, one a session, each kept for a while after its last turn. The one
//! that was idle longest gives way.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    process::Command,
    sync::{Notify, oneshot},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, timeout},
};

use super::process::{Gone, PiProcess};
use crate::{agents::Failure, child::Keeper};

/// How long a turn waits for a process. The gateway offers no more turns than there are processes, so that
/// this is the time that an aborted run takes to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The processes. Clones are of the same pool.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    most: usize,
    idle_timeout: Duration,
    keeper: Keeper,
    state: Mutex<State>,
    /// Told when a place may have become free.
    changed: Notify,
}

#[derive(Default)]
struct State {
    slots: BTreeMap<String, Slot>,
    /// Runs that are being aborted.
    tasks: JoinSet<()>,
    is_closing: bool,
    last_number: u64,
}

/// The place of one session.
enum Slot {
    /// A turn has it, or it is being cleaned up.
    Busy,
    Idle(Idle),
}

struct Idle {
    number: u64,
    since: Instant,
    claim: oneshot::Sender<()>,
    keeping: JoinHandle<Option<PiProcess>>,
}

impl Idle {
    /// Takes the process; `None` where it ended meanwhile.
    async fn take(self) -> Option<PiProcess> {
        let _ = self.claim.send(());
        self.keeping.await.ok().flatten()
    }
}

/// The right to a session's process for one turn. Dropped without [`Lease::finish`] or [`Lease::discard`],
/// the run under way is aborted.
pub(super) struct Lease {
    pool: Pool,
    session: String,
    process: Option<PiProcess>,
    /// The place was given back.
    is_over: bool,
}

/// What there is for a turn that wants a process.
enum Place {
    /// The session's own process waits.
    Own(Idle),
    /// There is room, once this other process has ended.
    Room(Option<Idle>),
    /// Not yet.
    Wait,
}

impl Pool {
    pub(super) fn new(most: usize, idle_timeout: Duration, keeper: Keeper) -> Self {
        Self(Arc::new(Shared {
            most,
            idle_timeout,
            keeper,
            state: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place without a process, for one that is started and ended elsewhere. Dropping it gives it up.
    pub(super) async fn place_of(&self, session: &str) -> Result<Lease, Failure> {
        let place = timeout(PATIENCE, self.place(session)).await;
        let place = place.map_err(|_| Failure::transient("every process of pi is busy"))?;
        let mut lease = Lease {
            pool: self.clone(),
            session: session.to_owned(),
            process: None,
            is_over: false,
        };
        match place {
            Place::Own(own) => lease.process = own.take().await,
            Place::Room(Some(other)) => {
                if let Some(process) = other.take().await {
                    process.close().await;
                }
            }
            Place::Room(None) | Place::Wait => {}
        }
        Ok(lease)
    }

    /// The process of a session, started where there is none.
    pub(super) async fn lease(
        &self,
        session: &str,
        launch: impl FnOnce() -> Command,
    ) -> Result<Lease, Failure> {
        let mut lease = self.place_of(session).await?;
        if lease.process.is_none() {
            let started = PiProcess::start(&self.0.keeper, launch()).await;
            lease.process = Some(started.map_err(|Gone(why)| Failure::transient(why))?);
        }
        Ok(lease)
    }

    /// Waits until the session's place is free and takes it.
    async fn place(&self, session: &str) -> Place {
        loop {
            let changed = self.0.changed.notified();
            match self.try_place(session) {
                Place::Wait => changed.await,
                place => return place,
            }
        }
    }

    fn try_place(&self, session: &str) -> Place {
        let mut state = self.state();
        let place = match state.slots.remove(session) {
            Some(Slot::Idle(own)) => Place::Own(own),
            Some(Slot::Busy) => Place::Wait,
            None if state.slots.len() < self.0.most => Place::Room(None),
            None => {
                let idle = state.slots.iter().filter_map(|(name, slot)| match slot {
                    Slot::Idle(idle) => Some((idle.since, name.clone())),
                    Slot::Busy => None,
                });
                let longest = idle.min().map(|(_, name)| name);
                match longest.and_then(|name| state.slots.remove(&name)) {
                    Some(Slot::Idle(other)) => Place::Room(Some(other)),
                    _ => return Place::Wait,
                }
            }
        };
        state.slots.insert(session.to_owned(), Slot::Busy);
        place
    }

    /// Keeps a process for the next turn of its session.
    fn put_back(&self, session: &str, process: PiProcess) {
        let mut state = self.state();
        if state.is_closing {
            state.slots.remove(session);
            state.tasks.spawn(process.close());
            return;
        }
        state.last_number += 1;
        let number = state.last_number;
        let (claim, claimed) = oneshot::channel();
        let keeping = tokio::spawn(keep(
            self.clone(),
            session.to_owned(),
            number,
            process,
            claimed,
        ));
        let idle = Idle {
            number,
            since: Instant::now(),
            claim,
            keeping,
        };
        state.slots.insert(session.to_owned(), Slot::Idle(idle));
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// Gives up the place of a session.
    fn free(&self, session: &str) {
        self.state().slots.remove(session);
        self.0.changed.notify_waiters();
    }

    /// Gives up the place of an idle process that nobody claimed.
    fn free_idle(&self, session: &str, number: u64) {
        let mut state = self.state();
        let is_own = |slot: &Slot| matches!(slot, Slot::Idle(idle) if idle.number == number);
        if state.slots.get(session).is_some_and(is_own) {
            state.slots.remove(session);
            drop(state);
            self.0.changed.notify_waiters();
        }
    }

    /// Ends all processes. No turn runs any more.
    pub(super) async fn close(&self) {
        let (slots, mut tasks) = {
            let mut state = self.state();
            state.is_closing = true;
            (
                std::mem::take(&mut state.slots),
                std::mem::take(&mut state.tasks),
            )
        };
        for idle in slots.into_values().filter_map(|slot| match slot {
            Slot::Idle(idle) => Some(idle),
            Slot::Busy => None,
        }) {
            tasks.spawn(async move {
                if let Some(process) = idle.take().await {
                    process.close().await;
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// Holds an idle process until it is claimed, ends, or was idle too long.
async fn keep(
    pool: Pool,
    session: String,
    number: u64,
    mut process: PiProcess,
    mut claimed: oneshot::Receiver<()>,
) -> Option<PiProcess> {
    let mut late = std::pin::pin!(sleep(pool.0.idle_timeout));
    loop {
        tokio::select! {
            biased;
            _ = &mut claimed => return Some(process),
            () = &mut late => break,
            // Reading keeps its pipe from filling up.
            record = process.next() => if record.is_err() || process.cancel_dialogs().await.is_err() {
                break;
            },
        }
    }
    pool.free_idle(&session, number);
    process.close().await;
    None
}

impl Lease {
    /// The process.
    pub(super) fn process(&mut self) -> Result<&mut PiProcess, Gone> {
        let missing = || Gone("pi is not running".to_owned());
        self.process.as_mut().ok_or_else(missing)
    }

    /// The turn ended in order: the process may serve the next.
    pub(super) fn finish(mut self) {
        if let Some(process) = self.process.take() {
            self.is_over = true;
            self.pool.put_back(&self.session, process);
        }
    }

    /// The process is of no more use.
    pub(super) async fn discard(mut self) {
        if let Some(process) = self.process.take() {
            process.close().await;
        }
        self.is_over = true;
        self.pool.free(&self.session);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let Some(mut process) = self.process.take() else {
            return self.pool.free(&self.session);
        };
        let (pool, session) = (self.pool.clone(), self.session.clone());
        let clean_up = async move {
            let is_closing = pool.state().is_closing;
            if !is_closing && process.abort().await {
                pool.put_back(&session, process);
            } else {
                process.close().await;
                pool.free(&session);
            }
        };
        let mut state = self.pool.state();
        while state.tasks.try_join_next().is_some() {}
        state.tasks.spawn(clean_up);
    }
}
