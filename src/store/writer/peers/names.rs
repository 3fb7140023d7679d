//! What services call groups whose messages do not say it: noting it.
//!
//! Not here: which of its names a conversation is shown by (`queries::conversations`).

use crate::store::{
    backend::Table, error::StoreError, queries::conversations::shown, rows::keys,
    writer::transaction::Transaction,
};

/// Notes the names of some groups of a channel, each with its peer.
pub(in crate::store) fn note(
    transaction: &mut Transaction<'_>,
    (channel, groups): &mut (String, Vec<(String, String)>),
) -> Result<(), StoreError> {
    for (peer, name) in groups {
        let key = keys::scope(channel, Some(peer));
        let known = transaction.rows.get(Table::GroupNames, &key)?;
        match shown(name) {
            Some(name) if known.as_deref() != Some(name.as_bytes()) => {
                transaction.commit_anyway();
                transaction
                    .rows
                    .put(Table::GroupNames, &key, name.as_bytes())?;
            }
            None if known.is_some() => {
                transaction.commit_anyway();
                transaction.rows.remove(Table::GroupNames, &key)?;
            }
            _ => {}
        }
    }
    Ok(())
}
