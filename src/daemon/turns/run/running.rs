//! A turn that waits for an agent or has one, as everybody but its own task sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::Instant,
};

use super::progress::Progress;
use crate::{
    daemon::turns::{conversations::ConversationKey, pool::Place},
    gateway::control::{AgentAnswer, AgentFailure, AgentLease, Ended, PromptEvent, Reply},
    message::TurnState,
    protocol::error_code::{ErrorCode, Fault},
};

/// Inputs that may wait for the task of a turn.
const MAX_INPUTS: usize = 16;

/// What the task of a turn is told.
pub(in crate::daemon::turns) enum Input {
    /// The agent answered.
    Done(AgentAnswer, Replier),
    /// The agent cannot.
    Failed(AgentFailure, Replier),
    /// It ends without an answer, in this state.
    End {
        state: TurnState,
        reason: String,
        reply: Option<Replier>,
    },
    /// The agent is gone.
    Lost(String),
}

/// Where the outcome of an input goes.
pub(in crate::daemon::turns) type Replier = oneshot::Sender<Result<Ended, Fault>>;

/// A turn under way.
pub(in crate::daemon::turns) struct Running {
    pub(in crate::daemon::turns) id: String,
    /// Its conversation; `None` where it was asked over HTTP.
    pub(in crate::daemon::turns) key: Option<ConversationKey>,
    inbox: mpsc::Sender<Input>,
    /// Where the pieces go of what was asked over HTTP.
    events: Option<mpsc::Sender<PromptEvent>>,
    state: Mutex<RunningState>,
    /// There is something new to be shown, or other deadlines.
    pub(super) changed: Notify,
    /// The agent that had it has it no more.
    released: Notify,
}

struct RunningState {
    /// The agent that has it now.
    holder: Option<Holder>,
    progress: Progress,
    /// Pieces that whoever asked over HTTP was too slow for.
    unsent: String,
    /// Whether any piece went there.
    has_streamed: bool,
}

/// Bytes that whoever asked over HTTP may be behind.
const MAX_UNSENT: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Holder {
    name: String,
    number: u64,
    /// Whether it has said how it ended.
    has_ended: bool,
}

impl RunningState {
    /// Passes a piece on, with those that there was no room for before.
    fn stream(&mut self, events: &mpsc::Sender<PromptEvent>, piece: &str) -> Result<(), Fault> {
        self.has_streamed = true;
        self.catch_up(events);
        if self.unsent.len() + piece.len() > MAX_UNSENT {
            let text = "whoever asked reads too slowly";
            return Err(Fault::new(ErrorCode::QueueFull, text));
        }
        self.unsent.push_str(piece);
        self.catch_up(events);
        Ok(())
    }

    /// Passes on what there was no room for, where there is some now.
    fn catch_up(&mut self, events: &mpsc::Sender<PromptEvent>) {
        if self.unsent.is_empty() {
            return;
        }
        if let Ok(permit) = events.try_reserve() {
            permit.send(PromptEvent::Delta(std::mem::take(&mut self.unsent)));
        }
    }
}

impl Running {
    pub(super) fn new(
        id: String,
        key: Option<ConversationKey>,
        events: Option<mpsc::Sender<PromptEvent>>,
    ) -> (Arc<Self>, mpsc::Receiver<Input>) {
        let (inbox, inputs) = mpsc::channel(MAX_INPUTS);
        let state = RunningState {
            holder: None,
            progress: Progress::new(Instant::now()),
            unsent: String::new(),
            has_streamed: false,
        };
        let running = Self {
            id,
            key,
            inbox,
            events,
            state: Mutex::new(state),
            changed: Notify::new(),
            released: Notify::new(),
        };
        (Arc::new(running), inputs)
    }

    fn state(&self) -> MutexGuard<'_, RunningState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is about to be offered to this agent.
    pub(super) fn given_to(&self, place: &Place) {
        let mut state = self.state();
        state.progress = Progress::new(Instant::now());
        state.holder = Some(Holder {
            name: place.name.clone(),
            number: place.number,
            has_ended: false,
        });
    }

    /// No agent has it.
    pub(super) fn taken_back(&self) {
        self.state().holder = None;
        self.released.notify_waiters();
    }

