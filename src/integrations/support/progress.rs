//! How much of one message its service has taken: a text may go out in parts, and a part that was
//! accepted is not sent again, also after a crash between two parts.

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::integrations::{Accepted, BoxFuture, DeliveryError};
use crate::{
    message::{Message, MessageId},
    store::{AcceptedParts, Store, StoreError, insist},
};

/// The parts sent by this attempt and those before it.
#[derive(Default)]
pub struct Progress {
    sent: Mutex<Sent>,
    kept_in: Option<(Store, MessageId)>,
}

#[derive(Default)]
struct Sent {
    parts: AcceptedParts,
    /// How many of them are on disk.
    kept: usize,
}

impl Progress {
    /// What is known of a message in the outbox. Blocks.
    pub fn of(message: &Message, store: &Store) -> Result<Self, StoreError> {
        let parts = store.parts(message)?;
        let kept = parts.accepted;
        Ok(Self {
            sent: Mutex::new(Sent { parts, kept }),
            kept_in: Some((store.clone(), message.id)),
        })
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Parts that were sent.
    pub fn parts(&self) -> usize {
        self.sent().parts.accepted
    }

    /// The service's names of all parts sent.
    pub fn references(&self) -> Vec<String> {
        self.sent().parts.references.clone()
    }

    /// One more part was sent; the service knows it by `reference`.
    pub fn part_sent(&self, reference: Option<String>) {
        let parts = &mut self.sent().parts;
        parts.accepted += 1;
        parts.references.extend(reference);
    }

    /// The delivery of a message whose last part is sent when `send` comes back.
    pub fn through<'a>(
        &'a self,
        send: impl Future<Output = Result<(), DeliveryError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        Box::pin(async move {
            send.await?;
            Ok(Accepted::Sent(self.references()))
        })
    }

    /// To be called before each part: what was sent so far is on disk when it comes back. The last
    /// part is never written here, for with it the message itself is sent.
    pub async fn keep(&self) {
        let parts = {
            let sent = self.sent();
            (sent.parts.accepted > sent.kept).then(|| sent.parts.clone())
        };
        let (Some(parts), Some((store, id))) = (parts, &self.kept_in) else {
            return;
        };
        let ask = || store.parts_accepted(*id, parts.clone());
        // A store that is closed or has lost the message has no use for its parts either.
        let _ = insist(ask, |_| {}).await;
        self.sent().kept = parts.accepted;
    }
}
