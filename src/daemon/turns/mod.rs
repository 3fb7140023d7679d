//! Agents answer: what comes in becomes turns, each is offered to an agent, and its answer is queued.
//!
//! A message's way: `reader` finds it in the store, `eligible` judges it, `conversations` gathers it with
//! others until `storing` makes a turn of it, `run` offers that to an agent of the `pool` and follows the answer; `steps`
//! says who is asked next where one fails. `guards` keep agents from answering too much, `holds` and
//! `handover` let a person answer instead, `commands` are what people write about it in the chat,
//! `questions` what agents ask the owner. `control` is the interface for the gateway.
//!
//! Not here: starting the agents that come with the daemon.

mod commands;
mod control;
mod conversations;
mod eligible;
mod gather;
mod guards;
mod handover;
mod holds;
mod inner;
mod pool;
mod questions;
mod reader;
mod run;
pub(in crate::daemon) mod states;
mod steps;
mod storing;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::task::JoinHandle;

pub(in crate::daemon) use self::inner::TurnsParts;
use self::{
    inner::TurnsInner,
    reader::{NO_AGENT_LEFT, Reader, stand_down},
};
use crate::{
    config::{
        Lookup, TranscriptionSettings,
        agents::AgentSettings,
        keys,
        models::{ModelEndpoint, ModelSettings},
    },
    language::Language,
    message::TurnState,
    phone::Country,
};

/// The dispatcher of turns.
pub(in crate::daemon) struct Turns {
    inner: Arc<TurnsInner>,
    /// Runs while any conversation has an agent.
    reader: Mutex<Option<JoinHandle<()>>>,
    is_active: AtomicBool,
    last_prompt: AtomicU64,
}

impl Turns {
    pub(in crate::daemon) fn new(parts: TurnsParts) -> Arc<Self> {
        let listeners = Arc::clone(&parts.listeners);
        let turns = Arc::new(Self {
            inner: Arc::new(TurnsInner::new(parts)),
            reader: Mutex::default(),
            is_active: AtomicBool::new(false),
            last_prompt: AtomicU64::new(0),
        });
        // Weak, because whoever is told belongs to what the turns have.
        let inner = Arc::downgrade(&turns.inner);
        listeners.on_received(move || {
            if let Some(inner) = Weak::upgrade(&inner) {
                inner.wake.notify_one();
                inner.came.notify_waiters();
            }
        });
        turns
    }

    /// Takes the settings, and starts or stops giving out turns where they say so.
    pub(in crate::daemon) fn apply(&self, lookup: &Lookup, country: Option<Country>) -> bool {
        let settings = AgentSettings::read(lookup);
        let differs = *self.inner.settings() != settings;
        let is_active = settings.is_any();
        self.inner.parts.states.expect(settings.named());
        let language = lookup.get(keys::LANGUAGE).and_then(Language::of_tag);
        self.inner.configure(settings, (language, country));
        self.inner
            .transcribe_by(TranscriptionSettings::read(lookup));
        let endpoint = ModelSettings::read(lookup).endpoint;
        let named = |endpoint: ModelEndpoint| endpoint.model.unwrap_or(endpoint.title.to_owned());
        self.inner.model_is(endpoint.map(named));
        self.is_active.store(is_active, Ordering::Relaxed);
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if is_active && reader.is_none() {
            let work = Reader::new(Arc::clone(&self.inner), self.begin()).work();
            *reader = Some(tokio::spawn(work));
        } else if !is_active {
            let was_active = reader.take().map(|reader| reader.abort()).is_some();
            // At most starts there is nothing to read for that.
            if was_active || self.inner.store().has_agents() {
                self.stand_down();
            }
        }
        self.inner.wake.notify_one();
        differs
    }

    /// Where agents begin to read that have not read yet. It is stored ahead of whatever comes next: that is theirs
    /// also where a crash follows at once.
    fn begin(&self) -> u64 {
        let store = self.inner.store();
        let head = store.head_seq();
        let noted = store.agent_cursor().and_then(|cursor| match cursor {
            Some(_) => Ok(()),
            None => store.set_agent_cursor(head).map(drop),
        });
        if let Err(error) = noted {
            let text = "cannot note where agents begin to read";
            self.inner.warn(text, &error);
        }
        head
    }

    /// Closes what is open: it is not answered once agents are set again.
    fn stand_down(&self) {
        let inner = Arc::clone(&self.inner);
        // Without the lock, which `clear` takes for each.
        let keys = inner.conversations().keys();
        for key in keys {
            inner.clear(&key, None, TurnState::Aborted, NO_AGENT_LEFT);
        }
        tokio::spawn(async move {
            if let Err(error) = stand_down(&inner).await {
                inner.warn("cannot close the turns of agents", &error);
            }
        });
    }

    /// Ends all turns that run; they are open on disk and go on after the next start.
    pub(in crate::daemon) async fn end(&self) {
        let reader = {
            let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            reader.take()
        };
        if let Some(reader) = reader {
            reader.abort();
        }
        self.inner.end().await;
    }
}
