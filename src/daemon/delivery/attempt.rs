//! One attempt to deliver one message, and what is written down of it.
//!
//! A message that is `sending` without an error is one whose outcome nobody knows: an attempt was
//! under way when the daemon died, or got no answer. Every other end of an attempt leaves an error or
//! another state.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::daemon::channels::{
    channel::{Channel, from_now_ms},
    counters::ChannelCounters,
};
use crate::{
    backoff, clock,
    integrations::{
        ADDRESS, Accepted, DeliveryError, Integration, Progress, ReconcileResult, Trouble,
    },
    log::{Log, LogField},
    message::{Direction, Message, MessageId, State},
    panics::contained,
    random,
    shutdown::Shutdown,
    store::{Pending, STORE_WAIT, StatusUpdate, Store, StoreError, Transition, insist},
};

/// What becomes of the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The message has left the outbox.
    Done,
    /// The same message again after this long.
    Again(Duration),
    /// The same message again when its peer can be reached.
    WhenReachable,
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
struct Count {
    /// In its whole life.
    all: u32,
    /// Since it was queued last: a retry by the user starts anew.
    since_queued: u32,
}

impl Count {
    /// The count with one more attempt.
    fn of_next(message: &Message, context: &[Transition]) -> Self {
        let all = message.attempts + 1;
        let queued_at = last_queued(context).map_or(0, |step| step.attempts);
        Self {
            all,
            since_queued: all.saturating_sub(queued_at),
        }
    }
}

/// What the store knows of the message to be delivered.
type Known = (Message, Vec<Transition>, Progress);

impl Attempt {
    /// Makes it. When the disk fails, the message stays where it is and is tried again.
    pub(super) async fn make(&self, id: MessageId) -> Next {
        self.try_make(id).await.unwrap_or_else(|error| {
            self.log.error(
                "delivery",
                "the store failed",
                &[("message", &id), ("error", &error)],
            );
            Next::Again(STORE_WAIT)
        })
    }

    async fn try_make(&self, id: MessageId) -> Result<Next, StoreError> {
        let read = move |store: &Store| Attempt::read(store, id);
        let Some((message, context, progress)) = self.store.run_blocking(read).await? else {
            return Ok(Next::Done);
        };
        if message.state.has_left_the_outbox() {
            return Ok(Next::Done);
        }
        let count = Count::of_next(&message, &context);
        if message.state == State::Sending && message.error.is_none() {
            let asked = async { self.integration.reconcile(&message, &progress).await };
            let fate = contained(asked).await;
            match fate.unwrap_or(ReconcileResult::Unknown) {
                ReconcileResult::Sent(accepted) => return self.accepted(&message, accepted).await,
                ReconcileResult::Unasked(why, earliest) => {
                    return self.again(&message, count, why, earliest, true).await;
                }
                ReconcileResult::NotSent | ReconcileResult::Unknown => {}
            }
        }
        if let Some(why) = self.too_old(&context) {
            return self.failed(&message, why).await;
        }
        self.deliver(message, count, &progress).await
    }

    /// The message, its life, and how much of it was sent already. Blocks.
    fn read(store: &Store, id: MessageId) -> Result<Option<Known>, StoreError> {
        let Some((message, context)) = store.message(id)? else {
            return Ok(None);
        };
        let progress = Progress::of(&message, store)?;
        Ok(Some((message, context, progress)))
    }

