//! Backups of the running gateway: one at a time, each of one moment, with every file it needs staying meanwhile.
//!
//! Not here: what is in one (`crate::backup`), and when the daemon makes one by itself (`daemon`).

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{AcqRel, Release},
        },
    },
};

use super::Gateway;
use crate::{
    backup::{BackupError, BackupSource, BackupStream, LastBackup, Manifest, Summary, write_last},
    clock,
    log::LogField,
    media::MediaHold,
};

/// What is known of backups.
#[derive(Debug, Default)]
pub(super) struct Backups {
    is_under_way: Arc<AtomicBool>,
    last: Mutex<Option<LastBackup>>,
}

/// The right to make a backup.
pub struct BackupTurn {
    is_under_way: Arc<AtomicBool>,
    _files: MediaHold,
}

impl Drop for BackupTurn {
    fn drop(&mut self) {
        self.is_under_way.store(false, Release);
    }
}

impl Gateway {
    /// The right to make a backup; `None` while one is made.
    pub fn begin_backup(&self) -> Option<BackupTurn> {
        let is_under_way = Arc::clone(&self.backups.is_under_way);
        if is_under_way.swap(true, AcqRel) {
            return None;
        }
        Some(BackupTurn {
            is_under_way,
            _files: self.media.hold(),
        })
    }

    /// What a backup is made of.
    pub fn backup_source(&self, with_secrets: bool) -> BackupSource {
        let settings = self.settings();
        BackupSource {
            store: self.store.clone(),
            home: settings.home.clone(),
            env_file: with_secrets.then(|| settings.env_file.clone()),
        }
    }

    /// A backup that is read while it is made. Blocks.
    pub(super) fn stream_backup(
        self: &Arc<Self>,
        turn: BackupTurn,
        with_secrets: bool,
    ) -> Result<(Manifest, BackupStream), BackupError> {
        let gateway = Arc::clone(self);
        BackupStream::begin(self.backup_source(with_secrets), move |made| {
            drop(turn);
            match made {
                Ok(summary) => gateway.note_backup(None, &summary),
                // Whoever asked left, and knows.
                Err(BackupError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
                Err(error) => gateway.note_failed_backup(&error),
            }
        })
    }

    /// What is known of the last backup. The first call reads it from the disk.
    pub fn last_backup(&self) -> LastBackup {
        let mut last = self
            .backups
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.get_or_insert_with(|| LastBackup::read(&self.settings().home))
            .clone()
    }

    /// Notes that a backup was made. Blocks.
    pub fn note_backup(&self, path: Option<PathBuf>, summary: &Summary) {
        self.keep_last(LastBackup {
            at_ms: Some(clock::now_ms()),
            path: path.map(|path| path.display().to_string()),
            bytes: summary.bytes,
            messages: summary.manifest.messages,
            error: None,
            failed_ms: None,
        });
        let fields: [LogField<'_>; 2] = [
            ("messages", &summary.manifest.messages),
            ("bytes", &summary.bytes),
        ];
        self.log.info("backup", "a backup was made", &fields);
    }

    /// Notes that one was not. Blocks.
    pub fn note_failed_backup(&self, error: &BackupError) {
        self.keep_last(LastBackup {
            error: Some(error.to_string()),
            failed_ms: Some(clock::now_ms()),
            ..self.last_backup()
        });
        self.log
            .warn_limited("backup", "a backup failed", &[("error", error)]);
    }

    fn keep_last(&self, new: LastBackup) {
        // Where that cannot be written it is told until the next start.
        let _ = write_last(&self.settings().home, &new);
        *self
            .backups
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(new);
    }
}
