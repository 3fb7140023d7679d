//! `schema`: the protocol as a document that programs read.

use crate::{
    cli::{
        command::Command,
        context::Context,
        parser::{CommandSpec, switch},
    },
    error::Result,
    protocol::describe::asyncapi,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "schema",
    summary: "Print the protocol as an AsyncAPI document",
    usage: &[""],
    details: "AsyncAPI 3.0 with JSON Schema, for programs that make clients, mocks and\n\
              manuals. The running daemon serves the same at /asyncapi.json, as far as the\n\
              key goes.",
    options: &[switch("compact", "On one line")],
    examples: &[(
        "cleudocodebot schema > asyncapi.json",
        "for a generator of clients",
    )],
    parse: |args| {
        Ok(Box::new(SchemaCommand {
            compact: args.flag("compact"),
        }))
    },
};

/// Prints the document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SchemaCommand {
    /// On one line.
    pub compact: bool,
}

impl Command for SchemaCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let config = context.client_config()?;
        let endpoint = config.authority(config.port);
        let document = asyncapi(&endpoint, config.tls.is_some(), |_| true, |_| true);
        if self.compact {
            return context.terminal.json(&document);
        }
        context.terminal.json_text(&format!("{document:#}"))
    }
}
