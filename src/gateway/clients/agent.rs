//! A client that answers turns: how they reach it, and by which name it announces itself.
//!
//! Not here: what it says about them (`actions::agents`).

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    event_frames::event_frame,
    handle::{ClientHandle, ClientIdentity},
};
use crate::{
    config::is_agent_name,
    gateway::control::{AgentClient, Offered},
    protocol::{
        describe::event,
        error_code::{Fault, close},
        payload::{bad_field, needless_field},
    },
};

/// The kind of client that may answer turns.
const KIND: &str = "agent";

/// Turns at a time of an agent that does not say how many it takes.
const USUAL_TURNS: u64 = 16;

/// Most turns at a time.
const MAX_TURNS: u64 = 1024;

/// A client as the dispatcher of turns knows it.
pub(in crate::gateway) struct MailboxAgent(pub(in crate::gateway) Arc<ClientHandle>);

impl AgentClient for MailboxAgent {
    fn offer(&self, turn: &Value) -> Offered {
        let turn = turn.to_string();
        let frame = event_frame(self.0.dialect(), event::AGENT_TURN, |out| {
            out.push_str(&turn);
        });
        let room = self.0.room();
        if frame.len() > room {
            let around = frame.len() - turn.len();
            Offered::TooLarge {
                most: room.saturating_sub(around),
            }
        } else if self.0.push_fitting(frame) {
            Offered::Queued
        } else {
            Offered::Busy
        }
    }

    fn abort(&self, turn_id: &str, reason: &str) {
        let abort = json!({"turn_id": turn_id, "reason": reason}).to_string();
        let frame = event_frame(self.0.dialect(), event::AGENT_ABORT, |out| {
            out.push_str(&abort);
        });
        self.0.push(frame);
    }

    fn replaced(&self) {
        let reason = "another client announced this agent";
        self.0.dismiss(None, close::REPLACED, reason);
    }
}

/// The agent that `auth` announces, if any, and how many turns it takes at a time.
pub(in crate::gateway) fn announced(
    client: Option<&Value>,
    identity: &ClientIdentity,
) -> Result<Option<(String, usize)>, Fault> {
    let turns = client.map_or(&Value::Null, |client| &client["turns"]);
    if identity.kind.as_deref() != Some(KIND) {
        return if turns.is_null() {
            Ok(None)
        } else {
            let expected = "left out unless client.kind is agent";
            Err(needless_field("client.turns", expected))
        };
    }
    let Some(name) = &identity.name else {
        return Ok(None);
    };
    if !is_agent_name(name) {
        let expected =
            "of an agent: a-z, 0-9, . _ - (a letter or digit in front), at most 64, and not none";
        return Err(bad_field("client.name", expected, &format!("{name:?}")));
    }
    let turns = if turns.is_null() {
        USUAL_TURNS
    } else {
        let number = turns
            .as_u64()
            .filter(|turns| (1..=MAX_TURNS).contains(turns));
        let expected = format!("a whole number from 1 to {MAX_TURNS}");
        number.ok_or_else(|| bad_field("client.turns", &expected, "something else"))?
    };
    let turns = usize::try_from(turns).unwrap_or(usize::MAX);
    Ok(Some((name.clone(), turns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(client: &Value) -> Result<Option<(String, usize)>, Fault> {
        let text = |name: &str| client[name].as_str().map(str::to_owned);
        let identity = ClientIdentity {
            name: text("name"),
            kind: text("kind"),
            version: None,
        };
        announced(Some(client), &identity)
    }

    #[test]
    fn an_agent_has_a_plain_name_and_a_bounded_number_of_turns() {
        let told = |client: &Value| read(client).map(|told| told.map_or(0, |(_, turns)| turns));
        assert_eq!(told(&json!({"kind": "agent", "name": "pi"})), Ok(16));
        assert_eq!(
            told(&json!({"kind": "agent", "name": "pi", "turns": 4})),
            Ok(4)
        );
        assert_eq!(
            told(&json!({"kind": "agent"})),
            Ok(0),
            "no agent without a name"
        );
        assert_eq!(told(&json!({"kind": "cli", "name": "A b"})), Ok(0));
        for wrong in [
            json!({"kind": "agent", "name": "none"}),
            json!({"kind": "agent", "name": "My Agent"}),
            json!({"kind": "agent", "name": "pi", "turns": 0}),
            json!({"kind": "agent", "name": "pi", "turns": 1025}),
            json!({"kind": "agent", "name": "pi", "turns": "4"}),
            json!({"kind": "cli", "name": "pi", "turns": 4}),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }
}
