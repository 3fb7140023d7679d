//! The index of words: what it finds, what leaves it, what it takes.

mod model;

use std::ops::ControlFlow;

use self::model::{Said, compare};
use super::*;
use crate::{
    store::{
        HistoryQuery, Revision,
        backend::{Rows, ScanOrder, Table, meta},
        rows::keys::number_key,
        words::{Segment, segments},
    },
    words::WordQuery,
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
        assert!(all.len() <= 1_500 / 64 + 16, "{}", all.len());
        assert!(
            1_500 - store.indexed_words().messages < BATCH,
            "{}",
            store.indexed_words().messages
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
        assert!(store.indexed_words().messages > 9);
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
        assert_eq!(store.indexed_words().messages, 0);
        store.close();
        drop(store);
        write(&fixture, |rows| {
            meta::put_schema_version(rows, 3).expect("put");
        });
        small(&mut fixture);
        let store = fixture.open();
        await_index(&store);
        assert!(store.indexed_words().messages > 25);
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

#[cfg(feature = "store")]
#[test]
fn words_take_less_than_a_quarter_of_what_the_texts_take() {
    // Memory does not keep as many as are merged.
    let mut fixture = Fixture::new(BackendKind::File);
    fixture.options.word_batch = 512;
    let store = fixture.open();
    // As languages are: the n-th word comes half as often as the one of half its rank.
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    let mut word = || {
        let octave = 1 << next(13);
        let rank = octave + next(octave);
        let letters = rank.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let letters = data_encoding::BASE32_NOPAD.encode(&letters).to_lowercase();
        let length = 3 + (rank % 6).count_ones() as usize + usize::from(octave > 64) * 3;
        letters[..length].to_owned()
    };
    let (mut text_bytes, mut pending) = (0, Vec::new());
    // However the batches fall, those before the last have enough to be merged.
    for _ in 0..16_384 + 512 + 100 {
        let words: Vec<String> = (0..12).map(|_| word()).collect();
        let text = words.join(" ");
        text_bytes += text.len() as u64;
        pending.push(store.receive(inbound("telegram", &text, None)));
    }
    for pending in pending {
        done(pending);
    }
    await_index(&store);
    let bytes: u64 = indexed(&store).iter().map(|one| one.bytes).sum();
    assert!(store.indexed_words().messages >= 16_384);
    assert!(4 * bytes < text_bytes, "{bytes} of {text_bytes}");
}
