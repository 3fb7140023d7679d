//! Who shall answer: what was found on this machine is offered. Nothing is asked where nothing was found and
//! nobody answers yet.

use super::questions::{EnvEdit, Interview};
use crate::{
    agents::survey::{self, Found},
    config::{
        agents::{AGENT, IN_THE_BOX},
        models::OLLAMA_MODEL,
    },
    error::Result,
};

/// The answer that means nobody.
const NOBODY: &str = "nobody";

/// The answer that means the agent `openai` with Ollama.
const OLLAMA: &str = "ollama";

/// The answer that leaves pi its own model.
const OWN: &str = "own";

impl Interview<'_> {
    /// Asks who answers, and with which model.
    pub(super) fn agents(&mut self) -> Result<Vec<EnvEdit>> {
        if self.is_given(AGENT) {
            return Ok(Vec::new());
        }
        let found = (self.survey)();
        let current = self.document.get(AGENT).filter(|agent| !agent.is_empty());
        if !found.is_any() && current.is_none() {
            return Ok(Vec::new());
        }
        // In the words of who is asked, who may type either.
        let nobody = self.terminal.translator().word(NOBODY).into_owned();
        let offered = offered(&found, &nobody);
        let default = current.clone().unwrap_or_else(|| nobody.clone());
        let question = format!("Who shall answer messages? {offered}");
        let known = current.clone();
        let answer = self
            .dialogue
            .ask(self.terminal, &question, &default, |text| {
                let fits = [NOBODY, OLLAMA, &nobody].contains(&text)
                    || IN_THE_BOX.contains(&text)
                    || known.as_deref() == Some(text);
                fits.then_some(())
                    .ok_or_else(|| format!("one of these: {offered}"))
            })?;
        if Some(&answer) == current.as_ref() {
            return Ok(Vec::new());
        }
        let answer = if answer == nobody {
            NOBODY.to_owned()
        } else {
            answer
        };
        let agent = match answer.as_str() {
            NOBODY if current.is_none() => return Ok(Vec::new()),
            NOBODY => "",
            OLLAMA => "openai",
            other => other,
        };
        let model = match answer.as_str() {
            OLLAMA => self.model(&found, None)?,
            "pi" => self.model(&found, Some(OWN))?,
            _ => None,
        };
        Ok(survey::settings(agent, model.as_deref()))
    }

    /// Asks for the model, of those that Ollama has. `own` stands for the one that needs no setting.
    fn model(&mut self, found: &Found, own: Option<&str>) -> Result<Option<String>> {
        if found.ollama.is_empty() || self.is_given(OLLAMA_MODEL) {
            return Ok(None);
        }
        let current = self
            .document
            .get(OLLAMA_MODEL)
            .filter(|model| !model.is_empty());
        let first = own.unwrap_or(&found.ollama[0]).to_owned();
        let default = current.unwrap_or(first);
        let question = match own {
            Some(own) => format!(
                "Its model: {own} (that of its own settings), or of Ollama: {}",
                found.ollama.join(", ")
            ),
            None => format!("Its model: {}", found.ollama.join(", ")),
        };
        let model = self
            .dialogue
            .ask(self.terminal, &question, &default, |text| {
                let fits = own == Some(text) || found.ollama.iter().any(|model| model == text);
                fits.then_some(())
                    .ok_or_else(|| "one of these names".to_owned())
            })?;
        Ok(Some(model).filter(|model| own != Some(model.as_str())))
    }
}

/// What there is to choose from, in words.
fn offered(found: &Found, nobody: &str) -> String {
    let mut all = vec![nobody.to_owned()];
    if let Some(version) = &found.pi {
        all.push(format!("pi ({version})"));
    }
    match found.ollama.len() {
        0 => {}
        1 => all.push(format!("{OLLAMA} ({})", found.ollama[0])),
        several => all.push(format!("{OLLAMA} ({several} models)")),
    }
    all.join(", ")
}
