//! Damaged files: nothing wrong is ever read from them, and what can be read of them is saved.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::*;
use crate::{
    fs,
    message::{Kind, MediaId, State},
    store::{
        FlagsUpdate, HistoryQuery, MediaRow, StatusUpdate,
        backend::{Table, redb::Redb},
        rows::keys::number_key,
        salvage, schema,
    },
};

/// How many damaged copies of one file are tried.
const COPIES: usize = 200;
const PAGE: usize = 4096;
const MESSAGES: usize = 60;

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).expect("small") % limit
    }
}

fn text_of(which: usize) -> String {
    format!("text {which} {}", "y".repeat(300))
}

/// A closed store with some messages, each sent.
fn filled(fixture: &Fixture) -> Vec<u8> {
    let store = fixture.open();
    for which in 0..MESSAGES {
        let id = queued(&store, keyed(&text_of(which), &format!("k{which}")))
            .message
            .id;
        if which.is_multiple_of(2) {
            done(store.advance(id, StatusUpdate::to(State::Sending)));
            done(store.accepted(id, vec![format!("name {which}")]));
        }
    }
    store.close();
    std::fs::read(&fixture.options.path).expect("read")
}

fn all_messages(store: &Store) -> Result<BTreeMap<u64, (String, State)>, StoreError> {
    let query = HistoryQuery {
        limit: 1000,
        max_bytes: usize::MAX,
        ..HistoryQuery::default()
    };
    let messages = store.history(&query)?.messages;
    let parts = |message: crate::message::Message| (message.id.0, (message.text, message.state));
    Ok(messages.into_iter().map(parts).collect())
}

/// One flipped bit, or one torn page.
fn damage(content: &[u8], which: usize, dice: &mut Dice) -> Vec<u8> {
    let mut damaged = content.to_vec();
    if which.is_multiple_of(3) {
        let page = PAGE * dice.below(content.len() / PAGE);
        let from = page + dice.below(PAGE);
        damaged[from..page + PAGE].fill(u8::try_from(which % 256).expect("a byte"));
    } else {
        let bit = dice.below(8 * content.len());
        damaged[bit / 8] ^= 1 << (bit % 8);
    }
    damaged
}

#[test]
fn flipped_bits_and_torn_pages_never_give_a_wrong_text_and_never_lose_one_silently() {
    let whole = Fixture::new(BackendKind::File);
    let content = filled(&whole);
    let expected = all_messages(&whole.open()).expect("readable");
    let (mut dice, mut refused) = (Dice(7), 0);
    for which in 0..COPIES {
        let fixture = Fixture::new(BackendKind::File);
        let damaged = damage(&content, which, &mut dice);
        fs::write_atomic(&fixture.options.path, &damaged).expect("written");
        match Store::open(fixture.options.clone(), |_| ()) {
            Ok(store) => assert_eq!(all_messages(&store).as_ref(), Ok(&expected)),
            Err(error) => {
                refused += 1;
                assert_eq!(error.exit_code(), 78, "{error}");
                let kept = std::fs::read(&fixture.options.path).expect("read");
                assert!(kept == damaged, "copy {which} was changed");
            }
        }
    }
    assert!(refused > COPIES / 10, "only {refused} were noticed");
}

