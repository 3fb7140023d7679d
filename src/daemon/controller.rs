//! What clients may ask of the daemon itself: its settings, reload, shutdown.
//!
//! Not here: what they may ask of its channels (`channels`).

use std::sync::{Arc, OnceLock, Weak};

use super::{
    DaemonOptions,
    channels::{ChannelRegistry, OnChange},
};
use crate::{
    config::{self, Config, Lookup, Setting},
    gateway::{
        CommitListeners, Gateway, accept,
        control::{Admin, IntegrationStatus, Reloaded},
    },
    log::Log,
    protocol::describe::event,
    shutdown::Trigger,
};

/// The daemon as the gateway knows it.
pub(super) struct Controller {
    options: DaemonOptions,
    trigger: Trigger,
    log: Log,
    gateway: OnceLock<Weak<Gateway>>,
    registry: Arc<ChannelRegistry>,
}

impl Controller {
    pub(super) fn new(
        options: DaemonOptions,
        trigger: Trigger,
        log: Log,
        registry: Arc<ChannelRegistry>,
    ) -> Self {
        Self {
            options,
            trigger,
            log,
            gateway: OnceLock::new(),
            registry,
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

impl Admin for Controller {
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
            gateway.close_all_unauthorized("the token was changed");
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
        ("COUNTRY", old.country != new.country),
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
            let payload = status.json().to_string();
            listeners
                .bus
                .publish(event::INTEGRATION_STATE, |out| out.push_str(&payload));
        }
    })
}
