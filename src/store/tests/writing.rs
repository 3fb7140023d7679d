//! Writing: durable before acknowledged, in batches, bounded, and what happens when the storage fails.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Waker},
};

use super::*;
use crate::store::{REQUEST_WEIGHT, backend::Table, rows::keys};

fn is_answered<T>(pending: &mut Pending<T>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    Pin::new(pending).poll(&mut context).is_ready()
}

#[test]
fn nothing_is_answered_or_told_before_the_commit() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let gate = Gate::close(&fixture.faults);
        let head = store.head_seq();
        let mut pending = store
            .queue(draft("telegram", "ana", "hello"))
            .expect("taken");
        gate.await_arrival();
        assert!(!is_answered(&mut pending));
        assert_eq!((fixture.published().len(), store.head_seq()), (0, head));
        assert_eq!(
            store.events_after(head, 10, 1000),
            Ok(Vec::new()),
            "readers do not wait"
        );
        gate.let_one_through();
        let queued = pending.blocking_recv().expect("done");
        assert_eq!(
            fixture.published()[0].message,
            queued.message,
            "told before answered"
        );
    });
}

#[test]
fn a_ping_waits_for_the_writer_and_changes_nothing() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        queue(&store, "hello");
        let (head, health) = (store.head_seq(), store.health());
        done(store.ping());
        assert_eq!(store.head_seq(), head, "head_seq");
        assert_eq!(store.health(), health, "health");
        let gate = Gate::close(&fixture.faults);
        let held_up = store.queue(draft("telegram", "ana", "hello"));
        gate.await_arrival();
        let mut ping = store.ping().expect("taken");
        assert!(!is_answered(&mut ping), "answered while the writer waits");
        drop(gate);
        done(held_up);
        done(Ok(ping));
    });
}

#[test]
fn a_ping_is_answered_also_while_the_storage_fails() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        fixture.faults.fail.store(1, Ordering::Relaxed);
        assert!(answer(store.queue(draft("telegram", "ana", "lost"))).is_err());
        let answer = answer(store.ping());
        assert!(matches!(answer, Err(StoreError::Failing(_))), "{answer:?}");
    });
}

#[test]
fn what_comes_during_a_commit_shares_the_next_one() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let gate = Gate::close(&fixture.faults);
        let first = store.queue(draft("telegram", "ana", "first"));
        gate.await_arrival();
        let others: Vec<_> = (0..100)
            .map(|i| store.queue(draft("telegram", "ana", &i.to_string())))
            .collect();
        assert_eq!(store.health().queue_depth, 100);
        gate.let_one_through();
        gate.let_one_through();
        let first = done(first).message.id.0;
        let ids: Vec<u64> = others
            .into_iter()
            .map(|other| done(other).message.id.0)
            .collect();
        assert_eq!(ids, (first + 1..=first + 100).collect::<Vec<_>>());
        let health = store.health();
        assert_eq!(
            (health.commits, health.writes, health.messages),
            (2, 101, 101)
        );
    });
}

#[test]
fn the_line_before_the_writer_is_bounded_in_number_and_bytes() {
    let mut fixture = Fixture::new(BackendKind::Memory);
    fixture.options.max_queued = 3;
    fixture.options.max_queued_bytes = 10_000;
    let store = fixture.open();
    let gate = Gate::close(&fixture.faults);
    let held = store.queue(draft("telegram", "ana", "held up"));
    gate.await_arrival();
    let large = store.queue(draft("telegram", "ana", &"x".repeat(9_000)));
    let too_many_bytes = store.queue(draft("telegram", "ana", &"x".repeat(1_000)));
    assert!(matches!(too_many_bytes, Err(StoreError::QueueFull)));
    drop(gate);
    drop((done(held), done(large)));

    let gate = Gate::close(&fixture.faults);
    let held = store.cancel(MessageId(7));
    gate.await_arrival();
    let taken: Vec<_> = (0..3).map(|_| store.cancel(MessageId(7))).collect();
    assert!(taken.iter().all(Result::is_ok));
    assert!(matches!(
        store.cancel(MessageId(7)),
        Err(StoreError::QueueFull)
    ));
    drop(gate);
    assert_eq!(answer(held), Err(StoreError::NotFound));
    for pending in taken {
        assert_eq!(answer(pending), Err(StoreError::NotFound));
    }
    const { assert!(3 * REQUEST_WEIGHT < 10_000) };
}

#[test]
fn after_a_request_that_comes_to_a_damaged_row_the_rest_of_its_batch_is_refused() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let first = received(&store, inbound("telegram", "first", None))
            .message
            .id
            .0;
        let scope = keys::scope("telegram", None);
        let backend = &store.0.shared.backend;
        backend
            .transact(&mut |rows| rows.put(Table::Tails, &scope, &[1, 2]).map(|()| true))
            .expect("written");
        let gate = Gate::close(&fixture.faults);
        let opener = store.queue(draft("webchat", "ana", "opens the batch"));
        gate.await_arrival();
        let spoilt = [0, 1].map(|_| store.receive(inbound("telegram", "lost", Some("k"))));
        let beside = store.queue(draft("webchat", "ana", "beside them"));
        drop(gate);
        for pending in spoilt {
            assert!(matches!(answer(pending), Err(StoreError::Corrupt(_))));
        }
        assert_eq!(done(opener).message.id.0, first + 1);
        assert!(matches!(answer(beside), Err(StoreError::Corrupt(_))));
        assert_eq!(fixture.published().len(), 2);
        let bodies = store.view(|rows| rows.len(Table::Bodies));
        assert_eq!((bodies, store.health().messages), (Ok(2), 2));
    });
}

