//! What is to be sent later: waits until its time has come, and puts it into the outbox, or gives it up where it is
//! too late.
//!
//! - `wall_clock`: whether the clock is believed.
//! - `due`: the messages whose time has come.
//! - `repeating`: what is sent again and again.
//! - here: the task that looks, at the next time that is known, when something new is scheduled, and every so often
//!   where anything is, for clocks are set and machines sleep.
//!
//! Not here: the hours and the pace of a channel, which hold back what is in the outbox (`gate`).

mod due;
mod repeating;
mod row;
#[cfg(test)]
mod tests;
mod wall_clock;

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::JoinHandle, time::sleep};

pub(super) use self::repeating::{Repeating, RepeatingParts};

use self::wall_clock::{Belief, Look, WallClock};
use crate::{
    clock,
    gateway::CommitListeners,
    log::Log,
    store::{Store, StoreError},
};

/// While anything is scheduled, the clock is looked at this often: it may have been set, or the machine slept.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// The wait before a store that failed is asked again.
const AFTER_ERROR: Duration = Duration::from_secs(5);

/// Sends what is scheduled.
pub(super) struct Scheduler {
    inner: Arc<SchedulerInner>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

pub(super) struct SchedulerInner {
    store: Store,
    repeating: Arc<Repeating>,
    log: Log,
    wake: Notify,
    started: Instant,
}

/// When to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// When something is scheduled: nothing is.
    Woken,
    /// At the latest after this long.
    After(Duration),
}

impl Scheduler {
    pub(super) fn new(
        store: Store,
        repeating: Arc<Repeating>,
        listeners: &CommitListeners,
        log: Log,
    ) -> Self {
        let inner = Arc::new(SchedulerInner {
            store,
            repeating,
            log,
            wake: Notify::new(),
            started: Instant::now(),
        });
        // Weak, because the store, which calls it, belongs to what the scheduler has.
        let told = Arc::downgrade(&inner);
        listeners.on_scheduled(move || {
            if let Some(inner) = told.upgrade() {
                inner.wake.notify_one();
            }
        });
        Self {
            inner,
            worker: Mutex::default(),
        }
    }

    pub(super) fn start(&self) {
        let task = tokio::spawn(Arc::clone(&self.inner).work());
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    pub(super) fn end(&self) {
        let worker = self
            .worker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        worker.inspect(JoinHandle::abort);
    }
}

impl SchedulerInner {
    async fn work(self: Arc<Self>) {
        let mut clock = WallClock::new(self.read_clocks());
        loop {
            let next = match self.turn(&mut clock, self.read_clocks()).await {
                Ok(next) => next,
                Err(error) => {
                    let text = "what is scheduled cannot be read; trying again";
                    self.log
                        .warn_limited("schedule", text, &[("error", &error)]);
                    Next::After(AFTER_ERROR)
                }
            };
            match next {
                Next::Woken => tokio::select! {
                    () = self.wake.notified() => {}
                    () = self.repeating.changed() => {}
                },
                Next::After(wait) => tokio::select! {
                    () = self.wake.notified() => {}
                    () = self.repeating.changed() => {}
                    () = sleep(wait) => {}
                },
            }
        }
    }

    /// Does what the clock says, and when to look again.
    async fn turn(&self, clock: &mut WallClock, look: Look) -> Result<Next, StoreError> {
        let belief = clock.look(look);
        if let Belief::Now {
            now_ms,
            excused_ms,
            may_give_up,
        } = belief
        {
            due::let_go(
                &self.store,
                due::Time {
                    now_ms,
                    excused_ms,
                    may_give_up,
                },
            )
            .await?;
            self.repeating.fire(now_ms, excused_ms).await;
        }
        let next = self.store.run_blocking(Store::next_scheduled).await?;
        let next = next.into_iter().chain(self.repeating.next_ms()).min();
        Ok(match (next, belief) {
            (None, _) => Next::Woken,
            (Some(_), Belief::Doubted(ms)) => {
                let text =
                    "the clock was set ahead: what is scheduled waits until it is sure to be right";
                let minutes = ms.div_ceil(60_000);
                self.log
                    .warn_limited("schedule", text, &[("minutes", &minutes)]);
                Next::After(Duration::from_millis(ms).min(LOOK_EVERY))
            }
            (Some(at_ms), Belief::Now { now_ms, .. }) => {
                let wait = at_ms.saturating_sub(now_ms);
                // What is too late but not given up yet waits for the next look.
                let wait = if wait == 0 {
                    LOOK_EVERY
                } else {
                    Duration::from_millis(wait)
                };
                Next::After(wait.min(LOOK_EVERY))
            }
        })
    }

    fn read_clocks(&self) -> Look {
        let of_process = || u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Look {
            wall_ms: clock::now_ms(),
            up_ms: uptime_ms().unwrap_or_else(of_process),
        }
    }
}

/// For how long the machine has been up, sleep included (proc(5): its first number is the clock `CLOCK_BOOTTIME`).
fn uptime_ms() -> Option<u64> {
    let text = cfg!(target_os = "linux").then(|| fs::read_to_string("/proc/uptime").ok())??;
    let seconds = text.split_whitespace().next()?;
    let (whole, hundredths) = seconds.split_once('.')?;
    let (whole, hundredths): (u64, u64) = (whole.parse().ok()?, hundredths.parse().ok()?);
    Some(whole * 1000 + hundredths * 10)
}