#[test]
fn what_can_be_read_of_a_damaged_file_is_saved_with_its_ids_keys_and_states() {
    let whole = Fixture::new(BackendKind::File);
    let content = filled(&whole);
    let expected = all_messages(&whole.open()).expect("readable");
    let (mut dice, mut tried) = (Dice(11), 0);
    for which in 0..COPIES / 4 {
        let fixture = Fixture::new(BackendKind::File);
        let path = &fixture.options.path;
        let damaged = damage(&content, which, &mut dice);
        fs::write_atomic(path, &damaged).expect("written");
        if Store::open(fixture.options.clone(), |_| ()).is_ok() {
            continue;
        }
        tried += 1;
        let saved = salvage(path, START_MS);
        let Ok(saved) = saved else {
            // Only a file that is none any more.
            assert!(
                damaged[..PAGE] != content[..PAGE],
                "copy {which}: {saved:?}"
            );
            continue;
        };
        let kept = std::fs::read(&saved.kept_as).expect("kept");
        assert!(kept == damaged, "the damaged file is kept as it was");
        let store = fixture.open();
        let found = all_messages(&store).expect("readable");
        for (number, (text, state)) in &expected {
            let Some((found_text, found_state)) = found.get(number) else {
                assert!(saved.lost.contains(number) || saved.missing_events > 0);
                continue;
            };
            assert_eq!(found_text, text);
            let is_known = found_state == state || saved.uncertain.contains(number);
            assert!(
                is_known || saved.missing_events > 0,
                "{number}: {found_state}"
            );
        }
        assert!(found.keys().all(|number| expected.contains_key(number)));
        assert!(
            found.len() + 20 >= expected.len(),
            "only {} of copy {which}",
            found.len()
        );
        let repeated = queued(&store, keyed(&text_of(1), "k1"));
        let first = found.get(&repeated.message.id.0);
        assert_eq!(repeated.duplicate, first.is_some());
        queue(&store, "new");
        let waiting = store.outbox("telegram", None, 1000).expect("readable");
        assert!(
            waiting
                .iter()
                .all(|(message, _)| message.text != text_of(0))
        );
    }
    assert!(tried > 5, "only {tried} were damaged");
}

#[test]
fn a_file_whose_tables_cannot_be_found_is_saved_from_its_pages() {
    let fixture = Fixture::new(BackendKind::File);
    let mut content = filled(&fixture);
    let expected = all_messages(&fixture.open()).expect("readable");
    content[64..320].fill(0xee);
    fs::write_atomic(&fixture.options.path, &content).expect("written");
    assert!(Store::open(fixture.options.clone(), |_| ()).is_err());
    let saved = salvage(&fixture.options.path, START_MS).expect("saved");
    assert!(!saved.has_trees);
    let found = all_messages(&fixture.open()).expect("readable");
    let texts = |all: &BTreeMap<u64, (String, State)>| -> Vec<String> {
        all.values().map(|(text, _)| text.clone()).collect()
    };
    assert_eq!(texts(&found), texts(&expected));
}

#[test]
fn damage_that_is_come_upon_is_told_and_ends_the_acknowledging() {
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    let (good, bad) = (queue(&store, "good"), queue(&store, "bad"));
    let spoil = |rows: &mut dyn crate::store::backend::Rows| {
        rows.put(Table::Bodies, &number_key(bad.0), &[1, 2, 3])?;
        Ok(true)
    };
    let backend = &store.0.shared.backend;
    backend.transact(&mut |rows| spoil(rows)).expect("written");
    assert!(matches!(store.message(bad), Err(StoreError::Corrupt(_))));
    assert!(store.health().damage.is_some());
    assert!(store.message(good).expect("readable").is_some());
    let refused = answer(store.queue(draft("telegram", "ana", "more")));
    assert!(
        matches!(refused, Err(StoreError::Corrupt(_))),
        "{refused:?}"
    );
}

#[test]
fn a_file_known_to_be_damaged_is_closed_without_a_write() {
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    queue(&store, "hello");
    let shared = Arc::clone(&store.0.shared);
    shared.note_damage(&StoreError::Corrupt("a row".to_owned()));
    let commits = shared.health().commits;
    fixture.pass(3_600_000);
    store.close();
    assert_eq!(shared.health().commits, commits, "the time is not kept");
}

/// What is waiting to be sent, and when it is due.
fn waiting(store: &Store) -> Vec<(u64, std::time::Duration)> {
    let waiting = store.outbox("telegram", None, 1000).expect("readable");
    let parts = |(message, due): &(crate::message::Message, crate::store::DueTime)| {
        (message.id.0, due.wait)
    };
    waiting.iter().map(parts).collect()
}

