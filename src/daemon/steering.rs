//! What clients may ask of the daemon: reload, shutdown, and how the integrations are.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use serde_json::json;

use super::{
    Options,
    supervisor::{State, Supervised},
};
use crate::{
    config::{self, Config},
    gateway::{
        Gateway, accept,
        control::{Control, IntegrationStatus, Reloaded},
    },
    log::Log,
    shutdown::Trigger,
};

/// The daemon as the gateway knows it.
pub(super) struct Steering {
    options: Options,
    trigger: Trigger,
    log: Log,
    gateway: OnceLock<Weak<Gateway>>,
    overseen: Mutex<Vec<Arc<Supervised>>>,
}

impl Steering {
    pub(super) fn new(options: Options, trigger: Trigger, log: Log) -> Self {
        Self {
            options,
            trigger,
            log,
            gateway: OnceLock::new(),
            overseen: Mutex::default(),
        }
    }

    /// The gateway whose settings a reload changes.
    pub(super) fn steers(&self, gateway: &Arc<Gateway>) {
        let _ = self.gateway.set(Arc::downgrade(gateway));
    }

    /// One more integration to tell about.
    pub(super) fn oversees(&self, supervised: Arc<Supervised>) {
        self.overseen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(supervised);
    }

    pub(super) fn trigger(&self) -> Trigger {
        self.trigger.clone()
    }
}

impl Control for Steering {
    fn integrations(&self) -> Vec<IntegrationStatus> {
        let overseen = self.overseen.lock().unwrap_or_else(PoisonError::into_inner);
        overseen
            .iter()
            .map(|supervised| supervised.status())
            .collect()
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
        let done = compare(&old, &new);
        // What is bound and open stays as it is until the next start.
        (new.home, new.host, new.port, new.history_days) =
            (old.home.clone(), old.host, old.port, old.history_days);
        self.log.reconfigure(new.log_level, new.log_format);
        gateway.reconfigure(new);
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

/// Which keys differ, by whether a running daemon can take them.
fn compare(old: &Config, new: &Config) -> Reloaded {
    let differing = |rows: &[(&str, bool)]| {
        rows.iter()
            .filter(|(_, differs)| *differs)
            .map(|(key, _)| format!("CLEUDOCODEBOT_{key}"))
            .collect()
    };
    Reloaded {
        changed: differing(&[
            ("TOKEN", old.token != new.token),
            (
                "ALLOWED_ORIGINS",
                old.allowed_origins != new.allowed_origins,
            ),
            ("ALLOWED_HOSTS", old.allowed_hosts != new.allowed_hosts),
            ("LIMITS", old.limits != new.limits),
            ("LOG_LEVEL", old.log_level != new.log_level),
            ("LOG_FORMAT", old.log_format != new.log_format),
        ]),
        needs_restart: differing(&[
            ("HOME", old.home != new.home),
            ("HOST", old.host != new.host),
            ("PORT", old.port != new.port),
            ("HISTORY_DAYS", old.history_days != new.history_days),
        ]),
    }
}

/// Tells the clients that an integration changed its state.
pub(super) fn publish_state(gateway: &Gateway, name: &str, state: State) {
    let event = json!({"name": name, "state": state.as_str()}).to_string();
    gateway.publish("integration.state", |out| out.push_str(&event));
}
