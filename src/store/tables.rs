//! The rows of messages and their changes as bytes, each starting with a version of its layout.
//!
//! A message is written once, in `bodies`, and never touched again. Each change of its state is one
//! row in `changes` that points back to the change before it, and `latest` points to the last: so
//! the state of a message is its last event, and an event is rebuilt exactly as it was. The
//! creation needs no row of its own: its sequence number is the message's number.

use serde_json::Value;

use crate::message::{Direction, Kind, Message, MessageId, State};

use super::{
    codec::{Reader, put_number, put_text},
    error::StoreError,
    keys::{self, number_key},
    request::{Draft, Inbound, Occasion, Transition},
};

/// Version of the layouts below, as the first byte of a value.
const LAYOUT: u8 = 1;

/// Where the time of creation stands in a body: fixed, so that the writer can set it in a row that
/// was encoded before.
const CREATED: std::ops::Range<usize> = 1..9;

const OUT: u8 = 1;
const SENDER: u8 = 2;
const MEDIA: u8 = 4;
const REPLY_TO: u8 = 8;
const META: u8 = 16;
const KEY: u8 = 32;
const CONTENT: u8 = 64;

/// The state a message is created in.
pub(super) fn first_state(direction: Direction) -> State {
    match direction {
        Direction::In => State::Received,
        Direction::Out => State::Queued,
    }
}

/// A message as it was created, and the idempotency or dedup key it came with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Body {
    pub(super) message: Message,
    pub(super) key: Option<String>,
}

impl Body {
    /// A message to be sent. Its number and times are set when it is stored.
    pub(super) fn outgoing(draft: Draft) -> Self {
        let message = Message {
            channel: draft.channel,
            peer: draft.peer,
            kind: kind_of(draft.kind, draft.media.as_ref()),
            text: draft.text,
            content: draft.content,
            media: draft.media,
            reply_to: draft.reply_to,
            meta: draft.meta,
            ..blank(0, Direction::Out, 0)
        };
        Self {
            message,
            key: draft.idempotency_key,
        }
    }

    /// A message that came in. Its number and times are set when it is stored.
    pub(super) fn incoming(inbound: Inbound) -> Self {
        let message = Message {
            channel: inbound.channel,
            peer: inbound.peer,
            sender: inbound.sender,
            kind: kind_of(inbound.kind, inbound.media.as_ref()),
            text: inbound.text,
            content: inbound.content,
            media: inbound.media,
            reply_to: inbound.reply_to,
            meta: inbound.meta,
            ..blank(0, Direction::In, 0)
        };
        Self {
            message,
            key: inbound.dedup_key,
        }
    }

    /// The key of its row in `keys`.
    pub(super) fn key_row(&self) -> Option<Vec<u8>> {
        let (direction, channel) = (self.message.direction, &self.message.channel);
        self.key
            .as_deref()
            .map(|key| keys::key_row(direction, channel, key))
    }

    /// The row; its state, counters and number are not part of it.
    pub(super) fn encode(&self) -> Vec<u8> {
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
        if self.tells_its_kind() {
            put_text(&mut row, message.kind.as_str());
            let content = message.content.as_ref().map(Value::to_string);
            put_text(&mut row, &content.unwrap_or_default());
        }
        row
    }

    /// Texts and most files need not: so it is with all messages of the versions that knew no others.
    fn tells_its_kind(&self) -> bool {
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
            | flag(self.tells_its_kind(), CONTENT)
    }

