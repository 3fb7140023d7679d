//! Writing an archive.

use std::io::{self, Write};

use super::{BLOCK, header, padding};

/// An archive that is being written.
#[derive(Debug)]
pub struct TarWriter<W> {
    out: W,
    /// Bytes that are still to come of the file that is being written.
    left: u64,
    padding: usize,
}

impl<W: Write> TarWriter<W> {
    /// An archive without files so far.
    pub fn new(out: W) -> Self {
        Self {
            out,
            left: 0,
            padding: 0,
        }
    }

    /// What is written to.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    /// Begins a file; exactly so many bytes must be written then.
    pub fn begin(&mut self, name: &str, size: u64, mtime_s: u64) -> io::Result<()> {
        if self.left > 0 {
            return Err(io::Error::other(
                "the last file of the archive is not whole",
            ));
        }
        header::write(&mut self.out, name, size, mtime_s)?;
        (self.left, self.padding) = (size, padding(size));
        Ok(())
    }

    /// Writes a file that is in memory.
    pub fn whole(&mut self, name: &str, bytes: &[u8], mtime_s: u64) -> io::Result<()> {
        self.begin(name, bytes.len() as u64, mtime_s)?;
        self.write_all(bytes)
    }

    /// Ends the archive.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Writes what a file has.
impl<W: Write> Write for TarWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        if most == 0 && !bytes.is_empty() {
            return Err(io::Error::other(
                "a file of the archive is longer than was said",
            ));
        }
        let written = self.out.write(&bytes[..most])?;
        self.left -= written as u64;
        if self.left == 0 {
            self.out
                .write_all(&[0; BLOCK][..std::mem::take(&mut self.padding)])?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
