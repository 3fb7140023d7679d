//! Turns on disk, without the reader that begins them.

use tokio::time::{Duration, Instant};

use super::Fixture;
use crate::{
    daemon::turns::{control, conversations::ConversationKey, run},
    gateway::control::{AgentAnswer, Agents, Offered},
    message::TurnState,
    protocol::error_code::ErrorCode,
    store::{Draft, Inbound, NewTurn, Turn, TurnUpdate},
};

/// Of an agent that takes next to nothing.
const TOO_LARGE: Offered = Offered::TooLarge { most: 64 };

/// Less than the time an agent that is away is waited for.
const AT_ONCE: Duration = Duration::from_secs(15);

/// Another channel than the page's own, whose conversations are never held by writing there.
pub(super) fn key() -> ConversationKey {
    ("telegram".to_owned(), "ana".to_owned())
}

impl Fixture {
    /// A turn on disk.
    pub(super) async fn stored_turn(&self) -> Turn {
        self.stored_turn_of("hi").await
    }

    async fn stored_turn_of(&self, text: &str) -> Turn {
        let (channel, peer) = key();
        let store = self.turns.inner.store();
        let inbound = Inbound {
            channel: channel.clone(),
            peer: peer.clone(),
            text: text.to_owned(),
            ..Inbound::default()
        };
        let stored = store.receive(inbound).expect("room").await;
        let id = stored.expect("stored").message.id;
        let new = NewTurn {
            channel,
            peer,
            sender: None,
            messages: vec![id],
            agent: "pi".to_owned(),
            session: "s-1".to_owned(),
            cursor: id.0,
        };
        let opened = store.open_turn(new).expect("room").await;
        opened.expect("stored").expect("new")
    }

    fn on_disk(&self, turn: &Turn) -> Turn {
        let found = self.turns.inner.store().turn(turn.id);
        found.expect("readable").expect("known")
    }
}

#[tokio::test]
async fn an_answer_whose_key_somebody_took_fails_and_does_not_stay_open() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let (client, lease) = fixture.agent("pi");
    let turn = fixture.stored_turn().await;
    let taken = Draft {
        channel: key().0,
        peer: key().1,
        text: "something else".to_owned(),
        idempotency_key: Some(format!("turn-{}", turn.id)),
        ..Draft::default()
    };
    let queued = fixture.turns.inner.store().queue(taken).expect("room");
    queued.await.expect("queued");
    let mut running = Box::pin(run::start(&fixture.turns.inner, turn.clone()));
    while client.offered.lock().expect("whole").is_empty() {
        tokio::select! {
            () = &mut running => panic!("it ended"),
            () = tokio::task::yield_now() => {}
        }
    }
    let answer = AgentAnswer {
        is_markdown: false,
        text: "hello".to_owned(),
        media: None,
    };
    let id = turn.id.to_string();
    let (refused, ()) = tokio::join!(fixture.turns.done(&lease, &id, answer), running);
    assert_eq!(
        refused.map_err(|fault| fault.code),
        Err(ErrorCode::BadPayload)
    );
    let ended = fixture.on_disk(&turn);
    assert_eq!(ended.state, TurnState::Failed);
    assert!(
        ended
            .error
            .is_some_and(|error| error.contains("idempotency_key"))
    );
}

#[tokio::test]
async fn a_failed_turn_that_two_offer_anew_waits_once() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let turn = fixture.stored_turn().await;
    let failed = TurnUpdate::to(TurnState::Failed);
    let inner = &fixture.turns.inner;
    let stored = inner.store().update_turn(turn.id, failed).expect("room");
    stored.await.expect("stored");
    let id = turn.id.to_string();
    let (one, other) = tokio::join!(fixture.turns.retry(&id), fixture.turns.retry(&id));
    // Either may be the first.
    let all = [one, other].map(|it| it.map(|ended| ended.state).map_err(|fault| fault.code));
    assert!(
        all.contains(&Ok("waiting")) && all.contains(&Err(ErrorCode::Conflict)),
        "{all:?}"
    );
    let first = inner.conversations().start(Instant::now(), 9);
    assert_eq!(first.len(), 1);
    // As after a restart that was interrupted by a failed read.
    assert!(inner.conversations().wait(turn.clone(), Instant::now()));
    inner
        .conversations()
        .ended(&key(), turn.id, None, Instant::now());
    assert!(inner.conversations().start(Instant::now(), 9).is_empty());
}

