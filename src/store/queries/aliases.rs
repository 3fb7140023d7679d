//! The names by which one peer of a channel goes: a number and a hidden id, a chat before and after it
//! moved. One of them is the peer; the others lead to it.
//!
//! Not here: remembering them (`writer::aliases`).

use crate::store::{
    backend::{Get, Table},
    error::StoreError,
    rows::keys,
};

/// What a row begins with: the other names of a peer follow, or the peer that a name means.
pub(in crate::store) const NAMES: u8 = b'=';
pub(in crate::store) const PEER: u8 = b'>';

/// The key of a name.
pub(in crate::store) fn key(channel: &str, name: &str) -> Vec<u8> {
    keys::scope(channel, Some(name))
}

/// The peer that a name means.
pub(in crate::store) fn peer_of(
    rows: &dyn Get,
    channel: &str,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let row = rows.get(Table::Aliases, &key(channel, name))?;
    match row.as_deref() {
        Some([PEER, peer @ ..]) => String::from_utf8(peer.to_vec())
            .map(Some)
            .map_err(|_| wrong()),
        _ => Ok(None),
    }
}

/// The other names of a peer.
pub(in crate::store) fn names_of(
    rows: &dyn Get,
    channel: &str,
    peer: &str,
) -> Result<Vec<String>, StoreError> {
    let row = rows.get(Table::Aliases, &key(channel, peer))?;
    match row.as_deref() {
        Some([NAMES, names @ ..]) => serde_json::from_slice(names).map_err(|_| wrong()),
        _ => Ok(Vec::new()),
    }
}

fn wrong() -> StoreError {
    StoreError::Corrupt("a row of aliases cannot be read".to_owned())
}
