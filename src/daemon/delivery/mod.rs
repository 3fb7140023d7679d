//! One worker a channel: takes messages from the outbox to the integration, in order for each peer,
//! and writes down what became of them.
//!
//! The outbox on disk is the truth; the lanes here are only its index by peer.

mod attempt;
mod rate_limiter;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

use self::{
    attempt::{Attempt, Next},
    rate_limiter::RateLimiter,
};
use super::channels::channel::Channel;
use crate::{
    clock,
    log::{Log, LogField},
    message::MessageId,
    panics::contained,
    router::Wakeup,
    shutdown::Shutdown,
    store::{Store, StoreError},
};

/// Deliveries of one channel under way at a time.
const MAX_IN_FLIGHT: usize = 32;

/// The wait after a panic of our own, so that it cannot spin.
const AFTER_PANIC: Duration = Duration::from_secs(60);

/// The wait for a peer that is there but takes nothing.
const STALLED: Duration = Duration::from_secs(5);

/// Time for deliveries under way when the daemon ends; nothing new is begun then.
const FINISH: Duration = Duration::from_secs(1);

/// Messages read from the outbox at a time when the worker starts.
const PAGE: usize = 512;

/// The messages to one peer, oldest first. Only the first is ever under way.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<MessageId>,
    /// The message under way.
    busy: Option<MessageId>,
    not_before: Option<Instant>,
    /// Whether the lane waits in `starved`.
    starved: bool,
}

/// The worker of one channel.
pub struct DeliveryWorker {
    channel: Arc<Channel>,
    store: Store,
    log: Log,
    shutdown: Shutdown,
    rate_limiter: RateLimiter,
    /// When the next message may start, where the pace holds all back.
    paced_until: Option<Instant>,
    lanes: HashMap<String, Lane>,
    running: JoinSet<(String, Next)>,
    /// Peers whose lane could start but for `MAX_IN_FLIGHT` or the pace.
    starved: VecDeque<String>,
    timers: BinaryHeap<Reverse<(Instant, String)>>,
}

impl DeliveryWorker {
    /// A worker with empty lanes.
    pub fn new(channel: Arc<Channel>, store: Store, log: Log, shutdown: Shutdown) -> Self {
        let rate_limiter = RateLimiter::new(channel.limits().per_minute, Instant::now());
        Self {
            channel,
            store,
            log,
            shutdown,
            rate_limiter,
            paced_until: None,
            lanes: HashMap::new(),
            running: JoinSet::new(),
            starved: VecDeque::new(),
            timers: BinaryHeap::new(),
        }
    }

    /// Works until the daemon ends.
    pub async fn work(mut self, mut wakeups: mpsc::UnboundedReceiver<Wakeup>) {
        while let Err(error) = self.load().await {
            let fields: [LogField<'_>; 2] = [("channel", &self.channel.name()), ("error", &error)];
            self.log
                .error("delivery", "the outbox cannot be read", &fields);
            tokio::select! { _ = self.shutdown.begun() => return, () = sleep(STALLED) => {} }
        }
        let mut end = std::pin::pin!(self.shutdown.begun());
        loop {
            let timer = self.timers.peek().map(|Reverse((at, _))| *at);
            let timer = [timer, self.paced_until].into_iter().flatten().min();
            tokio::select! {
                biased;
                _ = &mut end => return self.finish().await,
                Some(done) = self.running.join_next() => match done {
                    Ok((peer, next)) => self.finished(&peer, next),
                    Err(error) => self.log.error("delivery", "an attempt was cut off", &[("error", &error)]),
                },
                wakeup = wakeups.recv() => match wakeup {
                    None => return,
                    Some(Wakeup::Queued(id, peer)) => self.queued(id, peer),
                    Some(Wakeup::Look(peer)) => self.try_start(peer),
                    Some(Wakeup::LookAll) => self.look_all(),
                },
                () = sleep_until(timer.unwrap_or_else(Instant::now)), if timer.is_some() => self.due(),
            }
        }
    }

    /// What is under way may end and be written down; the rest is found again on disk.
    async fn finish(mut self) {
        let all = async { while self.running.join_next().await.is_some() {} };
        let _ = timeout(FINISH, all).await;
    }

    /// Finds what an earlier run of the daemon left.
    async fn load(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let channel = self.channel.name().to_owned();
            let read = move |store: &Store| store.outbox(&channel, after, PAGE);
            let page = self.store.run_blocking(read).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            for (message, due_ms) in page {
                self.adopt(message.id, message.peer, due_ms);
            }
        }
    }

