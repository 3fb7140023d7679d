//! What the agents in the box answer with: the models, and how each agent is set up.
//!
//! A wrong value is a warning and counts as unset. Not here: who answers whom (`agents`), and the calls of
//! models.

mod endpoint;
mod prompts;
mod transcription;

use std::{path::Path, time::Duration};

use self::endpoint::endpoint;
pub use self::{
    endpoint::{ModelEndpoint, OLLAMA_PORT, OLLAMA_TITLE, ollama_base},
    prompts::Prompts,
    transcription::{TranscribedBy, TranscriptionSettings},
};
pub use super::keys::models::{EXEC, OLLAMA_HOST, OLLAMA_MODEL, PI};
use super::{
    keys::models::{
        EXEC_ENV, EXEC_JSON, EXEC_TIMEOUT, HISTORY, KEYS, PI_MODEL, PI_POOL, PROMPTS,
        SYSTEM_PROMPT, TOOLS, VISION,
    },
    lookup::Lookup,
    values::{self, PromptRoute},
};
use crate::error::Error;

/// The settings of the agents in the box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// The model; `None` where none is set.
    pub endpoint: Option<ModelEndpoint>,
    /// What a model is told to be, or `@FILE`.
    pub system_prompt: Option<String>,
    /// The same for some conversations, the first match counts.
    pub prompts: Vec<PromptRoute>,
    /// Characters of history.
    pub history: usize,
    /// Whether pictures are shown.
    pub vision: bool,
    /// Whether pi has tools.
    pub tools: bool,
    /// The command that runs pi.
    pub pi: String,
    /// Its model, as it names it.
    pub pi_model: Option<String>,
    /// Processes of pi at a time.
    pub pi_pool: usize,
    /// The program of `exec`.
    pub exec: ExecSettings,
}

/// How the agent `exec` runs its program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecSettings {
    /// The command; `None` where none is set.
    pub command: Option<String>,
    /// Whether it gets the whole turn, as JSON.
    pub json: bool,
    /// How long it may take; `None` for as long as a turn may.
    pub timeout: Option<Duration>,
    /// Further variables that it gets.
    pub variables: Vec<String>,
}

/// Fails where one of these settings is wrong: what was meant for one service must not go to another.
pub fn check(lookup: &Lookup) -> Result<(), Error> {
    let wrong = KEYS
        .iter()
        .filter_map(|key| lookup.complaint(key.name, key));
    let wrong: Vec<String> = wrong.collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Error::Config(wrong.join("\n")))
}

impl ModelSettings {
    /// Reads the settings; a wrong value counts as unset (see [`check`]).
    pub fn read(lookup: &Lookup) -> Self {
        let text = |name| text(lookup, name);
        let count = |name| lookup.valid_text(name).parse().unwrap_or(0);
        Self {
            endpoint: endpoint(lookup),
            system_prompt: text(SYSTEM_PROMPT),
            prompts: values::agent_prompts(lookup.valid_text(PROMPTS)).unwrap_or_default(),
            history: count(HISTORY),
            vision: count(VISION) == 1,
            tools: count(TOOLS) == 1,
            pi: text(PI).unwrap_or_else(|| "pi".to_owned()),
            pi_model: text(PI_MODEL),
            pi_pool: count(PI_POOL).max(1),
            exec: ExecSettings {
                command: text(EXEC),
                json: count(EXEC_JSON) == 1,
                timeout: values::wait(lookup.valid_text(EXEC_TIMEOUT))
                    .ok()
                    .filter(|timeout| !timeout.is_zero()),
                variables: exec_variables(lookup),
            },
        }
    }

    /// The system prompts themselves; the error says which file cannot be read.
    pub fn system_prompts(&self, home: &Path) -> Result<Prompts, String> {
        Prompts::read(self, home)
    }
}

/// All keys with their values as an agent that runs in another process needs them: as variables.
pub fn variables(lookup: &Lookup) -> Vec<(&'static str, String)> {
    let names = KEYS.iter().map(|key| key.name);
    let set = names.filter_map(|name| Some((name, lookup.get(name)?.to_owned())));
    set.collect()
}

/// The names of the variables that the program of `exec` gets besides the usual ones.
pub fn exec_variables(lookup: &Lookup) -> Vec<String> {
    values::variable_names(lookup.valid_text(EXEC_ENV)).unwrap_or_default()
}

