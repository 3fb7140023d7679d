//! How much of one message its service has accepted. A long text goes out in parts, and an accepted part
//! is not sent again, not even after a crash between two parts.

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
    store: Option<(Store, MessageId)>,
}

#[derive(Default)]
struct Sent {
    parts: AcceptedParts,
    /// How many of them are on disk.
    stored: usize,
}

impl Progress {
    /// Reads the progress of a message in the outbox. Blocks.
    pub fn of(message: &Message, store: &Store) -> Result<Self, StoreError> {
        let parts = store.parts(message)?;
        let stored = parts.accepted;
        Ok(Self {
            sent: Mutex::new(Sent { parts, stored }),
            store: Some((store.clone(), message.id)),
        })
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of parts sent.
    pub fn parts(&self) -> usize {
        self.sent().parts.accepted
    }

    /// The service's ids of all parts sent.
    pub fn references(&self) -> Vec<String> {
        self.sent().parts.references.clone()
    }

    /// Records that one more part was sent, with the service's id of it.
    pub fn part_sent(&self, reference: Option<String>) {
        let parts = &mut self.sent().parts;
        parts.accepted += 1;
        parts.references.extend(reference);
    }

    /// Records that one more part was sent, which became several messages of the service.
    pub fn album_sent(&self, references: Vec<String>) {
        let parts = &mut self.sent().parts;
        parts.accepted += 1;
        parts.references.extend(references);
    }

    /// The delivery of a message: `send` sends the missing parts, the result has the ids of all.
    pub fn through<'a>(
        &'a self,
        send: impl Future<Output = Result<(), DeliveryError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        Box::pin(async move {
            send.await?;
            Ok(Accepted::Sent(self.references()))
        })
    }

    /// Stores the progress so far. Call it before sending each part. The last part is never stored here:
    /// with it, the message itself becomes sent.
    pub async fn keep(&self) {
        let parts = {
            let sent = self.sent();
            (sent.parts.accepted > sent.stored).then(|| sent.parts.clone())
        };
        let (Some(parts), Some((store, id))) = (parts, &self.store) else {
            return;
        };
        let ask = || store.parts_accepted(*id, parts.clone());
        // The errors left are that the store is closed or no longer has the message: nothing to keep.
        let _ = insist(ask, |_| {}).await;
        self.sent().stored = parts.accepted;
    }
}
