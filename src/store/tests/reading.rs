//! Pages of messages and events, and the outbox.

use proptest::{collection::vec, prelude::*, test_runner::Config};

use super::*;
use crate::{
    message::State,
    store::{HistoryPage, HistoryQuery, StatusUpdate},
};

fn texts(page: &HistoryPage) -> Vec<&str> {
    page.messages
        .iter()
        .map(|message| message.text.as_str())
        .collect()
}

/// Ten messages: odd ones to bia, even ones to ana, every third on another channel.
fn fill(store: &Store) -> Vec<MessageId> {
    let send = |i: usize| {
        let channel = if i.is_multiple_of(3) {
            "webchat"
        } else {
            "telegram"
        };
        let peer = if i.is_multiple_of(2) { "ana" } else { "bia" };
        queued(store, draft(channel, peer, &i.to_string()))
            .message
            .id
    };
    (0..10).map(send).collect()
}

fn query(channel: Option<&str>, peer: Option<&str>, limit: usize) -> HistoryQuery {
    HistoryQuery {
        channel: channel.map(str::to_owned),
        peer: peer.map(str::to_owned),
        limit,
        ..HistoryQuery::default()
    }
}

/// Follows a query to its last page.
fn all_pages(store: &Store, mut query: HistoryQuery) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let page = store.history(&query).expect("readable");
        pages.push(texts(&page).into_iter().map(str::to_owned).collect());
        match (page.next, query.after) {
            (None, _) => return pages,
            (next, Some(_)) => query.after = next,
            (next, None) => query.before = next,
        }
    }
}

#[test]
fn history_turns_pages_from_the_newest_back() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        fill(&store);
        let everything = all_pages(&store, query(None, None, 4));
        assert_eq!(
            everything,
            [
                vec!["6", "7", "8", "9"],
                vec!["2", "3", "4", "5"],
                vec!["0", "1"]
            ]
        );
        let channel = all_pages(&store, query(Some("webchat"), None, 3));
        assert_eq!(channel, [vec!["3", "6", "9"], vec!["0"]]);
        let conversation = all_pages(&store, query(Some("telegram"), Some("bia"), 3));
        assert_eq!(
            conversation,
            [["1", "5", "7"]],
            "a full last page names no next one"
        );
        let nobody = all_pages(&store, query(Some("telegram"), Some("eva"), 3));
        assert_eq!(nobody, [[""; 0]]);
    });
}

#[test]
fn history_turns_pages_forwards_from_a_message() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let ids = fill(&store);
        let forwards = HistoryQuery {
            after: Some(ids[1]),
            ..query(Some("telegram"), None, 2)
        };
        assert_eq!(
            all_pages(&store, forwards.clone()),
            [["2", "4"], ["5", "7"], ["8", ""]].map(|page| page
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>())
        );
        let between = HistoryQuery {
            before: Some(ids[7]),
            limit: 9,
            ..forwards
        };
        assert_eq!(
            texts(&store.history(&between).expect("readable")),
            ["2", "4", "5"]
        );
        let nothing = HistoryQuery {
            before: Some(ids[2]),
            ..between
        };
        assert_eq!(all_pages(&store, nothing), [[""; 0]]);
    });
}

#[test]
fn history_finds_words_in_any_case_and_goes_on_where_it_stopped_looking() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        for text in ["Ação 1", "nada", "nada", "AÇÃO 2", "nada", "ação 3"] {
            queue(&store, text);
        }
        queued(&store, draft("telegram", "bia", "ação de outra"));
        let search = |max_searched| HistoryQuery {
            contains: Some("aÇão".to_owned()),
            max_searched,
            ..query(Some("telegram"), Some("ana"), 2)
        };
        let everything = all_pages(&store, search(9));
        assert_eq!(everything, [vec!["AÇÃO 2", "ação 3"], vec!["Ação 1"]]);
        let bounded = all_pages(&store, search(2));
        assert_eq!(bounded, [vec!["ação 3"], vec!["AÇÃO 2"], vec!["Ação 1"]]);
        // Any message is more than a byte: the page ends with each.
        let heavy = HistoryQuery {
            max_searched_bytes: 1,
            ..search(9)
        };
        let one_by_one = all_pages(&store, heavy);
        assert_eq!(one_by_one.concat(), bounded.concat());
        assert_eq!(one_by_one.len(), 6, "{one_by_one:?}");
        let nowhere = HistoryQuery {
            contains: Some("inverno".to_owned()),
            ..search(4)
        };
        assert_eq!(all_pages(&store, nowhere), [[""; 0], [""; 0]]);
        let plain = HistoryQuery {
            contains: None,
            ..search(1)
        };
        assert_eq!(
            all_pages(&store, plain).len(),
            3,
            "only a search is bounded"
        );
    });
}

