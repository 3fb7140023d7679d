//! Remembering the names by which one peer goes.

use serde_json::{Value, json};

use crate::store::{
    backend::Table,
    error::StoreError,
    queries::aliases::{NAMES, PEER, key, names_of, peer_of},
    writer::transaction::Transaction,
};

/// Other names of one peer that are kept.
const MAX_NAMES: usize = 16;

impl Transaction<'_> {
    /// Lets `name`, and all that meant it, mean `peer`. A peer that meant `name` before means itself
    /// again: the last word counts, and no circle comes of it.
    pub(in crate::store) fn put_alias(
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
