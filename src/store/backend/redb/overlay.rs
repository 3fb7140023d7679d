//! The file as redb may read it without changing it: whatever is written stays in memory and is dropped.
//! On it a file is verified before it is opened to be written, and it is read while a failed sync cannot
//! be made up for.
//!
//! Not here: writing (`disk`).

use std::{
    collections::BTreeMap,
    io,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ::redb::{BackendError, StorageBackend};

use super::disk::{OpenedFile, StoreFile};

/// The unit in which writes are kept: redb's page, at whose boundaries all its writes begin.
const BLOCK: u64 = 4096;
/// How much may be written. Opening and closing write a few pages.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// A view of the file that redb may believe to be writing.
#[derive(Debug, Clone)]
pub(super) struct Overlay {
    under: OpenedFile,
    written: Arc<Mutex<Written>>,
    /// Whether it takes the locks of the file; else somebody made sure that nobody else has it.
    has_locks: bool,
}

#[derive(Debug)]
struct Written {
    length: u64,
    /// What is below this length is in the file, as far as no block covers it.
    from_file: u64,
    /// The first bytes of each block that was written to.
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    /// A view that begins with what may not be on the disk, since the system may have forgotten it.
    pub(super) fn new(file: &Arc<StoreFile>) -> io::Result<Self> {
        let under = OpenedFile(Arc::clone(file));
        let length = under.len()?;
        let mut written = Written {
            length,
            from_file: length,
            blocks: BTreeMap::new(),
        };
        file.each_unsynced(|offset, data| written.put(&under, offset, data))?;
        Ok(Self {
            under,
            written: Arc::new(Mutex::new(written)),
            has_locks: true,
        })
    }

    /// The same view without locks.
    pub(super) fn without_locks(self) -> Self {
        Self {
            has_locks: false,
            ..self
        }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    fn put(&mut self, under: &OpenedFile, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.blocks.len() as u64 * BLOCK > MAX_BYTES as u64 {
            return Err(io::Error::other(
                "too much is written while the file is only read",
            ));
        }
        let mut offset = offset;
        let mut rest = data;
        while !rest.is_empty() {
            let (block, within) = (offset / BLOCK, to_index(offset % BLOCK));
            let count = rest.len().min(to_index(BLOCK) - within);
            let (part, after) = rest.split_at(count);
            self.put_into(under, block, within, part)?;
            offset += count as u64;
            rest = after;
        }
        Ok(())
    }

    fn put_into(
        &mut self,
        under: &OpenedFile,
        block: u64,
        within: usize,
        part: &[u8],
    ) -> io::Result<()> {
        let end = within + part.len();
        let known = self.blocks.get(&block).map_or(0, Vec::len);
        if known < within {
            let mut start = vec![0; within];
            self.fill(under, block * BLOCK, &mut start)?;
            self.blocks.insert(block, start);
        }
        let bytes = self.blocks.entry(block).or_default();
        bytes.resize(bytes.len().max(end), 0);
        bytes[within..end].copy_from_slice(part);
        Ok(())
    }

    fn fill(&self, under: &OpenedFile, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.saturating_add(out.len() as u64);
        if end > self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let in_file = to_index(self.from_file.saturating_sub(offset)).min(out.len());
        let (read, beyond) = out.split_at_mut(in_file);
        if !read.is_empty() {
            under.read(offset, read)?;
        }
        beyond.fill(0);
        for (block, bytes) in self.blocks.range(offset / BLOCK..=end / BLOCK) {
            let (first, last) = (block * BLOCK, block * BLOCK + bytes.len() as u64);
            let (from, to) = (first.max(offset), last.min(end));
            if from < to {
                out[to_index(from - offset)..to_index(to - offset)]
                    .copy_from_slice(&bytes[to_index(from - first)..to_index(to - first)]);
            }
        }
        Ok(())
    }

    fn set_length(&mut self, length: u64) {
        self.length = length;
        self.from_file = self.from_file.min(length);
        self.blocks.split_off(&length.div_ceil(BLOCK));
        let within = to_index(length % BLOCK);
        if let Some(bytes) = self
            .blocks
            .get_mut(&(length / BLOCK))
            .filter(|_| within > 0)
        {
            bytes.truncate(within);
        }
    }
}

/// Lengths within one file on this machine.
fn to_index(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.written().fill(&self.under, offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.written().set_length(length);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.written().put(&self.under, offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.under.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if !self.has_locks {
            return Ok(true);
        }
        self.under.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        if !self.has_locks {
            return Ok(true);
        }
        self.under.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if !self.has_locks {
            return Ok(());
        }
        self.under.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if !self.has_locks {
            return Ok(());
        }
        self.under.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        if !self.has_locks {
            return Ok(());
        }
        self.under.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if !self.has_locks {
            return Ok(false);
        }
        self.under.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use ::redb::backends::InMemoryBackend;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Write(u64, Vec<u8>),
        SetLength(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let write = (0..40_000_u64, vec(any::<u8>(), 1..9_000));
        let write = write.prop_map(|(offset, data)| Step::Write(offset, data));
        let length = (0..60_000_u64).prop_map(Step::SetLength);
        vec(prop_oneof![3 => write, 1 => length], 1..12)
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_and_the_file_stays_as_it_was(steps in steps()) {
            let storage = InMemoryBackend::new();
            storage.set_len(50_000)?;
            storage.write(0, &vec![7; 50_000])?;
            let file = StoreFile::new(std::path::Path::new("memory"), Box::new(storage))?;
            let overlay = Overlay::new(&file)?;
            let mut expected = vec![7; 50_000];
            for step in steps {
                match step {
                    Step::Write(offset, data) => {
                        let end = usize::try_from(offset).expect("small") + data.len();
                        if end > expected.len() {
                            continue;
                        }
                        overlay.write(offset, &data)?;
                        expected[end - data.len()..end].copy_from_slice(&data);
                    }
                    Step::SetLength(length) => {
                        overlay.set_len(length)?;
                        expected.resize(usize::try_from(length).expect("small"), 0);
                    }
                }
            }
            let mut read = vec![1; expected.len()];
            overlay.read(0, &mut read)?;
            prop_assert!(read == expected);
            prop_assert!(overlay.read(expected.len() as u64, &mut [0]).is_err());
            let mut under = vec![0; 50_000];
            OpenedFile(file).read(0, &mut under)?;
            prop_assert!(under == vec![7; 50_000]);
        }
    }
}