#[tokio::test]
async fn a_turn_that_begins_while_it_is_stopped_is_stopped() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let turn = fixture.stored_turn().await;
    let inner = &fixture.turns.inner;
    let mut stopping = fixture.turns.abort(&turn.id.to_string());
    tokio::select! {
        biased;
        _ = &mut stopping => panic!("the store takes longer"),
        () = std::future::ready(()) => {}
    }
    let running = Box::pin(run::start(inner, turn.clone()));
    let both = async { tokio::join!(stopping, running).0 };
    let stopped = tokio::time::timeout(AT_ONCE, both).await.expect("at once");
    assert_eq!(stopped.map(|ended| ended.state), Ok("aborted"));
    assert_eq!(fixture.on_disk(&turn).state, TurnState::Aborted);
}

#[tokio::test]
async fn a_turn_whose_end_cannot_be_stored_waits_on() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let turn = fixture.stored_turn().await;
    let inner = &fixture.turns.inner;
    assert!(inner.conversations().wait(turn.clone(), Instant::now()));
    inner.store().close();
    let stopped = control::end_waiting(inner, turn.clone(), "enough").await;
    assert!(stopped.is_err());
    assert!(
        inner
            .conversations()
            .take_waiting(&key(), turn.id)
            .is_some()
    );
}

#[tokio::test]
async fn what_is_too_long_for_an_agent_is_offered_to_it_once() {
    let fixture = Fixture::new(&[("AGENT", "pi,second")]);
    let (client, _lease) = fixture.agent_that(TOO_LARGE, "pi");
    let (second, _second_lease) = fixture.agent_that(TOO_LARGE, "second");
    let turn = fixture.stored_turn().await;
    run::start(&fixture.turns.inner, turn.clone()).await;
    for client in [client, second] {
        assert_eq!(client.offered.lock().expect("whole").len(), 1);
    }
    let error = fixture.on_disk(&turn).error.expect("why");
    assert!(error.contains("too long"), "{error}");
}

#[tokio::test]
async fn what_is_too_long_for_an_agent_is_offered_without_its_middle() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let (client, lease) = fixture.agent_that(Offered::TooLarge { most: 4000 }, "pi");
    let text = format!("Please: {} Thanks", "é".repeat(9000));
    let turn = fixture.stored_turn_of(&text).await;
    let mut running = Box::pin(run::start(&fixture.turns.inner, turn.clone()));
    while client.offered.lock().expect("whole").len() < 2 {
        tokio::select! {
            () = &mut running => panic!("it ended"),
            () = tokio::task::yield_now() => {}
        }
    }
    let offered = client.offered.lock().expect("whole")[1].clone();
    let told = offered["message"].as_str().expect("a text");
    assert!(told.starts_with("Please: é") && told.ends_with("é Thanks"));
    assert!(offered["cut"] == true && told.contains("[…]"));
    let answer = AgentAnswer {
        is_markdown: false,
        text: "You are welcome".to_owned(),
        media: None,
    };
    let id = turn.id.to_string();
    let (done, ()) = tokio::join!(fixture.turns.done(&lease, &id, answer), running);
    assert_eq!(done.map(|ended| ended.state), Ok("done"));
}

#[tokio::test]
async fn what_two_attempts_and_a_restart_left_unanswered_says_so() {
    let fixture = Fixture::new(&[("AGENT", "pi")]);
    let ends = [
        (
            TurnState::Running,
            "the daemon was restarted while pi answered",
        ),
        (TurnState::Waiting, "no model here"),
    ];
    for (state, expected) in ends {
        let turn = fixture.stored_turn().await;
        let update = TurnUpdate {
            attempt: Some(2),
            error: Some("no model here".to_owned()),
            ..TurnUpdate::to(state)
        };
        let stored = fixture.turns.inner.store().update_turn(turn.id, update);
        let turn = stored.expect("room").await.expect("stored");
        run::start(&fixture.turns.inner, turn.clone()).await;
        let ended = fixture.on_disk(&turn);
        assert_eq!(ended.state, TurnState::Failed);
        assert_eq!(ended.error.as_deref(), Some(expected));
    }
}
