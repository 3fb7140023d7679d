//! Backups that are made by themselves: in a folder of the settings, read back before they count, the oldest removed.
//!
//! How long ago the last one was is told by its file, so that a restart changes nothing.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::{
    backup::{BackupError, BackupSource, Summary, Unhurried, verify, write_backup},
    clock::{self, Utc},
    config::BackupSettings,
    fs::{create_private_dir, private, remove_if_there, rename_lasting},
    gateway::Gateway,
    panics::run_blocking,
};

/// How often the settings and the time are looked at.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// The wait after a failure, unless backups come more often.
const AFTER_FAILURE: Duration = Duration::from_secs(3600);

/// What the files are called, with the moment between.
const PREFIX: &str = "cleudocodebot-";
const ENDING: &str = ".tar";

/// What one is called until it is whole.
const UNFINISHED: &str = ".partial";

/// Makes backups for as long as the settings want them.
pub(super) async fn keep_backups(gateway: Arc<Gateway>) {
    let mut wanted: Option<BackupSettings> = None;
    let mut next = Instant::now();
    loop {
        let settings = gateway.settings().backups.clone();
        if settings != wanted {
            wanted = settings;
            next = Instant::now() + first_wait(wanted.clone()).await;
        }
        if let Some(settings) = wanted.clone().filter(|_| next <= Instant::now()) {
            let every = settings.every;
            let is_made = make(&gateway, settings).await;
            let wait = if is_made {
                every
            } else {
                every.min(AFTER_FAILURE)
            };
            next = Instant::now() + wait;
        }
        sleep(BETWEEN_LOOKS).await;
    }
}

/// How long until the first one is due: as if the daemon had run since the last.
async fn first_wait(settings: Option<BackupSettings>) -> Duration {
    let Some(settings) = settings else {
        return Duration::ZERO;
    };
    let every = settings.every;
    let looked = run_blocking(move || backups_in(&settings.folder).pop());
    let newest = looked.await.unwrap_or_default();
    let age = newest.and_then(|path| fs::metadata(path).ok()?.modified().ok()?.elapsed().ok());
    age.map_or(Duration::ZERO, |age| every.saturating_sub(age))
}

/// Makes one now; whether that worked.
async fn make(gateway: &Arc<Gateway>, settings: BackupSettings) -> bool {
    let Some(turn) = gateway.begin_backup() else {
        return false;
    };
    let gateway = Arc::clone(gateway);
    let made = run_blocking(move || {
        let _turn = turn;
        let now_ms = clock::now_ms();
        match make_in(&settings, &gateway.backup_source(false), now_ms) {
            Ok((path, summary)) => gateway.note_backup(Some(path), &summary),
            Err(error) => {
                gateway.note_failed_backup(&error);
                return false;
            }
        }
        true
    });
    made.await.unwrap_or(false)
}

/// Writes one, reads it back, and removes those that are too many.
fn make_in(
    settings: &BackupSettings,
    source: &BackupSource,
    now_ms: u64,
) -> Result<(PathBuf, Summary), BackupError> {
    let folder = &settings.folder;
    create_private_dir(folder).map_err(|error| failed(folder, &error))?;
    let moment: String = Utc(now_ms).to_string();
    let moment: String = moment.chars().filter(char::is_ascii_alphanumeric).collect();
    let path = folder.join(format!("{PREFIX}{moment}{ENDING}"));
    let unfinished = folder.join(format!("{PREFIX}{moment}{ENDING}{UNFINISHED}"));
    let made = write_and_verify(source, &unfinished);
    let made = made.and_then(|summary| {
        let placed = rename_lasting(&unfinished, &path);
        placed.map_err(|error| failed(folder, &error))?;
        Ok(summary)
    });
    if made.is_err() {
        // On a full disk: leave nothing half behind.
        let _ = remove_if_there(&unfinished);
    }
    let summary = made?;
    remove_oldest(folder, settings.keep);
    Ok((path, summary))
}

fn failed(folder: &Path, error: &crate::error::Error) -> BackupError {
    let text = format!("{}: {error}", folder.display());
    BackupError::Write(io::Error::other(text))
}

fn write_and_verify(source: &BackupSource, path: &Path) -> Result<Summary, BackupError> {
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(true);
    let file = private(options).open(path).map_err(BackupError::Write)?;
    write_backup(source, &file, |_| ())?;
    file.sync_all().map_err(BackupError::Write)?;
    let written = File::open(path).map_err(BackupError::Read)?;
    verify(Unhurried::new(written))
}

/// The backups of a folder, oldest first: the moment is in the name.
fn backups_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let moment = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_suffix(ENDING));
        moment.is_some_and(|moment| {
            moment.starts_with(|c: char| c.is_ascii_digit())
                && moment.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    let mut found: Vec<_> = entries.map(|entry| entry.path()).filter(is_ours).collect();
    found.sort();
    found
}

/// Removes the oldest beyond this many, and what a crash left unfinished.
fn remove_oldest(folder: &Path, keep: usize) {
    let all = backups_in(folder);
    for path in all.iter().take(all.len().saturating_sub(keep)) {
        // The next time tries again.
        let _ = fs::remove_file(path);
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(&format!("{ENDING}{UNFINISHED}")) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fs::scratch::Scratch,
        store::{Draft, Store, StoreOptions},
    };

    fn source(home: &Path) -> BackupSource {
        let options = StoreOptions {
            path: home.join(crate::store::FILE),
            ..StoreOptions::default()
        };
        let store = Store::open(options, |_| ()).expect("opened");
        let draft = Draft {
            channel: "telegram".to_owned(),
            peer: "ana".to_owned(),
            text: "hello".to_owned(),
            ..Draft::default()
        };
        store
            .queue(draft)
            .expect("queued")
            .blocking_recv()
            .expect("stored");
        BackupSource {
            store,
            home: home.to_owned(),
            env_file: None,
        }
    }

    fn settings(folder: PathBuf) -> BackupSettings {
        BackupSettings {
            folder,
            every: Duration::from_secs(60),
            keep: 2,
        }
    }

    #[test]
    fn the_newest_are_kept_and_files_of_others_are_left_alone() {
        let home = Scratch::new();
        let settings = settings(home.path().join("backups"));
        let source = source(home.path());
        create_private_dir(&settings.folder).expect("made");
        let others = ["cleudocodebot-mine.tar", "notes.txt"];
        for name in others {
            fs::write(settings.folder.join(name), "x").expect("written");
        }
        fs::write(settings.folder.join("cleudocodebot-1.tar.partial"), "x").expect("written");
        let day_ms = 86_400_000;
        let made = (0..4).map(|day| {
            let now_ms = 1_795_000_000_000 + day * day_ms;
            make_in(&settings, &source, now_ms).expect("made")
        });
        let made: Vec<_> = made.collect();
        assert!(
            made.iter()
                .all(|(_, summary)| summary.manifest.messages == 1)
        );
        let kept: Vec<_> = made[2..].iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(backups_in(&settings.folder), kept);
        assert_eq!(fs::read_dir(&settings.folder).expect("listed").count(), 4);
        for name in others {
            assert!(settings.folder.join(name).exists(), "{name}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_told_and_left() {
        let home = Scratch::new();
        let source = source(home.path());
        let file = home.path().join("a-file");
        fs::write(&file, "x").expect("written");
        let refused = make_in(&settings(file.clone()), &source, 0);
        let why = refused.map(|_| ()).expect_err("refused").to_string();
        assert!(why.contains("a-file"), "{why}");
        assert_eq!(fs::read(&file).expect("there"), b"x");
    }
}
