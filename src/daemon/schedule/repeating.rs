//! What is sent again and again. An occurrence is a message whose idempotency key names the schedule and the time, so
//! that a crash between the message and the note that it was made gives no second one; what a downtime missed is
//! sent once at most, within its grace.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::row::{Last, Schedule};
use crate::{
    clock,
    gateway::control::{NewSchedule, Reply, ScheduleStatus, Schedules, no_schedule},
    log::{Log, LogField},
    media::Media,
    message::media::kept_files,
    panics::run_to_end,
    protocol::error_code::{ErrorCode, Fault},
    random,
    router::Router,
    store::{Draft, RowStorage, Store, StoreError},
};

/// Most schedules.
const MAX_SCHEDULES: usize = 500;

/// What schedules need to send.
pub(in crate::daemon) struct RepeatingParts {
    pub(in crate::daemon) store: Store,
    pub(in crate::daemon) storage: RowStorage,
    pub(in crate::daemon) media: Media,
    pub(in crate::daemon) router: Arc<Router>,
    pub(in crate::daemon) log: Log,
}

/// All schedules.
pub(in crate::daemon) struct Repeating {
    parts: RepeatingParts,
    all: Mutex<BTreeMap<String, Schedule>>,
    /// Held while one is changed on disk.
    changes: tokio::sync::Mutex<()>,
    /// Wakes the scheduler.
    wake: Notify,
}

impl Repeating {
    /// Reads what is kept, and how many rows are of another version.
    pub(in crate::daemon) fn open(parts: RepeatingParts) -> Result<(Self, usize), String> {
        let rows = parts.storage.load()?;
        let read: Vec<_> = rows.iter().filter_map(|row| Schedule::read(row)).collect();
        let unread = rows.len() - read.len();
        let all = read.into_iter().map(|one| (one.new.name.clone(), one));
        let repeating = Self {
            parts,
            all: Mutex::new(all.collect()),
            changes: tokio::sync::Mutex::default(),
            wake: Notify::new(),
        };
        repeating.pin_files();
        Ok((repeating, unread))
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Schedule>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when a schedule was changed.
    pub(super) async fn changed(&self) {
        self.wake.notified().await;
    }

    /// The files that schedules send stay, though no message refers to them yet.
    fn pin_files(&self) {
        let all = self.all();
        let files = all
            .values()
            .flat_map(|one| kept_files(one.new.draft.media.as_ref()));
        self.parts.media.pin(files.collect::<HashSet<_>>());
    }

    /// When the next one sends.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let all = self.all();
        let active = all.values().filter(|one| !one.is_paused);
        active.filter_map(|one| one.next_ms).min()
    }

