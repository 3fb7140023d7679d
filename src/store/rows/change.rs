//! Rows of `changes`: what happened to a message after its creation. Each points to the change before
//! it.
//!
//! Not here: the creation (`body`).

use crate::{
    message::{Message, State},
    store::{
        answer::{Occasion, Transition},
        error::StoreError,
        rows::codec::{RowReader, put_number, put_text},
    },
};

/// Version of the layout below, as the first byte of a row.
const LAYOUT: u8 = 1;

// The third byte of a row. Earlier versions wrote 0 or `ERROR`.
const ERROR: u8 = 1;
const REVISED: u8 = 2;
const EDITED: u8 = 4;
const DELETED: u8 = 8;
const MEDIA: u8 = 16;

/// A row of `changes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Change {
    /// The message it belongs to.
    pub(in crate::store) number: u64,
    /// The event of the same message before this one.
    pub(in crate::store) previous: u64,
    /// Whether the message was revised by then: its row in `revisions` has how.
    pub(in crate::store) revised: bool,
    /// What happened.
    pub(in crate::store) transition: Transition,
}

impl Change {
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let error = self.transition.error.as_deref();
        let mut row = Vec::with_capacity(32 + error.map_or(0, str::len));
        row.extend([LAYOUT, self.transition.state as u8, self.flags()]);
        put_number(&mut row, self.number);
        put_number(&mut row, self.previous);
        put_number(&mut row, self.transition.at_ms);
        put_number(&mut row, u64::from(self.transition.attempts));
        if let Some(error) = error {
            put_text(&mut row, error);
        }
        row
    }

    fn flags(&self) -> u8 {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let occasion = match self.transition.occasion {
            Occasion::State => 0,
            Occasion::Edited => EDITED,
            Occasion::Deleted => DELETED,
            Occasion::Media => MEDIA,
        };
        occasion | flag(self.transition.error.is_some(), ERROR) | flag(self.revised, REVISED)
    }

    pub(in crate::store) fn decode(seq: u64, row: &[u8]) -> Result<Self, StoreError> {
        let mut reader = RowReader::new("changes", row);
        reader.layout(LAYOUT)?;
        let state = State::ALL.get(usize::from(reader.byte()?)).copied();
        let flags = reader.byte()?;
        let occasion = match flags & (EDITED | DELETED | MEDIA) {
            0 => Occasion::State,
            EDITED => Occasion::Edited,
            DELETED => Occasion::Deleted,
            MEDIA => Occasion::Media,
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
                error: reader.optional_text(flags & ERROR != 0)?,
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
            occasion in 0..4usize,
            revised: bool,
        ) {
            let state = State::ALL[state];
            let occasions = [Occasion::State, Occasion::Edited, Occasion::Deleted, Occasion::Media];
            let occasion = occasions[occasion];
            let transition = Transition { seq, occasion, state, at_ms, attempts, error };
            let change = Change { number, previous, revised, transition };
            prop_assert_eq!(Change::decode(seq, &change.encode())?, change);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = (Change::decode(1, &bytes), Change::decode(2, &bytes));
        }
    }
}