#[test]
fn a_page_ends_with_the_message_that_fills_it() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        for letter in ["a", "b", "c"] {
            queue(&store, &letter.repeat(1000));
        }
        let page = |max_bytes| {
            let query = HistoryQuery {
                max_bytes,
                ..HistoryQuery::default()
            };
            store.history(&query).expect("readable").messages.len()
        };
        assert_eq!([page(0), page(1000), page(2000), page(9000)], [1, 1, 2, 3]);
        let events = |max_bytes| {
            store
                .events_after(0, 10, max_bytes)
                .expect("readable")
                .len()
        };
        assert_eq!(
            [events(0), events(1000), events(2000), events(9000)],
            [1, 1, 2, 3]
        );
    });
}

#[test]
fn a_peer_without_its_channel_is_no_query() {
    let fixture = Fixture::new(BackendKind::Memory);
    let answer = fixture.open().history(&query(None, Some("ana"), 5));
    assert!(matches!(answer, Err(StoreError::InvalidQuery(_))));
}

#[test]
fn the_outbox_lists_what_is_still_to_be_sent_by_channel() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let ids = fill(&store);
        done(store.advance(ids[1], StatusUpdate::to(State::Sent)));
        done(store.advance(ids[2], StatusUpdate::to(State::Sending)));
        let outbox = |after, limit| -> Vec<MessageId> {
            let waiting = store.outbox("telegram", after, limit).expect("readable");
            waiting.iter().map(|(message, _)| message.id).collect()
        };
        assert_eq!(outbox(None, 99), [ids[2], ids[4], ids[5], ids[7], ids[8]]);
        assert_eq!(outbox(Some(ids[4]), 2), [ids[5], ids[7]]);
        let depth = store.outbox_depth();
        assert_eq!((depth["telegram"], depth["webchat"]), (5, 4));
    });
}

#[test]
fn an_empty_store_has_nothing_to_show() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        assert_eq!(store.events_after(0, 10, 1000), Ok(Vec::new()));
        assert_eq!(store.events_after(u64::MAX, 10, 1000), Ok(Vec::new()));
        assert_eq!(store.oldest_seq(), Ok(store.head_seq() + 1));
        assert_eq!(
            store
                .history(&HistoryQuery::default())
                .expect("readable")
                .messages,
            []
        );
    });
}

/// Applies random changes, each given by a number, to a few messages.
fn live(fixture: &Fixture, store: &Store, steps: &[(u8, u8)]) {
    let mut ids = vec![queue(store, "first")];
    for (what, which) in steps {
        fixture.pass(1);
        let id = ids[usize::from(*which) % ids.len()];
        let update = StatusUpdate {
            attempts: Some(u32::from(*which)),
            error: (which % 2 == 0).then(|| "again".to_owned()),
            ..StatusUpdate::to(State::ALL[usize::from(*what) % State::ALL.len()])
        };
        match what % 12 {
            0 => ids.push(queue(store, &which.to_string())),
            1 => drop(received(store, inbound("telegram", "hi", None))),
            2 => drop(answer(store.cancel(id))),
            3 => drop(answer(store.retry(id))),
            _ => drop(done(store.advance(id, update))),
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn events_read_later_are_exactly_those_that_were_told(
        steps in vec(any::<(u8, u8)>(), 1..60),
        skip in 0_u64..50,
        limit in 1_usize..20,
    ) {
        on_every_backend(|fixture| {
            let store = fixture.open();
            let start = store.head_seq();
            live(&fixture, &store, &steps);
            let told = fixture.published();
            let numbers: Vec<u64> = told.iter().map(|event| event.seq).collect();
            assert_eq!(numbers, (start + 1..=store.head_seq()).collect::<Vec<_>>());
            let mut read = Vec::new();
            let mut since = start + skip;
            loop {
                let events = store.events_after(since, limit, usize::MAX).expect("readable");
                let Some(last) = events.last() else { break };
                since = last.seq;
                read.extend(events);
            }
            let expected = told.get(usize::try_from(skip).expect("small")..).unwrap_or_default();
            assert_eq!(read, expected);
        });
    }
}
