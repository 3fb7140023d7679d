//! Rows of `bodies`: a message as it was created.
//!
//! A row is written once and never modified. Each change of the message's state is a row of `changes`
//! that points to the change before it, and `latest` points to the last one: so the state of a message
//! is its last event, and every event can be rebuilt exactly as it was. The creation needs no row in
//! `changes`: its sequence number is the message's number.
//!
//! Not here: changes (`change`).

use serde_json::Value;

use crate::{
    file_name,
    message::{
        Direction, Kind, Message, MessageId, State, media::files_mut, nesting::kept, text_at,
    },
    store::{
        error::StoreError,
        request::{Draft, Inbound},
        rows::{
            codec::{RowReader, put_text},
            keys,
        },
    },
};

/// Version of the layout below, as the first byte of a row.
const LAYOUT: u8 = 1;

/// The position of the time of creation: fixed, so that the writer can set it in a row that was
/// encoded before.
const CREATED: std::ops::Range<usize> = 1..9;

const OUT: u8 = 1;
const SENDER: u8 = 2;
const MEDIA: u8 = 4;
const REPLY_TO: u8 = 8;
const META: u8 = 16;
const KEY: u8 = 32;
const CONTENT: u8 = 64;
const SCHEDULED: u8 = 128;

/// The state a message is created in.
pub(in crate::store) fn first_state(direction: Direction) -> State {
    match direction {
        Direction::In => State::Received,
        Direction::Out => State::Queued,
    }
}

/// A message as it was created, and its idempotency or dedup key.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct Body {
    pub(in crate::store) message: Message,
    pub(in crate::store) key: Option<String>,
}

impl Body {
    /// A message to be sent. Its number and times are set when it is stored.
    pub(in crate::store) fn outgoing(draft: Draft) -> Self {
        let message = Message {
            channel: draft.channel,
            peer: draft.peer,
            kind: kind_of(draft.kind, draft.media.as_ref()),
            text: draft.text,
            content: draft.content.map(kept),
            media: draft.media.map(files_kept),
            reply_to: draft.reply_to,
            meta: draft.meta.map(kept),
            at_ms: draft.at.map(|at| at.at_ms),
            ..blank(0, Direction::Out, 0)
        };
        let message = with_first_state(message, draft.at.is_some());
        Self {
            message,
            key: draft.idempotency_key,
        }
    }

    /// An incoming message. Its number and times are set when it is stored.
    pub(in crate::store) fn incoming(inbound: Inbound) -> Self {
        let message = Message {
            channel: inbound.channel,
            peer: inbound.peer,
            sender: inbound.sender,
            kind: kind_of(inbound.kind, inbound.media.as_ref()),
            text: inbound.text,
            content: inbound.content.map(kept),
            media: inbound.media.map(files_kept),
            reply_to: inbound.reply_to,
            meta: inbound.meta.map(kept),
            ..blank(0, Direction::In, 0)
        };
        Self {
            message,
            key: inbound.dedup_key,
        }
    }

    /// The key of its row in `keys`.
    pub(in crate::store) fn key_row(&self) -> Option<Vec<u8>> {
        let (direction, channel) = (self.message.direction, &self.message.channel);
        self.key
            .as_deref()
            .map(|key| keys::key_row(direction, channel, key))
    }

