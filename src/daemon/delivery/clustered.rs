//! Lanes in the order of the cluster's stream: what a channel's owner was told to send, and nothing else.

use std::time::Duration;

use super::{
    DeliveryWorker, Lane,
    attempt::{Attempt, NextStep},
};
use crate::{
    cluster::fence::Fenced,
    integrations::{Accepted, DeliveryError},
    log::LogField,
    message::MessageId,
    router::Wakeup,
};

/// After how long a delivery is tried again that the lease ended: it may have been renewed, or the clock jumped. Where it is
/// gone, the lane is cleared first.
const LEASE_WAIT: Duration = Duration::from_secs(1);

/// What comes of a delivery that is contained: a panic is the outer error.
type Delivered = Result<Result<Accepted, DeliveryError>, String>;

impl Attempt {
    /// Goes on with work while the channel's lease holds; `None` where it ran out.
    pub(super) async fn fenced<T>(&self, work: impl Future<Output = T> + Send) -> Option<T> {
        Fenced::new(self.channel.guard(), work).await
    }

    /// What follows on a delivery that was ended: nobody tells of a lease that was renewed.
    pub(super) fn after_interruption(&self) -> NextStep {
        if self.channel.is_clustered() {
            NextStep::RetryAfter(LEASE_WAIT)
        } else {
            NextStep::WhenReachable
        }
    }

    /// A delivery that ends where this machine may not go on with it.
    pub(super) async fn fenced_delivery(
        &self,
        delivery: impl Future<Output = Delivered> + Send,
    ) -> Delivered {
        let why = || "this machine no longer owns the channel".to_owned();
        let ended = || Ok(Err(DeliveryError::Interrupted(why())));
        self.fenced(delivery).await.unwrap_or_else(ended)
    }
}

impl DeliveryWorker {
    /// Whether messages are sent only once the stream has them, whatever the own disk says.
    pub(super) fn waits_for_stream(&self) -> bool {
        self.channel.is_clustered() && !self.goes_alone
    }

    pub(super) async fn cluster_decided(&mut self, decided: Wakeup) {
        match decided {
            Wakeup::Released(id, peer) => self.released(id, peer),
            Wakeup::Disowned => {
                self.goes_alone = false;
                self.clear();
            }
            Wakeup::Alone(goes_alone) => {
                // The stream's order ends here, or begins: what waits comes again, by the other.
                self.goes_alone = goes_alone;
                self.clear();
                if let Err(error) = self.load().await {
                    let fields: [LogField<'_>; 2] =
                        [("channel", &self.channel.name()), ("error", &error)];
                    let text = "cannot read the outbox; it goes on when the bus is back";
                    self.log.error("delivery", text, &fields);
                }
            }
            Wakeup::Queued(..) | Wakeup::Withdrawn(..) | Wakeup::Peer(_) | Wakeup::All => {}
        }
    }

    /// Behind all that the stream had before it, whatever its id here.
    fn released(&mut self, id: MessageId, peer: String) {
        let lane = self.lanes.entry(peer.clone()).or_default();
        if !lane.waiting.contains(&id) {
            lane.waiting.push_back(id);
        }
        self.try_start(peer);
    }

    /// Forgets all that is not under way.
    fn clear(&mut self) {
        self.timers.clear();
        self.starved.clear();
        self.lanes.retain(|_, lane| lane.busy.is_some());
        for lane in self.lanes.values_mut() {
            let busy = lane.busy;
            *lane = Lane {
                waiting: busy.into_iter().collect(),
                busy,
                ..Lane::default()
            };
        }
    }
}
