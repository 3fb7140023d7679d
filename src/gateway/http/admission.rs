//! Who may come in: how often an address may give a wrong token, and how many connections there may be.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Failures are counted over this long.
const WINDOW: Duration = Duration::from_secs(60);

/// Addresses remembered at most; beyond it the one whose last failure is oldest is forgotten.
const MAX_ADDRESSES: usize = 4096;

/// Counts of one gateway, shared by all its connections.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Admission(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    connections: usize,
    unauthenticated: HashMap<IpAddr, usize>,
    failures: HashMap<IpAddr, VecDeque<Instant>>,
}

/// Which limit refuses a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Full {
    /// The gateway has as many as it may.
    Gateway,
    /// This address has as many unauthenticated ones as it may.
    Address,
}

impl Full {
    /// The text of the refusal.
    pub(in crate::gateway) fn reason(self) -> &'static str {
        match self {
            Self::Gateway => {
                "the gateway has all the connections it may have (CLEUDOCODEBOT_MAX_CONNECTIONS)"
            }
            Self::Address => {
                "too many connections of this address have not authenticated (CLEUDOCODEBOT_MAX_UNAUTHENTICATED)"
            }
        }
    }
}

impl Admission {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long this address must wait before it may try a token again, if it must.
    pub(in crate::gateway) fn blocked_for(
        &self,
        address: IpAddr,
        max_failures: usize,
    ) -> Option<Duration> {
        let now = Instant::now();
        let mut counts = self.counts();
        let failures = counts.failures.get_mut(&address)?;
        while failures
            .front()
            .is_some_and(|first| now.duration_since(*first) >= WINDOW)
        {
            failures.pop_front();
        }
        match failures.front() {
            None => {
                counts.failures.remove(&address);
                None
            }
            Some(first) if failures.len() >= max_failures => {
                Some(WINDOW.saturating_sub(now.duration_since(*first)))
            }
            Some(_) => None,
        }
    }

    /// Remembers that this address gave a wrong token.
    pub(in crate::gateway) fn failed(&self, address: IpAddr, max_failures: usize) {
        let mut counts = self.counts();
        if counts.failures.len() >= MAX_ADDRESSES && !counts.failures.contains_key(&address) {
            let oldest = counts
                .failures
                .iter()
                .min_by_key(|(_, times)| times.back().copied())
                .map(|(at, _)| *at);
            oldest.map(|oldest| counts.failures.remove(&oldest));
        }
        let times = counts.failures.entry(address).or_default();
        times.push_back(Instant::now());
        if times.len() > max_failures {
            times.pop_front();
        }
    }

    /// Counts one more connection, unauthenticated or not; dropping the permit counts it out again.
    pub(in crate::gateway) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        authenticated: bool,
        max: usize,
        max_unauthenticated: usize,
    ) -> Result<Permit, Full> {
        let mut counts = self.counts();
        if counts.connections >= max {
            return Err(Full::Gateway);
        }
        if !authenticated {
            let of_address = counts.unauthenticated.entry(address).or_default();
            if *of_address >= max_unauthenticated {
                return Err(Full::Address);
            }
            *of_address += 1;
        }
        counts.connections += 1;
        Ok(Permit {
            admission: Arc::clone(self),
            unauthenticated: (!authenticated).then_some(address),
        })
    }
}

/// Counts one connection for as long as it lives.
#[derive(Debug)]
pub(in crate::gateway) struct Permit {
    admission: Arc<Admission>,
    unauthenticated: Option<IpAddr>,
}

impl Permit {
    /// The connection authenticated, so it no longer counts against its address.
    pub(in crate::gateway) fn mark_authenticated(&mut self) {
        if let Some(address) = self.unauthenticated.take() {
            self.admission.counts().left_unauthenticated(address);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.mark_authenticated();
        self.admission.counts().connections -= 1;
    }
}

impl Counts {
    fn left_unauthenticated(&mut self, address: IpAddr) {
        if let Some(count) = self.unauthenticated.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.unauthenticated.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_tenth_failure_blocks_that_address_alone() {
        let admission = Admission::default();
        for _ in 0..10 {
            assert_eq!(admission.blocked_for(HERE, 10), None);
            admission.failed(HERE, 10);
        }
        assert!(
            admission
                .blocked_for(HERE, 10)
                .is_some_and(|wait| wait <= WINDOW)
        );
        assert_eq!(
            admission.blocked_for(IpAddr::from([127, 0, 0, 2]), 10),
            None
        );
    }

    #[test]
    fn the_memory_of_failures_is_bounded() {
        let admission = Admission::default();
        for n in 0..u32::try_from(MAX_ADDRESSES).expect("small") + 10 {
            admission.failed(IpAddr::V4(n.into()), 10);
        }
        assert_eq!(admission.counts().failures.len(), MAX_ADDRESSES);
    }

    #[test]
    fn permits_are_counted_in_and_out() {
        let admission = Arc::new(Admission::default());
        let mut first = admission.admit(HERE, false, 2, 1).expect("room");
        assert_eq!(
            admission.admit(HERE, false, 2, 1).map(|_| ()),
            Err(Full::Address)
        );
        first.mark_authenticated();
        let second = admission.admit(HERE, false, 2, 1).expect("room");
        assert_eq!(
            admission.admit(HERE, true, 2, 1).map(|_| ()),
            Err(Full::Gateway)
        );
        drop((first, second));
        assert!(admission.admit(HERE, true, 1, 1).is_ok());
        assert!(admission.counts().unauthenticated.is_empty());
    }
}
