//! What each conversation has to be answered: messages that are gathered, turns that wait, the turn that
//! runs. No time passes here and nothing is stored: the caller says what time it is and does what comes
//! out.

use std::collections::{HashMap, VecDeque};

use tokio::time::{Duration, Instant};

use super::{
    gather::Gathering,
    guards::{DailyGuard, LoopGuard, RateGuard},
};
use crate::{
    message::{MessageId, TurnId},
    store::Turn,
};

/// Channel and peer.
pub(super) type ConversationKey = (String, String);

/// Turns of one conversation that may wait.
pub(super) const MAX_WAITING: usize = 8;

/// Conversations that are remembered. Beyond, those go in which nothing happens.
const MAX_REMEMBERED: usize = 4096;

/// One conversation.
#[derive(Debug, Default)]
struct Conversation {
    gathering: Option<Gathering>,
    waiting: VecDeque<Turn>,
    running: Option<TurnId>,
    rate: RateGuard,
    loops: LoopGuard,
    /// When it last had a message.
    last: Option<Instant>,
}

/// How long a conversation is remembered in which nothing happens: what tells a loop is forgotten then.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);

impl Conversation {
    fn is_idle(&self, now: Instant) -> bool {
        let is_quiet = self.last.is_none_or(|at| at + REMEMBERED_FOR <= now);
        self.gathering.is_none()
            && self.waiting.is_empty()
            && self.running.is_none()
            && self.rate.is_idle(now)
            && is_quiet
    }
}

/// All conversations with something to be answered, or of which something is remembered.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    all: HashMap<ConversationKey, Conversation>,
    /// How many turns there were today.
    pub(super) daily: DailyGuard,
}

/// Messages that are to be stored as a turn.
#[derive(Debug)]
pub(super) struct DueTurn {
    pub(super) key: ConversationKey,
    pub(super) gathering: Gathering,
    /// The turn that waits already and takes them in.
    pub(super) waiting: Option<(TurnId, Vec<MessageId>)>,
}

/// What is stopped when nobody is to answer in a conversation any more.
#[derive(Debug, Default)]
pub(super) struct Cleared {
    pub(super) waiting: Vec<Turn>,
    pub(super) running: Option<TurnId>,
}

impl Conversations {
    fn of(&mut self, key: &ConversationKey, now: Instant) -> &mut Conversation {
        if self.all.len() >= MAX_REMEMBERED && !self.all.contains_key(key) {
            self.all.retain(|_, it| !it.is_idle(now));
        }
        self.all.entry(key.clone()).or_default()
    }

    /// A message to be answered came. False where it makes the conversation one between two programs: it
    /// is not gathered then.
    pub(super) fn hear(
        &mut self,
        key: &ConversationKey,
        message: (MessageId, Option<String>),
        loop_text: Option<&str>,
        now: Instant,
    ) -> bool {
        let conversation = self.of(key, now);
        conversation.last = Some(now);
        if loop_text.is_some_and(|text| conversation.loops.heard(text, now)) {
            conversation.loops.forgive();
            return false;
        }
        let (id, sender) = message;
        match &mut conversation.gathering {
            Some(gathering) => gathering.add(id, now),
            none => *none = Some(Gathering::new(id, sender, now)),
        }
        true
    }

    /// Takes out what was gathered and is to be stored now.
    pub(super) fn due(&mut self, now: Instant, quiet: Duration) -> Vec<DueTurn> {
        let mut due = Vec::new();
        for (key, conversation) in &mut self.all {
            let is_due = |gathering: &mut Gathering| gathering.due(quiet) <= now;
            if let Some(gathering) = conversation.gathering.take_if(is_due) {
                let waiting = conversation.waiting.back();
                due.push(DueTurn {
                    key: key.clone(),
                    gathering,
                    waiting: waiting.map(|turn| (turn.id, turn.messages.clone())),
                });
            }
        }
        // As they came: a turn's id is that of its first message.
        due.sort_unstable_by_key(|due| due.gathering.before());
        due
    }

    /// What was taken out could not be stored: it is due again. Nothing is heard in between.
    pub(super) fn put_back(&mut self, key: &ConversationKey, gathering: Gathering) {
        self.all.entry(key.clone()).or_default().gathering = Some(gathering);
    }

    /// A turn was stored, or is to be offered again; one that is here already is here once. False where too
    /// many wait.
    pub(super) fn wait(&mut self, turn: Turn, now: Instant) -> bool {
        let key = (turn.channel.clone(), turn.peer.clone());
        let conversation = self.of(&key, now);
        let waiting = &mut conversation.waiting;
        if conversation.running == Some(turn.id) || waiting.iter().any(|it| it.id == turn.id) {
            return true;
        }
        let has_room = waiting.len() < MAX_WAITING;
        if has_room {
            waiting.push_back(turn);
        }
        has_room
    }

