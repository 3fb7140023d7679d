//! Everything there is in the model, and the promises.
//!
//! Not here: what can happen (`steps`).

/// Nodes that stand for the channel.
pub(super) const NODES: usize = 2;

/// A set of messages, one bit each.
pub(super) type Set = u8;

pub(super) fn holds(set: Set, message: u8) -> bool {
    set & (1 << message) != 0
}

pub(super) fn put(set: &mut Set, message: u8) {
    *set |= 1 << message;
}

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Life {
    Runs,
    /// Stopped in the middle, with all it has in memory.
    Paused,
    /// Its process is gone; its disk is there.
    Down,
    /// Its disk is gone too.
    Burnt,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) life: Life,
    pub(super) is_cut_off: bool,
    /// On disk: accepted here, not in the stream yet as far as this node knows.
    pub(super) accepted: Set,
    /// On disk: answered by the service, or heard to be.
    pub(super) sent: Set,
    /// In memory: the lease it took last, and does not know to be gone.
    pub(super) token: Option<u8>,
    /// In memory: read from the stream, to be sent in this order.
    pub(super) queue: Vec<u8>,
    /// In memory: with the service, no answer yet.
    pub(super) calling: Option<u8>,
    /// In memory: answered, and the bus was not told.
    pub(super) untold: Option<u8>,
}

impl Node {
    pub(super) fn is_in_trouble(&self) -> bool {
        self.life != Life::Runs || self.is_cut_off
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Lease {
    pub(super) node: usize,
    pub(super) token: u8,
    /// So much time passed since it was renewed that its holder no longer goes by it.
    pub(super) is_late: bool,
}

/// A call of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub(super) message: u8,
    pub(super) node: usize,
    /// Whether its node had the lease at that moment.
    pub(super) by_owner: bool,
    /// Whether its outcome was on the bus.
    pub(super) told: bool,
    /// Whether its node died, or lost the lease, before its outcome was.
    pub(super) answer_lost: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) nodes: [Node; NODES],
    /// Messages not sent by the client yet.
    pub(super) next: u8,
    pub(super) messages: u8,
    /// The one that the client waits for an answer to.
    pub(super) asked: Option<(usize, u8)>,
    pub(super) acknowledged: Set,
    /// The outgoing stream, in order; settled ones leave it.
    pub(super) out: Vec<u8>,
    /// Which were ever in it: the stream knows ids it has seen.
    pub(super) seen: Set,
    /// How far its one reader got.
    pub(super) read: Set,
    /// Outcomes on the bus.
    pub(super) events: Set,
    pub(super) lease: Option<Lease>,
    pub(super) tokens: u8,
    pub(super) calls: Vec<Call>,
    pub(super) faults: u8,
}

impl World {
    pub(super) fn new(messages: u8, faults: u8) -> Self {
        let node = Node {
            life: Life::Runs,
            is_cut_off: false,
            accepted: 0,
            sent: 0,
            token: None,
            queue: Vec::new(),
            calling: None,
            untold: None,
        };
        Self {
            nodes: [node.clone(), node],
            next: 0,
            messages,
            asked: None,
            acknowledged: 0,
            out: Vec::new(),
            seen: 0,
            read: 0,
            events: 0,
            lease: None,
            tokens: 0,
            calls: Vec::new(),
            faults,
        }
    }

    /// The promise that does not hold, if one does not.
    pub(super) fn broken(&self) -> Option<&'static str> {
        if self.calls.iter().any(|call| !call.by_owner) {
            return Some("one owner sends");
        }
        if (0..self.messages).any(|message| self.is_lost(message)) {
            return Some("nothing lost");
        }
        if !self.is_in_order() {
            return Some("in order");
        }
        if (0..self.messages).any(|message| self.is_repeated(message)) {
            return Some("nothing twice");
        }
        if (0..self.messages).any(|message| self.is_stuck(message)) {
            return Some("nothing stuck");
        }
        None
    }

    /// On the stream, read, and not with the owner who would send it.
    fn is_stuck(&self, message: u8) -> bool {
        let Some(lease) = self.lease else {
            return false;
        };
        let owner = &self.nodes[lease.node];
        let knows = owner.queue.contains(&message)
            || owner.calling == Some(message)
            || holds(owner.sent, message);
        owner.token == Some(lease.token)
            && self.out.contains(&message)
            && holds(self.read, message)
            && !knows
    }

    /// Acknowledged, and the bus alone could not bring it to its peer any more.
    fn is_lost(&self, message: u8) -> bool {
        let was_sent = self.calls.iter().any(|call| call.message == message);
        let on_disk = |node: &Node| node.life != Life::Burnt && holds(node.accepted, message);
        let waits = self.out.contains(&message) || self.nodes.iter().any(on_disk);
        holds(self.acknowledged, message) && !waits && !was_sent
    }

    /// Whether each message reached the service only after all that were acknowledged before it was sent.
    fn is_in_order(&self) -> bool {
        let mut known: Set = 0;
        self.calls.iter().all(|call| {
            put(&mut known, call.message);
            let mut earlier = (0..call.message).filter(|one| holds(self.acknowledged, *one));
            earlier.all(|one| holds(known, one))
        })
    }

    /// Called again although the answer of the call before was not lost.
    fn is_repeated(&self, message: u8) -> bool {
        let mut of_it = self.calls.iter().filter(|call| call.message == message);
        let last = of_it.next_back();
        last.is_some() && of_it.any(|call| !call.answer_lost)
    }
}
