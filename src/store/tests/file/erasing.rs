//! What is forgotten is in no file any more, and all else is as it was.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::json;

use super::*;
use crate::{
    message::{State, TurnId},
    store::{Erasing, HistoryQuery, NewTurn, StatusUpdate},
    words::WordQuery,
};

/// Each of these is part of nothing else.
const PERSON: &str = "5511900000042";
const ALIAS: &str = "hidden-lid-42";
const NAME: &str = "Wilhelmina Qzx";
const WORDS: &str = "xylophone-and-zither";

/// As the index of words has it.
const WORD: &str = "xylophone";

fn person() -> Erasing {
    Erasing::Person {
        channel: "telegram".to_owned(),
        names: vec![PERSON.to_owned(), ALIAS.to_owned()],
    }
}

/// Messages of the person among those of many others, so that they are in every kind of page.
fn fill(store: &Store) {
    for number in 0..400_usize {
        let peer = format!("55119000000{:02}", number % 80);
        let text = format!("message {number} of somebody else");
        let mut message = Inbound {
            peer: peer.clone(),
            ..inbound("telegram", &text, Some(&format!("{peer}-{number}")))
        };
        if peer == PERSON {
            message.text = WORDS.repeat(number % 50 + 1);
            message.meta = Some(json!({"name": NAME}));
        }
        let last = received(store, message).message;
        if number % 80 == 42 {
            done(store.mark_read("telegram", PERSON, last.id));
        }
    }
    let in_group = Inbound {
        peer: "group".to_owned(),
        sender: Some(ALIAS.to_owned()),
        ..inbound("telegram", WORDS, Some("of-group"))
    };
    received(store, in_group);
    let mentioned = Inbound {
        peer: "group".to_owned(),
        sender: Some("rui".to_owned()),
        meta: Some(json!({"mentions": [PERSON, "rui"], "name": "Rui", PERSON: 1})),
        ..inbound("telegram", "look who is there", Some("mentions"))
    };
    received(store, mentioned);
    done(store.remember_alias("telegram", ALIAS, PERSON));
    let sent = queued(store, draft("telegram", PERSON, WORDS)).message.id;
    done(store.advance(sent, StatusUpdate::to(State::Sending)));
    done(store.accepted(sent, vec![format!("service-name-{PERSON}")]));
    queued(store, draft("telegram", PERSON, WORDS));
    done(store.set_flags("telegram", PERSON, pinned()));
    done(store.name_groups("telegram", vec![(PERSON.to_owned(), NAME.to_owned())]));
    done(store.new_session("telegram", PERSON, sent));
    done(store.open_turn(NewTurn {
        channel: "telegram".to_owned(),
        peer: PERSON.to_owned(),
        sender: None,
        messages: vec![sent],
        agent: "pi".to_owned(),
        session: format!("s-{PERSON}"),
        cursor: sent.0,
    }));
}

fn pinned() -> FlagsUpdate {
    FlagsUpdate {
        pinned: Some(true),
        ..FlagsUpdate::default()
    }
}

/// Which of the person's words are in a file of the folder.
fn left_in(folder: &Path) -> Vec<(String, &'static str)> {
    let mut left = Vec::new();
    for entry in std::fs::read_dir(folder).expect("listed").flatten() {
        let bytes = std::fs::read(entry.path()).expect("readable");
        for word in [PERSON, ALIAS, NAME, WORDS, WORD] {
            if bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes())
            {
                left.push((entry.file_name().to_string_lossy().into_owned(), word));
            }
        }
    }
    left
}

fn all_texts(store: &Store) -> Vec<String> {
    let query = HistoryQuery {
        limit: 1000,
        max_bytes: usize::MAX,
        ..HistoryQuery::default()
    };
    let page = store.history(&query).expect("readable");
    page.messages
        .into_iter()
        .map(|message| message.text)
        .collect()
}

#[test]
fn nothing_of_a_forgotten_person_is_in_any_file_and_all_others_are_as_they_were() {
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    fill(&store);
    assert!(
        left_in(fixture.folder.path()).len() >= 4,
        "there is something to remove"
    );
    let found = store.erasable(&person()).expect("surveyed");
    assert_eq!((found.messages, found.in_groups, found.waiting), (8, 1, 1));
    assert_eq!((found.mentions, found.turns), (1, 1));
    assert_eq!(found.called.iter().collect::<Vec<_>>(), [NAME]);
    let head = store.head_seq();
    let erased = store.erase(&person(), &found).expect("erased");
    assert_eq!(
        (erased.messages, erased.being_sent, erased.turns),
        (8, 0, 1)
    );
    assert!(
        !left_in(fixture.folder.path()).is_empty(),
        "removed rows stay in pages"
    );
    store.rewrite().expect("written anew");
    assert_eq!(left_in(fixture.folder.path()), []);
    let others = all_texts(&store);
    assert_eq!(others.len(), 396);
    assert_eq!(store.outbox_depth().get("telegram"), Some(&0));
    assert_eq!(store.turn(TurnId(1)).expect("readable"), None);
    // Known keys stay known, and numbers go on.
    let again = inbound(
        "telegram",
        "message 0 of somebody else",
        Some("5511900000000-0"),
    );
    let again = Inbound {
        peer: "5511900000000".to_owned(),
        ..again
    };
    assert!(received(&store, again).duplicate);
    assert!(queue(&store, "next").0 > head);
    let again = store.erasable(&person()).expect("surveyed");
    assert_eq!((again.messages, again.mentions, again.turns), (0, 0, 0));
    store.close();
    drop(store);
    assert_eq!(left_in(fixture.folder.path()), []);
    let store = fixture.open();
    assert_eq!(all_texts(&store).len(), others.len() + 1);
    let kept = store
        .named("telegram", "mentions")
        .expect("readable")
        .expect("kept");
    assert_eq!(kept.meta, Some(json!({"mentions": ["rui"], "name": "Rui"})));
}

