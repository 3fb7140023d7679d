//! Messages that another node of the cluster stored first: finding ours of the same, and keeping a copy.
//!
//! A copy says in `meta.origin` where it comes from, and has a key by which it is found again: that of the
//! client or the service, or one made of its origin.
//!
//! Not here: what comes over the bus (`crate::cluster`).

use serde_json::{Value, json};

use super::{
    Store,
    answer::{QueuedMessage, ReceivedMessage},
    backend::{Snapshot, Table},
    error::StoreError,
    queries::message,
    request::{Draft, Inbound},
    rows::{
        body::Body,
        keys::{key_row, number_of},
    },
    writer::{encoded::EncodedMessage, operations, pending::Pending},
};
use crate::message::{Direction, Message, MessageId, ORIGIN};

/// What a message is found by on any node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageKey {
    /// The channel.
    pub channel: String,
    /// Whether it came in or goes out.
    pub direction: Direction,
    /// The idempotency key or the dedup key.
    pub key: String,
}

/// A message of ours that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundMessage {
    /// As it stands.
    pub message: Message,
    /// Its idempotency key or dedup key.
    pub key: Option<String>,
}

impl Store {
    /// A message by its id, with its key. Blocks.
    pub fn with_key(&self, id: MessageId) -> Result<Option<FoundMessage>, StoreError> {
        self.view(|rows| found(rows, id.0))
    }

    /// A message by its key. Blocks.
    pub fn by_key(&self, key: &MessageKey) -> Result<Option<FoundMessage>, StoreError> {
        let row = key_row(key.direction, &key.channel, &key.key);
        self.view(|rows| match rows.get(Table::Keys, &row)? {
            Some(number) => found(rows, number_of(&number)?),
            None => Ok(None),
        })
    }

    /// Puts a copy of another node's message into the outbox, or where it waits for its time.
    pub fn copy_outgoing(
        &self,
        mut draft: Draft,
        origin: &str,
        created_ms: u64,
    ) -> Result<Pending<QueuedMessage>, StoreError> {
        draft.meta = Some(with_origin(draft.meta, origin));
        let mut encoded = super::writes::outgoing(draft)?;
        encoded.created_ms = Some(created_ms);
        let weight = encoded.weight();
        self.submit(operations::queue, encoded, weight)
    }

    /// Keeps a copy of a message that another node received.
    pub fn copy_incoming(
        &self,
        mut inbound: Inbound,
        origin: &str,
        created_ms: u64,
    ) -> Result<Pending<ReceivedMessage>, StoreError> {
        inbound.meta = Some(with_origin(inbound.meta, origin));
        let mut encoded = EncodedMessage::new(Body::incoming(inbound));
        encoded.created_ms = Some(created_ms);
        let weight = encoded.weight();
        self.submit(operations::receive, encoded, weight)
    }
}

fn found(rows: &dyn Snapshot, number: u64) -> Result<Option<FoundMessage>, StoreError> {
    let Some((body, _)) = message::body(rows, number)? else {
        return Ok(None);
    };
    let key = body.key.clone();
    let message = message::as_it_stands(rows, body)?;
    Ok(Some(FoundMessage { message, key }))
}

/// What a chat asked to be told is told where it asked: on the node that has the message itself.
fn with_origin(meta: Option<Value>, origin: &str) -> Value {
    let mut meta = meta.filter(Value::is_object).unwrap_or_else(|| json!({}));
    if let Some(fields) = meta.as_object_mut() {
        fields.remove("report_to");
        fields.insert(ORIGIN.to_owned(), json!(origin));
    }
    meta
}
