//! Rows of kept files: who refers to them, and what is still to be fetched.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    message::{Kind, MediaId, State},
    store::{MediaRow, Occasion, StatusUpdate},
};

const CARD: MediaId = MediaId([7; 32]);

fn row(id: MediaId, bytes: u64) -> MediaRow {
    let mut row = MediaRow::new(id, bytes, "image/png", Kind::Image);
    (row.name, row.size) = (Some("card.png".to_owned()), Some((10, 20)));
    row
}

fn with_file(media: Value) -> Draft {
    Draft {
        media: Some(media),
        ..draft("telegram", "ana", "look")
    }
}

fn card() -> Value {
    json!({"media_id": CARD.to_string()})
}

fn references(store: &Store, id: MediaId) -> Option<u64> {
    let row = store.media(id).expect("readable");
    row.map(|row| row.references)
}

#[test]
fn a_message_is_stored_only_with_a_file_that_is_kept_and_says_what_is_known_of_it() {
    on_every_backend(|bench| {
        let store = bench.open();
        let refused = answer(store.queue(with_file(card())));
        assert_eq!(refused.map(|_| ()), Err(StoreError::NoSuchFile(CARD)));
        let kept = done(store.keep_media(row(CARD, 99)));
        assert!(!kept.duplicate && done(store.keep_media(row(CARD, 99))).duplicate);
        assert_eq!(
            (store.media_totals().files, store.media_totals().bytes),
            (1, 99)
        );
        let message = queued(&store, with_file(card())).message;
        let expected = json!({"media_id": CARD.to_string(), "kind": "image", "mime": "image/png",
            "name": "card.png", "bytes": 99, "width": 10, "height": 20});
        assert_eq!(message.media, Some(expected.clone()));
        assert_eq!(message.kind, Kind::Image);
        let (stored, _) = store.message(message.id).expect("readable").expect("kept");
        assert_eq!(stored.media, Some(expected));
        let named = json!([{"media_id": CARD.to_string(), "kind": "document", "name": "b.png", "bytes": 1}]);
        let message = queued(&store, with_file(named)).message;
        let file = &message.media.expect("a list")[0];
        assert_eq!(
            (&file["kind"], &file["name"], &file["bytes"]),
            (&json!("document"), &json!("b.png"), &json!(99))
        );
        assert_eq!(references(&store, CARD), Some(2));
    });
}

#[test]
fn the_same_request_with_a_file_gives_the_first_message() {
    on_every_backend(|bench| {
        let store = bench.open();
        done(store.keep_media(row(CARD, 99)));
        let keyed = || Draft {
            idempotency_key: Some("k".to_owned()),
            ..with_file(card())
        };
        let first = queued(&store, keyed());
        let again = queued(&store, keyed());
        assert_eq!(
            (again.message.id, again.duplicate),
            (first.message.id, true)
        );
        assert_eq!(references(&store, CARD), Some(1));
    });
}

#[test]
fn a_file_goes_only_once_no_message_has_it_and_its_time_is_over() {
    on_every_backend(|bench| {
        let store = bench.open();
        done(store.keep_media(row(CARD, 99)));
        let id = queued(&store, with_file(card())).message.id;
        done(store.advance(id, StatusUpdate::to(State::Sending)));
        done(store.advance(id, StatusUpdate::to(State::Sent)));
        let forget = |until| done(store.forget_media(vec![CARD], until)).len();
        assert_eq!(forget(u64::MAX), 0, "a message has it");
        bench.pass(91 * DAY_MS);
        assert_eq!(done(store.prune()).messages, 1);
        assert_eq!(references(&store, CARD), Some(0));
        let now = store.clock()();
        assert_eq!(forget(now - 1), 0, "its day begins when the message goes");
        let found = store.unreferenced_media(now, 9).expect("readable");
        assert_eq!(found.len(), 1);
        assert_eq!(forget(now), 1);
        assert_eq!(
            (references(&store, CARD), store.media_totals().bytes),
            (None, 0)
        );
    });
}

#[test]
fn the_totals_are_there_after_a_restart() {
    on_every_backend(|bench| {
        {
            let store = bench.open();
            done(store.keep_media(row(CARD, 99)));
            done(store.keep_media(row(MediaId([8; 32]), 1)));
            store.close();
        }
        let totals = bench.open().media_totals();
        assert_eq!((totals.files, totals.bytes), (2, 100));
    });
}

