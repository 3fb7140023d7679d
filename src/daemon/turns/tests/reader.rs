//! What becomes of messages while the store or a person comes in between.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Fixture, stored::key};
use crate::{
    daemon::turns::reader::Reader,
    message::{MessageId, TurnId, TurnState},
    store::{HoldReason, Inbound, Turn},
};

impl Fixture {
    fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.turns.inner), self.turns.begin())
    }

    /// A message that is gathered.
    async fn heard(&self) -> MessageId {
        let (channel, peer) = key();
        let inbound = Inbound {
            channel,
            peer,
            text: "hi".to_owned(),
            ..Inbound::default()
        };
        let stored = self.turns.inner.store().receive(inbound);
        let id = stored.expect("room").await.expect("stored").message.id;
        let mut conversations = self.turns.inner.conversations();
        assert!(conversations.hear(&key(), (id, None), None, Instant::now()));
        id
    }

    fn states(&self) -> Vec<TurnState> {
        let turns = self.turns.inner.store().turns(None, None, None, 9);
        let turns = turns.expect("readable");
        turns.iter().map(|turn| turn.state).collect()
    }
}

#[tokio::test]
async fn a_conversation_taken_over_while_its_turn_is_stored_is_not_answered() {
    let fixture = Fixture::new(&[("AGENT", "pi"), ("AGENT_GATHER", "0s")]);
    let mut reader = fixture.reader();
    fixture.heard().await;
    let inner = &fixture.turns.inner;
    let mut storing = Box::pin(reader.store_due());
    // It is taken out to be stored now.
    tokio::select! {
        biased;
        _ = &mut storing => panic!("the store takes longer"),
        () = std::future::ready(()) => {}
    }
    let period = inner.usual_hold();
    drop(inner.hold(&key(), period, HoldReason::Hand));
    storing.await.expect("stored");
    assert_eq!(fixture.states(), [TurnState::Held]);
    reader.start().await;
    assert!(inner.running().is_empty());
}

#[tokio::test]
async fn what_cannot_be_stored_is_kept_for_the_next_try() {
    let fixture = Fixture::new(&[("AGENT", "pi"), ("AGENT_GATHER", "0s")]);
    let mut reader = fixture.reader();
    let id = fixture.heard().await;
    let inner = &fixture.turns.inner;
    inner.store().close();
    assert!(reader.store_due().await.is_err());
    let settled = inner.conversations().settled(u64::MAX);
    assert_eq!(settled, id.0 - 1, "it is gathered yet");
}

#[tokio::test]
async fn one_that_cannot_be_refused_keeps_no_other_from_running() {
    let fixture = Fixture::new(&[("AGENT", "pi"), ("AGENT_DAILY", "1")]);
    let mut reader = fixture.reader();
    let inner = &fixture.turns.inner;
    let first = fixture.stored_turn().await;
    let of = |peer: &str, id, attempt| Turn {
        id: TurnId(id),
        peer: peer.to_owned(),
        attempt,
        ..first.clone()
    };
    // The second is beyond what is allowed today; the last was counted before a restart.
    let turns = [of("ana", 1, 0), of("bia", 2, 0), of("caio", 3, 1)];
    for turn in turns {
        assert!(inner.conversations().wait(turn, Instant::now()));
    }
    inner.store().close();
    reader.start().await;
    let mut running: Vec<String> = inner.running().keys().cloned().collect();
    running.sort_unstable();
    assert_eq!(running, ["t-1", "t-3"]);
    let next = of("bia", 4, 0);
    assert!(inner.conversations().wait(next, Instant::now()));
    assert_eq!(inner.conversations().start(Instant::now(), 9).len(), 1);
}
