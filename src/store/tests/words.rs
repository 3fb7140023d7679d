//! The index of words, against a plain look through every message.

use std::{collections::BTreeMap, ops::ControlFlow};

use proptest::{collection::vec, prelude::*, test_runner::Config};

use super::*;
use crate::{
    store::{
        HistoryQuery, Revision,
        backend::{Rows, ScanOrder, Table, meta},
        rows::keys::number_key,
        words::{Segment, segments},
    },
    words::{WordQuery, Words},
};

/// The smallest segment of these tests.
const BATCH: u64 = 4;

/// What people here say. Some words begin like others, some have accents, some are too long to be kept whole.
const SAYINGS: [&str; 12] = [
    "bom dia",
    "Bom dia, Ação!",
    "acao e reação",
    "a nota fiscal",
    "notas fiscais de ontem",
    "constitucionalmente",
    "constitucional não",
    "",
    "日本 dia",
    "12345",
    "1234",
    "nota 12",
];

const QUERIES: [&str; 12] = [
    "dia",
    "d",
    "acao",
    "AÇÃO",
    "nota",
    "\"nota\"",
    "nota fiscal",
    "constitucionalm",
    "12",
    "\"1234\"",
    "本",
    "nada",
];

fn small(fixture: &mut Fixture) {
    fixture.options.word_batch = BATCH;
}

fn words(text: &str) -> HistoryQuery {
    HistoryQuery {
        words: Some(WordQuery::parse(text).expect("understood")),
        limit: 1_000,
        ..HistoryQuery::default()
    }
}

/// Every message that is found, page by page, oldest first.
fn found(store: &Store, query: &HistoryQuery) -> Vec<u64> {
    let (mut query, mut all) = (query.clone(), Vec::new());
    loop {
        let page = store.history(&query).expect("readable");
        let ids = page.messages.iter().map(|message| message.id.0);
        let Some(next) = page.next else {
            all.extend(ids);
            all.sort_unstable();
            return all;
        };
        all.extend(ids);
        match &mut query {
            HistoryQuery {
                after: after @ Some(_),
                ..
            } => *after = Some(next),
            HistoryQuery { before, .. } => *before = Some(next),
        }
    }
}

fn await_index(store: &Store) {
    store.0.shared.words.await_idle();
}

fn indexed(store: &Store) -> Vec<Segment> {
    store.view(segments).expect("readable")
}

