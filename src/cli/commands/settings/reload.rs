//! `reload`: lets the daemon read `.env` again.

use serde_json::{Value, json};

use super::{
    command::Command,
    connect::connect,
    context::Context,
    layout::printable,
    spec::{CommandSpec, JSON, no_words},
};
use crate::error::Result;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "reload",
    summary: "Let the daemon read .env again",
    usage: &["[--json]"],
    details: "A file with a mistake changes nothing and is explained.",
    options: &[JSON],
    examples: &[("cleudocodebot reload", "after editing .env")],
    first_word: no_words,
    read: |args| {
        Ok(Command::Reload {
            json: args.flag("json"),
        })
    },
};

pub(super) async fn run(as_json: bool, context: &mut Context<'_>) -> Result<()> {
    let mut connection = connect(context).await?;
    let answer = connection.client.call("reload", &json!({})).await?;
    if as_json {
        return context.terminal.json(&answer);
    }
    context.terminal.line(outcome(&answer))
}

/// What took effect and what waits for the next start.
pub(super) fn outcome(answer: &Value) -> String {
    let (changed, waiting) = (names(&answer["changed"]), names(&answer["needs_restart"]));
    match (changed.is_empty(), waiting.is_empty()) {
        (true, true) => "nothing has changed".to_owned(),
        (false, true) => format!("in effect: {changed}"),
        (true, false) => format!("at the next start: {waiting}"),
        (false, false) => format!("in effect: {changed}\nat the next start: {waiting}"),
    }
}

fn names(list: &Value) -> String {
    let names = list.as_array().into_iter().flatten();
    let names: Vec<String> = names.filter_map(Value::as_str).map(printable).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_names_the_keys() {
        assert_eq!(
            outcome(&json!({"changed": [], "needs_restart": []})),
            "nothing has changed"
        );
        assert_eq!(
            outcome(&json!({"changed": ["A", "B"], "needs_restart": ["C"]})),
            "in effect: A, B\nat the next start: C"
        );
    }
}
