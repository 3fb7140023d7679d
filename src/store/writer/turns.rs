//! Turns of agents, the sessions of conversations, and where readers are.
//!
//! Not here: reading them (`queries::turns`), and when any of it is asked for (`daemon`).

use crate::{
    message::{Direction, Message, MessageId, TurnId, TurnState},
    store::{
        answer::QueuedMessage,
        backend::Table,
        error::StoreError,
        queries::turns,
        rows::{
            keys::{self, number_key},
            position::{self, ReaderPosition},
            session::{self, Session},
            turn,
        },
        turn::{AGENTS, Hold, NewTurn, Turn, TurnUpdate},
        writer::{encoded::EncodedMessage, operations, transaction::Transaction},
    },
};

/// Stores a turn; `None` where it is known. The position of the agents moves in any case.
pub(in crate::store) fn open(
    transaction: &mut Transaction<'_>,
    new: &mut NewTurn,
) -> Result<Option<Turn>, StoreError> {
    let first = new.messages.first().copied();
    let first = first
        .ok_or_else(|| StoreError::InvalidQuery("a turn has at least one message".to_owned()))?;
    let id = TurnId(first.0);
    let is_known = turns::turn(transaction.rows, id)?.is_some();
    set_cursor(transaction, &mut Some(new.cursor))?;
    if is_known {
        return Ok(None);
    }
    let now = transaction.now();
    let turn = Turn {
        id,
        channel: new.channel.clone(),
        peer: new.peer.clone(),
        sender: new.sender.clone(),
        messages: new.messages.clone(),
        agent: new.agent.clone(),
        session: new.session.clone(),
        state: TurnState::Waiting,
        attempt: 0,
        created_ms: now.wall_ms,
        updated_ms: now.wall_ms,
        stored_ms: now.time_ms,
        error: None,
        answer: None,
    };
    transaction.put_turn(&turn)?;
    Ok(Some(turn))
}

/// Brings a turn to a new state.
pub(in crate::store) fn update(
    transaction: &mut Transaction<'_>,
    (id, update): &mut (TurnId, TurnUpdate),
) -> Result<Turn, StoreError> {
    let mut turn = transaction.turn(*id)?;
    let is_retried = (turn.state, update.state) == (TurnState::Failed, TurnState::Waiting);
    let is_another = update.from.is_some_and(|from| from != turn.state);
    if is_another || (!turn.state.is_open() && !is_retried) {
        return Err(StoreError::WrongTurnState(turn.state));
    }
    if let Some(agent) = update.agent.take() {
        turn.agent = agent;
    }
    if let Some(messages) = update.messages.take() {
        turn.messages = messages;
    }
    turn.attempt = update.attempt.unwrap_or(turn.attempt);
    turn.error = update.error.take().or(turn.error);
    transaction.enter(turn, update.state)
}

/// Ends a turn, with its answer where there is one.
pub(in crate::store) fn answer(
    transaction: &mut Transaction<'_>,
    (id, answer): &mut (TurnId, Option<EncodedMessage>),
) -> Result<(Turn, Option<QueuedMessage>), StoreError> {
    let mut turn = transaction.turn(*id)?;
    if !turn.state.is_open() {
        return Err(StoreError::WrongTurnState(turn.state));
    }
    let answer = answer.as_mut();
    let queued = answer.map(|answer| operations::queue(transaction, answer));
    let queued = queued.transpose()?;
    turn.answer = queued.as_ref().map(|queued| queued.message.id);
    let turn = transaction.enter(turn, TurnState::Done)?;
    Ok((turn, queued))
}

/// Lets no agent answer in a conversation for a while.
pub(in crate::store) fn hold(
    transaction: &mut Transaction<'_>,
    hold: &mut Hold,
) -> Result<(), StoreError> {
    let mut session = transaction.session(&hold.channel, &hold.peer)?;
    session.held = Some((hold.until_ms, hold.by));
    transaction.put_session(&session)
}

/// Lets agents answer in a conversation again; whether they might not.
pub(in crate::store) fn release(
    transaction: &mut Transaction<'_>,
    (channel, peer): &mut (String, String),
) -> Result<bool, StoreError> {
    let mut session = transaction.session(channel, peer)?;
    if session.held.take().is_none() {
        return Ok(false);
    }
    transaction.put_session(&session)?;
    Ok(true)
}

