//! Those who wait for messages to come in, without a subscription of their own: each is woken by a message it
//! may want, and reads the store for what it is.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::Notify;

use crate::{
    message::{ConversationSet, Direction, Message, State},
    store::{Occasion, StoredEvent},
};

/// Waits at a time.
pub(in crate::gateway) const MAX_WAITING: usize = 64;

/// Of these, by one key: it is not to take the places of all others.
const MAX_OF_KEY: usize = 16;

/// Which messages somebody waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Wanted {
    /// Only of this channel.
    pub(in crate::gateway) channel: Option<String>,
    /// Only of this conversation.
    pub(in crate::gateway) peer: Option<String>,
    /// Only of these conversations.
    pub(in crate::gateway) within: Option<ConversationSet>,
}

impl Wanted {
    /// Whether an event is that such a message came in. What a service hands in of earlier times did not come
    /// now.
    pub(in crate::gateway) fn covers(&self, event: &StoredEvent) -> bool {
        let message = &event.message;
        let of_channel = self
            .channel
            .as_ref()
            .is_none_or(|name| *name == message.channel);
        let of_peer = self.peer.as_ref().is_none_or(|peer| *peer == message.peer);
        let within = self.within.as_ref();
        of_channel
            && of_peer
            && within.is_none_or(|set| set.covers(&message.channel, &message.peer))
            && event.occasion == Occasion::State
            && message.state == State::Received
            && message.direction == Direction::In
            && !is_of_earlier_times(message)
    }
}

fn is_of_earlier_times(message: &Message) -> bool {
    let meta = message.meta.as_ref();
    meta.is_some_and(|meta| meta["history"] == true)
}

/// Who waits now.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Arrivals {
    /// How many: asked at every event, without the lock.
    count: AtomicUsize,
    waiting: Mutex<Vec<Arc<Waiting>>>,
}

/// The name of a client, if it has one, and what it calls its request: ids are each client's own.
type AskedBy = (Option<String>, String);

#[derive(Debug)]
struct Waiting {
    wanted: Wanted,
    /// The client, if it has a name, and what it calls its request.
    asked_by: AskedBy,
    woken: Notify,
    is_cancelled: AtomicBool,
}

/// A place among those who wait; given up when dropped.
#[derive(Debug)]
pub(in crate::gateway) struct Arrival<'a> {
    arrivals: &'a Arrivals,
    waiting: Arc<Waiting>,
}

/// The key behind a call, which stands before the client's own name, a line end between.
fn key_of((client, _): &AskedBy) -> Option<&str> {
    let (key, _) = client.as_deref()?.split_once('\n')?;
    Some(key)
}

impl Arrivals {
    fn waiting(&self) -> MutexGuard<'_, Vec<Arc<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place, if there is one. What comes from here on wakes it.
    pub(in crate::gateway) fn enter(
        &self,
        wanted: Wanted,
        asked_by: AskedBy,
    ) -> Option<Arrival<'_>> {
        let waiting = Arc::new(Waiting {
            wanted,
            asked_by,
            woken: Notify::new(),
            is_cancelled: AtomicBool::new(false),
        });
        let mut all = self.waiting();
        let key = key_of(&waiting.asked_by);
        let of_key = || {
            all.iter()
                .filter(|one| key_of(&one.asked_by) == key)
                .count()
        };
        if all.len() >= MAX_WAITING || (key.is_some() && of_key() >= MAX_OF_KEY) {
            return None;
        }
        all.push(Arc::clone(&waiting));
        self.count.store(all.len(), Relaxed);
        drop(all);
        Some(Arrival {
            arrivals: self,
            waiting,
        })
    }

    /// Called for every stored event.
    pub(in crate::gateway) fn stored(&self, event: &StoredEvent) {
        if self.count.load(Relaxed) == 0 {
            return;
        }
        for one in self.waiting().iter() {
            if one.wanted.covers(event) {
                one.woken.notify_one();
            }
        }
    }

    /// Ends the waits that this client calls this. Those of other clients without a name may end too: they get
    /// an answer without messages and ask again.
    pub(in crate::gateway) fn cancel(&self, client: Option<&str>, request: &str) {
        for one in self.waiting().iter() {
            if one.asked_by.0.as_deref() == client && one.asked_by.1 == request {
                one.is_cancelled.store(true, Relaxed);
                one.woken.notify_one();
            }
        }
    }
}

