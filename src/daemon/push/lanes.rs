//! What waits for each device: one push at a time, the newest of each conversation, and none before the device's
//! push service may be asked again.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{gather::Gathered, outcome::Outcome};
use crate::{
    backoff::Backoff,
    push::{PushNews, Subscription, SubscriptionId},
    random,
};

/// Conversations that wait for one device; the oldest gives way.
const MAX_WAITING: usize = 64;

/// The waits after failures.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);

/// The longest wait that a service may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// What is older than this is told by the page alone.
pub(super) const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// A service that refuses our key so often was subscribed to with another.
const MAX_DENIALS: u32 = 3;

/// A device that could not be reached for so long, in so many attempts, is gone.
const MAX_FAILING: Duration = Duration::from_secs(3 * 24 * 3600);
const MIN_FAILURES: u32 = 10;

/// One push that waits.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    /// What it tells.
    pub(super) news: Arc<PushNews>,
    /// Messages that it stands for.
    pub(super) count: u32,
    /// Since when.
    since: Instant,
}

impl Waiting {
    pub(super) fn new(gathered: &Gathered, now: Instant) -> Self {
        Self {
            news: Arc::new(gathered.news.clone()),
            count: gathered.count,
            since: now,
        }
    }

    fn is_of_same(&self, other: &Self) -> bool {
        self.news.channel == other.news.channel && self.news.peer == other.news.peer
    }
}

/// A push to be made now.
pub(super) struct Job {
    pub(super) subscription: Arc<Subscription>,
    pub(super) waiting: Waiting,
    /// Whether the text is left out.
    pub(super) is_brief: bool,
}

/// What an attempt means for its subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    GoOn,
    /// It ends, for this reason.
    End(&'static str),
}

struct Lane {
    subscription: Arc<Subscription>,
    waiting: VecDeque<Waiting>,
    is_busy: bool,
    /// Its service took only short ones.
    is_brief: bool,
    not_before: Option<Instant>,
    backoff: Backoff,
    denials: u32,
    failing_since: Option<Instant>,
}

impl Lane {
    fn new(subscription: Arc<Subscription>) -> Self {
        Self {
            subscription,
            waiting: VecDeque::new(),
            is_busy: false,
            is_brief: false,
            not_before: None,
            backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT, random::seed()),
            denials: 0,
            failing_since: None,
        }
    }

    /// When its next push may go out.
    fn due(&self) -> Option<Instant> {
        let next = self.waiting.front().filter(|_| !self.is_busy)?;
        Some(self.not_before.map_or(next.since, |at| at.max(next.since)))
    }

    /// Whether there is nothing to remember of it.
    fn is_idle(&self) -> bool {
        let is_well = self.failing_since.is_none() && !self.is_brief;
        self.waiting.is_empty() && !self.is_busy && is_well
    }

    /// Lines a push up behind the others, in place of one of the same conversation.
    fn push(&mut self, mut new: Waiting) -> bool {
        let at = self.waiting.iter().position(|one| one.is_of_same(&new));
        if let Some(before) = at.and_then(|at| self.waiting.remove(at)) {
            new.count = new.count.saturating_add(before.count);
        }
        self.waiting.push_back(new);
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
            return false;
        }
        true
    }

    /// Puts one back that was not taken, unless it is too old, or a newer one of its conversation came
    /// meanwhile, which then stands for both.
    fn put_back(&mut self, one: Waiting, now: Instant) -> bool {
        if let Some(newer) = self.waiting.iter_mut().find(|it| it.is_of_same(&one)) {
            newer.count = newer.count.saturating_add(one.count);
            return true;
        }
        let is_fresh = now - one.since < MAX_AGE && self.waiting.len() < MAX_WAITING;
        if is_fresh {
            self.waiting.push_front(one);
        }
        is_fresh
    }

    /// One more attempt failed; the next may be made after a wait.
    fn failed(&mut self, asked: Option<Duration>, now: Instant) -> Verdict {
        let wait = self.backoff.next_wait();
        // A service may ask for no wait at all; back-off then is ours.
        let asked = asked.map(|asked| asked.min(LONGEST_ASKED));
        self.not_before = Some(now + asked.map_or(wait, |asked| asked.max(FIRST_WAIT / 5)));
        let since = *self.failing_since.get_or_insert(now);
        if now - since > MAX_FAILING && self.backoff.failures() >= MIN_FAILURES {
            return Verdict::End("it could not be reached for days");
        }
        Verdict::GoOn
    }

    fn succeeded(&mut self) {
        self.backoff.reset();
        (self.not_before, self.failing_since, self.denials) = (None, None, 0);
    }
}

