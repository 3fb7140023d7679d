//! The turns as the gateway's actions see them.

use std::sync::{Arc, atomic::Ordering};

use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Duration, Instant, timeout_at},
};

use super::{
    Turns,
    conversations::ConversationKey,
    inner::TurnsInner,
    questions::question_text,
    run::{
        self,
        running::{Input, Running, conflict},
        subject::{ended, turn_json},
    },
};
use crate::{
    gateway::control::{
        AgentAnswer, AgentClient, AgentFailure, AgentLease, AgentStatus, Agents, Ended, Prompt,
        PromptEvent, Question, Reply, Steer, TurnQuery,
    },
    integrations::webchat,
    message::{TurnId, TurnState},
    protocol::error_code::{ErrorCode, Fault},
    random,
    store::{Draft, HoldReason, Store, StoreError, Turn, TurnUpdate},
};

/// Failed turns that `agents` shows.
const SHOWN_FAILED: usize = 20;

/// How long a question waits for an answer where the agent does not say.
const USUAL_QUESTION: Duration = Duration::from_secs(300);

/// The name of the page's own conversation unless its visitor chose another.
const VISITOR: &str = "visitor";

impl Turns {
    /// The turn that this agent has.
    fn held(&self, by: &AgentLease, turn_id: &str) -> Result<Arc<Running>, Fault> {
        let running = self.inner.running().get(turn_id).cloned();
        let running = running.ok_or_else(|| {
            conflict(format!(
                "{turn_id} is no turn that is under way; say nothing more about it"
            ))
        })?;
        running.expect_held_by(by)?;
        Ok(running)
    }
}

/// A turn by the id that a client sent.
fn id_of(turn_id: &str) -> Result<TurnId, Fault> {
    turn_id.parse().map_err(|()| no_turn(turn_id))
}

fn no_turn(turn_id: &str) -> Fault {
    let shown: String = turn_id.chars().take(64).collect();
    let text = format!("no turn {shown:?} (any more); turns lists them");
    Fault::new(ErrorCode::NotFound, text)
}

fn at_once<T: Send + 'static>(outcome: Result<T, Fault>) -> Reply<T> {
    Box::pin(std::future::ready(outcome))
}

impl Agents for Turns {
    fn announce(
        self: Arc<Self>,
        name: &str,
        turns: usize,
        client: Arc<dyn AgentClient>,
    ) -> AgentLease {
        let (number, before) = self.inner.pool.join(name, turns, client);
        if let Some((before, client)) = before {
            client.replaced();
            lost(
                &self.inner,
                name,
                before,
                "another client took its name over",
            );
        }
        self.inner.parts.states.connected(name);
        let agents: Arc<dyn Agents> = self;
        AgentLease::new(Arc::downgrade(&agents), name, number)
    }

    fn is_current(&self, name: &str, number: u64) -> bool {
        self.inner.pool.is_current(name, number)
    }

    fn left(&self, name: &str, number: u64, why: &str) {
        if self.inner.pool.leave(name, number) {
            self.inner.parts.states.away(name, why);
            lost(&self.inner, name, number, why);
        }
    }

    fn delta(&self, by: &AgentLease, turn_id: &str, text: &str) -> Result<(), Fault> {
        let running = self.held(by, turn_id)?;
        running.grow(text)?;
        self.inner.publish_delta(&running, by.name(), text);
        Ok(())
    }

    fn done(&self, by: &AgentLease, turn_id: &str, answer: AgentAnswer) -> Reply<Ended> {
        match self.held(by, turn_id) {
            Ok(running) => running.end_by(by, |reply| Input::Done(answer, reply)),
            Err(fault) => at_once(Err(fault)),
        }
    }

    fn failed(&self, by: &AgentLease, turn_id: &str, failure: AgentFailure) -> Reply<Ended> {
        match self.held(by, turn_id) {
            Ok(running) => running.end_by(by, |reply| Input::Failed(failure, reply)),
            Err(fault) => at_once(Err(fault)),
        }
    }

    fn ask(&self, by: &AgentLease, turn_id: &str, question: Question) -> Reply<Option<String>> {
        match self.held(by, turn_id) {
            Err(fault) => at_once(Err(fault)),
            Ok(running) => {
                let (inner, name, number) =
                    (Arc::clone(&self.inner), by.name().to_owned(), by.number());
                Box::pin(async move {
                    let _asking = running.asking();
                    tokio::select! {
                        answer = ask(&inner, &running, &name, question) => answer,
                        () = running.taken_from(&name, number) => Ok(None),
                    }
                })
            }
        }
    }

    fn abort(&self, turn_id: &str) -> Reply<Ended> {
        let reason = "somebody stopped it";
        if let Some(running) = self.inner.running().get(turn_id) {
            return running.end(TurnState::Aborted, reason);
        }
        let (inner, turn_id) = (Arc::clone(&self.inner), turn_id.to_owned());
        Box::pin(async move {
            let id = id_of(&turn_id)?;
            abort_waiting(&inner, id, reason).await
        })
    }

