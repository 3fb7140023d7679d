//! What a turn is about: messages of a conversation, kept on disk, or what was asked over HTTP, kept
//! nowhere. What is done at each stage differs, and only that is here.

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    offer::{self, Offer},
    running::conflict,
};
use crate::{
    daemon::turns::{conversations::ConversationKey, inner::TurnsInner},
    gateway::control::{AgentAnswer, Ended, Prompt, PromptEvent},
    message::{MARKDOWN, TurnState},
    protocol::error_code::{ErrorCode, Fault},
    store::{Draft, StoreError, Turn, TurnUpdate, insist},
};

/// What a turn is about.
pub(super) enum Subject {
    /// Messages of a conversation.
    Stored(Box<Turn>),
    /// A prompt.
    Asked(Box<Asked>),
}

/// A prompt and whoever waits for its answer.
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) session: String,
    pub(super) prompt: Prompt,
    pub(super) events: mpsc::Sender<PromptEvent>,
}

impl Subject {
    pub(super) fn id(&self) -> String {
        match self {
            Self::Stored(turn) => turn.id.to_string(),
            Self::Asked(asked) => asked.id.clone(),
        }
    }

    pub(super) fn key(&self) -> Option<ConversationKey> {
        match self {
            Self::Stored(turn) => Some((turn.channel.clone(), turn.peer.clone())),
            Self::Asked(_) => None,
        }
    }

    /// Where the pieces of the answer go, besides to the subscribers.
    pub(super) fn events(&self) -> Option<mpsc::Sender<PromptEvent>> {
        match self {
            Self::Stored(_) => None,
            Self::Asked(asked) => Some(asked.events.clone()),
        }
    }

    /// The agents to be asked, the first first.
    pub(super) fn agents(&self, turns: &TurnsInner) -> Vec<String> {
        let settings = turns.settings();
        match self {
            Self::Stored(turn) => settings.agents_of(&turn.channel, &turn.peer),
            Self::Asked(asked) => match &asked.prompt.agent {
                Some(agent) => vec![agent.clone()],
                None => settings.agents.clone(),
            },
        }
    }

    /// To whom it was offered before a restart, and how often.
    pub(super) fn offered(&self) -> (&str, u32) {
        match self {
            Self::Stored(turn) => (&turn.agent, turn.attempt),
            Self::Asked(_) => ("", 0),
        }
    }

    /// Why nobody is left to be asked, before anybody was.
    pub(super) fn unasked(&self, agents: &[String]) -> String {
        let restarted = |agent: &str| format!("the daemon was restarted while {agent} answered");
        match self {
            Self::Stored(turn) if turn.attempt > 0 && !agents.is_empty() => {
                let known = turn.error.clone();
                // The error of a turn that was with an agent is of the attempt before.
                let known = known.filter(|_| turn.state != TurnState::Running);
                known.unwrap_or_else(|| restarted(&turn.agent))
            }
            _ => "no agent is set for this conversation (AGENT, AGENT_ROUTES)".to_owned(),
        }
    }

    /// Whoever asked does not wait any more.
    pub(super) async fn abandoned(&self) {
        match self {
            Self::Stored(_) => std::future::pending().await,
            Self::Asked(asked) => asked.events.closed().await,
        }
    }

    /// Notes on disk that it is offered to this agent from now on.
    pub(super) async fn offering(
        &mut self,
        turns: &TurnsInner,
        agent: &str,
        attempt: u32,
    ) -> Result<(), StoreError> {
        let update = TurnUpdate {
            agent: Some(agent.to_owned()),
            attempt: Some(attempt),
            ..TurnUpdate::to(TurnState::Running)
        };
        self.change(turns, update, None).await?;
        if let Self::Asked(asked) = self {
            let agent = agent.to_owned();
            // Whoever reads slowly can do without.
            let _ = asked.events.try_send(PromptEvent::Began { agent });
        }
        Ok(())
    }

    /// What the agent is offered; `None` where nothing is left to be answered.
    pub(super) async fn offer(&self, turns: &TurnsInner) -> Result<Option<Offer>, StoreError> {
        match self {
            Self::Stored(turn) => offer::of_turn(turns, turn).await,
            Self::Asked(asked) => {
                let (id, session) = (&asked.id, &asked.session);
                Ok(Some(offer::of_prompt(id, session, &asked.prompt)))
            }
        }
    }

    /// The turn on disk, where there is one.
    pub(super) fn stored(&self) -> Option<&Turn> {
        match self {
            Self::Stored(turn) => Some(turn),
            Self::Asked(_) => None,
        }
    }

