//! What the settings say about each agent in the box: a program, its arguments, its variables.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::config::{
    Config, Lookup,
    agents::{AgentSettings, IN_THE_BOX},
    keys, models, reached_at,
};

/// How one agent is started. Two that are equal need no restart.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    /// Its settings. The token is among them, since arguments can be seen by others.
    pub(super) variables: Vec<(String, String)>,
}

/// The agents that the settings name, of those in the box.
pub(super) fn plans(
    lookup: &Lookup,
    config: &Config,
    env_file: &Path,
    address: SocketAddr,
) -> Vec<Plan> {
    let settings = AgentSettings::read(lookup);
    let named = settings.named().filter(|name| IN_THE_BOX.contains(name));
    let mut named = named.peekable();
    if named.peek().is_none() {
        return Vec::new();
    }
    let Ok(program) = std::env::current_exe() else {
        return Vec::new();
    };
    let variables = variables(lookup, config, address);
    named
        .map(|name| Plan {
            name: name.to_owned(),
            program: program.clone(),
            arguments: arguments(name, env_file),
            variables: match name {
                "exec" => [&variables[..], &of_exec(lookup)].concat(),
                _ => variables.clone(),
            },
        })
        .collect()
}

/// The variables that its program gets besides. Those of `.env` are no part of our environment, and a change of one
/// is a change of its plan.
fn of_exec(lookup: &Lookup) -> Vec<(String, String)> {
    let names = models::exec_variables(lookup).into_iter();
    let set = names.filter_map(|name| {
        let value = lookup.get(&name)?.to_owned();
        Some((name, value))
    });
    set.collect()
}

fn arguments(name: &str, env_file: &Path) -> Vec<String> {
    let mut all = ["agent", name, "--follow-stdin"]
        .map(str::to_owned)
        .to_vec();
    // Named only where it is there: one that is not would be complained about.
    if env_file.exists() {
        all.extend(["--env-file".to_owned(), env_file.display().to_string()]);
    }
    all
}

fn variables(lookup: &Lookup, config: &Config, address: SocketAddr) -> Vec<(String, String)> {
    let place = [
        (keys::HOME, config.home.display().to_string()),
        (keys::HOST, reached_at(address.ip()).to_string()),
        (keys::PORT, address.port().to_string()),
        (keys::TOKEN, config.token.clone().unwrap_or_default()),
    ];
    let models = models::variables(lookup).into_iter();
    let all = place.into_iter().chain(models);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Environment, Overrides};

    fn planned(pairs: &[(&str, &str)]) -> Vec<Plan> {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let overrides = Overrides {
            home: Some(std::env::temp_dir().join("cleudocodebot-nowhere")),
            settings: pairs.iter().map(pair).collect(),
            ..Overrides::default()
        };
        let loaded = config::load(&overrides, &Environment::default()).expect("settings");
        let address = "0.0.0.0:7".parse().expect("an address");
        plans(
            &loaded.lookup,
            &loaded.config,
            Path::new("/nowhere/.env"),
            address,
        )
    }

    #[test]
    fn agents_in_the_box_are_started_and_others_connect_by_themselves() {
        assert!(planned(&[]).is_empty());
        assert!(planned(&[("AGENT", "mine")]).is_empty());
        let plans = planned(&[("AGENT", "mine,pi"), ("AGENT_ROUTES", "webchat/*=echo")]);
        let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
        assert_eq!(names, ["pi", "echo"]);
        assert_eq!(plans[0].arguments, ["agent", "pi", "--follow-stdin"]);
    }

    #[test]
    fn their_settings_are_variables_and_a_change_is_another_plan() {
        let plan = |model| {
            let pairs = [
                ("AGENT", "openai"),
                ("OLLAMA_MODEL", model),
                ("CLEUDOCODEBOT_TOKEN", "a-token-of-the-tests"),
            ];
            planned(&pairs).remove(0)
        };
        let (one, other) = (plan("a"), plan("b"));
        let has =
            |name: &str, value: &str| one.variables.contains(&(name.to_owned(), value.to_owned()));
        assert!(has("OLLAMA_MODEL", "a") && has("CLEUDOCODEBOT_TOKEN", "a-token-of-the-tests"));
        assert!(has("CLEUDOCODEBOT_HOST", "127.0.0.1") && has("CLEUDOCODEBOT_PORT", "7"));
        assert!(one != other && one == plan("a"));
    }

    #[test]
    fn the_program_of_exec_has_its_settings_and_the_variables_that_they_name() {
        let plan = |key| {
            let pairs = [
                ("AGENT", "exec,echo"),
                ("AGENT_EXEC", "answer"),
                ("AGENT_EXEC_JSON", "1"),
                ("AGENT_EXEC_TIMEOUT", "30s"),
                ("AGENT_EXEC_ENV", "WEATHER_KEY,UNSET"),
                ("WEATHER_KEY", key),
            ];
            planned(&pairs)
        };
        let plans = plan("k");
        let of = |plan: &Plan, name: &str| {
            let mut variables = plan.variables.iter();
            let found = variables.find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        for (name, value) in [("AGENT_EXEC_JSON", "1"), ("AGENT_EXEC_TIMEOUT", "30s")] {
            assert_eq!(of(&plans[0], name).as_deref(), Some(value));
        }
        assert_eq!(of(&plans[0], "WEATHER_KEY").as_deref(), Some("k"));
        assert_eq!(of(&plans[0], "UNSET"), None);
        assert_eq!(of(&plans[1], "WEATHER_KEY"), None, "it is no other's");
        assert!(plans[0] != plan("l")[0] && plans[1] == plan("l")[1]);
    }
}
