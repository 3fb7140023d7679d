//! What authors changed of their messages after these were stored: edits and deletions. The body of a
//! message is never touched; its row here says what it became, event by event, so that an event is
//! rebuilt as it was.

use crate::message::{Edit, Message};

use super::{
    Store,
    backend::{Get, Table},
    codec::{Reader, put_number, put_text},
    error::StoreError,
    keys::{self, number_key, number_of},
    operations,
    pending::Pending,
    request::{Occasion, Revision, Step, Transition},
    tables::{Change, json_of},
    write::Transaction,
};

/// Texts of a message that are kept, the oldest of which goes for a new one. A place that moves with
/// somebody is edited every few seconds.
const MAX_KEPT: usize = 64;

const DELETED: u8 = 0;
const EDITED: u8 = 1;
const EDITED_WITH_CONTENT: u8 = 2;

/// One entry of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Revised {
    /// The event that told of it.
    seq: u64,
    at_ms: u64,
    what: Revision,
}

impl Store {
    /// Takes what its author did to a message of a channel, which goes by the service's `name`: the
    /// dedup key it came with, or a name given to one of ours. Answers `None`, and changes nothing,
    /// where that is known; fails with [`StoreError::NotFound`] where no message goes by the name.
    pub fn revise(
        &self,
        channel: &str,
        name: &str,
        revision: Revision,
    ) -> Result<Pending<Option<Message>>, StoreError> {
        let text = match &revision {
            Revision::Edited { text, .. } => text.len(),
            Revision::Deleted => 0,
        };
        let weight = channel.len() + name.len() + 2 * text;
        let input = (channel.to_owned(), name.to_owned(), revision);
        self.submit(operations::revise, input, weight)
    }
}

/// Whether that is something new for the message.
pub(super) fn is_news(message: &Message, revision: &Revision) -> bool {
    match revision {
        _ if message.deleted_ms.is_some() => false,
        Revision::Deleted => true,
        Revision::Edited { text, content } => {
            *text != message.text || (content.is_some() && *content != message.content)
        }
    }
}

impl Transaction<'_> {
    /// Brings a message to what `revision` says, as the next event. Its state stays.
    pub(super) fn revise(
        &mut self,
        mut message: Message,
        revision: Revision,
    ) -> Result<Message, StoreError> {
        let occasion = match revision {
            Revision::Edited { .. } => Occasion::Edited,
            Revision::Deleted => Occasion::Deleted,
        };
        let step = Step {
            attempts: Some(message.attempts),
            error: message.error.clone(),
            ..Step::to(message.state)
        };
        let mut all = revisions(self.rows, message.id.0)?;
        let change = self.put_change(&message, &step, occasion)?;
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
        let row = encode(&all);
        self.rows
            .put(Table::Revisions, &number_key(message.id.0), &row)?;
        self.tell(&message, occasion);
        Ok(message)
    }
}

/// Everything that was changed of a message, oldest first.
fn revisions(rows: &dyn Get, number: u64) -> Result<Vec<Revised>, StoreError> {
    match rows.get(Table::Revisions, &number_key(number))? {
        Some(row) => decode(&row),
        None => Ok(Vec::new()),
    }
}

/// Brings a message to what it was at this change of it, where it was revised by then.
pub(super) fn apply(
    rows: &dyn Get,
    change: &Change,
    message: &mut Message,
) -> Result<(), StoreError> {
    if !change.revised {
        return Ok(());
    }
    let all = revisions(rows, change.number)?;
    let by_then = all
        .iter()
        .filter(|revised| revised.seq <= change.transition.seq);
    by_then.for_each(|revised| revised.apply_to(message));
    Ok(())
}

impl Revised {
    fn apply_to(&self, message: &mut Message) {
        match &self.what {
            Revision::Deleted => message.deleted_ms = Some(self.at_ms),
            Revision::Edited { text, content } => {
                let before = std::mem::replace(&mut message.text, text.clone());
                message.edits.push(Edit {
                    text: before,
                    until_ms: self.at_ms,
                });
                if content.is_some() {
                    message.content.clone_from(content);
                }
            }
        }
    }
}

fn encode(all: &[Revised]) -> Vec<u8> {
    let mut row = Vec::new();
    for one in all {
        put_number(&mut row, one.seq);
        put_number(&mut row, one.at_ms);
        match &one.what {
            Revision::Deleted => row.push(DELETED),
            Revision::Edited { text, content } => {
                row.push(match content {
                    Some(_) => EDITED_WITH_CONTENT,
                    None => EDITED,
                });
                put_text(&mut row, text);
                if let Some(content) = content {
                    put_text(&mut row, &content.to_string());
                }
            }
        }
    }
    row
}

fn decode(row: &[u8]) -> Result<Vec<Revised>, StoreError> {
    let mut reader = Reader::new("revisions", row);
    let mut all = Vec::new();
    while !reader.is_at_end() {
        let (seq, at_ms) = (reader.number()?, reader.number()?);
        let kind = reader.byte()?;
        let what = match kind {
            DELETED => Revision::Deleted,
            EDITED | EDITED_WITH_CONTENT => Revision::Edited {
                text: reader.text()?.to_owned(),
                content: (kind == EDITED_WITH_CONTENT)
                    .then(|| reader.text().and_then(|text| json_of(text, &reader)))
                    .transpose()?,
            },
            _ => return Err(reader.wrong("has an unknown change")),
        };
        all.push(Revised { seq, at_ms, what });
    }
    Ok(all)
}

/// The message a service knows by this name: one that came with it as its key, or one of ours.
pub(super) fn named(rows: &dyn Get, channel: &str, name: &str) -> Result<Option<u64>, StoreError> {
    let came = keys::key_row(crate::message::Direction::In, channel, name);
    for key in [came, keys::reference_row(channel, name)] {
        if let Some(number) = rows.get(Table::Keys, &key)? {
            return number_of(&number).map(Some);
        }
    }
    Ok(None)
}

/// The current text of a message that was revised, for whoever searches.
pub(super) fn text(rows: &dyn Get, number: u64) -> Result<Option<String>, StoreError> {
    let all = revisions(rows, number)?;
    let last = all.into_iter().rev().find_map(|one| match one.what {
        Revision::Edited { text, .. } => Some(text),
        Revision::Deleted => None,
    });
    Ok(last)
}

#[cfg(test)]
mod tests {
    use proptest::{collection, option, prelude::*};
    use serde_json::json;

    use super::*;

    fn revised() -> impl Strategy<Value = Revised> {
        let edited = (any::<String>(), option::of(any::<i64>())).prop_map(|(text, content)| {
            Revision::Edited {
                text,
                content: content.map(|number| json!([number])),
            }
        });
        let what = prop_oneof![Just(Revision::Deleted), edited];
        (any::<u64>(), any::<u64>(), what).prop_map(|(seq, at_ms, what)| Revised {
            seq,
            at_ms,
            what,
        })
    }

    proptest! {
        #[test]
        fn a_row_reads_back(all in collection::vec(revised(), 0..5)) {
            prop_assert_eq!(decode(&encode(&all))?, all);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}
