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

/// The end of the name of a program that was set aside.
const ASIDE: &str = "old";

/// How many random bytes make such a name its own.
const UNIQUE: usize = 6;

/// Renames a program into the folder for temporary files and returns its new path. Windows does not
/// delete or replace the file of a running program, but lets it be renamed.
pub(in crate::service) fn set_aside(program: &Path) -> io::Result<PathBuf> {
    set_aside_in(&std::env::temp_dir(), program)
}

/// Beside the program where that folder is on another drive, to which nothing can be renamed.
fn set_aside_in(folder: &Path, program: &Path) -> io::Result<PathBuf> {
    let unique = random::hex(&random::bytes::<UNIQUE>());
    let name = format!("cleudocodebot-{unique}.{ASIDE}");
    let (elsewhere, beside) = (folder.join(&name), program.with_file_name(&name));
    if fs::rename(program, &elsewhere).is_ok() {
        return Ok(elsewhere);
    }
    fs::rename(program, &beside)?;
    Ok(beside)
}

/// Removes the programs that were set aside beside this one, and by now do not run any more.
pub(in crate::service) fn remove_set_aside(program: &Path) {
    let entries = program
        .parent()
        .and_then(|folder| fs::read_dir(folder).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let path = entry.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let unique = stem.strip_prefix("cleudocodebot-").unwrap_or_default();
        if random::is_hex(unique, UNIQUE) && path.extension() == Some(OsStr::new(ASIDE)) {
            let _ = fs::remove_file(path);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::scratch::Scratch;

    #[test]
    fn a_program_is_set_aside_beside_itself_where_it_cannot_be_elsewhere_and_goes_later() {
        let folder = Scratch::new();
        let program = folder.path().join("cleudocodebot.exe");
        let elsewhere = folder.path().join("elsewhere");
        for place in [folder.path(), &elsewhere] {
            fs::write(&program, "a program").expect("written");
            let aside = set_aside_in(&elsewhere, &program).expect("aside");
            assert_eq!(aside.parent(), Some(place));
            assert!(aside.is_file() && !program.exists());
            fs::create_dir_all(&elsewhere).expect("made");
        }
        fs::remove_dir_all(&elsewhere).expect("removed");
        fs::write(folder.path().join("cleudocodebot-mine.old"), "").expect("written");
        remove_set_aside(&program);
        let left = fs::read_dir(folder.path()).expect("read").flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["cleudocodebot-mine.old"]);
    }
}
