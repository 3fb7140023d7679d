//! Leaves the machine to those who write messages while a backup is made and read back.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    thread,
    time::{Duration, Instant},
};

use crate::store::Store;

/// How many times as long as it worked a backup rests while others are busy. A million messages are a second and a
/// half of work.
const RESTS: u32 = 4;

/// The least work that is worth a rest. Others wait for a processor about as long as one works without: not the share of
/// the time counts for the slowest of them, but the length of a stretch.
const STRETCH: Duration = Duration::from_micros(100);

/// What is hashed and copied in one stretch, in bytes.
const STEP: usize = 32 * 1024;

/// The longest rest between two stretches: who reads slowly is waited for as it is.
const LONGEST: Duration = Duration::from_millis(50);

/// How long a store counts as busy after the last event. The commits of many are some milliseconds apart.
const BUSY: Duration = Duration::from_millis(250);

/// When to rest while the store is written to.
pub(super) struct Pace<'s> {
    store: &'s Store,
    /// The last event that was seen, and when that was news.
    seen: Cell<(u64, Option<Instant>)>,
    worked_since: Cell<Instant>,
}

impl<'s> Pace<'s> {
    pub(super) fn new(store: &'s Store) -> Self {
        Self {
            store,
            seen: Cell::new((store.head_seq(), None)),
            worked_since: Cell::new(Instant::now()),
        }
    }

    /// Rests where it is time. To be called often.
    pub(super) fn rest(&self) {
        let now = Instant::now();
        let worked = now - self.worked_since.get();
        if worked < STRETCH {
            return;
        }
        let (seq, (seen, mut changed)) = (self.store.head_seq(), self.seen.get());
        if seq != seen {
            changed = Some(now);
            self.seen.set((seq, changed));
        }
        let idle = changed.map(|changed| now - changed);
        thread::sleep(rest_after(worked, idle));
        self.worked_since.set(Instant::now());
    }
}

/// Writes in steps, each of which a rest may follow.
pub(super) struct Paced<'p, W> {
    out: W,
    pace: &'p Pace<'p>,
}

impl<'p, W> Paced<'p, W> {
    pub(super) fn new(out: W, pace: &'p Pace<'p>) -> Self {
        Self { out, pace }
    }

    pub(super) fn get_ref(&self) -> &W {
        &self.out
    }
}

/// How long to rest after so much work, `idle` being the time since the last event.
fn rest_after(worked: Duration, idle: Option<Duration>) -> Duration {
    match idle {
        Some(idle) if idle < BUSY => rest_from(worked),
        _ => Duration::ZERO,
    }
}

/// How long to rest from so much work.
fn rest_from(worked: Duration) -> Duration {
    (worked * RESTS).min(LONGEST)
}

impl<W: Write> Write for Paced<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(&bytes[..bytes.len().min(STEP)])?;
        self.pace.rest();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads in steps, and rests while it is beside a daemon that may be busy.
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
        let worked = self.worked_since.elapsed();
        if worked >= STRETCH {
            thread::sleep(rest_from(worked));
            self.worked_since = Instant::now();
        }
        let step = out.len().min(STEP);
        self.input.read(&mut out[..step])
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
