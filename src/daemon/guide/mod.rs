//! The guide: while no agent is set, it answers who writes in the built-in channel, so that the first
//! message of the first day is not met with silence. It says what came in and how to go on.
//!
//! It is no agent: no turn, no process, nothing kept but the answer itself, which names its author in
//! `meta.guide`. It ends with the first agent, keeps out of conversations that somebody else answers,
//! and its answers are few, so that two programs never talk to each other for long.
//!
//! Not here: what it says (`topics`).

mod topics;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::json;
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{Duration, Instant, sleep},
};

use self::topics::answer;
use crate::{
    clock,
    config::{
        Lookup,
        agents::{AgentSettings, GuideSettings},
        keys,
    },
    gateway::CommitListeners,
    integrations::webchat,
    language::{Language, Peer, of_user},
    log::{Log, LogField},
    message::{Direction, Kind, Message, State, text_at},
    store::{Draft, Occasion, Store, StoreError},
};

/// The wait before an answer, in which a program of the user's own may answer instead.
const COURTESY: Duration = Duration::from_secs(1);

/// Answers within [`PERIOD`].
const MAX_ANSWERS: usize = 6;

/// The time in which they are counted.
const PERIOD: Duration = Duration::from_secs(60);

/// Answers of one run of the daemon.
const MAX_IN_ALL: usize = 100;

/// Events before the start that are read once more: a message that came just before the daemon ended was not
/// answered.
const READ_AGAIN: u64 = 256;

/// How long ago such a message may have come.
const STILL_WAITING: Duration = Duration::from_secs(300);

/// Events of one read, and their bytes.
const PAGE: usize = 256;
const PAGE_BYTES: usize = 1 << 20;

/// Conversations that it keeps out of until the daemon starts again, and those that it remembers having been asked in.
const MAX_LEFT_ALONE: usize = 1000;

/// What the guide works with.
struct GuideInner {
    store: Store,
    log: Log,
    wake: Notify,
    /// Up to where events were read.
    read: AtomicU64,
    /// That of the settings, for who does not tell theirs.
    language: Mutex<Language>,
}

