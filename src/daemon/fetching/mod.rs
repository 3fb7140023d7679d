//! One worker per channel that fetches the files of incoming messages, a few at a time. Text never waits for
//! it.
//!
//! The table of fetches on disk is authoritative; what waits here is an index of it.

mod attempt;
#[cfg(test)]
mod tests;
mod tries;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use self::{attempt::FetchAttempt, tries::Tries};
use super::channels::channel::Channel;
use crate::{
    log::{Log, LogField},
    media::Media,
    message::MessageId,
    panics::contained,
    router::FetchWakeup,
    shutdown::Shutdown,
    store::{Store, StoreError},
};

/// Messages whose files are fetched at a time.
const MAX_IN_FLIGHT: usize = 4;

/// The wait for a store that cannot be read, and after a panic.
const STALLED_WAIT: Duration = Duration::from_secs(5);

/// Messages per read when the worker loads what waits.
const PAGE_SIZE: usize = 512;

/// What is done next about a message.
#[derive(Debug)]
enum NextFetch {
    /// Nothing: its files are here, or never will be.
    Done,
    /// Try again at this time.
    RetryAt(Instant, Tries),
}

/// What came up about a message while its files were being fetched.
#[derive(Debug, Default, Clone, Copy)]
struct Meanwhile {
    /// It changed: there may be more to fetch.
    is_wanted: bool,
    /// The state of the channel changed.
    is_released: bool,
}

/// The worker of one channel. A message is in at most one of `due`, with its `waiting`, and `running`.
pub struct FetchWorker {
    channel: Arc<Channel>,
    store: Store,
    media: Media,
    log: Log,
    due: BTreeSet<(Instant, MessageId)>,
    waiting: BTreeMap<MessageId, (Instant, Tries)>,
    running: BTreeMap<MessageId, Meanwhile>,
    tasks: JoinSet<(MessageId, NextFetch)>,
}

impl FetchWorker {
    /// A worker with nothing to do yet.
    pub fn new(channel: Arc<Channel>, store: Store, media: Media, log: Log) -> Self {
        Self {
            channel,
            store,
            media,
            log,
            due: BTreeSet::new(),
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Runs until the daemon shuts down or the channel's route is removed. A fetch that is cut off then is
    /// made again by the next start.
    pub async fn work(
        mut self,
        mut wakeups: mpsc::UnboundedReceiver<FetchWakeup>,
        shutdown: Shutdown,
    ) {
        let mut end = std::pin::pin!(shutdown.begun());
        while let Err(error) = self.load().await {
            let fields: [LogField<'_>; 2] = [("channel", &self.channel.name()), ("error", &error)];
            let text = "cannot read which files are to be fetched; retrying";
            self.log.warn_limited("media", text, &fields);
            tokio::select! { _ = &mut end => return, () = sleep(STALLED_WAIT) => {} }
        }
        loop {
            self.start_due();
            let next = self.due.first().filter(|_| self.has_room());
            let next = next.map(|(at, _)| *at);
            tokio::select! {
                biased;
                _ = &mut end => return,
                Some(done) = self.tasks.join_next() => match done {
                    Ok((id, next)) => self.ended(id, next),
                    Err(error) => self.log.error("media", "fetch task failed", &[("error", &error)]),
                },
                wakeup = wakeups.recv() => match wakeup {
                    None => return,
                    Some(FetchWakeup::Wanted(id)) => self.wanted(id),
                    Some(FetchWakeup::All) => self.released(),
                },
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
            }
        }
    }

    /// Loads what an earlier run of the daemon left to be fetched.
    async fn load(&mut self) -> Result<(), StoreError> {
        if !self.store.has_fetches() {
            return Ok(());
        }
        let mut after = None;
        (self.due, self.waiting) = Default::default();
        loop {
            let channel = self.channel.name().to_owned();
            let read = move |store: &Store| store.fetches(&channel, after, PAGE_SIZE);
            let page = self.store.run_blocking(read).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.message.id);
            let now = Instant::now();
            for one in page {
                let at = now + one.wait;
                let tries = Tries::of_earlier(&one.message, one.attempts, at);
                self.wait_until(at, one.message.id, tries);
            }
        }
    }

    fn wait_until(&mut self, at: Instant, id: MessageId, tries: Tries) {
        if let Some((before, _)) = self.waiting.insert(id, (at, tries)) {
            self.due.remove(&(before, id));
        }
        self.due.insert((at, id));
    }

    /// A message with a file to be fetched is new, or changed, or somebody asked for its file. What is tried
    /// now, and what still has to wait, its attempt tells.
    fn wanted(&mut self, id: MessageId) {
        if let Some(meanwhile) = self.running.get_mut(&id) {
            meanwhile.is_wanted = true;
            return;
        }
        let tries = self.waiting.remove(&id).map(|(before, tries)| {
            self.due.remove(&(before, id));
            tries
        });
        self.wait_until(Instant::now(), id, tries.unwrap_or_default());
    }

    /// The state of the channel changed: what waits for that is tried now.
    fn released(&mut self) {
        for meanwhile in self.running.values_mut() {
            meanwhile.is_released = true;
        }
        let now = Instant::now();
        for (id, (at, tries)) in &mut self.waiting {
            if tries.release(now) {
                self.due.remove(&(*at, *id));
                *at = now;
                self.due.insert((now, *id));
            }
        }
    }

    fn ended(&mut self, id: MessageId, next: NextFetch) {
        let meanwhile = self.running.remove(&id).unwrap_or_default();
        let now = Instant::now();
        match next {
            NextFetch::RetryAt(at, mut tries) => {
                let is_released = meanwhile.is_released && tries.release(now);
                let is_early = is_released || meanwhile.is_wanted;
                self.wait_until(if is_early { now } else { at }, id, tries);
            }
            NextFetch::Done if meanwhile.is_wanted => self.wait_until(now, id, Tries::default()),
            NextFetch::Done => {}
        }
    }

    fn has_room(&self) -> bool {
        self.running.len() < MAX_IN_FLIGHT && self.channel.takes_deliveries()
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        while self.has_room()
            && let Some((at, id)) = self.due.first().copied().filter(|(at, _)| *at <= now)
        {
            self.due.remove(&(at, id));
            let waited = self.waiting.remove(&id);
            self.start(id, waited.map(|(_, tries)| tries).unwrap_or_default());
        }
    }

    fn start(&mut self, id: MessageId, tries: Tries) {
        let attempt = FetchAttempt {
            channel: Arc::clone(&self.channel),
            integration: self.channel.integration(),
            store: self.store.clone(),
            media: self.media.clone(),
            log: self.log.clone(),
        };
        self.running.insert(id, Meanwhile::default());
        self.tasks.spawn(async move {
            let before = tries.clone();
            let made = contained(attempt.make(id, tries)).await;
            let stalled = |_| NextFetch::RetryAt(Instant::now() + STALLED_WAIT, before);
            (id, made.unwrap_or_else(stalled))
        });
    }
}
