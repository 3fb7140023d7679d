//! The actions on the daemon itself: settings, reload, shutdown.
//!
//! Not here: the actions on channels (`channels::control`).

use std::sync::{Arc, OnceLock, Weak};

use serde_json::{Value, json};

use super::{
    DaemonOptions,
    agents::{AgentProcesses, finder::AgentFinder},
    channels::{ChannelRegistry, OnChange},
    gate::Gate,
    guide::Guide,
    process::restart,
    push::Pusher,
    schedule::Scheduler,
    turns::{Turns, states},
    webhooks::Webhooks,
};
use crate::{
    config::{self, Config, Lookup, Setting, edit::Change, keys::reach::TLS_CERT},
    gateway::{
        CommitListeners, Gateway, accept,
        control::{Admin, AgentStatus, Effects, FoundAgent, IntegrationStatus, Reloaded, Reply},
    },
    log::Log,
    panics::run_to_end,
    protocol::{
        describe::event,
        error_code::{ErrorCode, Fault},
    },
    shutdown::Trigger,
};

/// Implements the gateway's `Admin` for the daemon.
pub(super) struct Controller {
    pub(super) options: DaemonOptions,
    trigger: Trigger,
    pub(super) log: Log,
    /// Held while `.env` is changed.
    pub(super) edits: tokio::sync::Mutex<()>,
    gateway: OnceLock<Weak<Gateway>>,
    registry: Arc<ChannelRegistry>,
    turns: Arc<Turns>,
    agents: AgentProcesses,
    guide: Guide,
    pusher: Arc<Pusher>,
    scheduler: Scheduler,
    gate: Arc<Gate>,
    webhooks: Arc<Webhooks>,
    finder: AgentFinder,
}

/// What is started, told of new settings and ended.
pub(super) struct ControlledParts {
    pub(super) registry: Arc<ChannelRegistry>,
    pub(super) turns: Arc<Turns>,
    pub(super) agents: AgentProcesses,
    pub(super) guide: Guide,
    pub(super) pusher: Arc<Pusher>,
    pub(super) scheduler: Scheduler,
    pub(super) gate: Arc<Gate>,
    pub(super) webhooks: Arc<Webhooks>,
}

impl Controller {
    pub(super) fn new(
        options: DaemonOptions,
        trigger: Trigger,
        log: Log,
        parts: ControlledParts,
    ) -> Self {
        let finder = AgentFinder::new(options.overrides.clone(), options.environment.clone());
        Self {
            finder,
            options,
            trigger,
            log,
            edits: tokio::sync::Mutex::default(),
            gateway: OnceLock::new(),
            registry: parts.registry,
            turns: parts.turns,
            agents: parts.agents,
            guide: parts.guide,
            pusher: parts.pusher,
            scheduler: parts.scheduler,
            gate: parts.gate,
            webhooks: parts.webhooks,
        }
    }

    /// Sets the gateway that a reload reconfigures. Weak, because the gateway owns this controller.
    pub(super) fn set_gateway(&self, gateway: &Arc<Gateway>) {
        let _ = self.gateway.set(Arc::downgrade(gateway));
    }

    /// Starts the integrations and has those answered that the settings name.
    pub(super) fn launch(&self, lookup: &Lookup, config: &Config) {
        self.pusher.apply(lookup, config);
        self.webhooks.apply(lookup);
        self.registry.adopt_waiting();
        self.registry.apply(lookup);
        self.turns.apply(lookup, config.country);
        self.agents.apply(lookup, config);
        self.guide.apply(lookup);
        self.scheduler.start();
    }

    /// Stops all turns, those who answer them, and all channels.
    pub(super) async fn end(&self) {
        self.pusher.end();
        self.scheduler.end();
        self.guide.end();
        self.turns.end().await;
        self.agents.end().await;
        self.registry.end().await;
        // Last, so that what the others still stored is told.
        self.webhooks.end().await;
    }