/// Answers while nobody else does.
pub(super) struct Guide {
    inner: Arc<GuideInner>,
    /// Runs while no agent is set.
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Guide {
    pub(super) fn new(store: Store, listeners: &CommitListeners, log: Log) -> Self {
        let inner = Arc::new(GuideInner {
            store,
            log,
            wake: Notify::new(),
            read: AtomicU64::new(0),
            language: Mutex::default(),
        });
        // Weak, because the store, which calls it, belongs to what the guide has.
        let told = Arc::downgrade(&inner);
        listeners.on_received(move || {
            if let Some(inner) = Weak::upgrade(&told) {
                inner.wake.notify_one();
            }
        });
        Self {
            inner,
            worker: Mutex::default(),
        }
    }

    /// Takes the settings, and starts or ends where they say so.
    pub(super) fn apply(&self, lookup: &Lookup) {
        let is_wanted = GuideSettings::read(lookup).is_on && !AgentSettings::read(lookup).is_any();
        self.inner.speak(usual_language(lookup));
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_wanted {
            worker.take().inspect(JoinHandle::abort);
        } else if worker.as_ref().is_none_or(JoinHandle::is_finished) {
            let head = self.inner.store.head_seq();
            let from = head.saturating_sub(READ_AGAIN);
            self.inner.read.store(from, Ordering::Relaxed);
            self.inner.wake.notify_one();
            *worker = Some(tokio::spawn(work(Arc::clone(&self.inner))));
        }
    }

    /// Ends it.
    pub(super) fn end(&self) {
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        worker.take().inspect(JoinHandle::abort);
    }
}

/// Runs until it is aborted, or until it said enough.
async fn work(inner: Arc<GuideInner>) {
    let mut round = Round::default();
    while round.in_all < MAX_IN_ALL {
        inner.wake.notified().await;
        sleep(COURTESY).await;
        match inner.answer_new(&mut round).await {
            Ok(Standing::Wanted) => {}
            Ok(Standing::Over) => return,
            Err(error) => {
                let fields: [LogField<'_>; 1] = [("error", &error)];
                inner
                    .log
                    .warn_limited("guide", "cannot answer with the guide", &fields);
            }
        }
    }
}

/// What one run of the task remembers.
#[derive(Default)]
struct Round {
    /// When those last wrote whom nobody but the guide has answered, in ms since 1970.
    asked: HashMap<String, u64>,
    /// Peers whom somebody else answers.
    left_alone: HashSet<String>,
    /// When it answered last.
    answers: VecDeque<Instant>,
    in_all: usize,
}

impl Round {
    /// Whether one more answer is in bounds; counts it.
    fn may_answer(&mut self, now: Instant) -> bool {
        while self.answers.front().is_some_and(|at| now - *at >= PERIOD) {
            self.answers.pop_front();
        }
        let may = self.answers.len() < MAX_ANSWERS;
        if may {
            self.answers.push_back(now);
            self.in_all += 1;
        }
        may
    }

    fn asked(&mut self, message: &Message) {
        if self.asked.len() >= MAX_LEFT_ALONE {
            self.asked.clear();
        }
        self.asked.insert(message.peer.clone(), message.created_ms);
    }

    /// Keeps out of a conversation from now on where somebody else answers what was asked. What is sent by hand to who
    /// asked nothing is no answer.
    fn said_by_others(&mut self, message: &Message) {
        let asked = self.asked.remove(&message.peer);
        let waited = asked.map(|asked| message.created_ms.saturating_sub(asked));
        if waited.is_some_and(still_waits) && self.left_alone.len() < MAX_LEFT_ALONE {
            self.left_alone.insert(message.peer.clone());
        }
    }
}

/// Whether the guide still has a place.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Wanted,
    /// An agent has answered here before, so the user knows the way.
    Over,
}

impl GuideInner {
    /// Answers what came in since the last time.
    async fn answer_new(&self, round: &mut Round) -> Result<Standing, StoreError> {
        if !self
            .store
            .run_blocking(|store| store.turns(None, None, None, 1))
            .await?
            .is_empty()
        {
            return Ok(Standing::Over);
        }
        let mut asked: Vec<Message> = Vec::new();
        while self.read.load(Ordering::Relaxed) < self.store.head_seq() {
            let after = self.read.load(Ordering::Relaxed);
            let read = move |store: &Store| store.events_after(after, PAGE, PAGE_BYTES);
            let events = self.store.run_blocking(read).await?;
            let Some(last) = events.last() else {
                break;
            };
            self.read.store(last.seq, Ordering::Relaxed);
            let new = events
                .into_iter()
                .filter(|event| event.occasion == Occasion::State);
            for message in new
                .map(|event| event.message)
                .filter(|it| it.channel == webchat::NAME)
            {
                if is_answer(&message) {
                    asked.retain(|earlier| earlier.peer != message.peer);
                    if !is_of_the_guide(&message) {
                        round.said_by_others(&message);
                    }
                } else if is_for_the_guide(&message) && is_recent(&message) {
                    // Who wrote several times at once is answered once.
                    asked.retain(|earlier| earlier.peer != message.peer);
                    round.asked(&message);
                    asked.push(message);
                }
            }
        }
        for message in asked {
            if !round.left_alone.contains(&message.peer) && round.may_answer(Instant::now()) {
                self.answer(&message).await?;
            }
        }
        Ok(Standing::Wanted)
    }

    fn speak(&self, language: Language) {
        *self.language.lock().unwrap_or_else(PoisonError::into_inner) = language;
    }

