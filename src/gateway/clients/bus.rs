//! Events to the clients that subscribed: each is written once and framed once for each dialect, and
//! every mailbox gets the same bytes.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::mpsc;

use super::{
    audiences::{Audiences, ConversationRef},
    cursors::Cursors,
    event_frames::EventFrames,
    handle::ClientHandle,
    typing,
};
use crate::{
    gateway::{permissions::Access, slab::Slab},
    integrations::{Audience, Typing},
    keys::KeyId,
    message::Direction,
    protocol::{
        describe::{EventName, event},
        topic::Topic,
    },
    store::StoredEvent,
};

/// Called with the channel and peer of a conversation that a client subscribes to.
type OnAttend = Box<dyn Fn(&str, &str) + Send + Sync>;

/// Every connected client, and those among them that subscribed to something.
#[derive(Default)]
pub struct Bus {
    state: Mutex<BusState>,
    /// Events published.
    pub published: AtomicU64,
    /// Mailboxes they were queued in.
    pub deliveries: AtomicU64,
    on_attend: OnceLock<OnAttend>,
    pub(in crate::gateway) cursors: Cursors,
}

#[derive(Default)]
struct BusState {
    clients: Slab<Arc<ClientHandle>>,
    subscribers: Vec<Arc<ClientHandle>>,
    audiences: Audiences,
    last_seq: u64,
}

impl BusState {
    /// Call after every change of a subscription, under the same lock.
    fn keep_subscribers(&mut self, keep: impl Fn(&ClientHandle) -> bool) {
        self.subscribers.retain(|handle| keep(handle));
        self.audiences.forget();
    }
}

impl Bus {
    fn state(&self) -> MutexGuard<'_, BusState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the sequence number of the last stored event, as the store has it at the start.
    pub fn start_at(&self, seq: u64) {
        self.state().last_seq = seq;
    }

    /// Sets what is called with the channel and peer of a conversation that a client subscribes to.
    pub fn on_attend(&self, callback: impl Fn(&str, &str) + Send + Sync + 'static) {
        let _ = self.on_attend.set(Box::new(callback));
    }

    /// Adds a client, authenticated or not; its place.
    pub fn join(&self, handle: Arc<ClientHandle>) -> usize {
        self.state().clients.insert(handle)
    }

    /// Forgets the client of a place.
    pub fn leave(&self, place: usize) {
        let mut state = self.state();
        let Some(id) = state.clients.remove(place).map(|handle| handle.id) else {
            return;
        };
        if state.subscribers.iter().any(|handle| handle.id == id) {
            state.keep_subscribers(|handle| handle.id != id);
        }
    }

    /// All authenticated clients, oldest first.
    pub fn clients(&self) -> Vec<Arc<ClientHandle>> {
        let state = self.state();
        let clients = state.clients.values();
        let authenticated = clients.filter(|handle| handle.is_authenticated());
        let mut authenticated: Vec<_> = authenticated.cloned().collect();
        authenticated.sort_unstable_by_key(|handle| handle.id);
        authenticated
    }

    /// How many authenticated clients are connected.
    pub fn client_count(&self) -> usize {
        self.state()
            .clients
            .values()
            .filter(|handle| handle.is_authenticated())
            .count()
    }

    /// Whether a person reads this conversation now: whether a client that is neither agent nor bridge is
    /// subscribed to the messages of this one conversation. A page and a phone subscribe so while the
    /// conversation is in view.
    pub fn is_read(&self, channel: &str, peer: &str) -> bool {
        let state = self.state();
        let mut subscribers = state.subscribers.iter();
        subscribers.any(|handle| handle.reads_for_the_owner() && handle.attends(channel, peer))
    }

    /// Sends every authenticated client a last event and closes all connections after it.
    pub fn dismiss_all(
        &self,
        event: EventName<'_>,
        write: impl Fn(&mut String),
        code: u16,
        reason: &'static str,
    ) {
        let mut frames = EventFrames::new(event, &write);
        for handle in self.state().clients.values() {
            let frame = handle
                .is_authenticated()
                .then(|| Arc::clone(frames.of(handle.dialect())));
            handle.dismiss(frame, code, reason);
        }
    }

    /// Sequence number of the last stored event that was published.
    pub fn last_seq(&self) -> u64 {
        self.state().last_seq
    }

    /// Closes the connections that came in by such an access, each after what is queued for it; how many.
    pub(in crate::gateway) fn close_of(
        &self,
        is_meant: impl Fn(&Access) -> bool,
        code: u16,
        reason: &'static str,
    ) -> usize {
        let state = self.state();
        let clients = state.clients.values();
        clients
            .filter(|handle| is_meant(&handle.access()))
            .map(|handle| handle.dismiss(None, code, reason))
            .count()
    }

    /// How many connections a key has.
    pub(in crate::gateway) fn count_of(&self, key: KeyId) -> usize {
        let state = self.state();
        let mut of_key = state.clients.values();
        let is_its = |handle: &&Arc<ClientHandle>| handle.access().is_of(key);
        of_key.by_ref().filter(is_its).count()
    }

