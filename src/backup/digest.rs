//! Bytes that are counted and hashed on their way.

use std::io::{self, Read, Write};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// What is written or read, with its checksum so far.
#[derive(Debug)]
pub(super) struct Digested<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Digested<T> {
    pub(super) fn new(inner: T) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// The SHA-256 of all so far.
    pub(super) fn hex(&self) -> String {
        HEXLOWER.encode(&self.hash.clone().finalize())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<W: Write> Write for Digested<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.add(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.add(&out[..read]);
        Ok(read)
    }
}
