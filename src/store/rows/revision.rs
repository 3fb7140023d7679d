//! Rows of `revisions`: what changed of a message besides its state after it was stored, event by event.
//!
//! Not here: that a message was revised (`change`).

use crate::{
    message::{Edit, Message},
    store::{
        error::StoreError,
        request::Revision,
        rows::codec::{RowReader, put_number, put_text},
    },
};

const DELETED: u8 = 0;
const EDITED: u8 = 1;
const EDITED_WITH_CONTENT: u8 = 2;
const MEDIA: u8 = 3;

/// One entry of a row.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct Revised {
    /// The event that told of it.
    pub(in crate::store) seq: u64,
    pub(in crate::store) at_ms: u64,
    pub(in crate::store) what: Revision,
}

impl Revised {
    /// Brings a message to what this made of it.
    pub(in crate::store) fn apply_to(&self, message: &mut Message) {
        match &self.what {
            Revision::Deleted => message.deleted_ms = Some(self.at_ms),
            Revision::Media(media) => message.media = Some(media.clone()),
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

pub(in crate::store) fn encode(all: &[Revised]) -> Vec<u8> {
    let mut row = Vec::new();
    for one in all {
        put_number(&mut row, one.seq);
        put_number(&mut row, one.at_ms);
        match &one.what {
            Revision::Deleted => row.push(DELETED),
            Revision::Media(media) => {
                row.push(MEDIA);
                put_text(&mut row, &media.to_string());
            }
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

pub(in crate::store) fn decode(row: &[u8]) -> Result<Vec<Revised>, StoreError> {
    let mut reader = RowReader::new("revisions", row);
    let mut all = Vec::new();
    while !reader.is_at_end() {
        let (seq, at_ms) = (reader.number()?, reader.number()?);
        let kind = reader.byte()?;
        let what = match kind {
            DELETED => Revision::Deleted,
            MEDIA => {
                let text = reader.text()?;
                Revision::Media(reader.json_of(text)?)
            }
            EDITED | EDITED_WITH_CONTENT => Revision::Edited {
                text: reader.text()?.to_owned(),
                content: (kind == EDITED_WITH_CONTENT)
                    .then(|| reader.text().and_then(|text| reader.json_of(text)))
                    .transpose()?,
            },
            _ => return Err(reader.wrong("has an unknown change")),
        };
        all.push(Revised { seq, at_ms, what });
    }
    Ok(all)
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
        let media = any::<i64>().prop_map(|number| Revision::Media(json!([number])));
        let what = prop_oneof![Just(Revision::Deleted), edited, media];
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
