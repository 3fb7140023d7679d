//! How long a recording plays, from its header or its end.

use std::io::{Read, Seek, SeekFrom};

use super::{big, little, read_at};

/// Bytes at the end of an Ogg file in which its last page begins: a page has at most 65,307 (RFC 3533 §6).
const LAST_PAGE: u64 = 65_307;

/// Boxes of an MP4 file looked at before the one with the length.
const MAX_BOXES: usize = 64;

pub(super) fn seconds(mime: &str, file: &mut (impl Read + Seek), head: &[u8]) -> Option<u32> {
    let (units, rate) = match mime {
        "audio/ogg" => ogg(file, head)?,
        "audio/wav" => wav(file, head)?,
        "video/mp4" | "audio/mp4" | "video/quicktime" | "video/3gpp" => mp4(file)?,
        _ => return None,
    };
    let seconds = (rate > 0).then(|| units.div_ceil(rate))?;
    u32::try_from(seconds).ok()
}

/// The position of the last page. Opus counts in 48 kHz whatever it was recorded in and skips its first
/// samples (RFC 7845 §4); Vorbis says its rate.
fn ogg(file: &mut (impl Read + Seek), head: &[u8]) -> Option<(u64, u64)> {
    let codec = head.get(28..)?;
    let (rate, skipped) = if codec.starts_with(b"OpusHead") {
        (48_000, little(codec, 10, 2)?)
    } else if codec.starts_with(b"\x01vorbis") {
        (little(codec, 12, 4)?, 0)
    } else {
        return None;
    };
    let length = file.seek(SeekFrom::End(0)).ok()?;
    let size = length.min(LAST_PAGE);
    let end = read_at(file, length - size, usize::try_from(size).ok()?)?;
    let mut places = (0..end.len().saturating_sub(14)).rev();
    let last = places.find(|at| end[*at..].starts_with(b"OggS"))?;
    let position = little(&end, last + 6, 8).filter(|position| *position != u64::MAX)?;
    Some((position.saturating_sub(skipped), rate))
}

/// The bytes of the sound by the bytes a second.
fn wav(file: &mut (impl Read + Seek), head: &[u8]) -> Option<(u64, u64)> {
    let rate = little(head, 28, 4)?;
    let length = file.seek(SeekFrom::End(0)).ok()?;
    Some((length.saturating_sub(44), rate))
}

/// The length in the movie's header (ISO/IEC 14496-12 §8.2.2), which may be behind the sound and the
/// pictures.
fn mp4(file: &mut (impl Read + Seek)) -> Option<(u64, u64)> {
    let mut at = 0;
    for _ in 0..MAX_BOXES {
        let header = read_at(file, at, 16)?;
        let size = match big(&header, 0, 4)? {
            1 => big(&header, 8, 8)?,
            size => size,
        };
        match header.get(4..8)? {
            // What it holds comes next.
            b"moov" => at += 8,
            b"mvhd" => {
                let fields = read_at(file, at + 8, 32)?;
                return match fields.first()? {
                    0 => Some((big(&fields, 16, 4)?, big(&fields, 12, 4)?)),
                    _ => Some((big(&fields, 24, 8)?, big(&fields, 20, 4)?)),
                };
            }
            _ if size < 8 => return None,
            _ => at = at.checked_add(size)?,
        }
    }
    None
}
