//! Which event of the own store is which on the stream: the newest [`MAX_PLACES`], in memory and in a file.
//!
//! What a crash keeps from the file is found again while the stream is read again.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{ClusterCursor, Place, STAYS_HERE};
use crate::{fs, log::Log, panics::run_blocking, store::cluster_files};

/// Events whose place is known: how far back a client of another node can go on, and about 8 MB of memory.
const MAX_PLACES: usize = 100_000;

/// The file is written anew once it has as many rows.
const MAX_ROWS: usize = 2 * MAX_PLACES;

/// How many events are looked at for one that is not on the stream yet: older ones wait for long.
const NEWEST: usize = 1024;

/// Five numbers a row: that of the event, and its place. A row replaces earlier ones of its event.
const ROW: usize = 40;

/// The number that stands for no event: its row says up to where on the stream places were given up.
const NO_EVENT: u64 = 0;

/// Where the stream was when this store joined, as long as that is not known.
pub(in crate::cluster) const UNKNOWN: u64 = u64::MAX;

/// The book of one node.
pub(in crate::cluster) struct Book {
    path: PathBuf,
    store: u64,
    pages: Mutex<Pages>,
}

/// Where events of the own store are on the stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ToldThere {
    /// Behind which none of them is known to be there.
    pub(super) up_to: u64,
    /// The first that is not known to be there.
    pub(super) first_open: Option<u64>,
}

#[derive(Default)]
struct Pages {
    places: BTreeMap<u64, Place>,
    /// Of events that came over the stream: their number there.
    applied: BTreeMap<u64, u64>,
    /// Up to where on the stream places were given up.
    forgotten: u64,
    /// Rows that are not in the file yet.
    unsaved: Vec<u8>,
    rows: usize,
}

