//! Which event of the own store is which on the stream: the newest [`MAX_PLACES`], in memory and in a file.
//!
//! What a crash keeps from the file is found again while the stream is read again.

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

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: u64 = 1;

    fn applied(told: u64, stream: u64) -> Place {
        Place {
            store: 2,
            told,
            stream,
            is_applied: true,
        }
    }

    fn book() -> Book {
        Book {
            path: PathBuf::new(),
            store: STORE,
            pages: Mutex::default(),
        }
    }

    #[test]
    fn a_cursor_says_what_was_applied_before_its_event() {
        let book = book();
        assert_eq!(book.note(1, None).stream, 0);
        book.note(2, Some(applied(7, 40)));
        book.note(3, None);
        book.note(4, Some(applied(8, 42)));
        let streams = [1, 2, 3, 4].map(|seq| book.cursor(seq).stream);
        assert_eq!(streams, [0, 40, 40, 42]);
        // Its own place on the stream does not make an event one that was applied.
        book.found(
            3,
            Place {
                stream: 41,
                ..book.own(3)
            },
        );
        assert_eq!(book.cursor(3).stream, 40);
    }

    #[test]
    fn all_is_on_the_stream_once_the_last_of_it_was_found() {
        let book = book();
        book.note(1, Some(applied(7, 40)));
        book.note(2, None);
        book.note(3, None);
        let found = |seq, stream| {
            let own = book.own(seq);
            book.found(seq, Place { stream, ..own });
        };
        found(3, 42);
        let told = |seq| {
            let told = book.told(seq);
            (told.up_to, told.first_open)
        };
        assert_eq!((told(1), told(3)), ((40, None), (42, Some(2))));
        assert!(book.is_open(2) && !book.is_open(3));
        found(2, 41);
        assert_eq!((told(2), told(3)), ((41, None), (42, None)));
    }

    #[test]
    fn the_first_that_was_not_heard_is_found_among_own_and_others() {
        let book = book();
        book.note(1, Some(applied(7, 40)));
        book.note(2, None);
        book.note(3, Some(applied(9, 42)));
        let heard = |seq, stream| ClusterCursor::new(2, seq, stream);
        assert_eq!(book.first_unheard(&heard(6, 0)), Ok(Some(1)));
        // The other has not heard of 2 before the stream has it.
        assert_eq!(book.first_unheard(&heard(9, 40)), Ok(Some(2)));
        book.found(
            2,
            Place {
                stream: 41,
                ..book.own(2)
            },
        );
        assert_eq!(book.first_unheard(&heard(8, 41)), Ok(Some(3)));
        assert_eq!(book.first_unheard(&heard(9, 41)), Ok(None));
    }

    #[test]
    fn what_a_crash_took_is_told_again_and_what_is_not_known_is_said() {
        let book = book();
        book.note(4, Some(applied(7, 40)));
        book.note_missing(9, 6);
        let heard = ClusterCursor::new(2, 7, 40);
        assert_eq!(book.first_unheard(&heard), Ok(Some(5)));

        let lost = Book::open(Path::new("/nowhere"), STORE, 50);
        assert_eq!(lost.first_unheard(&heard), Err(50));
        let newer = ClusterCursor {
            stream: 50,
            ..heard
        };
        assert_eq!(lost.first_unheard(&newer), Ok(None));
    }

    #[test]
    fn an_event_has_the_first_place_that_was_found() {
        let book = book();
        book.note(1, None);
        book.found(
            1,
            Place {
                stream: 4,
                ..book.own(1)
            },
        );
        book.found(
            1,
            Place {
                stream: 9,
                ..book.own(1)
            },
        );
        assert_eq!(book.place(1).map(|place| place.stream), Some(4));
        // One that nobody noted is of before the cluster.
        book.found(
            2,
            Place {
                stream: 5,
                ..book.own(2)
            },
        );
        assert_eq!(book.place(2), None);
    }

    #[test]
    fn rows_read_back_and_the_oldest_are_given_up() {
        let mut pages = Pages::default();
        let count = MAX_PLACES as u64 + 3;
        for seq in 1..=count {
            pages.put(seq, applied(seq, seq * 2));
        }
        assert_eq!((pages.places.len(), pages.forgotten), (MAX_PLACES, 6));
        pages.write_all();
        let mut again = Pages::default();
        for row in pages.unsaved.clone().chunks_exact(ROW) {
            again.read(row);
        }
        assert_eq!(
            (&again.places, &again.applied),
            (&pages.places, &pages.applied)
        );
        // One row says up to where places were given up.
        assert_eq!((again.forgotten, again.rows), (6, MAX_PLACES + 1));
    }
}
