//! One attempt to deliver one message, and the result in the store.
//!
//! A message that is `sending` without an error has an unknown outcome: an attempt was in flight when
//! the daemon died, or got no answer. Every other end of an attempt leaves an error or another state.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::daemon::{
    channels::{channel::Channel, counters::ChannelCounters},
    gate::Admission,
};
use crate::{
    backoff,
    integrations::{
        ADDRESS, Accepted, DeliveryError, Integration, Progress, ReconcileResult, Trouble,
    },
    log::{Log, LogField, LogLevel},
    message::{Direction, Message, MessageId, State},
    panics::contained,
    random,
    shutdown::Shutdown,
    store::{Pending, STORE_WAIT, StatusUpdate, Store, StoreError, Transition, insist},
};

/// What the lane does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Go on: the message has left the outbox.
    Done,
    /// Try the same message again after this long.
    RetryAfter(Duration),
    /// Try the same message again when its peer can be reached.
    WhenReachable,
    /// The gate holds it for this long; nothing was tried.
    Held(Duration),
}

/// What one attempt needs.
pub(super) struct Attempt {
    pub(super) integration: Arc<dyn Integration>,
    pub(super) channel: Arc<Channel>,
    pub(super) store: Store,
    pub(super) log: Log,
    pub(super) shutdown: Shutdown,
}

/// How often a message was tried, as the retry table and the wire count it.
#[derive(Debug, Clone, Copy)]
struct AttemptCount {
    /// Since it was created.
    all: u32,
    /// Since it was last queued: a retry by the user starts the retry table over.
    since_queued: u32,
}

impl AttemptCount {
    /// The count including the attempt about to start.
    fn of_next(message: &Message, context: &[Transition]) -> Self {
        let all = message.attempts + 1;
        let queued_at = last_queued(context).map_or(0, |step| step.attempts);
        Self {
            all,
            since_queued: all.saturating_sub(queued_at),
        }
    }
}

/// The message to deliver, as stored.
struct StoredMessage {
    message: Message,
    /// Its state transitions.
    context: Vec<Transition>,
    progress: Progress,
    /// For how long it has been queued.
    waited: Duration,
}

impl Attempt {
    /// Makes the attempt. If the store fails, the message stays in the outbox and is tried again.
    pub(super) async fn make(&self, id: MessageId) -> NextStep {
        self.try_make(id).await.unwrap_or_else(|error| {
            self.log.limited(
                LogLevel::Error,
                "delivery",
                "store failed; retrying",
                &[("message", &id), ("error", &error)],
            );
            NextStep::RetryAfter(STORE_WAIT)
        })
    }

    async fn try_make(&self, id: MessageId) -> Result<NextStep, StoreError> {
        let read = move |store: &Store| Attempt::read(store, id);
        let Some(stored) = self.store.run_blocking(read).await? else {
            return Ok(NextStep::Done);
        };
        let StoredMessage {
            message,
            context,
            progress,
            waited,
        } = stored;
        if message.state.has_left_the_outbox() {
            return Ok(NextStep::Done);
        }
        let count = AttemptCount::of_next(&message, &context);
        // An earlier attempt has an unknown outcome: ask the service before sending again, or the peer
        // may get the message twice. If the service does not answer that either, ask again later.
        if message.state == State::Sending && message.error.is_none() {
            let reconciling = async { self.integration.reconcile(&message, &progress).await };
            let reconciling = contained(reconciling);
            #[cfg(feature = "nats")]
            let Some(result) = self.fenced(reconciling).await else {
                return Ok(self.after_interruption());
            };
            #[cfg(not(feature = "nats"))]
            let result = reconciling.await;
            match result.unwrap_or(ReconcileResult::Unknown) {
                ReconcileResult::Sent(accepted) => return self.accepted(&message, accepted).await,
                ReconcileResult::Unasked(why, earliest) => {
                    return self.retry(&message, count, why, earliest, true).await;
                }
                ReconcileResult::NotSent | ReconcileResult::Unknown => {}
            }
        }
        // Only after reconciling: a message that was sent in time must not become failed.
        if let Some(why) = self.too_old(waited) {
            return self.failed(&message, why).await;
        }
        if let Admission::Held(wait, why) = self.channel.gate().admit(&message, &self.store).await?
        {
            return self.held(&message, wait, why).await;
        }
        if self.channel.gate().rules().types {
            self.type_first(&message).await;
        }
        self.deliver(message, count, &progress).await
    }

