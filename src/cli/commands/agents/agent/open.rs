//! The agents in the box, made from the settings and the options.

use std::{ffi::OsString, sync::Arc};

use super::{Kind, TURNS};
use crate::{
    agents::{
        Agent,
        echo::Echo,
        exec::Exec,
        journal::Journal,
        openai::{OpenAi, OpenAiOptions},
        pi::{Pi, PiOptions},
    },
    child::{Keeper, shell},
    cli::{connection::endpoints, context::Context},
    config::{
        BaseUrl, Loaded, Lookup,
        models::{self, ExecSettings, ModelEndpoint, ModelSettings, Prompts},
    },
    error::{Error, Result},
};

/// The agent of this kind, and how many turns it takes at a time: `wanted`, where that was said.
pub(super) async fn open(
    kind: &Kind,
    wanted: Option<usize>,
    context: &Context<'_>,
) -> Result<(Arc<dyn Agent>, usize)> {
    let loaded = context.client_settings()?;
    models::check(&loaded.lookup)?;
    let mut settings = ModelSettings::read(&loaded.lookup);
    let turns = wanted.unwrap_or(TURNS);
    match kind {
        Kind::Echo => Ok((Arc::new(Echo), turns)),
        Kind::Exec { .. } => Ok((Arc::new(exec(kind, settings.exec, &loaded.lookup)?), turns)),
        Kind::OpenAi { url, model } => {
            let options = openai(url.as_deref(), model.clone(), settings, &loaded)?;
            Ok((Arc::new(OpenAi::open(options).await?), turns))
        }
        Kind::Pi(model) => {
            // Each turn has a process of its own: without as many of these, turns would wait in vain.
            settings.pi_pool = wanted.unwrap_or(settings.pi_pool);
            let pool = settings.pi_pool;
            let options = pi(model.clone(), settings, &loaded, context)?;
            Ok((Arc::new(Pi::open(options).await?), pool))
        }
    }
}

/// What the options say counts more than the settings.
fn exec(kind: &Kind, configured: ExecSettings, lookup: &Lookup) -> Result<Exec> {
    let Kind::Exec {
        command,
        json,
        timeout,
        variables,
    } = kind
    else {
        return Err(Error::Usage("no program was named".to_owned()));
    };
    let command = match (&command[..], &configured.command) {
        ([line], _) | ([], Some(line)) => shell(line),
        ([], None) => {
            let text = "no command is set: name it in AGENT_EXEC, or behind agent exec";
            return Err(Error::Config(text.to_owned()));
        }
        (words, _) => words.to_vec(),
    };
    let names = match &variables[..] {
        [] => configured.variables,
        named => named.to_vec(),
    };
    Ok(Exec {
        command,
        json: *json || configured.json,
        timeout: timeout.or(configured.timeout),
        variables: values_of(&names, lookup),
        keeper: Keeper::default(),
    })
}

/// The variables of these names that are set, here or in `.env`.
fn values_of(names: &[String], lookup: &Lookup) -> Vec<(String, OsString)> {
    let value = |name: &String| {
        let set = lookup.get(name).map(OsString::from);
        // What is no Unicode is known to the environment alone.
        Some((name.clone(), set.or_else(|| std::env::var_os(name))?))
    };
    names.iter().filter_map(value).collect()
}

fn prompts(settings: &ModelSettings, loaded: &Loaded) -> Result<Prompts> {
    let prompts = settings.system_prompts(&loaded.config.home);
    prompts.map_err(Error::Config)
}

fn openai(
    url: Option<&str>,
    model: Option<String>,
    settings: ModelSettings,
    loaded: &Loaded,
) -> Result<OpenAiOptions> {
    let prompts = prompts(&settings, loaded)?;
    let mut endpoint = match url {
        Some(url) => named(url, settings.endpoint)?,
        None => settings.endpoint.ok_or_else(no_model)?,
    };
    endpoint.model = model.or(endpoint.model);
    Ok(OpenAiOptions {
        endpoint,
        prompts,
        history: settings.history,
        vision: settings.vision,
        journal: Journal::stderr(),
    })
}

/// The address of an option. Its key is that of `OPENAI_API_KEY`, where the settings choose that.
fn named(url: &str, configured: Option<ModelEndpoint>) -> Result<ModelEndpoint> {
    let base = BaseUrl::parse(url);
    let base =
        base.map_err(|expected| Error::Usage(format!("--url is {url:?}; expected {expected}")))?;
    let configured = configured.filter(|endpoint| endpoint.title == "OpenAI");
    let (key, model) = configured.map_or((None, None), |endpoint| (endpoint.key, endpoint.model));
    Ok(ModelEndpoint {
        title: "OpenAI",
        base,
        key,
        model,
        model_key: "--model",
    })
}

fn no_model() -> Error {
    let host = models::OLLAMA_HOST;
    Error::Config(format!(
        "no model is set: name one with {host} (such as http://127.0.0.1:11434), OPENAI_API_KEY or GROQ_API_KEY"
    ))
}

fn pi(
    model: Option<String>,
    settings: ModelSettings,
    loaded: &Loaded,
    context: &Context<'_>,
) -> Result<PiOptions> {
    let prompts = prompts(&settings, loaded)?;
    let gateway = endpoints(context, &loaded.config)?.into_iter().next();
    Ok(PiOptions {
        command: PiOptions::words(&settings.pi),
        model: model.or(settings.pi_model),
        endpoint: settings.endpoint,
        prompts,
        vision: settings.vision,
        tools: settings.tools,
        pool: settings.pi_pool,
        home: loaded.config.home.clone(),
        user_dir: PiOptions::user_dir(),
        gateway: gateway
            .map(|endpoint| endpoint.authority())
            .unwrap_or_default(),
        token: loaded.config.token.clone(),
        keeper: Keeper::default(),
        journal: Journal::stderr(),
    })
}
