//! What all parts of the dispatcher share: the store, who is connected, what each conversation waits for,
//! and how clients are told of it.

use std::{
    collections::HashMap,
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinSet};

use super::{
    conversations::{ConversationKey, Conversations},
    holds::Holds,
    pool::Pool,
    questions::Questions,
    run::running::Running,
    states::AgentStates,
};
use crate::{
    config::{TranscriptionSettings, agents::AgentSettings},
    gateway::{CommitListeners, control::Channels},
    integrations::Typing,
    language::Language,
    log::{Log, LogField},
    media::Media,
    message::Direction,
    phone::Country,
    protocol::describe::{EventName, event},
    store::{HoldReason, Store, Turn},
    transcription::Transcriber,
};

/// The settings, and what was made of them.
type Transcription = (Option<TranscriptionSettings>, Option<Arc<Transcriber>>);

/// What the dispatcher is made of.
pub(in crate::daemon) struct TurnsParts {
    pub(in crate::daemon) store: Store,
    pub(in crate::daemon) media: Media,
    pub(in crate::daemon) log: Log,
    pub(in crate::daemon) listeners: Arc<CommitListeners>,
    pub(in crate::daemon) channels: Arc<dyn Channels>,
    pub(in crate::daemon) states: Arc<AgentStates>,
}

/// What all parts of the dispatcher share.
pub(super) struct TurnsInner {
    pub(super) parts: TurnsParts,
    settings: RwLock<Arc<AgentSettings>>,
    transcription: Mutex<Transcription>,
    /// The language of whoever does not tell theirs, and the country that stands for it where none is set.
    place: Mutex<(Option<Language>, Option<Country>)>,
    /// The model of the agent `openai`, as the settings name it.
    model: Mutex<Option<String>>,
    pub(super) pool: Arc<Pool>,
    pub(super) holds: Holds,
    pub(super) questions: Questions,
    conversations: Mutex<Conversations>,
    running: Mutex<HashMap<String, Arc<Running>>>,
    /// Something is to be read, stored or started.
    pub(super) wake: Notify,
    /// Something came in, or a file of it was fetched.
    pub(super) came: Notify,
    /// The turns that run.
    tasks: Mutex<JoinSet<()>>,
}

impl TurnsInner {
    pub(super) fn new(parts: TurnsParts) -> Self {
        Self {
            model: Mutex::default(),
            holds: Holds::new(parts.store.clock()),
            parts,
            settings: RwLock::default(),
            transcription: Mutex::default(),
            place: Mutex::default(),
            pool: Arc::default(),
            questions: Questions::default(),
            conversations: Mutex::default(),
            running: Mutex::default(),
            wake: Notify::new(),
            came: Notify::new(),
            tasks: Mutex::default(),
        }
    }

    pub(super) fn store(&self) -> &Store {
        &self.parts.store
    }

    /// The settings as they are now.
    pub(super) fn settings(&self) -> Arc<AgentSettings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn configure(
        &self,
        settings: AgentSettings,
        place: (Option<Language>, Option<Country>),
    ) {
        let mut slot = self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *slot = Arc::new(settings);
        drop(slot);
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// Takes what the agent `openai` is asked with.
    pub(super) fn model_is(&self, model: Option<String>) {
        *self.model.lock().unwrap_or_else(PoisonError::into_inner) = model;
    }

    /// The model of that agent, where it is known.
    pub(super) fn model_of(&self, agent: &str) -> Option<String> {
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        model.clone().filter(|_| agent == "openai")
    }

    /// Takes what turns voice notes into text.
    pub(super) fn transcribe_by(&self, settings: Option<TranscriptionSettings>) {
        let mut known = self.transcription();
        if known.0 != settings {
            let media = || self.parts.media.clone();
            let by = settings.as_ref();
            let by = by.map(|settings| {
                Arc::new(Transcriber::new(settings, media(), self.parts.log.clone()))
            });
            *known = (settings, by);
        }
    }

    /// What turns voice notes into text, where something does.
    pub(super) fn transcriber(&self) -> Option<Arc<Transcriber>> {
        self.transcription().1.clone()
    }

    fn transcription(&self) -> MutexGuard<'_, Transcription> {
        let known = self.transcription.lock();
        known.unwrap_or_else(PoisonError::into_inner)
    }

