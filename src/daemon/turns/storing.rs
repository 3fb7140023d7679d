//! What the reader does about what it found: gathered messages become turns on disk, and turns that may run are
//! started.

use std::{collections::VecDeque, sync::Arc};

use tokio::time::Instant;

use super::{
    commands,
    conversations::{ConversationKey, DueTurn},
    gather::appended,
    handover::TAKEN_OVER,
    reader::Reader,
    run,
};
use crate::{
    integrations::AgentCommand,
    log::LogField,
    message::{Message, TurnState, session_name},
    store::{NewTurn, Store, StoreError, Turn, TurnUpdate, insist},
};

impl Reader {
    pub(super) async fn store_due(&mut self) -> Result<(), StoreError> {
        let quiet = self.turns.settings().gather;
        let due = self.turns.conversations().due(Instant::now(), quiet);
        let mut due = VecDeque::from(due);
        let mut failed = None;
        while let Some(next) = due.pop_front() {
            // Those behind a turn are not stored with it.
            let settled = self.turns.conversations().settled(self.read);
            let behind = due.iter().map(|it| it.gathering.before());
            let position = behind.fold(settled, u64::min);
            let (key, gathering) = (next.key.clone(), next.gathering.clone());
            if let Err(error) = self.store_turn(next, position).await {
                if !self.turns.holds.is_held(&key) {
                    self.turns.conversations().put_back(&key, gathering);
                }
                failed = Some(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn store_turn(&mut self, due: DueTurn, position: u64) -> Result<(), StoreError> {
        let turns = Arc::clone(&self.turns);
        let report = |error: &StoreError| turns.warn("cannot store a turn", error);
        if let Some((id, messages)) = &due.waiting {
            let update = TurnUpdate {
                messages: Some(appended(messages.clone(), &due.gathering.messages)),
                ..TurnUpdate::to(TurnState::Waiting)
            };
            let stored = insist(|| turns.store().update_turn(*id, update.clone()), report).await;
            match stored {
                Ok(turn) => {
                    turns.conversations().update(turn);
                    return Ok(());
                }
                // It ended meanwhile: these begin one of their own.
                Err(StoreError::WrongTurnState(_) | StoreError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(turn) = self.open_turn(due, position).await? else {
            return Ok(());
        };
        // Whoever took over while it was stored found nothing to stop.
        if turns
            .holds
            .is_held(&(turn.channel.clone(), turn.peer.clone()))
        {
            return self.close(turn, TurnState::Held, TAKEN_OVER).await;
        }
        let has_room = turns.conversations().wait(turn.clone(), Instant::now());
        if has_room {
            return Ok(());
        }
        let why = "too many turns wait in this conversation";
        self.close(turn, TurnState::Failed, why).await
    }

    /// Stores a new turn, and the position behind which nothing else is to be stored yet. `None` where it is known.
    async fn open_turn(&mut self, due: DueTurn, position: u64) -> Result<Option<Turn>, StoreError> {
        let turns = Arc::clone(&self.turns);
        let report = |error: &StoreError| turns.warn("cannot store a turn", error);
        let new = self.new_turn(due, position).await?;
        let stored = insist(|| turns.store().open_turn(new.clone()), report).await?;
        self.saved = self.saved.max(position);
        if let Some(turn) = &stored {
            turns.publish_status(turn, None);
        }
        Ok(stored)
    }

    async fn new_turn(&self, due: DueTurn, cursor: u64) -> Result<NewTurn, StoreError> {
        let key = due.key.clone();
        let read = move |store: &Store| store.session(&key.0, &key.1);
        let (generation, _) = self.turns.store().run_blocking(read).await?;
        let (channel, peer) = due.key.clone();
        let agents = self.turns.settings().agents_of(&channel, &peer);
        Ok(NewTurn {
            session: session_name(&due.key.0, &due.key.1, generation),
            channel,
            peer,
            sender: due.gathering.sender,
            messages: due.gathering.messages,
            agent: agents.into_iter().next().unwrap_or_default(),
            cursor,
        })
    }

    /// Stores what is gathered as a turn that ended, where a command is not to have it answered: so it is seen what
    /// became of it. Whether there was anything.
    pub(super) async fn stop_gathering(
        &mut self,
        command: AgentCommand,
        key: &ConversationKey,
        message: &Message,
    ) -> Result<bool, StoreError> {
        let Some((state, why)) = commands::ends(command) else {
            return Ok(false);
        };
        let turns = Arc::clone(&self.turns);
        let gathering = turns.conversations().take_gathering(key, message.id);
        let Some(gathering) = gathering else {
            return Ok(false);
        };
        let due = DueTurn {
            key: key.clone(),
            gathering: gathering.clone(),
            waiting: None,
        };
        // Read again from here after a crash: what has a turn by then has no other.
        let position = turns.conversations().settled(gathering.before());
        let stored = async {
            let Some(turn) = self.open_turn(due, position).await? else {
                return Ok(());
            };
            self.close(turn, state, why).await
        };
        if let Err(error) = stored.await {
            turns.conversations().put_back(key, gathering);
            return Err(error);
        }
        Ok(true)
    }

    pub(super) async fn start(&mut self) {
        let turns = Arc::clone(&self.turns);
        let settings = turns.settings();
        let (now, today) = (Instant::now(), (turns.store().clock())());
        let started = turns.conversations().start(now, settings.rate);
        let mut refused = Vec::new();
        // All without waiting: a turn that is neither run nor taken back keeps its conversation from going on.
        for turn in started {
            // What was offered before the daemon was restarted is counted already.
            let is_counted = turn.attempt > 0;
            let key = (turn.channel.clone(), turn.peer.clone());
            let end = if turns.holds.is_held(&key) {
                (TurnState::Held, TAKEN_OVER.to_owned())
            } else if is_counted || turns.conversations().daily.admit(today, settings.daily) {
                turns.spawn(run::start(&turns, turn));
                continue;
            } else {
                (TurnState::Failed, spent(settings.daily))
            };
            turns.conversations().ended(&key, turn.id, None, now);
            refused.push((turn, end));
        }
        for (turn, (state, why)) in refused {
            self.refuse(turn, state, &why).await;
        }
    }

    /// It is not to be answered after all.
    async fn refuse(&self, turn: Turn, state: TurnState, why: &str) {
        if let Err(error) = self.close(turn, state, why).await {
            self.turns.warn("cannot store the end of a turn", &error);
        }
        let fields: [LogField<'_>; 1] = [("why", &why)];
        let log = &self.turns.parts.log;
        log.warn_limited("agent", "a turn is not answered", &fields);
    }
}

/// Too much was answered today.
fn spent(most: usize) -> String {
    format!("{most} answers were given within 24 hours (AGENT_DAILY)")
}
