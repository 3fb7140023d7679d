//! A log file of bounded size: at 1 MiB it becomes `.1`, and the older ones move up.
//!
//! Not here: what is written into it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    fs as files,
};

/// A file is moved aside when it reaches this many bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Old files kept, as `daemon.log.1` (youngest) to `daemon.log.3`.
const KEPT: u32 = 3;

pub(super) struct RotatingFile {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl RotatingFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            files::create_private_dir(folder)?;
        }
        Self::append_to(path).map_err(Error::file("open the log file", path))
    }

    fn append_to(path: &Path) -> io::Result<Self> {
        let file = files::open_private_append(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            bytes,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Goes on with the file that is at the path now.
    pub(super) fn reopen(&mut self) -> Result<()> {
        *self = Self::open(&self.path)?;
        Ok(())
    }

    pub(super) fn write_line(&mut self, text: &str) -> io::Result<()> {
        // If it cannot be rotated, let it grow for another 1 MiB rather than stop logging.
        if self.bytes >= MAX_BYTES && self.rotate().is_err() {
            self.bytes = 0;
        }
        self.file.write_all(format!("{text}\n").as_bytes())?;
        self.bytes += text.len() as u64 + 1;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for n in (1..KEPT).rev() {
            let _ = fs::rename(numbered(&self.path, n), numbered(&self.path, n + 1));
        }
        fs::rename(&self.path, numbered(&self.path, 1))?;
        *self = Self::append_to(&self.path)?;
        Ok(())
    }
}

fn numbered(path: &Path, n: u32) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(format!(".{n}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::scratch::Scratch;

    #[test]
    fn a_full_file_is_rotated_and_the_oldest_deleted() {
        let folder = Scratch::new();
        let path = folder.path().join("daemon.log");
        let mut log = RotatingFile::open(&path).expect("opened");
        let line = "x".repeat(usize::try_from(MAX_BYTES).expect("small"));
        for _ in 0..6 {
            log.write_line(&line).expect("written");
        }
        assert_eq!(
            fs::read_dir(folder.path()).expect("listed").count(),
            1 + KEPT as usize
        );
        assert!(fs::metadata(&path).expect("there").len() <= MAX_BYTES + 1);
    }
}
