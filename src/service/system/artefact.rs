//! An artefact is a file that an installation writes. It is sealed, so that a later run can distinguish
//! it from a file that somebody else wrote or that was edited.
//!
//! The seal is a marker and a checksum on one line of the file. It is no protection against an attacker;
//! it only answers whether we wrote the file and whether it still is as we wrote it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::utf16;
use crate::error::{Error, Result};

/// The marker in front of the checksum.
const MARK: &str = "cleudocodebot-install ";

/// Hexadecimal digits of the checksum.
const DIGITS: usize = 16;

/// The placeholder that the renderers put where the seal belongs.
pub const SEAL: &str = "cleudocodebot-install ????????????????";

/// A file as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    /// Its path.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Where a file that must not be lost is moved to.
    pub backup: PathBuf,
}

/// What is found at the path of an artefact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtefactState {
    /// Nothing.
    Missing,
    /// The same bytes.
    Same,
    /// A file that we wrote with other settings or in another version.
    Outdated,
    /// A file that we wrote and that was edited.
    Edited,
    /// A file that we did not write.
    Foreign,
}

impl ArtefactState {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Same => "same",
            Self::Outdated => "outdated",
            Self::Edited => "edited",
            Self::Foreign => "foreign",
        }
    }
}

impl Artefact {
    /// A text file; `text` holds [`SEAL`] once.
    pub fn text(path: PathBuf, text: &str) -> Self {
        Self::new(path, sealed(text).into_bytes())
    }

    /// A text file in UTF-16LE with a byte order mark.
    pub fn utf16(path: PathBuf, text: &str) -> Self {
        Self::new(path, utf16::encode(&sealed(text)))
    }

    fn new(path: PathBuf, bytes: Vec<u8>) -> Self {
        let mut backup = path.clone().into_os_string();
        backup.push(".bak");
        Self {
            path,
            bytes,
            backup: backup.into(),
        }
    }

    /// Moves the backup to another folder: the Start-up folder would run it.
    #[must_use]
    pub fn backed_up_in(mut self, folder: &Path) -> Self {
        if let Some(name) = self.backup.file_name() {
            self.backup = folder.join(name);
        }
        self
    }

    /// Its text, for the user to read.
    pub fn shown(&self) -> String {
        readable(&self.bytes)
    }

    /// What is at its path now.
    pub fn state(&self) -> Result<ArtefactState> {
        match read(&self.path)? {
            None => Ok(ArtefactState::Missing),
            Some(bytes) if bytes == self.bytes => Ok(ArtefactState::Same),
            Some(bytes) => Ok(origin(&bytes)),
        }
    }
}

/// Whether we wrote the file at this path. Never `Same`, because there is nothing to compare it with.
pub fn origin_of(path: &Path) -> Result<ArtefactState> {
    Ok(read(path)?.map_or(ArtefactState::Missing, |bytes| origin(&bytes)))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // A parent is a file: there is nothing at the path, and writing to it will report why.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(Error::file("read the file", path)(error)),
    }
}

fn origin(bytes: &[u8]) -> ArtefactState {
    let text = readable(bytes);
    // A lossy conversion could make edited bytes look as we wrote them.
    let is_text = std::str::from_utf8(bytes).is_ok() || utf16::decode(bytes).is_some();
    match text.find(MARK) {
        None => ArtefactState::Foreign,
        Some(_) if is_text && sealed(&text) == text => ArtefactState::Outdated,
        Some(_) => ArtefactState::Edited,
    }
}

fn readable(bytes: &[u8]) -> String {
    utf16::decode(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

/// The text with the checksum in the place after the marker, whatever is there now.
fn sealed(text: &str) -> String {
    let Some(start) = text.find(MARK).map(|at| at + MARK.len()) else {
        return text.to_owned();
    };
    let (before, rest) = text.split_at(start);
    let after = rest
        .char_indices()
        .nth(DIGITS)
        .map_or("", |(end, _)| &rest[end..]);
    let sum = fnv1a(before.bytes().chain(after.bytes()));
    format!("{before}{sum:016x}{after}")
}

/// FNV-1a with 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(rest: &str) -> Artefact {
        Artefact::text("/unused".into(), &format!("# {SEAL}\n{rest}"))
    }

    #[test]
    fn a_sealed_file_is_recognised_in_both_encodings() {
        let wide = Artefact::utf16("/unused".into(), &format!("<!-- {SEAL} -->\r\nä"));
        for artefact in [text("a\n"), wide] {
            assert_eq!(origin(&artefact.bytes), ArtefactState::Outdated);
            assert!(!String::from_utf8_lossy(&artefact.bytes).contains('?'));
        }
        assert_eq!(origin(b"[Unit]\n"), ArtefactState::Foreign);
        assert_eq!(origin(MARK.as_bytes()), ArtefactState::Edited);
    }

    #[test]
    fn a_backup_is_beside_or_in_the_given_folder() {
        let artefact = Artefact::text("/a/b.bat".into(), "");
        assert_eq!(artefact.backup, Path::new("/a/b.bat.bak"));
        let elsewhere = artefact.backed_up_in(Path::new("/c"));
        assert_eq!(elsewhere.backup, Path::new("/c/b.bat.bak"));
    }

    proptest! {
        #[test]
        fn changing_any_byte_breaks_the_seal(rest in "\\PC{0,40}", place: prop::sample::Index, to: u8) {
            let whole = text(&rest).bytes;
            let mut changed = whole.clone();
            *place.get_mut(&mut changed) = to;
            // Without the marker the file counts as foreign.
            let expected = |state| matches!(state, ArtefactState::Edited | ArtefactState::Foreign);
            prop_assert!(changed == whole || expected(origin(&changed)));
        }
    }
}
