//! One delivery worker per channel: passes messages from the outbox to the integration, in order for
//! each peer, and stores the results.
//!
//! The outbox on disk is authoritative; the lanes here are an index of it by peer.

mod attempt;
mod before;
#[cfg(feature = "nats")]
mod clustered;
mod rate_limiter;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    mem,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

use self::{
    attempt::{Attempt, NextStep},
    rate_limiter::RateLimiter,
};
use super::channels::channel::Channel;
use crate::{
    log::{Log, LogField},
    message::MessageId,
    panics::contained,
    router::Wakeup,
    shutdown::Shutdown,
    store::{Store, StoreError},
};

/// Deliveries of one channel in flight at a time.
const MAX_IN_FLIGHT: usize = 32;

/// The wait after a panic in an attempt, so that it cannot repeat in a tight loop.
const PANIC_WAIT: Duration = Duration::from_secs(60);

/// The wait for a peer that is reachable but accepts nothing, and for a store that cannot be read.
const STALLED_WAIT: Duration = Duration::from_secs(5);

/// Time for deliveries in flight at shutdown; no new ones are started then.
const FINISH_TIME: Duration = Duration::from_secs(1);

/// The longest wait: a service may ask for any, and an earlier version stored what the wall clock would
/// show, which may have been years ahead.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What the gate holds is asked for again at the latest after this long: the clock may have been set, or the machine
/// slept.
const LONGEST_HOLD: Duration = Duration::from_secs(60);

/// Messages per read when the worker loads the outbox.
const PAGE_SIZE: usize = 512;

/// The messages to one peer, oldest first. Only the first is ever in flight, which keeps the order.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<MessageId>,
    /// The message in flight.
    busy: Option<MessageId>,
    /// Whether that was queued again meanwhile: it may have been retried before we knew that its attempt had ended.
    renewed: bool,
    /// Set while a timer for this lane is in `timers`.
    not_before: Option<Instant>,
    /// Whether the lane is queued in `starved`.
    starved: bool,
}

/// The worker of one channel.
pub struct DeliveryWorker {
    channel: Arc<Channel>,
    store: Store,
    log: Log,
    shutdown: Shutdown,
    rate_limiter: RateLimiter,
    /// When the rate limit allows the next message; `None` if it does not hold any back.
    rate_limited_until: Option<Instant>,
    lanes: HashMap<String, Lane>,
    running: JoinSet<(String, NextStep)>,
    /// Peers whose lane is ready except for `MAX_IN_FLIGHT` or the rate limit, in order.
    starved: VecDeque<String>,
    timers: BinaryHeap<Reverse<(Instant, String)>>,
    /// When to ask the gate again for what it holds.
    held_until: Option<Instant>,
    /// Whether the cluster is away and what is on the own disk is sent.
    #[cfg(feature = "nats")]
    goes_alone: bool,
}

impl DeliveryWorker {
    /// A worker with empty lanes.
    pub fn new(channel: Arc<Channel>, store: Store, log: Log, shutdown: Shutdown) -> Self {
        let mut rate_limiter = RateLimiter::new(channel.limits().per_minute, Instant::now());
        rate_limiter.set_pace(channel.gate().rules().pace);
        Self {
            channel,
            store,
            log,
            shutdown,
            rate_limiter,
            rate_limited_until: None,
            lanes: HashMap::new(),
            running: JoinSet::new(),
            starved: VecDeque::new(),
            timers: BinaryHeap::new(),
            held_until: None,
            #[cfg(feature = "nats")]
            goes_alone: false,
        }
    }

