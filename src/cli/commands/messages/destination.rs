//! Where a file is written that was asked for: under a name that is free, at a path, or to standard output.
//!
//! Names come from whoever sent the file: nothing that is there is written over unless the user named it, and
//! a file that does not come whole leaves nothing.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    fs::private,
    random,
};

/// How many names are tried where files of the same name are there.
const MAX_TRIES: u32 = 100;

/// What is written to.
pub(in crate::cli) enum Destination {
    /// Standard output.
    Output(io::Stdout),
    /// Something that is there and no file, such as a device or a pipe.
    Other(File),
    /// A new file. It is removed with this value, unless all came.
    File {
        /// Open until all came.
        file: Option<File>,
        /// Where it is now.
        written: PathBuf,
        /// Where it shall be.
        path: PathBuf,
    },
}

impl Destination {
    /// A new file of this name in this folder; a number is added where it is taken.
    pub(in crate::cli) fn named(name: &str) -> Result<Self> {
        let name = Path::new(name);
        let stem = name.file_stem().unwrap_or_default().to_string_lossy();
        let ending = name
            .extension()
            .map(|ending| format!(".{}", ending.to_string_lossy()));
        let ending = ending.unwrap_or_default();
        for number in 1..=MAX_TRIES {
            let path = match number {
                1 => name.to_owned(),
                _ => name.with_file_name(format!("{stem} ({number}){ending}")),
            };
            match create_new(&path) {
                Ok(file) => {
                    return Ok(Self::File {
                        file: Some(file),
                        written: path.clone(),
                        path,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::file("write", &path)(error)),
            }
        }
        let name = name.display();
        let text =
            format!("{name} and {MAX_TRIES} like it are there already; say with -o where to write");
        Err(Error::Failed(text))
    }

    /// What the user named: `-`, something that is there, or a file, which is replaced once all came.
    pub(in crate::cli) fn at(path: &Path, is_watched: bool) -> Result<Self> {
        if path == Path::new("-") {
            let text = "a file is not for a terminal; write it elsewhere: media get ID -o FILE";
            let refused = || Error::Usage(text.to_owned());
            return (!is_watched)
                .then(|| Self::Output(io::stdout()))
                .ok_or_else(refused);
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let failed = |path: &Path| Error::file("write", path.to_owned());
        if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            let other = OpenOptions::new().write(true).open(&path);
            return other.map(Self::Other).map_err(failed(&path));
        }
        let name = format!(".cleudocodebot-{}", random::hex(&random::bytes::<6>()));
        let written = path.with_file_name(name);
        let file = create_new(&written).map_err(failed(&path))?;
        Ok(Self::File {
            file: Some(file),
            written,
            path,
        })
    }

    /// Fails where a file would be replaced: its name may have been meant for something else. What is written through,
    /// such as a device, is none.
    pub(in crate::cli) fn expect_free(path: &Path) -> Result<()> {
        if !Self::replaces(path)? {
            return Ok(());
        }
        Err(Error::Failed(format!(
            "{} is there already; name another file, or replace it with --force",
            path.display()
        )))
    }

    /// Whether a file would be replaced. Fails where a link would be that leads to nothing now, as to a disk that is not
    /// there.
    pub(in crate::cli) fn replaces(path: &Path) -> Result<bool> {
        if !path.is_symlink() || path.exists() {
            return Ok(path != Path::new("-") && path.is_file());
        }
        Err(Error::Failed(format!(
            "{} is a link to nothing; name another file, or replace it with --force",
            path.display()
        )))
    }

    /// Where a file is written that can be read back.
    #[cfg(feature = "store")]
    pub(in crate::cli) fn written(&self) -> Option<&Path> {
        match self {
            Self::File { written, .. } => Some(written),
            _ => None,
        }
    }

    /// All came. The path, where there is one.
    pub(in crate::cli) fn finish(mut self) -> Result<Option<PathBuf>> {
        match &mut self {
            Self::Output(output) => {
                let failed =
                    |error| Error::Failed(format!("cannot write to standard output: {error}"));
                output.flush().map(|()| None).map_err(failed)
            }
            Self::Other(_) => Ok(None),
            Self::File {
                file,
                written,
                path,
            } => {
                if let Some(file) = file.take() {
                    let synced = file.sync_all();
                    if synced.is_err() {
                        let _ = fs::remove_file(&*written);
                    }
                    synced.map_err(Error::file("write", &*path))?;
                }
                if written != path {
                    let placed = fs::rename(&*written, &*path);
                    if placed.is_err() {
                        let _ = fs::remove_file(&*written);
                    }
                    placed.map_err(Error::file("write", &*path))?;
                }
                Ok(Some(path.clone()))
            }
        }
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    // What is fetched is somebody's words, or a backup with the token in it.
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

impl Drop for Destination {
    fn drop(&mut self) {
        if let Self::File { file, written, .. } = self
            && file.take().is_some()
        {
            let _ = fs::remove_file(written);
        }
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Output(output) => output.write(bytes),
            Self::Other(file)
            | Self::File {
                file: Some(file), ..
            } => file.write(bytes),
            Self::File { file: None, .. } => Ok(0),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Output(output) => output.flush(),
            Self::Other(file)
            | Self::File {
                file: Some(file), ..
            } => file.flush(),
            Self::File { file: None, .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::scratch::Scratch;

    fn write(destination: Result<Destination>, text: &[u8]) -> PathBuf {
        let mut destination = destination.expect("opened");
        destination.write_all(text).expect("written");
        destination.finish().expect("finished").expect("a path")
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let scratch = Scratch::new();
        let name = scratch.path().join("a.png");
        let name = name.to_str().expect("UTF-8");
        assert_eq!(
            write(Destination::named(name), b"1"),
            scratch.path().join("a.png")
        );
        let mode = crate::fs::foreign_permissions(Path::new(name));
        assert_eq!(mode.expect("its mode"), None, "only the owner reads it");
        let second = scratch.path().join("a (2).png");
        assert_eq!(write(Destination::named(name), b"2"), second);
        assert_eq!(fs::read(scratch.path().join("a.png")).expect("there"), b"1");
    }

    #[test]
    fn what_does_not_come_whole_leaves_nothing() {
        let scratch = Scratch::new();
        let kept = scratch.path().join("kept");
        fs::write(&kept, b"before").expect("written");
        let mut half = Destination::at(&kept, false).expect("opened");
        half.write_all(b"half").expect("written");
        drop(half);
        assert_eq!(fs::read(&kept).expect("there"), b"before");
        assert_eq!(fs::read_dir(scratch.path()).expect("listed").count(), 1);
        assert_eq!(write(Destination::at(&kept, false), b"after"), kept);
        assert_eq!(fs::read(&kept).expect("there"), b"after");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_there_is_not_free_but_for_devices() {
        let scratch = Scratch::new();
        let (file, dead) = (scratch.path().join("file"), scratch.path().join("dead"));
        let is_free = |path: &Path| Destination::expect_free(path).is_ok();
        assert!(is_free(&file) && is_free(Path::new("-")) && is_free(Path::new("/dev/null")));
        fs::write(&file, b"before").expect("written");
        let link = scratch.path().join("link");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        std::os::unix::fs::symlink(scratch.path().join("gone"), &dead).expect("linked");
        for taken in [&file, &link, &dead] {
            assert!(!is_free(taken), "{}", taken.display());
        }
        assert!(Destination::replaces(&link).expect("a link to a file"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_leads_to_the_file() {
        let scratch = Scratch::new();
        let (file, link) = (scratch.path().join("file"), scratch.path().join("link"));
        fs::write(&file, b"before").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        write(Destination::at(&link, false), b"after");
        assert_eq!(fs::read(&file).expect("there"), b"after");
        assert!(link.symlink_metadata().expect("there").is_symlink());
        assert!(Destination::at(scratch.path(), false).is_err(), "a folder");
    }
}
