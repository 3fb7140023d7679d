//! What keys are for: the roles, who may do at least what, and what of the gateway an action touches.
//!
//! The table of actions has a row of these for each action, and that of events for each event; `describe` shows
//! them. Not here: whose key a client showed, and holding it to this (`gateway::permissions`).

use std::str::FromStr;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Reads: history, conversations, files, events.
    Read,
    /// Sends besides, and nothing else.
    Send,
    /// Runs the day: cancels, retries, marks as read, lets people in, takes over from agents.
    Operator,
    /// Serves one channel, as its bridge.
    Bridge,
    /// Answers turns, and reads.
    Agent,
    /// Everything, as the token of `.env`.
    Owner,
}

impl Role {
    /// Every role, in the order of the manual.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Send,
        Self::Operator,
        Self::Bridge,
        Self::Agent,
        Self::Owner,
    ];

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Send => "send",
            Self::Operator => "operator",
            Self::Bridge => "bridge",
            Self::Agent => "agent",
            Self::Owner => "owner",
        }
    }

    /// The names of all, for errors and help.
    pub fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }

    /// Its step on the ladder on which each role may do what those below it may; `None` for those beside it.
    const fn step(self) -> Option<u8> {
        match self {
            Self::Read => Some(0),
            Self::Send => Some(1),
            Self::Operator => Some(2),
            Self::Owner => Some(3),
            Self::Bridge | Self::Agent => None,
        }
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.as_str() == text).ok_or(())
    }
}

/// Who may: a role, those above it, and some beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Least {
    /// The lowest role on the ladder read, send, operator, owner.
    pub role: Role,
    /// Bridge, agent, or both.
    pub also: &'static [Role],
}

/// Whoever has a key.
pub const EVERYONE: Least = Least {
    role: Role::Read,
    also: &[Role::Bridge, Role::Agent],
};
/// Those who read, and agents: they need to know what was said.
pub const READERS: Least = Least {
    role: Role::Read,
    also: &[Role::Agent],
};
/// Those who read and have a screen: not the programs beside them.
pub const PEOPLE: Least = least(Role::Read);
/// Those who send.
pub const SENDERS: Least = least(Role::Send);
/// Those who write files or show that they write.
pub const WRITERS: Least = Least {
    role: Role::Send,
    also: &[Role::Bridge, Role::Agent],
};
/// Those who run the day.
pub const OPERATORS: Least = least(Role::Operator);
/// Those who hand in what peers wrote.
pub const HANDERS_IN: Least = Least {
    role: Role::Operator,
    also: &[Role::Bridge],
};
/// Bridges.
pub const BRIDGES: Least = Least {
    role: Role::Owner,
    also: &[Role::Bridge],
};
/// Agents.
pub const AGENTS: Least = Least {
    role: Role::Owner,
    also: &[Role::Agent],
};
/// The owner alone.
pub const OWNERS: Least = least(Role::Owner);

const fn least(role: Role) -> Least {
    Least { role, also: &[] }
}

impl Least {
    /// Whether a key of this role may.
    pub fn admits(&self, role: Role) -> bool {
        match role.step() {
            Some(step) => self.role.step().is_some_and(|least| least <= step),
            None => self.also.contains(&role),
        }
    }
}

/// Of which conversations an action is, for keys that are limited to some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Of none, or it answers only with what such a key may see.
    Nothing,
    /// Of the one that `channel` with `peer` or `to` names; of a whole channel where there is neither.
    Conversation,
    /// Of that of the message in `message_id`.
    Message,
    /// Of that of the turn in `turn_id`.
    Turn,
    /// Of the whole gateway: not for such keys.
    Gateway,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_of_the_ladder_may_what_those_below_may() {
        let admitted = |least: Least| {
            let all = Role::ALL.into_iter().filter(|role| least.admits(*role));
            all.map(Role::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(admitted(EVERYONE), "read send operator bridge agent owner");
        assert_eq!(admitted(READERS), "read send operator agent owner");
        assert_eq!(admitted(PEOPLE), "read send operator owner");
        assert_eq!(admitted(SENDERS), "send operator owner");
        assert_eq!(admitted(OPERATORS), "operator owner");
        assert_eq!(admitted(BRIDGES), "bridge owner");
        assert_eq!(admitted(AGENTS), "agent owner");
        assert_eq!(admitted(OWNERS), "owner");
    }

    #[test]
    fn names_are_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("root".parse::<Role>(), Err(()));
    }
}
