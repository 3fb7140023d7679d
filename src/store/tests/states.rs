//! The states of a message: forwards only, except for cancel and retry.

use std::time::Duration;

use super::*;
use crate::store::{DueTime, Occasion};
use crate::{
    message::State,
    store::{AcceptedParts, StatusUpdate, Transition, writer::operations::MAX_REFERENCES},
};

fn advance(store: &Store, id: MessageId, state: State) -> Option<State> {
    let message = done(store.advance(id, StatusUpdate::to(state)));
    message.map(|message| message.state)
}

#[test]
fn a_new_message_is_queued_under_the_number_of_its_event() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let message = queued(&store, draft("telegram", "ana", "hello")).message;
        assert_eq!(message.id.0, message.seq);
        assert_eq!(message.state, State::Queued);
        assert_eq!(
            (message.created_ms, message.updated_ms),
            (START_MS, START_MS)
        );
        assert_eq!(store.head_seq(), message.seq);
        let (stored, life) = store.message(message.id).expect("readable").expect("kept");
        assert_eq!((stored, life.len()), (message.clone(), 1));
        let event = StoredEvent {
            seq: message.seq,
            occasion: Occasion::State,
            message,
        };
        assert_eq!(event.name().as_str(), "message.status");
        assert_eq!(fixture.published(), [event]);
    });
}

#[test]
fn states_go_forwards_and_late_reports_change_nothing() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = queue(&store, "hello");
        assert_eq!(advance(&store, id, State::Sending), Some(State::Sending));
        assert_eq!(
            advance(&store, id, State::Delivered),
            Some(State::Delivered)
        );
        let head = store.head_seq();
        for late in [
            State::Sent,
            State::Delivered,
            State::Sending,
            State::Queued,
            State::Cancelled,
        ] {
            assert_eq!(advance(&store, id, late), None, "{late}");
        }
        assert_eq!((store.head_seq(), fixture.published().len()), (head, 3));
        assert_eq!(advance(&store, id, State::Read), Some(State::Read));
    });
}

#[test]
fn the_life_of_a_message_is_told_oldest_first() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let (id, other) = (queue(&store, "hello"), queue(&store, "other"));
        fixture.pass(10);
        let update = StatusUpdate {
            attempts: Some(1),
            error: Some("timeout".to_owned()),
            ..StatusUpdate::to(State::Sending)
        };
        done(store.advance(id, update));
        advance(&store, other, State::Sending);
        fixture.pass(10);
        advance(&store, id, State::Sent);
        let transition = |seq, state, at_ms, attempts, error: Option<&str>| Transition {
            seq,
            occasion: Occasion::State,
            state,
            at_ms,
            attempts,
            error: error.map(str::to_owned),
        };
        let (message, life) = store.message(id).expect("readable").expect("kept");
        assert_eq!(
            life,
            [
                transition(id.0, State::Queued, START_MS, 0, None),
                transition(id.0 + 2, State::Sending, START_MS + 10, 1, Some("timeout")),
                transition(id.0 + 4, State::Sent, START_MS + 20, 1, None),
            ]
        );
        assert_eq!((message.state, message.attempts), (State::Sent, 1));
        assert_eq!(
            (message.created_ms, message.updated_ms),
            (START_MS, START_MS + 20)
        );
    });
}

#[test]
fn another_attempt_is_an_event_and_a_postponement_is_not() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = queue(&store, "hello");
        let attempt = StatusUpdate {
            attempts: Some(2),
            error: Some("503".to_owned()),
            retry_in: Some(Duration::from_secs(25)),
            ..StatusUpdate::to(State::Sending)
        };
        advance(&store, id, State::Sending);
        let again = done(store.advance(id, attempt.clone())).expect("news");
        assert_eq!((again.attempts, again.error.as_deref()), (2, Some("503")));
        let head = store.head_seq();
        assert!(
            done(store.advance(id, attempt)).is_some(),
            "a postponement to the same time"
        );
        let later = StatusUpdate {
            retry_in: Some(Duration::from_secs(90)),
            ..StatusUpdate::to(State::Sending)
        };
        assert_eq!(done(store.advance(id, later)), Some(again.clone()));
        assert_eq!(advance(&store, id, State::Sending), None);
        assert_eq!(store.head_seq(), head);
        let outbox = store.outbox("telegram", None, 10).expect("readable");
        let due = DueTime {
            wait: Duration::from_secs(90),
            at_ms: START_MS + 90_000,
        };
        assert_eq!(outbox, [(again, due)]);
    });
}

