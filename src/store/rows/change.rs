//! Rows of `changes`: what happened to a message after its creation. Each points to the change before
//! it.
//!
//! Not here: the creation (`body`).

use crate::{
    message::{Message, State},
    store::{
        answer::Transition,
        error::StoreError,
        rows::codec::{RowReader, put_number, put_text},
    },
};

/// Version of the layout below, as the first byte of a row.
const LAYOUT: u8 = 1;

/// A row of `changes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Change {
    /// The message it belongs to.
    pub(in crate::store) number: u64,
    /// The event of the same message before this one.
    pub(in crate::store) previous: u64,
    /// What happened.
    pub(in crate::store) transition: Transition,
}

impl Change {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let error = self.transition.error.as_deref();
        let mut row = Vec::with_capacity(32 + error.map_or(0, str::len));
        row.extend([
            LAYOUT,
            self.transition.state as u8,
            u8::from(error.is_some()),
        ]);
        put_number(&mut row, self.number);
        put_number(&mut row, self.previous);
        put_number(&mut row, self.transition.at_ms);
        put_number(&mut row, u64::from(self.transition.attempts));
        if let Some(error) = error {
            put_text(&mut row, error);
        }
        row
    }

    pub(in crate::store) fn decode(seq: u64, row: &[u8]) -> Result<Self, StoreError> {
        let mut reader = RowReader::new("changes", row);
        reader.layout(LAYOUT)?;
        let state = State::ALL.get(usize::from(reader.byte()?)).copied();
        let has_error = reader.byte()? != 0;
        let change = Self {
            number: reader.number()?,
            previous: reader.number()?,
            transition: Transition {
                seq,
                state: state.ok_or_else(|| reader.wrong("has an unknown state"))?,
                at_ms: reader.number()?,
                attempts: u32::try_from(reader.number()?).unwrap_or(u32::MAX),
                error: reader.optional_text(has_error)?,
            },
        };
        reader.end()?;
        Ok(change)
    }

    /// Sets the state of a message to that after this change.
    pub(in crate::store) fn apply_to(self, message: &mut Message) {
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

    use super::*;

    proptest! {
        #[test]
        fn a_change_reads_back(
            (number, previous, seq, at_ms) in any::<(u64, u64, u64, u64)>(),
            state in 0..State::ALL.len(),
            attempts: u32,
            error in option::of(any::<String>()),
        ) {
            let state = State::ALL[state];
            let transition = Transition { seq, state, at_ms, attempts, error };
            let change = Change { number, previous, transition };
            prop_assert_eq!(Change::decode(seq, &change.encode())?, change);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = (Change::decode(1, &bytes), Change::decode(2, &bytes));
        }
    }
}