    /// Reads the message, its transitions, and the parts sent so far. Blocks.
    fn read(store: &Store, id: MessageId) -> Result<Option<StoredMessage>, StoreError> {
        let Some((message, context)) = store.message(id)? else {
            return Ok(None);
        };
        let waited = last_queued(&context).map_or(Ok(Duration::ZERO), |step| store.age(step))?;
        Ok(Some(StoredMessage {
            progress: Progress::of(&message, store)?,
            message,
            context,
            waited,
        }))
    }

    async fn deliver(
        &self,
        message: Message,
        count: AttemptCount,
        progress: &Progress,
    ) -> Result<NextStep, StoreError> {
        let id = message.id;
        let begun = StatusUpdate {
            attempts: Some(count.all),
            ..StatusUpdate::to(State::Sending)
        };
        // Stored before the request leaves, so that after a crash the message counts as unknown.
        let Some(mut message) = self.advance(id, begun).await? else {
            return Ok(NextStep::Done);
        };
        if !self.resolve_reply(&mut message).await? {
            return self.failed(&message, ELSEWHERE.to_owned()).await;
        }
        let delivery = async { self.integration.deliver(&message, progress).await };
        let delivery = contained(delivery);
        #[cfg(feature = "nats")]
        let delivered = self.fenced_delivery(delivery).await;
        #[cfg(not(feature = "nats"))]
        let delivered = delivery.await;
        let delivered = delivered.unwrap_or_else(panicked);
        match delivered.map_err(|error| error.without(&message.text)) {
            Ok(accepted) => self.accepted(&message, accepted).await,
            Err(DeliveryError::Channel(trouble)) => {
                self.wait_for_service(id, count.all, &trouble).await
            }
            Err(DeliveryError::Away) => self.peer_away(id, count.all).await,
            Err(DeliveryError::Permanent(why)) => self.failed(&message, why).await,
            Err(DeliveryError::Unauthorized(why)) => self.unauthorized(id, count.all, why).await,
            Err(DeliveryError::Interrupted(why)) => self.interrupted(id, count.all, &why).await,
            // During shutdown the bridge that had the message is disconnected by us.
            Err(DeliveryError::Unknown(why)) if self.shutdown.reason().is_some() => {
                self.interrupted(id, count.all, &why).await
            }
            Err(DeliveryError::Unknown(why)) => {
                ChannelCounters::add(&self.channel.counters.unknown);
                self.log.warn(
                    "delivery",
                    "an attempt got no answer",
                    &[("message", &id), ("error", &why)],
                );
                self.retry(&message, count, why, None, true).await
            }
            Err(DeliveryError::Transient(why, earliest)) => {
                self.retry(&message, count, why, earliest, false).await
            }
        }
    }

    /// Why the message must not be sent any more, if it waited too long since it was queued.
    fn too_old(&self, waited: Duration) -> Option<String> {
        let max_age = self.channel.limits().max_age.filter(|age| !age.is_zero())?;
        // What the gate held back does not count.
        let waited = waited.min(self.channel.gate().open_for());
        (waited > max_age).then(|| {
            let hours = max_age.as_secs() / 3600;
            format!("it waited longer than {hours} hours and is too old to send")
        })
    }