#[test]
fn only_what_has_not_gone_out_is_cancelled() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = queue(&store, "hello");
        assert_eq!(done(store.cancel(id)).state, State::Cancelled);
        let twice = answer(store.cancel(id));
        assert_eq!(twice, Err(StoreError::WrongState(State::Cancelled)));
        let sending = queue(&store, "too late");
        advance(&store, sending, State::Sending);
        let late = answer(store.cancel(sending));
        assert_eq!(late, Err(StoreError::WrongState(State::Sending)));
        let refused = StatusUpdate {
            attempts: Some(1),
            error: Some("connection refused".to_owned()),
            ..StatusUpdate::to(State::Sending)
        };
        let waiting = queue(&store, "the service is down");
        done(store.advance(waiting, refused.clone()));
        assert_eq!(done(store.cancel(waiting)).state, State::Cancelled);
        let begun = queue(&store, "tried again at this moment");
        done(store.advance(begun, refused.clone()));
        let again = StatusUpdate {
            attempts: Some(2),
            ..StatusUpdate::to(State::Sending)
        };
        done(store.advance(begun, again));
        let late = answer(store.cancel(begun));
        assert_eq!(late, Err(StoreError::WrongState(State::Sending)));
        let long = queue(&store, "whose first part went out");
        done(store.advance(long, refused));
        let parts = AcceptedParts {
            accepted: 1,
            references: vec!["x".to_owned()],
        };
        done(store.parts_accepted(long, parts));
        let late = answer(store.cancel(long));
        assert_eq!(late, Err(StoreError::WrongState(State::Sending)));
        for id in [begun, long] {
            advance(&store, id, State::Sent);
        }
        assert_eq!(
            store.outbox("telegram", None, 10).expect("readable").len(),
            1
        );
        assert_eq!(store.outbox_depth()["telegram"], 1);
    });
}

#[test]
fn a_failed_message_is_queued_again_with_its_attempts_and_without_its_error() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = queue(&store, "hello");
        let wrong = answer(store.retry(id));
        assert_eq!(wrong, Err(StoreError::WrongState(State::Queued)));
        let failed = StatusUpdate {
            attempts: Some(5),
            error: Some("no such number".to_owned()),
            ..StatusUpdate::to(State::Failed)
        };
        done(store.advance(id, failed));
        assert!(
            store
                .outbox("telegram", None, 10)
                .expect("readable")
                .is_empty()
        );
        fixture.pass(1000);
        let again = done(store.retry(id));
        assert_eq!((again.state, again.attempts), (State::Queued, 5));
        assert_eq!(again.error, None);
        let outbox = store.outbox("telegram", None, 10).expect("readable");
        let due = DueTime {
            wait: Duration::ZERO,
            at_ms: START_MS + 1000,
        };
        assert_eq!(outbox, [(again, due)]);
        assert_eq!(
            store.message(id).expect("readable").expect("kept").1.len(),
            3
        );
    });
}

#[test]
fn an_unknown_message_is_not_found() {
    on_every_backend(|fixture| {
        let (store, id) = (fixture.open(), MessageId(7));
        assert_eq!(answer(store.cancel(id)), Err(StoreError::NotFound));
        assert_eq!(answer(store.retry(id)), Err(StoreError::NotFound));
        let news = answer(store.advance(id, StatusUpdate::to(State::Sent)));
        assert_eq!(news, Err(StoreError::NotFound));
        assert_eq!(store.message(id), Ok(None));
        assert!(fixture.published().is_empty());
    });
}

#[test]
fn an_inbound_message_is_received_and_stays_so() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let message = received(&store, inbound("telegram", "hi", None)).message;
        assert_eq!(message.state, State::Received);
        assert_eq!(advance(&store, message.id, State::Read), None);
        assert_eq!(fixture.published()[0].name().as_str(), "message.received");
        assert!(store.outbox_depth().is_empty());
    });
}

