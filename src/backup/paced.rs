//! Leaves the machine to those who write messages while a backup is made and read back.

use std::{
    io::{self, Read, Write},
    thread,
    time::{Duration, Instant},
};

use crate::store::Store;

/// How many times as long as it worked a backup rests while others are busy. A million messages are a second and a
/// half of work.
const RESTS: u32 = 4;

/// The longest rest between two pieces: who reads slowly is waited for as it is.
const LONGEST: Duration = Duration::from_millis(50);

/// How long a store counts as busy after the last event. The commits of many are some milliseconds apart.
const BUSY: Duration = Duration::from_millis(250);

/// Rests after each write while the store is written to.
pub(super) struct Paced<'s, W> {
    out: W,
    store: &'s Store,
    seq: u64,
    changed: Option<Instant>,
    worked_since: Instant,
}

impl<'s, W> Paced<'s, W> {
    pub(super) fn new(out: W, store: &'s Store) -> Self {
        Self {
            out,
            store,
            seq: store.head_seq(),
            changed: None,
            worked_since: Instant::now(),
        }
    }

    fn rest(&mut self) {
        let (now, seq) = (Instant::now(), self.store.head_seq());
        if seq != self.seq {
            (self.seq, self.changed) = (seq, Some(now));
        }
        let worked = now - self.worked_since;
        let idle = self.changed.map(|changed| now - changed);
        thread::sleep(rest_after(worked, idle));
        self.worked_since = Instant::now();
    }
}

/// How long to rest after so much work, `idle` being the time since the last event.
fn rest_after(worked: Duration, idle: Option<Duration>) -> Duration {
    match idle {
        Some(idle) if idle < BUSY => (worked * RESTS).min(LONGEST),
        _ => Duration::ZERO,
    }
}

impl<W: Write> Write for Paced<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.rest();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Rests as long as it worked before each read: what is read back is looked at beside a daemon that is busy.
pub struct Unhurried<R> {
    input: R,
    worked_since: Instant,
}

impl<R> Unhurried<R> {
    /// Reads this.
    pub fn new(input: R) -> Self {
        Self {
            input,
            worked_since: Instant::now(),
        }
    }
}

impl<R: Read> Read for Unhurried<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        thread::sleep(self.worked_since.elapsed().min(LONGEST));
        self.worked_since = Instant::now();
        self.input.read(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_rests_while_others_write_and_never_for_long() {
        let (ms, none) = (Duration::from_millis, Duration::ZERO);
        assert_eq!(rest_after(ms(3), Some(ms(20))), ms(12));
        assert_eq!(rest_after(ms(3), None), none);
        assert_eq!(rest_after(ms(3), Some(BUSY)), none);
        assert_eq!(rest_after(ms(60_000), Some(none)), LONGEST);
    }
}
