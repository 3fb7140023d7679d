//! The files of messages, by the hash of their bytes: put on the bus before the message that names one, fetched before
//! its copy is stored.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use super::{bus::Streams, handle::Cluster, mirror::Stopped, wire::Record};
use crate::{
    log::LogField,
    media::About,
    message::{
        MediaId,
        media::{files, kept_files, media_id},
    },
};

/// Bytes read of a file at a time.
const PIECE: usize = 128 * 1024;

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

    async fn upload_one(&self, streams: &Streams, id: MediaId) -> Result<(), Stopped> {
        let name = id.to_string();
        if streams.files.info(&name).await.is_ok() || !self.media.is_there(id) {
            return Ok(());
        }
        let file = self.media.open_file(id).await?.file;
        streams.files.put(&*name, &mut FileReader(file)).await?;
        Ok(())
    }

    /// Fetches the files of a message that are not here. Where one is gone from the bus too, the message is kept without it.
    pub(super) async fn download(&self, record: &Record) -> Result<(), Stopped> {
        for file in files(record.message.media.as_ref()) {
            let Some(id) = media_id(file) else {
                continue;
            };
            if self.media.is_there(id) && self.media.row(id).await?.is_some() {
                continue;
            }
            let streams = self.usable_streams().await;
            let Ok(mut object) = streams.files.get(id.to_string()).await else {
                let fields: [LogField<'_>; 1] = [("file", &id)];
                self.log
                    .warn_limited("cluster", "a file is not on the bus any more", &fields);
                continue;
            };
            let bytes = u64::try_from(object.info().size).unwrap_or(u64::MAX);
            let mut intake = self.media.intake(u64::MAX, bytes).await?;
            let mut piece = vec![0; PIECE];
            loop {
                match object.read(&mut piece).await? {
                    0 => break,
                    read => intake.write(&piece[..read]).await?,
                }
            }
            intake.finish(About::of_file(file)).await?;
        }
        Ok(())
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