/// Begins a new session in a conversation.
pub(in crate::store) fn new_session(
    transaction: &mut Transaction<'_>,
    (channel, peer, after): &mut (String, String, MessageId),
) -> Result<(), StoreError> {
    let mut session = transaction.session(channel, peer)?;
    // The command that asks for it may come twice.
    if session.after >= Some(*after) {
        return Ok(());
    }
    session.generation += 1;
    session.after = Some(*after);
    transaction.put_session(&session)
}

/// Moves the agents, or forgets where they were.
pub(in crate::store) fn set_cursor(
    transaction: &mut Transaction<'_>,
    cursor: &mut Option<u64>,
) -> Result<(), StoreError> {
    transaction.note_agents(cursor.is_some());
    if let Some(seq) = cursor {
        return transaction.put_position(AGENTS, *seq);
    }
    transaction.commit_anyway();
    transaction.rows.remove(Table::Positions, AGENTS.as_bytes())
}

/// Moves a reader, and notes that its place is used.
pub(in crate::store) fn set_position(
    transaction: &mut Transaction<'_>,
    (name, seq): &mut (String, u64),
) -> Result<(), StoreError> {
    transaction.put_reader(name.as_bytes(), *seq)
}

impl Transaction<'_> {
    fn turn(&self, id: TurnId) -> Result<Turn, StoreError> {
        turns::turn(self.rows, id)?.ok_or(StoreError::NotFound)
    }

    /// Stores a turn in a new state, under the key of that state.
    fn enter(&mut self, mut turn: Turn, state: TurnState) -> Result<Turn, StoreError> {
        if turn.state.is_open() != state.is_open() {
            let key = turn::key(turn.id, turn.state.is_open());
            self.rows.remove(Table::Turns, &key)?;
        }
        turn.state = state;
        turn.updated_ms = self.now().wall_ms;
        self.put_turn(&turn)?;
        Ok(turn)
    }

    fn put_turn(&mut self, turn: &Turn) -> Result<(), StoreError> {
        self.commit_anyway();
        let key = turn::key(turn.id, turn.state.is_open());
        self.rows.put(Table::Turns, &key, &turn::encode(turn))
    }

    fn session(&self, channel: &str, peer: &str) -> Result<Session, StoreError> {
        let known = turns::session(self.rows, &keys::scope(channel, Some(peer)))?;
        Ok(known.unwrap_or_else(|| Session {
            channel: channel.to_owned(),
            peer: peer.to_owned(),
            generation: 0,
            after: None,
            held: None,
        }))
    }

    fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.commit_anyway();
        let key = keys::scope(&session.channel, Some(&session.peer));
        if session.held.is_none() && session.generation == 0 {
            return self.rows.remove(Table::Sessions, &key);
        }
        self.rows
            .put(Table::Sessions, &key, &session::encode(session))
    }

    pub(in crate::store) fn put_position(
        &mut self,
        name: &str,
        seq: u64,
    ) -> Result<(), StoreError> {
        self.commit_anyway();
        self.rows
            .put(Table::Positions, name.as_bytes(), &number_key(seq))
    }

    /// Moves the reader whose row this is, and notes when.
    pub(in crate::store) fn put_reader(&mut self, key: &[u8], seq: u64) -> Result<(), StoreError> {
        self.commit_anyway();
        let used_ms = Some(self.now().time_ms);
        let row = position::encode(ReaderPosition { seq, used_ms });
        self.rows.put(Table::Positions, key, &row)
    }

    /// Removes the row of a reader.
    pub(in crate::store) fn forget_position(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.commit_anyway();
        self.rows.remove(Table::Positions, key)
    }

    /// Removes the turn that began with a message, together with that.
    pub(in crate::store) fn forget_turn(&mut self, message: &Message) -> Result<(), StoreError> {
        if message.direction == Direction::Out {
            return Ok(());
        }
        let id = TurnId(message.id.0);
        [true, false]
            .into_iter()
            .try_for_each(|is_open| self.rows.remove(Table::Turns, &turn::key(id, is_open)))
    }
}