    /// A client showed another token: who hears what is found anew.
    pub(in crate::gateway) fn access_changed(&self) {
        self.state().audiences.forget();
    }

    /// Bytes of events that wait for their subscribers.
    pub fn queued_bytes(&self) -> usize {
        let subscribers = self.state().subscribers.clone();
        subscribers.iter().map(|handle| handle.queued_bytes()).sum()
    }

    /// Adds topics to a client. With `cursor`, only where no stored event after it was sent yet;
    /// otherwise nothing changes and it returns false: read the store further and ask again.
    pub fn subscribe(
        &self,
        handle: &Arc<ClientHandle>,
        topics: &[Topic],
        cursor: Option<u64>,
    ) -> bool {
        {
            let mut state = self.state();
            if cursor.is_some_and(|cursor| cursor < state.last_seq) {
                return false;
            }
            handle.with_topics(|have| {
                for topic in topics {
                    if !have.contains(topic) {
                        have.push(topic.clone());
                    }
                }
            });
            if !state.subscribers.iter().any(|other| other.id == handle.id) {
                state.subscribers.push(Arc::clone(handle));
            }
            state.audiences.forget();
        }
        self.notify_attendance(topics);
        true
    }

    /// Call without the lock: the callback may ask the bus in its turn.
    fn notify_attendance(&self, topics: &[Topic]) {
        if let Some(callback) = self.on_attend.get() {
            for (channel, peer) in topics.iter().filter_map(Topic::conversation) {
                callback(channel, peer);
            }
        }
    }

    /// Takes topics away from a client.
    pub fn unsubscribe(&self, handle: &ClientHandle, topics: &[Topic]) {
        let mut state = self.state();
        let silent = handle.with_topics(|have| {
            have.retain(|topic| !topics.contains(topic));
            have.is_empty()
        });
        state.keep_subscribers(|other| !silent || other.id != handle.id);
    }

    /// Sends an unstored event; returns how many clients it was queued for.
    pub fn publish(&self, name: EventName<'_>, write: impl Fn(&mut String)) -> usize {
        self.publish_to(name, None, write)
    }

    /// Sends an unstored event about a conversation.
    pub fn publish_about(
        &self,
        conversation: (&str, &str),
        name: EventName<'_>,
        write: impl Fn(&mut String),
    ) -> usize {
        self.publish_to(name, Some(conversation), write)
    }

    /// Sends the event `typing`; returns how many clients it was queued for.
    pub fn publish_typing(
        &self,
        typing: &Typing<'_>,
        direction: Direction,
        text: Option<&str>,
    ) -> usize {
        let payload = typing::payload(typing, direction, text);
        let conversation = (typing.channel, typing.peer);
        self.publish_about(conversation, event::TYPING, |out| out.push_str(&payload))
    }

    fn publish_to(
        &self,
        name: EventName<'_>,
        conversation: Option<ConversationRef<'_>>,
        write: impl Fn(&mut String),
    ) -> usize {
        let mut frames = EventFrames::new(name, &write);
        let mut state = self.state();
        let BusState {
            subscribers,
            audiences,
            ..
        } = &mut *state;
        let audience = audiences.of(subscribers, name, conversation).iter();
        let count = audience
            .filter(|handle| handle.push_droppable(frames.of(handle.dialect())))
            .count();
        self.count(count);
        count
    }

    fn count(&self, deliveries: usize) {
        self.published.fetch_add(1, Ordering::Relaxed);
        self.deliveries
            .fetch_add(deliveries as u64, Ordering::Relaxed);
    }

    /// Sends a stored event, in the order of the sequence numbers.
    pub fn publish_stored(&self, event: &StoredEvent) {
        let announced = self.cursors.announce(event);
        let write = |out: &mut String| announced.push(out);
        let name = event.name();
        let conversation = (event.message.channel.as_str(), event.message.peer.as_str());
        let mut frames = EventFrames::new(name, &write);
        let mut state = self.state();
        state.last_seq = event.seq;
        let BusState {
            subscribers,
            audiences,
            ..
        } = &mut *state;
        let audience = audiences.of(subscribers, name, Some(conversation));
        for handle in audience
            .iter()
            .filter(|handle| !announced.was_heard(handle))
        {
            let own = announced.own_frame(handle);
            handle.push(own.unwrap_or_else(|| Arc::clone(frames.of(handle.dialect()))));
        }
        self.count(audience.len());
    }
}

impl Audience for Bus {
    fn attends(&self, channel: &str, peer: &str) -> bool {
        self.state()
            .subscribers
            .iter()
            .any(|handle| handle.attends(channel, peer))
    }

    fn reached(&self, channel: &str, peer: &str) -> mpsc::Receiver<()> {
        let (fired, reached) = mpsc::channel(1);
        let state = self.state();
        for handle in state
            .subscribers
            .iter()
            .filter(|handle| handle.attends(channel, peer))
        {
            handle.mark(fired.clone());
        }
        reached
    }

    fn hears_typing(&self, typing: &Typing<'_>) {
        self.publish_typing(typing, Direction::In, None);
    }
}
