//! Kept files: their rows, how many messages refer to each, and which are still to be fetched.
//!
//! Not here: the files themselves, and when one is removed (`crate::media`).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    message::{
        Kind, MediaId, Message, MessageId,
        media::{FileState, files_mut, kept_files, media_id, wants_fetching},
    },
    store::{
        answer::{KeptMedia, MediaRow},
        backend::{Table, meta},
        error::StoreError,
        queries,
        request::Revision,
        rows::{
            keys::{self, with_number},
            media, outbox,
        },
        writer::{encoded::EncodedMessage, transaction::Transaction},
    },
};

/// Keeps the row of a file that is in its place, or elsewhere; one that is known stays as it is.
pub(in crate::store) fn keep(
    transaction: &mut Transaction<'_>,
    row: &mut MediaRow,
) -> Result<KeptMedia, StoreError> {
    let now = transaction.now();
    if let Some(mut known) = queries::media::row(transaction.rows, row.id)? {
        known.seen_ms = now.time_ms;
        let has_come = known.is_elsewhere && !row.is_elsewhere;
        if has_come {
            transaction.count_media(&known, false)?;
            known.is_elsewhere = false;
            transaction.count_media(&known, true)?;
        }
        transaction.put_media(&known)?;
        let duplicate = !has_come;
        return Ok(KeptMedia {
            row: known,
            duplicate,
        });
    }
    transaction.check_size()?;
    let mut row = row.clone();
    (row.created_ms, row.seen_ms) = (now.wall_ms, now.time_ms);
    transaction.put_media(&row)?;
    transaction.count_media(&row, true)?;
    let duplicate = false;
    Ok(KeptMedia { row, duplicate })
}

/// Removes the rows of files that no message refers to and nobody handed in since. Returns the files that
/// may go now.
pub(in crate::store) fn forget(
    transaction: &mut Transaction<'_>,
    (ids, seen_before_ms): &mut (Vec<MediaId>, u64),
) -> Result<Vec<MediaRow>, StoreError> {
    let mut forgotten = Vec::new();
    for id in ids {
        let row = queries::media::row(transaction.rows, *id)?;
        let unused = |row: &MediaRow| row.references == 0 && row.seen_ms <= *seen_before_ms;
        if let Some(row) = row.filter(unused) {
            transaction.rows.remove(Table::Media, &row.id.0)?;
            transaction.count_media(&row, false)?;
            forgotten.push(row);
        }
    }
    Ok(forgotten)
}

/// Remembers what a service calls its copy of a file.
pub(in crate::store) fn name(
    transaction: &mut Transaction<'_>,
    (id, service, value): &mut (MediaId, String, String),
) -> Result<(), StoreError> {
    let row = queries::media::row(transaction.rows, *id)?;
    let mut row = row.ok_or(StoreError::NoSuchFile(*id))?;
    row.services.insert(service.clone(), value.clone());
    transaction.put_media(&row)
}

/// Says what became of one file of a message; `None` if that is known.
pub(in crate::store) fn update_file(
    transaction: &mut Transaction<'_>,
    (id, at, file): &mut (MessageId, usize, Value),
) -> Result<Option<Message>, StoreError> {
    let message = transaction.load(*id)?;
    let mut media = message.media.clone();
    let place = files_mut(media.as_mut()).get_mut(*at);
    *place.ok_or(StoreError::NotFound)? = file.clone();
    transaction.complete(media.as_mut())?;
    let (Some(media), before) = (media, message.media.clone()) else {
        return Ok(None);
    };
    if Some(&media) == before.as_ref() {
        return Ok(None);
    }
    transaction.refer_to_files(Some(&media))?;
    transaction.release_files(before.as_ref())?;
    let message = transaction.revise(message, Revision::Media(media))?;
    let is_asked_anew = FileState::of(file) == Some(FileState::Fetching);
    transaction.settle_fetch(&message, is_asked_anew)?;
    Ok(Some(message))
}

/// Puts off the next attempt to fetch the file of a message.
pub(in crate::store) fn postpone_fetch(
    transaction: &mut Transaction<'_>,
    (id, attempts, wait): &mut (MessageId, u32, Duration),
) -> Result<(), StoreError> {
    let message = transaction.load(*id)?;
    let key = fetch_key(&message);
    if transaction.rows.get(Table::Fetches, &key)?.is_none() {
        return Ok(());
    }
    let due_ms = transaction.after(*wait);
    transaction.put_fetch(&key, *attempts, due_ms)
}

/// The key of a message in `fetches`.
fn fetch_key(message: &Message) -> Vec<u8> {
    with_number(keys::outbox_of(&message.channel), message.id.0)
}