#[test]
fn the_index_of_words_is_made_anew_without_those_of_the_person() {
    let mut fixture = Fixture::new(BackendKind::File);
    fixture.options.word_batch = 8;
    let store = fixture.open();
    fill(&store);
    store.0.shared.words.await_idle();
    let said = |word: &str| {
        let query = HistoryQuery {
            words: Some(WordQuery::parse(word).expect("understood")),
            limit: 1000,
            max_bytes: usize::MAX,
            ..HistoryQuery::default()
        };
        store.history(&query).expect("readable").messages.len()
    };
    assert_eq!((said(WORD), said("somebody")), (8, 395));
    let found = store.erasable(&person()).expect("surveyed");
    store.erase(&person(), &found).expect("erased");
    store.rewrite().expect("written anew");
    assert_eq!(left_in(fixture.folder.path()), []);
    assert_eq!((said(WORD), said("somebody")), (0, 395));
    store.0.shared.words.await_idle();
    assert!(
        store.indexed_words().messages > 300,
        "{:?}",
        store.indexed_words()
    );
    assert_eq!((said(WORD), said("somebody")), (0, 395));
    assert_eq!(left_in(fixture.folder.path()), []);
}

#[test]
fn a_message_that_is_being_sent_stays_and_is_told() {
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    let id = queued(&store, draft("telegram", PERSON, WORDS)).message.id;
    done(store.advance(id, StatusUpdate::to(State::Sending)));
    let found = store.erasable(&person()).expect("surveyed");
    let erased = store.erase(&person(), &found).expect("erased");
    assert_eq!((erased.messages, erased.being_sent), (0, 1));
    done(store.advance(id, StatusUpdate::to(State::Sent)));
    let erased = store.erase(&person(), &found).expect("erased");
    assert_eq!((erased.messages, erased.being_sent), (1, 0));
}

#[test]
fn old_messages_are_purged_and_what_waits_stays() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        received(&store, inbound("telegram", "old", Some("k")));
        received(&store, inbound("whatsapp", "old elsewhere", None));
        let waiting = queue(&store, "old but not sent");
        fixture.pass(DAY_MS);
        let moment = fixture.wall_ms.load(Ordering::Relaxed);
        received(&store, inbound("telegram", "young", None));
        let what = Erasing::Before {
            channel: Some("telegram".to_owned()),
            before_ms: moment,
        };
        let found = store.erasable(&what).expect("surveyed");
        assert_eq!(found.messages, 1);
        assert_eq!(store.erase(&what, &found).expect("erased").messages, 1);
        store.rewrite().expect("written anew");
        let mut left = all_texts(&store);
        left.sort();
        assert_eq!(left, ["old but not sent", "old elsewhere", "young"]);
        assert!(store.message(waiting).expect("readable").is_some());
        assert!(!received(&store, inbound("telegram", "old", Some("k"))).duplicate);
    });
}

#[test]
fn what_is_written_while_the_file_is_written_anew_is_in_it() {
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    fill(&store);
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (store, is_over) = (store.clone(), Arc::clone(&is_over));
        thread::spawn(move || {
            let mut ids = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                ids.push(queue(&store, "meanwhile"));
                let read = store.message(ids[ids.len() / 2]).expect("readable");
                assert!(read.is_some(), "reads go on");
            }
            ids
        })
    };
    for _ in 0..5 {
        store.rewrite().expect("written anew");
    }
    is_over.store(true, Ordering::Relaxed);
    let ids = writer.join().expect("no panic");
    assert!(ids.len() > 5, "only {}", ids.len());
    store.close();
    drop(store);
    let store = fixture.open();
    for id in &ids {
        assert!(
            store.message(*id).expect("readable").is_some(),
            "{id} is lost"
        );
    }
    assert_eq!(store.health().messages, 404 + ids.len() as u64);
    assert_eq!(
        std::fs::read_dir(fixture.folder.path())
            .expect("listed")
            .count(),
        1
    );
}

#[test]
fn what_a_crash_left_of_writing_anew_is_removed_at_the_start() {
    let fixture = Fixture::new(BackendKind::File);
    queue(&fixture.open(), "hello");
    for name in [
        "messages.redb.rewritten",
        "messages.redb.rewritten.new",
        "messages.redb.erased",
    ] {
        std::fs::write(fixture.folder.path().join(name), PERSON).expect("written");
    }
    let store = fixture.open();
    assert_eq!(all_texts(&store), ["hello"]);
    assert_eq!(left_in(fixture.folder.path()), []);
}
