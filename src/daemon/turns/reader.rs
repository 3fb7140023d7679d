//! Follows the messages that come in, from a position on disk on, so that none is missed by a crash, and
//! makes turns of them.
//!
//! What is decided without the store is in `eligible`, `conversations` and `gather`; what is stored and started then
//! in `storing`.

use std::{collections::HashSet, future::pending, sync::Arc};

use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::{
    conversations::ConversationKey,
    eligible::{Verdict, judge},
    guards::DailyGuard,
    handover::TAKEN_OVER,
    inner::TurnsInner,
};
use crate::{
    clock,
    integrations::webchat,
    log::LogField,
    message::{Direction, Kind, Message, MessageId, State, TurnState},
    store::{Hold, HoldReason, Occasion, Store, StoreError, Turn, TurnUpdate, insist},
};

/// Events of one read.
const PAGE: usize = 256;

/// Bytes of one read.
const PAGE_BYTES: usize = 1 << 20;

/// Turns that are looked at after a start for messages that have one.
const LOOKED_AT: usize = 2000;

/// Why turns end where no conversation has an agent any more.
pub(super) const NO_AGENT_LEFT: &str = "no agent is set any more (AGENT, AGENT_ROUTES)";

/// A turn that is older than this when the daemon comes back is not answered any more, in ms.
const TOO_OLD_MS: u64 = 24 * 3_600_000;

/// The wait after a failed read or write.
const RETRY: Duration = Duration::from_secs(5);

/// The task that follows the store.
pub(super) struct Reader {
    pub(super) turns: Arc<TurnsInner>,
    /// Where it begins that has not read yet.
    begin: u64,
    /// Up to where events were read.
    pub(super) read: u64,
    /// The position on disk.
    pub(super) saved: u64,
    /// Messages behind that position that have a turn.
    known: HashSet<MessageId>,
}

/// What a start finds on disk.
struct Found {
    position: Option<u64>,
    open: Vec<Turn>,
    newest: Vec<Turn>,
    /// When those of today were stored that were offered.
    today: Vec<u64>,
    holds: Vec<Hold>,
}

fn find(store: &Store) -> Result<Found, StoreError> {
    Ok(Found {
        position: store.agent_cursor()?,
        open: store.open_turns()?,
        newest: store.turns(None, None, None, LOOKED_AT)?,
        today: store.turns_offered_since(DailyGuard::since((store.clock())()))?,
        holds: store.holds()?,
    })
}

/// Forgets where agents were, so that what comes from now on is answered by none later, and closes what is
/// open.
pub(super) async fn stand_down(turns: &TurnsInner) -> Result<(), StoreError> {
    let store = turns.store();
    store.forget_agent_cursor()?.await?;
    for turn in store.run_blocking(Store::open_turns).await? {
        let update = TurnUpdate::because(TurnState::Aborted, NO_AGENT_LEFT);
        // It may have been answered meanwhile.
        let _ = store.update_turn(turn.id, update)?.await;
    }
    Ok(())
}

impl Reader {
    pub(super) fn new(turns: Arc<TurnsInner>, begin: u64) -> Self {
        Self {
            turns,
            begin,
            read: 0,
            saved: 0,
            known: HashSet::new(),
        }
    }

    /// Runs until it is aborted.
    pub(super) async fn work(mut self) {
        while let Err(error) = self.resume().await {
            self.turns.warn("cannot read the turns of agents", &error);
            sleep(RETRY).await;
        }
        loop {
            let failed = self.round().await.err();
            let now = Instant::now();
            let retry = failed.map(|error| {
                self.turns
                    .warn("cannot follow the messages for agents", &error);
                now + RETRY
            });
            let settings = self.turns.settings();
            let next = {
                let mut conversations = self.turns.conversations();
                conversations.next(now, settings.gather, settings.rate)
            };
            let due = retry.or(next);
            tokio::select! {
                () = self.turns.wake.notified() => {}
                () = async { match due { Some(at) => sleep_until(at).await, None => pending().await } } => {}
            }
        }
    }

    async fn resume(&mut self) -> Result<(), StoreError> {
        let turns = Arc::clone(&self.turns);
        let found = turns.store().run_blocking(find).await?;
        let head = turns.store().head_seq();
        self.read = if let Some(position) = found.position {
            position.min(head)
        } else {
            turns.store().set_agent_cursor(self.begin)?.await?;
            self.begin
        };
        self.saved = self.read;
        let all = found.newest.iter().chain(&found.open);
        let ids = all.flat_map(|turn| &turn.messages);
        self.known = ids.filter(|id| id.0 > self.read).copied().collect();
        for (channel, peer) in turns.holds.resume(found.holds) {
            drop(turns.store().release(&channel, &peer)?);
        }
        turns.conversations().daily.resume(found.today);
        for turn in found.open {
            self.adopt(turn).await?;
        }
        Ok(())
    }

