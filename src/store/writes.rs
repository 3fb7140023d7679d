//! The methods of [`Store`] that write. Each puts a request into the writer's queue and returns a
//! [`Pending`] at once; none blocks.
//!
//! Not here: what a request does to the rows (`writer::operations`).

use std::time::Duration;

use serde_json::Value;

use super::{
    Store,
    answer::{ChangedFlags, KeptMedia, MediaRow, QueuedMessage, ReadMark, ReceivedMessage},
    error::StoreError,
    request::{AcceptedParts, Draft, FlagsUpdate, Inbound, Revision, SendAt, StatusUpdate},
    rows::{body::Body, keys::MAX_NAME},
    writer::{
        encoded::EncodedMessage,
        media, operations,
        peers::{flags, names},
        pending::Pending,
        scheduled::{self, Release},
    },
};
use crate::message::{Direction, MediaId, Message, MessageId, nesting::kept};

impl Store {
    /// Puts a message into the outbox.
    pub fn queue(&self, draft: Draft) -> Result<Pending<QueuedMessage>, StoreError> {
        let encoded = outgoing(draft)?;
        let weight = encoded.weight();
        self.submit(operations::queue, encoded, weight)
    }

    /// Stores an incoming message.
    pub fn receive(&self, inbound: Inbound) -> Result<Pending<ReceivedMessage>, StoreError> {
        let encoded = encode(Body::incoming(inbound))?;
        let weight = encoded.weight();
        self.submit(operations::receive, encoded, weight)
    }

    /// Brings an outgoing message to a new state. Resolves to `None`, and changes nothing, if the
    /// message is in that state already or beyond it.
    pub fn advance(
        &self,
        id: MessageId,
        update: StatusUpdate,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let weight = update.error.as_ref().map_or(0, String::len);
        self.submit(operations::advance, (id, update), weight)
    }

    /// Records that the service accepted a message, and the names it gave to it: later reports
    /// refer to the message by these.
    pub fn accepted(
        &self,
        id: MessageId,
        references: Vec<String>,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let (references, weight) = usable(references);
        self.submit(operations::accepted, (id, references), weight)
    }

    /// Records that the service accepted some parts of a message but not yet the last. Forgotten
    /// when the message leaves the outbox.
    pub fn parts_accepted(
        &self,
        id: MessageId,
        mut parts: AcceptedParts,
    ) -> Result<Pending<()>, StoreError> {
        let (references, weight) = usable(parts.references);
        parts.references = references;
        self.submit(operations::parts_accepted, (id, parts), weight)
    }

    /// Records a service's report on the message that it knows by `reference`. Fails with
    /// [`StoreError::NotFound`] if no message has that name.
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

    /// Records what a bridge, which knows our ids, reports on a message of its channel, with the
    /// names the service gave to it. Resolves to the message as it stands then; fails with
    /// [`StoreError::NotFound`] if the channel has no such outgoing message.
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

    /// Records what its author did to a message of a channel, which its service knows by `name`: the
    /// dedup key it came with, or a name given to one of ours. Resolves to `None`, and changes nothing,
    /// if that is known; fails with [`StoreError::NotFound`] if no message has that name.
    pub fn revise(
        &self,
        channel: &str,
        name: &str,
        mut revision: Revision,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let text = match &mut revision {
            Revision::Edited { text, content } => {
                *content = content.take().map(kept);
                text.len()
            }
            Revision::Deleted | Revision::Media(_) => 0,
        };
        let weight = channel.len() + name.len() + 2 * text;
        let input = (channel.to_owned(), name.to_owned(), revision);
        self.submit(operations::revise, input, weight)
    }

    /// Records that a message of ours was deleted at its service. Resolves to the message as it is then, also where
    /// that was known.
    pub fn deleted(&self, id: MessageId) -> Result<Pending<Message>, StoreError> {
        self.submit(operations::deleted, id, 0)
    }

    /// Remembers that `name` means `peer` on a channel, for ever. Resolves to whether that was news.
    pub fn remember_alias(
        &self,
        channel: &str,
        name: &str,
        peer: &str,
    ) -> Result<Pending<bool>, StoreError> {
        let weight = channel.len() + name.len() + peer.len();
        let input = (channel.to_owned(), name.to_owned(), peer.to_owned());
        self.submit(operations::remember_alias, input, weight)
    }

    /// Notes what a service calls groups of its channel, each a peer with its name, for conversations whose
    /// messages do not say it.
    pub fn name_groups(
        &self,
        channel: &str,
        mut groups: Vec<(String, String)>,
    ) -> Result<Pending<()>, StoreError> {
        groups.retain(|(peer, _)| peer.len() <= MAX_NAME);
        let bytes = |(peer, name): &(String, String)| peer.len() + name.len();
        let weight = channel.len() + groups.iter().map(bytes).sum::<usize>();
        self.submit(names::note, (channel.to_owned(), groups), weight)
    }

    /// Keeps the row of a file that is in its place.
    pub fn keep_media(&self, row: MediaRow) -> Result<Pending<KeptMedia>, StoreError> {
        let weight = row.mime.len() + row.name.as_ref().map_or(0, String::len);
        self.submit(media::keep, row, weight)
    }