    /// The settings as the running daemon takes them, and what that changes; the error says what is wrong with
    /// them.
    pub(super) fn prepare(old: &Config, mut new: Config) -> Result<(Config, Reloaded), String> {
        if new.token.is_none() {
            return Err(format!(
                "{} no longer has a CLEUDOCODEBOT_TOKEN",
                new.env_file.display()
            ));
        }
        let done = compare(old, &new);
        // These need a restart. Keep the old values before the check below: the token and the hosts of
        // the new settings must be safe for the address that is really bound.
        (new.home, new.host, new.port, new.history_days) =
            (old.home.clone(), old.host, old.port, old.history_days);
        new.check_exposure().map_err(|error| error.to_string())?;
        Ok((new, done))
    }

    /// Reads `.env` again and takes it into use; `keys` are those that a client has just changed in it.
    pub(super) fn apply(&self, keys: &[String]) -> Result<Reloaded, String> {
        let gateway = self.gateway()?;
        let loaded = config::load(&self.options.overrides, &self.options.environment)
            .map_err(|error| error.to_string())?;
        for warning in &loaded.warnings {
            self.log.warn("config", warning, &[]);
        }
        let old = gateway.settings();
        let (new, mut done) = Self::prepare(&old, loaded.config)?;
        let new_token = old.token != new.token;
        let new_certificate = gateway.reload_certificate(&new)?;
        if new_certificate && old.tls == new.tls {
            // The same names, with something else in them.
            done.changed.push(TLS_CERT.to_owned());
        }
        self.log.reconfigure(new.log_level, new.log_format);
        self.gate.set_zone(new.zone.clone());
        gateway.reconfigure(new);
        self.apply_to_parts(&gateway, &loaded.lookup, &mut done);
        self.log.info(
            "config",
            "settings reloaded",
            &[("changed", &done.changed.join(","))],
        );
        let told =
            json!({"keys": keys, "changed": done.changed, "needs_restart": done.needs_restart})
                .to_string();
        gateway.publish(event::CONFIG_CHANGED, |out| out.push_str(&told));
        if new_token {
            gateway.owner_token_changed();
        }
        Ok(done)
    }

    fn apply_to_parts(&self, gateway: &Gateway, lookup: &Lookup, done: &mut Reloaded) {
        let integrations = self.registry.apply(lookup);
        let changed = integrations
            .iter()
            .map(|name| format!("integration {name}"));
        done.changed.extend(changed);
        if self.turns.apply(lookup, gateway.settings().country) {
            done.changed.push("agents".to_owned());
        }
        if self.pusher.apply(lookup, &gateway.settings()) {
            done.changed.push("push".to_owned());
        }
        if self.webhooks.apply(lookup) {
            done.changed.push("webhooks".to_owned());
        }
        let agents = self.agents.apply(lookup, &gateway.settings());
        self.guide.apply(lookup);
        done.changed
            .extend(agents.iter().map(|name| format!("agent {name}")));
    }

