//! What there is on this machine that could answer, and the settings by which it does. Only programs of this machine
//! and addresses of this machine are asked.
//!
//! Not here: looking for it (`agents::survey`), and taking the settings (`controller`).

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{
    agents::survey::{self, Found},
    config::{
        self, Environment, Lookup, Overrides, Source,
        agents::AGENT,
        models::{ModelSettings, OLLAMA_HOST, OLLAMA_TITLE},
    },
    gateway::control::FoundAgent,
    protocol::error_code::{ErrorCode, Fault},
};

/// How long is looked: Node takes its time to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it counts what was found: clients may ask as often as they like.
const FOUND_FOR: Duration = Duration::from_secs(5);

/// A change of `.env`.
pub(in crate::daemon) type EnvEdit = (String, String);

/// Looks for agents, once at a time.
pub(in crate::daemon) struct AgentFinder {
    overrides: Overrides,
    environment: Environment,
    found: Mutex<Option<(Instant, Arc<Found>)>>,
}

impl AgentFinder {
    /// One that goes by the settings as they are each time.
    pub(in crate::daemon) fn new(overrides: Overrides, environment: Environment) -> Self {
        Self {
            overrides,
            environment,
            found: Mutex::default(),
        }
    }

    /// What there is.
    pub(in crate::daemon) async fn found(&self) -> Result<Vec<FoundAgent>, Fault> {
        let lookup = self.lookup()?;
        let settings = ModelSettings::read(&lookup);
        let found = self.look(&settings, &lookup).await;
        Ok(candidates(&found, &settings))
    }

    /// The changes by which one of these answers; fails where it is not there, or would not be asked all the same.
    pub(in crate::daemon) async fn choice(
        &self,
        name: &str,
        model: Option<&str>,
    ) -> Result<Vec<EnvEdit>, Fault> {
        let found = self.found().await?;
        expect_found(&found, name, model)?;
        if let Some((_, source @ (Source::Environment | Source::CommandLine))) =
            self.lookup()?.find(AGENT)
        {
            return Err(conflict(format!(
                "{AGENT} is set by the {source} that the daemon was started with, which comes before .env"
            )));
        }
        let edits = survey::settings(name, model);
        // As they will be: what is valid one by one may be wrong together.
        let mut overrides = self.overrides.clone();
        overrides.settings.extend(edits.iter().cloned());
        let loaded = config::load(&overrides, &self.environment);
        loaded.map_err(|error| conflict(error.to_string()))?;
        Ok(edits)
    }

    fn lookup(&self) -> Result<Lookup, Fault> {
        let lookup = config::look_up(&self.overrides, &self.environment);
        lookup.map_err(|error| conflict(error.to_string()))
    }

    async fn look(&self, settings: &ModelSettings, lookup: &Lookup) -> Arc<Found> {
        let mut known = self.found.lock().await;
        if let Some((at, found)) = &*known
            && at.elapsed() < FOUND_FOR
        {
            return Arc::clone(found);
        }
        let host = lookup.text(OLLAMA_HOST).unwrap_or_default();
        let host = survey::is_here(host).then_some(host);
        let found = timeout(PATIENCE, survey::survey(&settings.pi, host)).await;
        let found = Arc::new(found.unwrap_or_default());
        *known = Some((Instant::now(), Arc::clone(&found)));
        found
    }
}

/// What can be chosen, of what was found and what the settings have.
fn candidates(found: &Found, settings: &ModelSettings) -> Vec<FoundAgent> {
    let mut all = Vec::new();
    if let Some(version) = &found.pi {
        all.push(FoundAgent {
            version: Some(version.clone()),
            ..FoundAgent::new("pi", "pi")
        });
    }
    match &settings.endpoint {
        // A key counts more than Ollama: whatever were chosen, this would be asked.
        Some(endpoint) if endpoint.title != OLLAMA_TITLE => {
            let place = format!("{} ({})", endpoint.title, endpoint.base.authority());
            all.push(FoundAgent::new("openai", &place));
        }
        _ if !found.ollama.is_empty() => all.push(FoundAgent {
            models: found.ollama.clone(),
            ..FoundAgent::new("openai", OLLAMA_TITLE)
        }),
        _ => {}
    }
    if settings.exec.command.is_some() {
        all.push(FoundAgent::new("exec", "AGENT_EXEC"));
    }
    all
}

