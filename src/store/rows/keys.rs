//! The keys of rows. Numbers in them are big-endian, so that rows are ordered by number.
//!
//! Not here: the values (`body`, `change`, `outbox`, and the chunks of `index`).

use crate::{
    message::{Direction, Message},
    store::error::StoreError,
};

/// The longest channel, peer, idempotency or dedup key, in bytes: they become keys of rows.
pub(in crate::store) const MAX_NAME: usize = 1024;

/// The key of a table that is indexed by a message's or an event's number.
pub(in crate::store) fn number_key(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// The number a key ends with.
pub(in crate::store) fn number_of(key: &[u8]) -> Result<u64, StoreError> {
    key.last_chunk()
        .map(|bytes| u64::from_be_bytes(*bytes))
        .ok_or_else(|| StoreError::Corrupt("a number is too short".to_owned()))
}

/// The scope of a channel or of a conversation: its key in `tails`, and the prefix of its keys in
/// `scopes`. Each name has its length before it, so that no scope is a prefix of another.
pub(in crate::store) fn scope(channel: &str, peer: Option<&str>) -> Vec<u8> {
    let mut key = Vec::with_capacity(channel.len() + peer.map_or(0, str::len) + 13);
    key.push(u8::from(peer.is_some()));
    put_name(&mut key, channel);
    if let Some(peer) = peer {
        put_name(&mut key, peer);
    }
    key
}

/// The prefix of the scopes of all conversations, or of those on one channel.
pub(in crate::store) fn conversations_of(channel: Option<&str>) -> Vec<u8> {
    let mut key = vec![1];
    if let Some(channel) = channel {
        put_name(&mut key, channel);
    }
    key
}

/// A key of `scopes` without its number.
pub(in crate::store) fn scope_of(key: &[u8]) -> &[u8] {
    &key[..key.len().saturating_sub(8)]
}

/// The prefix of the keys of one channel in `outbox`.
pub(in crate::store) fn outbox_of(channel: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(channel.len() + 10);
    put_name(&mut key, channel);
    key
}

/// The key of a message in `outbox`.
pub(in crate::store) fn outbox_key(message: &Message) -> Vec<u8> {
    debug_assert_eq!(message.direction, Direction::Out);
    with_number(outbox_of(&message.channel), message.id.0)
}

/// A key of a prefix and a number.
pub(in crate::store) fn with_number(mut prefix: Vec<u8>, number: u64) -> Vec<u8> {
    prefix.extend_from_slice(&number_key(number));
    prefix
}

/// The channel in a key of `outbox`.
pub(in crate::store) fn outbox_channel(key: &[u8]) -> Result<&str, StoreError> {
    let wrong = || StoreError::Corrupt("a key of outbox is malformed".to_owned());
    let (length, rest) = key.split_first_chunk().ok_or_else(wrong)?;
    let channel = rest.get(..usize::from(u16::from_be_bytes(*length)));
    std::str::from_utf8(channel.ok_or_else(wrong)?).map_err(|_| wrong())
}

/// `Store` refuses names beyond [`MAX_NAME`], so that a length always fits into two bytes.
fn put_name(key: &mut Vec<u8>, name: &str) {
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    key.extend_from_slice(&length.to_be_bytes());
    key.extend_from_slice(name.as_bytes());
}

/// The key in `keys` for an idempotency or a dedup key. Idempotency keys are unique across channels,
/// since one client chooses them; dedup keys are unique only within their channel.
pub(in crate::store) fn key_row(direction: Direction, channel: &str, key: &str) -> Vec<u8> {
    let mut row = Vec::with_capacity(channel.len() + key.len() + 3);
    match direction {
        Direction::Out => row.push(0),
        Direction::In => {
            row.push(1);
            put_name(&mut row, channel);
        }
    }
    row.extend_from_slice(key.as_bytes());
    row
}

/// The key in `keys` for the name that a service gave to one of our messages.
pub(in crate::store) fn reference_row(channel: &str, reference: &str) -> Vec<u8> {
    let mut row = vec![2];
    put_name(&mut row, channel);
    row.extend_from_slice(reference.as_bytes());
    row
}

/// The key in `keys` for all names that a service gave to this message.
pub(in crate::store) fn references_row(number: u64) -> Vec<u8> {
    with_number(vec![3], number)
}

/// Whether this is a key that [`references_row`] makes.
#[cfg(feature = "store")]
pub(in crate::store) fn is_references_row(key: &[u8]) -> bool {
    key.first() == Some(&3)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_of_a_scope_sort_by_number(channel: String, peer: String, one: u64, other: u64) {
            let key = |number| with_number(scope(&channel, Some(&peer)), number);
            prop_assert_eq!(key(one).cmp(&key(other)), one.cmp(&other));
            prop_assert_eq!(number_of(&key(one))?, one);
            prop_assert!(scope_of(&key(one)) == scope(&channel, Some(&peer)));
            prop_assert!(key(one).starts_with(&conversations_of(Some(&channel))));
            let waiting = with_number(outbox_of(&channel), one);
            prop_assert_eq!(outbox_channel(&waiting)?, &channel);
        }

        #[test]
        fn damaged_keys_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = (outbox_channel(&bytes), number_of(&bytes));
        }
    }

    #[test]
    fn no_conversation_is_mistaken_for_another() {
        assert_ne!(scope("a", Some("bc")), scope("ab", Some("c")));
        assert_ne!(scope("a", None), scope("a", Some("")));
        assert!(!scope("ab", None).starts_with(&scope("a", None)));
    }
}