impl Arrival<'_> {
    /// Waits until it is woken.
    pub(in crate::gateway) async fn woken(&self) {
        self.waiting.woken.notified().await;
    }

    /// Whether its client no longer wants an answer.
    pub(in crate::gateway) fn is_cancelled(&self) -> bool {
        self.waiting.is_cancelled.load(Relaxed)
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut all = self.arrivals.waiting();
        all.retain(|other| !Arc::ptr_eq(other, &self.waiting));
        self.arrivals.count.store(all.len(), Relaxed);
        if all.is_empty() {
            *all = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::time::{Duration, timeout};

    use super::*;

    fn asked(request: &str) -> AskedBy {
        (None, request.to_owned())
    }

    fn event(channel: &str, peer: &str) -> StoredEvent {
        let message = Message::sample(channel, peer);
        StoredEvent {
            seq: 1,
            occasion: Occasion::State,
            message,
        }
    }

    fn of(channel: &str, peer: Option<&str>) -> Wanted {
        Wanted {
            channel: Some(channel.to_owned()),
            peer: peer.map(str::to_owned),
            within: None,
        }
    }

    async fn is_woken(arrival: &Arrival<'_>) -> bool {
        let woken = timeout(Duration::from_secs(1), arrival.woken());
        woken.await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn only_messages_that_are_wanted_and_came_in_just_now_wake() {
        let arrivals = Arrivals::default();
        let ana = arrivals
            .enter(of("webchat", Some("ana")), asked("1"))
            .expect("room");
        let all = arrivals.enter(Wanted::default(), asked("2")).expect("room");
        arrivals.stored(&event("webchat", "bia"));
        assert!(!is_woken(&ana).await && is_woken(&all).await);
        let mut old = event("webchat", "ana");
        old.message.meta = Some(json!({"history": true}));
        let mut edited = event("webchat", "ana");
        edited.occasion = Occasion::Edited;
        let mut sent = event("webchat", "ana");
        (sent.message.direction, sent.message.state) = (Direction::Out, State::Queued);
        for other in [old, edited, sent] {
            arrivals.stored(&other);
            assert!(!is_woken(&ana).await && !is_woken(&all).await, "{other:?}");
        }
        arrivals.stored(&event("webchat", "ana"));
        assert!(is_woken(&ana).await && is_woken(&all).await);
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_bounded_and_given_up() {
        let arrivals = Arrivals::default();
        let enter = || arrivals.enter(Wanted::default(), asked("1"));
        let all: Vec<_> = (0..MAX_WAITING).map(|_| enter().expect("room")).collect();
        assert!(enter().is_none());
        drop(all);
        assert!(enter().is_some());
        assert_eq!(arrivals.count.load(Relaxed), 0);
        let by_key = || (Some("k-1.0\nclaude".to_owned()), "1".to_owned());
        let enter_by_key = || arrivals.enter(Wanted::default(), by_key());
        let of_key: Vec<_> = (0..MAX_OF_KEY)
            .map(|_| enter_by_key().expect("room"))
            .collect();
        assert!(enter_by_key().is_none() && enter().is_some());
        drop(of_key);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_its_client_gave_up_is_woken_to_end() {
        let arrivals = Arrivals::default();
        let given_up = arrivals
            .enter(Wanted::default(), asked("\"a\""))
            .expect("room");
        let other = arrivals
            .enter(
                Wanted::default(),
                (Some("pi".to_owned()), "\"a\"".to_owned()),
            )
            .expect("room");
        arrivals.cancel(None, "\"a\"");
        assert!(is_woken(&given_up).await && given_up.is_cancelled());
        assert!(!is_woken(&other).await && !other.is_cancelled());
    }
}
