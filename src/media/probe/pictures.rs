//! The size of a picture, in pixels, from its header.

use std::io::{Read, Seek};

use super::{big, little, read_at};

/// Segments of a JPEG looked at before the one that has the size.
const MAX_SEGMENTS: usize = 200;

pub(super) fn size(mime: &str, file: &mut (impl Read + Seek), head: &[u8]) -> Option<(u32, u32)> {
    let (width, height) = match mime {
        // <https://www.w3.org/TR/png-3/#11IHDR>
        "image/png" => (big(head, 16, 4)?, big(head, 20, 4)?),
        // <https://www.w3.org/Graphics/GIF/spec-gif89a.txt> §18
        "image/gif" => (little(head, 6, 2)?, little(head, 8, 2)?),
        "image/webp" => webp(head)?,
        "image/jpeg" => jpeg(file)?,
        _ => return None,
    };
    let number = |of: u64| u32::try_from(of).ok().filter(|number| *number > 0);
    Some((number(width)?, number(height)?))
}

/// <https://developers.google.com/speed/webp/docs/riff_container>
fn webp(head: &[u8]) -> Option<(u64, u64)> {
    match head.get(12..16)? {
        b"VP8X" => Some((little(head, 24, 3)? + 1, little(head, 27, 3)? + 1)),
        b"VP8L" => {
            let bits = little(head, 21, 4)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => Some((little(head, 26, 2)? & 0x3fff, little(head, 28, 2)? & 0x3fff)),
        _ => None,
    }
}

/// Goes from segment to segment to the one of the frame (ITU-T T.81 §B.2.2). A picture that its camera says
/// is turned by a quarter has its sides swapped, as it is shown (Exif 2.32 §4.6.4, tag 274).
fn jpeg(file: &mut (impl Read + Seek)) -> Option<(u64, u64)> {
    let (mut at, mut is_turned) = (2, false);
    for _ in 0..MAX_SEGMENTS {
        let segment = read_at(file, at, 9)?;
        let marker = *segment.get(1).filter(|_| segment.first() == Some(&0xff))?;
        let length = big(&segment, 2, 2)?;
        match marker {
            // A filler byte.
            0xff => {
                at += 1;
                continue;
            }
            0xe1 => is_turned |= exif_is_turned(&read_at(file, at + 4, 4096)?),
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) = (big(&segment, 5, 2)?, big(&segment, 7, 2)?);
                return Some(if is_turned {
                    (height, width)
                } else {
                    (width, height)
                });
            }
            _ => {}
        }
        at += 2 + length;
    }
    None
}

/// Whether the orientation in this segment is one of those that swap the sides (5 to 8).
fn exif_is_turned(segment: &[u8]) -> bool {
    orientation(segment).is_some_and(|value| (5..=8).contains(&value))
}

fn orientation(segment: &[u8]) -> Option<u64> {
    let tiff = segment.strip_prefix(b"Exif\0\0")?;
    let number = match tiff.get(..2)? {
        b"MM" => big,
        b"II" => little,
        _ => return None,
    };
    let directory = usize::try_from(number(tiff, 4, 4)?).ok()?;
    let entries = usize::try_from(number(tiff, directory, 2)?).ok()?;
    let mut entry = (0..entries).map(|entry| directory + 2 + entry * 12);
    let entry = entry.find(|at| number(tiff, *at, 2) == Some(0x0112))?;
    number(tiff, entry + 8, 2)
}