#[test]
fn a_file_that_comes_later_is_an_event_of_its_message() {
    on_every_backend(|bench| {
        let store = bench.open();
        let wanted = json!({"kind": "audio", "id": "F1", "state": "fetching"});
        let inbound = Inbound {
            kind: Kind::Voice,
            media: Some(wanted.clone()),
            ..inbound("telegram", "[voice]", Some("E1"))
        };
        let id = received(&store, inbound).message.id;
        let waiting = || store.fetches("telegram", None, 9).expect("readable");
        assert!(waiting().len() == 1 && store.has_fetches());
        done(store.postpone_fetch(id, 2, Duration::from_secs(5)));
        let one = waiting().remove(0);
        assert_eq!((one.attempts, one.wait), (2, Duration::from_secs(5)));

        let ready =
            json!({"kind": "voice", "id": "F1", "state": "ready", "media_id": CARD.to_string()});
        let early = answer(store.update_file(id, 0, ready.clone()));
        assert_eq!(early.map(|_| ()), Err(StoreError::NoSuchFile(CARD)));
        done(store.keep_media(row(CARD, 99)));
        let message = done(store.update_file(id, 0, ready.clone())).expect("news");
        assert_eq!(
            message.media.as_ref().map(|file| &file["bytes"]),
            Some(&json!(99))
        );
        assert_eq!(
            done(store.update_file(id, 0, message.media.clone().expect("a file"))),
            None
        );
        assert_eq!((waiting().len(), references(&store, CARD)), (0, Some(1)));
        assert!(!store.has_fetches());

        let (_, life) = store.message(id).expect("readable").expect("kept");
        let occasions: Vec<Occasion> = life.iter().map(|step| step.occasion).collect();
        assert_eq!(occasions, [Occasion::State, Occasion::Media]);
        let events = store.events_after(0, 9, 1 << 20).expect("readable");
        let told: Vec<_> = events
            .iter()
            .map(|event| {
                (
                    event.name().as_str(),
                    event.message.media.as_ref().expect("a file")["state"].clone(),
                )
            })
            .collect();
        let expected = [
            ("message.received", json!("fetching")),
            ("message.media", json!("ready")),
        ];
        assert_eq!(told, expected);

        done(store.update_file(id, 0, wanted)).expect("news");
        assert_eq!((waiting().len(), references(&store, CARD)), (1, Some(0)));
    });
}

#[test]
fn a_message_goes_on_waiting_for_its_files_until_one_is_asked_for() {
    on_every_backend(|bench| {
        let store = bench.open();
        let file = |state: &str| json!({"kind": "image", "id": "F", "state": state});
        let inbound = Inbound {
            kind: Kind::Image,
            media: Some(json!([file("fetching"), file("fetching")])),
            ..inbound("telegram", "[image]", Some("E1"))
        };
        let id = received(&store, inbound).message.id;
        let waiting = || {
            let one = store.fetches("telegram", None, 9).expect("readable");
            (one[0].attempts, one[0].wait)
        };
        let later = Duration::from_secs(5);
        done(store.postpone_fetch(id, 2, later));
        done(store.update_file(id, 0, file("failed"))).expect("news");
        assert_eq!(waiting(), (2, later), "the other waits");
        done(store.update_file(id, 0, file("fetching"))).expect("news");
        assert_eq!(waiting(), (0, Duration::ZERO));
    });
}

#[test]
fn a_file_of_no_message_is_no_file() {
    on_every_backend(|bench| {
        let store = bench.open();
        let id = received(&store, inbound("telegram", "text", Some("E1")))
            .message
            .id;
        for (id, at) in [(id, 0), (MessageId(1), 0)] {
            let updated = answer(store.update_file(id, at, json!({"kind": "image"})));
            assert_eq!(updated.map(|_| ()), Err(StoreError::NotFound));
        }
    });
}

#[test]
fn pages_of_files_follow_on_each_other() {
    on_every_backend(|bench| {
        let store = bench.open();
        for n in 0..7 {
            done(store.keep_media(row(MediaId([n; 32]), 1)));
            bench.pass(u64::from(n % 2));
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.newest_media(after, 2).expect("readable");
            let Some(last) = page.last() else {
                break;
            };
            after = Some(last.id);
            seen.extend(page.iter().map(|row| (row.created_ms, row.id)));
        }
        assert_eq!(seen.len(), 7);
        assert!(
            seen.windows(2).all(|pair| pair[0].0 >= pair[1].0),
            "{seen:?}"
        );
        let unknown = MediaId([99; 32]);
        let gone = store.newest_media(Some(unknown), 2).map(|_| ());
        assert_eq!(gone, Err(StoreError::NoSuchFile(unknown)));
    });
}

#[test]
fn names_of_files_are_cleaned_whoever_gives_them() {
    on_every_backend(|bench| {
        let store = bench.open();
        let files =
            json!([{"id": "1", "name": "../../.bashrc\u{1b}[2J"}, {"id": "2", "name": ".."}]);
        let inbound = Inbound {
            kind: Kind::Document,
            media: Some(files),
            ..inbound("telegram", "[document]", Some("E1"))
        };
        let media = received(&store, inbound).message.media.expect("files");
        assert_eq!(
            media,
            json!([{"id": "1", "name": "bashrc[2J"}, {"id": "2"}])
        );
    });
}
