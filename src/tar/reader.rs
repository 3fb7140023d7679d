//! Reading an archive.

use std::io::{self, Read};

use super::{BLOCK, header, padding};

/// Longest extended header that is read.
const MAX_EXTENDED: u64 = 64 * 1024;

/// Most that follows an archive to fill its last record: `tar` writes records of 10 KiB, of some MiB for tapes.
const MAX_FILLING: usize = 16 << 20;

/// Passed over at a time.
const PIECE: usize = 64 * 1024;

/// A file of an archive; its bytes are read from the [`TarReader`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
}

/// An archive that is being read. Reads what the last file has.
#[derive(Debug)]
pub struct TarReader<R> {
    input: R,
    left: u64,
    padding: usize,
}

impl<R: Read> TarReader<R> {
    /// An archive from its first byte on.
    pub fn new(input: R) -> Self {
        Self {
            input,
            left: 0,
            padding: 0,
        }
    }

    /// What is read from.
    pub fn get_ref(&self) -> &R {
        &self.input
    }

    /// Passes over what was not read of the last file.
    pub fn skip_rest(&mut self) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        while self.read(&mut piece)? > 0 {}
        Ok(())
    }

    /// The next file; `None` at the end of the archive.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        self.skip_rest()?;
        let mut size = None;
        loop {
            let Some(found) = self.header()? else {
                // Two blocks of nothing end it.
                return match self.header()? {
                    None => Ok(None),
                    Some(_) => Err(header::wrong("the archive has an end in its middle")),
                };
            };
            (self.left, self.padding) = (found.size, padding(found.size));
            match found.kind {
                header::FILE => {
                    let size = size.unwrap_or(found.size);
                    (self.left, self.padding) = (size, padding(size));
                    let name = found.name;
                    return Ok(Some(Entry { name, size }));
                }
                header::EXTENDED if found.size <= MAX_EXTENDED => {
                    let mut records = Vec::new();
                    self.read_to_end(&mut records)?;
                    size = Some(header::extended_size(&records)?);
                }
                _ => {
                    let name = &found.name;
                    return Err(header::wrong(format!("{name} is no regular file")));
                }
            }
        }
    }

    /// Fails where something follows the archive, which has come to its end, but for bytes of nothing.
    pub fn expect_end(&mut self) -> io::Result<()> {
        let (mut piece, mut passed) = (vec![0; PIECE], 0);
        loop {
            let read = match self.input.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            passed += read;
            if passed > MAX_FILLING || piece[..read].iter().any(|byte| *byte != 0) {
                return Err(header::wrong("something follows its end"));
            }
        }
    }

    fn header(&mut self) -> io::Result<Option<header::Header>> {
        let mut block = [0; BLOCK];
        self.input.read_exact(&mut block).map_err(cut_off)?;
        header::read(&block)
    }
}

fn cut_off(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return io::Error::new(error.kind(), "it is cut off");
    }
    error
}

impl<R: Read> Read for TarReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(out.len());
        if most > 0 {
            let read = self.input.read(&mut out[..most])?;
            if read == 0 {
                return Err(cut_off(io::ErrorKind::UnexpectedEof.into()));
            }
            self.left -= read as u64;
            return Ok(read);
        }
        if self.left == 0 {
            let padding = std::mem::take(&mut self.padding);
            self.input
                .read_exact(&mut [0; BLOCK][..padding])
                .map_err(cut_off)?;
        }
        Ok(0)
    }
}
