//! The file operations of an installation that need more than one call of the standard library.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    fs as files, random,
};

/// Renames a program into the folder for temporary files and returns its new path. Windows does not
/// delete or replace the file of a running program, but lets it be renamed.
pub(in crate::service) fn set_aside(program: &Path) -> io::Result<PathBuf> {
    let name = random::hex(&random::bytes::<6>());
    let aside = std::env::temp_dir().join(format!("cleudocodebot-{name}.old"));
    fs::rename(program, &aside)?;
    Ok(aside)
}

pub(super) fn create_parent(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(Error::file("create the folder", folder))
}

/// Reads both files whole: they are programs of a few megabytes.
pub(in crate::service) fn have_same_content(one: &Path, other: &Path) -> Result<bool> {
    let length = |path: &Path| fs::metadata(path).map(|metadata| metadata.len()).ok();
    if length(other).is_none() || length(one) != length(other) {
        return Ok(false);
    }
    let read = |path: &Path| fs::read(path).map_err(Error::file("read the file", path));
    Ok(read(one)? == read(other)?)
}

/// Copies a program, also over one that is running.
pub(super) fn copy_program(from: &Path, to: &Path) -> Result<()> {
    create_parent(to)?;
    files::copy_program(from, to).or_else(|error| {
        set_aside(to).map_err(|_| error)?;
        files::copy_program(from, to)
    })
}

/// Makes a symbolic link to a program.
#[cfg(unix)]
pub(super) fn link_program(to: &Path, link: &Path) -> Result<()> {
    create_parent(link)?;
    std::os::unix::fs::symlink(to, link).map_err(Error::file("create the link", link))
}

/// Windows needs a right for links that users lack, so there programs are copied only.
#[cfg(not(unix))]
pub(super) fn link_program(to: &Path, link: &Path) -> Result<()> {
    copy_program(to, link)
}

/// Removes the temporary files of interrupted writes to `name` for which `is_abandoned` holds. What
/// cannot be removed is left: it does no harm but take space.
pub(in crate::service) fn remove_temporary_files(
    folder: &Path,
    name: &OsStr,
    is_abandoned: impl Fn(&fs::DirEntry) -> bool,
) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if files::is_temporary_for(&entry.file_name(), name) && is_abandoned(&entry) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
