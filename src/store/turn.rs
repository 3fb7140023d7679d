//! What is kept of agents, as plain values: turns, and conversations in which nobody answers.
//!
//! Not here: asking for it (`agents`).

use crate::message::{MessageId, TurnId, TurnState};

/// The name under which the daemon keeps up to where it has looked for messages that agents answer.
pub(super) const AGENTS: &str = "agents";

/// One thing that an agent has to answer: messages of one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its identity.
    pub id: TurnId,
    /// The integration of its conversation.
    pub channel: String,
    /// The other side.
    pub peer: String,
    /// Who wrote its first message, where that is not the peer.
    pub sender: Option<String>,
    /// Its messages, oldest first.
    pub messages: Vec<MessageId>,
    /// Who answers, or is to.
    pub agent: String,
    /// The context that the agent keeps for the conversation.
    pub session: String,
    /// Its state.
    pub state: TurnState,
    /// How often it was offered to this agent.
    pub attempt: u32,
    /// When it was stored, in ms since 1970.
    pub created_ms: u64,
    /// When it came to this state, in ms since 1970.
    pub updated_ms: u64,
    /// The store's time when it was stored, in ms.
    pub stored_ms: u64,
    /// Why it failed, or why its last attempt did.
    pub error: Option<String>,
    /// The message that answers it.
    pub answer: Option<MessageId>,
}

/// A turn to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTurn {
    /// The integration of its conversation.
    pub channel: String,
    /// The other side.
    pub peer: String,
    /// Who wrote its first message, where that is not the peer.
    pub sender: Option<String>,
    /// Its messages, oldest first; at least one. The first gives it its id.
    pub messages: Vec<MessageId>,
    /// Who is to answer.
    pub agent: String,
    /// The context that the agent keeps for the conversation.
    pub session: String,
    /// The position of the agents from then on.
    pub cursor: u64,
}

/// A change of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnUpdate {
    /// The new state.
    pub state: TurnState,
    /// Who answers now; `None` for the same as before.
    pub agent: Option<String>,
    /// How often it was offered to that agent; `None` for as often as before.
    pub attempt: Option<u32>,
    /// Why the last attempt failed; `None` leaves what is known.
    pub error: Option<String>,
    /// Its messages from now on; `None` for the same as before.
    pub messages: Option<Vec<MessageId>>,
    /// The state that it must be in; `None` for any that is open.
    pub from: Option<TurnState>,
}

impl TurnUpdate {
    /// A change of the state, and why.
    pub fn because(state: TurnState, error: &str) -> Self {
        Self {
            error: Some(error.to_owned()),
            ..Self::to(state)
        }
    }

    /// A change of the state alone.
    pub fn to(state: TurnState) -> Self {
        Self {
            state,
            agent: None,
            attempt: None,
            error: None,
            messages: None,
            from: None,
        }
    }
}

/// Why no agent answers in a conversation for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldReason {
    /// A person writes there.
    Hand,
    /// Somebody asked for it in the chat or by an action.
    Command,
    /// The other side seems to be a program too.
    Loop,
}

impl HoldReason {
    /// Every reason, in the order of the numbers they are stored as.
    pub const ALL: [Self; 3] = [Self::Hand, Self::Command, Self::Loop];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Command => "command",
            Self::Loop => "loop",
        }
    }
}

/// A conversation in which no agent answers for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its integration.
    pub channel: String,
    /// The other side.
    pub peer: String,
    /// Until when, by the store's time, in ms.
    pub until_ms: u64,
    /// Why.
    pub by: HoldReason,
}
