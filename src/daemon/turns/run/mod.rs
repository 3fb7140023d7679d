//! One turn from its first offer to its end, in a task of its own: it waits for an agent, offers itself,
//! follows the answer, and goes on to the next agent where there is none.
//!
//! What is decided without waiting is in `steps` and `progress`.

mod follow;
mod offer;
mod progress;
pub(super) mod running;
mod shorten;
pub(super) mod subject;
mod voice;

use std::sync::Arc;

use serde_json::Value;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use self::{
    follow::{Followed, follow},
    running::{Input, Replier, Running},
    shorten::shortened,
    subject::{Asked, Subject, ended},
};
use super::{
    inner::TurnsInner,
    pool::Place,
    steps::{self, Missed, Step},
};
use crate::{
    gateway::control::{Offered, Prompt, PromptEvent},
    log::LogField,
    message::TurnState,
    panics::contained,
    store::{Draft, StoreError, Turn, TurnUpdate},
};

/// Events of a prompt that may wait for whoever asked: what comes meanwhile is one piece (`running`), so that
/// the bytes that wait are bounded too.
const MAX_PROMPT_EVENTS: usize = 4;

/// Runs a stored turn in a task; it is known by its id when this comes back.
pub(super) fn start(
    turns: &Arc<TurnsInner>,
    turn: Turn,
) -> impl Future<Output = ()> + Send + use<> {
    task(turns, Subject::Stored(Box::new(turn)))
}

/// The same for a prompt.
pub(super) fn start_prompt(
    turns: &Arc<TurnsInner>,
    id: String,
    session: String,
    prompt: Prompt,
) -> (
    mpsc::Receiver<PromptEvent>,
    impl Future<Output = ()> + Send + use<>,
) {
    let (events, receiver) = mpsc::channel(MAX_PROMPT_EVENTS);
    let asked = Asked {
        id,
        session,
        prompt,
        events,
    };
    (receiver, task(turns, Subject::Asked(Box::new(asked))))
}

fn task(turns: &Arc<TurnsInner>, subject: Subject) -> impl Future<Output = ()> + Send + use<> {
    let (running, inputs) = Running::new(subject.id(), subject.key(), subject.events());
    turns
        .running()
        .insert(running.id.clone(), Arc::clone(&running));
    let registered = Registered {
        turns: Arc::clone(turns),
        running,
        answer: None,
    };
    let run = Run {
        registered,
        subject,
        inputs,
    };
    run.contained()
}

/// Takes the turn off the list when dropped, so also where its task panics, and lets the next one of the
/// conversation begin.
struct Registered {
    turns: Arc<TurnsInner>,
    running: Arc<Running>,
    /// The text that was sent.
    answer: Option<String>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.turns.running().remove(&self.running.id);
        if let Some(key) = &self.running.key
            && let Ok(id) = self.running.id.parse()
        {
            let answer = self.answer.as_deref();
            let mut conversations = self.turns.conversations();
            conversations.ended(key, id, answer, Instant::now());
        }
        self.turns.wake.notify_one();
    }
}

struct Run {
    registered: Registered,
    subject: Subject,
    inputs: mpsc::Receiver<Input>,
}

/// Why a turn ends before it is answered.
enum Stop {
    /// Somebody ended it.
    Ended {
        state: TurnState,
        reason: String,
        reply: Option<Replier>,
    },
    /// Whoever asked does not wait any more.
    Abandoned,
    /// Its row cannot be changed: it ended otherwise, or was removed.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Run {
    /// A panic ends this turn and no other.
    async fn contained(self) {
        let turns = Arc::clone(&self.registered.turns);
        let id = self.subject.stored().map(|turn| turn.id);
        let (Err(panic), Some(id)) = (contained(self.run()).await, id) else {
            return;
        };
        let update = TurnUpdate::because(
            TurnState::Failed,
            &format!("a fault of the gateway: {panic}"),
        );
        if let Ok(stored) = turns.store().update_turn(id, update) {
            // One that had ended before stays as it is.
            let _ = stored.await;
        }
    }