#[test]
fn the_time_is_saved_too_so_that_what_waits_is_due_when_it_was() {
    let fixture = Fixture::new(BackendKind::File);
    // Far behind the wall clock, which was set later.
    fixture.set_wall(START_MS - 365 * DAY_MS);
    let store = fixture.open();
    let id = queue(&store, "hello");
    fixture.set_wall(START_MS);
    let later = StatusUpdate {
        retry_in: Some(std::time::Duration::from_secs(60)),
        attempts: Some(1),
        ..StatusUpdate::to(State::Sending)
    };
    fixture.pass(2_000);
    done(store.advance(id, later));
    fixture.pass(2_000);
    queue(&store, "later than the last stamp");
    let (time_ms, before) = (store.clock()(), waiting(&store));
    store.close();
    salvage(&fixture.options.path, START_MS).expect("saved");
    let store = fixture.open();
    assert_eq!(store.clock()(), time_ms);
    assert_eq!(waiting(&store), before);
    let stamps = store.view(|rows| rows.len(Table::Times));
    assert!(stamps.is_ok_and(|stamps| stamps > 0));
}

#[test]
fn how_conversations_are_kept_is_saved_too() {
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    queue(&store, "hello");
    let update = FlagsUpdate {
        pinned: Some(true),
        archived: Some(true),
        muted: Some(true),
        unread: Some(true),
    };
    let kept = done(store.set_flags("telegram", "ana", update)).after;
    assert!(kept.pinned && kept.archived && kept.muted && kept.unread_mark);
    store.close();
    let saved = salvage(&fixture.options.path, START_MS).expect("saved");
    assert_eq!(saved.unreadable_rows, 0);
    let nothing = FlagsUpdate::default();
    let found = done(fixture.open().set_flags("telegram", "ana", nothing));
    assert_eq!((found.before, found.after), (kept, kept));
}

#[test]
fn tables_of_an_earlier_commit_are_told_and_nothing_they_list_is_sent_again() {
    let fixture = Fixture::new(BackendKind::File);
    let mut content = filled(&fixture);
    let expected = all_messages(&fixture.open()).expect("readable");
    let slot = 64 + 128 * usize::from(content[9] & 1);
    // The root of its trees.
    content[slot + 8..slot + 32].fill(0xee);
    fs::write_atomic(&fixture.options.path, &content).expect("written");
    let saved = salvage(&fixture.options.path, START_MS).expect("saved");
    assert!(saved.has_trees && saved.is_older, "{saved:?}");
    let store = fixture.open();
    let found = all_messages(&store).expect("readable");
    assert!(found.keys().eq(expected.keys()));
    assert_eq!(waiting(&store), []);
    assert!(!saved.uncertain.is_empty());
}

#[test]
fn a_file_damaged_while_it_was_sealed_keeps_its_rows_on_both_sides() {
    let fixture = Fixture::new(BackendKind::File);
    filled(&fixture);
    let expected = all_messages(&fixture.open()).expect("readable");
    crate::store::backend::redb::unseal(&fixture.options.path, schema::SEALED_BEHIND);
    crate::store::backend::redb::seal_some(&fixture.options.path, 2);
    let saved = salvage(&fixture.options.path, START_MS).expect("saved");
    assert_eq!((saved.unreadable_rows, saved.lost.len()), (0, 0));
    assert_eq!(all_messages(&fixture.open()).as_ref(), Ok(&expected));
}

#[test]
fn a_store_that_fills_up_is_measured_a_few_times_only() {
    let mut fixture = Fixture::new(BackendKind::File);
    fixture.options.max_bytes = 3_000_000;
    let store = fixture.open();
    let text = "x".repeat(10_000);
    let taken = (0..1_000).find(|_| answer(store.queue(draft("telegram", "ana", &text))).is_err());
    assert!(taken.is_some_and(|taken| taken > 100), "{taken:?}");
    for _ in 0..50 {
        assert!(answer(store.queue(draft("telegram", "ana", &text))).is_err());
    }
    let measured = fixture.faults.measured.load(Ordering::Relaxed);
    assert!(measured < 20, "{measured} times");
    let used = store.0.shared.backend.used_bytes().expect("measured");
    assert!(used <= 3_000_000, "{used}");
}