    /// Removes the rows of those of these files that no message refers to, last seen at `seen_before_ms`
    /// of the store's time or earlier. Resolves to the files that may be removed then.
    pub fn forget_media(
        &self,
        ids: Vec<MediaId>,
        seen_before_ms: u64,
    ) -> Result<Pending<Vec<MediaRow>>, StoreError> {
        let weight = ids.len() * size_of::<MediaId>();
        self.submit(media::forget, (ids, seen_before_ms), weight)
    }

    /// Remembers what a service calls its copy of a file, under a key that the service chooses.
    pub fn name_media(
        &self,
        id: MediaId,
        service: &str,
        value: &str,
    ) -> Result<Pending<()>, StoreError> {
        let weight = service.len() + value.len();
        let input = (id, service.to_owned(), value.to_owned());
        self.submit(media::name, input, weight)
    }

    /// Replaces one file of a message, counted from 0, as the next event. Resolves to `None` if it was
    /// that already.
    pub fn update_file(
        &self,
        id: MessageId,
        at: usize,
        file: Value,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let weight = file.to_string().len();
        self.submit(media::update_file, (id, at, kept(file)), weight)
    }

    /// Puts off the next attempt to fetch the files of a message, and says how many were made.
    pub fn postpone_fetch(
        &self,
        id: MessageId,
        attempts: u32,
        wait: Duration,
    ) -> Result<Pending<()>, StoreError> {
        self.submit(media::postpone_fetch, (id, attempts, wait), 0)
    }

    /// Makes a round trip through the queue and the writer's thread without writing anything. While
    /// the storage fails it resolves to that error, which also shows that the thread runs.
    pub fn ping(&self) -> Result<Pending<()>, StoreError> {
        self.submit(operations::ping, (), 0)
    }

    /// Withdraws a message of which nothing has gone out, while nobody is sending it.
    pub fn cancel(&self, id: MessageId) -> Result<Pending<Message>, StoreError> {
        self.submit(operations::cancel, id, 0)
    }

    /// Gives a scheduled message another time, and another grace where one is given.
    pub fn reschedule(
        &self,
        id: MessageId,
        at_ms: u64,
        grace_ms: Option<u64>,
    ) -> Result<Pending<Message>, StoreError> {
        self.submit(scheduled::reschedule, (id, at_ms, grace_ms), 0)
    }

    /// Lets go of scheduled messages whose time has come; one that was cancelled or got another time meanwhile is
    /// left alone. Resolves to how many there were.
    pub fn let_go(
        &self,
        due: Vec<(MessageId, SendAt, Release)>,
    ) -> Result<Pending<usize>, StoreError> {
        let weight = due.len() * size_of::<(MessageId, SendAt, Release)>();
        self.submit(scheduled::release, due, weight)
    }

    /// Queues a failed message again, due now. Its attempts go on being counted.
    pub fn retry(&self, id: MessageId) -> Result<Pending<Message>, StoreError> {
        self.submit(operations::retry, id, 0)
    }

    /// Records that a conversation was read up to this message of it.
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

    /// Changes how the user keeps a conversation.
    pub fn set_flags(
        &self,
        channel: &str,
        peer: &str,
        update: FlagsUpdate,
    ) -> Result<Pending<ChangedFlags>, StoreError> {
        let weight = channel.len() + peer.len();
        let input = (channel.to_owned(), peer.to_owned(), update);
        self.submit(flags::set, input, weight)
    }
}

/// The references, or none if one of them is too long for a key, and their weight. Losing the reports
/// on a message is better than failing to record that it was sent.
fn usable(references: Vec<String>) -> (Vec<String>, usize) {
    let long = references.iter().any(|name| name.len() > MAX_NAME);
    let references = if long { Vec::new() } else { references };
    let weight = references.iter().map(String::len).sum();
    (references, weight)
}

/// A message to be sent, as the writer takes it.
pub(super) fn outgoing(draft: Draft) -> Result<EncodedMessage, StoreError> {
    let at = draft.at;
    let mut encoded = encode(Body::outgoing(draft))?;
    encoded.at = at;
    Ok(encoded)
}

/// Checks the lengths of what becomes keys, and encodes the row here, on the caller's thread: the
/// writer's is the one that everybody waits for.
fn encode(body: Body) -> Result<EncodedMessage, StoreError> {
    let message = &body.message;
    let key = match message.direction {
        Direction::In => "dedup_key",
        Direction::Out => "idempotency_key",
    };
    check_names(&[
        ("channel", &message.channel),
        ("peer", &message.peer),
        (key, body.key.as_deref().unwrap_or_default()),
    ])?;
    Ok(EncodedMessage::new(body))
}

/// Fails where one of these is too long to become a key.
pub(super) fn check_names(names: &[(&'static str, &str)]) -> Result<(), StoreError> {
    match names.iter().find(|(_, name)| name.len() > MAX_NAME) {
        Some((field, _)) => Err(StoreError::TooLong {
            field,
            limit: MAX_NAME,
        }),
        None => Ok(()),
    }
}
