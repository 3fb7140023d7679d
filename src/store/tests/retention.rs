//! What retention removes and what it keeps.

use super::*;
use crate::{
    message::State,
    store::{HistoryQuery, Pruned, StatusUpdate, backend::Table},
};

fn sent(store: &Store, text: &str) -> MessageId {
    let id = queue(store, text);
    done(store.advance(id, StatusUpdate::to(State::Sending)));
    done(store.advance(id, StatusUpdate::to(State::Sent)));
    id
}

fn rows(store: &Store, table: Table) -> u64 {
    store.view(|rows| rows.len(table)).expect("readable")
}

fn pruned(messages: u64, keys: u64) -> Pruned {
    Pruned { messages, keys }
}

#[test]
fn old_messages_go_with_all_their_rows_unless_they_wait_to_be_sent() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        sent(&store, "old");
        received(&store, inbound("telegram", "old too", Some("k")));
        let waiting = queue(&store, "old but not sent");
        fixture.pass(90 * DAY_MS);
        assert_eq!(done(store.prune()), pruned(0, 1), "not a day too early");
        fixture.pass(1);
        let young = sent(&store, "young");
        assert_eq!(done(store.prune()), pruned(2, 0));
        let kept = store
            .history(&HistoryQuery::default())
            .expect("readable")
            .messages;
        let ids: Vec<MessageId> = kept.iter().map(|message| message.id).collect();
        assert_eq!(ids, [waiting, young]);
        assert_eq!(store.health().messages, 2);
        let left = [
            Table::Bodies,
            Table::Latest,
            Table::Changes,
            Table::Tails,
            Table::Outbox,
            Table::Keys,
        ];
        assert_eq!(left.map(|table| rows(&store, table)), [2, 1, 2, 2, 1, 0]);
        assert_eq!(store.oldest_seq(), Ok(waiting.0));
        assert_eq!(
            store
                .events_after(0, 99, usize::MAX)
                .expect("readable")
                .len(),
            4
        );
        assert_eq!(done(store.prune()), Pruned::default());
    });
}

#[test]
fn numbers_are_never_given_out_again_after_all_was_forgotten() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        sent(&store, "old");
        let head = store.head_seq();
        fixture.pass(91 * DAY_MS);
        assert_eq!(done(store.prune()).messages, 1);
        assert_eq!(store.oldest_seq(), Ok(head + 1));
        store.close();
        assert_eq!(queue(&fixture.open(), "new").0, head + 1);
    });
}

#[test]
fn a_key_taken_over_by_a_younger_message_is_kept() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        queued(&store, keyed("first", "k"));
        fixture.pass(7 * DAY_MS);
        let second = queued(&store, keyed("second", "k")).message.id;
        assert_eq!(done(store.prune()), pruned(0, 0));
        assert_eq!(queued(&store, keyed("second", "k")).message.id, second);
        fixture.pass(7 * DAY_MS);
        assert_eq!(done(store.prune()), pruned(0, 1));
        let keys = store.view(|rows| rows.get(Table::Keys, b"\0k"));
        assert_eq!(keys, Ok(None));
    });
}

#[test]
fn history_for_ever_forgets_only_keys() {
    on_every_backend(|mut fixture| {
        fixture.options.history_days = 0;
        let store = fixture.open();
        received(&store, inbound("telegram", "hi", Some("k")));
        fixture.pass(10_000 * DAY_MS);
        assert_eq!(done(store.prune()), pruned(0, 1));
    });
}

#[test]
fn a_message_outlives_its_keys_however_short_the_history() {
    on_every_backend(|mut fixture| {
        fixture.options.history_days = 1;
        let store = fixture.open();
        received(&store, inbound("telegram", "hi", Some("k")));
        fixture.pass(7 * DAY_MS - 1);
        assert_eq!(done(store.prune()), Pruned::default());
        assert!(received(&store, inbound("telegram", "hi", Some("k"))).duplicate);
        fixture.pass(2);
        assert_eq!(done(store.prune()), pruned(1, 1));
    });
}

#[test]
fn much_to_forget_is_forgotten_in_several_transactions() {
    on_every_backend(|mut fixture| {
        // The index of words has commits of its own.
        fixture.options.word_batch = u64::MAX;
        let store = fixture.open();
        let pending: Vec<_> = (0..1200)
            .map(|i| store.receive(inbound("telegram", "hi", Some(&i.to_string()))))
            .collect();
        for pending in pending {
            done(pending);
        }
        fixture.pass(91 * DAY_MS);
        let before = store.health().commits;
        assert_eq!(done(store.prune()), pruned(1200, 1200));
        assert_eq!(
            store.health().commits - before,
            6,
            "500 messages at most in each"
        );
        let index = [Table::Scopes, Table::Tails];
        assert_eq!(index.map(|table| rows(&store, table)), [0, 0]);
    });
}

#[test]
fn memory_drops_the_oldest_messages_that_were_sent_and_refuses_more_that_wait() {
    let mut fixture = Fixture::new(BackendKind::Memory);
    fixture.memory = Arc::new(Memory::with_capacity(3));
    let store = fixture.open();
    let waiting = queue(&store, "waits");
    for text in ["1", "2", "3", "4"] {
        sent(&store, text);
    }
    // One more transaction, so that the trimming after the one before is certainly done.
    done(store.prune());
    let kept = store
        .history(&HistoryQuery::default())
        .expect("readable")
        .messages;
    let texts: Vec<&str> = kept.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["waits", "3", "4"]);
    queue(&store, "waits too");
    queue(&store, "waits as well");
    let refused = answer(store.queue(draft("telegram", "ana", "too much")));
    assert_eq!(refused, Err(StoreError::QueueFull));
    done(store.cancel(waiting));
    queue(&store, "fits again");
}
