//! How the user keeps conversations: setting it, and what becomes of it with the messages.
//!
//! Not here: what follows from it (`rows::flags`), and listing (`queries::conversations`).

use crate::{
    message::Message,
    store::{
        answer::{ChangedFlags, ConversationFlags},
        backend::Table,
        error::StoreError,
        queries::conversations::flags,
        request::FlagsUpdate,
        rows::{
            flags::{self, Flags},
            keys,
        },
        writer::transaction::Transaction,
    },
};

/// Changes how a conversation is kept. One without messages has only what was kept of it.
pub(in crate::store) fn set(
    transaction: &mut Transaction<'_>,
    (channel, peer, update): &mut (String, String, FlagsUpdate),
) -> Result<ChangedFlags, StoreError> {
    let scope = keys::scope(channel, Some(peer));
    let is_known = transaction.newest(&scope)?.is_some()
        || transaction.rows.get(Table::Flags, &scope)?.is_some();
    if !is_known {
        return Err(StoreError::NotFound);
    }
    transaction.update_flags(&scope, *update)
}

impl Transaction<'_> {
    /// Changes how a conversation is kept.
    pub(in crate::store) fn update_flags(
        &mut self,
        scope: &[u8],
        update: FlagsUpdate,
    ) -> Result<ChangedFlags, StoreError> {
        let newest = self.newest(scope)?.unwrap_or_default();
        let before = flags(self.rows, scope)?;
        let after = before.with(update, newest);
        self.put_flags(scope, before, after)?;
        Ok(ChangedFlags {
            before: before.effective(newest),
            after: after.effective(newest),
        })
    }

    /// Takes the mark off a conversation that is read; how it is kept then, if it had one.
    pub(in crate::store) fn clear_unread_mark(
        &mut self,
        message: &Message,
    ) -> Result<Option<ConversationFlags>, StoreError> {
        let scope = keys::scope(&message.channel, Some(&message.peer));
        if !flags(self.rows, &scope)?.unread {
            return Ok(None);
        }
        let update = FlagsUpdate {
            unread: Some(false),
            ..FlagsUpdate::default()
        };
        Ok(Some(self.update_flags(&scope, update)?.after))
    }

    /// With the last message of a conversation goes what was said about its messages.
    pub(in crate::store) fn forget_flags(&mut self, message: &Message) -> Result<(), StoreError> {
        let scope = keys::scope(&message.channel, Some(&message.peer));
        if self.newest(&scope)?.is_some() {
            return Ok(());
        }
        let before = flags(self.rows, &scope)?;
        self.put_flags(&scope, before, before.without_messages())
    }

    fn put_flags(&mut self, scope: &[u8], before: Flags, after: Flags) -> Result<(), StoreError> {
        if before == after {
            return Ok(());
        }
        self.commit_anyway();
        if after == Flags::default() {
            return self.rows.remove(Table::Flags, scope);
        }
        self.rows.put(Table::Flags, scope, &flags::encode(&after))
    }
}
