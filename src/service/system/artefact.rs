//! A file that an installation leaves: sealed, so that a later run can tell its own work from a file
//! that somebody wrote or changed.
//!
//! The seal is a mark and a checksum on one line of the file. It proves nothing to an enemy; it only
//! answers "did we write this, and is it still what we wrote?".

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::utf16;
use crate::error::{Error, Result};

/// What every file of ours has in one of its lines, a checksum behind it.
const MARK: &str = "cleudocodebot-install ";

/// Hexadecimal digits of the checksum.
const DIGITS: usize = 16;

/// What renderers put where the seal shall stand.
pub const SEAL: &str = "cleudocodebot-install ????????????????";

/// A file as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    /// Where it stands.
    pub path: PathBuf,
    /// What it holds, byte for byte.
    pub bytes: Vec<u8>,
    /// Where a file that stood there goes when it is forced aside.
    pub backup: PathBuf,
}

/// What stands where an artefact shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtefactState {
    /// Nothing.
    Missing,
    /// The very same bytes.
    Same,
    /// A file that we wrote, from other settings or an older version.
    Outdated,
    /// A file that we wrote and somebody changed.
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

    /// The same file, with its backup in another folder: some folders run whatever stands in them.
    #[must_use]
    pub fn backed_up_in(mut self, folder: &Path) -> Self {
        if let Some(name) = self.backup.file_name() {
            self.backup = folder.join(name);
        }
        self
    }

    /// Its text, for a person to read.
    pub fn shown(&self) -> String {
        readable(&self.bytes)
    }

    /// What stands there now.
    pub fn state(&self) -> Result<ArtefactState> {
        match read(&self.path)? {
            None => Ok(ArtefactState::Missing),
            Some(bytes) if bytes == self.bytes => Ok(ArtefactState::Same),
            Some(bytes) => Ok(origin(&bytes)),
        }
    }
}

/// Whether we wrote the file at this path, as it stands; `Missing` where there is none.
pub fn origin_of(path: &Path) -> Result<ArtefactState> {
    Ok(read(path)?.map_or(ArtefactState::Missing, |bytes| origin(&bytes)))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // A parent that is a file: nothing stands there, and writing will say why it cannot.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

fn origin(bytes: &[u8]) -> ArtefactState {
    let text = readable(bytes);
    // Bytes that are no text are shown as something else, and so never what we wrote.
    let exact = std::str::from_utf8(bytes).is_ok() || utf16::decode(bytes).is_some();
    match text.find(MARK) {
        None => ArtefactState::Foreign,
        Some(_) if exact && sealed(&text) == text => ArtefactState::Outdated,
        Some(_) => ArtefactState::Edited,
    }
}

fn readable(bytes: &[u8]) -> String {
    utf16::decode(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

/// The text with its checksum in place of whatever stands behind the mark.
fn sealed(text: &str) -> String {
    let Some(place) = text.find(MARK).map(|start| start + MARK.len()) else {
        return text.to_owned();
    };
    let (before, rest) = text.split_at(place);
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
    fn a_sealed_file_is_known_again_in_both_encodings() {
        let wide = Artefact::utf16("/unused".into(), &format!("<!-- {SEAL} -->\r\nä"));
        for artefact in [text("a\n"), wide] {
            assert_eq!(origin(&artefact.bytes), ArtefactState::Outdated);
            assert!(!String::from_utf8_lossy(&artefact.bytes).contains('?'));
        }
        assert_eq!(origin(b"[Unit]\n"), ArtefactState::Foreign);
        assert_eq!(origin(MARK.as_bytes()), ArtefactState::Edited);
    }

    #[test]
    fn a_backup_stands_beside_or_where_it_is_told() {
        let artefact = Artefact::text("/a/b.bat".into(), "");
        assert_eq!(artefact.backup, Path::new("/a/b.bat.bak"));
        let elsewhere = artefact.backed_up_in(Path::new("/c"));
        assert_eq!(elsewhere.backup, Path::new("/c/b.bat.bak"));
    }

    proptest! {
        #[test]
        fn any_change_of_a_byte_breaks_the_seal(rest in "\\PC{0,40}", place: prop::sample::Index, to: u8) {
            let whole = text(&rest).bytes;
            let mut changed = whole.clone();
            *place.get_mut(&mut changed) = to;
            // The mark itself may be what was broken: then the file is nobody's.
            let expected = |standing| matches!(standing, ArtefactState::Edited | ArtefactState::Foreign);
            prop_assert!(changed == whole || expected(origin(&changed)));
        }
    }
}