/// The lanes of all devices for which something waits, or whose service has trouble.
#[derive(Default)]
pub(super) struct Lanes(HashMap<SubscriptionId, Lane>);

impl Lanes {
    /// Lines up a push for a device; false where another had to give way.
    pub(super) fn push(&mut self, subscription: &Arc<Subscription>, waiting: Waiting) -> bool {
        let new = || Lane::new(Arc::clone(subscription));
        let lane = self.0.entry(subscription.id).or_insert_with(new);
        if !Arc::ptr_eq(&lane.subscription, subscription) {
            // It was subscribed anew: what was known of the one before counts no more.
            let is_busy = lane.is_busy;
            *lane = Lane { is_busy, ..new() };
        }
        lane.push(waiting)
    }

    /// Takes out a push that may go out now, of the device that waits longest.
    pub(super) fn next(&mut self, now: Instant) -> Option<Job> {
        let due = |lane: &Lane| lane.due().filter(|due| *due <= now);
        let lanes = self.0.values_mut();
        let ready = lanes.filter_map(|lane| Some((due(lane)?, lane)));
        let (_, lane) = ready.min_by_key(|(due, _)| *due)?;
        let waiting = lane.waiting.pop_front()?;
        lane.is_busy = true;
        Some(Job {
            subscription: Arc::clone(&lane.subscription),
            waiting,
            is_brief: lane.is_brief,
        })
    }

    /// When the next push may go out.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.0.values().filter_map(Lane::due).min()
    }

    /// An attempt ended: what it means for the subscription, and whether its push was given up.
    pub(super) fn ended(&mut self, job: Job, outcome: &Outcome, now: Instant) -> (Verdict, bool) {
        let id = job.subscription.id;
        let Some(lane) = self.0.get_mut(&id) else {
            return (Verdict::GoOn, false);
        };
        lane.is_busy = false;
        // Of one that was subscribed anew meanwhile, nothing is learned.
        let ended = if Arc::ptr_eq(&lane.subscription, &job.subscription) {
            lane.judge(job, outcome, now)
        } else {
            (Verdict::GoOn, false)
        };
        let is_over = ended.0 != Verdict::GoOn || lane.is_idle();
        if is_over {
            self.0.remove(&id);
        }
        ended
    }

    /// How many devices are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Lane {
    fn judge(&mut self, job: Job, outcome: &Outcome, now: Instant) -> (Verdict, bool) {
        match outcome {
            Outcome::Sent => {
                self.succeeded();
                (Verdict::GoOn, false)
            }
            Outcome::Skipped => (Verdict::GoOn, false),
            Outcome::Gone => (Verdict::End("its push service no longer knows it"), false),
            Outcome::Orphaned => (Verdict::End("its key is gone"), false),
            Outcome::TooLarge if !job.is_brief => {
                self.is_brief = true;
                (Verdict::GoOn, !self.put_back(job.waiting, now))
            }
            Outcome::TooLarge | Outcome::Refused(_) => (self.failed(None, now), true),
            Outcome::Busy(wait) => {
                let verdict = self.failed(*wait, now);
                (verdict, !self.put_back(job.waiting, now))
            }
            Outcome::Denied(_) => {
                self.denials += 1;
                if self.denials >= MAX_DENIALS {
                    return (Verdict::End("its push service refuses our key"), true);
                }
                let verdict = self.failed(None, now);
                (verdict, !self.put_back(job.waiting, now))
            }
            Outcome::Failed(_) => {
                let verdict = self.failed(None, now);
                (verdict, !self.put_back(job.waiting, now))
            }
        }
    }
}