impl Transaction<'_> {
    fn put_media(&mut self, row: &MediaRow) -> Result<(), StoreError> {
        self.commit_anyway();
        self.rows.put(Table::Media, &row.id.0, &media::encode(row))
    }

    fn count_media(&mut self, row: &MediaRow, came: bool) -> Result<(), StoreError> {
        self.commit_anyway();
        let totals = self.media_totals();
        if came {
            totals.files += 1;
            totals.bytes += row.bytes_here();
        } else {
            totals.files = totals.files.saturating_sub(1);
            totals.bytes = totals.bytes.saturating_sub(row.bytes_here());
        }
        let bytes = totals.bytes;
        meta::put_media_bytes(self.rows, bytes)
    }

    /// Completes the files of a new message by what is known of those kept here. Fails where one is not.
    pub(in crate::store) fn complete_files(
        &self,
        encoded: &mut EncodedMessage,
    ) -> Result<(), StoreError> {
        let mut media = encoded.message().media.clone();
        if kept_files(media.as_ref()).is_empty() {
            return Ok(());
        }
        self.complete(media.as_mut())?;
        encoded.set_media(media);
        Ok(())
    }

    fn complete(&self, media: Option<&mut Value>) -> Result<(), StoreError> {
        for file in files_mut(media) {
            let Some(id) = media_id(file) else {
                continue;
            };
            let row = queries::media::row(self.rows, id)?;
            complete(file, &row.ok_or(StoreError::NoSuchFile(id))?);
        }
        Ok(())
    }

    /// Counts a message with these files among those that refer to them.
    pub(in crate::store) fn refer_to_files(
        &mut self,
        media: Option<&Value>,
    ) -> Result<(), StoreError> {
        self.count_references(media, 1)
    }

    /// The message no longer has these files.
    pub(in crate::store) fn release_files(
        &mut self,
        media: Option<&Value>,
    ) -> Result<(), StoreError> {
        self.count_references(media, -1)
    }

    fn count_references(&mut self, media: Option<&Value>, by: i64) -> Result<(), StoreError> {
        for id in kept_files(media) {
            if let Some(mut row) = queries::media::row(self.rows, id)? {
                row.references = row.references.saturating_add_signed(by);
                row.seen_ms = self.now().time_ms;
                self.put_media(&row)?;
            }
        }
        Ok(())
    }

    /// Keeps the invariant of `fetches`: it has exactly the messages with a file to be fetched. One that waits
    /// already goes on waiting, unless it is asked for anew.
    pub(in crate::store) fn settle_fetch(
        &mut self,
        message: &Message,
        is_asked_anew: bool,
    ) -> Result<(), StoreError> {
        let key = fetch_key(message);
        if wants_fetching(message.media.as_ref()) {
            if !is_asked_anew && self.rows.get(Table::Fetches, &key)?.is_some() {
                return Ok(());
            }
            let due_ms = self.after(Duration::ZERO);
            return self.put_fetch(&key, 0, due_ms);
        }
        self.remove_fetch(&key)
    }

    /// Lets go of the files of a message that is removed, and fetches none for it.
    pub(in crate::store) fn forget_files(&mut self, created: &Message) -> Result<(), StoreError> {
        if created.media.is_none() {
            return Ok(());
        }
        let message = self.load(created.id)?;
        self.release_files(message.media.as_ref())?;
        self.remove_fetch(&fetch_key(&message))
    }

    fn remove_fetch(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.commit_anyway();
        if self.rows.get(Table::Fetches, key)?.is_some() {
            let fetches = self.fetches();
            *fetches = fetches.saturating_sub(1);
        }
        self.rows.remove(Table::Fetches, key)
    }

    fn put_fetch(&mut self, key: &[u8], attempts: u32, due_ms: u64) -> Result<(), StoreError> {
        self.commit_anyway();
        if self.rows.get(Table::Fetches, key)?.is_none() {
            *self.fetches() += 1;
        }
        let row = outbox::encode(attempts as usize, due_ms);
        self.rows.put(Table::Fetches, key, &row)
    }
}

/// Adds to a file of a message what is known of it and not said there.
fn complete(file: &mut Value, row: &MediaRow) {
    let Some(file) = file.as_object_mut() else {
        return;
    };
    let (width, height) = row.size.unzip();
    let facts = [
        ("name", json!(row.name)),
        ("width", json!(width)),
        ("height", json!(height)),
        ("seconds", json!(row.seconds)),
    ];
    for (field, value) in facts {
        if !value.is_null() && file.get(field).is_none_or(Value::is_null) {
            file.insert(field.to_owned(), value);
        }
    }
    let kind = file.get("kind").and_then(Value::as_str);
    if kind.is_none_or(|kind| !kind.parse().is_ok_and(Kind::is_file)) {
        file.insert("kind".to_owned(), json!(row.kind.as_str()));
    }
    // Whatever a service or a client claimed: this is what is kept.
    file.insert("mime".to_owned(), json!(row.mime));
    file.insert("bytes".to_owned(), json!(row.bytes));
}
