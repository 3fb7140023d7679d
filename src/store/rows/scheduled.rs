//! Rows of `scheduled`, two a message: by its time, and by its number.
//!
//! Not here: which are due (`queries::scheduled`).

use crate::store::{
    error::StoreError,
    request::SendAt,
    rows::keys::{number_key, number_of, with_number},
};

const BY_TIME: u8 = 0;
const BY_NUMBER: u8 = 1;

/// The key of a message by its time. Keys are in the order of times, then of numbers.
pub(in crate::store) fn time_key(at_ms: u64, number: u64) -> Vec<u8> {
    with_number(with_number(vec![BY_TIME], at_ms), number)
}

/// The key that every message of this time, or an earlier one, has before it.
pub(in crate::store) fn until_key(at_ms: u64) -> Vec<u8> {
    time_key(at_ms, u64::MAX)
}

/// The key of a message by its number.
pub(in crate::store) fn number_row(number: u64) -> Vec<u8> {
    with_number(vec![BY_NUMBER], number)
}

/// Time and number of a key by time.
pub(in crate::store) fn of_time_key(key: &[u8]) -> Result<(u64, u64), StoreError> {
    match key {
        [BY_TIME, rest @ ..] if rest.len() == 16 => Ok((number_of(&rest[..8])?, number_of(rest)?)),
        _ => Err(StoreError::Corrupt(
            "a row of scheduled has no time".to_owned(),
        )),
    }
}

/// Whether a key is of the message that is to be sent at this time.
#[cfg(feature = "store")]
pub(in crate::store) fn is_its_row(key: &[u8], at_ms: Option<u64>) -> bool {
    match of_time_key(key) {
        Ok((time, _)) => Some(time) == at_ms,
        Err(_) => at_ms.is_some(),
    }
}

/// How late it may be, as a row by time has it.
pub(in crate::store) fn grace(row: &[u8]) -> Result<u64, StoreError> {
    number_of(row)
}

/// The row by number: the time, and how late it may be.
pub(in crate::store) fn encode(at: SendAt) -> Vec<u8> {
    with_number(number_key(at.at_ms).to_vec(), at.grace_ms)
}

pub(in crate::store) fn decode(row: &[u8]) -> Result<SendAt, StoreError> {
    if row.len() != 16 {
        return Err(StoreError::Corrupt(
            "a row of scheduled has another length".to_owned(),
        ));
    }
    Ok(SendAt {
        at_ms: number_of(&row[..8])?,
        grace_ms: number_of(row)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_times(one in any::<(u64, u64)>(), other in any::<(u64, u64)>()) {
            let key = |(at_ms, number)| time_key(at_ms, number);
            prop_assert_eq!(key(one).cmp(&key(other)), one.cmp(&other));
            prop_assert_eq!(of_time_key(&key(one))?, one);
            prop_assert!(key(one) <= until_key(one.0));
            prop_assert!(key(one) < number_row(0));
        }

        #[test]
        fn a_time_reads_back(at_ms: u64, grace_ms: u64) {
            let at = SendAt { at_ms, grace_ms };
            prop_assert_eq!(decode(&encode(at))?, at);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = (of_time_key(&bytes), decode(&bytes), grace(&bytes));
        }
    }
}
