//! Repeated requests: recognised by their keys for seven days, within one batch and across restarts.

use serde_json::json;

use super::*;
use crate::{message::State, store::StatusUpdate};

#[test]
fn a_repeated_request_gets_the_first_message_as_it_stands() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let first = queued(&store, keyed("hello", "k"));
        assert!(!first.duplicate);
        done(store.advance(first.message.id, StatusUpdate::to(State::Sent)));
        fixture.pass(7 * DAY_MS - 1);
        store.close();
        let store = fixture.open();
        let second = queued(&store, keyed("hello", "k"));
        assert!(second.duplicate);
        assert_eq!(second.message.id, first.message.id);
        assert_eq!(second.message.state, State::Sent);
        assert_eq!(fixture.published().len(), 2);
    });
}

#[test]
fn a_repeat_in_the_same_batch_is_recognised() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let gate = Gate::close(&fixture.faults);
        let opener = store.queue(draft("telegram", "ana", "opens the batch"));
        gate.await_arrival();
        let pending: Vec<_> = ["k", "k", "other"]
            .map(|key| store.queue(keyed("hello", key)))
            .into();
        let conflict = store.queue(keyed("another text", "k"));
        gate.let_one_through();
        gate.let_one_through();
        drop(gate);
        done(opener);
        let answers: Vec<QueuedMessage> = pending.into_iter().map(done).collect();
        assert_eq!(
            answers
                .iter()
                .map(|answer| answer.duplicate)
                .collect::<Vec<_>>(),
            [false, true, false]
        );
        assert_eq!(answers[0].message, answers[1].message);
        assert_eq!(answer(conflict), Err(StoreError::Conflict));
        assert_eq!((store.health().commits, fixture.published().len()), (2, 3));
    });
}

#[test]
fn the_same_key_with_other_content_is_a_conflict() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let full = Draft {
            media: Some(json!({ "kind": "image", "url": "https://example.com/a.png" })),
            reply_to: Some("m-1".to_owned()),
            meta: Some(json!({ "n": 0.1 })),
            ..keyed("hello", "k")
        };
        queued(&store, full.clone());
        assert!(queued(&store, full.clone()).duplicate);
        let others = [
            Draft {
                text: "other".to_owned(),
                ..full.clone()
            },
            Draft {
                peer: "bia".to_owned(),
                ..full.clone()
            },
            Draft {
                channel: "webchat".to_owned(),
                ..full.clone()
            },
            Draft {
                media: None,
                ..full.clone()
            },
            Draft {
                reply_to: None,
                ..full.clone()
            },
            Draft {
                meta: Some(json!({ "n": 0.2 })),
                ..full
            },
        ];
        for other in others {
            assert_eq!(answer(store.queue(other)), Err(StoreError::Conflict));
        }
        assert_eq!(fixture.published().len(), 1);
    });
}

#[test]
fn a_key_is_forgotten_after_seven_days() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let first = queued(&store, keyed("hello", "k")).message.id;
        fixture.pass(7 * DAY_MS);
        let second = queued(&store, keyed("another text", "k"));
        assert!(!second.duplicate);
        assert_ne!(second.message.id, first);
        assert!(queued(&store, keyed("another text", "k")).duplicate);
    });
}

#[test]
fn a_repeated_inbound_message_is_dropped_within_its_channel() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let first = received(&store, inbound("telegram", "hi", Some("update 1")));
        assert!(!first.duplicate);
        store.close();
        let store = fixture.open();
        let again = received(&store, inbound("telegram", "hi, edited", Some("update 1")));
        assert!(again.duplicate);
        assert_eq!(again.message, first.message);
        assert!(!received(&store, inbound("whatsapp", "hi", Some("update 1"))).duplicate);
        assert!(!queued(&store, keyed("hi", "update 1")).duplicate);
        assert!(!received(&store, inbound("telegram", "hi", None)).duplicate);
        fixture.pass(7 * DAY_MS);
        assert!(!received(&store, inbound("telegram", "hi", Some("update 1"))).duplicate);
    });
}

#[test]
fn a_name_too_long_for_an_index_is_refused() {
    let fixture = Fixture::new(BackendKind::Memory);
    let (store, long) = (fixture.open(), "x".repeat(1025));
    let too_long = |field| Err(StoreError::TooLong { field, limit: 1024 });
    assert_eq!(
        answer(store.queue(keyed("hello", &long))),
        too_long("idempotency_key")
    );
    assert_eq!(
        answer(store.queue(draft(&long, "ana", "hello"))),
        too_long("channel")
    );
    let inbound = Inbound {
        peer: long,
        ..Inbound::default()
    };
    assert_eq!(
        answer(store.receive(inbound)).map(drop),
        too_long("peer").map(drop)
    );
}