    /// Reads a row back.
    pub(super) fn decode(number: u64, row: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new("bodies", row);
        expect_layout(&mut reader)?;
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
        message.sender = optional_text(&mut reader, flags & SENDER)?;
        message.reply_to = optional_text(&mut reader, flags & REPLY_TO)?;
        let key = optional_text(&mut reader, flags & KEY)?;
        message.media = optional_value(&mut reader, flags & MEDIA)?;
        message.meta = optional_value(&mut reader, flags & META)?;
        message.kind = Kind::of_media(message.media.as_ref());
        if flags & CONTENT != 0 {
            let kind = reader.text()?.parse();
            message.kind = kind.map_err(|()| reader.wrong("has an unknown kind"))?;
            let content = reader.text()?;
            message.content = (!content.is_empty())
                .then(|| json_of(content, &reader))
                .transpose()?;
        }
        reader.end()?;
        Ok(Self { message, key })
    }
}

/// What a message is: whoever brings a file need not say it twice.
fn kind_of(told: Kind, media: Option<&Value>) -> Kind {
    match told {
        Kind::Text => Kind::of_media(media),
        other => other,
    }
}

/// A message just created, with nothing in it.
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
        attempts: 0,
        error: None,
        meta: None,
        edits: Vec::new(),
        deleted_ms: None,
    }
}

fn expect_layout(reader: &mut Reader<'_>) -> Result<(), StoreError> {
    match reader.byte()? {
        LAYOUT => Ok(()),
        other => Err(reader.wrong(&format!("has layout {other}, which is unknown"))),
    }
}

fn optional_text(reader: &mut Reader<'_>, flag: u8) -> Result<Option<String>, StoreError> {
    if flag == 0 {
        return Ok(None);
    }
    reader.text().map(|text| Some(text.to_owned()))
}

fn optional_value(reader: &mut Reader<'_>, flag: u8) -> Result<Option<Value>, StoreError> {
    if flag == 0 {
        return Ok(None);
    }
    json_of(reader.text()?, reader).map(Some)
}

pub(super) fn json_of(text: &str, reader: &Reader<'_>) -> Result<Value, StoreError> {
    serde_json::from_str(text).map_err(|_| reader.wrong("has JSON that cannot be read"))
}

/// Sets the time of creation in an encoded body.
pub(super) fn set_created(body: &mut [u8], created_ms: u64) {
    body[CREATED].copy_from_slice(&created_ms.to_be_bytes());
}

/// The time of creation of an encoded body.
pub(super) fn created(body: &[u8]) -> Result<u64, StoreError> {
    body.get(CREATED)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u64::from_be_bytes)
        .ok_or_else(|| StoreError::Corrupt("a row of bodies ends early".to_owned()))
}

/// Whether two encoded bodies differ at most in their time of creation. Bytes are compared
/// rather than what they mean, because a number in JSON may not survive being read and written.
pub(super) fn same_content(one: &[u8], other: &[u8]) -> bool {
    one.get(CREATED.end..) == other.get(CREATED.end..)
}

/// A row of `outbox`: when the message is due, and before that how many of its parts were accepted,
/// where there are any.
pub(super) fn waiting(parts: usize, due_ms: u64) -> Vec<u8> {
    let mut row = Vec::with_capacity(12);
    if parts > 0 {
        put_number(&mut row, parts as u64);
    }
    row.extend_from_slice(&number_key(due_ms));
    row
}

/// How many parts were accepted, by a row of `outbox`.
pub(super) fn parts_waiting(row: &[u8]) -> Result<usize, StoreError> {
    let mut reader = Reader::new("outbox", row);
    let parts = match row.len() {
        ..=8 => 0,
        _ => reader.number()?,
    };
    reader.fixed()?;
    reader.end()?;
    Ok(usize::try_from(parts).unwrap_or(usize::MAX))
}

const ERROR: u8 = 1;
const REVISED: u8 = 2;
const EDITED: u8 = 4;
const DELETED: u8 = 8;

/// A row of `changes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The message it belongs to.
    pub(super) number: u64,
    /// The event of the same message before this one.
    pub(super) previous: u64,
    /// Whether the message had been edited or deleted by then: its row in `revisions` says how.
    pub(super) revised: bool,
    /// What happened.
    pub(super) transition: Transition,
}

