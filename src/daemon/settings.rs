//! Settings that clients change: checked, written, and in use, all of them or none; and services that are asked
//! with settings before these are written.
//!
//! Not here: what makes a change right (`config::edit`), and taking new settings (`controller`).

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    controller::{Controller, compare},
    webhooks::wrong_topics,
};
use crate::{
    agents::openai,
    config::{
        Lookup,
        edit::{self, Change, Refused, Rehearsed},
        models::{self, ModelSettings},
    },
    gateway::control::Effects,
    integrations::plan,
    log::LogField,
    panics::run_blocking,
    protocol::error_code::{ErrorCode, Fault},
};

/// How long a service may take for its answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is asked of a model instead of a channel.
const MODEL: &str = "model";

/// Models that are listed.
const MAX_MODELS: usize = 200;

impl Controller {
    /// Checks changes as they would be used.
    pub(super) fn rehearse(&self, changes: Vec<Change>) -> Result<Rehearsed, Fault> {
        let (overrides, environment) = (&self.options.overrides, &self.options.environment);
        let rehearsed = edit::rehearse(overrides, environment, changes).map_err(refused)?;
        let wrong = wrong_topics(&rehearsed.changes);
        if !wrong.is_empty() {
            return Err(refused(Refused::Keys(wrong)));
        }
        let gateway = self.gateway().map_err(conflict)?;
        let config = rehearsed.loaded.config.clone();
        Self::prepare(&gateway.settings(), config).map_err(conflict)?;
        Ok(rehearsed)
    }

    /// What these changes do.
    pub(super) fn effects(&self, rehearsed: &Rehearsed) -> Result<Effects, Fault> {
        let gateway = self.gateway().map_err(conflict)?;
        let waiting = compare(&gateway.settings(), &rehearsed.loaded.config).needs_restart;
        let mut effects = Effects {
            overruled: rehearsed.overruled.clone(),
            ..Effects::default()
        };
        for Change { key, .. } in &rehearsed.changes {
            if waiting.contains(key) {
                effects.needs_restart.push(key.clone());
            } else if !effects.overruled.contains(key) {
                effects.effective.push(key.clone());
            }
        }
        Ok(effects)
    }

    /// Writes the changes and takes them into use. Where that is refused, the file is put back.
    pub(super) async fn change(&self, changes: Vec<Change>) -> Result<Effects, Fault> {
        // One client's check must not be of a file that another is about to write.
        let _turn = self.edits.lock().await;
        let rehearsed = self.rehearse(changes)?;
        let mut effects = self.effects(&rehearsed)?;
        let env_file = rehearsed.loaded.config.env_file.clone();
        let changes = Arc::new(rehearsed.changes);
        let (file, written) = (env_file.clone(), Arc::clone(&changes));
        let before = run_blocking(move || edit::write(&file, &written)).await;
        let before = before.map_err(conflict)?;
        let before = before.map_err(|error| conflict(error.to_string()))?;
        let keys: Vec<String> = changes.iter().map(|change| change.key.clone()).collect();
        match self.apply(&keys) {
            Ok(done) => {
                let fields: [LogField<'_>; 1] = [("keys", &keys.join(","))];
                self.log
                    .info("config", "a client changed settings", &fields);
                effects.changed = Some(done.changed);
                Ok(effects)
            }
            Err(why) => {
                let restored = run_blocking(move || edit::restore(&env_file, &before, &changes));
                let restored = restored.await;
                if let Ok(Err(error)) = restored {
                    let why = format!("{why}; and {error}");
                    return Err(conflict(why));
                }
                Err(conflict(format!("nothing was changed: {why}")))
            }
        }
    }

    /// What a service says to whoever comes with these changes.
    pub(super) async fn tried(&self, changes: Vec<Change>, service: &str) -> Result<Value, Fault> {
        let lookup = self.rehearse(changes)?.loaded.lookup;
        let asked = async {
            if service == MODEL {
                return model(&lookup).await;
            }
            let plans = plan::plans(&lookup);
            let plan = plans.iter().find(|plan| plan.name == service);
            let plan = plan.ok_or_else(|| {
                format!("{service:?} is no service that can be asked, or its settings are missing")
            })?;
            plan.inquire().await
        };
        let answered = timeout(PATIENCE, asked).await;
        let late = || Err("the service did not answer in time".to_owned());
        answered
            .unwrap_or_else(|_| late())
            .map_err(|why| Fault::new(ErrorCode::ChannelUnavailable, why))
    }
}

/// The models of the service that the settings name.
async fn model(lookup: &Lookup) -> Result<Value, String> {
    models::check(lookup).map_err(|error| error.to_string())?;
    let endpoint = ModelSettings::read(lookup).endpoint;
    let endpoint = endpoint.ok_or("no service with a model is set: name one, or its key")?;
    let mut models = openai::models_of(&endpoint).await?;
    models.sort_unstable();
    models.truncate(MAX_MODELS);
    Ok(json!({"title": endpoint.title, "models": models}))
}

fn refused(refused: Refused) -> Fault {
    match refused {
        Refused::Together(why) => conflict(why),
        Refused::Keys(keys) => {
            let all: Vec<&str> = keys.iter().map(|(_, why)| why.as_str()).collect();
            let text = all.join("; ");
            let keys: serde_json::Map<_, _> = keys
                .into_iter()
                .map(|(key, why)| (key, json!(why)))
                .collect();
            Fault::new(ErrorCode::BadPayload, text).with_details(json!({"keys": keys}))
        }
    }
}

fn conflict(why: String) -> Fault {
    Fault::new(ErrorCode::Conflict, why)
}