    fn language_of(&self, message: &Message) -> Language {
        let meta = message.meta.as_ref();
        let peer = Peer {
            told: meta.and_then(|meta| text_at(meta, "language")),
            channel: &message.channel,
            address: &message.peer,
        };
        peer.language(|| *self.language.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, message: &Message) -> Result<(), StoreError> {
        let draft = Draft {
            channel: message.channel.clone(),
            peer: message.peer.clone(),
            text: answer(message, self.language_of(message)),
            meta: Some(json!({"guide": true})),
            idempotency_key: Some(format!("guide-{}", message.id)),
            ..Draft::default()
        };
        match self.store.queue(draft)?.await {
            // It was answered before a restart.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The language that the settings name, or that of the country that they name; without either, that of the
/// machine, as the command line finds it.
fn usual_language(lookup: &Lookup) -> Language {
    let set = lookup.get(keys::LANGUAGE).and_then(Language::of_tag);
    let country = || lookup.get(keys::COUNTRY).and_then(Language::of_country);
    let of_machine = || of_user(None, |name| lookup.get(name).map(str::to_owned));
    set.or_else(country).unwrap_or_else(of_machine)
}

/// Whether a client or the guide wrote it to a peer.
fn is_answer(message: &Message) -> bool {
    message.direction == Direction::Out && message.state == State::Queued
}

fn is_of_the_guide(message: &Message) -> bool {
    let meta = message.meta.as_ref();
    meta.is_some_and(|meta| meta["guide"] == true)
}

/// Whether who wrote it may still wait for an answer.
fn is_recent(message: &Message) -> bool {
    still_waits(clock::now_ms().saturating_sub(message.created_ms))
}

/// Whether somebody who wrote so many ms ago may still wait for an answer.
fn still_waits(waited_ms: u64) -> bool {
    u128::from(waited_ms) < STILL_WAITING.as_millis()
}

/// Whether it is something that a person says.
fn is_for_the_guide(message: &Message) -> bool {
    let is_command = message
        .meta
        .as_ref()
        .is_some_and(|meta| meta["history"] == true || meta["bot"] == true);
    // Of a copy the machine speaks that it came to.
    #[cfg(feature = "nats")]
    let is_command = is_command || crate::daemon::clustering::is_copy(message);
    message.state == State::Received && message.kind != Kind::Reaction && !is_command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{self, Environment, Overrides},
        daemon::testing::Ground,
        message::MessageId,
        store::{Inbound, NewTurn},
    };

    fn lookup(ground: &Ground, settings: &[(&str, &str)]) -> Lookup {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let overrides = Overrides {
            home: Some(ground.folder.path().to_owned()),
            settings: settings.iter().map(owned).collect(),
            ..Overrides::default()
        };
        let loaded = config::load(&overrides, &Environment::default());
        loaded.expect("settings").lookup
    }

    #[test]
    fn it_speaks_as_the_settings_say_and_else_as_the_machine_does() {
        let language = |settings: &[(&str, &str)]| {
            let (ground, _trigger) = Ground::new();
            usual_language(&lookup(&ground, settings))
        };
        let portuguese = Language::BrazilianPortuguese;
        assert_eq!(language(&[]), Language::English);
        assert_eq!(language(&[("LANG", "pt_BR.UTF-8")]), portuguese);
        let set = [(keys::LANGUAGE, "en"), ("LANG", "pt_BR.UTF-8")];
        assert_eq!(language(&set), Language::English);
        let country = [(keys::COUNTRY, "BR"), ("LANG", "C")];
        assert_eq!(language(&country), portuguese);
    }

    fn guide(ground: &Ground) -> Guide {
        Guide::new(ground.store.clone(), &ground.listeners, ground.log.clone())
    }

    fn runs(guide: &Guide) -> bool {
        let worker = guide.worker.lock().expect("a worker");
        worker.as_ref().is_some_and(|worker| !worker.is_finished())
    }

    #[tokio::test]
    async fn it_runs_while_no_agent_is_set_and_it_is_wanted() {
        let (ground, _trigger) = Ground::new();
        let guide = guide(&ground);
        for (settings, expected) in [
            (&[][..], true),
            (&[("AGENT", "pi")], false),
            (&[], true),
            (&[("AGENT_ROUTES", "telegram/*=echo")], false),
            (&[("GUIDE", "1")], true),
            (&[("GUIDE", "0")], false),
        ] {
            guide.apply(&lookup(&ground, settings));
            assert_eq!(runs(&guide), expected, "{settings:?}");
        }
    }

    #[tokio::test]
    async fn who_wrote_several_times_is_answered_once_and_never_where_an_agent_has_been() {
        let (ground, _trigger) = Ground::new();
        let (guide, mut round) = (guide(&ground), Round::default());
        for text in ["hi", "hello", "1"] {
            let inbound = Inbound {
                channel: webchat::NAME.to_owned(),
                peer: "visitor".to_owned(),
                text: text.to_owned(),
                ..Inbound::default()
            };
            ground
                .store
                .receive(inbound)
                .expect("room")
                .await
                .expect("stored");
        }
        let standing = guide.inner.answer_new(&mut round).await.expect("read");
        assert_eq!(standing, Standing::Wanted);
        assert_eq!((round.in_all, round.left_alone.len()), (1, 0));
        guide.inner.answer_new(&mut round).await.expect("read");
        assert_eq!(
            (round.in_all, round.left_alone.len()),
            (1, 0),
            "its own is no other's"
        );
        let turn = NewTurn {
            channel: webchat::NAME.to_owned(),
            peer: "visitor".to_owned(),
            sender: None,
            messages: vec![MessageId(3)],
            agent: "pi".to_owned(),
            session: "s".to_owned(),
            cursor: 3,
        };
        let opened = ground.store.open_turn(turn).expect("room").await;
        opened.expect("stored");
        let standing = guide.inner.answer_new(&mut round).await.expect("read");
        assert_eq!(standing, Standing::Over);
    }

    #[tokio::test(start_paused = true)]
    async fn two_programs_do_not_talk_for_long() {
        let mut round = Round::default();
        let said = (0..100)
            .filter(|_| round.may_answer(Instant::now()))
            .count();
        assert_eq!(said, MAX_ANSWERS);
        tokio::time::advance(PERIOD).await;
        assert!(round.may_answer(Instant::now()));
    }
}