impl Change {
    pub(super) fn encode(&self) -> Vec<u8> {
        let error = self.transition.error.as_deref();
        let mut row = Vec::with_capacity(32 + error.map_or(0, str::len));
        let occasion = match self.transition.occasion {
            Occasion::State => 0,
            Occasion::Edited => EDITED,
            Occasion::Deleted => DELETED,
        };
        let error_flag = if error.is_some() { ERROR } else { 0 };
        let revised = if self.revised { REVISED } else { 0 };
        let flags = error_flag | revised | occasion;
        row.extend([LAYOUT, self.transition.state as u8, flags]);
        put_number(&mut row, self.number);
        put_number(&mut row, self.previous);
        put_number(&mut row, self.transition.at_ms);
        put_number(&mut row, u64::from(self.transition.attempts));
        if let Some(error) = error {
            put_text(&mut row, error);
        }
        row
    }

    pub(super) fn decode(seq: u64, row: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new("changes", row);
        expect_layout(&mut reader)?;
        let state = State::ALL.get(usize::from(reader.byte()?)).copied();
        let flags = reader.byte()?;
        let occasion = match flags & (EDITED | DELETED) {
            0 => Occasion::State,
            EDITED => Occasion::Edited,
            DELETED => Occasion::Deleted,
            _ => return Err(reader.wrong("has an unknown occasion")),
        };
        let change = Self {
            number: reader.number()?,
            previous: reader.number()?,
            revised: flags & REVISED != 0,
            transition: Transition {
                seq,
                occasion,
                state: state.ok_or_else(|| reader.wrong("has an unknown state"))?,
                at_ms: reader.number()?,
                attempts: u32::try_from(reader.number()?).unwrap_or(u32::MAX),
                error: optional_text(&mut reader, flags & ERROR)?,
            },
        };
        reader.end()?;
        Ok(change)
    }

    /// Brings a message to the state this change brought it to.
    pub(super) fn apply_to(self, message: &mut Message) {
        message.seq = self.transition.seq;
        message.state = self.transition.state;
        message.updated_ms = self.transition.at_ms;
        message.attempts = self.transition.attempts;
        message.error = self.transition.error;
    }
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
        (texts, options, numbers, kinds).prop_map(
            |(texts, options, (number, out, created_ms), kinds)| Body {
                message: Message {
                    channel: texts.0,
                    peer: texts.1,
                    text: texts.2,
                    kind: Kind::ALL[kinds.0],
                    content: kinds.1.map(|id| json!({ "id": id })),
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
            },
        )
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
        fn a_change_reads_back(
            (number, previous, seq, at_ms) in any::<(u64, u64, u64, u64)>(),
            state in 0..State::ALL.len(),
            attempts: u32,
            error in option::of(any::<String>()),
            occasion in 0..3usize,
            revised: bool,
        ) {
            let state = State::ALL[state];
            let occasion = [Occasion::State, Occasion::Edited, Occasion::Deleted][occasion];
            let transition = Transition { seq, occasion, state, at_ms, attempts, error };
            let change = Change { number, previous, revised, transition };
            prop_assert_eq!(Change::decode(seq, &change.encode())?, change);
        }

        #[test]
        fn a_row_of_the_outbox_reads_back(parts: usize, due_ms: u64) {
            let row = waiting(parts, due_ms);
            prop_assert_eq!(parts_waiting(&row)?, parts);
            prop_assert_eq!(keys::number_of(&row)?, due_ms);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(bytes: Vec<u8>, body in bodies(), at: usize, to: u8) {
            let _ = (parts_waiting(&bytes), Body::decode(1, &bytes), Change::decode(1, &bytes), Change::decode(2, &bytes));
            let mut row = body.encode();
            let at = at % row.len();
            row[at] = to;
            let _ = Body::decode(1, &row);
            prop_assert!(Body::decode(1, &row[..at]).is_err());
        }
    }
}