    async fn run(mut self) {
        let stop = match self.attempts().await {
            Ok(()) => return,
            Err(stop) => stop,
        };
        let turns = Arc::clone(&self.registered.turns);
        match stop {
            Stop::Ended {
                state,
                reason,
                reply,
            } => {
                let stored = self.subject.ended(&turns, state, &reason).await;
                if let Some(reply) = reply {
                    let outcome = stored.map(|()| ended(state)).map_err(Into::into);
                    let _ = reply.send(outcome);
                }
            }
            Stop::Abandoned => {}
            Stop::Store(error) => turns.warn("a turn cannot go on", &error),
        }
    }

    /// Attempt after attempt, until one answers or nobody is left.
    async fn attempts(&mut self) -> Result<(), Stop> {
        let agents = self.subject.agents(&self.registered.turns);
        let (agent, attempts) = self.subject.offered();
        let mut next = steps::first(&agents, agent, attempts);
        let mut error = self.subject.unasked(&agents);
        while let Some(step) = next {
            let (missed, reply) = match self.attempt(&step).await? {
                Followed::Answered => return Ok(()),
                Followed::Missed(missed, reply) => (missed, reply),
            };
            self.log_missed(&step, &missed);
            // The settings may be others by now.
            let agents = self.subject.agents(&self.registered.turns);
            next = steps::after(&agents, &step.agent, step.attempt, &missed);
            if self.registered.running.has_streamed() {
                next = None;
            }
            error = missed.error;
            let state = if next.is_some() {
                self.subject.missed(&self.registered.turns, &error).await?;
                TurnState::Waiting
            } else {
                self.give_up(&error).await?;
                TurnState::Failed
            };
            if let Some(reply) = reply {
                let _ = reply.send(Ok(ended(state)));
            }
            if state == TurnState::Failed {
                return Ok(());
            }
        }
        self.give_up(&error).await
    }

    fn log_missed(&self, step: &Step, missed: &Missed) {
        let id = &self.registered.running.id;
        let fields: [LogField<'_>; 4] = [
            ("turn", id),
            ("agent", &step.agent),
            ("attempt", &step.attempt),
            ("error", &missed.error),
        ];
        let log = &self.registered.turns.parts.log;
        log.warn("agent", "an agent did not answer", &fields);
    }

    /// One offer to one agent.
    async fn attempt(&mut self, step: &Step) -> Result<Followed, Stop> {
        let turns = Arc::clone(&self.registered.turns);
        let Some(place) = self.place(step).await? else {
            let error = format!("the agent {} is not connected", step.agent);
            return Ok(Followed::missed(Missed::for_good(error)));
        };
        let Some(offer) = self.subject.offer(&turns).await? else {
            return Err(Stop::Ended {
                state: TurnState::Aborted,
                reason: "its messages were deleted".to_owned(),
                reply: None,
            });
        };
        self.subject
            .offering(&turns, &step.agent, step.attempt)
            .await?;
        let running = Arc::clone(&self.registered.running);
        running.given_to(&place);
        let _taken_back = TakenBack(&running);
        let event = offer.event(step.attempt, turns.settings().deadlines.whole);
        // A client that left meanwhile takes it and says nothing; `follow` looks at that first.
        let offered = self.give(&place, event);
        if let Some(missed) = not_taken(offered, &step.agent) {
            return Ok(Followed::missed(missed));
        }
        let counted = Counted::new(&turns, &step.agent);
        let followed = follow(
            &turns,
            &running,
            &place,
            &mut self.subject,
            &mut self.inputs,
        )
        .await;
        if let Ok((Followed::Answered, answer)) = &followed {
            self.registered.answer.clone_from(answer);
        }
        counted.ended(&followed);
        followed.map(|(followed, _)| followed)
    }

