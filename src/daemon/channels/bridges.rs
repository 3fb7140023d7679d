//! Channels that clients announce: attached to their bridges, remembered across restarts, forgotten
//! when the user asks for it.

use std::sync::{Arc, PoisonError};

use super::ChannelRegistry;
use crate::{
    integrations::{
        SendRules,
        bridge::{BridgeClient, BridgeLease, Bridges, Refusal, check_name},
        plan::{self, Plan, SendLimits},
    },
    message::State,
    panics::run_blocking,
    store::{StatusUpdate, Store, StoreError},
};

/// Messages failed at a time when a channel is forgotten.
const PAGE_SIZE: usize = 512;

impl ChannelRegistry {
    /// Registers every bridge channel that has messages in the outbox, so that they are not stuck if
    /// `external.json` was lost.
    pub(in crate::daemon) fn adopt_waiting(&self) {
        let waiting = self.parts.store.outbox_depth().into_iter();
        for (name, _) in waiting.filter(|(name, depth)| *depth > 0 && check_name(name).is_ok()) {
            self.bridges().adopt(&name);
        }
    }

    pub(super) fn bridge_plans(&self, limits: SendLimits, rules: &SendRules) -> Vec<Plan> {
        *self
            .bridge_limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = (limits, rules.clone());
        let names = self.bridges().names().into_iter();
        names
            .map(|name| plan::bridge(&name, limits, rules.clone()))
            .collect()
    }

    fn bridges(&self) -> &Arc<Bridges> {
        &self.parts.build_context.bridges
    }

    /// Creates the channel if it is new. Synchronous, so that commands which a bridge sends right behind
    /// its announcement find the channel.
    pub(super) fn admit(&self, name: &str) -> Result<(), Refusal> {
        self.bridges().admit(name)?;
        self.ensure(name);
        Ok(())
    }

    /// Attaches a client to a channel as its bridge.
    pub(super) async fn attach(
        &self,
        name: String,
        client: Arc<dyn BridgeClient>,
    ) -> Result<BridgeLease, Refusal> {
        let _guard = self.announcing.lock().await;
        let bridges = Arc::clone(self.bridges());
        let announced = name.clone();
        let bridge = run_file_job(move || bridges.announce(&announced)).await?;
        let channel = self.ensure(&name);
        let lease = bridge.attach(client);
        // The bridge may have reconnected with new credentials.
        if channel.is_parked() {
            channel.start();
        }
        self.parts
            .log
            .info("integration", "bridge connected", &[("name", &name)]);
        Ok(lease)
    }

    fn ensure(&self, name: &str) -> Arc<super::channel::Channel> {
        let mut channels = self.channels();
        if let Some(entry) = channels.get(name) {
            return Arc::clone(&entry.channel);
        }
        let (limits, rules) = self
            .bridge_limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let plan = plan::bridge(name, limits, rules);
        let entry = self.launch(plan);
        let channel = Arc::clone(&entry.channel);
        channels.insert(name.to_owned(), entry);
        channel
    }

    /// Forgets a channel whose bridge is not connected, and fails the messages that wait for it.
    /// Returns how many.
    pub(super) async fn forget_channel(&self, name: String) -> Result<u64, Refusal> {
        let _guard = self.announcing.lock().await;
        let (bridges, forgotten) = (Arc::clone(self.bridges()), name.clone());
        run_file_job(move || bridges.forget(&forgotten)).await?;
        if let Some(entry) = self.channels().remove(&name) {
            self.parts.router.remove(&name);
            entry.channel.retire();
        }
        self.parts
            .log
            .info("integration", "channel forgotten", &[("name", &name)]);
        let failed = fail_waiting(&self.parts.store, &name).await;
        failed.map_err(|error| {
            // Register it again, so that the user can repeat `forget` for the messages that are left.
            self.bridges().adopt(&name);
            self.ensure(&name);
            Refusal::Unwritten(error.to_string())
        })
    }
}

/// Fails every message that waits for a channel, and returns how many.
async fn fail_waiting(store: &Store, channel: &str) -> Result<u64, StoreError> {
    let (mut after, mut count) = (None, 0);
    loop {
        let name = channel.to_owned();
        let page = store
            .run_blocking(move |store| store.outbox(&name, after, PAGE_SIZE))
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

/// Runs a job that writes `external.json` off the runtime's thread.
async fn run_file_job<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = run_blocking(work).await;
    done.unwrap_or_else(|panic| Err(Refusal::Unwritten(panic)))
}