    /// Replaces our id in `reply_to` by the service's id of that message. A reaction also gets the
    /// sender and the address of the message it is on, which some services need to identify it. False where
    /// that message is of another conversation: it would be quoted to people who never saw it, or the reaction
    /// would go to them.
    async fn resolve_reply(&self, message: &mut Message) -> Result<bool, StoreError> {
        let Some(reply_to) = message.reply_to.clone() else {
            return Ok(true);
        };
        let (channel, peer) = (message.channel.clone(), message.peer.clone());
        let named = reply_to.parse::<MessageId>().ok();
        let read = move |store: &Store| {
            let answered = match named {
                Some(id) => Some(id),
                None => store.referred(&channel, &reply_to)?,
            };
            let Some(answered) = answered else {
                return Ok((Vec::new(), None, true));
            };
            let references = store.references(answered)?;
            let original = store.message(answered)?.map(|(original, _)| original);
            let is_here = match &original {
                Some(original) => is_of(store, original, &channel, &peer)?,
                None => true,
            };
            Ok((references, original, is_here))
        };
        let (references, original, is_here) = self.store.run_blocking(read).await?;
        let Some(answered) = named.filter(|_| is_here) else {
            return Ok(is_here);
        };
        let of_meta = |name: &str| original.as_ref()?.meta.as_ref()?.get(name).cloned();
        let inbound = of_meta("id").and_then(|name| name.as_str().map(str::to_owned));
        let ours = || {
            self.integration
                .knows_our_ids()
                .then(|| answered.to_string())
        };
        message.reply_to = references.into_iter().next().or(inbound).or_else(ours);
        if let Some(meta) = message
            .meta
            .as_mut()
            .filter(|meta| meta["reaction"] == true)
        {
            let outgoing = |original: &Message| original.direction == Direction::Out;
            let own =
                original.as_ref().is_some_and(outgoing) || of_meta("own") == Some(true.into());
            let address = of_meta(ADDRESS);
            let sender = original.and_then(|original| original.sender);
            meta["answered"] = json!({"own": own, "sender": sender, ADDRESS: address});
        }
        Ok(true)
    }

    /// Stores a state transition.
    pub(super) async fn advance(
        &self,
        id: MessageId,
        step: StatusUpdate,
    ) -> Result<Option<Message>, StoreError> {
        self.persist(id, || self.store.advance(id, step.clone()))
            .await
    }

