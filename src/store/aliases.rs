//! The names by which one peer of a channel goes: a number and a hidden id, a chat before and after it
//! moved. One of them is the peer; the others lead to it.

use serde_json::{Value, json};

use super::{
    Store,
    backend::{Get, Table},
    error::StoreError,
    keys, operations,
    pending::Pending,
    write::Transaction,
};

/// Other names of one peer that are kept.
const MAX_NAMES: usize = 16;

/// What a row begins with: the other names of a peer follow, or the peer that a name means.
const NAMES: u8 = b'=';
const PEER: u8 = b'>';

impl Store {
    /// Remembers that `name` means `peer` on a channel, for ever. Answers whether that was news.
    pub fn remember_alias(
        &self,
        channel: &str,
        name: &str,
        peer: &str,
    ) -> Result<Pending<bool>, StoreError> {
        let weight = channel.len() + name.len() + peer.len();
        let input = (channel.to_owned(), name.to_owned(), peer.to_owned());
        self.submit(operations::remember_alias, input, weight)
    }

    /// The peer that a name means, where it is not the name of a peer itself. Blocks.
    pub fn alias(&self, channel: &str, name: &str) -> Result<Option<String>, StoreError> {
        self.view(|rows| peer_of(rows, channel, name))
    }

    /// The other names of a peer. Blocks.
    pub fn aliases(&self, channel: &str, peer: &str) -> Result<Vec<String>, StoreError> {
        self.view(|rows| names_of(rows, channel, peer))
    }
}

fn key(channel: &str, name: &str) -> Vec<u8> {
    keys::scope(channel, Some(name))
}

/// The peer that a name means.
pub(super) fn peer_of(
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

fn names_of(rows: &dyn Get, channel: &str, peer: &str) -> Result<Vec<String>, StoreError> {
    let row = rows.get(Table::Aliases, &key(channel, peer))?;
    match row.as_deref() {
        Some([NAMES, names @ ..]) => serde_json::from_slice(names).map_err(|_| wrong()),
        _ => Ok(Vec::new()),
    }
}

fn wrong() -> StoreError {
    StoreError::Corrupt("a row of aliases cannot be read".to_owned())
}

impl Transaction<'_> {
    /// Lets `name`, and all that meant it, mean `peer`. A peer that meant `name` before means itself
    /// again: the last word counts, and no circle comes of it.
    pub(super) fn put_alias(
        &mut self,
        channel: &str,
        name: &str,
        peer: &str,
    ) -> Result<bool, StoreError> {
        if name == peer || peer_of(self.rows, channel, name)?.as_deref() == Some(peer) {
            return Ok(false);
        }
        self.commit_anyway();
        let mut names = names_of(self.rows, channel, peer)?;
        let moved = names_of(self.rows, channel, name)?;
        for one in std::iter::once(name).chain(moved.iter().map(String::as_str)) {
            if one != peer && !names.iter().any(|known| known == one) {
                names.push(one.to_owned());
            }
        }
        while names.len() > MAX_NAMES {
            let oldest = names.remove(0);
            self.rows.remove(Table::Aliases, &key(channel, &oldest))?;
        }
        for one in &names {
            let row = [&[PEER], peer.as_bytes()].concat();
            self.rows.put(Table::Aliases, &key(channel, one), &row)?;
        }
        let names: Value = json!(names);
        let row = [&[NAMES], names.to_string().as_bytes()].concat();
        self.rows.put(Table::Aliases, &key(channel, peer), &row)?;
        Ok(true)
    }
}
