//! All connections, and what those hold that are unfinished. Where a bound is reached, the oldest
//! connection that has shown no key gives way to the new one, of the address that has the most of them; one that
//! has shown a key gives way only for what it holds unfinished. Of one key so many have a place of their own, and
//! what it opens beyond that gives way as if it had shown none: the owner comes in whatever a key does.
//!
//! Two sums of bytes are kept: of all who have shown no key (heads, bodies, messages), and of the
//! unfinished bodies and messages of those who have. Where one is used up, its oldest holder gives way.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use super::{by_age::ByAge, descriptors};
use crate::{config::Limits, gateway::clients::handle::ClientHandle, protocol::error_code::close};

/// Connections beyond the limit of WebSocket ones, so that HTTP still answers when those are all taken.
const HEADROOM: usize = 64;

/// The headroom is at most this part of all connections there are descriptors for.
const MAX_HEADROOM_PART: usize = 4;

/// Connections of one key, without the owner's token, that give way to nobody.
const PLACES_OF_A_KEY: usize = 64;

/// Addresses that may stay without a connection of theirs: who comes and goes finds its own again.
const ADDRESSES_KEPT: usize = 16;

/// What a session that gives way is closed with.
const GAVE_WAY: &str = "the gateway needed the room for others; connect again";

/// The connections of one gateway.
#[derive(Debug)]
pub(in crate::gateway) struct Connections {
    /// Connections there are descriptors for.
    most: usize,
    table: Mutex<Table>,
}

/// Why there is no room, not even by another giving way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) struct Full;

impl Full {
    /// The text of the refusal.
    pub(in crate::gateway) const REASON: &str =
        "the gateway has all the connections it may have (CLEUDOCODEBOT_MAX_CONNECTIONS)";
}

impl Connections {
    /// None yet.
    pub(in crate::gateway) fn new() -> Self {
        Self::of_at_most(descriptors::for_connections().unwrap_or(usize::MAX))
    }

    pub(super) fn of_at_most(most: usize) -> Self {
        Self {
            most,
            table: Mutex::default(),
        }
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections there may be.
    pub(super) fn max_total(&self, limits: &Limits) -> usize {
        limits
            .max_connections
            .saturating_add(HEADROOM)
            .min(self.most)
    }

    /// How many of them WebSocket ones.
    pub(super) fn max_sockets(&self, limits: &Limits) -> usize {
        let kept = HEADROOM.min(self.most / MAX_HEADROOM_PART);
        limits.max_connections.min(self.most - kept)
    }

    /// Has the oldest connection give way that has shown no key, where there is one.
    pub(in crate::gateway) fn evict_oldest(&self) -> bool {
        let evicted = self.table().evict_of_crowd(|_, _| true);
        evicted.is_some()
    }

    /// How many connections gave way since the start.
    pub(in crate::gateway) fn evictions(&self) -> u64 {
        self.table().evictions
    }
}

/// Whether a connection has a place of its own: it has shown a key, and that has places left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not: each such connection is a member of its group.
    Unauthenticated,
    /// It has: only those are members that hold something unfinished.
    Authenticated,
}

/// Who is there.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) total: usize,
    pub(super) sockets: usize,
    evictions: u64,
    unauthenticated: Group,
    authenticated: Group,
    addresses: BTreeMap<IpAddr, OfAddress>,
    /// Places by the numbers of keys.
    places: BTreeMap<u64, usize>,
}

/// Members of one standing, the oldest first, and the bytes they hold together.
#[derive(Debug, Default)]
struct Group {
    members: ByAge<Member>,
    held: usize,
}

/// Unauthenticated connections of one address.
#[derive(Debug, Default)]
struct OfAddress {
    plain: usize,
    sockets: usize,
}

impl OfAddress {
    fn all(&self) -> usize {
        self.plain + self.sockets
    }

    fn count(&mut self, is_socket: bool) -> &mut usize {
        if is_socket {
            &mut self.sockets
        } else {
            &mut self.plain
        }
    }
}

/// A connection that may have to give way.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) network: IpAddr,
    pub(super) is_socket: bool,
    pub(super) bytes: usize,
    /// Of the task that speaks HTTP.
    pub(super) waker: Option<Waker>,
    /// The session, once there is one.
    pub(super) session: Option<Arc<ClientHandle>>,
}

impl Table {
    fn group(&mut self, standing: Standing) -> &mut Group {
        match standing {
            Standing::Unauthenticated => &mut self.unauthenticated,
            Standing::Authenticated => &mut self.authenticated,
        }
    }