#[test]
fn a_request_that_panics_takes_no_other_with_it() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let gate = Gate::close(&fixture.faults);
        let opener = store.queue(draft("telegram", "ana", "opens the batch"));
        gate.await_arrival();
        let before = store.queue(draft("telegram", "ana", "before"));
        let bad = store.submit::<(), ()>(
            |transaction, ()| {
                transaction.put_keys_forgotten(99)?;
                panic!("on purpose")
            },
            (),
            0,
        );
        let after = store.queue(draft("telegram", "ana", "after"));
        drop(gate);
        let opener = done(opener).message.id.0;
        assert!(matches!(answer(bad), Err(StoreError::Internal(_))));
        assert_eq!(done(before).message.id.0, opener + 1);
        assert_eq!(done(after).message.id.0, opener + 2);
        assert_eq!(fixture.published().len(), 3, "nothing is told twice");
        let left = store.view(|rows| crate::store::backend::meta::keys_forgotten(rows));
        assert_eq!(left, Ok(0), "nothing is left of it");
    });
}

#[test]
fn a_listener_that_panics_keeps_nobody_from_being_answered() {
    let fixture = Fixture::new(BackendKind::Memory);
    let memory = Box::new(Memory::new());
    let tell = |_| panic!("on purpose");
    let store = Store::start(memory, fixture.options.clone(), Box::new(tell)).expect("started");
    queue(&store, "one");
    queue(&store, "two");
}

#[test]
fn a_failing_storage_acknowledges_nothing_says_so_and_recovers() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let first = queue(&store, "before");
        fixture.faults.fail.store(2, Ordering::Relaxed);
        let failing = Err(StoreError::Failing("no space left on device".to_owned()));
        let refused = |text| answer(store.queue(draft("telegram", "ana", text))).map(drop);
        assert_eq!(refused("lost"), failing);
        let health = store.health();
        assert_eq!(health.failing_since_ms, Some(START_MS));
        assert_eq!(health.error.as_deref(), Some("no space left on device"));
        assert_eq!(refused("refused at once"), failing);
        assert_eq!(
            fixture.faults.fail.load(Ordering::Relaxed),
            1,
            "one try a second"
        );
        let (kept, _) = store.message(first).expect("readers go on").expect("kept");
        assert_eq!(kept.text, "before");

        fixture.pass(1000);
        // Either this request or the writer's own probe meets the second failure.
        assert_eq!(refused("lost too"), failing);
        assert_eq!(store.health().failing_since_ms, Some(START_MS));
        fixture.pass(1000);
        assert_eq!(queue(&store, "after").0, first.0 + 1, "no number is lost");
        let health = store.health();
        assert_eq!((health.failing_since_ms, health.error), (None, None));
        let told: Vec<_> = fixture
            .published()
            .into_iter()
            .map(|event| event.message.text)
            .collect();
        assert_eq!(told, ["before", "after"]);
        assert_eq!(store.health().messages, 2);
    });
}

#[test]
fn a_commit_that_happened_in_spite_of_its_error_is_told_but_not_acknowledged() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        fixture.faults.lie.store(1, Ordering::Relaxed);
        let answered = answer(store.queue(keyed("hello", "k")));
        assert!(matches!(answered, Err(StoreError::Failing(_))));
        assert!(
            fixture.published().is_empty(),
            "nobody knows yet that it is on the disk"
        );
        fixture.pass(1000);
        let again = queued(&store, keyed("hello", "k"));
        assert!(again.duplicate, "asking again finds it");
        let next = queue(&store, "next");
        assert_eq!(next.0, again.message.seq + 1);
        let told: Vec<_> = fixture
            .published()
            .into_iter()
            .map(|event| event.seq)
            .collect();
        assert_eq!(told, [again.message.seq, next.0]);
        assert_eq!(store.outbox_depth()["telegram"], 2);
    });
}

#[test]
fn closing_answers_what_waits_and_refuses_what_comes_later() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let pending: Vec<_> = (0..3000)
            .map(|i| store.queue(draft("telegram", "ana", &i.to_string())))
            .collect();
        store.close();
        store.close();
        assert_eq!(pending.into_iter().map(done).count(), 3000);
        let late = store.queue(draft("telegram", "ana", "late"));
        assert!(matches!(late, Err(StoreError::Closed)));
        assert!(matches!(store.prune(), Err(StoreError::Closed)));
        assert_eq!(fixture.open().health().messages, 3000);
    });
}

#[test]
fn the_last_handle_may_be_dropped_by_the_listener() {
    let fixture = Fixture::new(BackendKind::Memory);
    let held: Arc<Mutex<Option<Store>>> = Arc::default();
    let (dropped, was_dropped) = mpsc::channel();
    let listener = Arc::clone(&held);
    let tell = move |_| {
        drop(listener.lock().expect("whole").take());
        let _ = dropped.send(());
    };
    let memory = Box::new(Memory::new());
    let store = Store::start(memory, fixture.options.clone(), Box::new(tell)).expect("started");
    *held.lock().expect("whole") = Some(store.clone());
    let pending = store.queue(draft("telegram", "ana", "hello"));
    drop(store);
    was_dropped.recv().expect("told");
    done(pending);
}

#[test]
fn what_no_reader_could_read_is_kept_as_its_text() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let deep = (0..200).fold(serde_json::Value::from(1), |inner, _| vec![inner].into());
        let text = deep.to_string();
        let message = received(
            &store,
            Inbound {
                content: Some(deep.clone()),
                meta: Some(serde_json::json!({ "a": deep })),
                ..inbound("webchat", "hello", None)
            },
        )
        .message;
        assert_eq!(message.content, Some(text.into()));
        let read = store.message(message.id).expect("readable");
        assert_eq!(read.map(|(found, _)| found.meta), Some(message.meta));
    });
}
