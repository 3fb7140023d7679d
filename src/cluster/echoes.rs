//! Changes that came over the bus: they are not told there again, and it is known where on the stream they are.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{cursor::Place, origins::told_origin};
use crate::{
    message::{MessageId, State},
    store::{Occasion, StoredEvent},
};

/// What is about to be changed here because another node told of it, and what of that was.
#[derive(Default)]
pub(super) struct Echoes(Mutex<EchoState>);

#[derive(Default)]
struct EchoState {
    /// In the order in which it is to happen.
    expected: HashMap<Echo, VecDeque<ExpectedChange>>,
    /// Events of the own store that are echoes.
    heard: HashSet<u64>,
}

/// One change that is to happen.
struct ExpectedChange {
    /// Where on the stream it was told, if it was.
    place: Option<Place>,
}

/// A change that is about to be made here because another node told of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Echo {
    /// A copy of this origin is stored.
    New(String),
    /// A message reaches a state.
    State(MessageId, State),
    /// A message is edited or deleted, or one of its files fetched.
    Revised(MessageId),
}

impl Echo {
    fn of(event: &StoredEvent) -> Self {
        let message = &event.message;
        if event.is_first()
            && let Some(origin) = told_origin(message)
        {
            return Self::New(origin.to_owned());
        }
        match event.occasion {
            Occasion::State => Self::State(message.id, message.state),
            _ => Self::Revised(message.id),
        }
    }
}

impl EchoState {
    fn take(&mut self, echo: &Echo) -> Option<ExpectedChange> {
        let waiting = self.expected.get_mut(echo)?;
        let first = waiting.pop_front();
        if waiting.is_empty() {
            self.expected.remove(echo);
        }
        first
    }
}

impl Echoes {
    fn state(&self) -> MutexGuard<'_, EchoState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether an event of the own store came over the bus; its place on the stream, where it was told there.
    pub(super) fn stored(&self, event: &StoredEvent) -> Option<Place> {
        let mut state = self.state();
        let expected = state.take(&Echo::of(event))?;
        state.heard.insert(event.seq);
        expected.place
    }

    /// Announces a change that is made because another node told of it.
    pub(super) fn expect(&self, echo: Echo, place: Option<Place>) {
        let mut state = self.state();
        let expected = state.expected.entry(echo).or_default();
        expected.push_back(ExpectedChange { place });
    }

    /// The change turned out to be none.
    pub(super) fn forget(&self, echo: &Echo) {
        self.state().take(echo);
    }

    /// Whether an event of the own store came over the bus; asked once.
    pub(super) fn was_one(&self, seq: u64) -> bool {
        self.state().heard.remove(&seq)
    }
}
