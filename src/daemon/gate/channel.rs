//! The gate of one channel.

use std::{
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::Gate;
use crate::{
    integrations::{SendRules, addresses},
    message::{Direction, Message, State},
    store::{HistoryQuery, Store, StoreError},
};

/// Messages of a conversation that are looked at to see whether its peer was written to before.
const LOOKED_AT: usize = 20;

/// The gate of a channel.
pub(in crate::daemon) struct ChannelGate {
    name: String,
    /// Weak, because the gate has this. Without one, as in tests, nothing is held.
    gate: Weak<Gate>,
    rules: RwLock<Arc<SendRules>>,
    in_flight: AtomicUsize,
    emptied: Notify,
}

/// Whether a message may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::daemon) enum Admission {
    Admitted,
    /// It waits for this long at most: why, where it is the message's own matter.
    Held(Duration, Option<String>),
}

/// Why a message is not counted.
enum NotCounted {
    Full(String),
    Failed(String),
}

impl From<String> for NotCounted {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// A delivery under way: a pause waits until it is dropped.
pub(in crate::daemon) struct Passage(Arc<ChannelGate>);

impl Drop for Passage {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.emptied.notify_waiters();
        }
    }
}

impl ChannelGate {
    pub(super) fn new(name: &str, gate: &Arc<Gate>) -> Self {
        Self::of(name, Arc::downgrade(gate))
    }

    fn of(name: &str, gate: Weak<Gate>) -> Self {
        Self {
            name: name.to_owned(),
            gate,
            rules: RwLock::default(),
            in_flight: AtomicUsize::new(0),
            emptied: Notify::new(),
        }
    }

    /// One that holds nothing back.
    #[cfg(test)]
    pub(in crate::daemon) fn open(name: &str) -> Arc<Self> {
        Arc::new(Self::of(name, Weak::new()))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Takes the rules of the settings.
    pub(in crate::daemon) fn set_rules(&self, rules: SendRules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    pub(in crate::daemon) fn rules(&self) -> Arc<SendRules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a delivery, unless the owner paused the channel.
    pub(in crate::daemon) fn pass(self: &Arc<Self>) -> Option<Passage> {
        // Counted first: a pause that begins meanwhile waits for it.
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        let passage = Passage(Arc::clone(self));
        let gate = self.gate.upgrade();
        let is_paused = gate.is_some_and(|gate| gate.pauses.holding(&self.name).is_some());
        (!is_paused).then_some(passage)
    }

    pub(in crate::daemon) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Resolves when nothing is under way.
    pub(super) async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.in_flight() == 0 {
                return;
            }
            emptied.await;
        }
    }

    /// Fails where the channel does not send to this peer.
    pub(super) fn may_send_to(&self, peer: &str) -> Result<(), String> {
        if self.rules().targets.hold(peer) {
            return Ok(());
        }
        let channel = &self.name;
        Err(format!(
            "a target that *_SEND_TO of {channel} in .env allows"
        ))
    }

    /// Why messages of the channel wait, where they do, in words.
    pub(in crate::daemon) fn held(&self) -> Option<String> {
        let gate = self.gate.upgrade()?;
        if let Some(pause) = gate.pauses.holding(&self.name) {
            let until = pause.until_ms.map(|until_ms| gate.zone().show(until_ms));
            return Some(match (until, pause.reason) {
                (None, None) => "paused".to_owned(),
                (None, Some(reason)) => format!("paused: {reason}"),
                (Some(until), None) => format!("paused until {until}"),
                (Some(until), Some(reason)) => format!("paused until {until}: {reason}"),
            });
        }
        let rules = self.rules();
        // The zone is read only for those who need it: it costs a part of the start.
        if !rules.depend_on_time() {
            return None;
        }
        let (now_ms, zone) = (gate.now_ms(), gate.zone());
        if let Some(until_ms) = rules.hours.closed_until(now_ms, &zone) {
            return Some(format!(
                "outside of its hours until {}",
                zone.show(until_ms)
            ));
        }
        let limit = rules.daily?;
        let quota = gate.quotas.of(&self.name, zone.day(now_ms));
        let days = u64::try_from(quota.day - quota.first_day).unwrap_or_default();
        let limit = rules.grown(limit, days);
        (quota.sent >= limit).then(|| full(limit))
    }

