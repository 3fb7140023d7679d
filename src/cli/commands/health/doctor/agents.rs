//! Checks of those who answer: whether the program or the model of each agent in the box is there.

use super::check::Check;
use crate::{
    agents::{pi, pi::PiOptions, survey::check_model},
    child::Keeper,
    cli::context::Context,
    config::{
        agents::{AgentSettings, nearest_in_the_box},
        models::{EXEC, ModelEndpoint, ModelSettings},
    },
};

const NAME: &str = "agent";

/// No checks where the settings are wrong, which `local` reported, or where nobody answers.
pub(super) async fn checks(context: &Context<'_>) -> Vec<Check> {
    let Ok(loaded) = context.client_settings() else {
        return Vec::new();
    };
    let (agents, models) = (
        AgentSettings::read(&loaded.lookup),
        ModelSettings::read(&loaded.lookup),
    );
    let mut checks = Vec::new();
    for name in agents.named() {
        match name {
            "pi" => checks.extend(of_pi(&models).await),
            "openai" => checks.push(of_model(models.endpoint.as_ref()).await),
            "exec" => checks.push(of_exec(models.exec.command.as_deref())),
            other => checks.extend(misspelt(other)),
        }
    }
    if let Err(why) = models.system_prompts(&loaded.config.home) {
        checks.push(Check::broken(
            NAME,
            why,
            "name a file that is there behind the @",
        ));
    }
    checks
}

/// A name may be that of any client, so that one that is nearly that of an agent in the box is only doubted.
fn misspelt(name: &str) -> Option<Check> {
    let meant = nearest_in_the_box(name)?;
    let text = format!("{name} is no agent in the box; did you mean {meant}?");
    let remedy = format!("cleudocodebot config set AGENT {meant}");
    Some(Check::doubtful(NAME, text, remedy))
}

async fn of_pi(models: &ModelSettings) -> Vec<Check> {
    let words = PiOptions::words(&models.pi);
    let mut checks = vec![match pi::check(&Keeper::default(), &words).await {
        Ok(version) => Check::fine(NAME, format!("pi {version}")),
        Err(why) => Check::broken(NAME, why, ""),
    }];
    if models.endpoint.is_some() && models.pi_model.is_none() {
        checks.push(of_model(models.endpoint.as_ref()).await);
    }
    if models.tools {
        checks.push(Check::doubtful(
            NAME,
            "AGENT_TOOLS is 1: whoever may write to pi can have it read, change and run anything that you can",
            "set AGENT_TOOLS to 0 unless you trust everyone who was let in",
        ));
    }
    checks
}

async fn of_model(endpoint: Option<&ModelEndpoint>) -> Check {
    let Some(endpoint) = endpoint else {
        return Check::broken(
            NAME,
            "no model is set",
            "cleudocodebot config set OLLAMA_MODEL NAME, or OPENAI_API_KEY KEY",
        );
    };
    match check_model(endpoint).await {
        Ok(there) => Check::fine(NAME, there),
        Err(why) => {
            let remedy = match endpoint.title {
                "Ollama" => "start it: ollama serve; get the model: ollama pull MODEL",
                _ => "correct its address, key or model: cleudocodebot config set KEY VALUE",
            };
            Check::broken(NAME, why, remedy)
        }
    }
}

fn of_exec(command: Option<&str>) -> Check {
    match command {
        Some(_) => Check::fine(NAME, format!("exec runs {EXEC}")),
        None => Check::broken(
            NAME,
            format!("exec has no command: {EXEC} is not set"),
            format!("cleudocodebot config set {EXEC} COMMAND"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_that_of_an_agent_in_the_box_is_doubted() {
        let remedy = |name| misspelt(name).and_then(|check| check.remedy);
        let openai = Some("cleudocodebot config set AGENT openai".to_owned());
        assert_eq!(remedy("opnai"), openai);
        assert_eq!(remedy("clerk"), None);
        assert_eq!(remedy("ana"), None);
    }
}