fn expect_found(found: &[FoundAgent], name: &str, model: Option<&str>) -> Result<(), Fault> {
    let candidate = found.iter().find(|found| found.name == name);
    let candidate = candidate.ok_or_else(|| {
        let text = format!("no {name:?} was found here; agents.found lists what was");
        Fault::new(ErrorCode::NotFound, text)
    })?;
    let is_fine = match model {
        Some(model) => candidate.models.iter().any(|known| known == model),
        None => candidate.models.len() <= 1,
    };
    if is_fine {
        return Ok(());
    }
    let expected = match &candidate.models[..] {
        [] => "left out: it has one of its own".to_owned(),
        models => format!("one of {}", models.join(", ")),
    };
    let shown = model.map_or_else(|| "left out".to_owned(), |model| format!("{model:?}"));
    Err(crate::protocol::payload::bad_field(
        "model", &expected, &shown,
    ))
}

fn conflict(text: String) -> Fault {
    Fault::new(ErrorCode::Conflict, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finder(pairs: &[(&str, &str)]) -> AgentFinder {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let overrides = Overrides {
            home: Some(std::env::temp_dir().join("cleudocodebot-nowhere")),
            settings: pairs.iter().map(pair).collect(),
            ..Overrides::default()
        };
        AgentFinder::new(overrides, Environment::default())
    }

    fn found(models: &[&str]) -> Found {
        Found {
            pi: Some("1.5.2".to_owned()),
            ollama: models.iter().map(|&model| model.to_owned()).collect(),
        }
    }

    fn names(found: &Found, pairs: &[(&str, &str)]) -> Vec<String> {
        let lookup = finder(pairs).lookup().expect("settings");
        let all = candidates(found, &ModelSettings::read(&lookup));
        all.into_iter()
            .map(|one| format!("{} {} {}", one.name, one.title, one.models.join(",")))
            .collect()
    }

    #[test]
    fn what_would_be_asked_is_what_is_offered() {
        let all = found(&["llama3", "r1"]);
        assert_eq!(names(&all, &[]), ["pi pi ", "openai Ollama llama3,r1"]);
        let keyed = [("GROQ_API_KEY", "g"), ("AGENT_EXEC", "answer")];
        let expected = ["pi pi ", "openai Groq (api.groq.com) ", "exec AGENT_EXEC "];
        assert_eq!(names(&all, &keyed), expected);
        assert!(names(&Found::default(), &[]).is_empty());
    }

    #[tokio::test]
    async fn only_what_is_there_can_be_chosen() {
        let finder = finder(&[
            ("AGENT_PI", "/no/such/pi"),
            ("OLLAMA_HOST", "ollama.example"),
        ]);
        assert_eq!(
            finder.found().await,
            Ok(Vec::new()),
            "elsewhere is not asked"
        );
        // As if it had been found just now.
        let now = Some((Instant::now(), Arc::new(found(&["llama3", "r1"]))));
        *finder.found.lock().await = now;
        let edits = finder.choice("openai", Some("r1")).await.expect("there");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(edits, [pair("AGENT", "openai"), pair("OLLAMA_MODEL", "r1")]);
        assert_eq!(
            finder.choice("pi", None).await,
            Ok(vec![pair("AGENT", "pi")])
        );
        for (name, model) in [
            ("openai", Some("gpt")),
            ("openai", None),
            ("exec", None),
            ("pi", Some("r1")),
        ] {
            assert!(finder.choice(name, model).await.is_err(), "{name}");
        }
    }

    #[tokio::test]
    async fn what_the_daemon_was_started_with_is_not_overruled_in_vain() {
        let finder = finder(&[("AGENT", "echo"), ("AGENT_EXEC", "answer")]);
        let refused = finder.choice("exec", None).await.expect_err("refused");
        assert_eq!(refused.code, ErrorCode::Conflict);
    }
}