    /// How long messages could have gone: what was held back before does not age them.
    pub(in crate::daemon) fn open_for(&self) -> Duration {
        let Some(gate) = self.gate.upgrade() else {
            return Duration::MAX;
        };
        let now_ms = gate.now_ms();
        let resumed_ms = gate.pauses.resumed_ms(&self.name);
        let day_began_ms = if self.rules().depend_on_time() {
            gate.zone().start_of_day(now_ms)
        } else {
            0
        };
        Duration::from_millis(now_ms.saturating_sub(resumed_ms.max(day_began_ms)))
    }

    /// Whether a message may leave now, and counts it.
    pub(in crate::daemon) async fn admit(
        &self,
        message: &Message,
        store: &Store,
    ) -> Result<Admission, StoreError> {
        let Some(gate) = self.gate.upgrade() else {
            return Ok(Admission::Admitted);
        };
        let (rules, now_ms) = (self.rules(), gate.now_ms());
        if !rules.depend_on_time() {
            return Ok(Admission::Admitted);
        }
        let zone = gate.zone();
        let is_urgent = message
            .meta
            .as_ref()
            .is_some_and(|meta| meta["urgent"] == true);
        if !is_urgent && let Some(until_ms) = rules.hours.closed_until(now_ms, &zone) {
            return Ok(Admission::Held(wait(now_ms, until_ms), None));
        }
        // What was tried before is counted already.
        if !rules.counts_days() || message.attempts > 0 {
            return Ok(Admission::Admitted);
        }
        let is_new = rules.new_peers_daily.is_some() && is_new(message, store).await?;
        let new_peer = is_new.then_some(message.peer.as_str());
        let day = zone.day(now_ms);
        let fits = |quota: &super::quota::Quota| {
            let days = u64::try_from(quota.day - quota.first_day).unwrap_or_default();
            if let Some(limit) = rules.daily.map(|limit| rules.grown(limit, days))
                && quota.sent >= limit
            {
                return Err(NotCounted::Full(full(limit)));
            }
            let is_known_today = quota.new_peers.contains(&message.peer);
            if let Some(limit) = rules.new_peers_daily.map(|limit| rules.grown(limit, days))
                && is_new
                && !is_known_today
                && quota.new_peers.len() as u64 >= limit
            {
                let why = format!(
                    "waits for tomorrow: {limit} people who were never written to had a message today"
                );
                return Err(NotCounted::Full(why));
            }
            Ok(())
        };
        match gate.quotas.count(&self.name, day, new_peer, fits).await {
            Ok(()) => Ok(Admission::Admitted),
            Err(NotCounted::Full(why)) => {
                let until_ms = zone.start_of_day_after(now_ms);
                Ok(Admission::Held(wait(now_ms, until_ms), Some(why)))
            }
            Err(NotCounted::Failed(why)) => Err(StoreError::Failing(why)),
        }
    }
}

fn full(limit: u64) -> String {
    format!("waits for tomorrow: {limit} messages went out today")
}

fn wait(now_ms: u64, until_ms: u64) -> Duration {
    Duration::from_millis(until_ms.saturating_sub(now_ms).max(1000))
}

/// Whether the peer of a message is a person who was never written to, and who did not write first.
async fn is_new(message: &Message, store: &Store) -> Result<bool, StoreError> {
    if addresses::is_of_group(&message.channel, &message.peer) {
        return Ok(false);
    }
    let query = HistoryQuery {
        channel: Some(message.channel.clone()),
        peer: Some(message.peer.clone()),
        before: Some(message.id),
        limit: LOOKED_AT,
        ..HistoryQuery::default()
    };
    let page = store
        .run_blocking(move |store| store.history(&query))
        .await?;
    let was_sent = |state| {
        matches!(
            state,
            State::Sending | State::Sent | State::Delivered | State::Read
        )
    };
    let is_known = |one: &Message| one.direction == Direction::In || was_sent(one.state);
    Ok(!page.messages.iter().any(is_known))
}
