//! Edits and deletions by the authors of messages, and files that were fetched. The body of a message is never touched: what became
//! of it is a row of its own, so that each event can be rebuilt as it was.

use crate::{
    message::Message,
    store::{
        answer::{Occasion, Transition},
        backend::Table,
        error::StoreError,
        queries::revisions,
        request::{Revision, StatusUpdate},
        rows::{
            keys::number_key,
            revision::{self, Revised},
        },
        words,
        writer::transaction::Transaction,
    },
};

/// Texts of a message that are kept; beyond that the oldest goes for a new one. A live location is
/// edited every few seconds.
const MAX_KEPT: usize = 64;

/// Whether that is something new for the message.
pub(in crate::store) fn is_news(message: &Message, revision: &Revision) -> bool {
    match revision {
        _ if message.deleted_ms.is_some() => false,
        Revision::Deleted => true,
        Revision::Media(media) => message.media.as_ref() != Some(media),
        Revision::Edited { text, content } => {
            *text != message.text || (content.is_some() && *content != message.content)
        }
    }
}

impl Transaction<'_> {
    /// Takes the words of a message out of the index, before it goes or says something else.
    pub(in crate::store) fn forget_words(&mut self, number: u64) -> Result<(), StoreError> {
        self.gave_up_words |= words::forget(self.rows, number)?;
        Ok(())
    }

    /// Brings a message to what `revision` says, as the next event. Its state stays.
    pub(in crate::store) fn revise(
        &mut self,
        mut message: Message,
        revision: Revision,
    ) -> Result<Message, StoreError> {
        let occasion = match revision {
            Revision::Edited { .. } => Occasion::Edited,
            Revision::Deleted => Occasion::Deleted,
            Revision::Media(_) => Occasion::Media,
        };
        if occasion != Occasion::Media {
            self.forget_words(message.id.0)?;
        }
        let update = StatusUpdate {
            attempts: Some(message.attempts),
            error: message.error.clone(),
            ..StatusUpdate::to(message.state)
        };
        let mut all = revisions::revisions(self.rows, message.id.0)?;
        let change = self.put_change(&message, &update, occasion)?;
        let Transition { seq, at_ms, .. } = change.transition;
        let one = Revised {
            seq,
            at_ms,
            what: revision,
        };
        one.apply_to(&mut message);
        change.apply_to(&mut message);
        if all.len() == MAX_KEPT {
            all.remove(0);
        }
        all.push(one);
        let row = revision::encode(&all);
        self.rows
            .put(Table::Revisions, &number_key(message.id.0), &row)?;
        self.push_event(&message, occasion);
        Ok(message)
    }
}