    /// Comes back once this client does not have it any more.
    pub(in crate::daemon::turns) async fn taken_from(&self, name: &str, number: u64) {
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            // Listen before looking, so that no change falls in between.
            released.as_mut().enable();
            if !self.is_held_by(name, number) {
                return;
            }
            released.await;
        }
    }

    /// Whether this client has it.
    pub(in crate::daemon::turns) fn is_held_by(&self, name: &str, number: u64) -> bool {
        let state = self.state();
        let holder = state.holder.as_ref();
        holder.is_some_and(|it| it.name == name && it.number == number)
    }

    /// Fails where this agent does not have it, or has said already how it ended.
    pub(in crate::daemon::turns) fn expect_held_by(&self, lease: &AgentLease) -> Result<(), Fault> {
        let state = self.state();
        let holder = state.holder.as_ref();
        let holds = |it: &Holder| it.name == lease.name() && it.number == lease.number();
        match holder {
            Some(it) if holds(it) && !it.has_ended => Ok(()),
            Some(it) if holds(it) => {
                Err(conflict(format!("you said already how {} ended", self.id)))
            }
            Some(it) => Err(conflict(format!(
                "{} is with the agent {}",
                self.id, it.name
            ))),
            None => Err(conflict(format!("no agent has {} at the moment", self.id))),
        }
    }

    /// Changes how far the answer is.
    pub(super) fn with_progress<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        change(&mut self.state().progress)
    }

    /// The next piece came.
    pub(in crate::daemon::turns) fn grow(&self, piece: &str) -> Result<(), Fault> {
        let mut state = self.state();
        state.progress.grow(piece, Instant::now());
        if let Some(events) = self.events.as_ref().filter(|_| !piece.is_empty()) {
            state.stream(events, piece)?;
        }
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Passes on what whoever asked over HTTP was too slow for: the answer is whole.
    pub(super) async fn flush(&self) {
        let unsent = std::mem::take(&mut self.state().unsent);
        if let Some(events) = self.events.as_ref().filter(|_| !unsent.is_empty()) {
            // One who left is seen at the next step.
            let _ = events.send(PromptEvent::Delta(unsent)).await;
        }
    }

    /// Whether whoever asked over HTTP has some of an answer: it cannot be begun anew.
    pub(super) fn has_streamed(&self) -> bool {
        self.state().has_streamed
    }

    /// The owner is asked something until the guard is dropped.
    pub(in crate::daemon::turns) fn asking(self: &Arc<Self>) -> Asking {
        self.with_progress(|progress| progress.ask(Instant::now()));
        self.changed.notify_one();
        Asking(Arc::clone(self))
    }

    /// What its agent says at the end. Refused where this agent does not have it.
    pub(in crate::daemon::turns) fn end_by(
        &self,
        lease: &AgentLease,
        input: impl FnOnce(Replier) -> Input,
    ) -> Reply<Ended> {
        if let Err(fault) = self.expect_held_by(lease) {
            return Box::pin(std::future::ready(Err(fault)));
        }
        let (is_told, outcome) = self.tell(input);
        // Else it may say so again.
        if let Some(holder) = self.state().holder.as_mut().filter(|_| is_told) {
            holder.has_ended = true;
        }
        outcome
    }

    /// Ends it without an answer.
    pub(in crate::daemon::turns) fn end(&self, state: TurnState, reason: &str) -> Reply<Ended> {
        let input = |reply| Input::End {
            state,
            reason: reason.to_owned(),
            reply: Some(reply),
        };
        self.tell(input).1
    }

    /// The same, where nobody waits for it.
    pub(in crate::daemon::turns) fn end_soon(&self, state: TurnState, reason: &str) {
        let _ = self.inbox.try_send(Input::End {
            state,
            reason: reason.to_owned(),
            reply: None,
        });
    }

    /// The agent that has it is gone. Where there is no room for this, the task sees it by itself.
    pub(in crate::daemon::turns) fn lost(&self, why: &str) {
        let _ = self.inbox.try_send(Input::Lost(why.to_owned()));
    }

    /// Whether the task hears of it, and what comes of it.
    fn tell(&self, input: impl FnOnce(Replier) -> Input) -> (bool, Reply<Ended>) {
        let (reply, outcome) = oneshot::channel();
        let sent = self.inbox.try_send(input(reply));
        let (id, is_told) = (self.id.clone(), sent.is_ok());
        let outcome = Box::pin(async move {
            if let Err(mpsc::error::TrySendError::Full(_)) = sent {
                let text = format!("too much is asked of {id} at a time");
                return Err(Fault::new(ErrorCode::QueueFull, text).retry_after(1000));
            }
            let gone = || Err(conflict(format!("{id} has ended")));
            outcome.await.unwrap_or_else(|_| gone())
        });
        (is_told, outcome)
    }
}

/// A question to the owner that is open.
pub(in crate::daemon::turns) struct Asking(Arc<Running>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0
            .with_progress(|progress| progress.answered(Instant::now()));
        self.0.changed.notify_one();
    }
}

/// A fault that says what stands in the way.
pub(in crate::daemon::turns) fn conflict(text: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::Conflict, text)
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;
    use crate::{
        daemon::turns::pool::Pool,
        gateway::control::{AgentClient, Agents, Offered},
    };

    struct Deaf;

    impl AgentClient for Deaf {
        fn offer(&self, _: &serde_json::Value) -> Offered {
            Offered::Queued
        }
        fn abort(&self, _: &str, _: &str) {}
        fn replaced(&self) {}
    }

    async fn held(running: &Running) -> (Place, AgentLease) {
        let pool = Arc::new(Pool::default());
        let (number, _) = pool.join("pi", 1, Arc::new(Deaf));
        let place = pool.place("pi", std::time::Duration::ZERO).await;
        let place = place.expect("free");
        running.given_to(&place);
        let nobody: Weak<crate::daemon::turns::Turns> = Weak::new();
        let nobody: Weak<dyn Agents> = nobody;
        (place, AgentLease::new(nobody, "pi", number))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_there_was_no_room_for_may_come_again() {
        let (running, mut inputs) = Running::new("t-1".to_owned(), None, None);
        let (_place, lease) = held(&running).await;
        for _ in 0..MAX_INPUTS {
            running.end_soon(TurnState::Aborted, "enough");
        }
        let done = || running.end_by(&lease, |reply| Input::Done(AgentAnswer::default(), reply));
        let refused = done().await.map_err(|fault| fault.code);
        assert_eq!(refused, Err(ErrorCode::QueueFull));
        while inputs.try_recv().is_ok() {}
        let _answered = done();
        assert!(matches!(inputs.try_recv(), Ok(Input::Done(..))));
        let twice = done().await.map_err(|fault| fault.code);
        assert_eq!(twice, Err(ErrorCode::Conflict));
    }
}
