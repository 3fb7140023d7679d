//! What is in the place of the file: what may be opened at all, and whether it is still there.
//!
//! Not here: what is in the file (`file`).

use std::{fs, io, path::Path};

use super::file::not_ours;
use crate::error::{Error, Result};

/// What stands where the file should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing: a new file may be made.
    Free,
    /// A file with content.
    File,
}

/// Looks at the place of the file before anything is opened there: a pipe would wait for a writer, and
/// an empty file or a link to nowhere is what is left of messages, never the start of a new store.
pub(super) fn inspect(path: &Path) -> Result<Place> {
    let link = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::Free),
        other => other.map_err(Error::file("look at", path))?,
    };
    let file = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && link.is_symlink() => {
            return Err(not_ours(path, "a link to a file that is not there"));
        }
        other => other.map_err(Error::file("look at", path))?,
    };
    if file.is_dir() {
        return Err(not_ours(path, "a folder"));
    }
    if !file.is_file() {
        return Err(not_ours(path, "no regular file"));
    }
    if file.len() == 0 {
        return Err(not_ours(path, "empty, which no message file ever is"));
    }
    check_owner(path, &file)?;
    Ok(Place::File)
}

/// Refuses a file of somebody who owns neither the folder nor the machine: it says what they want.
#[cfg(unix)]
fn check_owner(path: &Path, file: &fs::Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let folder = path.parent().map(fs::metadata);
    let Some(Ok(folder)) = folder else {
        return Ok(());
    };
    if file.uid() == folder.uid() || file.uid() == 0 {
        return Ok(());
    }
    let what = format!(
        "the file of another user ({}), while its folder is that of {}",
        file.uid(),
        folder.uid()
    );
    Err(not_ours(path, &what))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same call on every system")]
fn check_owner(_path: &Path, _file: &fs::Metadata) -> Result<()> {
    Ok(())
}

/// Which file this is, to find out whether the path still leads to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    #[cfg(unix)]
    numbers: (u64, u64),
}

/// The file the path leads to now.
pub(super) fn identity(path: &Path) -> io::Result<Identity> {
    let file = fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Ok(Identity {
            numbers: (file.dev(), file.ino()),
        })
    }
    // Elsewhere the system keeps an open file from being replaced, so that it is enough to be there.
    #[cfg(not(unix))]
    {
        drop(file);
        Ok(Identity {})
    }
}

/// Why the file that was opened is no longer the one at its path, if so.
pub(super) fn trouble_at(path: &Path, opened: Identity) -> Option<String> {
    let shown = path.display();
    let what = match identity(path) {
        Ok(now) if now == opened => return None,
        Ok(_) => "was replaced by another file",
        Err(error) if error.kind() == io::ErrorKind::NotFound => "was deleted or moved away",
        // Whether it is there cannot be told at the moment, as without permission for the folder.
        Err(_) => return None,
    };
    Some(format!(
        "{shown} {what} while the daemon runs; put it back, or restart the daemon"
    ))
}
