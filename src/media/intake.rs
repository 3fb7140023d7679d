//! Taking a file in: its bytes come in pieces, are hashed and written on a thread that may block, while the
//! next piece comes. However large the file, two pieces of it are in memory.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use super::{Media, MediaError, folder::Unfinished, probe};
use crate::{
    file_name,
    message::{Kind, MediaId, text_at},
    panics::run_blocking,
    store::{KeptMedia, MediaRow},
};

/// Bytes written at a time.
const PIECE: usize = 64 * 1024;

/// What is said of a file by whoever brings it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its type; the bytes have the last word.
    pub mime: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// What kind of message it makes.
    pub kind: Option<Kind>,
    /// What its SHA-256 should be.
    pub sha256: Option<[u8; 32]>,
}

impl About {
    /// What a message says of one of its files.
    pub fn of_file(file: &Value) -> Self {
        let said = |field: &str| text_at(file, field).map(str::to_owned);
        Self {
            mime: said("mime"),
            name: said("name"),
            kind: text_at(file, "kind").and_then(|kind| kind.parse().ok()),
            sha256: None,
        }
    }
}

/// A file that is coming in. Dropped before [`finish`](Self::finish), nothing of it is left.
pub struct Intake {
    media: Media,
    _turn: OwnedSemaphorePermit,
    max_bytes: u64,
    bytes: u64,
    /// What counts for the quota: what was announced, or came beyond that.
    reserved: u64,
    /// What is not written yet.
    piece: Vec<u8>,
    /// The file, while no piece is being written.
    writing: Writing,
}

enum Writing {
    Idle(Box<Written>),
    Busy(tokio::task::JoinHandle<Result<Box<Written>, MediaError>>),
    /// An earlier write failed.
    Broken,
}

/// What is written so far.
struct Written {
    unfinished: Unfinished,
    hash: Sha256,
    /// The memory of the last piece, for the next but one.
    spare: Vec<u8>,
}

impl Intake {
    pub(super) async fn begin(
        media: Media,
        turn: OwnedSemaphorePermit,
        max_bytes: u64,
        expected: u64,
    ) -> Result<Self, MediaError> {
        let written = Self::begin_file(&media).await?;
        media.come(expected);
        Ok(Self {
            media,
            _turn: turn,
            max_bytes,
            bytes: 0,
            reserved: expected,
            piece: Vec::new(),
            writing: Writing::Idle(written),
        })
    }

    async fn begin_file(media: &Media) -> Result<Box<Written>, MediaError> {
        let media = media.clone();
        let begun = run_blocking(move || media.0.folder.begin()).await;
        let unfinished = begun.map_err(MediaError::Disk)??;
        Ok(Box::new(Written {
            unfinished,
            hash: Sha256::new(),
            spare: Vec::new(),
        }))
    }

    /// How many bytes came.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many may come.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Takes the next bytes. Waits while the disk is slower than they come.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), MediaError> {
        let length = bytes.len() as u64;
        if self.bytes + length > self.max_bytes {
            return Err(MediaError::TooLarge(self.max_bytes));
        }
        self.bytes += length;
        if self.bytes > self.reserved {
            self.media.come(self.bytes - self.reserved);
            self.reserved = self.bytes;
        }
        while !bytes.is_empty() {
            if self.piece.capacity() == 0 {
                self.piece.reserve_exact(PIECE);
            }
            let room = PIECE - self.piece.len();
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.piece.extend_from_slice(now);
            bytes = rest;
            if self.piece.len() == PIECE {
                self.write_piece().await?;
            }
        }
        Ok(())
    }

    async fn write_piece(&mut self) -> Result<(), MediaError> {
        let mut written = self.settled().await?;
        if let Err(error) = self.media.make_room(0).await {
            self.writing = Writing::Broken;
            return Err(error);
        }
        let piece = std::mem::replace(&mut self.piece, std::mem::take(&mut written.spare));
        self.writing = Writing::Busy(tokio::task::spawn_blocking(move || {
            written.add(&piece)?;
            written.spare = piece;
            written.spare.clear();
            Ok(written)
        }));
        Ok(())
    }

    /// Waits for the piece that is being written.
    async fn settled(&mut self) -> Result<Box<Written>, MediaError> {
        match std::mem::replace(&mut self.writing, Writing::Broken) {
            Writing::Idle(written) => Ok(written),
            Writing::Busy(task) => {
                let done = task.await;
                done.map_err(|error| MediaError::Disk(error.to_string()))?
            }
            Writing::Broken => Err(MediaError::Disk("an earlier write failed".to_owned())),
        }
    }

    /// Keeps the file: it is on disk when this resolves. One that is kept already is not kept twice.
    pub async fn finish(mut self, about: About) -> Result<KeptMedia, MediaError> {
        if self.bytes == 0 {
            return Err(MediaError::Empty);
        }
        let mut written = self.settled().await?;
        let (piece, bytes) = (std::mem::take(&mut self.piece), self.bytes);
        let examined = run_blocking(move || {
            written.add(&piece)?;
            written.examine(&about, bytes)
        });
        let (unfinished, row) = examined.await.map_err(MediaError::Disk)??;
        self.media.keep(unfinished, row).await
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.media.leave(self.reserved);
    }
}

impl Written {
    fn add(&mut self, piece: &[u8]) -> Result<(), MediaError> {
        use std::io::Write as _;
        if let Some(file) = &mut self.unfinished.file {
            file.write_all(piece)?;
        }
        self.hash.update(piece);
        Ok(())
    }

    /// What the file is, by its bytes and by what is said of it.
    fn examine(self, about: &About, bytes: u64) -> Result<(Unfinished, MediaRow), MediaError> {
        let Self {
            mut unfinished,
            hash,
            ..
        } = self;
        let digest: [u8; 32] = hash.finalize().into();
        if about.sha256.is_some_and(|expected| expected != digest) {
            return Err(MediaError::Different);
        }
        let facts = match &mut unfinished.file {
            Some(file) => probe::facts(file),
            None => probe::Facts::default(),
        };
        let name = about.name.as_deref().and_then(file_name::clean);
        let by_name = || name.as_deref().and_then(probe::by_name);
        let claimed = about
            .mime
            .as_deref()
            .filter(|mime| probe::says_something(mime));
        let mime = probe::settle(claimed.or_else(by_name), facts.mime);
        let kind = about
            .kind
            .filter(|kind| probe::may_be(*kind, &mime))
            .unwrap_or_else(|| probe::kind_of(&mime));
        let mut row = MediaRow::new(MediaId(digest), bytes, &mime, kind);
        row.name = name;
        row.size = facts.size;
        row.seconds = facts.seconds;
        Ok((unfinished, row))
    }
}
