//! Rows of `turns`: what an agent has to answer.
//!
//! Their keys tell open ones from those that have ended, so that the open ones are found at once.

use crate::{
    message::{MessageId, TurnId, TurnState},
    store::{
        error::StoreError,
        rows::{
            codec::{RowReader, put_number, put_text},
            keys::{number_of, with_number},
        },
        turn::Turn,
    },
};

/// Version of the layout below, as the first byte of a row.
const LAYOUT: u8 = 1;

const SENDER: u8 = 1;
const ERROR: u8 = 2;
const ANSWER: u8 = 4;

/// The key of a turn, open or ended.
pub(in crate::store) fn key(id: TurnId, is_open: bool) -> Vec<u8> {
    with_number(vec![u8::from(!is_open)], id.0)
}

pub(in crate::store) fn encode(turn: &Turn) -> Vec<u8> {
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let flags = flag(turn.sender.is_some(), SENDER)
        | flag(turn.error.is_some(), ERROR)
        | flag(turn.answer.is_some(), ANSWER);
    let mut bytes = vec![LAYOUT, flags, turn.state as u8];
    put_number(&mut bytes, turn.attempt.into());
    for number in [turn.created_ms, turn.updated_ms, turn.stored_ms] {
        put_number(&mut bytes, number);
    }
    for text in [&turn.channel, &turn.peer, &turn.agent, &turn.session] {
        put_text(&mut bytes, text);
    }
    for text in [&turn.sender, &turn.error].into_iter().flatten() {
        put_text(&mut bytes, text);
    }
    if let Some(answer) = turn.answer {
        put_number(&mut bytes, answer.0);
    }
    put_number(&mut bytes, turn.messages.len() as u64);
    for message in &turn.messages {
        put_number(&mut bytes, message.0);
    }
    bytes
}

pub(in crate::store) fn decode(key: &[u8], row: &[u8]) -> Result<Turn, StoreError> {
    let mut reader = RowReader::new("turns", row);
    let id = TurnId(number_of(key)?);
    reader.layout(LAYOUT)?;
    let (flags, state) = (reader.byte()?, reader.byte()?);
    let state = TurnState::ALL.get(usize::from(state)).copied();
    let state = state.ok_or_else(|| reader.wrong("has an unknown state"))?;
    let attempt = u32::try_from(reader.number()?).unwrap_or(u32::MAX);
    let (created_ms, updated_ms, stored_ms) =
        (reader.number()?, reader.number()?, reader.number()?);
    let mut text = || reader.text().map(str::to_owned);
    let (channel, peer, agent, session) = (text()?, text()?, text()?, text()?);
    let sender = reader.optional_text(flags & SENDER != 0)?;
    let error = reader.optional_text(flags & ERROR != 0)?;
    let answer = match flags & ANSWER {
        0 => None,
        _ => Some(MessageId(reader.number()?)),
    };
    let count = reader.number()?;
    let messages = (0..count).map(|_| reader.number().map(MessageId));
    let messages = messages.collect::<Result<Vec<_>, _>>()?;
    reader.end()?;
    Ok(Turn {
        id,
        channel,
        peer,
        sender,
        messages,
        agent,
        session,
        state,
        attempt,
        created_ms,
        updated_ms,
        stored_ms,
        error,
        answer,
    })
}

#[cfg(test)]
mod tests {
    use proptest::{collection, option, prelude::*, sample::select};

    use super::*;

    fn turns() -> impl Strategy<Value = Turn> {
        let texts = any::<(String, String, String, String)>();
        let optional = (option::of(any::<String>()), option::of(any::<String>()));
        let numbers = any::<(u64, u32, u64, u64, u64, Option<u64>)>();
        let state = select(TurnState::ALL.to_vec());
        let messages = collection::vec(any::<u64>(), 0..5);
        let all = (texts, optional, numbers, state, messages);
        all.prop_map(|(texts, (sender, error), numbers, state, messages)| Turn {
            id: TurnId(numbers.0),
            channel: texts.0,
            peer: texts.1,
            sender,
            messages: messages.into_iter().map(MessageId).collect(),
            agent: texts.2,
            session: texts.3,
            state,
            attempt: numbers.1,
            created_ms: numbers.2,
            updated_ms: numbers.3,
            stored_ms: numbers.4,
            error,
            answer: numbers.5.map(MessageId),
        })
    }

    proptest! {
        #[test]
        fn a_turn_reads_back(turn in turns()) {
            let key = key(turn.id, turn.state.is_open());
            prop_assert_eq!(decode(&key, &encode(&turn))?, turn);
        }

        #[test]
        fn damaged_turns_are_refused_without_a_panic(key: Vec<u8>, bytes: Vec<u8>) {
            let _ = (decode(&key, &bytes), decode(&[0; 9], &bytes));
        }
    }
}