    /// Gives the turn to an agent: shortened, where it is too long for it.
    fn give(&self, place: &Place, event: Value) -> Offered {
        let offered = place.client.offer(&event);
        let Offered::TooLarge { most } = offered else {
            return offered;
        };
        let Some(event) = shortened(event, most) else {
            return offered;
        };
        let fields: [LogField<'_>; 2] = [
            ("turn", &self.registered.running.id),
            ("agent", &place.name),
        ];
        let what = "a turn is too long for the connection of the agent and is offered without its middle \
                    (CLEUDOCODEBOT_MAX_QUEUE_BYTES)";
        self.registered.turns.parts.log.warn("agent", what, &fields);
        place.client.offer(&event)
    }

    /// A place at the agent, once it is time; `None` where the agent is not there.
    async fn place(&mut self, step: &Step) -> Result<Option<Place>, Stop> {
        let turns = Arc::clone(&self.registered.turns);
        let ready = turns.settings().deadlines.ready;
        let stored = self.subject.stored();
        let messages = stored.map_or(Vec::new(), |turn| turn.messages.clone());
        let placed = async {
            sleep(step.wait).await;
            voice::transcribe(&turns, &messages).await;
            turns.pool.place(&step.agent, ready).await
        };
        tokio::pin!(placed);
        loop {
            tokio::select! {
                biased;
                input = self.inputs.recv() => match input {
                    Some(Input::End { state, reason, reply }) => {
                        return Err(Stop::Ended { state, reason, reply });
                    }
                    // From an agent that had it before.
                    Some(Input::Done(_, reply) | Input::Failed(_, reply)) => drop(reply),
                    Some(Input::Lost(_)) | None => {}
                },
                () = self.subject.abandoned() => return Err(Stop::Abandoned),
                place = &mut placed => return Ok(place),
            }
        }
    }

    /// Nobody answered. The apology goes out once, however often the turn is tried again.
    async fn give_up(&mut self, error: &str) -> Result<(), Stop> {
        let turns = Arc::clone(&self.registered.turns);
        self.subject.ended(&turns, TurnState::Failed, error).await?;
        let fields: [LogField<'_>; 2] = [("turn", &self.registered.running.id), ("error", &error)];
        turns.parts.log.error("agent", "nobody answered", &fields);
        let (Some(text), Some(turn)) = (turns.settings().apology.clone(), self.subject.stored())
        else {
            return Ok(());
        };
        let apology = Draft {
            channel: turn.channel.clone(),
            peer: turn.peer.clone(),
            text,
            idempotency_key: Some(format!("apology-{}", turn.id)),
            ..Draft::default()
        };
        match turns.store().queue(apology)?.await {
            // The text of the setting is another by now.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why an agent does not get what it was offered, where it does not.
fn not_taken(offered: Offered, agent: &str) -> Option<Missed> {
    match offered {
        Offered::Queued => None,
        Offered::Busy => {
            let error = format!("the agent {agent} takes no more for now");
            Some(Missed::interrupted(error))
        }
        // It is as long the second time.
        Offered::TooLarge { most } => {
            let error = format!(
                "this is too long for the connection of the agent {agent}, also without its texts: \
                 it takes {most} bytes; raise CLEUDOCODEBOT_MAX_QUEUE_BYTES"
            );
            Some(Missed::for_good(error))
        }
    }
}

/// No agent has the turn any more once this is dropped.
struct TakenBack<'a>(&'a Running);

impl Drop for TakenBack<'_> {
    fn drop(&mut self) {
        self.0.taken_back();
    }
}

/// Counts a turn that an agent has.
struct Counted<'a> {
    turns: &'a TurnsInner,
    agent: &'a str,
}

impl<'a> Counted<'a> {
    fn new(turns: &'a TurnsInner, agent: &'a str) -> Self {
        turns.parts.states.count(agent, |counters| {
            counters.turns += 1;
            counters.running += 1;
        });
        Self { turns, agent }
    }

    fn ended(&self, followed: &Result<(Followed, Option<String>), Stop>) {
        self.turns
            .parts
            .states
            .count(self.agent, |counters| match followed {
                Ok((Followed::Answered, _)) => counters.answered += 1,
                Ok((Followed::Missed(..), _)) => counters.failed += 1,
                Err(_) => counters.aborted += 1,
            });
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let states = &self.turns.parts.states;
        states.count(self.agent, |counters| counters.running -= 1);
    }
}
