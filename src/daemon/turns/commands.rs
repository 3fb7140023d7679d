//! The commands that people write in a chat about the agent that answers there.
//!
//! They are obeyed from the store, in the order of the messages. After a crash one may be obeyed again, so
//! each does the same the second time.

use tokio::time::Duration;

use super::{handover::TAKEN_OVER, inner::TurnsInner};
use crate::{
    integrations::AgentCommand,
    language::{Language, Peer, translated},
    message::{Message, TurnState, is_own, text_at},
    store::{Draft, HoldReason, StoreError},
};

/// Why turns end where somebody wrote `/new`.
const BEGUN_ANEW: &str = "a new conversation began";

/// Why turns end where somebody wrote `/stop`.
const STOPPED: &str = "somebody wrote /stop";

/// How what is gathered ends where somebody gives this command; `None` where it is answered all the same.
pub(super) fn ends(command: AgentCommand) -> Option<(TurnState, &'static str)> {
    match command {
        AgentCommand::Pause => Some((TurnState::Held, TAKEN_OVER)),
        AgentCommand::Resume => None,
        AgentCommand::New => Some((TurnState::Aborted, BEGUN_ANEW)),
        AgentCommand::Stop => Some((TurnState::Aborted, STOPPED)),
    }
}

impl TurnsInner {
    /// Obeys a command that came so long ago, and says so. What was gathered there has its end already
    /// ([`ends`]).
    pub(super) async fn obey(
        &self,
        command: AgentCommand,
        message: &Message,
        ago: Duration,
        was_gathering: bool,
    ) -> Result<(), StoreError> {
        let key = (message.channel.clone(), message.peer.clone());
        let before = Some(message.id);
        let mut stopped = false;
        match command {
            AgentCommand::Pause => {
                let left = self.usual_hold().saturating_sub(ago);
                if left.is_zero() {
                    return Ok(());
                }
                self.hold(&key, left, HoldReason::Command).1?.await?;
            }
            AgentCommand::Resume => drop(self.release(&key)?.await?),
            AgentCommand::New => {
                let stored = self.store().new_session(&key.0, &key.1, message.id)?;
                self.clear(&key, before, TurnState::Aborted, BEGUN_ANEW);
                stored.await?;
            }
            AgentCommand::Stop => {
                stopped = self.clear(&key, before, TurnState::Aborted, STOPPED) || was_gathering;
            }
        }
        // The other side has not asked for anything where the user commands from the phone.
        if is_own(message.meta.as_ref()) {
            return Ok(());
        }
        self.reply(message, reply(command, stopped)).await
    }

    async fn reply(&self, message: &Message, text: &str) -> Result<(), StoreError> {
        let text = translated(self.language_of(message), text);
        let draft = Draft {
            channel: message.channel.clone(),
            peer: message.peer.clone(),
            text: text.into_owned(),
            idempotency_key: Some(format!("command-{}", message.id)),
            ..Draft::default()
        };
        match self.store().queue(draft)?.await {
            // It was answered otherwise before a crash.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// By the language that the service tells, else by the number, else by where this gateway is used.
    fn language_of(&self, message: &Message) -> Language {
        let meta = message.meta.as_ref();
        let peer = Peer {
            told: meta.and_then(|meta| text_at(meta, "language")),
            channel: &message.channel,
            address: message.sender.as_deref().unwrap_or(&message.peer),
        };
        peer.language(|| self.usual_language())
    }
}

/// What is said after a command.
fn reply(command: AgentCommand, stopped: bool) -> &'static str {
    match command {
        AgentCommand::Pause => {
            "The assistant keeps quiet here for now. /resume gives the conversation back to it."
        }
        AgentCommand::Resume => "The assistant answers here again.",
        AgentCommand::New => "A new conversation begins; what was said before is forgotten.",
        AgentCommand::Stop if stopped => "Stopped.",
        AgentCommand::Stop => "There was nothing to stop.",
    }
}