    /// A turn that waits has other messages by now.
    pub(super) fn update(&mut self, turn: Turn) {
        let key = (turn.channel.clone(), turn.peer.clone());
        let conversation = self.all.get_mut(&key);
        let mut waiting = conversation.into_iter().flat_map(|it| &mut it.waiting);
        if let Some(known) = waiting.find(|known| known.id == turn.id) {
            *known = turn;
        }
    }

    /// Takes out the turns that may run now: one a conversation, within its rate.
    pub(super) fn start(&mut self, now: Instant, rate: usize) -> Vec<Turn> {
        let mut started = Vec::new();
        for conversation in self.all.values_mut() {
            let may_run = conversation.running.is_none()
                && !conversation.waiting.is_empty()
                && conversation.rate.wait(now, rate).is_none();
            if let Some(turn) = may_run.then(|| conversation.waiting.pop_front()).flatten() {
                conversation.running = Some(turn.id);
                conversation.rate.count(now);
                started.push(turn);
            }
        }
        started.sort_unstable_by_key(|turn| turn.id);
        started
    }

    /// When something is to be done next without anything happening before.
    pub(super) fn next(&mut self, now: Instant, quiet: Duration, rate: usize) -> Option<Instant> {
        let due = |conversation: &mut Conversation| {
            let gathered = conversation.gathering.as_ref().map(|it| it.due(quiet));
            let waits = conversation.running.is_none() && !conversation.waiting.is_empty();
            let allowed = waits.then(|| conversation.rate.wait(now, rate).unwrap_or(now));
            gathered.into_iter().chain(allowed).min()
        };
        self.all.values_mut().filter_map(due).min()
    }

    /// The turn that ran has ended; `answer` is the text that was sent.
    pub(super) fn ended(
        &mut self,
        key: &ConversationKey,
        id: TurnId,
        answer: Option<&str>,
        now: Instant,
    ) {
        let Some(conversation) = self.all.get_mut(key) else {
            return;
        };
        if conversation.running == Some(id) {
            conversation.running = None;
        }
        if let Some(text) = answer {
            conversation.loops.answered(text, now);
        }
    }

    /// Takes out what is gathered, as far as it began before this message.
    pub(super) fn take_gathering(
        &mut self,
        key: &ConversationKey,
        up_to: MessageId,
    ) -> Option<Gathering> {
        let gathering = &mut self.all.get_mut(key)?.gathering;
        gathering.take_if(|gathering| gathering.before() < up_to.0)
    }

    /// Nobody is to answer what is there; `up_to` spares what came later.
    pub(super) fn clear(&mut self, key: &ConversationKey, up_to: Option<MessageId>) -> Cleared {
        let Some(conversation) = self.all.get_mut(key) else {
            return Cleared::default();
        };
        let is_older = |id: u64| up_to.is_none_or(|up_to| id < up_to.0);
        conversation
            .gathering
            .take_if(|gathering| is_older(gathering.before()));
        let all = std::mem::take(&mut conversation.waiting);
        let (gone, kept) = all
            .into_iter()
            .partition::<Vec<_>, _>(|it| is_older(it.id.0));
        conversation.waiting = kept.into();
        Cleared {
            waiting: gone,
            running: conversation.running.filter(|id| is_older(id.0)),
        }
    }

    /// Takes out a turn that waits.
    pub(super) fn take_waiting(&mut self, key: &ConversationKey, id: TurnId) -> Option<Turn> {
        let waiting = &mut self.all.get_mut(key)?.waiting;
        let at = waiting.iter().position(|turn| turn.id == id)?;
        waiting.remove(at)
    }

    /// One that was taken out waits again after all.
    pub(super) fn wait_again(&mut self, key: &ConversationKey, turn: Turn) {
        let conversation = self.all.entry(key.clone()).or_default();
        conversation.waiting.push_front(turn);
    }

    /// Up to where every message is in a turn or needs none, where everything was read up to `read`.
    pub(super) fn settled(&self, read: u64) -> u64 {
        let gathered = self.all.values().filter_map(|it| it.gathering.as_ref());
        gathered.map(Gathering::before).fold(read, u64::min)
    }

    /// Every conversation with something to be answered.
    pub(super) fn keys(&self) -> Vec<ConversationKey> {
        self.all.keys().cloned().collect()
    }
}
