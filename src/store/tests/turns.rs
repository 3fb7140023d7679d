//! Turns of agents: opened once, answered once; sessions, holds and readers' positions.

use serde_json::json;

use super::*;
use crate::{
    message::{TurnId, TurnState},
    store::{Hold, HoldReason, NewTurn, Turn, TurnUpdate, writer::transaction::Transaction},
};

fn new_turn(messages: &[MessageId]) -> NewTurn {
    NewTurn {
        channel: "telegram".to_owned(),
        peer: "ana".to_owned(),
        sender: None,
        messages: messages.to_vec(),
        agent: "pi".to_owned(),
        session: "telegram.ana".to_owned(),
        cursor: messages.last().map_or(0, |id| id.0),
    }
}

fn asked(store: &Store) -> Turn {
    let message = received(store, inbound("telegram", "hello", None)).message;
    done(store.open_turn(new_turn(&[message.id]))).expect("a new turn")
}

fn state_of(store: &Store, id: TurnId) -> TurnState {
    store.turn(id).expect("readable").expect("known").state
}

#[test]
fn a_turn_is_opened_once_and_moves_the_cursor() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        assert_eq!(store.agent_cursor(), Ok(None));
        let turn = asked(&store);
        assert_eq!((turn.state, turn.attempt), (TurnState::Waiting, 0));
        assert_eq!(turn.id, TurnId(turn.messages[0].0));
        assert_eq!(store.agent_cursor(), Ok(Some(turn.id.0)));
        let again = NewTurn {
            cursor: 99,
            ..new_turn(&turn.messages)
        };
        assert_eq!(done(store.open_turn(again)), None);
        assert_eq!(store.agent_cursor(), Ok(Some(99)));
        let nothing = answer(store.open_turn(new_turn(&[])));
        assert!(matches!(nothing, Err(StoreError::InvalidQuery(_))));
        store.close();
        let store = fixture.open();
        assert_eq!(store.open_turns(), Ok(vec![turn]));
        assert_eq!(store.agent_cursor(), Ok(Some(99)));
    });
}

#[test]
fn whether_agents_left_anything_is_known_without_a_read() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        assert!(!store.has_agents());
        let turn = asked(&store);
        assert!(store.has_agents());
        done(store.forget_agent_cursor());
        assert_eq!(
            (store.agent_cursor(), store.has_agents()),
            (Ok(None), false)
        );
        store.close();
        // A crash may come between that and the end of what is open.
        let store = fixture.open();
        assert!(store.has_agents());
        done(store.answer_turn(turn.id, None));
        store.close();
        assert!(!fixture.open().has_agents());
    });
}

#[test]
fn an_answer_is_queued_and_ends_its_turn_in_one_step() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let turn = asked(&store);
        let running = TurnUpdate {
            attempt: Some(1),
            ..TurnUpdate::to(TurnState::Running)
        };
        assert_eq!(done(store.update_turn(turn.id, running)).attempt, 1);
        let reply = draft("telegram", "ana", "hello to you");
        let (ended, queued) = done(store.answer_turn(turn.id, Some(reply.clone())));
        let message = queued.expect("queued").message;
        assert_eq!(
            (ended.state, ended.answer),
            (TurnState::Done, Some(message.id))
        );
        assert_eq!(message.meta, Some(json!({"turn": turn.id.to_string()})));
        let again = answer(store.answer_turn(turn.id, Some(reply)));
        assert_eq!(again, Err(StoreError::WrongTurnState(TurnState::Done)));
        assert_eq!(store.outbox_depth()["telegram"], 1);
        assert_eq!(store.open_turns(), Ok(Vec::new()));
        assert_eq!(
            store.turns(Some("telegram"), Some("ana"), None, 9),
            Ok(vec![ended])
        );
        let unknown = answer(store.answer_turn(TurnId(12345), None));
        assert_eq!(unknown, Err(StoreError::NotFound));
    });
}

#[test]
fn an_answer_that_cannot_be_queued_leaves_its_turn_open() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let turn = asked(&store);
        let gone = json!({"media_id": "0".repeat(64)});
        let reply = Draft {
            media: Some(gone),
            ..draft("telegram", "ana", "look")
        };
        let refused = answer(store.answer_turn(turn.id, Some(reply)));
        assert!(matches!(refused, Err(StoreError::NoSuchFile(_))));
        assert_eq!(state_of(&store, turn.id), TurnState::Waiting);
        let (silent, queued) = done(store.answer_turn(turn.id, None));
        assert_eq!((silent.state, silent.answer), (TurnState::Done, None));
        assert_eq!(queued, None);
    });
}

