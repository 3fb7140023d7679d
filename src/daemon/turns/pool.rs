//! The agents that are connected, and how many more turns each takes.
//!
//! Not here: which agent is asked (`steps`), and how agents are shown (`states`).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::Notify,
    time::{Duration, Instant, timeout_at},
};

use crate::gateway::control::AgentClient;

/// The agents that are connected.
#[derive(Default)]
pub(super) struct Pool {
    state: Mutex<PoolState>,
    /// An agent connected, or has room again.
    changed: Notify,
}

#[derive(Default)]
struct PoolState {
    agents: BTreeMap<String, Connected>,
    last_number: u64,
}

struct Connected {
    /// Distinguishes the clients that had the name one after the other.
    number: u64,
    client: Arc<dyn AgentClient>,
    room: usize,
}

/// A place at an agent, for one turn. Given back when dropped.
pub(super) struct Place {
    pool: Arc<Pool>,
    pub(super) name: String,
    pub(super) number: u64,
    pub(super) client: Arc<dyn AgentClient>,
}

/// The number and the client that had a name before.
pub(super) type Predecessor = (u64, Arc<dyn AgentClient>);

/// What stands in the way of a place.
enum Obstacle {
    Away,
    Full,
}

impl Pool {
    fn state(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an agent; returns its number, and the one before it of the same name.
    pub(super) fn join(
        &self,
        name: &str,
        room: usize,
        client: Arc<dyn AgentClient>,
    ) -> (u64, Option<Predecessor>) {
        let mut state = self.state();
        state.last_number += 1;
        let number = state.last_number;
        let connected = Connected {
            number,
            client,
            room,
        };
        let before = state.agents.insert(name.to_owned(), connected);
        drop(state);
        self.changed.notify_waiters();
        (number, before.map(|before| (before.number, before.client)))
    }

    /// Removes an agent; false where another client has the name by now.
    pub(super) fn leave(&self, name: &str, number: u64) -> bool {
        let mut state = self.state();
        let agent = state.agents.get(name);
        if agent.is_none_or(|agent| agent.number != number) {
            return false;
        }
        let left = state.agents.remove(name);
        // Drop the client without the lock: its destructor may call back here.
        drop(state);
        drop(left);
        true
    }

    pub(super) fn is_current(&self, name: &str, number: u64) -> bool {
        let state = self.state();
        let agent = state.agents.get(name);
        agent.is_some_and(|agent| agent.number == number)
    }

    /// Waits for a place at an agent: for `ready` in all while it is not connected, else as long as its
    /// places are taken. `None` where it did not connect in time.
    pub(super) async fn place(self: &Arc<Self>, name: &str, ready: Duration) -> Option<Place> {
        let mut left = ready;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listen before looking, so that no change falls in between.
            changed.as_mut().enable();
            match self.try_place(name) {
                Ok(place) => return Some(place),
                Err(Obstacle::Full) => changed.await,
                Err(Obstacle::Away) => {
                    let since = Instant::now();
                    if timeout_at(since + left, changed).await.is_err() {
                        return None;
                    }
                    left = left.saturating_sub(since.elapsed());
                }
            }
        }
    }

    fn try_place(self: &Arc<Self>, name: &str) -> Result<Place, Obstacle> {
        let mut state = self.state();
        let agent = state.agents.get_mut(name).ok_or(Obstacle::Away)?;
        agent.room = agent.room.checked_sub(1).ok_or(Obstacle::Full)?;
        Ok(Place {
            pool: Arc::clone(self),
            name: name.to_owned(),
            number: agent.number,
            client: Arc::clone(&agent.client),
        })
    }
}

impl Place {
    /// Whether the agent is still connected.
    pub(super) fn is_current(&self) -> bool {
        self.pool.is_current(&self.name, self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        let agent = state.agents.get_mut(&self.name);
        if let Some(agent) = agent.filter(|agent| agent.number == self.number) {
            agent.room += 1;
        }
        drop(state);
        self.pool.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::gateway::control::Offered;

    struct Deaf;

    impl AgentClient for Deaf {
        fn offer(&self, _: &Value) -> Offered {
            Offered::Queued
        }
        fn abort(&self, _: &str, _: &str) {}
        fn replaced(&self) {}
    }

    const READY: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn an_agent_that_is_away_is_waited_for_so_long_and_no_longer() {
        let pool = Arc::new(Pool::default());
        let began = Instant::now();
        assert!(pool.place("pi", READY).await.is_none());
        assert_eq!(began.elapsed(), READY);
        let waiting = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.place("pi", READY).await.map(|place| place.number) }
        });
        tokio::time::sleep(READY / 2).await;
        pool.join("other", 1, Arc::new(Deaf));
        tokio::time::sleep(READY / 3).await;
        let (number, before) = pool.join("pi", 1, Arc::new(Deaf));
        assert!(before.is_none());
        assert_eq!(waiting.await.expect("no panic"), Some(number));
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_agent_is_waited_for_without_an_end() {
        let pool = Arc::new(Pool::default());
        pool.join("pi", 1, Arc::new(Deaf));
        let place = pool.place("pi", READY).await.expect("free");
        let waiting = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.place("pi", READY).await.is_some() }
        });
        tokio::time::sleep(READY * 9).await;
        assert!(!waiting.is_finished());
        drop(place);
        assert!(waiting.await.expect("no panic"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_of_a_client_that_was_replaced_is_none_of_the_next_one() {
        let pool = Arc::new(Pool::default());
        let (first, _) = pool.join("pi", 1, Arc::new(Deaf));
        let old = pool.place("pi", READY).await.expect("free");
        let (second, before) = pool.join("pi", 1, Arc::new(Deaf));
        assert_eq!(before.map(|(number, _)| number), Some(first));
        assert!(!old.is_current() && !pool.leave("pi", first));
        drop(old);
        let _taken = pool.place("pi", READY).await.expect("free");
        assert!(pool.try_place("pi").is_err(), "the old place gave no room");
        assert!(pool.leave("pi", second));
    }
}
