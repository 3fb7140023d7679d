//! Places that are noted, found, given up and read back.

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
