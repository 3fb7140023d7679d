//! `.env` files on disk: read only if private, written atomically.

use std::{
    io::{self, Read as _},
    path::Path,
};

use super::{Document, ParseError};
use crate::{
    error::{Error, Result},
    fs,
};

/// Longest `.env` accepted; anything longer is some other file.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Reads a file; `None` if it does not exist. Refuses a file that others than its owner can access.
pub fn read_file(path: &Path) -> Result<Option<Document>> {
    let Some(bytes) = read_private(path)? else {
        return Ok(None);
    };
    decode(&bytes)
        .and_then(Document::parse)
        .map(Some)
        .map_err(|error| in_file(path, &error))
}

/// The text of a file that is there, whoever else may read it and whether or not it can be parsed.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = read_bounded(path)?;
    let text = decode(&bytes).map_err(|error| in_file(path, &error))?;
    Ok(text.to_owned())
}

/// Reads a file, lets `edit` change it and writes it back atomically, accessible to the owner only. A
/// missing file counts as empty; a file that `edit` did not change is not written.
pub fn edit_file<T>(path: &Path, edit: impl FnOnce(&mut Document) -> Result<T>) -> Result<T> {
    let mut document = read_file(path)?.unwrap_or_default();
    let before = document.to_string();
    let outcome = edit(&mut document)?;
    let after = document.to_string();
    if after != before {
        write(path, &after)?;
    }
    Ok(outcome)
}

/// Writes a file, following a symbolic link, so that the link survives. Creates the folder if needed.
pub(in crate::config) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        fs::create_private_dir(folder)?;
    }
    match path.canonicalize() {
        Ok(target) => fs::write_atomic(&target, text.as_bytes()),
        Err(_) => fs::write_atomic(path, text.as_bytes()),
    }
}

/// A parse error with the file's name.
pub(in crate::config) fn in_file(path: &Path, error: &ParseError) -> Error {
    Error::Config(format!("{}:{error}", path.display()))
}

fn read_private(path: &Path) -> Result<Option<Vec<u8>>> {
    if path.is_dir() {
        let shown = path.display();
        let text = format!("{shown} is a folder; name the file in it");
        return Err(Error::Config(text));
    }
    if path.exists() && !path.is_file() {
        let shown = path.display();
        let text =
            format!("{shown} is a pipe or a device; settings are read from files alone, name one");
        return Err(Error::Config(text));
    }
    match fs::foreign_permissions(path) {
        Ok(None) => {}
        Ok(Some(mode)) => return Err(open_to_others(path, mode)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
            let shown = path.display();
            let text =
                format!("{shown} is a link to nothing; make the file it names, or remove it");
            return Err(Error::Config(text));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("read the file", path)(error)),
    }
    read_bounded(path).map(Some)
}

/// All of a file that is there, where it is one and no longer than settings are.
fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::open_regular(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(Error::file("read the file", path))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::Config(format!(
            "{} is longer than {MAX_FILE_BYTES} bytes, which no .env is; name the right file",
            path.display()
        )));
    }
    Ok(bytes)
}

fn open_to_others(path: &Path, mode: u32) -> Error {
    let shown = path.display().to_string();
    let quoted = shown.replace('\'', "'\\''");
    Error::Config(format!(
        "{shown} holds secrets and is open to others than its owner (mode {mode:o}); \
         run: chmod 600 '{quoted}'"
    ))
}

fn decode(bytes: &[u8]) -> Result<&str, ParseError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        let before = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
        let message = format!(
            "byte 0x{:02X} is not UTF-8; save the file as UTF-8",
            bytes[valid]
        );
        ParseError::at(before, valid, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::scratch::Scratch;

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_no_missing_file() {
        let folder = Scratch::new();
        let file = folder.path().join(".env");
        std::os::unix::fs::symlink(folder.path().join("gone"), &file).expect("a link");
        let refused = read_file(&file).map(drop).expect_err("a link");
        assert_eq!(refused.exit_code(), 78);
        assert!(
            refused.to_string().contains("is a link to nothing"),
            "{refused}"
        );
    }

    #[test]
    fn a_missing_file_is_none_and_editing_creates_it_private() {
        let folder = Scratch::new();
        let file = folder.path().join("home").join(".env");
        assert!(read_file(&file).expect("no error").is_none());
        edit_file(&file, |document| document.set("A", "1")).expect("created");
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "A=1\n");
        assert_eq!(fs::foreign_permissions(&file).expect("seen"), None);
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_named_with_their_place() {
        let folder = Scratch::new();
        let file = folder.private_file(".env", b"A=1\nB=\xc3\xa4\xff\n");
        let error = read_file(&file).expect_err("refused").to_string();
        let place = format!("{}:2:4: byte 0xFF is not UTF-8", file.display());
        assert!(error.starts_with(&place), "{error}");
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = Scratch::new();
        let error = read_file(folder.path()).expect_err("refused");
        assert!(error.to_string().ends_with("name the file in it"));
    }

    #[cfg(unix)]
    #[test]
    fn what_would_be_waited_for_or_has_no_end_is_no_file() {
        let folder = Scratch::new();
        let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo").success());
        std::os::unix::fs::symlink("/dev/zero", &link).expect("a link");
        for path in [&pipe, &link, Path::new("/dev/null")] {
            let refused = read_file(path).map(drop).expect_err("no file").to_string();
            assert!(refused.contains("is a pipe or a device"), "{refused}");
            assert!(read_text(path).is_err(), "{}", path.display());
        }
    }

    #[test]
    fn a_file_that_is_too_long_is_refused() {
        let folder = Scratch::new();
        let long = vec![b'#'; usize::try_from(MAX_FILE_BYTES).expect("fits") + 1];
        let file = folder.private_file(".env", &long);
        assert!(matches!(read_file(&file), Err(Error::Config(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_others_can_read_is_refused_with_the_line_to_run() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Scratch::new();
        let file = folder.private_file("it's.env", b"A=1\n");
        for mode in [0o640, 0o604, 0o644] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
            let error = read_file(&file).expect_err("refused");
            let line = format!(
                "run: chmod 600 '{}'",
                file.display().to_string().replace('\'', "'\\''")
            );
            assert!(error.to_string().ends_with(&line), "{error}");
            assert_eq!(error.exit_code(), 78);
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_edit_without_a_change_leaves_the_very_same_file() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = Scratch::new();
        let file = folder.private_file(".env", b"A='1'\r\n");
        let inode = || std::fs::metadata(&file).expect("seen").ino();
        let before = inode();
        edit_file(&file, |document| document.set("A", "1")).expect("edited");
        assert_eq!(inode(), before);
        assert_eq!(std::fs::read(&file).expect("read"), b"A='1'\r\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_file_stays_linked() {
        let folder = Scratch::new();
        let target = folder.private_file("target.env", b"A=1\n");
        let link = folder.path().join(".env");
        std::os::unix::fs::symlink(&target, &link).expect("linked");
        edit_file(&link, |document| document.set("A", "2")).expect("edited");
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&target).expect("read"), "A=2\n");
    }
}
