//! One client as the rest of the gateway sees it: who it is, what it subscribed to, and the way into
//! the mailbox that its session empties.

#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::VecDeque,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Context,
};

use tokio::sync::mpsc;

use super::mailbox::{Frame, Lag, Mail, MailItem, Mailbox};
#[cfg(feature = "nats")]
use crate::cluster::HeardElsewhere;
use crate::{
    clock,
    gateway::{control::AgentLease, permissions::Access},
    integrations::bridge::BridgeLease,
    keys::Key,
    protocol::{describe::EventName, dialect::Dialect, role, topic::Topic},
};

/// What a client sent about itself with `auth`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientIdentity {
    /// Free text, such as `phone`.
    pub name: Option<String>,
    /// `cli`, `webchat`, `agent`, `mobile` or `integration`.
    pub kind: Option<String>,
    /// Of the client.
    pub version: Option<String>,
}

/// The id of a client as it is shown: `c-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientName(u64);

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c-{}", self.0)
    }
}

/// A connected client.
#[derive(Debug)]
pub struct ClientHandle {
    /// Shown as `c-3`.
    pub id: u64,
    /// Where it came from.
    pub address: SocketAddr,
    /// When it connected, ms since 1970.
    pub since_ms: u64,
    /// Whether events are written for it as JSON-RPC: as it asked for them last.
    speaks_jsonrpc: AtomicBool,
    /// Commands taken from it.
    pub received: AtomicU64,
    /// Frames given to it: answers and events.
    pub sent: AtomicU64,
    authenticated: AtomicBool,
    state: Mutex<HandleState>,
    /// What it heard at another machine of the cluster.
    #[cfg(feature = "nats")]
    heard_elsewhere: Mutex<Option<Arc<HeardElsewhere>>>,
}

/// What changes about a client, under one lock.
#[derive(Debug)]
struct HandleState {
    identity: ClientIdentity,
    topics: Vec<Topic>,
    mailbox: Mailbox,
    departure: Option<Cow<'static, str>>,
    access: Access,
    leases: Leases,
}

/// What ends once a client leaves, or shows another key.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Leases {
    /// Held while it is the bridge of a channel.
    pub(in crate::gateway) bridge: Option<Arc<BridgeLease>>,
    /// Held while it is an agent.
    pub(in crate::gateway) agent: Option<Arc<AgentLease>>,
    /// Keys that were made for the turns of this agent, oldest first.
    pub(in crate::gateway) passed: VecDeque<Arc<Key>>,
}

impl HandleState {
    fn new(max_bytes: usize) -> Self {
        Self {
            identity: ClientIdentity::default(),
            topics: Vec::new(),
            mailbox: Mailbox::new(max_bytes),
            departure: None,
            access: Access::Nobody,
            leases: Leases::default(),
        }
    }
}

impl ClientHandle {
    /// A handle with an empty mailbox of `max_bytes`.
    pub fn new(id: u64, address: SocketAddr, dialect: Dialect, max_bytes: usize) -> Self {
        Self {
            id,
            address,
            since_ms: clock::now_ms(),
            speaks_jsonrpc: AtomicBool::new(dialect == Dialect::JsonRpc),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            authenticated: AtomicBool::new(false),
            state: Mutex::new(HandleState::new(max_bytes)),
            #[cfg(feature = "nats")]
            heard_elsewhere: Mutex::default(),
        }
    }

    /// `c-3`.
    pub fn name(&self) -> ClientName {
        ClientName(self.id)
    }

    /// What it heard at another machine of the cluster, where it came from one.
    #[cfg(feature = "nats")]
    pub(super) fn heard_elsewhere(&self) -> Option<Arc<HeardElsewhere>> {
        let heard = self.heard_elsewhere.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It comes from another machine: what it heard there is not told again.
    #[cfg(feature = "nats")]
    pub(in crate::gateway) fn comes_with(&self, heard: HeardElsewhere) {
        let mut before = self
            .heard_elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *before = Some(Arc::new(heard));
    }

    /// How events are written for it: in the form of the command that asked for them, and before any
    /// by the subprotocol it offered.
    pub fn dialect(&self) -> Dialect {
        if self.speaks_jsonrpc.load(Ordering::Relaxed) {
            Dialect::JsonRpc
        } else {
            Dialect::Triple
        }
    }

    /// Writes events in this form from now on.
    pub fn speak(&self, dialect: Dialect) {
        let jsonrpc = dialect == Dialect::JsonRpc;
        self.speaks_jsonrpc.store(jsonrpc, Ordering::Relaxed);
    }

    /// What it may do.
    pub(in crate::gateway) fn access(&self) -> Access {
        self.state().access.clone()
    }

    /// It showed another token. What it hears is found anew by the bus.
    pub(in crate::gateway) fn set_access(&self, access: Access) {
        self.state().access = access;
    }

    /// Keeps a key that ends with this client; the one that ends instead, where it has as many as it may.
    pub(in crate::gateway) fn keep_passed(&self, key: Arc<Key>, max: usize) -> Option<Arc<Key>> {
        let passed = &mut self.state().leases.passed;
        passed.push_back(key);
        (passed.len() > max).then(|| passed.pop_front()).flatten()
    }

    /// Takes what ends with this client.
    pub(in crate::gateway) fn take_leases(&self) -> Leases {
        std::mem::take(&mut self.state().leases)
    }

    /// Notes that the client authenticated; true the first time.
    pub fn set_authenticated(&self) -> bool {
        !self.authenticated.swap(true, Ordering::Relaxed)
    }

    /// Whether the client authenticated.
    pub fn is_authenticated(&self) -> bool {
        self.authenticated.load(Ordering::Relaxed)
    }

    /// Notes why the session ended.
    pub fn set_departure(&self, reason: Cow<'static, str>) {
        self.state().departure = Some(reason);
    }

    /// Why the session of an authenticated client ended; `None` for one that never authenticated.
    pub fn departure(&self) -> Option<Cow<'static, str>> {
        let fault = || Cow::Borrowed("a fault in its session");
        self.is_authenticated()
            .then(|| self.state().departure.take().unwrap_or_else(fault))
    }