    /// Encodes the row. Attempts, number and the time it is scheduled for are not part of it, and of the
    /// state only whether it is to be sent later.
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let message = &self.message;
        let size = message.text.len() + message.channel.len() + message.peer.len() + 48;
        let mut row = Vec::with_capacity(size);
        row.push(LAYOUT);
        row.extend_from_slice(&message.created_ms.to_be_bytes());
        row.push(self.flags());
        put_text(&mut row, &message.channel);
        put_text(&mut row, &message.peer);
        put_text(&mut row, &message.text);
        for text in [&message.sender, &message.reply_to, &self.key]
            .into_iter()
            .flatten()
        {
            put_text(&mut row, text);
        }
        for value in [&message.media, &message.meta].into_iter().flatten() {
            put_text(&mut row, &value.to_string());
        }
        if self.stores_kind() {
            put_text(&mut row, message.kind.as_str());
            let content = message.content.as_ref().map(Value::to_string);
            put_text(&mut row, &content.unwrap_or_default());
        }
        row
    }

    /// Whether the row has the kind. Texts and plain files do not need it, as in the rows of earlier
    /// versions, which knew no other kinds.
    fn stores_kind(&self) -> bool {
        let message = &self.message;
        message.content.is_some() || message.kind != Kind::of_media(message.media.as_ref())
    }

    fn flags(&self) -> u8 {
        let message = &self.message;
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        flag(message.direction == Direction::Out, OUT)
            | flag(message.sender.is_some(), SENDER)
            | flag(message.media.is_some(), MEDIA)
            | flag(message.reply_to.is_some(), REPLY_TO)
            | flag(message.meta.is_some(), META)
            | flag(self.key.is_some(), KEY)
            | flag(self.stores_kind(), CONTENT)
            | flag(message.state == State::Scheduled, SCHEDULED)
    }

    /// Decodes a row.
    pub(in crate::store) fn decode(number: u64, row: &[u8]) -> Result<Self, StoreError> {
        let mut reader = RowReader::new("bodies", row);
        reader.layout(LAYOUT)?;
        let created_ms = reader.fixed()?;
        let flags = reader.byte()?;
        let direction = match flags & OUT {
            0 => Direction::In,
            _ => Direction::Out,
        };
        let mut message = Message {
            channel: reader.text()?.to_owned(),
            peer: reader.text()?.to_owned(),
            text: reader.text()?.to_owned(),
            ..blank(number, direction, created_ms)
        };
        message = with_first_state(message, flags & SCHEDULED != 0);
        message.sender = reader.optional_text(flags & SENDER != 0)?;
        message.reply_to = reader.optional_text(flags & REPLY_TO != 0)?;
        let key = reader.optional_text(flags & KEY != 0)?;
        message.media = optional_value(&mut reader, flags & MEDIA != 0)?;
        message.meta = optional_value(&mut reader, flags & META != 0)?;
        message.kind = Kind::of_media(message.media.as_ref());
        if flags & CONTENT != 0 {
            let kind = reader.text()?.parse();
            message.kind = kind.map_err(|()| reader.wrong("has an unknown kind"))?;
            let content = reader.text()?;
            message.content = (!content.is_empty())
                .then(|| reader.json_of(content))
                .transpose()?;
        }
        reader.end()?;
        Ok(Self { message, key })
    }
}

/// The text of a row, for whoever reads many.
pub(in crate::store) fn text(row: &[u8]) -> Result<&str, StoreError> {
    let mut reader = RowReader::new("bodies", row);
    reader.layout(LAYOUT)?;
    reader.fixed()?;
    reader.byte()?;
    reader.text()?;
    reader.text()?;
    reader.text()
}

/// The files of a message as they are kept: names come from clients and peers, and go to file systems.
fn files_kept(media: Value) -> Value {
    let mut media = kept(media);
    for file in files_mut(Some(&mut media)) {
        if let Some(name) = text_at(file, "name") {
            match (file_name::clean(name), file.as_object_mut()) {
                (Some(name), Some(fields)) => drop(fields.insert("name".to_owned(), name.into())),
                (None, Some(fields)) => drop(fields.remove("name")),
                (_, None) => {}
            }
        }
    }
    media
}

/// The kind of a message: whoever brings a file need not say it twice.
fn kind_of(given: Kind, media: Option<&Value>) -> Kind {
    match given {
        Kind::Text => Kind::of_media(media),
        other => other,
    }
}

fn with_first_state(mut message: Message, is_scheduled: bool) -> Message {
    if is_scheduled && message.direction == Direction::Out {
        message.state = State::Scheduled;
    }
    message
}

/// A new message without content.
fn blank(number: u64, direction: Direction, created_ms: u64) -> Message {
    Message {
        id: MessageId(number),
        seq: number,
        channel: String::new(),
        direction,
        peer: String::new(),
        sender: None,
        kind: Kind::Text,
        text: String::new(),
        content: None,
        media: None,
        state: first_state(direction),
        reply_to: None,
        created_ms,
        updated_ms: created_ms,
        at_ms: None,
        attempts: 0,
        error: None,
        meta: None,
        edits: Vec::new(),
        deleted_ms: None,
    }
}

