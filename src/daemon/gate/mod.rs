//! What holds messages back that are in the outbox: a pause by the owner, the hours of a channel, its limits by the
//! day. Whatever is held is accepted, kept, and goes when that is over.
//!
//! - `pauses`: what the owner stopped, for how long and why.
//! - `quota`: what a channel has sent today.
//! - `channel`: the gate of one channel, which its delivery worker asks.
//! - here: all of them, and what clients see and change.
//!
//! Not here: the gap between two messages (`delivery::rate_limiter`), and what is to be sent later (`schedule`).

mod channel;
mod pauses;
mod quota;
#[cfg(all(test, feature = "store"))]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout_at},
};

pub(super) use self::channel::{Admission, ChannelGate};
use self::{
    pauses::{ALL, Pause, Pauses},
    quota::Quotas,
};
use crate::{
    calendar::Zone,
    clock,
    gateway::control::{Gate as GateActions, NewPause, Reply},
    log::{Log, LogField},
    panics::run_to_end,
    protocol::error_code::{ErrorCode, Fault},
    router::Router,
    store::{RowStorage, StoreError},
};

/// How long a pause waits for what was handed to a service already.
const IN_FLIGHT: Duration = Duration::from_secs(20);

/// While a pause has an end, the clock is looked at this often: it may have been set, or the machine slept.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Called with every change of a pause: the channel or `all`, and the pause where there is one.
type OnPause = Box<dyn Fn(&Value) + Send + Sync>;

/// The time in ms since 1970.
pub(super) type WallClock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// All that holds messages back.
pub(in crate::daemon) struct Gate {
    pauses: Pauses,
    quotas: Quotas,
    channels: Mutex<BTreeMap<String, Arc<ChannelGate>>>,
    zone: RwLock<Zone>,
    router: Arc<Router>,
    log: Log,
    on_pause: OnPause,
    /// Wakes the task that ends pauses.
    wake: Notify,
    clock: WallClock,
}

/// What a gate is made of.
pub(in crate::daemon) struct GateParts {
    pub(in crate::daemon) pauses: RowStorage,
    pub(in crate::daemon) quotas: RowStorage,
    pub(in crate::daemon) zone: Zone,
    pub(in crate::daemon) router: Arc<Router>,
    pub(in crate::daemon) log: Log,
    pub(in crate::daemon) on_pause: OnPause,
    pub(in crate::daemon) clock: WallClock,
}

impl Gate {
    /// Reads what is kept.
    pub(in crate::daemon) fn open(parts: GateParts) -> Result<Arc<Self>, String> {
        Ok(Arc::new(Self {
            pauses: Pauses::open(parts.pauses)?,
            quotas: Quotas::open(parts.quotas)?,
            channels: Mutex::default(),
            zone: RwLock::new(parts.zone),
            router: parts.router,
            log: parts.log,
            on_pause: parts.on_pause,
            wake: Notify::new(),
            clock: parts.clock,
        }))
    }

    fn channels(&self) -> MutexGuard<'_, BTreeMap<String, Arc<ChannelGate>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The gate of a channel, the same for as long as the daemon runs.
    pub(in crate::daemon) fn of(self: &Arc<Self>, channel: &str) -> Arc<ChannelGate> {
        let mut all = self.channels();
        let made = || Arc::new(ChannelGate::new(channel, self));
        Arc::clone(all.entry(channel.to_owned()).or_insert_with(made))
    }

    /// Takes the zone of the settings.
    pub(in crate::daemon) fn set_zone(&self, zone: Zone) {
        *self.zone.write().unwrap_or_else(PoisonError::into_inner) = zone;
    }