    /// Runs until the daemon shuts down or the channel's route is removed.
    pub async fn work(mut self, mut wakeups: mpsc::UnboundedReceiver<Wakeup>) {
        while let Err(error) = self.load().await {
            let fields: [LogField<'_>; 2] = [("channel", &self.channel.name()), ("error", &error)];
            self.log
                .error("delivery", "cannot read the outbox; retrying", &fields);
            tokio::select! { _ = self.shutdown.begun() => return, () = sleep(STALLED_WAIT) => {} }
        }
        let mut end = std::pin::pin!(self.shutdown.begun());
        loop {
            // Biased: shutdown first, then finished attempts, which free slots for the wakeups and the
            // timers below. All branches are cancel-safe.
            let timer = self.timers.peek().map(|Reverse((at, _))| *at);
            let timers = [timer, self.rate_limited_until, self.held_until];
            let timer = timers.into_iter().flatten().min();
            tokio::select! {
                biased;
                _ = &mut end => return self.finish().await,
                Some(done) = self.running.join_next() => match done {
                    Ok((peer, next)) => self.finished(&peer, next),
                    Err(error) => self.log.error("delivery", "attempt task failed", &[("error", &error)]),
                },
                wakeup = wakeups.recv() => match wakeup {
                    None => return,
                    #[cfg(feature = "nats")]
                    Some(Wakeup::Queued(..)) if self.waits_for_stream() => {}
                    Some(Wakeup::Queued(id, peer)) => self.queued(id, peer),
                    Some(Wakeup::Withdrawn(id, peer)) => self.withdrawn(id, peer),
                    Some(Wakeup::Peer(peer)) => self.try_start(peer),
                    Some(Wakeup::All) => self.start_all(),
                    #[cfg(feature = "nats")]
                    Some(decided) => self.cluster_decided(decided).await,
                },
                () = sleep_until(timer.unwrap_or_else(Instant::now)), if timer.is_some() => self.due(),
            }
        }
    }

    /// Gives attempts in flight time to store their results; the next start finds the rest on disk.
    async fn finish(mut self) {
        let all = async { while self.running.join_next().await.is_some() {} };
        let _ = timeout(FINISH_TIME, all).await;
    }

    /// Loads what an earlier run of the daemon left in the outbox.
    async fn load(&mut self) -> Result<(), StoreError> {
        #[cfg(feature = "nats")]
        if self.waits_for_stream() {
            return Ok(());
        }
        let mut after = None;
        loop {
            let channel = self.channel.name().to_owned();
            let read = move |store: &Store| store.outbox(&channel, after, PAGE_SIZE);
            let page = self.store.run_blocking(read).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            for (message, due) in page {
                self.adopt(message.id, message.peer, due.wait);
            }
        }
    }

    fn adopt(&mut self, id: MessageId, peer: String, wait: Duration) {
        if !wait.is_zero() && !self.lanes.contains_key(&peer) {
            self.set_timer(&peer, wait);
        }
        self.queued(id, peer);
    }

    /// A message may come twice, from the disk and from a wakeup. The lane is sorted by id, so the
    /// second is found and ignored, and a retried older message goes to its place.
    fn queued(&mut self, id: MessageId, peer: String) {
        let lane = self.lanes.entry(peer.clone()).or_default();
        let place = lane.waiting.partition_point(|known| *known < id);
        if lane.waiting.get(place) != Some(&id) {
            lane.waiting.insert(place, id);
        }
        lane.renewed |= lane.busy == Some(id);
        self.try_start(peer);
    }

    /// Takes a message out of its lane; an attempt under way finds it withdrawn by itself.
    fn withdrawn(&mut self, id: MessageId, peer: String) {
        let Some(lane) = self
            .lanes
            .get_mut(&peer)
            .filter(|lane| lane.busy != Some(id))
        else {
            return;
        };
        // The lane waited for the time of this one.
        if lane.waiting.front() == Some(&id) && lane.busy.is_none() {
            lane.not_before = None;
        }
        lane.waiting.retain(|known| *known != id);
        self.try_start(peer);
    }

    fn start_all(&mut self) {
        self.rate_limiter
            .set(self.channel.limits().per_minute, Instant::now());
        self.rate_limiter.set_pace(self.channel.gate().rules().pace);
        // The wait was computed with the old rate.
        (self.rate_limited_until, self.held_until) = (None, None);
        self.start_starved();
        // What waited longest goes first.
        let first = |(peer, lane): (&String, &Lane)| Some((*lane.waiting.front()?, peer.clone()));
        let mut peers: Vec<_> = self.lanes.iter().filter_map(first).collect();
        peers.sort_unstable();
        for (_, peer) in peers {
            self.try_start(peer);
        }
    }

    fn due(&mut self) {
        let now = Instant::now();
        if self.rate_limited_until.is_some_and(|at| at <= now) {
            self.rate_limited_until = None;
            self.start_starved();
        }
        if self.held_until.is_some_and(|at| at <= now) {
            self.start_all();
        }
        let is_due = |Reverse((at, _)): &Reverse<(Instant, String)>| *at <= now;
        if !self.timers.peek().is_some_and(is_due) {
            return;
        }
        if let Some(Reverse((_, peer))) = self.timers.pop() {
            if let Some(lane) = self.lanes.get_mut(&peer) {
                // A timer may be left over from a message that was withdrawn.
                lane.not_before = lane.not_before.filter(|at| *at > now);
            }
            self.try_start(peer);
        }
    }

    fn set_timer(&mut self, peer: &str, wait: Duration) {
        let at = Instant::now() + wait.min(LONGEST_WAIT);
        self.lanes.entry(peer.to_owned()).or_default().not_before = Some(at);
        self.timers.push(Reverse((at, peer.to_owned())));
    }

    /// Starts the first message of a lane, unless one is in flight, it must wait, its peer cannot be
    /// reached, or there is no slot or token for it. Cheap and idempotent: called after every event
    /// that may have made the lane ready.
    fn try_start(&mut self, peer: String) {
        let Some(lane) = self.lanes.get_mut(&peer) else {
            return;
        };
        let Some(id) = lane.waiting.front().copied() else {
            // Empty lanes go, or every peer ever written to would stay in memory.
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
        let Some(passage) = self.channel.gate().pass() else {
            return;
        };
        // Take the token last: a lane that cannot start for another reason must not use one up.
        let mut is_full = self.running.len() >= MAX_IN_FLIGHT || self.rate_limited_until.is_some();
        if !is_full && let Err(at) = self.rate_limiter.take(Instant::now()) {
            self.rate_limited_until = Some(at);
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
            drop(passage);
            (peer, made.unwrap_or(NextStep::RetryAfter(PANIC_WAIT)))
        });
    }

    fn finished(&mut self, peer: &str, next: NextStep) {
        let Some(lane) = self.lanes.get_mut(peer) else {
            return;
        };
        let (under_way, renewed) = (lane.busy.take(), mem::take(&mut lane.renewed));
        match next {
            // One that was no retry is found done at once.
            NextStep::Done if renewed => {}
            // Not always the first: a retry may have inserted an older message meanwhile.
            NextStep::Done => lane.waiting.retain(|id| Some(*id) != under_way),
            NextStep::RetryAfter(wait) => self.set_timer(peer, wait),
            NextStep::Held(wait) => {
                self.rate_limiter.give_back();
                let until = Instant::now() + wait.min(LONGEST_HOLD);
                self.held_until = Some(self.held_until.map_or(until, |at| at.min(until)));
                self.start_starved();
                return;
            }
            // Reachable, yet it accepted nothing: wait, or the two would spin.
            NextStep::WhenReachable if self.channel.can_reach(peer) => {
                self.set_timer(peer, STALLED_WAIT);
            }
            NextStep::WhenReachable => {}
        }
        self.start_starved();
        self.try_start(peer.to_owned());
    }

    fn start_starved(&mut self) {
        while self.running.len() < MAX_IN_FLIGHT
            && self.rate_limited_until.is_none()
            && let Some(starved) = self.starved.pop_front()
        {
            if let Some(lane) = self.lanes.get_mut(&starved) {
                lane.starved = false;
            }
            self.try_start(starved);
            if self.rate_limited_until.is_some() {
                // `try_start` found no token and queued the lane last; it keeps its place at the front.
                self.starved.rotate_right(1);
            }
        }
    }
}