    /// The language of whoever does not tell theirs.
    pub(super) fn usual_language(&self) -> Language {
        let (set, country) = *self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let country = || country.or_else(|| self.parts.channels.pairings().country());
        let by_country = || country().and_then(|country| Language::of_country(country.name()));
        set.or_else(by_country).unwrap_or_default()
    }

    pub(super) fn conversations(&self) -> MutexGuard<'_, Conversations> {
        self.conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The turns that wait for an agent or have one, by id.
    pub(super) fn running(&self) -> MutexGuard<'_, HashMap<String, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a turn until it ends or the daemon does.
    pub(super) fn spawn(&self, turn: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(turn);
    }

    /// Ends all turns that run; on disk they stay open.
    pub(super) async fn end(&self) {
        let mut tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }

    pub(super) fn warn(&self, what: &'static str, error: &(dyn Display + Sync)) {
        let fields: [LogField<'_>; 1] = [("error", error)];
        self.parts.log.warn_limited("agent", what, &fields);
    }

    fn publish(&self, (channel, peer): (&str, &str), name: EventName<'_>, payload: &Value) {
        let text = payload.to_string();
        let bus = &self.parts.listeners.bus;
        bus.publish_about((channel, peer), name, |out| out.push_str(&text));
    }

    /// Tells of the state of a turn.
    pub(super) fn publish_status(&self, turn: &Turn, reason: Option<&str>) {
        let mut status = json!({"turn_id": turn.id.to_string(), "channel": turn.channel,
            "peer": turn.peer, "agent": turn.agent, "state": turn.state.as_str(),
            "attempt": turn.attempt, "updated_ms": turn.updated_ms});
        if let Some(answer) = turn.answer {
            status["message_id"] = json!(answer.to_string());
        }
        for (name, text) in [("error", turn.error.as_deref()), ("reason", reason)] {
            if let Some(text) = text {
                status[name] = json!(text);
            }
        }
        self.publish((&turn.channel, &turn.peer), event::AGENT_STATUS, &status);
    }

    /// Tells of a piece of an answer.
    pub(super) fn publish_delta(&self, running: &Running, agent: &str, text: &str) {
        if let Some((channel, peer)) = running.key.as_ref().filter(|_| !text.is_empty()) {
            let delta = json!({"turn_id": running.id, "channel": channel, "peer": peer,
                "agent": agent, "text": text});
            self.publish((channel, peer), event::AGENT_DELTA, &delta);
        }
    }

    /// Tells that a person answers in a conversation from now on, or no longer; returns the event.
    pub(super) fn publish_handover(
        &self,
        (channel, peer): &ConversationKey,
        until_ms: u64,
        by: HoldReason,
    ) -> Value {
        let handover =
            json!({"channel": channel, "peer": peer, "until_ms": until_ms, "by": by.as_str()});
        self.publish((channel, peer), event::AGENT_HANDOVER, &handover);
        handover
    }

    /// Shows the peer and the subscribers that an answer is written, as far as it has grown.
    pub(super) fn show_typing(&self, key: &ConversationKey, text: Option<&str>) {
        self.publish_typing(key, text, true);
        self.parts.channels.typing(&key.0, &key.1);
    }

    /// Shows the subscribers that nothing is written any more.
    pub(super) fn stop_typing(&self, key: &ConversationKey) {
        self.publish_typing(key, None, false);
    }

    fn publish_typing(&self, (channel, peer): &ConversationKey, text: Option<&str>, goes_on: bool) {
        let typing = Typing {
            channel,
            peer,
            sender: None,
            goes_on,
        };
        let bus = &self.parts.listeners.bus;
        bus.publish_typing(&typing, Direction::Out, text);
    }
}
