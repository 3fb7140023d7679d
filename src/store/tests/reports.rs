//! The reports that a chat gets on a message it asked for.

use super::*;
use crate::{
    language::Language,
    message::State,
    store::{StatusUpdate, report_to},
};

/// A message that the chat `chat` on `telegram` asked for.
fn asked(store: &Store) -> MessageId {
    let draft = Draft {
        meta: Some(report_to("telegram", "chat", Language::English)),
        ..draft("whatsapp", "5511", "hi")
    };
    queued(store, draft).message.id
}

/// The texts of all reports to the chat, oldest first.
fn told(store: &Store) -> Vec<String> {
    let waiting = store.outbox("telegram", None, 99).expect("readable");
    let to_chat = |message: &crate::message::Message| message.peer == "chat";
    assert!(waiting.iter().all(|(message, _)| to_chat(message)));
    waiting.into_iter().map(|(told, _)| told.text).collect()
}

fn failed(why: &str) -> StatusUpdate {
    StatusUpdate {
        error: Some(why.to_owned()),
        ..StatusUpdate::to(State::Failed)
    }
}

#[test]
fn a_message_and_the_word_of_it_are_written_in_one_transaction() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = asked(&store);
        let commits = store.health().commits;
        let sent = done(store.accepted(id, vec!["theirs".to_owned()]));
        assert_eq!(sent.map(|it| it.state), Some(State::Sent));
        assert_eq!(store.health().commits, commits + 1);
        assert_eq!(store.references(id).expect("readable"), ["theirs"]);
        assert_eq!(told(&store), ["Sent to 5511."]);
        assert_eq!(done(store.accepted(id, vec![])), None);
        done(store.advance(id, StatusUpdate::to(State::Delivered)));
        assert_eq!(told(&store).len(), 1, "told once");
    });
}

#[test]
fn what_the_service_says_first_by_its_own_way_is_told_too() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = asked(&store);
        let answered = store.answered("whatsapp", id, vec![], StatusUpdate::to(State::Delivered));
        assert_eq!(done(answered).state, State::Delivered);
        assert_eq!(done(store.accepted(id, vec![])), None, "no news any more");
        assert_eq!(told(&store), ["Sent to 5511."]);
        let id = asked(&store);
        done(store.accepted(id, vec!["theirs".to_owned()]));
        done(store.report("whatsapp", "theirs", failed("no such number")));
        assert_eq!(
            told(&store)[1..],
            ["Sent to 5511.", "Not delivered to 5511: no such number"]
        );
    });
}

#[test]
fn each_round_of_attempts_has_its_own_word() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = asked(&store);
        done(store.advance(id, failed("too old")));
        done(store.retry(id));
        done(store.advance(id, failed("too old")));
        done(store.retry(id));
        done(store.accepted(id, vec![]));
        let never = "Not sent to 5511: too old";
        assert_eq!(told(&store), [never, never, "Sent to 5511."]);
    });
}

#[test]
fn nobody_is_told_of_what_is_withdrawn_or_at_no_address() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        done(store.cancel(asked(&store)));
        for to in [
            ("", "chat"),
            ("telegram", ""),
            ("telegram", &*"x".repeat(2000)),
        ] {
            let meta = Some(report_to(to.0, to.1, Language::English));
            let draft = draft("whatsapp", "5511", "hi");
            let id = queued(&store, Draft { meta, ..draft }).message.id;
            done(store.accepted(id, vec![]));
        }
        assert!(told(&store).is_empty() && store.outbox_depth()["whatsapp"] == 0);
    });
}
