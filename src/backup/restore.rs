//! Making a home of a backup: all of it is read into a folder beside first, and takes its places only once the end of the
//! backup said that it is whole. Nothing is overwritten: what was there is moved aside.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{
    BackupError, Manifest, Summary,
    parts::{ENV, HOME_FILES},
    read::{Visitor, read},
};
use crate::{
    clock::Utc,
    fs::{create_private_dir, private, rename_lasting, sync_folder_of},
    media,
    message::MediaId,
    store::{self, NewStore, Taken, cluster_files},
};

/// The folder in the home folder where a backup is read into.
const UNFINISHED: &str = ".restoring";

/// What the folders are called in which that is which was there before.
pub const ASIDE: &str = "before-restore-";

/// The folder among the kept files for those that are not whole yet.
const INCOMING: &str = "incoming";

/// What a home was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup held.
    pub summary: Summary,
    /// Where what was there before is now, if anything was.
    pub aside: Option<PathBuf>,
}

/// Whether a home folder has anything that a backup would take the place of.
pub fn is_occupied(home: &Path) -> bool {
    taken_places(home).next().is_some()
}

/// What a backup has, by the names in the home folder, the message file last.
fn places() -> impl Iterator<Item = &'static str> {
    let files = HOME_FILES.into_iter();
    let of_cluster = [cluster_files::PLACES, cluster_files::BEFORE];
    files.chain(of_cluster).chain([media::FOLDER, store::FILE])
}

fn taken_places(home: &Path) -> impl Iterator<Item = &'static str> {
    places().filter(move |name| {
        let path = home.join(name);
        let is_empty_folder = || {
            // The folder of a daemon that never kept a file has one for those that come.
            let mut entries = fs::read_dir(&path).into_iter().flatten().flatten();
            path.is_dir() && entries.all(|entry| entry.file_name() == INCOMING)
        };
        path.symlink_metadata().is_ok() && !is_empty_folder()
    })
}

/// Makes a home of a backup: the home it is of, or that of another machine of its cluster, which takes the messages and
/// the files alone. `begun` is told what it holds. The caller makes sure that nobody uses the home, and that it
/// is empty or may be moved aside. Blocks.
pub fn restore(
    input: impl Read,
    home: &Path,
    rows: Taken,
    now_ms: u64,
    begun: impl FnOnce(&Manifest),
) -> Result<Restored, BackupError> {
    let folder = home.join(UNFINISHED);
    let made = create_private_dir(home).and_then(|()| remove_all(&folder));
    let made = made.and_then(|()| create_private_dir(&folder));
    made.map_err(|error| BackupError::Write(io::Error::other(error.to_string())))?;
    let restored = stage(input, &folder, rows, begun).and_then(|summary| {
        let aside = settle(home, &folder, now_ms).map_err(BackupError::Write)?;
        Ok(Restored { summary, aside })
    });
    let _ = fs::remove_dir_all(&folder);
    restored
}

fn remove_all(folder: &Path) -> crate::error::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(crate::error::Error::file(
            "remove the folder",
            folder,
        )(error)),
        _ => Ok(()),
    }
}

/// Reads all of it into the folder.
fn stage<F: FnOnce(&Manifest)>(
    input: impl Read,
    folder: &Path,
    rows: Taken,
    begun: F,
) -> Result<Summary, BackupError> {
    let mut staging = Staging {
        folder,
        rows,
        store: None,
        seq: 0,
        begun: Some(begun),
    };
    let summary = read(input, &mut staging)?;
    match staging.store {
        Some(store) => store.finish()?,
        None => return Err(BackupError::Damaged("it has no rows".to_owned())),
    }
    Ok(summary)
}

struct Staging<'f, F> {
    folder: &'f Path,
    rows: Taken,
    store: Option<NewStore>,
    /// The last sequence number of the backup.
    seq: u64,
    begun: Option<F>,
}

