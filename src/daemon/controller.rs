//! What clients may ask of the daemon: reload, shutdown, and the integrations: how they are, start,
//! stop, pair.

use std::sync::{Arc, OnceLock, Weak};

use serde_json::Value;

use super::{
    Options,
    registry::{ChannelRegistry, OnChange},
};
use crate::{
    config::{self, Config, Lookup, Setting},
    gateway::{
        CommitListeners, Gateway, accept,
        control::{Control, IntegrationStatus, ReadUpTo, Reloaded, Steer},
    },
    integrations::{
        BoxFuture, Hook, HookReply,
        bridge::{BridgeClient, BridgeLease, Refusal},
        pairing::Pairings,
    },
    log::Log,
    shutdown::Trigger,
};

/// The daemon as the gateway knows it.
pub(super) struct Controller {
    options: Options,
    trigger: Trigger,
    log: Log,
    gateway: OnceLock<Weak<Gateway>>,
    registry: Arc<ChannelRegistry>,
}

impl Controller {
    pub(super) fn new(
        options: Options,
        trigger: Trigger,
        log: Log,
        registry: ChannelRegistry,
    ) -> Self {
        Self {
            options,
            trigger,
            log,
            gateway: OnceLock::new(),
            registry: Arc::new(registry),
        }
    }

    /// The gateway whose settings a reload changes.
    pub(super) fn steers(&self, gateway: &Arc<Gateway>) {
        let _ = self.gateway.set(Arc::downgrade(gateway));
    }

    /// Starts the integrations that the settings ask for.
    pub(super) fn launch(&self, lookup: &Lookup) {
        self.registry.adopt_waiting();
        self.registry.apply(lookup);
    }

    /// Ends all work of the integrations.
    pub(super) async fn end(&self) {
        self.registry.end().await;
    }

    pub(super) fn trigger(&self) -> Trigger {
        self.trigger.clone()
    }
}

impl Control for Controller {
    fn integrations(&self) -> Vec<IntegrationStatus> {
        self.registry.statuses()
    }

    fn steer(&self, name: &str, how: Steer) -> Option<IntegrationStatus> {
        let channel = self.registry.find(name)?;
        match how {
            Steer::Start => channel.start(),
            Steer::Stop => channel.stop(),
        }
        Some(channel.status())
    }

    fn connect(&self, name: &str) -> Option<BoxFuture<'static, Result<Value, String>>> {
        let integration = self.registry.find(name)?.integration();
        Some(Box::pin(async move { integration.connect().await }))
    }

    fn typing(&self, channel: &str, peer: &str) -> bool {
        self.registry.typing(channel, peer)
    }

    fn read(&self, read: ReadUpTo) {
        self.registry.read(read);
    }

    fn hook(&self, name: &str, hook: Hook) -> Option<BoxFuture<'static, HookReply>> {
        let channel = self.registry.find(name)?;
        if channel.is_stopped() {
            let reply = HookReply::again("this integration is stopped");
            return Some(Box::pin(std::future::ready(reply)));
        }
        let integration = channel.integration();
        Some(Box::pin(async move { integration.hook(&hook).await }))
    }

    fn bridge(
        &self,
        channel: String,
        client: Arc<dyn BridgeClient>,
    ) -> BoxFuture<'static, Result<BridgeLease, Refusal>> {
        let registry = Arc::clone(&self.registry);
        let room = registry.admit(&channel);
        Box::pin(async move {
            room?;
            registry.bridge(channel, client).await
        })
    }

    fn forget(&self, name: String) -> BoxFuture<'static, Result<u64, Refusal>> {
        let registry = Arc::clone(&self.registry);
        // Half of it would leave messages that no channel has: who asked may go away, it goes on.
        let forgetting = tokio::spawn(async move { registry.forget(name).await });
        Box::pin(async move {
            let forgotten = forgetting.await;
            forgotten.unwrap_or_else(|error| Err(Refusal::Unwritten(error.to_string())))
        })
    }

    fn pairings(&self) -> Arc<Pairings> {
        self.registry.pairings()
    }

    fn settings(&self) -> Result<Vec<Setting>, String> {
        let (overrides, environment) = (&self.options.overrides, &self.options.environment);
        config::explain(overrides, environment).map_err(|error| error.to_string())
    }

    fn reload(&self) -> Result<Reloaded, String> {
        let gateway = self
            .gateway
            .get()
            .and_then(Weak::upgrade)
            .ok_or("the daemon is not ready yet")?;
        let loaded = config::load(&self.options.overrides, &self.options.environment)
            .map_err(|error| error.to_string())?;
        for warning in &loaded.warnings {
            self.log.warn("config", warning, &[]);
        }
        let (old, mut new) = (gateway.settings(), loaded.config);
        if new.token.is_none() {
            return Err(format!(
                "{} holds no CLEUDOCODEBOT_TOKEN any more",
                new.env_file.display()
            ));
        }
        let mut done = compare(&old, &new);
        // What is bound and open stays as it is until the next start, and must be safe with the rest.
        (new.home, new.host, new.port, new.history_days) =
            (old.home.clone(), old.host, old.port, old.history_days);
        new.refuse_open_door().map_err(|error| error.to_string())?;
        let new_token = old.token != new.token;
        self.log.reconfigure(new.log_level, new.log_format);
        gateway.reconfigure(new);
        let integrations = self.registry.apply(&loaded.lookup);
        let named = integrations
            .iter()
            .map(|name| format!("integration {name}"));
        done.changed.extend(named);
        if new_token {
            gateway.send_all_away("the token was changed");
        }
        self.log.info(
            "config",
            "reloaded",
            &[("changed", &done.changed.join(","))],
        );
        Ok(done)
    }

    fn shutdown(&self, restart: bool) {
        self.trigger.begin(if restart {
            accept::RESTART
        } else {
            "asked by a client"
        });
    }
}

/// Which keys differ, by whether a running daemon can take them. Limits hold for connections that
/// come from now on.
fn compare(old: &Config, new: &Config) -> Reloaded {
    let differing = |rows: &[(&str, bool)]| {
        rows.iter()
            .filter(|(_, differs)| *differs)
            .map(|(key, _)| format!("CLEUDOCODEBOT_{key}"))
            .collect::<Vec<_>>()
    };
    let mut changed = differing(&[
        ("TOKEN", old.token != new.token),
        (
            "ALLOWED_ORIGINS",
            old.allowed_origins != new.allowed_origins,
        ),
        ("ALLOWED_HOSTS", old.allowed_hosts != new.allowed_hosts),
        ("LOG_LEVEL", old.log_level != new.log_level),
        ("LOG_FORMAT", old.log_format != new.log_format),
    ]);
    changed.extend(old.limits.differing(&new.limits).map(str::to_owned));
    let needs_restart = differing(&[
        ("HOME", old.home != new.home),
        ("HOST", old.host != new.host),
        ("PORT", old.port != new.port),
        ("HISTORY_DAYS", old.history_days != new.history_days),
    ]);
    Reloaded {
        changed,
        needs_restart,
    }
}

/// Tells the clients that an integration changed its state.
pub(super) fn tell_states(listeners: &Arc<CommitListeners>) -> OnChange {
    let listeners = Arc::downgrade(listeners);
    Arc::new(move |status: &IntegrationStatus| {
        if let Some(listeners) = listeners.upgrade() {
            let event = status.json().to_string();
            listeners
                .bus
                .publish("integration.state", |out| out.push_str(&event));
        }
    })
}