#[test]
fn numbers_go_on_without_a_gap_after_opening_again() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let first = queue(&store, "one").0;
        advance(&store, MessageId(first), State::Sending);
        store.close();
        let store = fixture.open();
        assert_eq!(store.head_seq(), first + 1);
        assert_eq!(store.outbox_depth()["telegram"], 1);
        assert_eq!(store.health().messages, 1);
        assert_eq!(queue(&store, "two").0, first + 2);
    });
}

#[test]
fn an_integration_that_knows_our_ids_answers_for_its_own_channel_alone() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = queue(&store, "hello");
        let channel = done(store.advance(id, StatusUpdate::to(State::Sending)));
        let channel = channel.expect("news").channel;
        let answer = |channel: &str, state| {
            let references = vec!["theirs".to_owned()];
            let asked = store.answered(channel, id, references, StatusUpdate::to(state));
            asked.expect("room").blocking_recv()
        };
        assert_eq!(
            answer("other", State::Sent),
            Err(StoreError::NotFound),
            "and nothing is kept of it"
        );
        assert!(store.references(id).expect("readable").is_empty());
        let read = answer(&channel, State::Delivered).expect("its own");
        assert_eq!(read.state, State::Delivered);
        let life = store.message(id).expect("readable").expect("kept").1;
        let states: Vec<_> = life.iter().map(|update| update.state).collect();
        assert_eq!(
            states,
            [State::Queued, State::Sending, State::Sent, State::Delivered]
        );
        assert_eq!(store.references(id).expect("readable"), ["theirs"]);
        let late = answer(&channel, State::Sent).expect("its own");
        assert_eq!((late.state, store.head_seq()), (State::Delivered, read.seq));
    });
}

#[test]
fn names_told_later_are_added_and_all_are_forgotten_with_the_message() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = queue(&store, "hello");
        let told = |names: Vec<String>, state| {
            done(store.answered("telegram", id, names, StatusUpdate::to(state)));
            store.references(id).expect("readable")
        };
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(told(names(&["first"]), State::Sent), ["first"]);
        let both = told(names(&["later", "first"]), State::Delivered);
        assert_eq!(both, ["first", "later"]);
        assert_eq!(told(vec![], State::Delivered), both);
        let many = (0..MAX_REFERENCES).map(|n| format!("n{n}")).collect();
        let kept = told(many, State::Read);
        assert_eq!((kept.len(), &kept[..2]), (MAX_REFERENCES, &both[..]));
        fixture.pass(400 * DAY_MS);
        assert_eq!(done(store.prune()).messages, 1);
        for name in kept {
            assert_eq!(store.referred("telegram", &name), Ok(None), "{name}");
        }
    });
}

#[test]
fn accepted_parts_are_kept_until_the_message_leaves_the_outbox() {
    on_every_backend(|fixture| {
        let parts = |accepted, names: &[&str]| AcceptedParts {
            accepted,
            references: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let id = {
            let store = fixture.open();
            let id = queue(&store, "a long text");
            advance(&store, id, State::Sending);
            done(store.parts_accepted(id, parts(2, &["a", "b"])));
            let later = StatusUpdate {
                retry_in: Some(Duration::from_millis(5)),
                error: Some("busy".to_owned()),
                ..StatusUpdate::to(State::Sending)
            };
            done(store.advance(id, later));
            id
        };
        let store = fixture.open();
        let message = || store.message(id).expect("readable").expect("kept").0;
        assert_eq!(store.parts(&message()), Ok(parts(2, &["a", "b"])));
        let waiting = store.outbox("telegram", None, 9).expect("readable");
        assert_eq!(waiting[0].1.wait, Duration::from_millis(5));
        // A receipt for one part does not count for the message, which is still to be sent.
        let sent = StatusUpdate::to(State::Delivered);
        assert_eq!(done(store.report("telegram", "a", sent.clone())), None);
        assert_eq!(message().state, State::Sending);
        done(store.advance(id, StatusUpdate::to(State::Failed)));
        done(store.retry(id));
        advance(&store, id, State::Sending);
        assert_eq!(store.parts(&message()), Ok(AcceptedParts::default()));
        let delivered = done(store.report("telegram", "b", sent));
        assert_eq!(delivered.map(|it| it.state), Some(State::Delivered));
        done(store.parts_accepted(id, parts(1, &["c"])));
        assert_eq!(store.parts(&message()), Ok(AcceptedParts::default()));
    });
}
