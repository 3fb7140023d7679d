//! The part of [`Store`] that writes. Each method puts a request into the queue and answers at once
//! with a [`Pending`]; none blocks.
//!
//! Not here: what a request does (`writer::operations`).

use super::{
    Store,
    answer::{QueuedMessage, ReadMark, ReceivedMessage},
    error::StoreError,
    request::{AcceptedParts, Draft, Inbound, StatusUpdate},
    rows::{body::Body, keys::MAX_NAME},
    writer::{operations, pending::Pending, transaction::EncodedMessage},
};
use crate::message::{Direction, Message, MessageId};

impl Store {
    /// Puts a message into the outbox.
    pub fn queue(&self, draft: Draft) -> Result<Pending<QueuedMessage>, StoreError> {
        let fresh = fresh(Body::outgoing(draft))?;
        let weight = fresh.weight();
        self.submit(operations::queue, fresh, weight)
    }

    /// Keeps a message that came in.
    pub fn receive(&self, inbound: Inbound) -> Result<Pending<ReceivedMessage>, StoreError> {
        let fresh = fresh(Body::incoming(inbound))?;
        let weight = fresh.weight();
        self.submit(operations::receive, fresh, weight)
    }

    /// Takes news of an outgoing message. Answers `None`, and changes nothing, where the message
    /// is already there or further.
    pub fn advance(
        &self,
        id: MessageId,
        update: StatusUpdate,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let weight = update.error.as_ref().map_or(0, String::len);
        self.submit(operations::advance, (id, update), weight)
    }

    /// Takes the news that the service accepted a message, and the names it knows it by: reports on
    /// it come by these.
    pub fn accepted(
        &self,
        id: MessageId,
        references: Vec<String>,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let (references, weight) = usable(references);
        self.submit(operations::accepted, (id, references), weight)
    }

    /// Takes the news that the service accepted some parts of a message but not yet the last.
    /// Forgotten when the message leaves the outbox.
    pub fn parts_accepted(
        &self,
        id: MessageId,
        mut parts: AcceptedParts,
    ) -> Result<Pending<()>, StoreError> {
        let (references, weight) = usable(parts.references);
        parts.references = references;
        self.submit(operations::parts_accepted, (id, parts), weight)
    }

    /// Takes a service's report on a message that it knows by `reference`. Fails with
    /// [`StoreError::NotFound`] where no message goes by that name.
    pub fn report(
        &self,
        channel: &str,
        reference: &str,
        update: StatusUpdate,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let weight = channel.len() + reference.len();
        let input = (channel.to_owned(), reference.to_owned(), update);
        self.submit(operations::report, input, weight)
    }

    /// Takes what an integration that knows our ids says of a message of its channel, with the names
    /// the service gave to it. Answers with the message as it stands then; fails with
    /// [`StoreError::NotFound`] where the channel has sent no such message.
    pub fn answered(
        &self,
        channel: &str,
        id: MessageId,
        references: Vec<String>,
        update: StatusUpdate,
    ) -> Result<Pending<Message>, StoreError> {
        let (references, weight) = usable(references);
        let weight = weight + channel.len() + update.error.as_ref().map_or(0, String::len);
        let input = (channel.to_owned(), id, references, update);
        self.submit(operations::answered, input, weight)
    }

    /// Goes through the queue and the writer's thread and writes nothing. While the storage fails it
    /// comes back with that error: the thread runs all the same.
    pub fn ping(&self) -> Result<Pending<()>, StoreError> {
        self.submit(operations::ping, (), 0)
    }

    /// Withdraws a message that is still queued.
    pub fn cancel(&self, id: MessageId) -> Result<Pending<Message>, StoreError> {
        self.submit(operations::cancel, id, 0)
    }

    /// Queues a failed message again, due now, with its attempts still counted.
    pub fn retry(&self, id: MessageId) -> Result<Pending<Message>, StoreError> {
        self.submit(operations::retry, id, 0)
    }

    /// Takes the news that a conversation was read up to this message of it.
    pub fn mark_read(
        &self,
        channel: &str,
        peer: &str,
        up_to: MessageId,
    ) -> Result<Pending<ReadMark>, StoreError> {
        let weight = channel.len() + peer.len();
        let input = (channel.to_owned(), peer.to_owned(), up_to);
        self.submit(operations::mark_read, input, weight)
    }
}

/// Names that can be keys, and their weight. One that cannot is not worth the message: reports on it
/// are lost.
fn usable(references: Vec<String>) -> (Vec<String>, usize) {
    let long = references.iter().any(|name| name.len() > MAX_NAME);
    let references = if long { Vec::new() } else { references };
    let weight = references.iter().map(String::len).sum();
    (references, weight)
}

/// Checks the parts that become keys and encodes the rest, on the thread of whoever asks.
fn fresh(body: Body) -> Result<EncodedMessage, StoreError> {
    let message = &body.message;
    let key = match message.direction {
        Direction::In => "dedup_key",
        Direction::Out => "idempotency_key",
    };
    let names = [
        ("channel", message.channel.len()),
        ("peer", message.peer.len()),
        (key, body.key.as_ref().map_or(0, String::len)),
    ];
    match names.iter().find(|(_, length)| *length > MAX_NAME) {
        Some((field, _)) => Err(StoreError::TooLong {
            field,
            limit: MAX_NAME,
        }),
        None => Ok(EncodedMessage::new(body)),
    }
}
