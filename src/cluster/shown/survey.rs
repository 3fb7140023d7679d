//! Looking at the streams and at the other machines, for people alone: nothing that is sent goes by it, so it has a
//! task of its own and what it cannot see it leaves as it was.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval, timeout};

use super::report::Survey;
use crate::{
    clock,
    cluster::{bus::Streams, handle::Cluster},
};

/// How often it is looked.
const SURVEY_EVERY: Duration = Duration::from_secs(2);

/// The longest that a look may take.
const SURVEY_TIMEOUT: Duration = Duration::from_secs(4);

impl Cluster {
    pub(super) fn survey(&self) -> MutexGuard<'_, Survey> {
        self.survey.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks again and again. Never ends.
    pub(in crate::cluster) async fn look_around(self: Arc<Self>) {
        let mut ticks = interval(SURVEY_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(streams) = self.streams_now() {
                let _ = timeout(SURVEY_TIMEOUT, self.look_at_all(&streams)).await;
            }
        }
    }

    async fn look_at_all(&self, streams: &Streams) {
        if let Ok(info) = streams.events.get_info().await {
            self.survey().events_end = info.state.last_sequence;
        }
        if let Ok(info) = streams.out.get_info().await {
            self.survey().waiting = info.state.messages;
        }
        let (nodes, known) = {
            let leases = self.leases();
            let standing = leases.stands.iter().map(|(_, node)| node.clone());
            let known: Vec<String> = leases.nodes().iter().cloned().chain(standing).collect();
            (leases.nodes().clone(), known)
        };
        // Names come from the bus: those that nothing speaks of any more are forgotten.
        self.survey()
            .machines
            .retain(|node, _| known.contains(node));
        for node in nodes.iter().filter(|node| **node != self.settings.node) {
            if let Ok(Some(entry)) = streams.live.entry(format!("node.{node}")).await {
                let now_ms = clock::now_ms();
                self.survey()
                    .take(node, entry.revision, &entry.value, now_ms);
            }
        }
    }
}