    /// Sends what is due. One that cannot be sent now is tried again with the next look.
    pub(super) async fn fire(&self, now_ms: u64, excused_ms: u64) {
        let is_due =
            |one: &&Schedule| !one.is_paused && one.next_ms.is_some_and(|next| next <= now_ms);
        let due: Vec<_> = self
            .all()
            .values()
            .filter(is_due)
            .map(|one| one.new.name.clone())
            .collect();
        for name in due {
            let _change = self.changes.lock().await;
            if let Err(why) = self.fire_one(&name, now_ms, excused_ms).await {
                let fields: [LogField<'_>; 2] = [("name", &name), ("error", &why)];
                let text = "a schedule cannot send now; trying again";
                self.parts.log.warn_limited("schedule", text, &fields);
            }
        }
    }

    async fn fire_one(&self, name: &str, now_ms: u64, excused_ms: u64) -> Result<(), StoreError> {
        let found = self.all().get(name).cloned();
        let Some(mut one) = found.filter(|one| !one.is_paused && one.next_ms.is_some()) else {
            return Ok(());
        };
        if let Some(at_ms) = one.occurrence(now_ms, excused_ms) {
            let last = self.send(&one, at_ms, at_ms.to_string()).await?;
            // A time at which nothing went out, as of a channel that is not there now, is none of those to count.
            let sent = u64::from(last.message_id.is_some());
            one.new.count = one.new.count.map(|count| count.saturating_sub(sent));
            one.last = Some(last);
        }
        one.next_ms = one.next_after(now_ms).filter(|_| one.new.count != Some(0));
        self.keep(one).await
    }

    /// Queues the message of one time. What tells it from the others of the schedule is in its key.
    async fn send(
        &self,
        one: &Schedule,
        at_ms: u64,
        occurrence: String,
    ) -> Result<Last, StoreError> {
        let draft = Draft {
            idempotency_key: Some(format!("schedule-{}-{occurrence}", one.number)),
            ..one.new.draft.clone()
        };
        let last = |message_id, error| Last {
            at_ms,
            message_id,
            error,
        };
        if let Err(unknown) = self.parts.router.route(&draft.channel) {
            return Ok(last(None, Some(unknown.to_string())));
        }
        let queued = match self.parts.store.queue(draft) {
            Ok(pending) => pending.await,
            Err(error) => Err(error),
        };
        match queued {
            Ok(queued) => Ok(last(Some(queued.message.id.to_string()), None)),
            // It was sent, before it said what it says now.
            Err(StoreError::Conflict) => Ok(last(None, None)),
            Err(error @ StoreError::TooLong { .. }) => Ok(last(None, Some(error.to_string()))),
            Err(error) => Err(error),
        }
    }

    /// Keeps a schedule as it is now.
    async fn keep(&self, one: Schedule) -> Result<(), StoreError> {
        let number = one.number;
        let others = || self.rows_besides(number);
        self.parts
            .storage
            .put(number, Some(one.row()), others)
            .await?;
        self.all().insert(one.new.name.clone(), one);
        Ok(())
    }

    /// Keeps a schedule in the place of a former one of its name. In one step: after a crash there is one of them.
    async fn replace(&self, former: u64, one: Schedule) -> Result<(), StoreError> {
        let others = || self.rows_besides(former);
        let kept = self
            .parts
            .storage
            .replace(former, one.number, one.row(), others);
        kept.await?;
        self.all().insert(one.new.name.clone(), one);
        Ok(())
    }

    fn rows_besides(&self, number: u64) -> Vec<Vec<u8>> {
        let all = self.all();
        let others = all.values().filter(|one| one.number != number);
        others.map(Schedule::row).collect()
    }

    fn find(&self, name: &str) -> Result<Schedule, Fault> {
        let found = self.all().get(name).cloned();
        found.ok_or_else(|| no_schedule(name))
    }

    /// Changes what is kept, to its end even where nobody waits for it.
    fn change<F>(
        self: Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> F + Send + 'static,
    ) -> Reply<Value>
    where
        F: Future<Output = Result<Value, Fault>> + Send,
    {
        let done = async move {
            let _change = self.changes.lock().await;
            let done = work(Arc::clone(&self)).await;
            self.pin_files();
            self.wake.notify_one();
            done
        };
        Box::pin(run_to_end(done, |why| failed(StoreError::Internal(why))))
    }

    async fn add_now(&self, new: NewSchedule, is_paused: Option<bool>) -> Result<Value, Fault> {
        let former = {
            let all = self.all();
            let former = all.get(&new.name);
            former.map(|former| (former.number, former.is_paused))
        };
        let (former, was_paused) = former.unzip();
        // Who changes what it says or when has not asked for it to go on.
        let is_paused = is_paused.or(was_paused).unwrap_or_default();
        let (count, newest) = {
            let all = self.all();
            (
                all.len(),
                all.values().map(|one| one.number).max().unwrap_or_default(),
            )
        };
        if former.is_none() && count >= MAX_SCHEDULES {
            let text = format!("there are {MAX_SCHEDULES} schedules already; remove one");
            return Err(Fault::new(ErrorCode::QueueFull, text));
        }
        let now_ms = clock::now_ms();
        // A number is part of idempotency keys: one of a schedule that was removed is not used within their life.
        let number = newest.max(now_ms) + 1;
        let mut one = Schedule {
            number,
            new,
            is_paused,
            next_ms: None,
            last: None,
        };
        one.next_ms = one.next_after(now_ms);
        if one.next_ms.is_none() {
            let text = "this schedule would never send: its times are over";
            return Err(Fault::new(ErrorCode::BadPayload, text));
        }
        let told = one.status().json;
        let kept = match former {
            Some(former) => self.replace(former, one).await,
            None => self.keep(one).await,
        };
        kept.map_err(failed)?;
        Ok(told)
    }

    async fn remove_now(&self, name: &str) -> Result<Value, Fault> {
        let one = self.find(name)?;
        let others = || self.rows_besides(one.number);
        let removed = self.parts.storage.put(one.number, None, others).await;
        removed.map_err(failed)?;
        self.all().remove(name);
        Ok(json!({"name": name}))
    }

    async fn pause_now(&self, name: &str, is_paused: bool) -> Result<Value, Fault> {
        let mut one = self.find(name)?;
        one.is_paused = is_paused;
        if !is_paused {
            // What it would have sent meanwhile is not sent.
            one.next_ms = one.next_ms.and_then(|_| one.next_after(clock::now_ms()));
        }
        let told = one.status().json;
        self.keep(one).await.map_err(failed)?;
        Ok(told)
    }

    /// Sends one out of turn.
    pub(super) async fn run_at(&self, name: &str, now_ms: u64) -> Result<Value, Fault> {
        let mut one = self.find(name)?;
        // Each run counts, also two of one millisecond, or one at the very time of an occurrence.
        let run = format!("run-{}", random::hex(&random::bytes::<8>()));
        let last = self.send(&one, now_ms, run).await;
        let last = last.map_err(failed)?;
        one.last = Some(last);
        let told = one.status().json;
        self.keep(one).await.map_err(failed)?;
        Ok(told)
    }
}

fn failed(why: StoreError) -> Fault {
    let text = format!("the schedule could not be kept: {why}");
    why.fault(text)
}

impl Schedules for Repeating {
    fn list(&self) -> Vec<ScheduleStatus> {
        self.all().values().map(Schedule::status).collect()
    }

    fn named(&self, name: &str) -> Option<ScheduleStatus> {
        self.all().get(name).map(Schedule::status)
    }

    fn add(self: Arc<Self>, new: NewSchedule, is_paused: Option<bool>) -> Reply<Value> {
        self.change(move |it| async move { it.add_now(new, is_paused).await })
    }

    fn remove(self: Arc<Self>, name: String) -> Reply<Value> {
        self.change(|it| async move { it.remove_now(&name).await })
    }

    fn pause(self: Arc<Self>, name: String, is_paused: bool) -> Reply<Value> {
        self.change(move |it| async move { it.pause_now(&name, is_paused).await })
    }

    fn run(self: Arc<Self>, name: String) -> Reply<Value> {
        self.change(|it| async move { it.run_at(&name, clock::now_ms()).await })
    }
}