    /// Repeats a write until it succeeds. It records what has already happened: giving up and
    /// delivering again would send the message twice.
    async fn persist(
        &self,
        id: MessageId,
        ask: impl Fn() -> Result<Pending<Option<Message>>, StoreError>,
    ) -> Result<Option<Message>, StoreError> {
        let tell = |error: &StoreError| {
            let fields: [LogField<'_>; 2] = [("message", &id), ("error", error)];
            let text = "cannot store a result; retrying";
            self.log.limited(LogLevel::Error, "delivery", text, &fields);
        };
        insist(ask, tell).await
    }

    async fn accepted(&self, message: &Message, how: Accepted) -> Result<NextStep, StoreError> {
        let id = message.id;
        let (references, delivered) = match how {
            Accepted::Sent(references) => (references, false),
            Accepted::Delivered => (vec![], true),
        };
        let ask = || self.store.accepted(id, references.clone());
        self.persist(id, ask).await?;
        if delivered {
            self.advance(id, StatusUpdate::to(State::Delivered)).await?;
        }
        ChannelCounters::add(&self.channel.counters.sent);
        Ok(NextStep::Done)
    }

    async fn failed(&self, message: &Message, why: String) -> Result<NextStep, StoreError> {
        self.log.warn(
            "delivery",
            "message failed",
            &[("message", &message.id), ("error", &why)],
        );
        let step = StatusUpdate {
            error: Some(why),
            ..StatusUpdate::to(State::Failed)
        };
        self.advance(message.id, step).await?;
        ChannelCounters::add(&self.channel.counters.failed);
        Ok(NextStep::Done)
    }

    /// Parks the channel. The message waits for new credentials, and this attempt does not count.
    async fn unauthorized(
        &self,
        id: MessageId,
        attempts: u32,
        why: String,
    ) -> Result<NextStep, StoreError> {
        self.channel.park(&why);
        let why = format!("waits for credentials: {why}");
        self.wait_until_reachable(id, attempts.saturating_sub(1), Some(why))
            .await
    }

    /// The fault is the channel's, not the message's: it waits, and this attempt does not count.
    async fn wait_for_service(
        &self,
        id: MessageId,
        attempts: u32,
        trouble: &Trouble,
    ) -> Result<NextStep, StoreError> {
        if self.channel.impaired(trouble) {
            let fields: [LogField<'_>; 2] = [("name", &self.channel.name()), ("why", &trouble.why)];
            self.log
                .warn_limited("integration", "the service cannot send now", &fields);
        }
        let why = format!("waits for the service: {}", trouble.why);
        self.wait_until_reachable(id, attempts.saturating_sub(1), Some(why))
            .await
    }

    /// The peer left before it was handed the message, so this attempt does not count.
    async fn peer_away(&self, id: MessageId, attempts: u32) -> Result<NextStep, StoreError> {
        self.wait_until_reachable(id, attempts.saturating_sub(1), None)
            .await
    }

    /// We ended the attempt ourselves, so it does not count; but the count stays at 1 or more, so that
    /// the next delivery is marked as a possible repeat.
    async fn interrupted(
        &self,
        id: MessageId,
        attempts: u32,
        why: &str,
    ) -> Result<NextStep, StoreError> {
        let fields: [LogField<'_>; 2] = [("message", &id), ("why", &why)];
        self.log.info("delivery", "attempt interrupted", &fields);
        let next = self.wait_until_reachable(id, attempts.saturating_sub(1).max(1), None);
        #[cfg(feature = "nats")]
        let next = async { next.await.map(|_| self.after_interruption()) };
        next.await
    }

    /// Leaves the message in `sending` with this attempt count until its peer or its service is back.
    async fn wait_until_reachable(
        &self,
        id: MessageId,
        attempts: u32,
        error: Option<String>,
    ) -> Result<NextStep, StoreError> {
        let step = StatusUpdate {
            attempts: Some(attempts),
            error,
            ..StatusUpdate::to(State::Sending)
        };
        self.advance(id, step).await?;
        Ok(NextStep::WhenReachable)
    }

    /// Schedules the next attempt by the retry table, or fails the message after the last. An unknown
    /// outcome leaves no error, so that the next attempt reconciles first.
    async fn retry(
        &self,
        message: &Message,
        count: AttemptCount,
        why: String,
        earliest: Option<Duration>,
        unknown: bool,
    ) -> Result<NextStep, StoreError> {
        let delays = self.channel.limits().retry_delays;
        let Some(wait) = delays.after(count.since_queued) else {
            let text = format!("given up after {} attempts: {why}", count.since_queued);
            return self.failed(message, text).await;
        };
        let wait = backoff::jittered(wait, random::seed()).max(earliest.unwrap_or_default());
        let step = StatusUpdate {
            attempts: Some(count.all),
            error: (!unknown).then_some(why),
            retry_in: Some(wait),
            ..StatusUpdate::to(State::Sending)
        };
        self.advance(message.id, step).await?;
        ChannelCounters::add(&self.channel.counters.retried);
        Ok(NextStep::RetryAfter(wait))
    }
}

/// A panic in an integration counts as an attempt without an answer.
fn panicked(mut panic: String) -> Result<Accepted, DeliveryError> {
    panic.insert_str(0, "the integration panicked: ");
    Err(DeliveryError::Unknown(panic))
}

fn last_queued(context: &[Transition]) -> Option<&Transition> {
    context.iter().rfind(|step| step.state == State::Queued)
}

/// Why a message fails that answers one of another conversation.
const ELSEWHERE: &str = "the message it answers is of another conversation; leave reply_to out";

/// Whether a message is of the conversation with this peer, by whichever of the peer's names it was stored. The
/// topics of a forum are one chat.
fn is_of(store: &Store, message: &Message, channel: &str, peer: &str) -> Result<bool, StoreError> {
    if message.channel != channel {
        return Ok(false);
    }
    let chat = |peer: &str| peer.split('/').next().unwrap_or_default().to_owned();
    let (one, other) = (chat(&message.peer), chat(peer));
    Ok(one == other
        || store.alias(channel, &one)?.as_deref() == Some(other.as_str())
        || store.alias(channel, &other)?.as_deref() == Some(one.as_str()))
}