    fn zone(&self) -> Zone {
        self.zone
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn now_ms(&self) -> u64 {
        (self.clock)()
    }

    /// Ends pauses whose time is over. Runs until it is aborted.
    pub(in crate::daemon) async fn end_pauses(self: Arc<Self>) {
        loop {
            let now_ms = self.now_ms();
            for name in self.pauses.over(now_ms) {
                if let Err(fault) = self.resume_now(&name).await {
                    let fields: [LogField<'_>; 2] = [("channel", &name), ("error", &fault.message)];
                    self.log
                        .warn_limited("gate", "a pause cannot be ended; trying again", &fields);
                }
            }
            let wait = self.pauses.next_end().map(|end_ms| {
                let wait = Duration::from_millis(end_ms.saturating_sub(now_ms)).min(LOOK_EVERY);
                wait.max(Duration::from_millis(10))
            });
            match wait {
                None => self.wake.notified().await,
                Some(wait) => tokio::select! {
                    () = self.wake.notified() => {}
                    () = sleep(wait) => {}
                },
            }
        }
    }

    /// The channels that a name of a pause means.
    fn meant(&self, name: &str) -> Vec<Arc<ChannelGate>> {
        let all = self.channels();
        let meant = all
            .iter()
            .filter(|(channel, _)| name == ALL || *channel == name);
        meant.map(|(_, gate)| Arc::clone(gate)).collect()
    }

    /// Nothing begins any more when this comes back, and what had begun has ended, or is told.
    async fn pause_now(&self, new: NewPause) -> Result<Value, Fault> {
        self.expect_known(&new.channel)?;
        let now_ms = self.now_ms();
        let pause = Pause {
            since_ms: now_ms,
            until_ms: new.wait_ms.map(|wait| now_ms.saturating_add(wait)),
            reason: new.reason,
        };
        self.pauses
            .put(&new.channel, Some(pause), now_ms)
            .await
            .map_err(failed)?;
        self.wake.notify_one();
        let until = Instant::now() + IN_FLIGHT;
        let mut in_flight = 0;
        for gate in self.meant(&new.channel) {
            let _ = timeout_at(until, gate.emptied()).await;
            in_flight += gate.in_flight();
        }
        let fields: [LogField<'_>; 1] = [("channel", &new.channel)];
        self.log.info("gate", "sending is paused", &fields);
        let mut told = self.told(&new.channel);
        (self.on_pause)(&told);
        if in_flight > 0 {
            told["in_flight"] = json!(in_flight);
        }
        Ok(told)
    }

    async fn resume_now(&self, name: &str) -> Result<Value, Fault> {
        self.expect_known(name)?;
        let names = self.pauses.names();
        // Who resumes all means all.
        let meant = names
            .into_iter()
            .filter(|paused| name == ALL || paused == name);
        for paused in meant.collect::<Vec<_>>() {
            let ended = self.pauses.put(&paused, None, self.now_ms()).await;
            ended.map_err(failed)?;
            let fields: [LogField<'_>; 1] = [("channel", &paused)];
            self.log.info("gate", "sending goes on", &fields);
            (self.on_pause)(&self.told(&paused));
        }
        for gate in self.meant(name) {
            self.router.wake_all(gate.name());
        }
        Ok(self.told(name))
    }

    fn expect_known(&self, name: &str) -> Result<(), Fault> {
        if name == ALL || self.channels().contains_key(name) || self.pauses.of(name).is_some() {
            return Ok(());
        }
        let unknown = self.router.route(name).err();
        match unknown {
            None => Ok(()),
            Some(unknown) => Err(Fault::new(ErrorCode::UnknownChannel, unknown.to_string())),
        }
    }

    /// A pause as it is shown.
    fn told(&self, name: &str) -> Value {
        let mut told = json!({"channel": name, "paused": false});
        if let Some(pause) = self.pauses.of(name) {
            told["paused"] = json!(true);
            told["since_ms"] = json!(pause.since_ms);
            if let Some(until_ms) = pause.until_ms {
                told["until_ms"] = json!(until_ms);
            }
            if let Some(reason) = pause.reason {
                told["reason"] = json!(reason);
            }
        }
        told
    }

    /// Carries a change out to its end even where nobody waits for it.
    fn change<F>(
        self: Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> F + Send + 'static,
    ) -> Reply<Value>
    where
        F: Future<Output = Result<Value, Fault>> + Send,
    {
        let done = async move { work(self).await };
        Box::pin(run_to_end(done, |why| failed(StoreError::Internal(why))))
    }
}

fn failed(why: StoreError) -> Fault {
    let text = format!("the pause could not be kept: {why}");
    why.fault(text)
}

impl GateActions for Gate {
    fn pauses(&self) -> Vec<Value> {
        let names = self.pauses.names();
        names.iter().map(|name| self.told(name)).collect()
    }

    fn held(&self, channel: &str) -> Option<String> {
        let gate = self.channels().get(channel).map(Arc::clone);
        gate.and_then(|gate| gate.held())
    }

    fn may_send_to(&self, channel: &str, peer: &str) -> Result<(), String> {
        let gate = self.channels().get(channel).map(Arc::clone);
        gate.map_or(Ok(()), |gate| gate.may_send_to(peer))
    }

    fn pause(self: Arc<Self>, new: NewPause) -> Reply<Value> {
        self.change(|it| async move { it.pause_now(new).await })
    }

    fn resume(self: Arc<Self>, channel: String) -> Reply<Value> {
        self.change(|it| async move { it.resume_now(&channel).await })
    }
}

/// The wall clock of the machine.
pub(in crate::daemon) fn wall_clock() -> WallClock {
    Arc::new(clock::now_ms)
}
