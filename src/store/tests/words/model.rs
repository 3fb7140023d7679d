//! Searches against a plain look through every message, whatever happened to them.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, test_runner::Config};

use super::*;
use crate::words::Words;

#[derive(Debug, Clone)]
enum Deed {
    Receive(usize, bool),
    Edit(usize, usize),
    Delete(usize),
    Forget(usize),
    Await,
    Reopen,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let saying = 0..SAYINGS.len();
    let deed = prop_oneof![
        12 => (saying.clone(), any::<bool>()).prop_map(|(saying, peer)| Deed::Receive(saying, peer)),
        1 => (any::<usize>(), saying).prop_map(|(which, saying)| Deed::Edit(which, saying)),
        1 => any::<usize>().prop_map(Deed::Delete),
        1 => any::<usize>().prop_map(Deed::Forget),
        1 => Just(Deed::Await),
        1 => Just(Deed::Reopen),
    ];
    vec(deed, 1..150)
}

const PEERS: [&str; 2] = ["ana", "bia"];

/// Number → peer and what the message says now, if anything.
pub(super) type Said = BTreeMap<u64, (usize, Option<&'static str>)>;

fn nth(said: &Said, which: usize) -> Option<u64> {
    said.keys().nth(which % said.len().max(1)).copied()
}

/// Does one thing to the store and to the plain list of what was said.
fn act(fixture: &Fixture, store: &mut Store, said: &mut Said, deed: &Deed) {
    match *deed {
        Deed::Receive(saying, peer) => {
            let peer = usize::from(peer);
            let message = Inbound {
                peer: PEERS[peer].to_owned(),
                ..inbound("telegram", SAYINGS[saying], None)
            };
            let number = received(store, message).message.id.0;
            said.insert(number, (peer, Some(SAYINGS[saying])));
        }
        Deed::Edit(which, saying) => {
            let Some(number) = nth(said, which) else {
                return;
            };
            let text = SAYINGS[saying];
            if said[&number].1.is_some() {
                let revision = Revision::Edited {
                    text: text.to_owned(),
                    content: None,
                };
                revise(store, number, revision);
                said.entry(number).and_modify(|one| one.1 = Some(text));
            }
        }
        Deed::Delete(which) => {
            let Some(number) = nth(said, which) else {
                return;
            };
            revise(store, number, Revision::Deleted);
            said.entry(number).and_modify(|one| one.1 = None);
        }
        Deed::Forget(which) => {
            let Some(number) = nth(said, which) else {
                return;
            };
            forget(store, number);
            said.remove(&number);
        }
        Deed::Await => await_index(store),
        Deed::Reopen => {
            store.close();
            *store = fixture.open();
        }
    }
}

/// Compares every query with the list, whole and in pages, both ways, of all and of one conversation.
pub(super) fn compare(store: &Store, said: &Said) {
    for text in QUERIES {
        let query = words(text);
        for peer in [None, Some(0), Some(1)] {
            let mut query = query.clone();
            if let Some(peer) = peer {
                query.channel = Some("telegram".to_owned());
                query.peer = Some(PEERS[peer].to_owned());
            }
            let wanted: Vec<u64> = said
                .iter()
                .filter(|(_, (by, text))| {
                    let of_peer = peer.is_none_or(|peer| peer == *by);
                    let finds = |text: &str| {
                        query
                            .words
                            .as_ref()
                            .is_some_and(|words| words.finds(Words::default().of(text)))
                    };
                    of_peer && text.is_some_and(finds)
                })
                .map(|(number, _)| *number)
                .collect();
            let paged = HistoryQuery {
                limit: 2,
                ..query.clone()
            };
            let searched = HistoryQuery {
                max_searched: 3,
                ..query.clone()
            };
            let upward = HistoryQuery {
                after: Some(MessageId(0)),
                limit: 3,
                ..query.clone()
            };
            for (how, query) in [
                ("whole", query),
                ("paged", paged),
                ("searched", searched),
                ("upward", upward),
            ] {
                assert_eq!(found(store, &query), wanted, "{text} of {peer:?}, {how}");
            }
        }
    }
}

#[test]
fn a_search_finds_what_a_look_through_everything_finds() {
    let config = Config {
        cases: 8,
        failure_persistence: None,
        ..Config::default()
    };
    proptest!(config, |(deeds in deeds())| {
        on_every_backend(|mut fixture| {
            small(&mut fixture);
            let (mut store, mut said) = (fixture.open(), Said::new());
            for deed in &deeds {
                // Nothing survives the restart of what is in memory; the fixture keeps it.
                act(&fixture, &mut store, &mut said, deed);
            }
            compare(&store, &said);
            await_index(&store);
            compare(&store, &said);
        });
    });
}