    fn retry(&self, turn_id: &str) -> Reply<Ended> {
        let (inner, turn_id) = (Arc::clone(&self.inner), turn_id.to_owned());
        Box::pin(async move {
            let id = id_of(&turn_id)?;
            retry(&inner, id).await?.ok_or_else(|| no_turn(&turn_id))
        })
    }

    fn takeover(&self, channel: &str, peer: &str, period: Option<Duration>) -> Reply<Value> {
        let key = (channel.to_owned(), peer.to_owned());
        let period = period.unwrap_or_else(|| self.inner.usual_hold());
        let (event, stored) = self.inner.hold(&key, period, HoldReason::Command);
        Box::pin(async move {
            stored?.await?;
            Ok(event)
        })
    }

    fn resume(&self, channel: &str, peer: &str) -> Reply<bool> {
        let key = (channel.to_owned(), peer.to_owned());
        let released = self.inner.release(&key);
        Box::pin(async move { Ok(released?.await?) })
    }

    fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Relaxed)
    }

    fn wrote_by_hand(&self, channel: &str, peer: &str) {
        let key = (channel.to_owned(), peer.to_owned());
        self.inner.by_hand(&key, Duration::ZERO);
    }

    fn statuses(&self) -> Vec<AgentStatus> {
        self.inner.parts.states.statuses()
    }

    fn overview(&self, of: Option<(&str, &str)>) -> Reply<Value> {
        let settings = self.inner.settings();
        let asked = of.map(|(channel, peer)| {
            (
                settings.agents_of(channel, peer),
                settings.is_open_group(channel, peer),
            )
        });
        let agent = |one: &AgentStatus| {
            let mut row = one.json();
            let model = self.inner.model_of(&one.name).filter(|_| one.supervised);
            if let Some(model) = model {
                row["model"] = json!(model);
            }
            row
        };
        let agents: Value = self.statuses().iter().map(agent).collect();
        let held = self.inner.holds.all().into_iter();
        let held: Value = held
            .map(|((channel, peer), until_ms, by)| {
                json!({"channel": channel, "peer": peer, "until_ms": until_ms, "by": by.as_str()})
            })
            .collect();
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let read = |store: &Store| {
                let failed = store.turns(None, None, Some(TurnState::Failed), SHOWN_FAILED)?;
                Ok((store.open_turns()?, failed))
            };
            let (running, failed) = inner.store().run_blocking(read).await?;
            let all = |turns: &[Turn]| turns.iter().map(turn_json).collect::<Value>();
            let mut overview = json!({"agents": agents, "held": held, "running": all(&running),
                "failed": all(&failed)});
            if let Some((order, is_open)) = asked {
                overview["order"] = json!(order);
                overview["open"] = json!(is_open);
            }
            Ok(overview)
        })
    }

    fn turns(&self, query: TurnQuery) -> Reply<Vec<Value>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let read = move |store: &Store| {
                let (channel, peer) = (query.channel.as_deref(), query.peer.as_deref());
                store.turns(channel, peer, query.state, query.limit)
            };
            let turns = inner.store().run_blocking(read).await?;
            Ok(turns.iter().map(turn_json).collect())
        })
    }

    fn steer(&self, name: &str, how: Steer) -> Option<AgentStatus> {
        self.inner.parts.states.steer(name, how)
    }

    fn prompt(&self, prompt: Prompt) -> Result<mpsc::Receiver<PromptEvent>, Fault> {
        let settings = self.inner.settings();
        if prompt.agent.is_none() && settings.agents.is_empty() {
            let text = "no agent is set; set AGENT in .env, or name one that is connected";
            return Err(Fault::new(ErrorCode::ChannelUnavailable, text));
        }
        let today = (self.inner.store().clock())();
        let mut conversations = self.inner.conversations();
        if !conversations.daily.admit(today, settings.daily) {
            let text = "all answers of 24 hours are given (AGENT_DAILY)";
            return Err(Fault::new(ErrorCode::RateLimited, text));
        }
        drop(conversations);
        let number = self.last_prompt.fetch_add(1, Ordering::Relaxed) + 1;
        let id = format!("t-x{number}");
        // The number alone would come again after a restart, and with it somebody else's context.
        let random = || format!("http-{}", &random::token()[..16]);
        let session = prompt.session.clone().unwrap_or_else(random);
        let (events, task) = run::start_prompt(&self.inner, id, session, prompt);
        self.inner.spawn(task);
        Ok(events)
    }
}

/// The turns of an agent that is gone go on without it.
fn lost(inner: &TurnsInner, name: &str, number: u64, why: &str) {
    for running in inner.running().values() {
        if running.is_held_by(name, number) {
            running.lost(why);
        }
    }
}

