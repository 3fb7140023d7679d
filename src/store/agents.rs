//! The methods of [`Store`] for agents: turns, the sessions of conversations, where readers are.
//!
//! Not here: what a request does to the rows (`writer::turns`), and who answers when (`daemon`).

use serde_json::{Map, Value, json};

use super::{
    Store,
    answer::QueuedMessage,
    error::StoreError,
    queries::turns,
    request::Draft,
    rows::{
        keys,
        position::{READER, ReaderPosition},
        session::Session,
    },
    turn::{AGENTS, Hold, NewTurn, Turn, TurnUpdate},
    writer::{encoded::EncodedMessage, pending::Pending, turns as operations},
    writes::{check_names, outgoing},
};
use crate::message::{MessageId, TurnId, TurnState};

impl Store {
    /// Stores a turn, and the position of the agents with it. Resolves to `None` where it is known; the
    /// position is moved all the same.
    pub fn open_turn(&self, turn: NewTurn) -> Result<Pending<Option<Turn>>, StoreError> {
        check_names(&[("channel", &turn.channel), ("peer", &turn.peer)])?;
        let weight = turn.session.len() + 8 * turn.messages.len();
        self.submit(operations::open, turn, weight)
    }

    /// Brings a turn to a new state. One that has ended stays so, but for a failed one that waits again:
    /// [`StoreError::WrongTurnState`].
    pub fn update_turn(&self, id: TurnId, update: TurnUpdate) -> Result<Pending<Turn>, StoreError> {
        let weight = update.error.as_ref().map_or(0, String::len);
        self.submit(operations::update, (id, update), weight)
    }

    /// Ends a turn with an answer, which is queued in the same transaction, or without one. Fails with
    /// [`StoreError::WrongTurnState`] where it has ended.
    pub fn answer_turn(
        &self,
        id: TurnId,
        draft: Option<Draft>,
    ) -> Result<Pending<(Turn, Option<QueuedMessage>)>, StoreError> {
        let answer = draft.map(|draft| outgoing(answering(id, draft)));
        let answer = answer.transpose()?;
        let weight = answer.as_ref().map_or(0, EncodedMessage::weight);
        self.submit(operations::answer, (id, answer), weight)
    }

    /// A turn. Blocks.
    pub fn turn(&self, id: TurnId) -> Result<Option<Turn>, StoreError> {
        self.view(|rows| turns::turn(rows, id))
    }

    /// The turns that are still to be answered, oldest first. Blocks.
    pub fn open_turns(&self) -> Result<Vec<Turn>, StoreError> {
        self.view(turns::open)
    }

    /// The newest turns, newest first: of a conversation, in a state, where these are given. Looks at a
    /// bounded number of them. Blocks.
    pub fn turns(
        &self,
        channel: Option<&str>,
        peer: Option<&str>,
        state: Option<TurnState>,
        limit: usize,
    ) -> Result<Vec<Turn>, StoreError> {
        let wanted = |turn: &Turn| {
            channel.is_none_or(|channel| turn.channel == channel)
                && peer.is_none_or(|peer| turn.peer == peer)
                && state.is_none_or(|state| turn.state == state)
        };
        self.view(|rows| turns::newest(rows, limit, &wanted))
    }

    /// The store's times, in ms, at which the turns were stored that an agent was offered, from this time on.
    /// Looks at a bounded number of them. Blocks.
    pub fn turns_offered_since(&self, ms: u64) -> Result<Vec<u64>, StoreError> {
        self.view(|rows| turns::offered_since(rows, ms))
    }

    /// Up to which sequence number the daemon has looked for messages that agents answer; `None` where it
    /// never did. Blocks.
    pub fn agent_cursor(&self) -> Result<Option<u64>, StoreError> {
        self.view(|rows| turns::position(rows, AGENTS))
    }

    /// Moves [`agent_cursor`](Self::agent_cursor).
    pub fn set_agent_cursor(&self, seq: u64) -> Result<Pending<()>, StoreError> {
        self.submit(operations::set_cursor, Some(seq), 0)
    }

    /// Forgets [`agent_cursor`](Self::agent_cursor).
    pub fn forget_agent_cursor(&self) -> Result<Pending<()>, StoreError> {
        self.submit(operations::set_cursor, None, 0)
    }

    /// Whether there is anything to go on with for agents: where they were, or a turn that was open at the
    /// start. Costs no read.
    pub fn has_agents(&self) -> bool {
        self.0.shared.has_agents()
    }

    /// Lets no agent answer in a conversation for a while.
    pub fn hold(&self, hold: Hold) -> Result<Pending<()>, StoreError> {
        check_names(&[("channel", &hold.channel), ("peer", &hold.peer)])?;
        self.submit(operations::hold, hold, 0)
    }

    /// Lets agents answer in a conversation again. Resolves to whether they might not.
    pub fn release(&self, channel: &str, peer: &str) -> Result<Pending<bool>, StoreError> {
        check_names(&[("channel", channel), ("peer", peer)])?;
        let input = (channel.to_owned(), peer.to_owned());
        self.submit(operations::release, input, 0)
    }

    /// Every conversation that is held, also those whose time is over. Blocks.
    pub fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.view(turns::holds)
    }

    /// Begins a new session in a conversation: what came up to this message belongs to an earlier one.
    pub fn new_session(
        &self,
        channel: &str,
        peer: &str,
        after: MessageId,
    ) -> Result<Pending<()>, StoreError> {
        check_names(&[("channel", channel), ("peer", peer)])?;
        let input = (channel.to_owned(), peer.to_owned(), after);
        self.submit(operations::new_session, input, 0)
    }

    /// How many sessions a conversation had before this one, and up to which message they went. Blocks.
    pub fn session(
        &self,
        channel: &str,
        peer: &str,
    ) -> Result<(u64, Option<MessageId>), StoreError> {
        let key = keys::scope(channel, Some(peer));
        let session = self.view(|rows| turns::session(rows, &key))?;
        Ok(session.map_or(
            (0, None),
            |Session {
                 generation, after, ..
             }| { (generation, after) },
        ))
    }

    /// Where the reader of this name is; `None` where there is none. Blocks.
    pub fn reader_position(&self, name: &str) -> Result<Option<ReaderPosition>, StoreError> {
        self.view(|rows| turns::reader(rows, &reader(name)))
    }

    /// Moves [`reader_position`](Self::reader_position), and notes that it is used: it is forgotten where that was
    /// not done for 90 days.
    pub fn set_reader_position(&self, name: &str, seq: u64) -> Result<Pending<()>, StoreError> {
        check_names(&[("reader", name)])?;
        self.submit(operations::set_position, (reader(name), seq), 0)
    }
}

fn reader(name: &str) -> String {
    format!("{READER}{name}")
}

/// The answer to a turn: its key makes it the only one, and it says what it answers.
fn answering(id: TurnId, mut draft: Draft) -> Draft {
    draft.idempotency_key = Some(format!("turn-{id}"));
    let meta = draft.meta.take();
    let mut meta = match meta {
        Some(Value::Object(meta)) => meta,
        _ => Map::new(),
    };
    meta.insert("turn".to_owned(), json!(id.to_string()));
    draft.meta = Some(Value::Object(meta));
    draft
}