    fn adopt(&mut self, id: MessageId, peer: String, due_ms: u64) {
        let wait = due_ms.saturating_sub(clock::now_ms());
        if wait > 0 && !self.lanes.contains_key(&peer) {
            self.set_timer(&peer, Duration::from_millis(wait));
        }
        self.queued(id, peer);
    }

    /// A message may be named twice, by the disk and by a nudge: ids grow, so the second is known.
    fn queued(&mut self, id: MessageId, peer: String) {
        let lane = self.lanes.entry(peer.clone()).or_default();
        let place = lane.waiting.partition_point(|known| *known < id);
        if lane.waiting.get(place) != Some(&id) {
            lane.waiting.insert(place, id);
        }
        self.try_start(peer);
    }

    fn look_all(&mut self) {
        self.rate_limiter
            .set(self.channel.limits().per_minute, Instant::now());
        // Whoever waits for the pace waited for that of before.
        self.paced_until = None;
        self.start_starved();
        let peers: Vec<String> = self.lanes.keys().cloned().collect();
        for peer in peers {
            self.try_start(peer);
        }
    }

    fn due(&mut self) {
        let now = Instant::now();
        if self.paced_until.is_some_and(|at| at <= now) {
            self.paced_until = None;
            self.start_starved();
        }
        let is_due = |Reverse((at, _)): &Reverse<(Instant, String)>| *at <= now;
        if !self.timers.peek().is_some_and(is_due) {
            return;
        }
        if let Some(Reverse((_, peer))) = self.timers.pop() {
            if let Some(lane) = self.lanes.get_mut(&peer) {
                lane.not_before = None;
            }
            self.try_start(peer);
        }
    }

    fn set_timer(&mut self, peer: &str, wait: Duration) {
        let at = Instant::now() + wait;
        self.lanes.entry(peer.to_owned()).or_default().not_before = Some(at);
        self.timers.push(Reverse((at, peer.to_owned())));
    }

    /// Starts the first message of a lane, unless one of it is under way, it must wait, its peer
    /// cannot be reached, or too many others are under way.
    fn try_start(&mut self, peer: String) {
        let Some(lane) = self.lanes.get_mut(&peer) else {
            return;
        };
        let Some(id) = lane.waiting.front().copied() else {
            if lane.busy.is_none() {
                self.lanes.remove(&peer);
            }
            return;
        };
        let waits = lane.busy.is_some() || lane.starved || lane.not_before.is_some();
        if waits || !self.channel.takes_deliveries() {
            return;
        }
        let integration = self.channel.integration();
        if !integration.can_reach(&peer) {
            return;
        }
        let mut is_full = self.running.len() >= MAX_IN_FLIGHT || self.paced_until.is_some();
        if !is_full && let Err(at) = self.rate_limiter.take(Instant::now()) {
            self.paced_until = Some(at);
            is_full = true;
        }
        if is_full {
            lane.starved = true;
            self.starved.push_back(peer);
            return;
        }
        lane.busy = Some(id);
        let attempt = Attempt {
            integration,
            channel: Arc::clone(&self.channel),
            store: self.store.clone(),
            log: self.log.clone(),
            shutdown: self.shutdown.clone(),
        };
        self.running.spawn(async move {
            let made = contained(attempt.make(id)).await;
            (peer, made.unwrap_or(Next::Again(AFTER_PANIC)))
        });
    }

    fn finished(&mut self, peer: &str, next: Next) {
        let Some(lane) = self.lanes.get_mut(peer) else {
            return;
        };
        let under_way = lane.busy.take();
        match next {
            // A retry may have put an older message before it meanwhile.
            Next::Done => lane.waiting.retain(|id| Some(*id) != under_way),
            Next::Again(wait) => self.set_timer(peer, wait),
            // One that attends and takes nothing must not be asked in a loop.
            Next::WhenReachable if self.channel.can_reach(peer) => {
                self.set_timer(peer, STALLED);
            }
            Next::WhenReachable => {}
        }
        self.start_starved();
        self.try_start(peer.to_owned());
    }

    fn start_starved(&mut self) {
        while self.running.len() < MAX_IN_FLIGHT
            && self.paced_until.is_none()
            && let Some(starved) = self.starved.pop_front()
        {
            if let Some(lane) = self.lanes.get_mut(&starved) {
                lane.starved = false;
            }
            self.try_start(starved);
            if self.paced_until.is_some() {
                // It was put to the end of the line although it was its turn.
                self.starved.rotate_right(1);
            }
        }
    }
}
