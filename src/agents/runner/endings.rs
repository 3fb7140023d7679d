//! Ends of turns that the gateway had no room for: they are said again, or the turn would run into its deadline.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

/// How often an end is said.
const MAX_TIMES: u32 = 20;

/// The wait where the gateway names none.
const USUAL_WAIT: Duration = Duration::from_secs(1);

/// The longest wait that the gateway may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How a turn ended, as the gateway is told.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) turn_id: String,
    pub(super) action: &'static str,
    pub(super) payload: Value,
    /// How often it was said.
    pub(super) times: u32,
}

/// Ends that wait until they are said again.
#[derive(Debug, Default)]
pub(super) struct Endings(Vec<(Instant, Ending)>);

impl Endings {
    /// Keeps one that was refused with this answer; gives it back where it was said often enough, or where
    /// saying it again does not help.
    pub(super) fn keep(
        &mut self,
        ending: Ending,
        code: &str,
        wait_ms: Option<u64>,
    ) -> Option<Ending> {
        if code != "queue_full" || ending.times >= MAX_TIMES {
            return Some(ending);
        }
        let wait = wait_ms.map_or(USUAL_WAIT, Duration::from_millis);
        self.0
            .push((Instant::now() + wait.min(LONGEST_WAIT), ending));
        None
    }

    /// The turn was aborted or is offered anew.
    pub(super) fn forget(&mut self, turn_id: &str) {
        self.0.retain(|(_, ending)| ending.turn_id != turn_id);
    }

    /// The next that is to be said again. Cancel-safe.
    pub(super) async fn due(&mut self) -> Ending {
        let first = self.0.iter().enumerate().min_by_key(|(_, (at, _))| *at);
        let Some((index, at)) = first.map(|(index, (at, _))| (index, *at)) else {
            return std::future::pending().await;
        };
        sleep_until(at).await;
        self.0.swap_remove(index).1
    }
}