#[test]
fn an_ended_turn_stays_so_but_a_failed_one_may_wait_again() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        for end in [TurnState::Failed, TurnState::Aborted, TurnState::Held] {
            let turn = asked(&store);
            let failed = TurnUpdate::because(end, "the model is away");
            let ended = done(store.update_turn(turn.id, failed));
            assert_eq!(ended.error.as_deref(), Some("the model is away"));
            let running = answer(store.update_turn(turn.id, TurnUpdate::to(TurnState::Running)));
            assert_eq!(running, Err(StoreError::WrongTurnState(end)));
            let again = answer(store.update_turn(turn.id, TurnUpdate::to(TurnState::Waiting)));
            assert_eq!(again.is_ok(), end == TurnState::Failed, "{end}");
        }
        let turn = asked(&store);
        let from_failed = TurnUpdate {
            from: Some(TurnState::Failed),
            ..TurnUpdate::to(TurnState::Waiting)
        };
        let open = answer(store.update_turn(turn.id, from_failed));
        assert_eq!(open, Err(StoreError::WrongTurnState(TurnState::Waiting)));
        let failed = store.turns(None, None, Some(TurnState::Held), 9);
        assert_eq!(failed.map(|turns| turns.len()), Ok(1));
    });
}

#[test]
fn turns_are_listed_newest_first_and_those_offered_by_age() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let offered = || {
            let turn = asked(&store);
            let running = TurnUpdate {
                attempt: Some(1),
                ..TurnUpdate::to(TurnState::Running)
            };
            done(store.update_turn(turn.id, running))
        };
        let first = offered();
        done(store.answer_turn(first.id, None));
        fixture.pass(DAY_MS);
        let later = store.clock()();
        let second = offered();
        let third = offered();
        done(store.answer_turn(third.id, None));
        let refused = asked(&store);
        done(store.update_turn(refused.id, TurnUpdate::to(TurnState::Failed)));
        let listed = store.turns(None, None, None, 3).expect("readable");
        let ids: Vec<_> = listed.iter().map(|turn| turn.id).collect();
        assert_eq!(ids, [refused.id, third.id, second.id]);
        let since = |ms| store.turns_offered_since(ms).map(|times| times.len());
        assert_eq!(since(later), Ok(2), "not the one that nobody was offered");
        assert_eq!(since(0), Ok(3));
    });
}

#[test]
fn holds_and_sessions_outlive_a_restart() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let hold = Hold {
            channel: "telegram".to_owned(),
            peer: "ana".to_owned(),
            until_ms: 77,
            by: HoldReason::Hand,
        };
        done(store.hold(hold.clone()));
        assert_eq!(store.session("telegram", "ana"), Ok((0, None)));
        done(store.new_session("telegram", "ana", MessageId(5)));
        // A command that comes twice begins one session.
        done(store.new_session("telegram", "ana", MessageId(5)));
        done(store.set_reader_position("phone", 12));
        store.close();
        let store = fixture.open();
        assert_eq!(store.holds(), Ok(vec![hold]));
        let session = store.session("telegram", "ana");
        assert_eq!(session, Ok((1, Some(MessageId(5)))));
        assert!(done(store.release("telegram", "ana")));
        assert!(!done(store.release("telegram", "ana")));
        assert_eq!(store.holds(), Ok(Vec::new()));
        assert_eq!(store.session("telegram", "ana"), session);
        let phone = store.reader_position("phone").expect("readable");
        assert_eq!(phone.map(|phone| phone.seq), Some(12));
        assert_eq!(store.reader_position("other"), Ok(None));
    });
}

#[test]
fn a_turn_goes_with_its_first_message() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let turn = asked(&store);
        done(store.answer_turn(turn.id, None));
        fixture.pass(200 * DAY_MS);
        done(store.prune());
        assert_eq!(store.turn(turn.id), Ok(None));
    });
}

/// A place as it was noted before the time was.
fn undated(transaction: &mut Transaction<'_>, (): &mut ()) -> Result<(), StoreError> {
    transaction.put_position("reader:old", 5)
}

#[test]
fn a_reader_that_is_not_used_for_90_days_is_forgotten_and_one_from_before_has_as_long() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let left = |store: &Store| {
            let known = |name: &&str| store.reader_position(name).expect("readable").is_some();
            ["gone", "used", "old"]
                .into_iter()
                .filter(known)
                .collect::<Vec<_>>()
        };
        done(store.set_reader_position("gone", 12));
        done(store.set_reader_position("used", 12));
        done(store.set_agent_cursor(3));
        done(store.submit(undated, (), 0));
        done(store.prune());
        fixture.pass(89 * DAY_MS);
        done(store.set_reader_position("used", 12));
        done(store.prune());
        assert_eq!(left(&store), ["gone", "used", "old"]);
        fixture.pass(DAY_MS + 1);
        done(store.prune());
        assert_eq!(left(&store), ["used"]);
        assert_eq!(store.agent_cursor(), Ok(Some(3)));
    });
}