    /// It was answered. On disk when this comes back.
    pub(super) async fn answered(
        &mut self,
        turns: &TurnsInner,
        answer: AgentAnswer,
    ) -> Result<Ended, Fault> {
        match self {
            Self::Stored(turn) => {
                let ended = queued(turns, turn, answer).await?;
                turns.publish_status(turn, None);
                Ok(ended)
            }
            Self::Asked(asked) => {
                let event = PromptEvent::Done(answer);
                let sent = asked.events.send(event).await;
                sent.map_err(|_| conflict("whoever asked does not wait any more"))?;
                Ok(ended(TurnState::Done))
            }
        }
    }

    /// It waits for another attempt.
    pub(super) async fn missed(
        &mut self,
        turns: &TurnsInner,
        error: &str,
    ) -> Result<(), StoreError> {
        let update = TurnUpdate::because(TurnState::Waiting, error);
        self.change(turns, update, None).await
    }

    /// Nobody answered it, or it was stopped.
    pub(super) async fn ended(
        &mut self,
        turns: &TurnsInner,
        state: TurnState,
        reason: &str,
    ) -> Result<(), StoreError> {
        let update = TurnUpdate::because(state, reason);
        self.change(turns, update, Some(reason)).await?;
        if let Self::Asked(asked) = self {
            let _ = asked
                .events
                .send(PromptEvent::Failed(reason.to_owned()))
                .await;
        }
        Ok(())
    }

    async fn change(
        &mut self,
        turns: &TurnsInner,
        update: TurnUpdate,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let Self::Stored(turn) = self else {
            return Ok(());
        };
        let (store, id) = (turns.store(), turn.id);
        let report = |error: &StoreError| turns.warn("cannot store a turn", error);
        **turn = insist(|| store.update_turn(id, update.clone()), report).await?;
        turns.publish_status(turn, reason);
        Ok(())
    }
}

/// Why an answer cannot be queued though its turn is open.
const KEY_TAKEN: &str = "another message was sent with the idempotency_key of its answer";

/// Queues the answer and ends the turn, in one transaction.
async fn queued(turns: &TurnsInner, turn: &mut Turn, answer: AgentAnswer) -> Result<Ended, Fault> {
    let draft = (!answer.is_silence()).then(|| Draft {
        channel: turn.channel.clone(),
        peer: turn.peer.clone(),
        text: answer.text,
        media: answer.media,
        // In a group it is not clear otherwise what it answers.
        reply_to: turn.sender.is_some().then(|| last_message(turn)).flatten(),
        meta: Some(if answer.is_markdown {
            json!({"agent": turn.agent, "format": MARKDOWN})
        } else {
            json!({"agent": turn.agent})
        }),
        ..Draft::default()
    });
    let (store, id) = (turns.store(), turn.id);
    let report = |error: &StoreError| turns.warn("cannot store an answer", error);
    let stored = insist(|| store.answer_turn(id, draft.clone()), report).await;
    let (answered, queued) = stored.map_err(|error| match error {
        // Not that the turn has ended, which is a conflict too.
        StoreError::Conflict => Fault::new(ErrorCode::BadPayload, KEY_TAKEN),
        error => error.into(),
    })?;
    *turn = answered;
    Ok(Ended {
        state: turn.state.as_str(),
        message_id: queued.map(|queued| queued.message.id.to_string()),
    })
}

fn last_message(turn: &Turn) -> Option<String> {
    turn.messages.last().map(ToString::to_string)
}

/// A state without a message.
pub(in crate::daemon::turns) fn ended(state: TurnState) -> Ended {
    Ended {
        state: state.as_str(),
        message_id: None,
    }
}

/// A turn as in the response of `turns`.
pub(in crate::daemon::turns) fn turn_json(turn: &Turn) -> Value {
    let messages: Value = turn.messages.iter().map(ToString::to_string).collect();
    let mut json = json!({"turn_id": turn.id.to_string(), "channel": turn.channel, "peer": turn.peer,
        "messages": messages, "agent": turn.agent, "session": turn.session,
        "state": turn.state.as_str(), "attempt": turn.attempt,
        "created_ms": turn.created_ms, "updated_ms": turn.updated_ms});
    let answer = turn.answer.map(|id| id.to_string());
    for (name, text) in [
        ("sender", &turn.sender),
        ("error", &turn.error),
        ("message_id", &answer),
    ] {
        if let Some(text) = text {
            json[name] = json!(text);
        }
    }
    json
}