    /// The member, unless it gave way.
    pub(super) fn member(&mut self, standing: Standing, id: u64) -> Option<&mut Member> {
        self.group(standing).members.get_mut(id)
    }

    /// Adds a member as the youngest; returns its number.
    pub(super) fn join(&mut self, standing: Standing, member: Member) -> u64 {
        if standing == Standing::Unauthenticated {
            let of_address = self.addresses.entry(member.network).or_default();
            *of_address.count(member.is_socket) += 1;
        }
        let group = self.group(standing);
        group.held += member.bytes;
        group.members.insert(member)
    }

    /// Takes a member out; `None` where it gave way.
    pub(super) fn leave(&mut self, standing: Standing, id: u64) -> Option<Member> {
        let group = self.group(standing);
        let member = group.members.remove(id)?;
        group.held -= member.bytes;
        if standing == Standing::Unauthenticated
            && let Some(of_address) = self.addresses.get_mut(&member.network)
        {
            *of_address.count(member.is_socket) -= 1;
            let is_unused = of_address.all() == 0;
            if is_unused && self.addresses.len() > ADDRESSES_KEPT {
                self.addresses.remove(&member.network);
            }
        }
        Some(member)
    }

    /// Takes a place of a key; false where it has none left.
    pub(super) fn take_place(&mut self, key: u64) -> bool {
        let taken = self.places.entry(key).or_default();
        let has_room = *taken < PLACES_OF_A_KEY;
        *taken += usize::from(has_room);
        has_room
    }

    pub(super) fn leave_place(&mut self, key: u64) {
        if let Entry::Occupied(mut taken) = self.places.entry(key) {
            *taken.get_mut() -= 1;
            if *taken.get() == 0 {
                taken.remove();
            }
        }
    }

    /// How many unauthenticated connections of this kind an address has.
    pub(super) fn of_address(&self, network: IpAddr, is_socket: bool) -> usize {
        self.addresses.get(&network).map_or(0, |of_address| {
            if is_socket {
                of_address.sockets
            } else {
                of_address.plain
            }
        })
    }

    /// Sets what a member holds. Where its group holds more than `max` then, the oldest others of it
    /// give way; alone a member may hold more, which its own limit bounds.
    pub(super) fn hold(
        &mut self,
        standing: Standing,
        id: u64,
        bytes: usize,
        max: usize,
    ) -> Vec<Evicted> {
        let group = self.group(standing);
        let Some(member) = group.members.get_mut(id) else {
            return Vec::new();
        };
        group.held = group.held - member.bytes + bytes;
        member.bytes = bytes;
        let mut evicted = Vec::new();
        while self.group(standing).held > max {
            let holds = |other: u64, member: &Member| other != id && member.bytes > 0;
            let one = match standing {
                Standing::Unauthenticated => self.evict_of_crowd(holds),
                Standing::Authenticated => self.evict(standing, holds),
            };
            let Some(one) = one else {
                break;
            };
            evicted.push(one);
        }
        evicted
    }

    /// Takes out the oldest that has no place of its own and `may_go`, of the address that has the most of them: who
    /// fills the room is not to drive out others.
    pub(super) fn evict_of_crowd(
        &mut self,
        may_go: impl Fn(u64, &Member) -> bool,
    ) -> Option<Evicted> {
        let crowd = self.addresses.iter().max_by_key(|(_, one)| one.all());
        let crowd = *crowd?.0;
        let of_crowd = |id: u64, member: &Member| member.network == crowd && may_go(id, member);
        self.evict(Standing::Unauthenticated, of_crowd)
            .or_else(|| self.evict(Standing::Unauthenticated, &may_go))
    }

    /// Takes out the oldest member that `may_go`. It counts no more from here on.
    pub(super) fn evict(
        &mut self,
        standing: Standing,
        may_go: impl Fn(u64, &Member) -> bool,
    ) -> Option<Evicted> {
        let mut members = self.group(standing).members.iter();
        let found = members.find(|(id, member)| may_go(*id, member));
        let id = found?.0;
        drop(members);
        let member = self.leave(standing, id)?;
        self.total -= 1;
        self.sockets -= usize::from(member.is_socket);
        self.evictions += 1;
        Some(Evicted(member))
    }
}

/// A connection that is told to go when this is dropped, which is to happen once the table is unlocked.
#[must_use]
#[derive(Debug)]
pub(super) struct Evicted(Member);

impl Drop for Evicted {
    fn drop(&mut self) {
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
        if let Some(session) = self.0.session.take() {
            session.dismiss(None, close::TRY_AGAIN_LATER, GAVE_WAY);
        }
    }
}
