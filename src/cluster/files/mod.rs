//! The files of messages, by the hash of their bytes: put on the bus before the message that names one. What is known of a
//! file travels with its message, and so do the bytes of a small one: pictures and voice notes are shown at once and survive
//! the machine that burns. A larger one would hold up the events behind it and fill machines that nobody looks at
//! it on; it comes when somebody needs it.
//!
//! - here: putting files on the bus, and copying them from there.
//! - `asked`: one that somebody needs. `given`: one that has left the bus, from the machine that has it.
//! - `fetches`: those that are on their way. `row`: what is known of a file, as it travels.

mod asked;
pub(super) mod fetches;
mod given;
pub(super) mod row;

use std::{io, time::Duration};

use async_nats::jetstream::object_store::GetErrorKind;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, ReadBuf},
    time::timeout,
};

use super::{
    bus::{ANSWER_TIMEOUT, Streams},
    handle::Cluster,
    mirror::Stopped,
    wire::Record,
};
use crate::{
    log::LogField,
    media::{About, MediaError, NotFetched},
    message::{
        MediaId, Message,
        media::{files, kept_files, media_id},
    },
    store::Occasion,
};

/// The largest file whose bytes come with its message.
const AT_ONCE: u64 = 1024 * 1024;

/// Bytes read of a file at a time.
const PIECE: usize = 128 * 1024;

/// A file of which no bytes come for so long breaks off.
const STALLED_AFTER: Duration = Duration::from_secs(10);

impl Cluster {
    /// Puts the files of a message on the bus that are not there. Where that fails, the other nodes go without.
    pub(super) async fn upload(&self, streams: &Streams, record: &Record) {
        for id in kept_files(record.message.media.as_ref()) {
            if let Err(error) = self.upload_one(streams, id).await {
                let fields: [LogField<'_>; 2] = [("file", &id), ("error", &error)];
                let text = "a file cannot be put on the bus";
                self.log.warn_limited("cluster", text, &fields);
            }
        }
    }

    pub(super) async fn upload_one(&self, streams: &Streams, id: MediaId) -> Result<(), Stopped> {
        let name = id.to_string();
        if streams.files.info(&name).await.is_ok() || !self.media.is_there(id) {
            return Ok(());
        }
        let file = self.media.open_file(id).await?.file;
        streams.files.put(&*name, &mut FileReader(file)).await?;
        Ok(())
    }

    /// Makes room for the files of a message: a row of each, and the small ones with their bytes. A file that cannot be
    /// had now keeps no message from being stored; it is fetched when somebody needs it.
    pub(super) async fn take_files(&self, record: &Record) -> Result<(), Stopped> {
        if !record.is_new && record.occasion != Occasion::Media {
            return Ok(());
        }
        for id in kept_files(record.message.media.as_ref()) {
            if self.media.is_there(id) && self.media.row(id).await?.is_some() {
                continue;
            }
            let row = record.files.iter().find(|row| row.id == id);
            if let Some(row) = row {
                self.media.note_elsewhere(row.clone()).await?;
            }
            if row.is_none_or(|row| row.bytes <= AT_ONCE) {
                self.fetch_at_once(id, &record.message).await;
            }
        }
        Ok(())
    }

    async fn fetch_at_once(&self, id: MediaId, message: &Message) {
        let mut all = files(message.media.as_ref()).iter();
        let file = all.find(|file| media_id(file) == Some(id));
        let about = file.map(About::of_file).unwrap_or_default();
        let streams = self.usable_streams().await;
        let text = match self.read_file(&streams, id, about).await {
            Ok(true) => return,
            Ok(false) => "it is not on the bus".to_owned(),
            Err(error) => error.to_string(),
        };
        let fields: [LogField<'_>; 2] = [("file", &id), ("error", &text)];
        let text = "a file did not come with its message; it is fetched when it is needed";
        self.log.warn_limited("cluster", text, &fields);
    }

    /// Copies a file from the bus; false where it is not there.
    async fn read_file(
        &self,
        streams: &Streams,
        id: MediaId,
        about: About,
    ) -> Result<bool, MediaError> {
        let broke_off = |_| MediaError::Elsewhere(id, self.why_not_yet());
        let found = timeout(ANSWER_TIMEOUT, streams.files.get(id.to_string())).await;
        let mut object = match found.map_err(|_| MediaError::Elsewhere(id, self.why_not_yet()))? {
            Ok(object) => object,
            Err(error) if error.kind() == GetErrorKind::NotFound => return Ok(false),
            Err(_) => return Err(MediaError::Elsewhere(id, self.why_not_yet())),
        };
        let bytes = u64::try_from(object.info().size).unwrap_or(u64::MAX);
        let mut intake = self.media.intake(u64::MAX, bytes).await?;
        let mut piece = vec![0; PIECE];
        loop {
            let read = timeout(STALLED_AFTER, object.read(&mut piece)).await;
            let read = read.unwrap_or_else(|late| Err(late.into()));
            match read.map_err(broke_off)? {
                0 => break,
                read => intake.write(&piece[..read]).await?,
            }
        }
        let about = About {
            sha256: Some(id.0),
            ..about
        };
        intake.finish(about).await?;
        Ok(true)
    }

    fn why_not_yet(&self) -> NotFetched {
        if self.bus.is_connected() {
            NotFetched::UnderWay
        } else {
            NotFetched::BusAway
        }
    }
}

/// A file of ours as the client reads it: a piece at a time, which is read here, as the store reads its rows.
struct FileReader(std::fs::File);

impl AsyncRead for FileReader {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        use io::Read as _;
        let mut piece = vec![0; into.remaining().min(PIECE)];
        let read = self.get_mut().0.read(&mut piece)?;
        into.put_slice(&piece[..read]);
        std::task::Poll::Ready(Ok(()))
    }
}
