//! The place of one connection among all, from accept to its end.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use super::{
    connections::{Connections, Full, Member, Standing, Table},
    network,
};
use crate::{config::Limits, gateway::clients::handle::ClientHandle, keys::KeyId};

/// A connection's place; dropping it frees the place. Its fields change under the lock of the table.
#[derive(Debug)]
pub(in crate::gateway) struct Permit {
    connections: Arc<Connections>,
    network: IpAddr,
    authenticated: AtomicBool,
    /// Whether it gives way to nobody for being there.
    keeps_place: AtomicBool,
    /// The number of the key whose place that is; 0 where it is the owner's, or none.
    key: AtomicU64,
    is_socket: AtomicBool,
    /// The number of the member in the table; 0 where it is none.
    member: AtomicU64,
    held: AtomicUsize,
}

impl Permit {
    /// A place for a connection that was just accepted. Where there is none left, or none of its
    /// address, one without a place of its own gives way.
    pub(in crate::gateway) fn new(
        connections: &Arc<Connections>,
        address: IpAddr,
        limits: &Limits,
    ) -> Result<Self, Full> {
        let network = network(address);
        // Declared before the table, so that it is dropped, and they are told, after the unlocking.
        let mut evicted = Vec::new();
        let mut table = connections.table();
        if table.of_address(network, false) >= limits.max_plain {
            evicted.extend(table.evict(Standing::Unauthenticated, |_, member| {
                !member.is_socket && member.network == network
            }));
        }
        while table.total >= connections.max_total(limits) {
            let one = table.evict_of_crowd(|_, _| true).ok_or(Full)?;
            evicted.push(one);
        }
        table.total += 1;
        let member = table.join(Standing::Unauthenticated, plain(network));
        Ok(Self {
            connections: Arc::clone(connections),
            network,
            authenticated: AtomicBool::new(false),
            keeps_place: AtomicBool::new(false),
            key: AtomicU64::new(0),
            is_socket: AtomicBool::new(false),
            member: AtomicU64::new(member),
            held: AtomicUsize::new(0),
        })
    }

    fn standing(&self) -> Standing {
        if self.keeps_place.load(Relaxed) {
            Standing::Authenticated
        } else {
            Standing::Unauthenticated
        }
    }

    /// Whether the right key was shown.
    pub(in crate::gateway) fn is_authenticated(&self) -> bool {
        self.authenticated.load(Relaxed)
    }

