//! One attempt to deliver one message, and what is written down of it.

use std::{sync::Arc, time::Duration};

use super::tally::Tally;
use crate::{
    backoff, clock,
    contain::contained,
    integrations::{Accepted, DeliveryError, Integration},
    log::{Field, Log},
    message::{Message, MessageId, State},
    random,
    store::{Step, Store, StoreError},
};

/// Waits after the first, second, … failed attempt; after the last the message is given up.
const WAITS: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(25),
    Duration::from_secs(120),
    Duration::from_secs(600),
];

/// The wait after a failure of our own disk.
const STORE_WAIT: Duration = Duration::from_secs(1);

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
    pub(super) store: Store,
    pub(super) log: Log,
    pub(super) tally: Arc<Tally>,
}

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
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || store.message(id)).await;
        let Some((message, _)) = read.map_err(|error| StoreError::Failing(error.to_string()))??
        else {
            return Ok(Next::Done);
        };
        if message.state.has_left_the_outbox() {
            return Ok(Next::Done);
        }
        let attempts = message.attempts + 1;
        let begun = Step {
            attempts: Some(attempts),
            ..Step::to(State::Sending)
        };
        let Some(message) = self.note(id, begun).await? else {
            return Ok(Next::Done);
        };
        let delivery = async { self.integration.deliver(&message).await };
        match contained(delivery)
            .await
            .unwrap_or_else(|panic| panicked(&panic))
        {
            Ok(accepted) => self.accepted(id, accepted).await,
            Err(DeliveryError::Away) => Ok(Next::WhenReachable),
            Err(DeliveryError::Permanent(why)) => self.failed(id, why).await,
            Err(DeliveryError::Transient(why, earliest)) => {
                self.transient(id, attempts, why, earliest).await
            }
        }
    }

    /// Writes a step down. What has happened cannot be undone by a failing disk, so it is tried until
    /// it is written: delivering again instead would send the message twice.
    async fn note(&self, id: MessageId, step: Step) -> Result<Option<Message>, StoreError> {
        let mut told = false;
        loop {
            let noted = match self.store.advance(id, step.clone()) {
                Ok(pending) => pending.await,
                Err(error) => Err(error),
            };
            match noted {
                Err(error @ (StoreError::QueueFull | StoreError::Failing(_))) => {
                    if !std::mem::replace(&mut told, true) {
                        let fields: [Field<'_>; 2] = [("message", &id), ("error", &error)];
                        self.log
                            .error("delivery", "a step waits for the store", &fields);
                    }
                    tokio::time::sleep(STORE_WAIT).await;
                }
                done => return done,
            }
        }
    }

    async fn accepted(&self, id: MessageId, accepted: Accepted) -> Result<Next, StoreError> {
        self.note(id, Step::to(State::Sent)).await?;
        if accepted == Accepted::Delivered {
            self.note(id, Step::to(State::Delivered)).await?;
        }
        Tally::add(&self.tally.sent);
        Ok(Next::Done)
    }

    async fn failed(&self, id: MessageId, why: String) -> Result<Next, StoreError> {
        let fields: [Field<'_>; 2] = [("message", &id), ("error", &why)];
        self.log.warn("delivery", "a message was given up", &fields);
        let step = Step {
            error: Some(why),
            ..Step::to(State::Failed)
        };
        self.note(id, step).await?;
        Tally::add(&self.tally.failed);
        Ok(Next::Done)
    }

    async fn transient(
        &self,
        id: MessageId,
        attempts: u32,
        why: String,
        earliest: Option<Duration>,
    ) -> Result<Next, StoreError> {
        // A user's own retry begins a new series.
        let of_series = attempts.saturating_sub(1) as usize % (WAITS.len() + 1);
        let Some(wait) = WAITS.get(of_series) else {
            let why = format!("given up after {attempts} attempts: {why}");
            return self.failed(id, why).await;
        };
        let wait = backoff::jittered(*wait, random::seed()).max(earliest.unwrap_or_default());
        let step = Step {
            attempts: Some(attempts),
            error: Some(why),
            due_ms: Some(clock::now_ms() + u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            ..Step::to(State::Sending)
        };
        self.note(id, step).await?;
        Tally::add(&self.tally.retried);
        Ok(Next::Again(wait))
    }
}

/// A panic in an integration is a failed attempt of this message, nothing more.
fn panicked(panic: &str) -> Result<Accepted, DeliveryError> {
    Err(DeliveryError::Transient(
        format!("the integration panicked: {panic}"),
        None,
    ))
}