/// The value of a key, if it has one.
fn text(lookup: &Lookup, name: &str) -> Option<String> {
    let value = lookup.valid_text(name).trim();
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Environment, Overrides, look_up},
        fs::scratch::Scratch,
    };

    fn read(pairs: &[(&str, &str)]) -> ModelSettings {
        let folder = Scratch::new();
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let overrides = Overrides {
            home: Some(folder.path().to_owned()),
            settings: pairs.iter().map(pair).collect(),
            ..Overrides::default()
        };
        ModelSettings::read(&look_up(&overrides, &Environment::default()).expect("read"))
    }

    fn chosen(pairs: &[(&str, &str)]) -> (&'static str, String, Option<String>) {
        let endpoint = read(pairs).endpoint.expect("an endpoint");
        let base = format!("{}{}", endpoint.base.authority(), endpoint.base.prefix());
        (endpoint.title, base, endpoint.model)
    }

    #[test]
    fn what_was_meant_for_one_service_does_not_go_to_another() {
        let folder = Scratch::new();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let overrides = Overrides {
            home: Some(folder.path().to_owned()),
            settings: vec![
                pair("OPENAI_API_KEY", "sk-local"),
                pair("OPENAI_BASE_URL", "127.0.0.1:8000/v1"),
            ],
            ..Overrides::default()
        };
        let lookup = look_up(&overrides, &Environment::default()).expect("read");
        let refused = check(&lookup).expect_err("refused").to_string();
        assert!(refused.contains("OPENAI_BASE_URL") && !refused.contains("sk-local"));
    }

    #[test]
    fn nothing_set_is_no_model() {
        let unset = read(&[]);
        assert_eq!(unset.endpoint, None);
        assert_eq!(
            (unset.pi.as_str(), unset.pi_pool, unset.history),
            ("pi", 4, 12_000)
        );
        assert!(!unset.tools && !unset.vision);
        assert_eq!(unset.exec.timeout, Some(Duration::from_secs(600)));
    }

    #[test]
    fn the_program_of_exec_is_set_up_by_the_settings() {
        let set = read(&[
            ("AGENT_EXEC", "answer --now"),
            ("AGENT_EXEC_JSON", "1"),
            ("AGENT_EXEC_TIMEOUT", "0"),
            ("AGENT_EXEC_ENV", "WEATHER_KEY, CITY"),
        ]);
        let expected = ExecSettings {
            command: Some("answer --now".to_owned()),
            json: true,
            timeout: None,
            variables: ["WEATHER_KEY", "CITY"].map(str::to_owned).into(),
        };
        assert_eq!(set.exec, expected);
    }

    #[test]
    fn a_service_with_a_key_comes_before_ollama() {
        let ollama = [("OLLAMA_HOST", "http://box:1"), ("DEEPSEEK_MODEL", "r1")];
        let (title, base, model) = chosen(&ollama);
        assert_eq!((title, base.as_str()), ("Ollama", "box:1/v1"));
        assert_eq!(model.as_deref(), Some("r1"));
        let groq = [&ollama[..], &[("GROQ_API_KEY", "g")]].concat();
        assert_eq!(chosen(&groq).0, "Groq");
        let openai = [&groq[..], &[("OPENAI_BASE_URL", "http://vllm:8000/v1/")]].concat();
        assert_eq!(chosen(&openai).1, "vllm:8000/v1");
        assert_eq!(chosen(&[("OPENAI_API_KEY", "k")]).1, "api.openai.com/v1");
    }

    #[test]
    fn the_address_of_ollama_is_understood_as_ollama_does() {
        for (host, address) in [
            ("", "127.0.0.1:11434"),
            ("0.0.0.0", "127.0.0.1:11434"),
            ("box", "box:11434"),
            ("box:80", "box:80"),
            ("http://box/", "box:11434"),
            ("https://box", "box"),
            ("[::]:5", "[::1]:5"),
            ("[fe80::1]", "[fe80::1]:11434"),
        ] {
            let base = ollama_base(host, "/v1").expect("an address");
            assert_eq!(base.authority(), address, "{host}");
        }
        assert!(ollama_base("a b", "").is_none());
    }
}