    async fn deliver(
        &self,
        message: Message,
        count: Count,
        progress: &Progress,
    ) -> Result<Next, StoreError> {
        let id = message.id;
        let begun = StatusUpdate {
            attempts: Some(count.all),
            ..StatusUpdate::to(State::Sending)
        };
        let Some(mut message) = self.step(id, begun).await? else {
            return Ok(Next::Done);
        };
        self.resolve_reply(&mut message).await?;
        let delivery = async { self.integration.deliver(&message, progress).await };
        let delivered = contained(delivery).await;
        let delivered = delivered.unwrap_or_else(panicked);
        match delivered.map_err(|error| error.without(&message.text)) {
            Ok(accepted) => self.accepted(&message, accepted).await,
            Err(DeliveryError::Channel(trouble)) => self.held(id, count.all, &trouble).await,
            Err(DeliveryError::Away) => self.not_handed_over(id, count.all).await,
            Err(DeliveryError::Permanent(why)) => self.failed(&message, why).await,
            Err(DeliveryError::Unauthorized(why)) => self.unauthorized(id, count.all, why).await,
            Err(DeliveryError::Interrupted(why)) => self.interrupted(id, count.all, &why).await,
            // We go, and whoever had it may have gone with us.
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
                self.again(&message, count, why, None, true).await
            }
            Err(DeliveryError::Transient(why, earliest)) => {
                self.again(&message, count, why, earliest, false).await
            }
        }
    }

    /// Why the message must not be sent any more, where it waited too long since it was queued.
    fn too_old(&self, context: &[Transition]) -> Option<String> {
        let max_age = self.channel.limits().max_age.filter(|age| !age.is_zero())?;
        let waited = clock::now_ms().saturating_sub(last_queued(context)?.at_ms);
        let is_old = u128::from(waited) > max_age.as_millis();
        is_old.then(|| {
            let hours = max_age.as_secs() / 3600;
            format!(
                "it waited longer than {hours} hours and was not sent, so that it surprises nobody"
            )
        })
    }

    /// The service does not know our ids: an answer to `m-17` becomes one to its name there. A
    /// reaction is told besides whose message that was, since services name it by that too.
    async fn resolve_reply(&self, message: &mut Message) -> Result<(), StoreError> {
        let answered = message.reply_to.as_deref().map(str::parse::<MessageId>);
        let Some(Ok(answered)) = answered else {
            return Ok(());
        };
        let read = move |store: &Store| {
            let references = store.references(answered)?;
            Ok((references, store.message(answered)?))
        };
        let (references, original) = self.store.run_blocking(read).await?;
        let original = original.map(|(original, _)| original);
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
        Ok(())
    }

    /// Writes a step down.
    async fn step(&self, id: MessageId, step: StatusUpdate) -> Result<Option<Message>, StoreError> {
        self.note(id, || self.store.advance(id, step.clone())).await
    }

    /// What has happened cannot be undone by a failing disk, so it is tried until it is written:
    /// delivering again instead would send the message twice.
    async fn note(
        &self,
        id: MessageId,
        ask: impl Fn() -> Result<Pending<Option<Message>>, StoreError>,
    ) -> Result<Option<Message>, StoreError> {
        let tell = |error: &StoreError| {
            let fields: [LogField<'_>; 2] = [("message", &id), ("error", error)];
            self.log
                .error("delivery", "a step waits for the store", &fields);
        };
        insist(ask, tell).await
    }

    async fn accepted(&self, message: &Message, how: Accepted) -> Result<Next, StoreError> {
        let id = message.id;
        let (references, delivered) = match how {
            Accepted::Sent(references) => (references, false),
            Accepted::Delivered => (vec![], true),
        };
        let ask = || self.store.accepted(id, references.clone());
        self.note(id, ask).await?;
        if delivered {
            self.step(id, StatusUpdate::to(State::Delivered)).await?;
        }
        ChannelCounters::add(&self.channel.counters.sent);
        Ok(Next::Done)
    }

    async fn failed(&self, message: &Message, why: String) -> Result<Next, StoreError> {
        self.log.warn(
            "delivery",
            "a message was given up",
            &[("message", &message.id), ("error", &why)],
        );
        let step = StatusUpdate {
            error: Some(why),
            ..StatusUpdate::to(State::Failed)
        };
        self.step(message.id, step).await?;
        ChannelCounters::add(&self.channel.counters.failed);
        Ok(Next::Done)
    }

    /// Nothing goes out with these credentials: the message waits for better ones.
    async fn unauthorized(
        &self,
        id: MessageId,
        attempts: u32,
        why: String,
    ) -> Result<Next, StoreError> {
        self.channel.park(&why);
        let why = format!("waits for credentials: {why}");
        self.waits(id, attempts.saturating_sub(1), Some(why)).await
    }

    /// The channel is in trouble, not the message: it waits with the others, and the channel says why.
    async fn held(
        &self,
        id: MessageId,
        attempts: u32,
        trouble: &Trouble,
    ) -> Result<Next, StoreError> {
        if self.channel.impaired(trouble) {
            let fields: [LogField<'_>; 2] = [("name", &self.channel.name()), ("why", &trouble.why)];
            self.log
                .warn("integration", "the service cannot send now", &fields);
        }
        let why = format!("waits for the service: {}", trouble.why);
        self.waits(id, attempts.saturating_sub(1), Some(why)).await
    }

    /// Nobody was there to take it: that is no attempt.
    async fn not_handed_over(&self, id: MessageId, attempts: u32) -> Result<Next, StoreError> {
        self.waits(id, attempts.saturating_sub(1), None).await
    }

    /// Nobody failed. The first attempt stays counted, so that the next one is known to be a repeat.
    async fn interrupted(
        &self,
        id: MessageId,
        attempts: u32,
        why: &str,
    ) -> Result<Next, StoreError> {
        let fields: [LogField<'_>; 2] = [("message", &id), ("why", &why)];
        self.log
            .info("delivery", "an attempt was interrupted", &fields);
        self.waits(id, attempts.saturating_sub(1).max(1), None)
            .await
    }

    /// Waits for its peer or its service with so many attempts counted, not for a time.
    async fn waits(
        &self,
        id: MessageId,
        attempts: u32,
        error: Option<String>,
    ) -> Result<Next, StoreError> {
        let step = StatusUpdate {
            attempts: Some(attempts),
            error,
            ..StatusUpdate::to(State::Sending)
        };
        self.step(id, step).await?;
        Ok(Next::WhenReachable)
    }

    /// The next attempt by the retry table; none after the last. An unknown outcome leaves no error.
    async fn again(
        &self,
        message: &Message,
        count: Count,
        why: String,
        earliest: Option<Duration>,
        unknown: bool,
    ) -> Result<Next, StoreError> {
        let delays = self.channel.limits().retry_delays;
        let Some(wait) = delays.after(count.since_queued) else {
            let text = format!("given up after {} attempts: {why}", count.since_queued);
            return self.failed(message, text).await;
        };
        let wait = backoff::jittered(wait, random::seed()).max(earliest.unwrap_or_default());
        let step = StatusUpdate {
            attempts: Some(count.all),
            error: (!unknown).then_some(why),
            due_ms: Some(from_now_ms(wait)),
            ..StatusUpdate::to(State::Sending)
        };
        self.step(message.id, step).await?;
        ChannelCounters::add(&self.channel.counters.retried);
        Ok(Next::Again(wait))
    }
}

/// A panic in an integration is an attempt without an answer, nothing more.
fn panicked(mut panic: String) -> Result<Accepted, DeliveryError> {
    panic.insert_str(0, "the integration panicked: ");
    Err(DeliveryError::Unknown(panic))
}

fn last_queued(context: &[Transition]) -> Option<&Transition> {
    context.iter().rfind(|step| step.state == State::Queued)
}
