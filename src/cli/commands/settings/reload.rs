//! `reload`: lets the daemon read `.env` again.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::printable,
        parser::{CommandSpec, JSON},
        runtime::block_on,
    },
    error::Result,
    language::Translator,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "reload",
    summary: "Let the daemon read .env again",
    usage: &["[--json]"],
    details: "A file with a mistake changes nothing and is explained.",
    options: &[JSON],
    examples: &[("cleudocodebot reload", "after editing .env")],
    parse: |args| {
        Ok(Box::new(ReloadCommand {
            json: args.flag("json"),
        }))
    },
};

/// Lets the daemon read `.env` again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReloadCommand {
    /// For scripts.
    pub json: bool,
}

impl Command for ReloadCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.reload(context))
    }
}

impl ReloadCommand {
    async fn reload(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let answer = connection.client.call("reload", &json!({})).await?;
        if self.json {
            return context.terminal.json(&answer);
        }
        let translator = context.terminal.translator();
        context.terminal.line(outcome(&answer, translator))
    }
}

/// Which keys took effect and which wait for the next start.
pub(super) fn outcome(answer: &Value, translator: Translator) -> String {
    let names = |list: &str| names(&answer[list], translator);
    let (changed, waiting) = (names("changed"), names("needs_restart"));
    match (changed.is_empty(), waiting.is_empty()) {
        (true, true) => "nothing has changed".to_owned(),
        (false, true) => format!("in effect: {changed}"),
        (true, false) => format!("at the next start: {waiting}"),
        (false, false) => format!("in effect: {changed}\nat the next start: {waiting}"),
    }
}

/// Keys, and parts of the daemon in words: `integration telegram`.
fn names(list: &Value, translator: Translator) -> String {
    let names = list.as_array().into_iter().flatten();
    let names = names.filter_map(Value::as_str).map(printable);
    let names: Vec<String> = names
        .map(|name| translator.sentence(&name).into_owned())
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn english(answer: &Value) -> String {
        outcome(answer, Translator::default())
    }

    #[test]
    fn parts_of_the_daemon_are_named_in_the_language_of_the_user() {
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        let answer =
            json!({"changed": ["integration telegram", "agents", "agent openai", "AGENT"]});
        let told = outcome(&answer, portuguese);
        assert_eq!(
            portuguese.sentence(&told),
            "em vigor: integração telegram, agentes, agente openai, AGENT"
        );
    }

    #[test]
    fn the_outcome_names_the_keys() {
        assert_eq!(
            english(&json!({"changed": [], "needs_restart": []})),
            "nothing has changed"
        );
        assert_eq!(
            english(&json!({"changed": ["A", "B"], "needs_restart": ["C"]})),
            "in effect: A, B\nat the next start: C"
        );
    }
}
