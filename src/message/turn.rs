//! What an agent has to answer: its identity and its states.
//!
//! Not here: who answers, and when (`daemon`).

use std::{fmt, str::FromStr};

use super::numbered;

/// The identity of a turn, shown as `t-17`: its number is that of its first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub u64);

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t-{}", self.0)
    }
}

impl FromStr for TurnId {
    type Err = ();

    /// Parses `t-17`, in exactly the form that is printed.
    fn from_str(text: &str) -> Result<Self, ()> {
        numbered(text, "t-").map(Self)
    }
}

/// The state of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TurnState {
    /// No agent has it yet.
    Waiting,
    /// An agent has it.
    Running,
    /// It was answered, or the agent chose to say nothing.
    Done,
    /// Nobody answered it. Only this state can be left again: for `Waiting`.
    Failed,
    /// It was stopped.
    Aborted,
    /// A person took the conversation over.
    Held,
}

impl TurnState {
    /// Every state, in the order of the numbers they are stored as.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Aborted,
        Self::Held,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Held => "held",
        }
    }

    /// Whether it is still to be answered.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

impl fmt::Display for TurnState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TurnState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_states_read_back_and_others_do_not() {
        assert_eq!("t-17".parse(), Ok(TurnId(17)));
        assert_eq!(TurnId(17).to_string(), "t-17");
        for wrong in ["17", "m-17", "t-", "t-01", "t-+1"] {
            assert_eq!(wrong.parse::<TurnId>(), Err(()), "{wrong}");
        }
        for state in TurnState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("sent".parse::<TurnState>(), Err(()));
    }
}