#[test]
fn a_file_without_checksums_is_sealed_in_steps_and_keeps_everything() {
    let fixture = Fixture::new(BackendKind::File);
    filled(&fixture);
    let expected = all_messages(&fixture.open()).expect("readable");
    crate::store::backend::redb::unseal(&fixture.options.path, schema::SEALED_BEHIND);
    let before = Redb::open(&fixture.options.path).expect("opened");
    drop(before);
    let store = fixture.open();
    assert_eq!(all_messages(&store).as_ref(), Ok(&expected));
    assert!(queued(&store, keyed(&text_of(3), "k3")).duplicate);
    store.close();
    let store = fixture.open();
    assert_eq!(all_messages(&store).as_ref(), Ok(&expected));
    drop(store);
    // A crash in the middle of it: the next start goes on.
    crate::store::backend::redb::unseal(&fixture.options.path, schema::SEALED_BEHIND);
    crate::store::backend::redb::seal_some(&fixture.options.path, 3);
    assert_eq!(all_messages(&fixture.open()).as_ref(), Ok(&expected));
}

#[test]
fn a_store_that_has_reached_its_limit_takes_no_message_but_goes_on_with_the_others() {
    let mut fixture = Fixture::new(BackendKind::File);
    fixture.options.max_bytes = 300_000;
    let store = fixture.open();
    let mut taken = Vec::new();
    let refused = loop {
        match answer(store.queue(draft("telegram", "ana", &"x".repeat(20_000)))) {
            Ok(queued) => taken.push(queued.message.id),
            Err(error) => break error,
        }
        assert!(taken.len() < 100, "the limit is never reached");
    };
    assert_eq!(refused, StoreError::LimitReached(300_000));
    assert_eq!(store.health().limit_reached, Some(300_000));
    let fault = refused.fault("the key was not kept".to_owned());
    assert_eq!(
        (fault.code.as_str(), &*fault.message),
        ("queue_full", "the key was not kept")
    );
    done(store.advance(taken[0], StatusUpdate::to(State::Sending)));
    store.set_max_bytes(0);
    queue(&store, "again");
    assert_eq!(store.health().limit_reached, None);
}

#[test]
fn a_retention_run_that_removes_nothing_looks_for_no_unused_space() {
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    queue(&store, "waits");
    received(&store, inbound("telegram", "old", None));
    let looks = |store: Store| {
        done(store.prune());
        store.close();
        fixture.faults.compacted.load(Ordering::Relaxed)
    };
    assert_eq!(looks(store), 0);
    let store = fixture.open();
    fixture.pass(100 * DAY_MS);
    assert!(looks(store) > 0);
}

#[test]
fn a_file_of_which_half_is_unused_shrinks_after_old_messages_are_removed() {
    let fixture = Fixture::new(BackendKind::File);
    let store = fixture.open();
    for which in 0..60 {
        let message = received(&store, inbound("telegram", &"x".repeat(50_000), None)).message;
        assert_eq!(message.id.0, which + 1);
    }
    let before = store.0.shared.backend.file_bytes();
    fixture.pass(100 * DAY_MS);
    let pruned = store.prune().expect("asked").blocking_recv().expect("done");
    assert_eq!(pruned.messages, 60);
    store.close();
    let store = fixture.open();
    queue(&store, "after");
    let after = store.0.shared.backend.file_bytes();
    assert!(after * 2 < before, "{before} became {after}");
    assert_eq!(all_messages(&store).expect("readable").len(), 1);
}

#[test]
fn a_salvaged_store_knows_who_refers_to_a_file_and_what_one_is_whose_row_is_lost() {
    let fixture = Fixture::new(BackendKind::File);
    let (kept, lost) = (MediaId([7; 32]), MediaId([8; 32]));
    let store = fixture.open();
    for id in [kept, lost] {
        done(store.keep_media(MediaRow::new(id, 99, "image/png", Kind::Image)));
        queued(
            &store,
            Draft {
                media: Some(json!({"media_id": id.to_string()})),
                ..draft("telegram", "ana", "look")
            },
        );
    }
    store.close();
    let file = Redb::open(&fixture.options.path).expect("opened");
    let removed = file.transact(&mut |rows| {
        rows.remove(Table::Media, &lost.0)?;
        Ok(true)
    });
    removed.expect("removed");
    drop(file);
    salvage(&fixture.options.path, START_MS).expect("saved");
    let store = fixture.open();
    for id in [kept, lost] {
        let row = store.media(id).expect("readable").expect("there");
        assert_eq!((row.bytes, row.references, row.kind), (99, 1, Kind::Image));
    }
    let totals = store.media_totals();
    assert_eq!((totals.files, totals.bytes), (2, 198));
}
