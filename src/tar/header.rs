//! The block before each file: its name and its size.

use std::io::{self, Write};

use super::{BLOCK, padding};

/// Where the fields are (IEEE Std 1003.1, "ustar Interchange Format").
const NAME: std::ops::Range<usize> = 0..100;
const MODE: usize = 100;
const UID: usize = 108;
const GID: usize = 116;
const SIZE: std::ops::Range<usize> = 124..136;
const MTIME: usize = 136;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const KIND: usize = 156;
const MAGIC: std::ops::Range<usize> = 257..265;

const USTAR: &[u8] = b"ustar\x0000";
pub(super) const FILE: u8 = b'0';
pub(super) const EXTENDED: u8 = b'x';

/// The largest size that fits into eleven octal digits.
const MAX_SIZE: u64 = (1 << 33) - 1;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) kind: u8,
}

/// Whether a name is one of a file below the folder that the archive is of.
pub(super) fn check_name(name: &str) -> io::Result<()> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_fine = name.len() <= NAME.len()
        && !name.contains(|c: char| c.is_control() || c == '\\')
        && name.split('/').all(is_plain);
    if is_fine {
        Ok(())
    } else {
        Err(wrong(format!(
            "{name:?} is no name of a file in an archive of ours"
        )))
    }
}

pub(super) fn wrong(text: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.into())
}

/// Writes the header of a file, with an extended one before it where the size needs it.
pub(super) fn write(out: &mut impl Write, name: &str, size: u64, mtime_s: u64) -> io::Result<()> {
    check_name(name)?;
    if size > MAX_SIZE {
        let record = size_record(size);
        out.write_all(&block("PaxHeader", record.len() as u64, mtime_s, EXTENDED))?;
        out.write_all(record.as_bytes())?;
        out.write_all(&[0; BLOCK][..padding(record.len() as u64)])?;
    }
    out.write_all(&block(name, size.min(MAX_SIZE), mtime_s, FILE))
}

/// A record has its own length before it: that of the digits too.
fn size_record(size: u64) -> String {
    let rest = format!(" size={size}\n");
    let length = (1..4).find_map(|digits| {
        let length = digits + rest.len();
        (length.to_string().len() == digits).then_some(length)
    });
    format!("{}{rest}", length.unwrap_or_default())
}

fn block(name: &str, size: u64, mtime_s: u64, kind: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    let mut put = |at: usize, text: String| {
        block[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(MODE, "0000600\0".to_owned());
    put(UID, "0000000\0".to_owned());
    put(GID, "0000000\0".to_owned());
    put(SIZE.start, format!("{size:011o}\0"));
    put(MTIME, format!("{:011o}\0", mtime_s.min(MAX_SIZE)));
    block[KIND] = kind;
    block[MAGIC].copy_from_slice(USTAR);
    let sum = format!("{:06o}\0 ", checksum(&block));
    block[CHECKSUM].copy_from_slice(sum.as_bytes());
    block
}

/// The sum of all bytes, with blanks in the place of itself.
fn checksum(block: &[u8; BLOCK]) -> u32 {
    let blank = |at: usize, byte: u8| if CHECKSUM.contains(&at) { b' ' } else { byte };
    block
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(blank(at, *byte)))
        .sum()
}

/// Reads a header; `None` for a block of nothing, which ends an archive.
pub(super) fn read(block: &[u8; BLOCK]) -> io::Result<Option<Header>> {
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let sum = octal(&block[CHECKSUM])?;
    if sum != u64::from(checksum(block)) || &block[MAGIC] != USTAR {
        return Err(wrong(
            "a header of the archive is damaged, or of another kind of archive",
        ));
    }
    let name = &block[NAME];
    let end = name
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(name.len());
    let name = std::str::from_utf8(&name[..end]).map_err(|_| wrong("a name is no UTF-8"))?;
    check_name(name)?;
    Ok(Some(Header {
        name: name.to_owned(),
        size: octal(&block[SIZE])?,
        kind: block[KIND],
    }))
}

fn octal(field: &[u8]) -> io::Result<u64> {
    let text = std::str::from_utf8(field).unwrap_or_default();
    let text = text.trim_matches(|c| c == '\0' || c == ' ');
    u64::from_str_radix(text, 8).map_err(|_| wrong("a number of the archive cannot be read"))
}

/// The size that an extended header gives to the file behind it.
pub(super) fn extended_size(records: &[u8]) -> io::Result<u64> {
    let text = std::str::from_utf8(records).unwrap_or_default();
    let sizes = text.lines().filter_map(|line| line.split_once(" size="));
    let size = sizes.filter_map(|(_, size)| size.parse().ok()).next_back();
    size.ok_or_else(|| wrong("an extended header of the archive cannot be read"))
}
