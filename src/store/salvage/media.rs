//! Rows of kept files in a salvaged store: who refers to them is counted anew, and a row that is lost is made
//! from what its messages say, so that the file is not taken for one that nobody needs.

use std::{collections::BTreeMap, ops::ControlFlow};

use super::{SLICE, write};
use crate::{
    message::{
        Kind, MediaId, Message,
        media::{files, kept_files, media_id},
        text_at,
    },
    store::{
        answer::MediaRow,
        backend::{Backend, ScanOrder, Table, meta},
        error::StoreError,
        rows::{
            keys::{number_key, number_of},
            media,
        },
    },
};

/// The kept files that messages refer to.
#[derive(Debug, Default)]
pub(super) struct References(BTreeMap<MediaId, MediaRow>);

impl References {
    /// Counts the files of a message.
    pub(super) fn count(&mut self, message: &Message) {
        for id in kept_files(message.media.as_ref()) {
            let of_id = files(message.media.as_ref()).iter();
            let mut of_id = of_id.filter(|file| media_id(file) == Some(id));
            let row = self.0.entry(id).or_insert_with(|| {
                let file = of_id.next().cloned().unwrap_or_default();
                let kind = text_at(&file, "kind").and_then(|kind| kind.parse().ok());
                MediaRow {
                    name: text_at(&file, "name").map(str::to_owned),
                    created_ms: message.created_ms,
                    ..MediaRow::new(
                        id,
                        file["bytes"].as_u64().unwrap_or(0),
                        text_at(&file, "mime").unwrap_or_default(),
                        kind.unwrap_or(Kind::Document),
                    )
                }
            });
            row.references += 1;
        }
    }

    /// Writes the rows, and what all files have together.
    pub(super) fn write(mut self, new: &dyn Backend) -> Result<(), StoreError> {
        let mut all = Vec::new();
        {
            let rows = new.snapshot()?;
            let order = ScanOrder::Ascending;
            rows.scan(Table::Media, &[], &[u8::MAX; 33], order, &mut |key, row| {
                let mut row = media::decode(key, row)?;
                let counted = self.0.remove(&row.id);
                row.references = counted.map_or(0, |counted| counted.references);
                all.push(row);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        all.extend(self.0.into_values());
        for slice in all.chunks(SLICE) {
            write(new, |rows| {
                let mut slice = slice.iter();
                slice.try_for_each(|row| rows.put(Table::Media, &row.id.0, &media::encode(row)))
            })?;
        }
        let bytes = all.iter().map(MediaRow::bytes_here).sum();
        write(new, |rows| meta::put_media_bytes(rows, bytes))
    }
}

/// Fetches no files for messages that are lost.
pub(super) fn leave_unfetched(new: &dyn Backend) -> Result<(), StoreError> {
    let mut lost = Vec::new();
    {
        let rows = new.snapshot()?;
        let (first, end, order) = (&[][..], &[u8::MAX; 2][..], ScanOrder::Ascending);
        rows.scan(Table::Fetches, first, end, order, &mut |key, _| {
            let number = number_key(number_of(key)?);
            if rows.get(Table::Bodies, &number)?.is_none() {
                lost.push(key.to_vec());
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    write(new, |rows| {
        let mut lost = lost.iter();
        lost.try_for_each(|key| rows.remove(Table::Fetches, key))
    })
}
