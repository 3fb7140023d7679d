//! What a file is by its own bytes: its type (`kinds`), the size of a picture (`pictures`), the length of a
//! recording (`recordings`). Whoever brings a file may be wrong about it, or lie.

mod kinds;
mod pictures;
mod recordings;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek, SeekFrom};

pub use self::kinds::{
    by_name, ending, essence, is_shown_inline, kind_of, may_be, says_something, settle,
};

/// Bytes that the type is told by.
const HEAD: usize = 512;

/// What the bytes of a file say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its type, where the bytes have a known beginning.
    pub mime: Option<&'static str>,
    /// Width and height of a picture, in pixels.
    pub size: Option<(u32, u32)>,
    /// How long a recording plays, in seconds, rounded up.
    pub seconds: Option<u32>,
}

/// Reads what a file says of itself: some kilobytes of it, wherever they are. What cannot be read is unknown.
pub fn facts(file: &mut (impl Read + Seek)) -> Facts {
    let head = read_at(file, 0, HEAD).unwrap_or_default();
    let mime = kinds::by_bytes(&head);
    Facts {
        mime,
        size: mime.and_then(|mime| pictures::size(mime, file, &head)),
        seconds: mime.and_then(|mime| recordings::seconds(mime, file, &head)),
    }
}

/// At most `count` bytes from `at` on.
fn read_at(file: &mut (impl Read + Seek), at: u64, count: usize) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut bytes = Vec::new();
    file.by_ref()
        .take(count as u64)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// A big-endian number of a format's header.
fn big(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = bytes.get(at..at + length)?;
    Some(
        field
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

/// A little-endian one.
fn little(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = bytes.get(at..at + length)?;
    let all = field.iter().rev();
    Some(all.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
