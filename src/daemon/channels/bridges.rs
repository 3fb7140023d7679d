//! Channels that clients announce: given to their bridges, known after a restart, forgotten when the
//! user says so.

use std::sync::{Arc, PoisonError};

use super::ChannelRegistry;
use crate::{
    integrations::{
        bridge::{BridgeClient, BridgeLease, Bridges, Refusal, check_name},
        plan::{self, Plan, SendLimits},
    },
    message::State,
    panics::run_blocking,
    store::{StatusUpdate, Store, StoreError},
};

/// Messages given up at a time when a channel is forgotten.
const PAGE: usize = 512;

impl ChannelRegistry {
    /// Makes channels of those for which messages wait, also where the file that names them is lost.
    pub(in crate::daemon) fn adopt_waiting(&self) {
        let waiting = self.base.store.outbox_depth().into_iter();
        for (name, _) in waiting.filter(|(name, depth)| *depth > 0 && check_name(name).is_ok()) {
            self.bridges().adopt(&name);
        }
    }

    pub(super) fn bridge_plans(&self, limits: SendLimits) -> Vec<Plan> {
        *self
            .bridge_limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = limits;
        let names = self.bridges().names().into_iter();
        names.map(|name| plan::bridge(&name, limits)).collect()
    }

    fn bridges(&self) -> &Arc<Bridges> {
        &self.base.around.bridges
    }

    /// Makes a channel where it is new, so that what its bridge says at once behind its announcement
    /// finds it.
    pub(super) fn admit(&self, name: &str) -> Result<(), Refusal> {
        self.bridges().admit(name)?;
        self.ensure(name);
        Ok(())
    }

    /// Gives a channel to a client.
    pub(super) async fn attach(
        &self,
        name: String,
        client: Arc<dyn BridgeClient>,
    ) -> Result<BridgeLease, Refusal> {
        let _alone = self.announcing.lock().await;
        let bridges = Arc::clone(self.bridges());
        let announced = name.clone();
        let bridge = written(move || bridges.announce(&announced)).await?;
        let channel = self.ensure(&name);
        let lease = bridge.attach(client);
        // Whoever connects anew may have better credentials.
        if channel.is_parked() {
            channel.start();
        }
        self.base
            .log
            .info("integration", "its bridge connected", &[("name", &name)]);
        Ok(lease)
    }

    fn ensure(&self, name: &str) -> Arc<super::channel::Channel> {
        let mut channels = self.channels();
        if let Some(entry) = channels.get(name) {
            return Arc::clone(&entry.channel);
        }
        let limits = *self
            .bridge_limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let plan = plan::bridge(name, limits);
        let entry = self.launch(plan);
        let channel = Arc::clone(&entry.channel);
        channels.insert(name.to_owned(), entry);
        channel
    }

    /// Forgets a channel whose bridge is not there, and gives up what waits for it.
    pub(super) async fn forget_channel(&self, name: String) -> Result<u64, Refusal> {
        let _alone = self.announcing.lock().await;
        let (bridges, forgotten) = (Arc::clone(self.bridges()), name.clone());
        written(move || bridges.forget(&forgotten)).await?;
        if let Some(entry) = self.channels().remove(&name) {
            self.base.router.remove(&name);
            entry.channel.retire();
        }
        self.base
            .log
            .info("integration", "it was forgotten", &[("name", &name)]);
        let given_up = give_up(&self.base.store, &name).await;
        given_up.map_err(|error| {
            // What still waits for it can be given up only while it is known.
            self.bridges().adopt(&name);
            self.ensure(&name);
            Refusal::Unwritten(error.to_string())
        })
    }
}

/// Fails every message that waits for a channel; how many.
async fn give_up(store: &Store, channel: &str) -> Result<u64, StoreError> {
    let (mut after, mut count) = (None, 0);
    loop {
        let name = channel.to_owned();
        let page = store
            .run_blocking(move |store| store.outbox(&name, after, PAGE))
            .await?;
        let Some((last, _)) = page.last() else {
            return Ok(count);
        };
        after = Some(last.id);
        let failing: Vec<_> = page
            .iter()
            .map(|(message, _)| store.advance(message.id, forgotten()))
            .collect::<Result<_, _>>()?;
        for failed in failing {
            count += u64::from(failed.await?.is_some());
        }
    }
}

fn forgotten() -> StatusUpdate {
    StatusUpdate {
        error: Some("its channel was forgotten".to_owned()),
        ..StatusUpdate::to(State::Failed)
    }
}

/// Has the file of names written.
async fn written<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = run_blocking(work).await;
    done.unwrap_or_else(|panic| Err(Refusal::Unwritten(panic)))
}