    /// Resolves once this connection must go: another needs its place.
    pub(in crate::gateway) fn poll_evicted(&self, cx: &Context<'_>) -> Poll<()> {
        let id = self.member.load(Relaxed);
        if id == 0 {
            return Poll::Pending;
        }
        let mut table = self.connections.table();
        let Some(member) = table.member(self.standing(), id) else {
            return Poll::Ready(());
        };
        match &member.waker {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            _ => member.waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// The right key was shown: this one, or the owner's token. The connection gives way to nobody for being there,
    /// unless its key has as many places as are kept for one.
    pub(in crate::gateway) fn mark_authenticated(&self, key: Option<KeyId>) {
        if self.authenticated.load(Relaxed) {
            return;
        }
        let mut table = self.connections.table();
        let id = self.member.load(Relaxed);
        let key = key.map_or(0, |key| key.0);
        if key != 0 && !table.take_place(key) {
            let is_member = table.member(Standing::Unauthenticated, id).is_some();
            self.authenticated.store(is_member, Relaxed);
            return;
        }
        // One that gave way already is on its way out.
        if table.leave(Standing::Unauthenticated, id).is_none() {
            table.leave_place(key);
            return;
        }
        self.authenticated.store(true, Relaxed);
        self.keeps_place.store(true, Relaxed);
        self.key.store(key, Relaxed);
        self.member.store(0, Relaxed);
        self.held.store(0, Relaxed);
    }

    fn leave_place(&self, table: &mut Table) {
        let key = self.key.swap(0, Relaxed);
        if key != 0 {
            table.leave_place(key);
        }
    }

    /// The next request of a connection shows its own key, or none: behind a proxy it may be another's.
    /// What the connection holds counts as before.
    pub(in crate::gateway) fn forget_authentication(&self, held: usize) {
        if !self.authenticated.load(Relaxed) {
            return;
        }
        let mut table = self.connections.table();
        let id = self.member.load(Relaxed);
        if id != 0 && table.leave(self.standing(), id).is_none() {
            return;
        }
        self.leave_place(&mut table);
        let mut member = plain(self.network);
        member.bytes = held;
        let id = table.join(Standing::Unauthenticated, member);
        self.authenticated.store(false, Relaxed);
        self.keeps_place.store(false, Relaxed);
        self.member.store(id, Relaxed);
        self.held.store(held, Relaxed);
    }

    /// The connection becomes the WebSocket of `session`. Where there are as many as may be, one without a place of
    /// its own gives way.
    pub(in crate::gateway) fn upgrade(
        &self,
        session: &Arc<ClientHandle>,
        limits: &Limits,
    ) -> Result<(), Full> {
        let mut evicted = Vec::new();
        let mut table = self.connections.table();
        let id = self.member.load(Relaxed);
        let keeps_place = self.keeps_place.load(Relaxed);
        if !keeps_place && table.of_address(self.network, true) >= limits.max_unauthenticated {
            evicted.extend(table.evict(Standing::Unauthenticated, |_, member| {
                member.is_socket && member.network == self.network
            }));
        }
        while table.sockets >= self.connections.max_sockets(limits) {
            let socket = |_: u64, member: &Member| member.is_socket;
            let one = table.evict_of_crowd(socket).ok_or(Full)?;
            evicted.push(one);
        }
        let left = table.leave(self.standing(), id);
        if id != 0 && left.is_none() {
            return Err(Full);
        }
        if keeps_place {
            self.member.store(0, Relaxed);
        } else {
            let mut member = plain(self.network);
            (member.is_socket, member.session) = (true, Some(Arc::clone(session)));
            let id = table.join(Standing::Unauthenticated, member);
            self.member.store(id, Relaxed);
        }
        self.held.store(0, Relaxed);
        self.is_socket.store(true, Relaxed);
        table.sockets += 1;
        Ok(())
    }

    /// Bytes it is said to hold.
    pub(in crate::gateway) fn held(&self) -> usize {
        self.held.load(Relaxed)
    }

    /// Says how many bytes of unfinished heads, bodies and messages this connection holds. Where all
    /// together are too many, the oldest other gives way.
    pub(in crate::gateway) fn hold(
        &self,
        bytes: usize,
        limits: &Limits,
        session: Option<&Arc<ClientHandle>>,
    ) {
        let mut table = self.connections.table();
        let (standing, mut id) = (self.standing(), self.member.load(Relaxed));
        let keeps_place = standing == Standing::Authenticated;
        let max = if keeps_place {
            limits.unfinished_memory
        } else {
            limits.unauthenticated_memory
        };
        if keeps_place && bytes == 0 {
            if id == 0 || table.leave(standing, id).is_some() {
                self.member.store(0, Relaxed);
                self.held.store(0, Relaxed);
            }
            return;
        }
        if keeps_place && id == 0 {
            let mut member = plain(self.network);
            member.is_socket = self.is_socket.load(Relaxed);
            member.session = session.cloned();
            id = table.join(standing, member);
            self.member.store(id, Relaxed);
        }
        self.held.store(bytes, Relaxed);
        let evicted = table.hold(standing, id, bytes, max);
        drop(table);
        drop(evicted);
    }
}

fn plain(network: IpAddr) -> Member {
    Member {
        network,
        is_socket: false,
        bytes: 0,
        waker: None,
        session: None,
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        self.leave_place(&mut table);
        let id = self.member.load(Relaxed);
        // One that gave way was counted out then.
        if id == 0 || table.leave(self.standing(), id).is_some() {
            table.total -= 1;
            table.sockets -= usize::from(self.is_socket.load(Relaxed));
        }
    }
}