impl<F: FnOnce(&Manifest)> Visitor for Staging<'_, F> {
    fn begin(&mut self, manifest: &Manifest) -> Result<(), BackupError> {
        if let Some(begun) = self.begun.take() {
            begun(manifest);
        }
        let file = self.folder.join(store::FILE);
        self.store = Some(NewStore::create(&file, self.rows)?);
        self.seq = manifest.seq;
        Ok(())
    }

    fn row(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<(), BackupError> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        store.put(table, key, value).map_err(|error| match error {
            store::StoreError::InvalidQuery(what) => BackupError::Newer(what),
            other => BackupError::Store(other),
        })
    }

    fn home_file(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        // Names that no version of ours writes are none of a home folder.
        if !HOME_FILES.contains(&name) && name != ENV {
            return Err(BackupError::Damaged(format!("it has a file {name:?}")));
        }
        if name == cluster_files::KEPT {
            let before = of_cluster(bytes, self.seq)?;
            return self.put(cluster_files::BEFORE, before.as_bytes());
        }
        match self.rows {
            Taken::All => self.put(name, bytes),
            Taken::Messages => Ok(()),
        }
    }

    fn media(&mut self, id: MediaId, _bytes: u64) -> Result<Box<dyn Write>, BackupError> {
        let id = id.to_string();
        let folder = self.folder.join(media::FOLDER).join(&id[..2]);
        let made = create_private_dir(&folder);
        made.map_err(|error| BackupError::Write(io::Error::other(error.to_string())))?;
        let file = new_file(&folder.join(id)).map_err(BackupError::Write)?;
        Ok(Box::new(Synced(file)))
    }
}

impl<F> Staging<'_, F> {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        let mut file = new_file(&self.folder.join(name)).map_err(BackupError::Write)?;
        file.write_all(bytes).map_err(BackupError::Write)?;
        file.sync_all().map_err(BackupError::Write)
    }
}

/// What a cluster knows of the store that the backup is of. The one that is made of it is another: it goes on from an
/// earlier moment.
fn of_cluster(kept: &[u8], seq: u64) -> Result<String, BackupError> {
    let kept: Value = serde_json::from_slice(kept).map_err(|error| {
        BackupError::Damaged(format!("{} is not JSON: {error}", cluster_files::KEPT))
    })?;
    Ok(json!({"cluster": kept, "seq": seq}).to_string())
}

/// A file that is on the disk once it is flushed.
struct Synced(File);

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    private(fs::OpenOptions::new().write(true).create_new(true)).open(path)
}

/// Moves what was there aside and puts what was read in its places, the message file last: until then a start finds the
/// old one.
fn settle(home: &Path, folder: &Path, now_ms: u64) -> io::Result<Option<PathBuf>> {
    let taken: Vec<_> = taken_places(home).collect();
    let has_settings = folder.join(ENV).exists();
    let settings = (has_settings && home.join(ENV).exists()).then_some(ENV);
    let aside = (!taken.is_empty() || settings.is_some()).then(|| aside(home, now_ms));
    if let Some(aside) = &aside {
        create_private_dir(aside).map_err(io::Error::other)?;
        // A copy first, so that the message file is never missing.
        for name in taken.iter().chain(&settings) {
            let (from, to) = (home.join(name), aside.join(name));
            if *name == store::FILE {
                fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))?;
            } else {
                fs::rename(&from, &to)?;
            }
        }
        sync_folder_of(&aside.join(store::FILE))?;
    }
    let _ = fs::remove_dir(home.join(media::FOLDER).join(INCOMING));
    let _ = fs::remove_dir(home.join(media::FOLDER));
    for name in [ENV].into_iter().chain(places()) {
        let from = folder.join(name);
        if from.exists() {
            rename_lasting(&from, &home.join(name)).map_err(io::Error::other)?;
        }
    }
    // Notes on the old file say nothing of the new one.
    for suffix in [".closed", ".unsynced"] {
        crate::fs::remove_if_there(&home.join(format!("{}{suffix}", store::FILE)))?;
    }
    Ok(aside)
}

/// A name that nothing has.
fn aside(home: &Path, now_ms: u64) -> PathBuf {
    let moment = Utc(now_ms).to_string();
    let moment: String = moment.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = |count: u32| match count {
        0 => home.join(format!("{ASIDE}{moment}")),
        count => home.join(format!("{ASIDE}{moment}-{count}")),
    };
    let mut names = (0..).map(name).filter(|path| !path.exists());
    names.next().unwrap_or_else(|| home.join(ASIDE))
}