/// Every word in the rows of the index.
fn kept_words(store: &Store) -> String {
    let mut bytes = Vec::new();
    let look = |rows: &dyn Snapshot| {
        let end = [u8::MAX; 20];
        let order = ScanOrder::Ascending;
        rows.scan(Table::WordBlocks, &[], &end, order, &mut |key, row| {
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(row);
            Ok(ControlFlow::Continue(()))
        })
    };
    store.view(look).expect("readable");
    String::from_utf8_lossy(&bytes).into_owned()
}

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
type Said = BTreeMap<u64, (usize, Option<&'static str>)>;

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

fn revise(store: &Store, number: u64, revision: Revision) {
    let revise = |transaction: &mut crate::store::writer::transaction::Transaction<'_>,
                  (number, revision): &mut (u64, Revision)| {
        let message = transaction.load(MessageId(*number))?;
        if crate::store::writer::revisions::is_news(&message, revision) {
            transaction.revise(message, revision.clone())?;
        }
        Ok(())
    };
    done(store.submit(revise, (number, revision), 0));
}

fn forget(store: &Store, number: u64) {
    let forget = |transaction: &mut crate::store::writer::transaction::Transaction<'_>,
                  number: &mut u64| {
        let found = crate::store::queries::message::body(transaction.rows, *number)?;
        found.map_or(Ok(()), |(body, _)| transaction.forget(&body))
    };
    done(store.submit(forget, number, 0));
}

/// Compares every query with the list, whole and in pages, both ways, of all and of one conversation.
fn compare(store: &Store, said: &Said) {
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

#[test]
fn many_messages_end_in_few_segments_that_cover_all_but_the_newest() {
    on_every_backend(|mut fixture| {
        small(&mut fixture);
        let store = fixture.open();
        let said: Said = (0..1_500_usize)
            .map(|at| {
                let saying = SAYINGS[at % SAYINGS.len()];
                let number = received(&store, inbound("telegram", saying, None))
                    .message
                    .id
                    .0;
                (number, (0, Some(saying)))
            })
            .collect();
        await_index(&store);
        let all = indexed(&store);
        assert!(all.len() <= 1_500 / 256 + 16, "{}", all.len());
        assert!(
            1_500 - store.indexed_messages() < BATCH,
            "{}",
            store.indexed_messages()
        );
        compare(&store, &said);
    });
}

#[test]
fn words_of_what_is_gone_or_reads_otherwise_leave_the_index() {
    on_every_backend(|mut fixture| {
        small(&mut fixture);
        let store = fixture.open();
        let say = |text: &str| {
            received(&store, inbound("telegram", text, None))
                .message
                .id
                .0
        };
        let gone = say("segredo removido");
        let edited = say("engano escrito");
        let deleted = say("apagado depois");
        for _ in 0..40 {
            say("conversa qualquer");
        }
        await_index(&store);
        for word in ["segredo", "engano", "apagado", "conversa"] {
            assert!(kept_words(&store).contains(word), "{word}");
        }
        forget(&store, gone);
        revise(
            &store,
            edited,
            Revision::Edited {
                text: "acerto".to_owned(),
                content: None,
            },
        );
        revise(&store, deleted, Revision::Deleted);
        await_index(&store);
        let kept = kept_words(&store);
        for word in [
            "segredo", "removido", "engano", "escrito", "apagado", "depois",
        ] {
            assert!(!kept.contains(word), "{word}");
            assert_eq!(found(&store, &words(word)), [0; 0], "{word}");
        }
        assert!(kept.contains("acerto") && kept.contains("conversa"));
        assert_eq!(found(&store, &words("acerto")), [edited]);
    });
}

#[test]
fn retention_takes_the_words_too() {
    on_every_backend(|mut fixture| {
        small(&mut fixture);
        fixture.options.history_days = 7;
        let store = fixture.open();
        for _ in 0..10 {
            received(&store, inbound("telegram", "antigamente", None));
        }
        fixture.pass(20 * DAY_MS);
        for _ in 0..10 {
            received(&store, inbound("telegram", "agora", None));
        }
        await_index(&store);
        done(store.prune());
        await_index(&store);
        assert_eq!(found(&store, &words("antigamente")), [0; 0]);
        assert_eq!(found(&store, &words("agora")).len(), 10);
        let kept = kept_words(&store);
        assert!(
            !kept.contains("antigament") && kept.contains("agora"),
            "{kept}"
        );
    });
}

/// Writes rows as they are while no store is open.
fn write(fixture: &Fixture, work: impl Fn(&mut dyn Rows)) {
    let backend = fixture.backend();
    backend
        .transact(&mut |rows| {
            work(rows);
            Ok(true)
        })
        .expect("written");
    backend.close();
}

#[test]
fn what_a_kill_left_unfinished_is_removed_and_indexed_again() {
    on_every_backend(|mut fixture| {
        small(&mut fixture);
        let store = fixture.open();
        let ids: Vec<u64> = (0..9)
            .map(|_| {
                received(&store, inbound("telegram", "bom dia", None))
                    .message
                    .id
                    .0
            })
            .collect();
        await_index(&store);
        store.close();
        drop(store);
        write(&fixture, |rows| {
            let head = meta::head(rows).expect("readable");
            let claimed = Segment {
                first: head + 1,
                last: head + 3,
                id: 70,
                messages: 0,
                bytes: 0,
                is_complete: false,
            };
            rows.put(
                Table::WordSegments,
                &number_key(head + 1),
                &claimed.encode(),
            )
            .expect("put");
            for id in [70, 71] {
                let key = crate::store::words::block_key(id, b"resto", 0);
                rows.put(Table::WordBlocks, &key, b"\x05resto\x01\x00")
                    .expect("put");
            }
        });
        let store = fixture.open();
        await_index(&store);
        assert!(!kept_words(&store).contains("resto"));
        assert!(indexed(&store).iter().all(|segment| segment.is_complete));
        for _ in 0..9 {
            received(&store, inbound("telegram", "boa tarde", None));
        }
        await_index(&store);
        assert_eq!(found(&store, &words("dia")), ids);
        assert!(store.indexed_messages() > 9);
    });
}

#[test]
fn a_store_of_the_version_before_is_indexed_when_it_is_opened() {
    on_every_backend(|mut fixture| {
        fixture.options.word_batch = 1_000_000;
        let store = fixture.open();
        for at in 0..30 {
            received(
                &store,
                inbound("telegram", SAYINGS[at % SAYINGS.len()], None),
            );
        }
        let before = found(&store, &words("nota"));
        assert_eq!(store.indexed_messages(), 0);
        store.close();
        drop(store);
        write(&fixture, |rows| {
            meta::put_schema_version(rows, 3).expect("put")
        });
        small(&mut fixture);
        let store = fixture.open();
        await_index(&store);
        assert!(store.indexed_messages() > 25);
        assert_eq!(found(&store, &words("nota")), before);
    });
}

#[test]
fn an_acknowledgement_does_not_wait_for_the_index() {
    let mut fixture = Fixture::new(BackendKind::Memory);
    small(&mut fixture);
    let store = fixture.open();
    for _ in 0..20 {
        received(&store, inbound("telegram", "bom dia", None));
    }
    await_index(&store);
    // The commit that a request and the index share is that of the request: one gate, one answer.
    let gate = Gate::close(&fixture.faults);
    let pending = store.receive(inbound("telegram", "boa noite", None));
    gate.await_arrival();
    gate.let_one_through();
    done(pending);
    drop(gate);
}

#[test]
fn words_take_less_than_a_quarter_of_what_the_texts_take() {
    let fixture = Fixture::new(BackendKind::Memory);
    let store = fixture.open();
    // As languages are: the n-th word comes half as often as the one of half its rank.
    let mut state = 7_u64;
    let mut next = |below: f64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 11) as f64 / (1_u64 << 53) as f64 * below
    };
    let mut text_bytes = 0;
    let mut pending = Vec::new();
    for _ in 0..9_000 {
        let words: Vec<String> = (0..12)
            .map(|_| {
                let rank = 8_000_f64.powf(next(1.0)) as u64;
                data_encoding::BASE32_NOPAD
                    .encode(&rank.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes())
                    [..3 + (rank % 6) as usize]
                    .to_lowercase()
            })
            .collect();
        let text = words.join(" ");
        text_bytes += text.len() as u64;
        pending.push(store.receive(inbound("telegram", &text, None)));
    }
    pending.into_iter().for_each(|pending| drop(done(pending)));
    await_index(&store);
    let bytes: u64 = indexed(&store).iter().map(|one| one.bytes).sum();
    assert!(store.indexed_messages() > 8_000);
    assert!(4 * bytes < text_bytes, "{bytes} of {text_bytes}");
}