fn optional_value(reader: &mut RowReader<'_>, present: bool) -> Result<Option<Value>, StoreError> {
    if !present {
        return Ok(None);
    }
    let text = reader.text()?;
    reader.json_of(text).map(Some)
}

/// Sets the time of creation in an encoded body.
pub(in crate::store) fn set_created(body: &mut [u8], created_ms: u64) {
    body[CREATED].copy_from_slice(&created_ms.to_be_bytes());
}

/// The time of creation of an encoded body.
pub(in crate::store) fn created(body: &[u8]) -> Result<u64, StoreError> {
    body.get(CREATED)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u64::from_be_bytes)
        .ok_or_else(|| StoreError::Corrupt("a row of bodies ends early".to_owned()))
}

/// Whether two encoded bodies are equal except for their time of creation. Compares bytes, because
/// decoding and encoding a JSON number may change it.
pub(in crate::store) fn same_content(one: &[u8], other: &[u8]) -> bool {
    one.get(CREATED.end..) == other.get(CREATED.end..)
}

/// The same for messages of which one may have come from another node of the cluster: that its `meta` says so
/// is no difference, and then neither is how a service's name stands for the message it answers.
#[cfg(feature = "nats")]
pub(in crate::store) fn same_but_for_origin(one: &[u8], other: &[u8]) -> bool {
    /// Without what says where it comes from; whether something did.
    fn bare(row: &[u8]) -> Option<(Message, bool)> {
        let mut message = Body::decode(0, row).ok()?.message;
        let mut is_copy = false;
        if let Some(Value::Object(meta)) = &mut message.meta {
            is_copy = meta.remove(crate::message::ORIGIN).is_some();
            meta.remove("report_to");
        }
        message.meta = message.meta.filter(|meta| *meta != serde_json::json!({}));
        (message.created_ms, message.updated_ms) = (0, 0);
        Some((message, is_copy))
    }
    if same_content(one, other) {
        return true;
    }
    let (Some((mut one, is_copy)), Some((mut other, is_other_copy))) = (bare(one), bare(other))
    else {
        return false;
    };
    if is_copy || is_other_copy {
        (one.reply_to, other.reply_to) = (None, None);
    }
    one == other
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*};
    use serde_json::json;

    use super::*;

    fn bodies() -> impl Strategy<Value = Body> {
        let texts = (any::<String>(), any::<String>(), any::<String>());
        let options = (
            option::of(any::<String>()),
            option::of(any::<String>()),
            option::of(any::<String>()),
            option::of(any::<String>()),
            option::of(any::<i64>()),
        );
        let numbers = (any::<u64>(), any::<bool>(), any::<u64>());
        let kinds = (0..Kind::ALL.len(), option::of(any::<String>()));
        let all = (texts, options, numbers, kinds);
        all.prop_map(|(texts, options, (number, out, created_ms), kinds)| Body {
            message: Message {
                kind: Kind::ALL[kinds.0],
                content: kinds.1.map(|id| json!({ "id": id })),
                channel: texts.0,
                peer: texts.1,
                text: texts.2,
                sender: options.0,
                reply_to: options.1,
                media: options.2.map(|url| json!({ "kind": "image", "url": url })),
                meta: options.4.map(|number| json!([number])),
                ..blank(
                    number,
                    if out { Direction::Out } else { Direction::In },
                    created_ms,
                )
            },
            key: options.3,
        })
    }

    proptest! {
        #[test]
        fn a_body_reads_back(body in bodies()) {
            let row = body.encode();
            prop_assert_eq!(created(&row)?, body.message.created_ms);
            prop_assert_eq!(Body::decode(body.message.id.0, &row)?, body);
        }

        #[test]
        fn only_the_time_of_creation_may_differ_in_the_same_content(body in bodies(), later: u64) {
            let (row, mut other) = (body.encode(), body.clone());
            other.message.created_ms = later;
            prop_assert!(same_content(&row, &other.encode()));
            other.message.text.push('!');
            prop_assert!(!same_content(&row, &other.encode()));
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(bytes: Vec<u8>, body in bodies(), at: usize, to: u8) {
            let _ = Body::decode(1, &bytes);
            let mut row = body.encode();
            let at = at % row.len();
            row[at] = to;
            let _ = Body::decode(1, &row);
            prop_assert!(Body::decode(1, &row[..at]).is_err());
        }
    }
}
