//! What the gateway asks of whoever gives turns to agents and takes their answers.
//!
//! Not here: who is offered what and when (the daemon), and the words of it on the wire
//! (`protocol::describe::actions::agents`).

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::channels::{Steer, status_json};
use crate::{integrations::BoxFuture, message::TurnState, protocol::error_code::Fault};

/// What becomes of a turn that a client is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is on its way.
    Queued,
    /// The client takes no more for now.
    Busy,
    /// It is longer than anything the client is sent.
    TooLarge {
        /// Bytes that it may have.
        most: usize,
    },
}

/// The client that an agent is.
pub trait AgentClient: Send + Sync {
    /// Queues the event `agent.turn`.
    fn offer(&self, turn: &Value) -> Offered;

    /// Tells it to stop a turn.
    fn abort(&self, turn_id: &str, reason: &str);

    /// Disconnects it, because another client took its name over.
    fn replaced(&self);
}

/// The turns and those who answer them.
pub trait Agents: Send + Sync {
    /// Makes this client the agent of a name, with so many turns at a time. One that had the name is
    /// disconnected.
    fn announce(
        self: Arc<Self>,
        name: &str,
        turns: usize,
        client: Arc<dyn AgentClient>,
    ) -> AgentLease;

    /// Whether this client is still the agent of the name.
    fn is_current(&self, name: &str, number: u64) -> bool;

    /// The agent of the lease of this number is gone.
    fn left(&self, name: &str, number: u64, why: &str);

    /// The next piece of an answer.
    fn delta(&self, by: &AgentLease, turn_id: &str, text: &str) -> Result<(), Fault>;

    /// The answer. When it resolves it is on disk.
    fn done(&self, by: &AgentLease, turn_id: &str, answer: AgentAnswer) -> Reply<Ended>;

    /// The agent cannot answer. Resolves to the state the turn is in then.
    fn failed(&self, by: &AgentLease, turn_id: &str, failure: AgentFailure) -> Reply<Ended>;

    /// Asks the owner. Resolves to the answer, or `None` where there is none in time.
    fn ask(&self, by: &AgentLease, turn_id: &str, question: Question) -> Reply<Option<String>>;

    /// Ends a turn without an answer.
    fn abort(&self, turn_id: &str) -> Reply<Ended>;

    /// Offers a failed turn anew.
    fn retry(&self, turn_id: &str) -> Reply<Ended>;

    /// Lets a person answer in a conversation; the fields of `agent.handover`.
    fn takeover(&self, channel: &str, peer: &str, period: Option<Duration>) -> Reply<Value>;

    /// Gives a conversation back; false where it was not held.
    fn resume(&self, channel: &str, peer: &str) -> Reply<bool>;

    /// Whether any conversation has an agent.
    fn is_active(&self) -> bool;

    /// A person writes in a conversation: call before what they wrote is given to the store, which keeps
    /// the order.
    fn wrote_by_hand(&self, channel: &str, peer: &str);

    /// How each agent is.
    fn statuses(&self) -> Vec<AgentStatus>;

    /// The response of `agents`, with who is asked in this conversation (channel and peer).
    fn overview(&self, of: Option<(&str, &str)>) -> Reply<Value>;

    /// The turns of the response of `turns`.
    fn turns(&self, query: TurnQuery) -> Reply<Vec<Value>>;

    /// Starts or stops an agent that the daemon supervises; `None` where it supervises none of this name.
    fn steer(&self, name: &str, how: Steer) -> Option<AgentStatus>;

    /// Has an agent answer what no channel brought. Dropping the receiver ends the turn.
    fn prompt(&self, prompt: Prompt) -> Result<mpsc::Receiver<PromptEvent>, Fault>;
}

/// What comes once the disk or the dispatcher has it.
pub type Reply<T> = BoxFuture<'static, Result<T, Fault>>;

