//! One worker per channel that fetches the files of incoming messages, a few at a time. Text never waits for
//! it.
//!
//! The table of fetches on disk is authoritative; what waits here is an index of it.

mod attempt;
#[cfg(test)]
mod tests;

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use self::attempt::FetchAttempt;
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

/// What waits for its time: when, which message, and how often it was tried.
type Waiting = Reverse<(Instant, MessageId, u32)>;

/// What is done next about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NextFetch {
    /// Nothing: its files are here, or never will be.
    Done,
    /// Try again after this long; it was tried so often.
    RetryAfter(Duration, u32),
}

/// The worker of one channel.
pub struct FetchWorker {
    channel: Arc<Channel>,
    store: Store,
    media: Media,
    log: Log,
    waiting: BinaryHeap<Waiting>,
    running: JoinSet<(MessageId, NextFetch)>,
}

impl FetchWorker {
    /// A worker with nothing to do yet.
    pub fn new(channel: Arc<Channel>, store: Store, media: Media, log: Log) -> Self {
        Self {
            channel,
            store,
            media,
            log,
            waiting: BinaryHeap::new(),
            running: JoinSet::new(),
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
            let has_room = self.running.len() < MAX_IN_FLIGHT && self.channel.takes_deliveries();
            let next = self.waiting.peek().filter(|_| has_room);
            let next = next.map(|Reverse((at, ..))| *at);
            tokio::select! {
                biased;
                _ = &mut end => return,
                Some(done) = self.running.join_next() => match done {
                    Ok((id, NextFetch::RetryAfter(wait, attempts))) => {
                        self.waiting.push(Reverse((Instant::now() + wait, id, attempts)));
                    }
                    Ok((_, NextFetch::Done)) => {}
                    Err(error) => self.log.error("media", "fetch task failed", &[("error", &error)]),
                },
                wakeup = wakeups.recv() => match wakeup {
                    None => return,
                    Some(FetchWakeup::Wanted(id)) => self.wanted(id),
                    Some(FetchWakeup::All) => {}
                },
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
            }
        }
    }

    /// Loads what an earlier run of the daemon left to be fetched.
    async fn load(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        self.waiting.clear();
        loop {
            let channel = self.channel.name().to_owned();
            let read = move |store: &Store| store.fetches(&channel, after, PAGE_SIZE);
            let page = self.store.run_blocking(read).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.message.id);
            let now = Instant::now();
            let waiting = page.into_iter();
            self.waiting
                .extend(waiting.map(|one| Reverse((now + one.wait, one.message.id, one.attempts))));
        }
    }

    /// A message is new, or somebody asked for its file: whatever waited for it starts over.
    fn wanted(&mut self, id: MessageId) {
        self.waiting.retain(|Reverse((_, other, _))| *other != id);
        self.waiting.push(Reverse((Instant::now(), id, 0)));
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        while self.running.len() < MAX_IN_FLIGHT
            && self.channel.takes_deliveries()
            && self
                .waiting
                .peek()
                .is_some_and(|Reverse((at, ..))| *at <= now)
        {
            if let Some(Reverse((_, id, attempts))) = self.waiting.pop() {
                self.start(id, attempts);
            }
        }
    }

    fn start(&mut self, id: MessageId, attempts: u32) {
        let attempt = FetchAttempt {
            channel: Arc::clone(&self.channel),
            integration: self.channel.integration(),
            store: self.store.clone(),
            media: self.media.clone(),
            log: self.log.clone(),
        };
        self.running.spawn(async move {
            let made = contained(attempt.make(id, attempts)).await;
            (
                id,
                made.unwrap_or(NextFetch::RetryAfter(STALLED_WAIT, attempts)),
            )
        });
    }
}