    pub(super) fn gateway(&self) -> Result<Arc<Gateway>, String> {
        let gateway = self.gateway.get().and_then(Weak::upgrade);
        gateway.ok_or_else(|| "the daemon is not ready yet".to_owned())
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

    fn needs_restart(&self) -> Vec<String> {
        let loaded = config::load(&self.options.overrides, &self.options.environment);
        let (Ok(gateway), Ok(loaded)) = (self.gateway(), loaded) else {
            return Vec::new();
        };
        compare(&gateway.settings(), &loaded.config).needs_restart
    }

    fn comes_back(&self) -> bool {
        restart::comes_back(&self.options.environment)
    }

    fn check_settings(&self, changes: Vec<Change>) -> Result<Effects, Fault> {
        self.effects(&self.rehearse(changes)?)
    }

    fn try_service(self: Arc<Self>, changes: Vec<Change>, service: String) -> Reply<Value> {
        Box::pin(async move { self.tried(changes, &service).await })
    }

    fn set_settings(self: Arc<Self>, changes: Vec<Change>) -> Reply<Effects> {
        // A task of its own, because the client may disconnect: dropped half-way, this would leave settings in the
        // file that nobody has taken.
        let changing = async move { self.change(changes).await };
        Box::pin(run_to_end(changing, |why| {
            Fault::new(ErrorCode::Internal, why)
        }))
    }

    fn reload(&self) -> Result<Reloaded, String> {
        self.apply(&[])
    }

    fn found_agents(self: Arc<Self>) -> Reply<Vec<FoundAgent>> {
        Box::pin(async move { self.finder.found().await })
    }

    fn choose_agent(self: Arc<Self>, name: String, model: Option<String>) -> Reply<Reloaded> {
        Box::pin(async move {
            let edits = self.finder.choice(&name, model.as_deref()).await?;
            let changes = edits.iter().map(|(key, value)| Change::set(key, value));
            let done = Arc::clone(&self).set_settings(changes.collect()).await?;
            let what = "a client chose who answers";
            self.log.info("agent", what, &[("name", &name)]);
            Ok(Reloaded {
                changed: done.changed.unwrap_or_default(),
                needs_restart: done.needs_restart,
            })
        })
    }

    fn shutdown(&self, restart: bool) {
        self.trigger.begin(if restart {
            accept::RESTART
        } else {
            "asked by a client"
        });
    }
}

/// The keys that differ, split by whether a running daemon can apply them. New limits apply to new
/// connections.
pub(super) fn compare(old: &Config, new: &Config) -> Reloaded {
    let differing = |rows: &[(&str, bool)]| {
        rows.iter()
            .filter(|(_, differs)| *differs)
            .map(|(key, _)| format!("CLEUDOCODEBOT_{key}"))
            .collect::<Vec<_>>()
    };
    let certificate = |config: &Config| config.tls.as_ref().map(|tls| tls.certificate.clone());
    let key = |config: &Config| config.tls.as_ref().map(|tls| tls.key.clone());
    let mut changed = differing(&[
        ("TOKEN", old.token != new.token),
        (
            "ALLOWED_ORIGINS",
            old.allowed_origins != new.allowed_origins,
        ),
        ("ALLOWED_HOSTS", old.allowed_hosts != new.allowed_hosts),
        ("TLS_CERT", certificate(old) != certificate(new)),
        ("TLS_KEY", key(old) != key(new)),
        ("HSTS", old.hsts != new.hsts),
        ("PUBLIC_URL", old.public_url != new.public_url),
        ("COUNTRY", old.country != new.country),
        ("LANG", old.language != new.language),
        ("LOG_LEVEL", old.log_level != new.log_level),
        ("LOG_FORMAT", old.log_format != new.log_format),
    ]);
    if old.backups != new.backups {
        changed.push("backups".to_owned());
    }
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

/// A callback that publishes the new state of an agent to the clients.
pub(super) fn publish_agent_states(listeners: &Arc<CommitListeners>) -> states::OnChange {
    let listeners = Arc::downgrade(listeners);
    Arc::new(move |status: &AgentStatus| {
        if let Some(listeners) = listeners.upgrade() {
            let payload = status.json().to_string();
            listeners
                .bus
                .publish(event::AGENT_STATE, |out| out.push_str(&payload));
        }
    })
}

/// A callback that publishes a pause, or its end, to the clients.
pub(super) fn publish_pauses(
    listeners: &Arc<CommitListeners>,
) -> Box<dyn Fn(&Value) + Send + Sync> {
    let listeners = Arc::downgrade(listeners);
    Box::new(move |pause: &Value| {
        if let Some(listeners) = listeners.upgrade() {
            let payload = pause.to_string();
            listeners
                .bus
                .publish(event::GATE_PAUSED, |out| out.push_str(&payload));
        }
    })
}

/// A callback that publishes the new state of an integration to the clients.
pub(super) fn publish_states(listeners: &Arc<CommitListeners>) -> OnChange {
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
