//! The task that makes the pushes, a few at a time, while anybody is subscribed.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    PushInner,
    attempt::attempt,
    gather::Gathered,
    lanes::{Job, Lanes, Verdict, Waiting},
    outcome::Outcome,
};
use crate::{
    clock,
    http_client::Outside,
    log::LogField,
    panics::contained,
    push::{Right, Subscription},
};

/// Pushes under way at a time.
const MAX_IN_FLIGHT: usize = 8;

/// An attempt that ended.
type Ended = (Job, Outcome);

/// Runs until nobody is subscribed any more, or until it is aborted.
pub(super) async fn work(inner: Arc<PushInner>) {
    let client = Arc::new(Outside::default());
    let (mut lanes, mut tasks) = (Lanes::default(), JoinSet::<Ended>::new());
    loop {
        if inner.parts.registry.is_empty() {
            inner.gather().clear();
            return;
        }
        let now = Instant::now();
        let due = inner.gather().take_due(now);
        for gathered in due {
            inner.line_up(&mut lanes, &gathered, now);
        }
        while tasks.len() < MAX_IN_FLIGHT
            && let Some(job) = lanes.next(now)
        {
            tasks.spawn(run(Arc::clone(&inner), Arc::clone(&client), job));
        }
        let of_lanes = lanes.next_due().filter(|_| tasks.len() < MAX_IN_FLIGHT);
        let next = inner.gather().next().into_iter().chain(of_lanes).min();
        tokio::select! {
            () = inner.wake.notified() => {}
            () = sleep_until(next.unwrap_or(now)), if next.is_some() => {}
            Some(Ok((job, outcome))) = tasks.join_next() => inner.ended(&mut lanes, job, &outcome),
        }
    }
}

async fn run(inner: Arc<PushInner>, client: Arc<Outside>, job: Job) -> Ended {
    let outcome = contained(attempt(&inner, &client, &job)).await;
    let outcome = outcome.unwrap_or_else(|panic| Outcome::Refused(format!("it panicked: {panic}")));
    (job, outcome)
}

impl PushInner {
    /// Lines up a push for each device that wants it and may.
    fn line_up(&self, lanes: &mut Lanes, gathered: &Gathered, now: Instant) {
        let (channel, peer) = (&gathered.news.channel, &gathered.news.peer);
        let (registry, now_ms) = (&self.parts.registry, clock::now_ms());
        let waiting = Waiting::new(gathered, now);
        for one in registry.all() {
            let owner = one.told.owner;
            let token = registry.token_owner().unwrap_or(owner);
            let right = owner.right(&self.parts.keys, token, (channel, peer), now_ms);
            let is_for_it = one.wants(channel, peer) && right != Right::Outside;
            if is_for_it && !lanes.push(&one, waiting.clone()) {
                self.count_dropped();
            }
        }
    }

    /// Notes what came of an attempt, and ends the subscription where it says so.
    fn ended(&self, lanes: &mut Lanes, job: Job, outcome: &Outcome) {
        let subscription = Arc::clone(&job.subscription);
        self.note(&subscription, outcome);
        let (verdict, is_given_up) = lanes.ended(job, outcome, Instant::now());
        if is_given_up {
            self.count_dropped();
        }
        if let Verdict::End(why) = verdict {
            self.end(subscription, why);
        }
    }

    fn note(&self, subscription: &Subscription, outcome: &Outcome) {
        let counters = &self.parts.registry.counters;
        let add = |counter: &AtomicU64| counter.fetch_add(1, Relaxed);
        let host = subscription.told.url.authority();
        if *outcome == Outcome::Sent {
            add(&counters.sent);
            let mut report = subscription.report();
            report.sent += 1;
            report.last_ok_ms = Some(clock::now_ms());
            (report.failures, report.last_error) = (0, None);
            let fields: [LogField<'_>; 2] = [("subscription", &subscription.id), ("host", &host)];
            self.parts.log.debug("push", "push sent", &fields);
        } else if let Some(why) = outcome.failure() {
            add(&counters.failed);
            let fields: [LogField<'_>; 2] = [("subscription", &subscription.id), ("error", &why)];
            self.parts
                .log
                .warn_limited("push", "a push failed", &fields);
            let mut report = subscription.report();
            report.failures += 1;
            report.last_error = Some(why);
        }
    }

    /// Ends a subscription. On disk too, but nobody waits for that.
    fn end(&self, subscription: Arc<Subscription>, why: &'static str) {
        let (registry, log) = (Arc::clone(&self.parts.registry), self.parts.log.clone());
        registry.counters.ended.fetch_add(1, Relaxed);
        tokio::spawn(async move {
            let host = subscription.told.url.authority();
            let removed = registry.remove(&subscription).await;
            let mut fields: Vec<LogField<'_>> = vec![
                ("subscription", &subscription.id),
                ("host", &host),
                ("why", &why),
            ];
            if let Err(error) = &removed {
                fields.push(("error", error));
            }
            log.info("push", "push subscription ended", &fields);
        });
    }
}