impl Book {
    /// Reads the book of a store that has all of the stream up to `applied`. Without a file nothing is known of that.
    pub(in crate::cluster) fn open(home: &Path, store: u64, applied: u64) -> Self {
        let path = home.join(cluster_files::PLACES);
        let mut pages = Pages::default();
        for row in std::fs::read(&path).unwrap_or_default().chunks_exact(ROW) {
            pages.read(row);
        }
        if pages.rows == 0 {
            pages.forgotten = applied;
        }
        Self {
            path,
            store,
            pages: Mutex::new(pages),
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream ends here now. A store that was made of a backup has events of which nobody knows the place: whoever
    /// comes with an earlier cursor might miss them.
    pub(in crate::cluster) fn begin(&self, stream: u64) {
        let mut pages = self.pages();
        if pages.forgotten == UNKNOWN {
            pages.forgotten = stream;
            pages.push_mark();
        }
    }

    /// Notes events up to `head` of which a crash kept the places from the file: those behind its last, and those that
    /// the stream may not have yet.
    pub(in crate::cluster) fn note_missing(&self, published: u64, head: u64) {
        let mut pages = self.pages();
        let last = pages.places.last_key_value().map(|(seq, _)| *seq);
        let first = last.map_or(published, |last| last.min(published)) + 1;
        for seq in first.max(head.saturating_sub(MAX_PLACES as u64))..=head {
            if !pages.places.contains_key(&seq) {
                pages.put(seq, self.own(seq));
            }
        }
    }

    /// Notes an event as it is told here, and says where it is.
    pub(in crate::cluster) fn note(&self, seq: u64, applied: Option<Place>) -> Place {
        let place = applied.unwrap_or_else(|| self.own(seq));
        self.pages().put(seq, place);
        place
    }

    fn own(&self, seq: u64) -> Place {
        Place {
            store: self.store,
            told: seq,
            stream: 0,
            is_applied: false,
        }
    }

    /// An event of the own store turns out to be at this place: only what is not known to be on the stream moves.
    pub(in crate::cluster) fn found(&self, seq: u64, place: Place) {
        let mut pages = self.pages();
        let is_open = |known: &Place| known.stream == 0;
        if pages.places.get(&seq).is_some_and(is_open) {
            pages.put(seq, place);
        }
    }

    /// Nobody else will hear of an event.
    pub(in crate::cluster) fn stays_here(&self, seq: u64) {
        self.found(
            seq,
            Place {
                stream: STAYS_HERE,
                ..self.own(seq)
            },
        );
    }

    /// Where an event is.
    pub(in crate::cluster) fn place(&self, seq: u64) -> Option<Place> {
        self.pages().places.get(&seq).copied()
    }

    /// Where the newest events up to this one are on the stream.
    pub(super) fn told(&self, seq: u64) -> ToldThere {
        let pages = self.pages();
        let newest = pages.places.range(..=seq).rev().take(NEWEST);
        let mut told = ToldThere::default();
        for (seq, place) in newest {
            told.up_to = place.stream.max(told.up_to);
            told.first_open = (place.stream == 0).then_some(*seq).or(told.first_open);
        }
        told
    }

    /// Whether an event is not known to be on the stream.
    pub(super) fn is_open(&self, seq: u64) -> bool {
        self.place(seq).is_some_and(|place| place.stream == 0)
    }

    /// How much somebody has heard who heard all events of the own store up to this one.
    pub(in crate::cluster) fn cursor(&self, seq: u64) -> ClusterCursor {
        let pages = self.pages();
        let applied = pages.applied.range(..=seq).next_back();
        ClusterCursor::new(self.store, seq, applied.map_or(0, |(_, stream)| *stream))
    }

    /// The first event of the own store that may not have been heard; the error is up to where on the stream places
    /// were given up, where that is too far.
    pub(in crate::cluster) fn first_unheard(
        &self,
        cursor: &ClusterCursor,
    ) -> Result<Option<u64>, u64> {
        let pages = self.pages();
        if cursor.stream < pages.forgotten {
            return Err(pages.forgotten);
        }
        let mut places = pages.places.iter();
        Ok(places
            .find(|(_, place)| !cursor.covers(**place))
            .map(|(seq, _)| *seq))
    }

    /// Writes what is new since the last time.
    pub(in crate::cluster) async fn save(&self, log: &Log) {
        let (rows, is_whole) = {
            let mut pages = self.pages();
            if pages.unsaved.is_empty() {
                return;
            }
            let is_whole = pages.rows > MAX_ROWS;
            if is_whole {
                pages.write_all();
            }
            (std::mem::take(&mut pages.unsaved), is_whole)
        };
        let path = self.path.clone();
        let written = run_blocking(move || write(&path, &rows, is_whole)).await;
        let error = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic,
        };
        // Half a row may be in the file: the next time it is written anew.
        self.pages().rows = usize::MAX / 2;
        log.warn_limited(
            "cluster",
            "cannot keep the places of events",
            &[("error", &error)],
        );
    }
}

fn write(path: &Path, rows: &[u8], is_whole: bool) -> io::Result<()> {
    if is_whole {
        return fs::write_atomic(path, rows).map_err(|error| io::Error::other(error.to_string()));
    }
    fs::open_private_append(path)?.write_all(rows)
}

impl Pages {
    fn put(&mut self, seq: u64, place: Place) {
        self.places.insert(seq, place);
        if place.is_applied {
            self.applied.insert(seq, place.stream);
        }
        self.push_row(seq, place);
        while self.places.len() > MAX_PLACES {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some((seq, place)) = self.places.pop_first() else {
            return;
        };
        // The newest stays: what is told from now on is told after it.
        if self.applied.len() > 1 {
            self.applied.remove(&seq);
        }
        self.forgotten = self.forgotten.max(place.stream);
    }

    fn push_mark(&mut self) {
        let mark = Place {
            store: 0,
            told: 0,
            stream: self.forgotten,
            is_applied: false,
        };
        self.push_row(NO_EVENT, mark);
    }

    fn push_row(&mut self, seq: u64, place: Place) {
        let numbers = [
            seq,
            place.store,
            place.told,
            place.stream,
            u64::from(place.is_applied),
        ];
        for number in numbers {
            self.unsaved.extend(number.to_be_bytes());
        }
        self.rows += 1;
    }

    fn write_all(&mut self) {
        self.unsaved.clear();
        self.rows = 0;
        self.push_mark();
        for (seq, place) in self.places.clone() {
            self.push_row(seq, place);
        }
    }

    fn read(&mut self, row: &[u8]) {
        let mut numbers = row.chunks_exact(8).map(|bytes| {
            let bytes = bytes.try_into().unwrap_or_default();
            u64::from_be_bytes(bytes)
        });
        let mut next = || numbers.next().unwrap_or_default();
        let (seq, place) = (
            next(),
            Place {
                store: next(),
                told: next(),
                stream: next(),
                is_applied: next() == 1,
            },
        );
        if seq == NO_EVENT {
            self.forgotten = self.forgotten.max(place.stream);
            self.rows += 1;
        } else {
            self.put(seq, place);
            // Not to be written again.
            self.unsaved.clear();
        }
    }
}