/// Ends a turn that does not run.
async fn abort_waiting(inner: &TurnsInner, id: TurnId, reason: &str) -> Result<Ended, Fault> {
    let turn_id = id.to_string();
    let found = inner.store().run_blocking(move |store| store.turn(id));
    let turn = found.await?.ok_or_else(|| no_turn(&turn_id))?;
    // It may have been started meanwhile.
    let running = inner.running().get(&turn_id).cloned();
    if let Some(running) = running {
        return running.end(TurnState::Aborted, reason).await;
    }
    end_waiting(inner, turn, reason).await
}

/// The same where it is not under way.
pub(super) async fn end_waiting(
    inner: &TurnsInner,
    turn: Turn,
    reason: &str,
) -> Result<Ended, Fault> {
    let key = (turn.channel, turn.peer);
    let waiting = inner.conversations().take_waiting(&key, turn.id);
    let update = TurnUpdate::because(TurnState::Aborted, reason);
    let stored = match inner.store().update_turn(turn.id, update) {
        Ok(stored) => stored.await,
        Err(error) => Err(error),
    };
    match stored {
        Ok(turn) => {
            inner.publish_status(&turn, Some(reason));
            Ok(ended(turn.state))
        }
        Err(error) => {
            // It is open on disk, so it goes on; where it is not, it ends at its start.
            if let Some(waiting) = waiting {
                inner.conversations().wait_again(&key, waiting);
                inner.wake.notify_one();
            }
            Err(error.into())
        }
    }
}

/// Offers a failed turn anew; `None` where there is no such turn.
async fn retry(inner: &TurnsInner, id: TurnId) -> Result<Option<Ended>, Fault> {
    let found = inner.store().run_blocking(move |store| store.turn(id));
    let Some(turn) = found.await? else {
        return Ok(None);
    };
    let key = (turn.channel, turn.peer);
    let is_held = "a person answers in this conversation; give it back first (agent.resume)";
    if inner.holds.is_held(&key) {
        return Err(conflict(is_held));
    }
    let agents = inner.settings().agents_of(&key.0, &key.1);
    let first = agents.into_iter().next();
    let first = first.ok_or_else(|| conflict("no agent is set for this conversation"))?;
    if turn.state != TurnState::Failed {
        return Err(StoreError::WrongTurnState(turn.state).into());
    }
    let update = TurnUpdate {
        agent: Some(first),
        attempt: Some(0),
        // Another may offer it anew at the same time.
        from: Some(TurnState::Failed),
        ..TurnUpdate::to(TurnState::Waiting)
    };
    let turn = inner.store().update_turn(id, update)?.await?;
    inner.publish_status(&turn, None);
    let state = turn.state;
    // Whoever took over meanwhile found nothing to stop.
    let why_not = if inner.holds.is_held(&key) {
        is_held
    } else if inner.conversations().wait(turn, Instant::now()) {
        inner.wake.notify_one();
        return Ok(Some(ended(state)));
    } else {
        "too many turns wait in this conversation"
    };
    let update = TurnUpdate::because(TurnState::Failed, why_not);
    let turn = inner.store().update_turn(id, update)?.await?;
    inner.publish_status(&turn, Some(why_not));
    Err(conflict(why_not))
}

/// Where a question about a turn goes.
fn owner_of(inner: &TurnsInner, running: &Running) -> ConversationKey {
    let asked_on_the_page = running.key.clone().filter(|key| key.0 == webchat::NAME);
    let settings = inner.settings();
    let page = || (webchat::NAME.to_owned(), VISITOR.to_owned());
    settings
        .owner
        .clone()
        .or(asked_on_the_page)
        .unwrap_or_else(page)
}

/// Asks the owner; `None` where nobody answers in time.
async fn ask(
    inner: &TurnsInner,
    running: &Running,
    agent: &str,
    question: Question,
) -> Result<Option<String>, Fault> {
    let until = Instant::now() + question.timeout.unwrap_or(USUAL_QUESTION);
    let owner = owner_of(inner, running);
    let mut channels = inner.parts.channels.integrations().into_iter();
    if channels.all(|channel| channel.name != owner.0) {
        let text = format!(
            "there is no channel {} to ask the owner on (AGENT_OWNER)",
            owner.0
        );
        return Err(Fault::new(ErrorCode::UnknownChannel, text));
    }
    let turn = inner.questions.turn_at(&owner, &question.options);
    let Ok(turn) = timeout_at(until, turn).await else {
        return Ok(None);
    };
    let answer = turn.listen();
    let about = running.key.as_ref().filter(|key| **key != owner);
    let about = about.map(|(channel, peer)| format!("{agent} ({channel}/{peer})"));
    let draft = Draft {
        text: question_text(about.as_deref(), &question.text, &question.options),
        meta: Some(json!({"ask": {"turn_id": running.id, "options": question.options}})),
        channel: owner.0,
        peer: owner.1,
        ..Draft::default()
    };
    inner.store().queue(draft)?.await?;
    Ok(timeout_at(until, answer).await.ok().and_then(Result::ok))
}
