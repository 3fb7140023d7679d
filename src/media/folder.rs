//! The folder of the kept files: `ab/abcdef…` by their SHA-256, and `incoming` for those that are not whole
//! yet. Blocks; nothing here knows of rows.
//!
//! A path is made from an id alone, never from anything a client said.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{
    error::{Error, Result},
    fs::{create_private_dir, private, remove_if_there, rename_lasting, sync_folder_of},
    message::MediaId,
    random,
};

/// The subfolder of files that are not whole yet.
const INCOMING: &str = "incoming";

/// How many random bytes the name of an unfinished file is made of.
const UNFINISHED: usize = 12;

/// The folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether it goes with this run: without the feature `store` nothing would know its files later.
    is_temporary: bool,
}

/// A file that is not whole yet. It is removed with this value, unless it was put in its place.
#[derive(Debug)]
pub(super) struct Unfinished {
    /// Open until it is in its place.
    pub(super) file: Option<File>,
    path: PathBuf,
}

impl Folder {
    pub(super) fn open(home: &Path) -> Result<Self> {
        let is_temporary = !cfg!(feature = "store");
        let path = if is_temporary {
            temporary_folder(home)
        } else {
            home.join(super::FOLDER)
        };
        let incoming = path.join(INCOMING);
        create_private_dir(&path)?;
        create_private_dir(&incoming)?;
        expect_no_link(&incoming)?;
        let left = files_in(&incoming).map_err(Error::file("read the folder", &incoming))?;
        for left in left.iter().filter(|file| is_unfinished(file)) {
            remove_if_there(left).map_err(Error::file("remove", left))?;
        }
        Ok(Self { path, is_temporary })
    }

    /// The place of a file.
    pub(super) fn place(&self, id: MediaId) -> PathBuf {
        let name = id.to_string();
        self.path.join(&name[..2]).join(name)
    }

    /// Opens a file. What else somebody put at its place is none: opening a pipe would wait for ever.
    pub(super) fn read(&self, id: MediaId) -> io::Result<File> {
        let place = self.place(id);
        if fs::symlink_metadata(&place)?.is_file() {
            File::open(place)
        } else {
            Err(io::Error::other("no regular file"))
        }
    }

    /// Whether a file is at its place.
    pub(super) fn has(&self, id: MediaId) -> bool {
        fs::symlink_metadata(self.place(id)).is_ok_and(|found| found.is_file())
    }

    /// Whether no file is at any place.
    pub(super) fn is_empty(&self) -> bool {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        entries.count() <= 1
    }

    /// A new file beside the others.
    pub(super) fn begin(&self) -> io::Result<Unfinished> {
        let name = random::hex(&random::bytes::<UNFINISHED>());
        let path = self.path.join(INCOMING).join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = Some(private(&mut options).open(&path)?);
        Ok(Unfinished { file, path })
    }

    /// Puts a whole file in its place, so that it is there after a power cut.
    pub(super) fn put(&self, mut unfinished: Unfinished, id: MediaId) -> io::Result<()> {
        if let Some(file) = unfinished.file.take() {
            file.sync_all()?;
        }
        let place = self.place(id);
        if let Some(folder) = place.parent().filter(|folder| !folder.exists()) {
            create_private_dir(folder).map_err(as_io)?;
            sync_folder_of(folder)?;
        }
        rename_lasting(&unfinished.path, &place).map_err(as_io)
    }

    /// Removes a file.
    pub(super) fn remove(&self, id: MediaId) -> io::Result<()> {
        remove_if_there(&self.place(id))
    }

    /// Every file in its place. Others in the folder are left alone.
    pub(super) fn list(&self) -> io::Result<Vec<MediaId>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let folder = entry?;
            let is_ours = folder.file_name().len() == 2 && folder.file_type()?.is_dir();
            for file in if is_ours {
                files_in(&folder.path())?
            } else {
                Vec::new()
            } {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                ids.extend(name.parse::<MediaId>().ok());
            }
        }
        Ok(ids)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Closed first: Windows removes no open file.
        drop(self.file.take());
        let _ = remove_if_there(&self.path);
    }
}

/// Files elsewhere could not be moved into their place, and are none of ours to remove.
fn expect_no_link(incoming: &Path) -> Result<()> {
    let found = fs::symlink_metadata(incoming).map_err(Error::file("read the folder", incoming))?;
    if !found.is_symlink() {
        return Ok(());
    }
    let text = format!(
        "{} is a link; remove it (the folder around it may be one)",
        incoming.display()
    );
    Err(Error::Config(text))
}

/// Whether a file is one that was begun here.
fn is_unfinished(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    random::is_hex(&name, UNFINISHED)
}

/// The folder of a run without a store: the same for each run of a home, so that the next one removes what
/// a killed one left.
fn temporary_folder(home: &Path) -> PathBuf {
    let hash = Sha256::digest(home.as_os_str().as_encoded_bytes());
    let name = format!("cleudocodebot-media-{}", random::hex(&hash[..6]));
    let path = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

/// What the system said, which tells a full disk from others.
fn as_io(error: Error) -> io::Error {
    match error {
        Error::File { source, .. } => source,
        other => io::Error::other(other),
    }
}

/// The regular files of a folder.
fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}