/// An agent's answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentAnswer {
    /// The text; may be empty.
    pub text: String,
    /// Whether it is written in markdown.
    pub is_markdown: bool,
    /// Files, as in `send`.
    pub media: Option<Value>,
}

impl AgentAnswer {
    /// Whether the agent chose to say nothing.
    pub fn is_silence(&self) -> bool {
        self.text.trim().is_empty() && self.media.is_none()
    }
}

/// Why an agent cannot answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFailure {
    /// For the user.
    pub error: String,
    /// Whether another try of the same agent may help.
    pub is_transient: bool,
    /// Not before this time.
    pub retry_after: Option<Duration>,
}

/// A question of an agent to the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// What can be answered; empty for anything.
    pub options: Vec<String>,
    /// How long to wait for the answer; `None` for the usual time.
    pub timeout: Option<Duration>,
}

/// Where a turn stands, and the message that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `done`, `failed`, ….
    pub state: &'static str,
    /// The message that was queued.
    pub message_id: Option<String>,
}

/// Which turns to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TurnQuery {
    /// Only of this channel.
    pub channel: Option<String>,
    /// Only with this peer.
    pub peer: Option<String>,
    /// Only in this state.
    pub state: Option<TurnState>,
    /// At most this many.
    pub limit: usize,
}

/// A turn that no channel brought. It is kept in memory only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prompt {
    /// The agent to ask; `None` for the default ones.
    pub agent: Option<String>,
    /// The session to go on with; `None` for a new one.
    pub session: Option<String>,
    /// What was said, oldest first: `[{role, content}]`. The last is the one to answer.
    pub messages: Vec<Value>,
    /// The kept files of the last message, as in a message.
    pub media: Option<Value>,
}

/// What becomes of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub enum PromptEvent {
    /// An agent has it.
    Began {
        /// Which.
        agent: String,
    },
    /// The next piece.
    Delta(String),
    /// The answer, whole. The last event.
    Done(AgentAnswer),
    /// Why there is no answer. The last event.
    Failed(String),
}

/// One agent in `status` and `agents`, and the event `agent.state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentStatus {
    /// Its name.
    pub name: String,
    /// `running`, `away`, ….
    pub state: &'static str,
    /// When it came to this state, ms since 1970.
    pub since_ms: u64,
    /// When it starts again, ms since 1970, where it waits for that.
    pub until_ms: Option<u64>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// What the user can do about it.
    pub advice: Option<String>,
    /// Whether the daemon starts it.
    pub supervised: bool,
    /// Counts by name.
    pub counters: Vec<(&'static str, u64)>,
}

impl AgentStatus {
    /// As on the wire.
    pub fn json(&self) -> Value {
        let mut status = status_json(
            (&self.name, self.state),
            (self.since_ms, self.until_ms),
            [&self.last_error, &self.advice],
            &self.counters,
        );
        status["supervised"] = json!(self.supervised);
        status
    }
}

/// The right of one client to be the agent of a name, until another takes over or this is dropped.
pub struct AgentLease {
    agents: Weak<dyn Agents>,
    name: String,
    number: u64,
}

impl AgentLease {
    /// The lease of this number. Weak, because the agents know the client that holds it.
    pub fn new(agents: Weak<dyn Agents>, name: &str, number: u64) -> Self {
        Self {
            agents,
            name: name.to_owned(),
            number,
        }
    }

    /// The agent's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which of the clients of this name holds it.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// False once another client took the name over.
    pub fn is_valid(&self) -> bool {
        let agents = self.agents.upgrade();
        agents.is_some_and(|agents| agents.is_current(&self.name, self.number))
    }

    /// Gives the name up; the turns of the agent are offered anew.
    pub fn release(&self, why: &str) {
        if let Some(agents) = self.agents.upgrade() {
            agents.left(&self.name, self.number, why);
        }
    }
}

impl fmt::Debug for AgentLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentLease")
            .field("name", &self.name)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Drop for AgentLease {
    fn drop(&mut self) {
        self.release("it gave the name up");
    }
}
