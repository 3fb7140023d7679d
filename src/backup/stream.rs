//! A backup that is read while a thread of its own makes it, or checked while it is written.

use std::{
    io::{self, Read, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use super::{BackupError, BackupSource, Manifest, Summary, verify, write_backup};

/// Pieces that wait to be read, of a quarter of a MiB each: the thread that makes them waits with the next.
const WAITING: usize = 4;

/// The reader's end. Where making it fails, reading fails: nobody takes half for the whole.
pub struct BackupStream {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: io::Cursor<Vec<u8>>,
}

/// Writes a backup to where it cannot be read back, such as a pipe, and checks what goes by.
pub struct CheckedWriter<W> {
    out: W,
    sending: Sending,
    checking: thread::JoinHandle<Result<Summary, BackupError>>,
}

impl<W: Write> CheckedWriter<W> {
    /// Begins to check.
    pub fn new(out: W) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(WAITING);
        let stream = BackupStream {
            pieces,
            piece: io::Cursor::default(),
        };
        let thread = thread::Builder::new().name("check".to_owned());
        Ok(Self {
            out,
            sending: Sending(sender),
            checking: thread.spawn(move || verify(stream))?,
        })
    }

    /// All went by: what was written, and whether it is a whole backup.
    pub fn finish(self) -> (W, Result<Summary, BackupError>) {
        drop(self.sending);
        let checked = self.checking.join();
        let panicked = || BackupError::Damaged("it cannot be read".to_owned());
        (self.out, checked.unwrap_or_else(|_| Err(panicked())))
    }
}

impl<W: Write> Write for CheckedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        // Who checks may have seen enough; what it found is told at the end.
        let _ = self.sending.write(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Sending(SyncSender<io::Result<Vec<u8>>>);

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.send(Ok(bytes.to_vec()));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads it any more");
        sent.map(|()| bytes.len()).map_err(gone)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BackupStream {
    /// Begins a backup. `done` is told what became of it, on its thread. Blocks until it is known what it will hold.
    pub fn begin(
        source: BackupSource,
        done: impl FnOnce(Result<Summary, BackupError>) + Send + 'static,
    ) -> Result<(Manifest, Self), BackupError> {
        let (sender, pieces) = sync_channel(WAITING);
        let (told, manifest) = sync_channel(1);
        let make = move || {
            let begun = |manifest: &Manifest| drop(told.send(manifest.clone()));
            let made = write_backup(&source, Sending(sender.clone()), begun);
            if let Err(error) = &made {
                let _ = sender.send(Err(io::Error::other(error.to_string())));
            }
            drop(source);
            // Before the reader sees the end: whoever has all of it finds it noted.
            done(made);
            drop(sender);
        };
        let thread = thread::Builder::new().name("backup".to_owned());
        thread.spawn(make).map_err(BackupError::Read)?;
        let stream = Self {
            pieces,
            piece: io::Cursor::default(),
        };
        match manifest.recv() {
            Ok(manifest) => Ok((manifest, stream)),
            Err(_) => Err(stream.failure()),
        }
    }

    /// Why it did not even begin.
    fn failure(self) -> BackupError {
        let failed = self.pieces.recv().ok().and_then(Result::err);
        let panicked = || io::Error::other("it ended early; the log says more");
        BackupError::Read(failed.unwrap_or_else(panicked))
    }
}

impl Read for BackupStream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            match self.pieces.recv() {
                Ok(piece) => self.piece = io::Cursor::new(piece?),
                Err(_) => return Ok(0),
            }
        }
    }
}