    /// Closes the connection after what is queued and a last frame.
    pub fn dismiss(&self, frame: Option<Frame>, code: u16, reason: &'static str) {
        self.state().mailbox.dismiss(frame, code, reason);
    }

    fn state(&self) -> MutexGuard<'_, HandleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame that must not be lost: when it does not fit, the client is dropped.
    pub fn push(&self, frame: Frame) {
        let queued = self.state().mailbox.push(frame);
        self.count_sent(queued);
    }

    /// Queues a frame that may wait for room: half of the queue is kept for what cannot. It is let in
    /// alone where it needs more than that. False where it was not queued.
    pub fn push_fitting(&self, frame: Frame) -> bool {
        let queued = self.state().mailbox.push_fitting(frame);
        self.count_sent(queued)
    }

    /// The longest frame that may be queued ever, in bytes.
    pub fn room(&self) -> usize {
        self.state().mailbox.room()
    }

    /// Queues a frame that may be left out when the queue is half full. What is left out is reported as
    /// `lagged`; a client that takes nothing while the other half would have filled is dropped.
    /// Returns whether it was queued.
    pub fn push_droppable(&self, frame: &Frame) -> bool {
        let queued = self.state().mailbox.push_droppable(frame);
        self.count_sent(queued)
    }

    fn count_sent(&self, queued: bool) -> bool {
        self.sent.fetch_add(u64::from(queued), Ordering::Relaxed);
        queued
    }

    /// Queues a marker: `fired` is sent to when the socket took everything before it, and dropped
    /// where the client leaves first.
    pub fn mark(&self, fired: mpsc::Sender<()>) {
        self.state().mailbox.mark(fired);
    }

    /// Moves queued items to `take` until about `room` bytes are moved, and reports what was left out
    /// once the queue is empty. The session is woken when more comes.
    pub fn drain(
        &self,
        cx: &Context<'_>,
        room: usize,
        take: impl FnMut(MailItem),
        lagged: impl FnOnce(Lag),
    ) -> Mail {
        self.state().mailbox.drain(cx, room, take, lagged)
    }

    /// Bytes that wait for the session.
    pub fn queued_bytes(&self) -> usize {
        self.state().mailbox.queued_bytes()
    }

    /// The lease of the channel whose bridge it is.
    pub fn lease(&self) -> Option<Arc<BridgeLease>> {
        self.state().leases.bridge.clone()
    }

    /// Takes the lease of another channel; the one before is released with this reason.
    pub fn set_lease(&self, lease: BridgeLease, why: &str) {
        let before = self.state().leases.bridge.replace(Arc::new(lease));
        if let Some(before) = before {
            before.release(why);
        }
    }

    /// The lease of the agent that it is.
    pub fn agent(&self) -> Option<Arc<AgentLease>> {
        self.state().leases.agent.clone()
    }

    /// Becomes another agent; the lease before is released with this reason.
    pub fn set_agent(&self, agent: AgentLease, why: &str) {
        let before = self.state().leases.agent.replace(Arc::new(agent));
        if let Some(before) = before {
            before.release(why);
        }
    }

    /// Whether what it shows counts as read: whether it is neither agent nor bridge, and of somebody who may mark
    /// as read. A key that only reads is not to keep from the owner what came.
    pub fn reads_for_the_owner(&self) -> bool {
        let state = self.state();
        state.leases.agent.is_none()
            && state.leases.bridge.is_none()
            && role::OPERATORS.admits(state.access.role())
    }

    /// What the client sent about itself.
    pub fn identity(&self) -> ClientIdentity {
        self.state().identity.clone()
    }

    /// Keeps what the client sent about itself.
    pub fn identify(&self, identity: ClientIdentity) {
        self.state().identity = identity;
    }

    /// The topics it subscribed to.
    pub fn topics(&self) -> Vec<Topic> {
        self.state().topics.clone()
    }

    /// Changes the topics.
    pub fn with_topics<T>(&self, change: impl FnOnce(&mut Vec<Topic>) -> T) -> T {
        change(&mut self.state().topics)
    }

    /// Whether it subscribed to events of this name.
    pub fn wants_event(&self, event: EventName<'_>) -> bool {
        let state = self.state();
        let mut topics = state.topics.iter();
        topics.any(|topic| topic.covers(event.as_str())) && state.access.hears(event, None)
    }

    /// Whether it subscribed to this event of this conversation.
    pub fn wants_event_about(&self, event: EventName<'_>, (channel, peer): (&str, &str)) -> bool {
        let state = self.state();
        let mut topics = state.topics.iter();
        topics.any(|topic| topic.covers_conversation(event.as_str(), channel, peer))
            && state.access.hears(event, Some((channel, peer)))
    }

    /// Whether it subscribed to the messages of this one conversation, and may be its peer: whoever may only read
    /// is none that a message is delivered to.
    pub fn attends(&self, channel: &str, peer: &str) -> bool {
        let state = self.state();
        let mut topics = state.topics.iter();
        topics.any(|topic| topic.singles_out(channel, peer))
            && role::HANDERS_IN.admits(state.access.role())
            && state.access.covers(channel, peer)
    }
}
