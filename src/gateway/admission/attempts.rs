//! Wrong tokens, counted by address and by distinct value: a script that repeats yesterday's token is
//! one, however often it comes. Beyond the limit a wrong one is answered late, and only few at a time.
//!
//! The right token is never asked about here: it passes whatever came from its address before.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher as _,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::network;

/// Wrong tokens are remembered this long.
const WINDOW: Duration = Duration::from_secs(60);

/// Addresses remembered at most; beyond it the one that tried last the longest ago is forgotten.
const MAX_ADDRESSES: usize = 4096;

/// Wrong tokens remembered of one address, whatever the limit is.
const MAX_REMEMBERED: usize = 256;

/// Wrong tokens of one address that wait for their late answer at a time; more get none.
const MAX_HELD_BACK: usize = 4;

/// What became of a wrong token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum WrongToken {
    /// It counts.
    Counted,
    /// It counted before.
    Known,
    /// The address gave as many as it may; the first is forgotten after this long.
    TooMany(Duration),
}

/// The wrong tokens of one gateway.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Attempts {
    /// Keyed, so that nobody can choose tokens that count as one.
    hasher: RandomState,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// When each came, and the hash of its value; oldest first.
    tried: HashMap<IpAddr, Vec<(Instant, u64)>>,
    held_back: HashMap<IpAddr, usize>,
}

impl Attempts {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a wrong token of this address, which may give `max` different ones a minute.
    pub(in crate::gateway) fn wrong(&self, address: IpAddr, given: &str, max: usize) -> WrongToken {
        self.wrong_at(Instant::now(), address, given, max)
    }

    fn wrong_at(&self, now: Instant, address: IpAddr, given: &str, max: usize) -> WrongToken {
        let (address, value) = (network(address), self.hasher.hash_one(given));
        let mut memory = self.memory();
        memory.make_room_for(address);
        let tried = memory.tried.entry(address).or_default();
        tried.retain(|(at, _)| now.duration_since(*at) < WINDOW);
        if tried.iter().any(|(_, known)| *known == value) {
            return WrongToken::Known;
        }
        match tried.first() {
            Some((first, _)) if tried.len() >= max.min(MAX_REMEMBERED) => {
                WrongToken::TooMany(WINDOW.saturating_sub(now.duration_since(*first)))
            }
            _ => {
                tried.push((now, value));
                WrongToken::Counted
            }
        }
    }

    /// A place among those of this address that get a late answer; `None` where there is none left.
    pub(in crate::gateway) fn hold_back(self: &Arc<Self>, address: IpAddr) -> Option<HeldBack> {
        let address = network(address);
        let mut memory = self.memory();
        let count = memory.held_back.entry(address).or_default();
        if *count >= MAX_HELD_BACK {
            return None;
        }
        *count += 1;
        Some(HeldBack {
            attempts: Arc::clone(self),
            address,
        })
    }
}

impl Memory {
    fn make_room_for(&mut self, address: IpAddr) {
        if self.tried.len() < MAX_ADDRESSES || self.tried.contains_key(&address) {
            return;
        }
        let last = |times: &[(Instant, u64)]| times.last().map(|(at, _)| *at);
        let oldest = self.tried.iter().min_by_key(|(_, times)| last(times));
        if let Some(oldest) = oldest.map(|(at, _)| *at) {
            self.tried.remove(&oldest);
        }
    }
}

/// A wrong token that waits for its answer.
#[derive(Debug)]
pub(in crate::gateway) struct HeldBack {
    attempts: Arc<Attempts>,
    address: IpAddr,
}

impl HeldBack {
    /// How long the answer waits: shorter than a closing session is given.
    const DELAY: Duration = Duration::from_secs(1);

    /// Waits until the answer may go out.
    pub(in crate::gateway) async fn wait(self) {
        tokio::time::sleep(Self::DELAY).await;
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        let mut memory = self.attempts.memory();
        if let Some(count) = memory.held_back.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                memory.held_back.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_same_wrong_token_counts_once() {
        let attempts = Attempts::default();
        assert_eq!(attempts.wrong(HERE, "stale", 10), WrongToken::Counted);
        for _ in 0..1000 {
            assert_eq!(attempts.wrong(HERE, "stale", 10), WrongToken::Known);
        }
        assert_eq!(attempts.wrong(HERE, "another", 10), WrongToken::Counted);
    }

    #[test]
    fn the_eleventh_value_is_too_many_from_that_address_alone_and_for_a_minute() {
        let (attempts, begun) = (Attempts::default(), Instant::now());
        for n in 0..10 {
            let given = n.to_string();
            let wrong = attempts.wrong_at(begun, HERE, &given, 10);
            assert_eq!(wrong, WrongToken::Counted);
        }
        let later = begun + Duration::from_secs(20);
        assert_eq!(
            attempts.wrong_at(later, HERE, "x", 10),
            WrongToken::TooMany(Duration::from_secs(40))
        );
        let elsewhere = IpAddr::from([127, 0, 0, 2]);
        assert_eq!(
            attempts.wrong_at(later, elsewhere, "x", 10),
            WrongToken::Counted
        );
        assert_eq!(
            attempts.wrong_at(begun + WINDOW, HERE, "x", 10),
            WrongToken::Counted
        );
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        for n in 0..u32::try_from(MAX_ADDRESSES).expect("small") + 10 {
            attempts.wrong(IpAddr::V4(n.into()), "x", 10);
        }
        assert_eq!(attempts.memory().tried.len(), MAX_ADDRESSES);
        for n in 0..2 * MAX_REMEMBERED {
            attempts.wrong(HERE, &n.to_string(), usize::MAX);
        }
        assert_eq!(attempts.memory().tried[&HERE].len(), MAX_REMEMBERED);
    }

    #[tokio::test(start_paused = true)]
    async fn few_answers_wait_at_a_time_and_each_gives_its_place_back() {
        let attempts = Arc::new(Attempts::default());
        let held: Vec<_> = (0..MAX_HELD_BACK)
            .map_while(|_| attempts.hold_back(HERE))
            .collect();
        assert_eq!(held.len(), MAX_HELD_BACK);
        assert!(attempts.hold_back(HERE).is_none());
        let begun = tokio::time::Instant::now();
        for one in held {
            one.wait().await;
        }
        assert!(begun.elapsed() >= HeldBack::DELAY);
        assert!(attempts.hold_back(HERE).is_some());
        assert!(attempts.memory().held_back.is_empty());
    }
}