    /// Goes on with a turn from before the restart.
    async fn adopt(&self, turn: Turn) -> Result<(), StoreError> {
        let turns = &self.turns;
        let key = (turn.channel.clone(), turn.peer.clone());
        let age = (turns.store().clock())().saturating_sub(turn.stored_ms);
        let (state, why) = if turns.holds.is_held(&key) {
            (TurnState::Held, TAKEN_OVER)
        } else if turns.settings().agents_of(&key.0, &key.1).is_empty() {
            (
                TurnState::Aborted,
                "no agent is set for this conversation any more",
            )
        } else if age > TOO_OLD_MS {
            (TurnState::Failed, "the daemon was not running for a day")
        } else if turns.conversations().wait(turn.clone(), Instant::now()) {
            return Ok(());
        } else {
            (
                TurnState::Failed,
                "too many turns wait in this conversation",
            )
        };
        self.close(turn, state, why).await
    }

    /// Ends a turn that was not offered.
    pub(super) async fn close(
        &self,
        turn: Turn,
        state: TurnState,
        why: &str,
    ) -> Result<(), StoreError> {
        let update = TurnUpdate::because(state, why);
        let turns = &self.turns;
        let report = |error: &StoreError| turns.warn("cannot store the end of a turn", error);
        let stored = || turns.store().update_turn(turn.id, update.clone());
        let turn = insist(stored, report).await?;
        turns.publish_status(&turn, Some(why));
        Ok(())
    }

    /// Reads what is new, stores what is due, starts what may run.
    async fn round(&mut self) -> Result<(), StoreError> {
        let has_heard = self.read_on().await?;
        let stored = self.store_due().await;
        self.start().await;
        stored?;
        let settled = self.turns.conversations().settled(self.read);
        if has_heard && settled > self.saved {
            // Nobody waits for this: what is read again after a crash changes nothing.
            drop(self.turns.store().set_agent_cursor(settled)?);
            self.saved = settled;
        }
        Ok(())
    }

    /// Whether anything came in.
    async fn read_on(&mut self) -> Result<bool, StoreError> {
        let mut has_heard = false;
        while self.read < self.turns.store().head_seq() {
            let after = self.read;
            let read = move |store: &Store| store.events_after(after, PAGE, PAGE_BYTES);
            let events = self.turns.store().run_blocking(read).await?;
            if events.is_empty() {
                break;
            }
            for event in events {
                let is_new = event.occasion == Occasion::State;
                if is_new && event.message.state == State::Received {
                    has_heard = true;
                    self.take(&event.message).await?;
                }
                self.read = event.seq;
            }
        }
        Ok(has_heard)
    }

    async fn take(&mut self, message: &Message) -> Result<(), StoreError> {
        let key = (message.channel.clone(), message.peer.clone());
        let ago = clock::now_ms().saturating_sub(message.created_ms);
        let ago = Duration::from_millis(ago);
        let verdict = judge(message);
        let is_said = matches!(verdict, Verdict::Answer | Verdict::AnswerInGroup);
        if is_said && self.turns.questions.answer(&key, &message.text) {
            return Ok(());
        }
        let settings = self.turns.settings();
        if settings.agents_of(&key.0, &key.1).is_empty() {
            return Ok(());
        }
        match verdict {
            Verdict::Nothing => {}
            Verdict::ByHand => self.turns.by_hand(&key, ago),
            Verdict::Command(command) => {
                let was_any = self.stop_gathering(command, &key, message).await?;
                self.turns.obey(command, message, ago, was_any).await?;
            }
            Verdict::Answer => self.hear(&key, message),
            Verdict::AnswerInGroup => {
                if settings.is_open_group(&key.0, &key.1) || self.answers_us(message).await? {
                    self.hear(&key, message);
                }
            }
        }
        Ok(())
    }

    /// Whether it answers a message that was sent from here.
    async fn answers_us(&self, message: &Message) -> Result<bool, StoreError> {
        let Some(reply_to) = message.reply_to.clone() else {
            return Ok(false);
        };
        let channel = message.channel.clone();
        let read = move |store: &Store| {
            let id = match reply_to.parse() {
                Ok(id) => Some(id),
                Err(()) => store.referred(&channel, &reply_to)?,
            };
            let found = id.map(|id| store.message(id)).transpose()?.flatten();
            Ok(found.is_some_and(|(message, _)| {
                message.direction == Direction::Out && message.channel == channel
            }))
        };
        self.turns.store().run_blocking(read).await
    }

    /// Somebody said something that an agent may have to answer.
    fn hear(&mut self, key: &ConversationKey, message: &Message) {
        let turns = &self.turns;
        if self.known.remove(&message.id) || turns.holds.is_held(key) {
            return;
        }
        // In the page's own conversation the other side is the owner, whom no guard is against.
        let loop_text = (key.0 != webchat::NAME).then(|| loop_text(message));
        let said = (message.id, message.sender.clone());
        let now = Instant::now();
        let is_person = turns.conversations().hear(key, said, loop_text, now);
        if !is_person {
            let fields: [LogField<'_>; 2] = [("channel", &key.0), ("message", &message.id)];
            let what =
                "two programs seem to answer each other; the agent keeps quiet there for now";
            turns.parts.log.warn("agent", what, &fields);
            drop(turns.hold(key, turns.usual_hold(), HoldReason::Loop));
        }
    }
}

/// What tells whether a program wrote a message. The text of a file is made here, and is the same for every
/// voice note.
fn loop_text(message: &Message) -> &str {
    if message.kind == Kind::Text {
        &message.text
    } else {
        ""
    }
}
