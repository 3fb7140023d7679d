//! The index, against plain lists of what it should hold.

use std::ops::ControlFlow;

use proptest::{collection::vec, prelude::*, test_runner::Config};

use super::*;
use crate::{
    message::{Message, State},
    store::{
        ConversationQuery, HistoryQuery, StatusUpdate,
        backend::{Get, KeyValue, Rows, ScanOrder, Table, meta},
        index::{self, IndexChanges, IndexEntry, Side},
        rows::keys::{number_key, scope, with_number},
    },
};

/// More than fit into a few chunks.
const MANY: usize = 100;

/// A change to one of two scopes.
#[derive(Debug, Clone)]
enum Deed {
    /// Adds this many messages, their numbers so far apart.
    Add(usize, u64),
    /// Removes the message at this position and this many after it.
    Forget(usize, usize),
    /// Ends the transaction.
    Commit,
}

fn deeds() -> impl Strategy<Value = Vec<(bool, Deed)>> {
    let deed = prop_oneof![
        (1..MANY, 1..5_000_u64).prop_map(|(count, apart)| Deed::Add(count, apart)),
        (0..MANY, 1..MANY).prop_map(|(place, count)| Deed::Forget(place, count)),
        (Just(0), 1..MANY).prop_map(|(place, count)| Deed::Forget(place, count)),
        Just(Deed::Commit),
    ];
    vec((any::<bool>(), deed), 1..20)
}

/// The side that a message of this number gets.
fn entry(number: u64) -> IndexEntry {
    let side = match number % 2 {
        0 => Side::Ours,
        _ => Side::Theirs,
    };
    IndexEntry { number, side }
}

fn scopes() -> [Vec<u8>; 2] {
    [
        scope("telegram", Some("ana")),
        scope("telegram", Some("bia")),
    ]
}

/// Applies a change to the index and to the lists.
fn act(
    rows: &mut dyn Rows,
    touched: &mut IndexChanges,
    lists: &mut [Vec<u64>; 2],
    which: usize,
    deed: &Deed,
) {
    let list = &mut lists[which];
    let scope = &scopes()[which];
    match *deed {
        Deed::Add(count, apart) => {
            for _ in 0..count {
                let number = list.last().map_or(1, |last| last + apart);
                list.push(number);
                touched.add(rows, scope, entry(number)).expect("added");
            }
        }
        Deed::Forget(place, count) => {
            let end = (place + count).min(list.len());
            for number in list.drain(place.min(end)..end) {
                touched.forget(rows, scope, number).expect("forgotten");
            }
        }
        Deed::Commit => std::mem::take(touched).write(rows).expect("written"),
    }
}

fn shown(
    store: &Store,
    scope: &[u8],
    span: (u64, u64),
    order: ScanOrder,
    limit: usize,
) -> Vec<IndexEntry> {
    let mut seen = Vec::new();
    let look = |rows: &dyn Snapshot| {
        index::each(rows, scope, span, order, &mut |entry| {
            if seen.len() == limit {
                return Ok(ControlFlow::Break(()));
            }
            seen.push(entry);
            Ok(ControlFlow::Continue(()))
        })
    };
    store.view(look).expect("readable");
    seen
}

/// Checks that every query of the index agrees with the lists.
fn compare(store: &Store, lists: &[Vec<u64>; 2], (first, last): (u64, u64), limit: usize) {
    let mut conversations = Vec::new();
    for (scope, list) in scopes().iter().zip(lists) {
        let newest = store.view(|rows| index::newest(rows, scope));
        assert_eq!(newest, Ok(list.last().copied()));
        conversations.extend(list.last().map(|newest| (scope.clone(), *newest)));
        for (span, limit) in [((0, u64::MAX), usize::MAX), ((first, last), limit)] {
            let inside = |number: &&u64| (span.0..=span.1).contains(number);
            let wanted = list.iter().filter(inside).map(|number| entry(*number));
            let forwards: Vec<IndexEntry> = wanted.clone().take(limit).collect();
            assert_eq!(
                shown(store, scope, span, ScanOrder::Ascending, limit),
                forwards
            );
            let back: Vec<IndexEntry> = wanted.rev().take(limit).collect();
            assert_eq!(
                shown(store, scope, span, ScanOrder::Descending, limit),
                back
            );
        }
    }
    let mut found = Vec::new();
    let look = |rows: &dyn Snapshot| {
        index::each_conversation(rows, Some("telegram"), &mut |scope, newest| {
            found.push((scope.to_vec(), newest));
            Ok(ControlFlow::Continue(()))
        })
    };
    store.view(look).expect("readable");
    assert_eq!(found, conversations);
}

