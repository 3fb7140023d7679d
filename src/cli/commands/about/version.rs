//! `--version` in one line, and `version` with what this program was built from and for.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        context::Context,
        output::{Cell, TextStyle},
        parser::{CommandSpec, JSON},
    },
    error::Result,
    protocol, store,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "version",
    summary: "Print version, features, protocol and platform",
    usage: &["[--json]"],
    details: "Of this program; the version of a running daemon is in: cleudocodebot status",
    options: &[JSON],
    examples: &[("cleudocodebot version", "for a report of a mistake")],
    parse: |args| {
        Ok(Box::new(VersionCommand {
            json: args.flag("json"),
        }))
    },
};

/// The commit that it was built from, where whoever built it said so in this variable.
const COMMIT: Option<&str> = option_env!("CLEUDOCODEBOT_COMMIT");

/// Prints everything there is to say of the version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct VersionCommand {
    /// For scripts.
    pub json: bool,
}

/// Prints name and version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShortVersionCommand;

impl Command for ShortVersionCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        context.terminal.foreign(version())
    }
}

impl Command for VersionCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let facts = facts();
        if self.json {
            return context.terminal.json(&facts);
        }
        context.terminal.line(version())?;
        let row = |name: &str| {
            let value = match &facts[name] {
                Value::Array(all) => all
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
                Value::String(text) => text.clone(),
                _ => return None,
            };
            Some(vec![Cell::word(TextStyle::Dim, name), value.into()])
        };
        let rows: Vec<_> = ["commit", "protocol", "features", "platform"]
            .into_iter()
            .filter_map(row)
            .collect();
        context.terminal.columns(&rows)
    }
}

fn facts() -> Value {
    let features = [
        ("store", cfg!(feature = "store")),
        ("tls", cfg!(feature = "tls")),
        ("allocator", cfg!(feature = "allocator")),
        ("markdown", cfg!(feature = "markdown")),
        ("schedule", cfg!(feature = "schedule")),
    ];
    let built_in = features.iter().filter(|(_, is_in)| *is_in);
    let features: Vec<_> = built_in.map(|(name, _)| *name).collect();
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let mut facts = json!({"version": env!("CARGO_PKG_VERSION"), "features": features,
        "protocol": protocol::VERSION.to_string(), "platform": platform, "schema": store::SCHEMA});
    if let Some(commit) = COMMIT {
        facts["commit"] = json!(commit);
    }
    facts
}

/// Name and version; help begins with them too.
pub(super) fn version() -> String {
    format!("cleudocodebot {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_are_of_this_build() {
        let facts = facts();
        assert_eq!(facts["version"], env!("CARGO_PKG_VERSION"));
        let features = facts["features"].as_array().expect("a list");
        assert_eq!(features.contains(&json!("store")), cfg!(feature = "store"));
        assert!(
            facts["platform"]
                .as_str()
                .is_some_and(|text| text.contains('-'))
        );
    }
}
