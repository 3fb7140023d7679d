//! How the file was when it was closed in order: its length and checksums of all of it, in a file beside it. One that
//! still is the same was verified before, and need not be again: reading it once is a fifth of the work.
//!
//! The note says nothing but what it was taken of, so it needs no order of writes: after a crash, on a disk that lost
//! something, or beside another file it does not fit, and everything is verified (`file`).

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use super::disk::StoreFile;
use crate::fs::{beside, create_private_file, expect_no_pipe, remove_if_there};

/// What one checksum is of.
const PART: usize = 1024 * 1024;

/// The first line of a note.
const HEADING: &str = "closed-in-order";

fn note_of(path: &Path) -> PathBuf {
    beside(path, ".closed")
}

/// Notes how the file is. Nobody may have it open to write.
pub(super) fn note(path: &Path, file: &StoreFile) {
    if file.is_suspect() {
        return;
    }
    let place = note_of(path);
    // Without a note the next start takes longer, that is all.
    if let Ok(note) = taken(file)
        && create_private_file(&place).is_ok()
    {
        let _ = fs::write(&place, note);
    }
}

/// Whether the file is as it was closed. The note is gone then: what is written from here on it does not know.
pub(super) fn is_as_noted(path: &Path, file: &StoreFile) -> bool {
    let note = note_of(path);
    let noted = expect_no_pipe(&note).and_then(|()| fs::read(&note));
    let fits = noted.is_ok_and(|noted| taken(file).is_ok_and(|now| now == noted));
    remove_if_there(&note).is_ok() && fits
}

/// The note of the file as it reads now.
fn taken(file: &StoreFile) -> io::Result<Vec<u8>> {
    let mut note = format!("{HEADING}\n{}\n", file.length());
    let mut part = vec![0; PART];
    let mut offset = 0;
    while offset < file.length() {
        let rest = usize::try_from(file.length() - offset).unwrap_or(PART);
        let part = &mut part[..rest.min(PART)];
        file.read_at(offset, part)?;
        let _ = writeln!(note, "{:08x}", crc32fast::hash(part));
        offset += part.len() as u64;
    }
    Ok(note.into_bytes())
}

#[cfg(test)]
mod tests {
    use ::redb::{StorageBackend as _, backends::InMemoryBackend};

    use super::*;
    use crate::{random, store::backend::redb::disk::OpenedFile};

    #[test]
    fn a_file_is_as_noted_until_a_bit_of_it_is_another() {
        let name = format!(
            "cleudocodebot-closed-{}",
            random::hex(&random::bytes::<8>())
        );
        let path = std::env::temp_dir().join(name);
        let length = PART as u64 * 2 + 5;
        let storage = InMemoryBackend::new();
        storage.set_len(length).expect("room");
        let file = StoreFile::new(&path, Box::new(storage)).expect("a file");
        let opened = OpenedFile(file.clone());
        assert!(!is_as_noted(&path, &file), "none was taken");
        note(&path, &file);
        assert!(is_as_noted(&path, &file));
        assert!(!is_as_noted(&path, &file), "it is gone");
        for offset in [0, PART as u64, length - 1] {
            note(&path, &file);
            opened.write(offset, &[1]).expect("written");
            assert!(!is_as_noted(&path, &file), "changed at {offset}");
        }
        note(&path, &file);
        opened.set_len(length - 1).expect("shorter");
        assert!(!is_as_noted(&path, &file));
    }
}