/// Rows as version 1 wrote them, one for each message.
fn put_version_1(
    rows: &mut dyn Rows,
    scope: &[u8],
    entries: &[IndexEntry],
) -> Result<(), StoreError> {
    for IndexEntry { number, side } in entries {
        let row: &[u8] = match side {
            Side::Ours => &[0],
            Side::Theirs => &[1],
            Side::Unknown => &[],
        };
        rows.put(Table::Scopes, &with_number(scope.to_vec(), *number), row)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_index_says_what_came_and_was_not_forgotten(
        old in [vec(1..50_u64, 0..MANY), vec(1..50_u64, 0..MANY)],
        deeds in deeds(),
        span: (u16, u16),
        limit in 0..MANY,
    ) {
        let span = (u64::from(span.0), u64::from(span.1));
        // Every scope starts as in a file of version 1.
        let old = old.map(|steps| steps.iter().scan(0, |at, update| { *at += update; Some(*at) }).collect());
        on_every_backend(|fixture| {
            let store = fixture.open();
            let mut lists: [Vec<u64>; 2] = old.clone();
            let write = |rows: &mut dyn Rows| {
                for (scope, list) in scopes().iter().zip(&old) {
                    let entries: Vec<IndexEntry> = list.iter().map(|number| entry(*number)).collect();
                    put_version_1(rows, scope, &entries)?;
                }
                index::upgrade(rows)?;
                Ok(true)
            };
            let backend = &store.0.shared.backend;
            backend.transact(&mut |rows| write(rows)).expect("written");
            compare(&store, &lists, span, limit);
            let mut work = |rows: &mut dyn Rows| {
                let mut touched = IndexChanges::default();
                for (which, deed) in &deeds {
                    act(rows, &mut touched, &mut lists, usize::from(*which), deed);
                }
                touched.write(rows)?;
                Ok(true)
            };
            backend.transact(&mut |rows| work(rows)).expect("written");
            compare(&store, &lists, span, limit);
        });
    }
}

fn history(store: &Store, peer: Option<&str>) -> Vec<Message> {
    let query = HistoryQuery {
        channel: Some("telegram".to_owned()),
        peer: peer.map(str::to_owned),
        limit: 999,
        ..HistoryQuery::default()
    };
    store.history(&query).expect("readable").messages
}

/// Turns the store into one of version 1 whose first rows do not have a side.
fn age(store: &Store) {
    let messages = history(store, None);
    let write = |rows: &mut dyn Rows| {
        for message in &messages {
            let [number, half] = [message.id.0, messages[messages.len() / 2].id.0];
            let side = match (number < half, message.state) {
                (true, _) => Side::Unknown,
                (false, State::Received) => Side::Theirs,
                (false, _) => Side::Ours,
            };
            for peer in [None, Some(message.peer.as_str())] {
                let scope = scope("telegram", peer);
                rows.remove(Table::Tails, &scope)?;
                put_version_1(rows, &scope, &[IndexEntry { number, side }])?;
            }
        }
        rows.put(Table::Meta, meta::SCHEMA, &number_key(1))?;
        Ok(true)
    };
    let backend = &store.0.shared.backend;
    backend.transact(&mut |rows| write(rows)).expect("written");
}

#[test]
fn a_store_of_version_1_is_brought_up_to_date_with_nothing_lost() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        for number in 0..20 {
            let peer = ["ana", "bia"][number % 2];
            queued(&store, draft("telegram", peer, &number.to_string()));
            received(&store, inbound("telegram", "in", None));
        }
        let every = |store: &Store| {
            let query = ConversationQuery {
                within: None,
                channel: None,
                only: None,
                before: None,
                limit: 9,
                max_bytes: usize::MAX,
            };
            let pages = [None, Some("ana"), Some("bia")].map(|peer| history(store, peer));
            (pages, store.conversations(&query).expect("readable"))
        };
        let before = every(&store);
        age(&store);
        store.close();
        let store = fixture.open();
        assert_eq!(every(&store), before);
        assert_eq!(store.unread("telegram", "ana"), Ok(20));
        for _ in 0..40 {
            received(&store, inbound("telegram", "in", None));
        }
        assert_eq!(store.unread("telegram", "ana"), Ok(60));
        for message in history(&store, None) {
            if message.state == State::Queued {
                done(store.advance(message.id, StatusUpdate::to(State::Sent)));
            }
        }
        fixture.pass(91 * DAY_MS);
        assert_eq!(done(store.prune()).messages, 80);
        let left = [Table::Scopes, Table::Tails].map(|table| store.view(|rows| rows.len(table)));
        assert_eq!(left, [Ok(0), Ok(0)]);
    });
}

/// Damaged rows in which a search for an earlier row finds the same one again.
struct Stuck(KeyValue);

impl Get for Stuck {
    fn get(&self, _: Table, _: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    fn at_or_before(&self, _: Table, _: &[u8]) -> Result<Option<KeyValue>, StoreError> {
        Ok(Some(self.0.clone()))
    }
}

impl Rows for Stuck {
    fn put(&mut self, _: Table, _: &[u8], _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn remove(&mut self, _: Table, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
fn a_damaged_store_of_version_1_is_refused_and_not_looked_at_for_ever() {
    for key in [with_number(scope("telegram", None), 7), b"short".to_vec()] {
        let upgraded = index::upgrade(&mut Stuck((key, Vec::new())));
        assert!(
            matches!(upgraded, Err(StoreError::Corrupt(_))),
            "{upgraded:?}"
        );
    }
}
