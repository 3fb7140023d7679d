//! Rows of `sessions`: how agents treat a conversation.
//!
//! Their keys are those of conversations (`keys::scope`), which cannot be read back: the row names it.

use crate::{
    message::MessageId,
    store::{
        error::StoreError,
        rows::codec::{RowReader, put_number, put_text},
        turn::HoldReason,
    },
};

/// Version of the layout below, as the first byte of a row.
const LAYOUT: u8 = 1;

const AFTER: u8 = 1;
const HELD: u8 = 2;

/// How agents treat a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Session {
    pub(in crate::store) channel: String,
    pub(in crate::store) peer: String,
    /// How many sessions there were before.
    pub(in crate::store) generation: u64,
    /// The last message of those.
    pub(in crate::store) after: Option<MessageId>,
    /// Until when, by the store's time in ms, no agent answers, and why.
    pub(in crate::store) held: Option<(u64, HoldReason)>,
}

pub(in crate::store) fn encode(session: &Session) -> Vec<u8> {
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let flags = flag(session.after.is_some(), AFTER) | flag(session.held.is_some(), HELD);
    let mut bytes = vec![LAYOUT, flags];
    put_text(&mut bytes, &session.channel);
    put_text(&mut bytes, &session.peer);
    put_number(&mut bytes, session.generation);
    if let Some(after) = session.after {
        put_number(&mut bytes, after.0);
    }
    if let Some((until_ms, by)) = session.held {
        put_number(&mut bytes, until_ms);
        bytes.push(by as u8);
    }
    bytes
}

pub(in crate::store) fn decode(row: &[u8]) -> Result<Session, StoreError> {
    let mut reader = RowReader::new("sessions", row);
    reader.layout(LAYOUT)?;
    let flags = reader.byte()?;
    let (channel, peer) = (reader.text()?.to_owned(), reader.text()?.to_owned());
    let generation = reader.number()?;
    let after = match flags & AFTER {
        0 => None,
        _ => Some(MessageId(reader.number()?)),
    };
    let held = match flags & HELD {
        0 => None,
        _ => Some((reader.number()?, reason(&mut reader)?)),
    };
    reader.end()?;
    Ok(Session {
        channel,
        peer,
        generation,
        after,
        held,
    })
}

fn reason(reader: &mut RowReader<'_>) -> Result<HoldReason, StoreError> {
    let by = HoldReason::ALL.get(usize::from(reader.byte()?)).copied();
    by.ok_or_else(|| reader.wrong("has an unknown reason"))
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*, sample::select};

    use super::*;

    proptest! {
        #[test]
        fn a_session_reads_back(
            channel: String,
            peer: String,
            generation: u64,
            after: Option<u64>,
            held in option::of((any::<u64>(), select(HoldReason::ALL.to_vec()))),
        ) {
            let after = after.map(MessageId);
            let session = Session { channel, peer, generation, after, held };
            prop_assert_eq!(decode(&encode(&session))?, session);
        }

        #[test]
        fn damaged_sessions_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}
