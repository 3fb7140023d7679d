//! `clients`: who is connected.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::{Cell, TextStyle, printable, units},
        parser::{CommandSpec, JSON},
        runtime::block_on,
    },
    clock,
    error::Result,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "clients",
    summary: "Show who is connected",
    usage: &["[--json]"],
    details: "This command itself is among them.",
    options: &[JSON],
    examples: &[("cleudocodebot clients", "a table")],
    parse: |args| {
        Ok(Box::new(ClientsCommand {
            json: args.flag("json"),
        }))
    },
};

const HEADINGS: [&str; 10] = [
    "ID", "NAME", "KIND", "VERSION", "KEY", "ROLE", "TIME", "ADDRESS", "RECEIVED", "SENT",
];

/// Shows who is connected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClientsCommand {
    /// For scripts.
    pub json: bool,
}

impl Command for ClientsCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.show(context))
    }
}

impl ClientsCommand {
    async fn show(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let answer = connection.client.call("clients", &json!({})).await?;
        let clients = answer["clients"].as_array().map_or(&[][..], Vec::as_slice);
        if self.json {
            return clients
                .iter()
                .try_for_each(|client| context.terminal.json(client));
        }
        let heading = HEADINGS
            .map(|name| Cell::word(TextStyle::Strong, name))
            .to_vec();
        let now_ms = clock::now_ms();
        let rows = clients.iter().map(|client| row(client, now_ms));
        let table: Vec<_> = std::iter::once(heading).chain(rows).collect();
        context.terminal.columns(&table)
    }
}

fn row(client: &Value, now_ms: u64) -> Vec<Cell> {
    let text = |name: &str| printable(client[name].as_str().unwrap_or("-"));
    let since = client["since_ms"].as_u64().unwrap_or(now_ms);
    vec![
        text("id").into(),
        text("name").into(),
        text("kind").into(),
        text("version").into(),
        text("key").into(),
        text("role").into(),
        units::since(since, now_ms).into(),
        text("address").into(),
        client["received"].to_string().into(),
        client["sent"].to_string().into(),
    ]
}
